"""What must hold of the logs of these tests beside the invariants of any log, which `disco_sim.testing` has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event
from disco_sim.testing import check_invariants

ENDS = (events.RunFinished, events.RunFailed)


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


def stages_do_not_overlap(log: Sequence[Event]) -> None:
    """Where nothing is lost, no run is of a stage before the newest one, and every task is done once."""
    tasks: dict[str, tuple[str, int]] = {}
    done: dict[str, Counter[int]] = {}
    for event in log:
        if isinstance(event, events.StageStarted):
            tasks[event.job], done[event.job] = (event.stage, len(event.tasks)), Counter()
        elif isinstance(event, (events.RunStarted, *ENDS)):
            assert event.stage == tasks[event.job][0]
            if isinstance(event, events.RunFinished):
                done[event.job][event.task] += 1
        elif isinstance(event, (events.StageFinished, events.JobFinished)):
            assert done.get(event.job, Counter()) == Counter(range(tasks.get(event.job, ("", 0))[1]))


def bytes_out_are_bytes_in(log: Sequence[Event]) -> None:
    """What a stage's finished runs stored is what the next stage's tasks read, piece by piece and byte by byte."""
    stored: dict[str, dict[str, tuple[int, str, int, int]]] = {}
    reading: dict[tuple[str, str, int], int] = {}
    for event in log:
        if isinstance(event, events.OutputStored):
            stored.setdefault(event.job, {})[event.blob] = (event.label, event.host, event.n_records, event.n_bytes)
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


def all_of(log: Sequence[Event], spec: ClusterSpec) -> None:
    """Everything that must hold of the log of a cluster that loses nothing."""
    check_invariants(log, spec)
    stages_do_not_overlap(log)
    bytes_out_are_bytes_in(log)
