"""The past, told from checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disco_sim import Disco
from disco_sim.error import DiscoError, JobError
from disco_sim.model.events import Event, NodeDied, NodeReturned
from disco_sim.store.log import Log
from disco_sim.views import history
from disco_sim.views.history import History
from disco_sim.views.state import JobState, node_states
from tests.unit import logs


def words(line: str, params: Any) -> Iterator[tuple[str, int]]:
    """A pair for each word, and now and then no data."""
    if line == "bad":
        data_err("no such word", line)  # type: ignore[name-defined]
    put(f"{line}:{this_partition()}", "x")  # type: ignore[name-defined]
    for word in line.split():
        yield word, 1


def counts(pairs: Iterator[tuple[str, int]], params: Any) -> Iterator[tuple[str, int]]:
    """The number of pairs."""
    yield "pairs", len(list(pairs))


@st.composite
def clusters(draw: st.DrawFn) -> Disco:
    """A small cluster with two jobs, on which things go wrong."""
    disco = Disco(nodes=draw(st.integers(2, 4)), slots=1, seed=draw(st.integers(0, 9)), speculative=True)
    times = st.floats(0.0, 5.0)
    disco.faults.slow("node01", draw(st.floats(1.0, 9.0)), at=draw(times))
    disco.faults.kill("node02", at=draw(times)).restore("node02", at=5.0 + draw(times))
    for number in range(2):
        lines = draw(st.lists(st.sampled_from(["a b c", "b", "bad", ""]), min_size=1, max_size=6))
        urls = [f"raw://{line}" for line in lines]
        disco.new_job(f"job{number}", input=urls, map=words, reduce=counts, partitions=draw(st.integers(1, 3)))
    return disco


@settings(max_examples=40, deadline=None)
@given(
    disco=clusters(),
    asked=st.lists(st.none() | st.floats(-1.0, 20.0), min_size=1, max_size=12),
    gap=st.integers(1, 20),
    most=st.sampled_from([0, 10, 1000]),
)
def test_a_history_tells_what_the_log_tells(disco: Disco, asked: list[float | None], gap: int, most: int) -> None:
    """At any time, asked in any order, while the log grows, and with any checkpoints, states are those of the log."""
    log = disco.cluster.log
    with disco, patch.object(history, "_GAP", gap), patch.object(history, "_MOST_KEPT", most):
        past = History(log)
        for until_s in [*asked, None, *asked]:
            for job in log.jobs:
                state = past.job(job, until_s)
                assert state == JobState.of(log, job, until_s)
                assert state.network == JobState.of(log, job, until_s).network
            assert past.nodes(until_s) == node_states(log, until_s)
            disco.step(run=True)


class _CountingLog(Log):
    """A log that counts how many events of jobs, and how many in slices, were read."""

    n_read = 0

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        self.n_read += len(found) if isinstance(index, slice) else 0
        return found

    def of(self, job: str, start: int = 0) -> Iterator[Any]:
        for event in super().of(job, start):
            self.n_read += 1
            yield event


def _long(n_tasks: int = 500) -> logs.Scribe:
    scribe = logs.Scribe(_CountingLog())
    scribe.submit(n_tasks)
    for task in range(n_tasks):
        scribe.start(float(task), "map", task, "node01")
        scribe.finish(task + 1.0, "map", task, "node01")
    return scribe


def test_what_was_read_is_not_read_again() -> None:
    """Asking again reads only what is new, of a job and of the nodes."""
    scribe = _long()
    assert isinstance(scribe.log, _CountingLog)
    past = History(scribe.log)
    for _ in range(2):
        before = scribe.log.n_read
        past.job(scribe.job)
        past.nodes()
    assert scribe.log.n_read == before
    scribe.start(501.0, "map", 0, "node02", attempt=1)
    assert len(past.job(scribe.job).runs) == 501
    assert scribe.log.n_read == before + 1
    assert past.nodes()["node02"].busy == 1
    assert scribe.log.n_read == before + 2


def test_the_past_is_read_from_the_checkpoint_before() -> None:
    """A time in the past costs the events since a checkpoint, a part of the log at most."""
    scribe = _long()
    assert isinstance(scribe.log, _CountingLog)
    with patch.object(history, "_GAP", 50):
        past = History(scribe.log)
        past.job(scribe.job)
        past.nodes()
        for until_s in (400.0, 30.0, 250.0):
            before = scribe.log.n_read
            assert len(past.job(scribe.job, until_s).stages["map"].done) == until_s
            assert past.nodes(until_s)["node01"].done == until_s
            assert scribe.log.n_read - before <= 2 * 2 * 50


def test_what_a_history_gives_is_the_askers_own() -> None:
    """Whatever is done with a state, the next one is as the log tells it."""
    scribe = logs.troubled()
    with patch.object(history, "_GAP", 5):
        past = History(scribe.log)
        for until_s in (None, 2.25, None, 2.25):
            state, nodes = past.job(scribe.job, until_s), past.nodes(until_s)
            assert (state, nodes) == (JobState.of(scribe.log, scribe.job, until_s), node_states(scribe.log, until_s))
            nodes["node01"].busy = 99
            for stage in state.stages.values():
                for container in (stage.running, stage.done, stage.last, stage.outputs, stage.lost):
                    container.clear()
            for given in (state.stages, state.runs, state.oob, nodes):
                given.clear()


@pytest.mark.parametrize("n_read", [3, 7, 12, 30])
def test_an_interrupt_does_no_harm(n_read: int) -> None:
    """When reading is interrupted in the middle of an event, the next answer is right all the same."""
    scribe = logs.troubled()
    with patch.object(history, "_GAP", 5):
        past = History(scribe.log)
        add = JobState.add

        def interrupted(state: JobState, event: Event) -> None:
            add(state, event)
            if len(seen) == n_read:
                raise KeyboardInterrupt
            seen.append(event)

        seen: list[Event] = []
        with patch.object(JobState, "add", interrupted), pytest.raises(KeyboardInterrupt):
            past.job(scribe.job)
        assert past.job(scribe.job) == JobState.of(scribe.log, scribe.job)


def test_a_job_that_is_not_there() -> None:
    """A job that the log does not know is an error, until the log knows it."""
    log = Log()
    past = History(log)
    with pytest.raises(DiscoError, match="there is no job 'wordcount@1a:2b:3c' in this log"):
        past.job(logs.JOB)
    assert past.job(logs.ready(log).job).status == "ready"


def test_outages_are_when_nodes_were_dead() -> None:
    """An outage lasts from a death to a return, in the job's own time, or has no end at the time that is looked at."""
    log = Log()
    log.append(NodeDied(1.0, "node04"))
    log.append(NodeReturned(2.0, "node04"))
    log.append(NodeDied(5.0, "node05"))
    scribe = logs.troubled(log, start_s=10.0)
    scribe.add(NodeReturned(15.0, "node05"))
    past = History(log)
    assert past.outages(past.job(scribe.job)) == [("node05", -5.0, None), ("node02", 2.0, None)]
    assert past.outages(past.job(scribe.job, 1.0)) == [("node05", -5.0, None)]
    later = logs.ready(log, start_s=14.0)
    assert past.outages(past.job(later.job)) == [("node05", -9.0, 1.0), ("node02", -2.0, 0.5)]


def test_a_job_that_dies_of_its_losses() -> None:
    """A history also tells of jobs that end badly."""
    with Disco(nodes=2, slots=1) as disco:
        job = disco.new_job("bad", input=["raw://bad"], map=words)
        with pytest.raises(JobError):
            job.wait()
        log = disco.cluster.log
        assert History(log).job(job.name) == JobState.of(log, job.name)
        assert History(log).job(job.name).status == "dead"
