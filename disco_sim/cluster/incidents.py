"""What a fault does to a job: which of its runs are lost, and which of its tasks have to run again. Pure questions."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from disco_sim.cluster.running import RunningJob, RunningRun
from disco_sim.model.events import LossCause
from disco_sim.model.plan import Output
from disco_sim.store.facts import RunKey, TaskKey


def stored_at(host: str, url: str) -> bool:
    """Whether `url` names data that a task stored on the node `host`, rather than data that is only read there first.

    >>> stored_at("node02", "disco://node02:8989/x"), stored_at("node02", "raw://text")
    (True, False)
    """
    return url.startswith((f"disco://{host}:", f"disco://{host}/"))


def bad_inputs(pieces: tuple[Output, ...], dead: Collection[str]) -> tuple[tuple[int, int, str], ...]:
    """(piece, replica, what is wrong) of the stored pieces that only dead nodes have."""
    return tuple(
        (number, replica, f"{host} is dead")
        for number, piece in enumerate(pieces)
        for replica, (host, url) in enumerate(piece.replicas)
        if host in dead and stored_at(host, url)
    )


def without_hosts(pieces: tuple[Output, ...], dead: Collection[str]) -> tuple[Output, ...]:
    """The pieces as they can be read while nodes are dead: what was near to one comes from outside the cluster."""
    return tuple(
        piece._replace(
            host="" if piece.host in dead else piece.host,
            alternatives=tuple(("" if host in dead else host, url) for host, url in piece.alternatives),
        )
        for piece in pieces
    )


def runs_lost_with(live: RunningJob, host: str) -> Iterator[tuple[RunKey, LossCause]]:
    """The runs that end because `host` died, and why: those on it, and those of the first stage that read from it."""
    first = live.facts.request.plan[0].name if live.facts.request.plan else ""
    for key, run in live.running.items():
        if run.is_dropped:
            continue
        if run.host == host:
            yield key, "node"
        elif key[0] == first and _reads_from(run, host):
            yield key, "input"


def _reads_from(run: RunningRun, host: str) -> bool:
    if run.outcome is None or not run.activity.is_reading:
        return False
    return any(run.pieces[read.piece].replicas[read.replica][0] == host for read in run.outcome.counts.read)


def runs_reading(live: RunningJob, stage: str, blobs: Collection[str]) -> Iterator[RunKey]:
    """The runs of `stage` that have still to read one of `blobs`."""
    for key, run in live.running.items():
        if key[0] != stage or run.is_dropped or not (run.outcome is None or run.activity.is_reading):
            continue
        if any(piece.blob in blobs for piece in live.facts.tasks[stage][key[1]].pieces):
            yield key


def outputs_at(live: RunningJob, host: str) -> Iterator[tuple[TaskKey, bool]]:
    """The done tasks whose outputs are at `host`, and whether anybody has still to read them.

    What the last stage stored is read when the job has ended, so it is always wanted.
    """
    for stage, done in live.facts.done.items():
        wanted = _wanted(live, stage)
        for task, found in done.items():
            if found.host == host:
                yield (stage, task), wanted is None or any(output.blob in wanted for output in found.outputs)


def _wanted(live: RunningJob, stage: str) -> set[str] | None:
    """The URLs of what a stage stored that some task has still to read; None for all, before the reader is known."""
    reader = live.facts.next_stage(stage)
    if reader is None or reader not in live.facts.tasks:
        return None
    past = {
        key[1]
        for key, run in live.running.items()
        if key[0] == reader and not run.is_dropped and run.outcome is not None and not run.activity.is_reading
    }
    return {
        piece.blob
        for task, inputs in enumerate(live.facts.tasks[reader])
        if task not in live.facts.done[reader] and task not in past
        for piece in inputs.pieces
    }


def missing_tasks(live: RunningJob, stage: str, missing: Collection[str]) -> Iterator[int]:
    """The done tasks of `stage` that stored any of the `missing` URLs."""
    for task, done in live.facts.done[stage].items():
        if any(output.blob in missing for output in done.outputs):
            yield task
