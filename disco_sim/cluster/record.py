"""What a simulated cluster keeps of one job beside the log: its request, tasks, outputs and failures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class JobRecord:
    """One job of a simulated cluster."""

    request: JobRequest
    status: str = "active"
    tasks: dict[str, tuple[TaskInputs, ...]] = field(default_factory=dict)
    outputs: dict[str, list[tuple[int, Output]]] = field(default_factory=dict)
    ended_on: dict[RunKey, str] = field(default_factory=dict)
    started_s: dict[RunKey, tuple[str, int, float]] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    running: dict[RunKey, RunningRun] = field(default_factory=dict)
    failures: dict[RunKey, Failure] = field(default_factory=dict)
    last_failure: RunKey | None = None
    alarms: list[int] = field(default_factory=list)

    def stage_level(self, stage: str) -> int:
        """The number of a stage in the plan."""
        return [one.name for one in self.request.plan].index(stage)

    def pieces(self, stage: str) -> list[Output]:
        """What a stage produced, by task, then label: the order in which the next stage reads it."""
        return [output for _, output in sorted(self.outputs[stage], key=lambda pair: (pair[0], pair[1].label))]

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
        hosts = {task: host for (name, task, _), host in self.ended_on.items() if name == stage}
        return [f"dir://{self.folder(hosts[task], port)}/{stage}-{task}.index" for task in sorted(hosts)]

    def index(self, name: str) -> list[tuple[int, str]] | None:
        """The (label, blob URL) pairs of the task that the last part of a `dir://` URL names; None if there is none."""
        stage, _, task = name.removesuffix(".index").rpartition("-")
        if stage not in self.outputs or not task.isdigit():
            return None
        return sorted((output.label, output.blob) for number, output in self.outputs[stage] if number == int(task))
