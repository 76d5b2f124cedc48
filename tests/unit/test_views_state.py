"""The state of jobs and nodes at any virtual time."""

from __future__ import annotations

import pytest

from disco_sim.error import DiscoError
from disco_sim.model.events import NodeBlacklisted, NodeWhitelisted, OutputsDropped, OutputStored
from disco_sim.views.state import Counters, JobState, node_states
from tests.unit import logs


def test_a_ready_job() -> None:
    """At its end a job has all tasks done, its times, and the failed run still counted."""
    scribe = logs.ready(start_s=1.0)
    state = JobState.of(scribe.log, scribe.job)
    assert (state.status, state.submitted_s, state.ended_s, state.duration_s) == ("ready", 1.0, 5.25, 4.25)
    assert state.stages["map"].counters == Counters(0, 0, 2, 1)
    assert state.stages["reduce"].counters == Counters(0, 0, 3, 0)
    assert state.progress == "map 2/2, reduce 3/3"
    assert [run.status for run in state.runs] == ["done", "failed", "done", "done", "done", "done"]


@pytest.mark.parametrize(
    ("until_s", "counters", "hosts"),
    [
        (0.0, Counters(0, 2, 0, 0), ("node01", "node02")),
        (0.5, Counters(0, 1, 1, 0), ("node02",)),
        (0.75, Counters(1, 0, 1, 1), ()),
        (3.0, Counters(0, 1, 1, 1), ("node01",)),
    ],
)
def test_a_job_at_a_time(until_s: float, counters: Counters, hosts: tuple[str, ...]) -> None:
    """The state at a time has everything up to and with that time, counted from the job's submission."""
    scribe = logs.ready(start_s=7.0)
    state = JobState.of(scribe.log, scribe.job, until_s)
    assert (state.status, state.stages["map"].counters, state.hosts) == ("active", counters, hosts)
    assert state.duration_s == until_s
    assert state.progress.endswith("reduce 0/3")


def test_the_latest_stage_is_that_with_runs() -> None:
    """The first stage stands for a job without runs; a stage counts from its first run on."""
    scribe = logs.ready()
    names = []
    for until_s in (0.0, 3.0, 3.25):
        latest = JobState.of(scribe.log, scribe.job, until_s).latest_stage
        names.append(latest.stage.name if latest else None)
    assert names == ["map", "map", "reduce"]


def test_a_dead_job_has_no_running_runs() -> None:
    """Runs that a job's death leaves open are lost, whether or not the log tells their ends."""
    for scribe in (logs.dead(), logs.killed()):
        state = JobState.of(scribe.log, scribe.job)
        assert state.status == "dead"
        assert state.runs[-1].status == "lost"
        assert state.runs[-1].end_s == state.ended_s
        assert state.hosts == ()


def test_lost_runs_are_no_failures() -> None:
    """A run ended from outside is not counted as failed."""
    scribe = logs.dead()
    assert JobState.of(scribe.log, scribe.job).stages["map"].counters == Counters(2, 0, 0, 1)


def test_only_the_latest_run_that_stored_counts() -> None:
    """When a done task runs again, its new outputs take the place of the old ones."""
    scribe = logs.Scribe()
    scribe.submit(1)
    for attempt in range(2):
        at = float(attempt)
        scribe.start(at, "map", 0, "node01", attempt=attempt)
        assert JobState.of(scribe.log, scribe.job).stages["map"].counters == Counters(0, 1, 0, 0)
        scribe.store(at + 0.5, "map", 0, "node01", attempt, logs.pairs(("a", 1)), attempt=attempt)
        scribe.finish(at + 0.5, "map", 0, "node01", attempt=attempt)
    stored: list[OutputStored] = list(JobState.of(scribe.log, scribe.job).stages["map"].stored)
    assert [output.label for output in stored] == [1]


def test_dropped_outputs_are_dropped_at_any_time() -> None:
    """That outputs are no longer kept is told for times before the drop, too."""
    scribe = logs.ready()
    scribe.add(OutputsDropped(4.25, scribe.job))
    assert JobState.of(scribe.log, scribe.job, 1.0).is_dropped


def test_an_unknown_job_is_an_error() -> None:
    """Asking for a job that the log does not know names those that it does."""
    with pytest.raises(DiscoError, match="there is no job 'nope' in this log; the jobs are: wordcount@1a:2b:3c"):
        JobState.of(logs.ready().log, "nope")


def test_nodes_count_runs_of_all_jobs() -> None:
    """A node counts its good runs, data errors and other failures of all jobs; lost runs are in none."""
    scribe = logs.ready()
    logs.dead(scribe.log, start_s=5.0)
    scribe.add(NodeBlacklisted(6.0, "node03"), NodeBlacklisted(6.0, "node04"), NodeWhitelisted(7.0, "node04"))
    nodes = node_states(scribe.log)
    counts = {host: (node.busy, node.done, node.failed, node.data_errors) for host, node in nodes.items()}
    assert counts == {
        "node01": (0, 3, 1, 0),
        "node02": (0, 1, 0, 1),
        "node03": (0, 1, 0, 0),
        "node04": (0, 0, 0, 0),
    }
    assert [host for host, node in nodes.items() if node.is_blacklisted] == ["node03"]
    assert node_states(scribe.log, 0.25)["node01"].busy == 1
