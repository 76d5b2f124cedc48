"""The log: a sequence of events that only grows, kept as columns."""

from __future__ import annotations

import sys
from typing import get_type_hints

import pytest

from disco_sim.model import events
from disco_sim.model.events import JobDied, JobFinished, NodeBlacklisted, RunStarted, StageFinished, StageStarted
from disco_sim.model.plan import Output, TaskInputs
from disco_sim.store.log import Log

EVENTS = (
    StageStarted(0.0, "a", "map", (TaskInputs(0, ("n1",), (Output(0, "n1", 0, 0, "raw://"),)),)),
    RunStarted(0.25, "a", "map", 0, 0, "n1", 1, 0),
    NodeBlacklisted(0.5, "n1"),
    RunStarted(0.5, "b", "map", 0, 0, "n2", 0, 0),
    StageFinished(0.75, "a", "map"),
    JobFinished(0.75, "a"),
    JobDied(1.0, "b", "x"),
)


@pytest.fixture
def log():
    log = Log()
    for event in EVENTS:
        log.append(event)
    return log


def test_it_is_a_sequence_of_what_was_appended(log):
    """Events come back equal, of the same type, in order: by iterating, by index, from the end, and by slice."""
    assert len(log) == len(EVENTS)
    assert tuple(log) == EVENTS
    assert [type(event) for event in log] == [type(event) for event in EVENTS]
    assert (log[0], log[-1], log[-len(EVENTS)]) == (EVENTS[0], EVENTS[-1], EVENTS[0])
    for cut in (slice(2), slice(1, -1), slice(None, None, -2), slice(5, 99), slice(3, 3)):
        assert tuple(log[cut]) == EVENTS[cut]
    assert tuple(reversed(log)) == EVENTS[::-1]
    assert log.index(EVENTS[3]) == 3
    assert EVENTS[2] in log
    assert JobFinished(0.75, "z") not in log


@pytest.mark.parametrize("index", [len(EVENTS), -len(EVENTS) - 1])
def test_past_its_ends(log, index):
    """An index past the ends is an IndexError, as in any sequence."""
    with pytest.raises(IndexError):
        log[index]


def test_events_of_a_job(log):
    """of(job) gives the events of one job in order, from any of them on; those of no job are in none."""
    assert tuple(log.of("a")) == (EVENTS[0], EVENTS[1], EVENTS[4], EVENTS[5])
    assert tuple(log.of("b", 1)) == (EVENTS[6],)
    assert (tuple(log.of("c")), log.n_events("c")) == ((), 0)
    assert (log.n_events("a"), log.n_events("b")) == (4, 2)
    assert log.jobs == ("a", "b")


def test_until(log):
    """until(t) counts the events before t; those at t are not before it."""
    assert [log.until(time_s) for time_s in (0.0, 0.1, 0.5, 0.6, 0.75, 1.0, 2.0)] == [0, 1, 2, 4, 4, 6, 7]
    assert Log().until(1.0) == 0


def test_an_event_that_is_appended_while_reading(log):
    """Who reads a job's events to their end goes on from there when more have come."""
    n_read = len(list(log.of("a")))
    log.append(JobDied(2.0, "a", "again"))
    assert tuple(log.of("a", n_read)) == (JobDied(2.0, "a", "again"),)


def test_every_kind_of_event_can_be_kept():
    """The log takes every kind of event that there is."""
    log = Log()
    samples = {float: 1.5, int: 7, str: "x"}
    made = []
    for kind in events.Event.__args__:
        made.append(kind(*[samples.get(hint, ()) for hint in get_type_hints(kind).values()]))
        log.append(made[-1])
    assert tuple(log) == tuple(made)
    assert len(made) >= 17


def test_numbers_are_kept_as_columns():
    """An event costs the log well under the memory of the event itself."""
    log = Log()
    for number in range(1000):
        log.append(RunStarted(number * 1.0, "job", "map", number, 0, "n1", 0, 0))
    table = log._tables[0]
    kept = sum(sys.getsizeof(column) for column in table.columns) / 1000
    assert kept < sys.getsizeof(RunStarted(1.0, "job", "map", 1, 0, "n1", 0, 0))


def test_half_an_event():
    """An event that cannot be kept leaves no trace: what comes before and after it reads as before."""
    log = Log()
    good = events.StageFinished(1.0, "j", "x")
    run = events.RunFinished(1.0, "j", "x", 0, 0, "a", 1, 1, 1, 1, 0)
    log.append(good)
    with pytest.raises(TypeError):
        log.append(run._replace(bytes_in=2.5))
    log.append(run)
    assert list(log) == [good, run]
    assert list(log.of("j")) == [good, run]
