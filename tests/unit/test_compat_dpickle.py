"""Claims about pickling with functions."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim.compat.disco import dPickle, util
from disco_sim.func import chain_reader

HERE = "a global of this module"


def plain(a: int, b: int = 2, *, c: int = 3) -> int:
    """A function that needs no globals."""
    return a + b + c


def uses_global() -> Any:
    """A function that looks for a global."""
    return HERE


@given(
    st.recursive(st.none() | st.integers() | st.text() | st.binary(), lambda inner: st.lists(inner) | st.tuples(inner))
)
def test_plain_values_come_back(value: Any) -> None:
    """What pickle takes is no different here."""
    assert dPickle.loads(dPickle.dumps(value)) == value


def test_functions_travel_as_code_and_defaults() -> None:
    """Positional and keyword defaults go along, the globals of the module do not, given ones are seen."""
    assert dPickle.loads(dPickle.dumps(plain))(1) == 6
    assert dPickle.loads(dPickle.dumps(plain)).__annotations__ == {}
    with pytest.raises(NameError, match="HERE"):
        dPickle.loads(dPickle.dumps(uses_global))()
    assert dPickle.loads(dPickle.dumps(uses_global), {"HERE": 5})() == 5


def test_functions_within_others_travel_too() -> None:
    """In a partial, among default arguments, and in containers; what is one function stays one."""

    def outer(entry: Any, inner: Callable[..., Any] = plain) -> Any:
        return inner(entry)

    assert dPickle.loads(dPickle.dumps(partial(outer, 4)))() == 9
    first, second = dPickle.loads(dPickle.dumps([plain, plain]))
    assert first is second


def test_installed_functions_and_classes_go_by_name() -> None:
    """Functions of the standard library and of disco_sim, and all classes, are the same objects at the other end."""
    for thing in (json.dumps, chain_reader, dict, util.netloc):
        assert dPickle.loads(dPickle.dumps(thing)) is thing


def test_closures_are_refused() -> None:
    """The error names the function and what it closes over, and says what to do."""
    n = 3

    def closure() -> int:
        return n

    with pytest.raises(TypeError, match=r"'closure' must not have closures.* over n: functools\.partial"):
        dPickle.dumps(closure)


def test_stacks_are_lists_of_functions() -> None:
    """pack_stack and unpack_stack are each other's way back, and the functions share their globals."""
    first, second = util.unpack_stack(util.pack_stack([uses_global, plain]), {"HERE": "there"})
    assert (first(), second(1)) == ("there", 6)
    assert first.__globals__ is second.__globals__
