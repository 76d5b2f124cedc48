"""What a cluster keeps of one job beside the log: its request, tasks, runs, outputs and failures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from operator import eq
from typing import TYPE_CHECKING, Any, NamedTuple

from disco_sim.engine.base import Ahead
from disco_sim.model.events import RunStarted
from disco_sim.model.job import JobRequest
from disco_sim.model.plan import Output, TaskInputs
from disco_sim.model.work import NO_DEPENDENCIES, Blob, Failure, TaskOutcome, TaskWork

if TYPE_CHECKING:
    from disco_sim.cluster.coming import ComingRuns

RunKey = tuple[str, int, int]
"""Stage, task and attempt."""

TaskKey = tuple[str, int]
"""Stage and task."""

StartedRun = tuple[str, int, int]
"""The host where a run started, the replica it reads, and the moment of the out-of-band store."""


@dataclass(slots=True)
class RunningRun:
    """A run from the moment it was ordered to its end: its start, and the `activity` that it is on its node.

    `outcome` is None until it was computed; a dropped run only waits for its end to be told. `slowdown` is by luck and
    the node's speed; faults slow it down beyond `planned_cpu_s`.
    """

    started: RunStarted
    pieces: tuple[Output, ...] = ()
    outcome: TaskOutcome | None = None
    activity: Any = None
    slowdown: float = 1.0
    planned_cpu_s: float = 0.0
    is_dropped: bool = False

    @property
    def host(self) -> str:
        """The node it is on."""
        return self.started.host


class DoneTask(NamedTuple):
    """Where a task was done, and its outputs by label."""

    host: str
    outputs: tuple[Output, ...]


class Computed(NamedTuple):
    """An outcome that was computed, and the pieces of input that it was computed from."""

    outcome: TaskOutcome
    pieces: tuple[Output, ...]

    def holds(self, pieces: tuple[Output, ...], work: Callable[[], TaskWork]) -> bool:
        """Whether a run that reads `pieces` would compute the same; `work` makes its work, if that has to be known.

        The pieces hold the same data, wherever they are, and what the code depends on beside them is the same.
        """
        if pieces is not self.pieces and list(map(_data_of, pieces)) != list(map(_data_of, self.pieces)):
            return False
        depends_on = self.outcome.depends_on
        return depends_on == NO_DEPENDENCIES or depends_on.hold(work())

    def is_like(self, other: Computed) -> bool:
        """Whether later stages can see no difference."""
        mine, others = self.outcome, other.outcome
        return (
            mine.oob == others.oob
            and _sizes(mine) == _sizes(others)
            and all(_is_same(one, another) for (_, one), (_, another) in zip(mine.outputs, others.outputs, strict=True))
        )

    @property
    def has_data(self) -> bool:
        """Whether its outputs are kept, not only their sizes."""
        return all(blob.data is not None for _, blob in self.outcome.outputs)

    def without_messages(self) -> Computed:
        """The same, said by nobody."""
        return self._replace(outcome=replace(self.outcome, messages=())) if self.outcome.messages else self

    def without_data(self) -> Computed:
        """The same with its outputs' sizes only."""
        outputs = tuple((label, blob._replace(data=None)) for label, blob in self.outcome.outputs)
        return self._replace(outcome=replace(self.outcome, outputs=outputs))


def _is_same(one: Blob, other: Blob) -> bool:
    """Whether two blobs of the same size hold the same; of what was pickled the bytes are compared."""
    if one.form != "columns" or other.form != "columns" or None in (one.data, other.data):
        return one.form == other.form and one.data == other.data
    try:
        return one.data is other.data or all(map(eq, one.records(), other.records()))
    except Exception:  # the objects' own comparison, or a file that is gone
        return False


def _sizes(outcome: TaskOutcome) -> list[tuple[Any, ...]]:
    return [(label, blob.form == "bytes", blob.n_records, blob.n_bytes) for label, blob in outcome.outputs]


def _data_of(piece: Output) -> tuple[int, int, int, str]:
    # The last part of a job's own output names the task that made it and the label, and no node; other URLs say it all.
    is_output = piece.blob.startswith("disco://") and "/ddfs/" not in piece.blob
    return piece.label, piece.n_records, piece.n_bytes, piece.blob.rpartition("/")[2] if is_output else piece.blob


@dataclass(slots=True)
class JobRecord:
    """One job of a cluster; `ended_by` is the failed run that ended it, if one did. `bad` is what runs could not read.

    A job that `is_ending` is still active, but its end is ordered and nothing of it will run again.

    `computed` are the outcomes of tasks that went well. `altered` are the stages of which a task was computed again
    and came out differently, so that what was computed from its output before does not hold any more. `losing` are done
    tasks whose outputs are lost in this very instant, `lost` the URLs by label of those lost before, until the task has
    run again. `ahead` are the stages of which an engine may compute runs before they start.
    `memory_bytes` is what its outputs may take in memory.
    """

    request: JobRequest
    status: str = "active"
    is_ending: bool = False
    tasks: dict[str, tuple[TaskInputs, ...]] = field(default_factory=dict)
    done: dict[str, dict[int, DoneTask]] = field(default_factory=dict)
    started: dict[RunKey, StartedRun] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    running: dict[RunKey, RunningRun] = field(default_factory=dict)
    computed: dict[TaskKey, Computed] = field(default_factory=dict)
    altered: set[str] = field(default_factory=set)
    losing: set[TaskKey] = field(default_factory=set)
    lost: dict[TaskKey, dict[int, str]] = field(default_factory=dict)
    failures: dict[RunKey, Failure] = field(default_factory=dict)
    bad: dict[RunKey, tuple[tuple[int, int, str], ...]] = field(default_factory=dict)
    ended_by: RunKey | None = None
    memory_bytes: int = 0
    alarms: list[int] = field(default_factory=list)
    ahead: dict[str, tuple[ComingRuns, Ahead]] = field(default_factory=dict)
    _folders: dict[str, str] = field(default_factory=dict)

    def stage_level(self, stage: str) -> int:
        """The number of a stage in the plan."""
        for number, one in enumerate(self.request.plan):
            if one.name == stage:
                return number
        raise ValueError(f"{stage!r} is no stage of job {self.request.name!r}")

    def known(self, stage: str, task: int) -> Computed | None:
        """What is known of a task's outcome, if it was computed from what the stage before has stored now."""
        found = self.computed.get((stage, task))
        if found is not None and self.altered:
            level = self.stage_level(stage)
            if level and self.request.plan[level - 1].name in self.altered:
                return None
        return found

    def learn(self, stage: str, task: int, computed: Computed, is_kept: bool = True) -> None:
        """Notice if what was computed is not the same as before, and keep it."""
        before = self.computed.get((stage, task))
        if before is not None and not before.is_like(computed):
            self.altered.add(stage)
        if is_kept:
            self.computed[stage, task] = computed

    def next_stage(self, stage: str) -> str | None:
        """The stage that reads what `stage` stores; None for the last."""
        number = self.stage_level(stage) + 1
        return self.request.plan[number].name if number < len(self.request.plan) else None

    def pieces(self, stage: str) -> list[Output]:
        """What a stage produced, by task, then label: the order in which the next stage reads it."""
        return [output for _, task in sorted(self.done[stage].items()) for output in task.outputs]

    def before(self, stage: str) -> tuple[Output, ...]:
        """What a stage reads: the job's inputs, or the outputs of the stage before."""
        level = self.stage_level(stage)
        return self.request.inputs if level == 0 else tuple(self.pieces(self.request.plan[level - 1].name))

    def replace_pieces(self, stage: str, task: int, outputs: tuple[Output, ...]) -> bool:
        """Let those that read, or may have to read again, the lost output of a task read what it stored now.

        False when it stored other labels than before, which nobody could put right.
        """
        before = self.lost.pop((stage, task))
        if set(before) != {output.label for output in outputs}:
            return False
        reader = self.next_stage(stage)
        if reader is None or reader not in self.tasks:
            return True
        now = {before[output.label]: output for output in outputs}
        self.tasks[reader] = tuple(
            inputs._replace(pieces=tuple(now.get(piece.blob, piece) for piece in inputs.pieces))
            if any(piece.blob in now for piece in inputs.pieces)
            else inputs
            for inputs in self.tasks[reader]
        )
        return True

    def folder(self, host: str, port: str) -> str:
        """The part of a URL that all data of this job on `host` shares, in Disco's form."""
        folder = self._folders.get(host)
        if folder is None:
            two = hashlib.md5(self.request.name.encode(), usedforsecurity=False).hexdigest()[:2]
            folder = self._folders[host] = f"{host}:{port}/disco/{host}/{two}/{self.request.name}"
        return folder

    def result_urls(self, stage: str, port: str) -> list[str]:
        """One `dir://` URL per task of a finished stage, in task order."""
        return [
            f"dir://{self.folder(done.host, port)}/{stage}-{task}.index"
            for task, done in sorted(self.done[stage].items())
        ]

    def index(self, name: str) -> list[tuple[int, str]] | None:
        """The (label, blob URL) pairs of the task that the last part of a `dir://` URL names; None if there is none."""
        stage, _, task = name.removesuffix(".index").rpartition("-")
        done = self.done.get(stage, {}).get(int(task)) if task.isdecimal() else None
        return None if done is None else [(output.label, output.blob) for output in done.outputs]
