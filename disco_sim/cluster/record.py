"""What a simulated cluster keeps of one job beside the log: its request, tasks, outputs and failures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple

from disco_sim.model.job import JobRequest
from disco_sim.model.plan import Output, TaskInputs
from disco_sim.model.work import Failure, TaskOutcome

RunKey = tuple[str, int, int]
"""Stage, task and attempt."""


@dataclass(slots=True)
class RunningRun:
    """A run between its start and its end: what it will turn out to have produced, and its entries in the clock."""

    outcome: TaskOutcome
    serials: list[int]


class StartedRun(NamedTuple):
    """Where a run started, with which replica, and at which moment of the out-of-band store."""

    host: str
    replica: int
    moment: int


class DoneTask(NamedTuple):
    """Where a task was done, and its outputs by label."""

    host: str
    outputs: list[Output]


@dataclass(slots=True)
class JobRecord:
    """One job of a simulated cluster; `ended_by` is the failed run that ended it, if one did."""

    request: JobRequest
    status: str = "active"
    tasks: dict[str, tuple[TaskInputs, ...]] = field(default_factory=dict)
    done: dict[str, dict[int, DoneTask]] = field(default_factory=dict)
    started: dict[RunKey, StartedRun] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    running: dict[RunKey, RunningRun] = field(default_factory=dict)
    failures: dict[RunKey, Failure] = field(default_factory=dict)
    ended_by: RunKey | None = None
    alarms: list[int] = field(default_factory=list)

    def stage_level(self, stage: str) -> int:
        """The number of a stage in the plan."""
        return [one.name for one in self.request.plan].index(stage)

    def pieces(self, stage: str) -> list[Output]:
        """What a stage produced, by task, then label: the order in which the next stage reads it."""
        return [output for _, task in sorted(self.done[stage].items()) for output in task.outputs]

    def before(self, stage: str) -> tuple[Output, ...]:
        """What a stage reads: the job's inputs, or the outputs of the stage before."""
        level = self.stage_level(stage)
        return self.request.inputs if level == 0 else tuple(self.pieces(self.request.plan[level - 1].name))

    def folder(self, host: str, port: str) -> str:
        """The part of a URL that all data of this job on `host` shares, in Disco's form."""
        two = hashlib.md5(self.request.name.encode(), usedforsecurity=False).hexdigest()[:2]
        return f"{host}:{port}/disco/{host}/{two}/{self.request.name}"

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
