"""A kernel answers, and its debugger reaches the frame that an exception came from."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.kernel

FAILING = """
def lookup(word):
    secret = f"{word}-42"
    raise KeyError(word)

lookup("hamlet")
"""


def test_a_cell_shows_what_it_prints_and_returns(kernel):
    """Printed lines, errors and the last value come back, in this order."""
    assert kernel.execute("print('to be')\n6 * 7") == "to be\n42\n"
    assert "ZeroDivisionError: division by zero" in kernel.execute("1 / 0")


def test_a_cell_can_ask(kernel):
    """input() gets the next answer, and the prompt is shown."""
    assert kernel.execute("print(input('word? ').upper())", answers=["or"]) == "word? or\nOR\n"


def test_debug_reads_a_local_variable_of_the_failed_function(kernel):
    """After an exception, %debug stops in the function that raised it."""
    assert "KeyError: 'hamlet'" in kernel.execute(FAILING)
    assert "'hamlet-42'" in kernel.execute("%debug", answers=["p secret", "q"])


def test_a_prompt_without_an_answer_is_an_error(kernel):
    """A test that forgets an answer fails instead of hanging."""
    kernel.execute(FAILING)
    with pytest.raises(AssertionError, match="no answer for the prompts"):
        kernel.execute("%debug")


def test_an_answer_without_a_prompt_is_an_error(kernel):
    """A test whose answer was never asked for fails."""
    with pytest.raises(AssertionError, match="nobody asked for"):
        kernel.execute("1", answers=["q"])
