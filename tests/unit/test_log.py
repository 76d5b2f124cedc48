"""The log: a sequence of events that only grows, kept as columns."""

from __future__ import annotations

import math
import sys
import tracemalloc
from fractions import Fraction
from typing import get_type_hints
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_millions_fit_in_memory():
    """An event costs the log well under the memory of the event itself, its numbers not counted."""
    log, jobs = Log(), "job"
    tracemalloc.start()
    try:
        for number in range(20_000):
            log.append(RunStarted(number * 1.0, jobs, "map", number, 0, "n1", 0, 0))
        kept = tracemalloc.get_traced_memory()[0] / 20_000
    finally:
        tracemalloc.stop()
    assert kept < 0.9 * sys.getsizeof(RunStarted(1.0, "job", "map", 1, 0, "n1", 0, 0))


RUN = events.RunFinished(1.0, "j", "x", 0, 0, "a", 1, 1, 1, 1, 0)


@pytest.mark.parametrize(
    "odd",
    [
        RUN._replace(bytes_in=2.5),
        RUN._replace(bytes_in=2**63),
        RUN._replace(bytes_in=-(2**70)),
        RUN._replace(bytes_in=None),
        RUN._replace(time_s=2**53 + 1),
        RUN._replace(time_s=10**400),
        RUN._replace(time_s=Fraction(1, 3)),
        RUN._replace(time_s="soon"),
        RUN._replace(time_s=math.nan),
    ],
)
def test_a_value_that_does_not_fit(odd):
    """A value that its column was not made for is kept as it is, and what comes before and after it reads as before."""
    appended = [StageFinished(1.0, "j", "x"), *[RUN] * 600, odd, *[RUN] * 600, JobFinished(2.0, "j"), odd, RUN]
    log = Log()
    for event in appended:
        log.append(event)
    assert list(log) == appended
    assert list(log.of("j")) == appended
    assert [log[index] for index in range(len(log))] == appended


def test_reading_goes_on_while_the_log_grows():
    """Who iterates sees all that is appended before they are at the end; of() ends where the job ended when asked."""
    log, appended = Log(), [RunStarted(float(number), "j", "map", number, 0, "n1", 0, 0) for number in range(3000)]
    for event in appended[:100]:
        log.append(event)
    everything, job = iter(log), log.of("j")
    seen = [next(everything) for _ in range(50)]
    seen_of_job = [next(job) for _ in range(50)]
    for event in appended[100:]:
        log.append(event)
    assert seen + list(everything) == appended
    assert seen_of_job + list(job) == appended[:100]


def test_an_append_that_was_interrupted(monkeypatch):
    """When making columns breaks off in the middle, nothing is lost or doubled; the next append makes them again."""
    appended = [EVENTS[number % len(EVENTS)]._replace(time_s=float(number)) for number in range(2000)]
    log = Log()
    for event in appended[:511]:
        log.append(event)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("disco_sim.store.log._longer", interrupting(after=5))
        log.append(appended[511])
    assert list(log) == appended[:512]
    for event in appended[512:]:
        log.append(event)
    assert list(log) == appended
    assert [log[index] for index in range(len(log))] == appended


def interrupting(after):
    """Grows columns, and breaks off at the one after `after` of them."""
    from disco_sim.store.log import _longer

    left = iter(range(after))

    def longer(column, values):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return _longer(column, values)

    return longer


TIMES = st.floats() | st.integers()
NUMBERS = st.integers(0, 9) | st.sampled_from((-1, 2**63 - 1, -(2**63), 2**63, 2**70, 0.5, True, None))
JOBS = st.sampled_from(("a", "b", "c"))
SOME = st.one_of(
    st.builds(RunStarted, TIMES, JOBS, st.just("map"), NUMBERS, NUMBERS, st.just("n1"), st.just(0), st.just(0)),
    st.builds(
        RunStarted, st.just(1.0), JOBS, st.just("map"), st.just(1), st.just(0), st.just("n1"), st.just(0), NUMBERS
    ),
    st.builds(JobFinished, st.just(2.0), JOBS),
    st.builds(JobDied, TIMES, JOBS, st.text(max_size=3)),
    st.builds(NodeBlacklisted, TIMES, st.sampled_from(("n1", "n2"))),
)
INDEXES = st.integers(-80, 80)
STEPS = st.one_of(
    st.tuples(st.just("append"), st.lists(SOME, min_size=3, max_size=12)),
    st.tuples(st.just("append"), st.lists(SOME, min_size=20, max_size=30)),
    st.tuples(st.just("index"), INDEXES),
    st.tuples(st.just("slice"), st.slices(60)),
    st.tuples(st.just("all"), st.none()),
    st.tuples(st.just("of"), st.tuples(JOBS, st.integers(0, 20))),
    st.tuples(st.just("begin"), st.integers(0, 20)),
)


@given(st.lists(STEPS, min_size=5, max_size=20), st.sampled_from(((3, 1), (3, 5), (9, 1), (512, 16))))
def test_it_reads_like_a_list_of_the_same_events(steps, sizes):
    """Whatever is appended and read in between, a log answers as a plain list of the events would."""
    with patch("disco_sim.store.log._MANY", sizes[0]), patch("disco_sim.store.log._FEW", sizes[1]):
        compare(steps)


def compare(steps):
    log, model, begun = Log(), [], []
    for name, what in steps:
        if name == "append":
            for event in what:
                log.append(event)
                model.append(event)
        elif name == "index":
            if -len(model) <= what < len(model):
                assert log[what] == model[what]
                assert type(log[what]) is type(model[what])
            else:
                with pytest.raises(IndexError):
                    log[what]
        elif name == "slice":
            assert log[what] == model[what]
        elif name == "all":
            assert list(log) == model
        elif name == "of":
            job, start = what
            assert list(log.of(job, start)) == of_job(model, job)[start:]
            assert log.n_events(job) == len(of_job(model, job))
        else:
            reading = iter(log)
            begun.append((reading, [next(reading) for _ in range(min(what, len(model)))]))
        assert len(log) == len(model)
        assert log.jobs == tuple(dict.fromkeys(event.job for event in model if hasattr(event, "job")))
    for job in log.jobs:
        assert list(log.of(job)) == of_job(model, job)
    for reading, seen in begun:
        assert seen + list(reading) == model


def of_job(model, job):
    return [event for event in model if getattr(event, "job", None) == job]
