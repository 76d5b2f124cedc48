"""The state of jobs and nodes at any virtual time."""

from __future__ import annotations

import pytest

from disco_sim.error import DiscoError
from disco_sim.model.events import (
    NetworkShared,
    NodeBlacklisted,
    NodeSlowed,
    NodeWhitelisted,
    OutputsDropped,
    OutputStored,
    RunFailed,
    RunStarted,
)
from disco_sim.store.log import Log
from disco_sim.views.stages import Counters, Phases
from disco_sim.views.state import JobState, node_states
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
        assert JobState.of(scribe.log, scribe.job).stages["map"].counters == Counters(0, 1 - attempt, attempt, 0)
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


def test_a_run_knows_its_phases_from_its_end_on() -> None:
    """What a run's time went by with is known when it has ended, well or badly; other runs have no phases."""
    scribe = logs.troubled(start_s=3.0)
    assert {run.phases for run in JobState.of(scribe.log, scribe.job, 0.5).runs} == {None}
    found = {(run.stage, run.task, run.attempt): run.phases for run in JobState.of(scribe.log, scribe.job).runs}
    assert found["map", 0, 0] == Phases(0.5, 0.0, 0.125, 0.0, 0.25, 0.0, 0.125, 2.0)
    assert found["reduce", 1, 0] == Phases(0.5, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 2.0), "a lost run"
    assert (found["reduce", 0, 0], found["map", 1, 1]) == (None, None)


def test_phases_follow_each_other() -> None:
    """Spans leave out what took no time, and tell both waits for the disk apart from what is read and written."""
    phases = Phases(0.5, 0.25, 0.5, 0.0, 0.25, 0.5, 1.0, 1.0)
    assert phases.spans(1.0) == [
        ("startup", 1.0, 1.5),
        ("wait", 1.5, 1.75),
        ("read", 1.75, 2.25),
        ("cpu", 2.25, 2.5),
        ("wait", 2.5, 3.0),
        ("write", 3.0, 4.0),
    ]


def test_phases_are_those_of_the_run_that_ends() -> None:
    """Phases that are not those of the run that ends next are no phases of it."""
    scribe = logs.ready()
    scribe.start(5.0, "map", 0, "node01", attempt=1)
    scribe.start(5.0, "map", 0, "node02", attempt=2)
    scribe.play(6.0, "map", 0, "node01", 1.0, attempt=1)
    scribe.finish(6.0, "map", 0, "node02", attempt=2)
    assert JobState.of(scribe.log, scribe.job).runs[-1].phases is None


@pytest.mark.parametrize(
    ("until_s", "map_counters", "reduce_counters"),
    [
        (1.5, Counters(0, 0, 2, 0), Counters(0, 2, 1, 0)),
        (2.0, Counters(0, 1, 1, 0), Counters(2, 0, 1, 0)),
        (2.75, Counters(0, 1, 1, 0), Counters(2, 0, 1, 0)),
        (3.0, Counters(0, 0, 2, 0), Counters(0, 2, 1, 0)),
        (4.0, Counters(0, 0, 2, 0), Counters(0, 0, 3, 0)),
    ],
)
def test_a_task_whose_output_is_lost_is_done_no_longer(
    until_s: float, map_counters: Counters, reduce_counters: Counters
) -> None:
    """A task with lost output waits or runs again, two runs of a task are one running task, and lost runs are none."""
    scribe = logs.troubled()
    stages = JobState.of(scribe.log, scribe.job, until_s).stages
    assert (stages["map"].counters, stages["reduce"].counters) == (map_counters, reduce_counters)


def test_a_run_whose_output_is_lost_says_so() -> None:
    """From the loss on, the run that is done says why what it stored is gone; the run that makes it anew does not."""
    scribe = logs.troubled()
    for until_s, reasons in (
        (1.5, [""]),
        (2.0, ["output lost: node02 died"]),
        (None, ["output lost: node02 died", ""]),
    ):
        state = JobState.of(scribe.log, scribe.job, until_s)
        done = [run for run in state.runs_by_task if (run.stage, run.task, run.status) == ("map", 1, "done")]
        assert [run.reason for run in done] == reasons
        assert [run.is_output_lost for run in done] == [bool(reason) for reason in reasons]
        assert not any(run.is_output_lost for run in state.runs if run not in done)
        latest = state.stages["map"].run_of(1)
        assert latest is not None and latest == state.runs[latest.number]


def test_lost_output_does_not_count() -> None:
    """The outputs of a stage are those of the runs that did its tasks: not lost ones, and new ones once stored."""
    scribe = logs.troubled()
    hosts = []
    for until_s in (1.0, 2.0, 3.0):
        stored = JobState.of(scribe.log, scribe.job, until_s).stages["map"].stored
        hosts.append([(output.task, output.label, output.host) for output in stored])
    assert hosts[0] == [(0, 0, "node01"), (0, 2, "node01"), (1, 0, "node02"), (1, 2, "node02")]
    assert hosts[1] == hosts[0][:2]
    assert hosts[2] == [*hosts[1], (1, 0, "node04"), (1, 2, "node04")]


def test_a_done_task_that_runs_once_more_is_done() -> None:
    """A copy that started in the instant in which its task became done changes nothing."""
    scribe = logs.ready()
    scribe.start(4.25, "map", 0, "node04", attempt=1)
    assert JobState.of(scribe.log, scribe.job).stages["map"].counters == Counters(0, 0, 2, 1)
    scribe.fail(4.25, "map", 0, "node04", "lost", "another run of the task was faster", attempt=1)
    stage = JobState.of(scribe.log, scribe.job).stages["map"]
    assert (stage.counters, stage.host_of(0)) == (Counters(0, 0, 2, 1), "node01")


def test_how_the_network_was_shared() -> None:
    """A job's network was shared by ports if that was so at any time while it ran, also from before its submission."""
    log = Log()
    assert JobState.of(log, logs.dead(log).job).network == ""
    troubled = logs.troubled(log, start_s=1.0)
    assert [JobState.of(log, troubled.job, until_s).network for until_s in (1.5, 1.75, None)] == ["", "ports", "ports"]
    log.append(NetworkShared(10.0, "exact", 3))
    jobs = [logs.ready(log, f"count@{number}", start_s).job for number, start_s in enumerate((9.0, 20.0))]
    assert [JobState.of(log, job).network for job in jobs] == ["ports", "exact"]


def test_a_copy_goes_its_own_way() -> None:
    """What happens to a state happens to none of its copies."""
    scribe = logs.troubled()
    events = list(scribe.log.of(scribe.job))
    for n_events in range(len(events)):
        state = JobState(scribe.job)
        for event in events[:n_events]:
            state.add(event)
        copy, same = state.copy(), state.copy()
        for event in events[n_events:]:
            copy.add(event)
        assert (state, copy) == (same, JobState.of(scribe.log, scribe.job))


def test_the_status_of_a_node() -> None:
    """A dead node is dead whatever else it is, a blacklisted one may be slow, and what is over is over."""
    scribe = logs.troubled()
    scribe.add(NodeBlacklisted(5.0, "node03"), NodeWhitelisted(6.0, "node03"), NodeSlowed(7.0, "node03", 1.0))
    found = [
        [(host, node.status) for host, node in node_states(scribe.log, time_s).items() if node.status != "alive"]
        for time_s in (0.0, 2.0, 2.25, 4.5, 5.0, 6.0, 7.0)
    ]
    assert found == [
        [],
        [("node02", "dead")],
        [("node02", "dead"), ("node03", "slow")],
        [("node03", "slow")],
        [("node03", "blacklisted")],
        [("node03", "slow")],
        [],
    ]
    assert node_states(scribe.log, 3.0)["node03"].slowness == 4.0


@pytest.mark.parametrize(
    ("kind", "counts"), [("data", (0, 1)), ("crash", (1, 0)), ("memory", (1, 0)), ("fatal", (1, 0)), ("lost", (0, 0))]
)
def test_a_node_tells_data_errors_from_other_failures(kind: str, counts: tuple[int, int]) -> None:
    """Bad data are data errors; crashes, lack of memory and raised errors are failures; lost runs are neither."""
    log = Log()
    log.append(RunStarted(0.0, "job", "map", 0, 0, "node01", 0, 0))
    log.append(RunFailed(1.0, "job", "map", 0, 0, "node01", kind, "why", 0, 0, 0, 0.5))
    node = node_states(log)["node01"]
    assert (node.failed, node.data_errors, node.busy) == (*counts, 0)
