"""What must hold of any log of a simulated cluster, found out from the log alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event

ENDS = (events.RunFinished, events.RunFailed)


def time_never_goes_back(log: Sequence[Event]) -> None:
    """Each event is at the time of the one before, or later."""
    times = [event.time_s for event in log]
    assert times == sorted(times)


def no_slot_holds_two_runs(log: Sequence[Event], spec: ClusterSpec) -> None:
    """A slot that a run has is free before the next run gets it; all slots are free at last."""
    slots = {node.host: node.slots for node in spec.nodes}
    holders: dict[tuple[str, int], object] = {}
    places: dict[object, tuple[str, int]] = {}
    for event in log:
        if isinstance(event, events.RunStarted):
            run, place = event[1:5], (event.host, event.slot)
            assert 0 <= event.slot < slots[event.host]
            assert place not in holders, f"{place} is held by {holders[place]} when {run} starts"
            assert run not in places
            holders[place], places[run] = run, place
        elif isinstance(event, ENDS):
            place = places.pop(event[1:5])
            assert place[0] == event.host
            del holders[place]
    assert holders == {}


def no_run_on_a_blacklisted_node(log: Sequence[Event]) -> None:
    """No run that was ordered after a node was blacklisted starts there before it is whitelisted.

    A run whose start was ordered in the very instant of the blacklisting may still start in it.
    """
    since: dict[str, float] = {}
    for event in log:
        if isinstance(event, events.NodeBlacklisted):
            since.setdefault(event.host, event.time_s)
        elif isinstance(event, events.NodeWhitelisted):
            since.pop(event.host, None)
        elif isinstance(event, events.RunStarted):
            assert since.get(event.host, event.time_s) >= event.time_s


def no_run_where_its_task_failed(log: Sequence[Event], spec: ClusterSpec) -> None:
    """A task is not tried again on a node where it failed, until it has failed on all of them."""
    failed: dict[object, set[str]] = {}
    for event in log:
        if isinstance(event, events.RunStarted):
            assert event.host not in failed.get(event[1:4], ())
        elif isinstance(event, events.RunFailed):
            hosts = failed.setdefault(event[1:4], set())
            hosts.add(event.host)
            if hosts == set(spec.hosts):
                hosts.clear()


def barriers_are_kept(log: Sequence[Event]) -> None:
    """A stage starts when every task of the stage before has finished, once each, and its runs are its own tasks'."""
    tasks: dict[str, tuple[str, int]] = {}
    done: dict[str, Counter[int]] = {}
    for event in log:
        if isinstance(event, events.StageStarted):
            if event.job in tasks:
                assert done[event.job] == Counter(range(tasks[event.job][1]))
            tasks[event.job], done[event.job] = (event.stage, len(event.tasks)), Counter()
        elif isinstance(event, (events.RunStarted, *ENDS)):
            stage, n_tasks = tasks[event.job]
            assert event.stage == stage
            assert 0 <= event.task < n_tasks
            if isinstance(event, events.RunFinished):
                done[event.job][event.task] += 1
        elif isinstance(event, (events.StageFinished, events.JobFinished)):
            assert done.get(event.job, Counter()) == Counter(range(tasks.get(event.job, ("", 0))[1]))


def every_job_ends_once(log: Sequence[Event]) -> None:
    """Each job that was submitted finishes or dies, once, and nothing of it happens afterwards."""
    ended: set[str] = set()
    submitted: set[str] = set()
    for event in log:
        job = getattr(event, "job", None)
        if isinstance(event, events.JobKillAsked):
            continue  # may be asked for at any time
        assert job not in ended or isinstance(event, events.OutputsDropped), event
        if isinstance(event, events.JobSubmitted):
            submitted.add(event.job)
        elif isinstance(event, (events.JobFinished, events.JobDied)):
            ended.add(event.job)
    assert ended == submitted


def bytes_out_are_bytes_in(log: Sequence[Event]) -> None:
    """What a stage's finished runs stored is what the next stage's tasks read, piece by piece and byte by byte."""
    stored: dict[str, dict[str, tuple[int, str, int, int]]] = {}
    reading: dict[tuple[str, str, int], int] = {}
    written: Counter[tuple[str, str, int, int]] = Counter()
    for event in log:
        if isinstance(event, events.OutputStored):
            stored.setdefault(event.job, {})[event.blob] = (event.label, event.host, event.n_records, event.n_bytes)
            written[event[1:5]] += event.n_bytes
        elif isinstance(event, events.StageStarted):
            if event.job in stored:
                pieces = [piece for task in event.tasks for piece in task.pieces]
                assert {piece.blob: (piece.label, piece.host, piece.n_records, piece.n_bytes) for piece in pieces} == (
                    stored.pop(event.job)
                )
                assert len({piece.blob for piece in pieces}) == len(pieces)
            for number, task in enumerate(event.tasks):
                reading[event.job, event.stage, number] = sum(piece.n_bytes for piece in task.pieces)
        elif isinstance(event, events.RunFinished):
            assert event.bytes_in == reading[event[1:4]]
    for event in log:
        if isinstance(event, events.RunFinished):
            assert event.bytes_out == written[event[1:5]]


def outputs_and_oob_commit_once(log: Sequence[Event]) -> None:
    """Outputs and committed OOB results are of finished runs, one run a task, in its instant; a key is there once."""
    finished: dict[object, float] = {}
    keys: Counter[tuple[str, str]] = Counter()
    for event in log:
        if isinstance(event, events.RunFinished):
            assert event[1:4] not in {run[:3] for run in finished}
            finished[event[1:5]] = event.time_s
        elif isinstance(event, events.OutputStored):
            assert finished[event[1:5]] == event.time_s
        elif isinstance(event, events.OOBStored):
            assert (event.state == "committed") == (event[1:5] in finished)
            assert finished.get(event[1:5], event.time_s) == event.time_s
            keys[event.job, event.key] += event.state == "committed"
    assert set(keys.values()) <= {0, 1}


def all_of(log: Sequence[Event], spec: ClusterSpec) -> None:
    """Everything that must hold of any log."""
    time_never_goes_back(log)
    no_slot_holds_two_runs(log, spec)
    no_run_on_a_blacklisted_node(log)
    barriers_are_kept(log)
    every_job_ends_once(log)
    bytes_out_are_bytes_in(log)
    outputs_and_oob_commit_once(log)
