"""Names of tasks: what is one, and what is not."""

from __future__ import annotations

import pytest

from disco_sim.error import DiscoError
from disco_sim.model.taskname import task_named


def test_a_name_has_a_stage_and_a_number():
    """The number is what stands after the last colon; the stage may have any name."""
    assert task_named("crash", "map:3") == ("map", 3)
    assert task_named("crash", "a:b:003") == ("a:b", 3)
    assert task_named("crash", "two\nlines:0") == ("two\nlines", 0)


@pytest.mark.parametrize(
    "task",
    [
        "map3",
        "map:",
        ":3",
        "map:-1",
        "map:x",
        "map:1.0",
        "map:\u0663",
        "map:3\n",
        "map:" + "9" * 5000,
        "",
        3,
        None,
        b"map:3",
    ],
)
def test_what_is_no_name(task):
    """Anything else is refused, by what was called with it and with an example."""
    with pytest.raises(DiscoError, match=r"crash\(task=.*\) was given; .*, as text: 'map:3'") as caught:
        task_named("crash", task)
    assert caught.value.task == task
