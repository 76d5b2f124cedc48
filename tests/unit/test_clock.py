"""Virtual time: what happens when, and in which order at the same time."""

from __future__ import annotations

import math
import tracemalloc
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim.sim.clock import FIRST, LATER, NOW, Clock

PRIORITIES = st.sampled_from((FIRST, NOW, NOW, LATER))
STEPS = st.lists(
    st.tuples(st.just("put"), st.sampled_from((0.0, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0)), PRIORITIES)
    | st.tuples(st.just("put"), st.just(0.0), PRIORITIES)
    | st.tuples(st.just("withdraw"), st.integers(0, 8))
    | st.tuples(st.just("pop"), st.sampled_from((-1.0, 0.0, 0.5, 1.0, math.inf)))
    | st.tuples(st.just("move"), st.sampled_from((-1.0, 0.0, 0.5, 1.0)))
    | st.tuples(st.just("count"), st.none()),
    min_size=20,
    max_size=100,
)


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


def test_now_goes_after_what_was_put_for_this_time_before(clock):
    """At the present time, NOW goes after what was put for it while it was to come, unless that is LATER."""
    for event, priority in (("later", LATER), ("early", NOW), ("first", FIRST)):
        clock.put(1.0, event, priority)
    clock.move_to(1.0)
    clock.put(1.0, "now", NOW)
    clock.put(1.0, "late first", FIRST)
    clock.put(1.0, "now too", NOW)
    order = ["first", "late first", "early", "now", "now too", "later"]
    assert [event for _, event in drained(clock)] == order


def test_what_happens_now_is_withdrawn_and_skipped_like_all_else(clock):
    """An event put at the present time counts, can be withdrawn, and waits until it is popped with time to do so."""
    clock.move_to(1.0)
    serial = clock.put(1.0, "x", NOW)
    clock.put(1.0, "y", NOW)
    assert (len(clock), clock.pop(until_s=0.5), clock.next_s) == (2, None, 1.0)
    with pytest.raises(ValueError, match="would be skipped"):
        clock.move_to(2.0)
    clock.withdraw(serial)
    assert (len(clock), drained(clock)) == (1, [(1.0, "y")])


def test_next_time(clock):
    """next_s is the time of the next event that will happen, and math.inf when none will."""
    assert clock.next_s == math.inf
    serial = clock.put(1.0, "x")
    clock.put(2.0, "y")
    assert clock.next_s == 1.0
    clock.withdraw(serial)
    clock.withdraw(clock.put(0.0, "z", NOW))
    assert clock.next_s == 2.0
    clock.pop()
    assert clock.next_s == math.inf


@pytest.mark.parametrize("has_happened", [True, False])
def test_withdrawals_leave_nothing_behind(clock, has_happened):
    """However many events are withdrawn, before or after they happened, the clock does not grow."""
    clock.put(math.inf, "never")
    tracemalloc.start()
    try:
        for _ in range(5000):
            serial = clock.put(1.0, "x")
            if has_happened:
                clock.pop()
            clock.withdraw(serial)
        assert tracemalloc.get_traced_memory()[0] < 50_000
    finally:
        tracemalloc.stop()
    assert len(clock) == 1


class SortedList:
    """What a clock has to do, done slowly: a list that is sorted for every question."""

    def __init__(self):
        self.now_s, self.entries, self.serial = 0.0, [], 0

    def put(self, time_s, priority):
        self.serial += 1
        self.entries.append((time_s, priority, self.serial))
        return self.serial

    def withdraw(self, serial):
        self.entries = [entry for entry in self.entries if entry[2] != serial]

    def pop(self, until_s):
        first = min(self.entries, default=(math.inf,))
        if not self.entries or first[0] > until_s:
            return None
        self.entries.remove(first)
        self.now_s = first[0]
        return first[2]

    @property
    def next_s(self):
        return min(self.entries, default=(math.inf,))[0]


@given(STEPS, st.sampled_from((0, 64)))
def test_it_does_what_a_sorted_list_would(steps, few):
    """Whatever is put, withdrawn, popped and skipped, a clock answers as a list does that is sorted again and again."""
    with patch("disco_sim.sim.clock._FEW", few):
        compare(steps)


def compare(steps):
    clock, model = Clock[int](), SortedList()
    for name, number, *rest in steps:
        if name == "put":
            time_s = model.now_s + number
            serial = model.put(time_s, *rest)
            assert clock.put(time_s, serial, *rest) == serial
        elif name == "withdraw":
            model.withdraw(model.serial - number)
            clock.withdraw(model.serial - number)
        elif name == "pop":
            assert clock.pop(model.now_s + number) == model.pop(model.now_s + number)
        elif name == "count":
            assert len(clock) == len(model.entries)
        elif model.next_s >= model.now_s + number:
            clock.move_to(model.now_s + number)
            model.now_s = max(model.now_s, model.now_s + number)
            assert clock.next_s == model.next_s
        else:
            with pytest.raises(ValueError, match="would be skipped"):
                clock.move_to(model.now_s + number)
        assert clock.now_s == model.now_s
    while (event := clock.pop()) is not None:
        assert event == model.pop(math.inf)
    assert not model.entries
