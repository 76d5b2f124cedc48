"""Virtual time: what happens when, and in which order at the same time."""

from __future__ import annotations

import math

import pytest

from disco_sim.sim.clock import FIRST, NOW, Clock


@pytest.fixture
def clock():
    return Clock[str]()


def drained(clock):
    found = []
    while (event := clock.pop()) is not None:
        found.append((clock.now_s, event))
    return found


def test_events_come_in_order_of_time(clock):
    """Events happen in order of time, whatever the order they were put in, and take the clock along."""
    for time_s in (2.0, 0.5, 1.0):
        clock.put(time_s, f"at {time_s}")
    assert drained(clock) == [(0.5, "at 0.5"), (1.0, "at 1.0"), (2.0, "at 2.0")]


def test_ties_are_broken_by_priority_then_serial(clock):
    """At the same time, a lower priority number goes first, and equals keep the order they were put in."""
    clock.put(1.0, "later")
    clock.put(1.0, "now", NOW)
    clock.put(1.0, "later too")
    clock.put(1.0, "first", FIRST)
    assert [event for _, event in drained(clock)] == ["first", "now", "later", "later too"]


def test_events_are_never_compared():
    """Ties never compare the events themselves, which need no order."""
    clock = Clock[object]()
    a, b = object(), object()
    clock.put(1.0, a)
    clock.put(1.0, b)
    assert [clock.pop(), clock.pop()] == [a, b]


@pytest.mark.parametrize("time_s", [0.5, math.nan])
def test_time_never_goes_back(clock, time_s):
    """An event in the past, or at no time at all, cannot be put."""
    clock.put(1.0, "x")
    clock.pop()
    with pytest.raises(ValueError, match="time never goes back"):
        clock.put(time_s, "y")


def test_now_is_not_the_past(clock):
    """An event can be put at the present time."""
    clock.put(1.0, "x")
    clock.pop()
    clock.put(1.0, "y")
    assert (clock.pop(), clock.now_s) == ("y", 1.0)


def test_pop_until(clock):
    """pop(until_s) gives an event at until_s, leaves a later one, and does not move time then."""
    clock.put(1.0, "x")
    clock.put(2.0, "y")
    assert clock.pop(until_s=0.5) is None
    assert clock.now_s == 0.0
    assert len(clock) == 2
    assert clock.pop(until_s=1.0) == "x"
    assert len(clock) == 1
    assert clock.pop(until_s=1.9) is None
    assert clock.now_s == 1.0


def test_withdrawn_events_do_not_happen(clock):
    """A withdrawn event does not happen; it is not counted, and time passes by it."""
    serial = clock.put(1.0, "x")
    clock.put(2.0, "y")
    clock.withdraw(serial)
    assert len(clock) == 1
    assert drained(clock) == [(2.0, "y")]


def test_withdrawing_twice_or_too_late_is_harmless(clock):
    """Withdrawing an event again, or after it happened, changes nothing else."""
    first, second = clock.put(1.0, "x"), clock.put(1.0, "y")
    clock.pop()
    clock.withdraw(first)
    clock.withdraw(second)
    clock.withdraw(second)
    clock.put(1.0, "z")
    assert (len(clock), drained(clock)) == (1, [(1.0, "z")])


def test_move_to(clock):
    """Time can pass without events, but not over one, and never backwards."""
    serial = clock.put(2.0, "x")
    clock.move_to(2.0)
    assert clock.now_s == 2.0
    clock.move_to(1.0)
    assert clock.now_s == 2.0
    with pytest.raises(ValueError, match="would be skipped"):
        clock.move_to(3.0)
    clock.withdraw(serial)
    clock.move_to(3.0)
    assert clock.now_s == 3.0


def test_two_clocks_share_nothing():
    """Serials and time belong to one clock."""
    one, two = Clock[str](), Clock[str]()
    one.put(1.0, "x")
    one.pop()
    assert two.put(0.5, "y") == 1
    assert two.pop() == "y"
