"""Durable facts of a job: what a home keeps of it in addition to the log, enough to inspect it after it has run.

State that only exists while a job runs (active runs, timers, exceptions) belongs to the cluster.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from disco_sim.error import CommError, DiscoError
from disco_sim.model.job import JobRequest
from disco_sim.model.plan import Output, TaskInputs
from disco_sim.model.work import Failure
from disco_sim.store.outcomes import Computed

RunKey = tuple[str, int, int]
"""Stage, task and attempt."""

TaskKey = tuple[str, int]
"""Stage and task."""

StartedRun = tuple[str, int, int]
"""The host where a run started, the replica it reads, and the moment of the out-of-band store."""

UNKNOWN = "unknown job"
"""The status of a job that was cleaned or purged, or never existed."""


class DoneTask(NamedTuple):
    """Where a task ran, its outputs by label, and the virtual time at which the run ended."""

    host: str
    outputs: tuple[Output, ...]
    end_s: float


class FailureText(NamedTuple):
    """Why a run failed, without the exception: `error` is the name of its class, the rest is as in `Failure`."""

    kind: Literal["data", "crash", "memory", "fatal"]
    reason: str
    error: str
    trace: str
    lines: str
    record: str

    @classmethod
    def of(cls, failure: Failure) -> FailureText:
        """The text of a failure."""
        error = type(failure.error).__name__
        return cls(failure.kind, failure.reason, error, failure.trace, failure.lines, failure.record)

    def again(self) -> Failure:
        """A failure with this text; the original exception is no longer available."""
        return Failure(self.kind, self.reason, DiscoError(self.reason), self.trace, self.lines, self.record)


@dataclass(slots=True)
class JobFacts:
    """What a home keeps of one job. Only its cluster and its home change it, through its methods.

    `tasks` holds the tasks of each stage that has started, `started` the runs, `done` the finished tasks, and
    `finished` the finished stages. `computed` holds the outcomes of tasks whose run succeeded. `altered` are stages
    with a task that was computed again with a different outcome, so that outcomes computed from its previous output are
    no longer valid. `lost` holds the URLs, by label, of lost outputs until their task has run again. `failures` is why
    runs failed, `bad` what runs could not read, and `ended_by` the failed run that ended the job, if any. The data of a
    job that `is_garbage` is deleted by the next garbage collection; a job that `is_purged` is only kept because a tag
    refers to its results. `port` is the master's, as in the URLs of the job's data; `memory_bytes` limits what its
    outputs may take in memory.
    """

    request: JobRequest
    port: str
    memory_bytes: int = 0
    status: str = "active"
    is_garbage: bool = False
    is_purged: bool = False
    ended_s: float = 0.0
    ended_by: RunKey | None = None
    tasks: dict[str, tuple[TaskInputs, ...]] = field(default_factory=dict)
    started: dict[RunKey, StartedRun] = field(default_factory=dict)
    done: dict[str, dict[int, DoneTask]] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    computed: dict[TaskKey, Computed] = field(default_factory=dict)
    altered: set[str] = field(default_factory=set)
    lost: dict[TaskKey, dict[int, str]] = field(default_factory=dict)
    failures: dict[RunKey, FailureText] = field(default_factory=dict)
    bad: dict[RunKey, tuple[tuple[int, int, str], ...]] = field(default_factory=dict)
    _firsts: dict[str, int] = field(default_factory=dict)
    _folders: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The full name of the job."""
        return self.request.name

    # -- questions ---------------------------------------------------------------------------------

    def stage_level(self, stage: str) -> int:
        """The number of a stage in the plan."""
        for number, one in enumerate(self.request.plan):
            if one.name == stage:
                return number
        raise ValueError(f"{stage!r} is no stage of job {self.request.name!r}")

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

    def folder(self, host: str) -> str:
        """The part of a URL that all data of this job on `host` shares, in Disco's form."""
        folder = self._folders.get(host)
        if folder is None:
            two = hashlib.md5(self.request.name.encode(), usedforsecurity=False).hexdigest()[:2]
            folder = self._folders[host] = f"{host}:{self.port}/disco/{host}/{two}/{self.request.name}"
        return folder

    def results(self, stage: str | None = None) -> list[str]:
        """The URLs of what a finished stage (None: the last) produced, one per task, in task order.

        Raises:
            CommError: 404, if the stage is not finished.
        """
        plan = self.request.plan
        if stage is None:
            if self.status != "ready":
                return []
            if self.request.save_as is not None and plan:
                return [f"tag://{self.request.save_as}"]
            if not plan:
                return [piece.blob for piece in self.request.inputs]
            stage = plan[-1].name
        if stage not in self.finished:
            raise CommError(f"Not found: stage {stage!r} of job {self.name!r} is not finished", self.name, 404)
        done = sorted(self.done[stage].items())
        return [f"dir://{self.folder(found.host)}/{stage}-{task}.index" for task, found in done]

    def index(self, stage: str, task: int) -> list[tuple[int, str]] | None:
        """The (label, blob URL) pairs of a task's output; None if there is none."""
        done = self.done.get(stage, {}).get(task)
        return None if done is None else [(output.label, output.blob) for output in done.outputs]

    def first_of(self, stage: str) -> int:
        """The number through the whole job of the first task of a stage that has started."""
        return self._firsts[stage]

    # -- changes -----------------------------------------------------------------------------------

    def start_stage(self, stage: str, tasks: tuple[TaskInputs, ...]) -> None:
        """A stage has started with these tasks."""
        # Stages start one after the other, so those that are there come before this one.
        self._firsts.setdefault(stage, sum(map(len, self.tasks.values())))
        self.tasks[stage] = tasks

    def start_run(self, run: RunKey, started: StartedRun) -> None:
        """A run has started."""
        self.started[run] = started

    def finish_task(self, stage: str, task: int, done: DoneTask) -> None:
        """A task is done."""
        self.done[stage][task] = done

    def finish_stage(self, stage: str) -> None:
        """All tasks of a stage are done."""
        self.finished.add(stage)

    def lose_task(self, stage: str, task: int) -> tuple[Output, ...]:
        """Mark a finished task as not done, because its outputs are lost; return the outputs."""
        done = self.done[stage].pop(task)
        self.lost[stage, task] = {output.label: output.blob for output in done.outputs}
        return done.outputs

    def lose_unread(self, stage: str, task: int) -> tuple[Output, ...]:
        """Mark the outputs of a task as lost, but leave it done, because no reader is left; return the outputs."""
        self.lost.setdefault((stage, task), {})
        return self.done[stage][task].outputs

    def replace_lost(self, stage: str, task: int) -> bool:
        """Point the readers of a task's lost output to the output that it has stored now.

        Returns False if the task stored other labels than before, which cannot be repaired.
        """
        outputs = self.done[stage][task].outputs
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

    def learn(self, stage: str, task: int, computed: Computed, is_kept: bool) -> None:
        """Record the outcome of a successful run, and whether it differs from the task's previous outcome."""
        before = self.computed.get((stage, task))
        if before is not None and before is not computed and not before.is_like(computed):
            self.altered.add(stage)
        if is_kept:
            self.computed[stage, task] = computed

    def end(self, status: str, time_s: float, ended_by: RunKey | None) -> None:
        """The job has ended."""
        self.status, self.ended_s, self.ended_by = status, time_s, ended_by

    def forget(self, is_garbage: bool) -> None:
        """Make the job unknown; its data is kept, or deleted by the next garbage collection."""
        self.status = UNKNOWN
        self.is_garbage |= is_garbage

    def keep_results(self, stages: Collection[str]) -> None:
        """Purge the job, except for its plan, its tasks and the location of the results of some stages."""
        self.is_purged, self.is_garbage, self.ended_by = True, False, None
        self.request = self.request._replace(program=None, spec=None)
        for stage, done in self.done.items():
            if stage not in stages:
                done.clear()
        for table in (self.started, self.computed, self.lost, self.failures, self.bad):
            table.clear()

    def drop_data(self, stages: Collection[str]) -> None:
        """Keep only the sizes of what tasks of some stages computed."""
        for key, computed in self.computed.items():
            if key[0] in stages:
                self.computed[key] = computed.without_data()
