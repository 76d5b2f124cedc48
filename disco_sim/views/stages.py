"""Stages of a job and the runs of their tasks, as they are at one virtual time; `state.py` makes them of events.

Times are virtual seconds since the cluster's start. A run never changes: when it ends, another one takes its place. So
a copy of a stage needs to copy its containers only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from disco_sim.model.events import OutputLost, OutputStored
from disco_sim.model.plan import Stage, TaskInputs

PHASES = ("startup", "wait", "read", "transfer", "cpu", "write")
"""The kinds of phases, in order; a run waits for the disk before it reads, and again before it writes."""

_PLAYED = ("startup", "wait", "read", "transfer", "cpu", "wait", "write")


class Phases(NamedTuple):
    """What the virtual seconds of a run went by with, and how much longer its CPU work took, as in `PhasesPlayed`."""

    startup_s: float
    read_wait_s: float
    read_s: float
    transfer_s: float
    cpu_s: float
    write_wait_s: float
    write_s: float
    slowdown: float

    def spans(self, start_s: float = 0.0) -> list[tuple[str, float, float]]:
        """(kind, start, end) of each phase that took any time, in a run that started at `start_s`.

        >>> Phases(0.5, 0.25, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0).spans(2.0)
        [('startup', 2.0, 2.5), ('wait', 2.5, 2.75), ('read', 2.75, 3.75)]
        """
        spans: list[tuple[str, float, float]] = []
        for kind, seconds in self.parts:
            spans.append((kind, start_s, start_s + seconds))
            start_s += seconds
        return spans

    @property
    def parts(self) -> list[tuple[str, float]]:
        """(kind, seconds) of each phase that took any time, in order; waits for the disk are of kind `wait`."""
        return [(kind, seconds) for kind, seconds in zip(_PLAYED, self[:7], strict=True) if seconds > 0]


class Counters(NamedTuple):
    """Disco's four numbers of a stage: three count tasks, `failed` counts failed runs, retried ones too."""

    waiting: int
    running: int
    done: int
    failed: int


class Run(NamedTuple):
    """One try of a task, the `number`-th run of its job. status: running, done, failed, or lost (ended from outside).

    Counts are None while it runs; phases are None as long, and where the log does not tell them. `reason` says why a
    run failed or was lost, or that the output of one that is done was lost later; `kind` is that of its failure, as in
    `RunFailed`.
    """

    stage: str
    task: int
    attempt: int
    label: int
    host: str
    slot: int
    n_pieces: int
    number: int
    start_s: float
    status: str = "running"
    end_s: float | None = None
    records_in: int | None = None
    records_out: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    oob_puts: int | None = None
    reason: str = ""
    phases: Phases | None = None
    kind: str = ""

    @property
    def is_output_lost(self) -> bool:
        """Whether the run ended well and what it had stored was lost before everybody had read it."""
        # Nothing else gives a run that is done a reason.
        return self.status == "done" and bool(self.reason)


@dataclass(slots=True)
class StageState:
    """One stage of a job. `tasks` is what its tasks read; before the stage starts it is empty, and `started_s` None.

    `done` has the runs that did the tasks that are done, `last` the latest runs of other tasks. `outputs` is everything
    that was ever stored, by URL: a task that runs again at the same node stores under the same one. `lost` tells what
    of it was lost before everybody had read it.
    """

    stage: Stage
    started_s: float | None = None
    ended_s: float | None = None
    tasks: tuple[TaskInputs, ...] = ()
    running: dict[tuple[int, int], Run] = field(default_factory=dict)
    done: dict[int, Run] = field(default_factory=dict)
    last: dict[int, Run] = field(default_factory=dict)
    outputs: dict[str, tuple[OutputStored, ...]] = field(default_factory=dict)
    lost: list[OutputLost] = field(default_factory=list)
    n_failed: int = 0

    def copy(self) -> StageState:
        """The same state, to go on from on its own."""
        return StageState(
            self.stage,
            self.started_s,
            self.ended_s,
            self.tasks,
            self.running.copy(),
            self.done.copy(),
            self.last.copy(),
            self.outputs.copy(),
            self.lost.copy(),
            self.n_failed,
        )

    @property
    def counters(self) -> Counters:
        """Waiting, running and done tasks, and failed runs; a done task that runs once more is done."""
        n_running = len({task for task, _ in self.running} - self.done.keys())
        return Counters(len(self.tasks) - len(self.done) - n_running, n_running, len(self.done), self.n_failed)

    @property
    def stored(self) -> Iterator[OutputStored]:
        """The outputs of the stage that count, by task and label: those of the runs that did the tasks."""
        for output in sorted(chain(*self.outputs.values()), key=lambda output: (output.task, output.label)):
            run = self.done.get(output.task)
            if run is not None and run.attempt == output.attempt:
                yield output

    def stored_by_label(self) -> dict[int, list[OutputStored]]:
        """The outputs of the stage that count, by label; each label's by task."""
        found: dict[int, list[OutputStored]] = {}
        for output in self.stored:
            found.setdefault(output.label, []).append(output)
        return found

    def versions(self) -> dict[tuple[int, int], list[tuple[float, OutputStored]]]:
        """For each (task, label), what was stored of it, in order, and when that was lost (infinity: never).

        An output that was lost is stored anew when its task runs again, perhaps elsewhere.
        """
        losses: dict[int, list[float]] = {}
        for loss in self.lost:
            losses.setdefault(loss.task, []).append(loss.time_s)
        found: dict[tuple[int, int], list[tuple[float, OutputStored]]] = {}
        for output in sorted(chain(*self.outputs.values()), key=lambda output: output.time_s):
            versions = found.setdefault((output.task, output.label), [])
            # A loss is of what was there then: not of what was made anew in the same instant.
            n_gone = sum(lost_s < math.inf for lost_s, _ in versions)
            later = (time_s for time_s in losses.get(output.task, ())[n_gone:] if time_s >= output.time_s)
            versions.append((next(later, math.inf), output))
        return found

    @property
    def has_begun(self) -> bool:
        """Whether any run of the stage has started."""
        return bool(self.last or self.done)

    @property
    def n_tasks(self) -> int | None:
        """How many tasks the stage has; before it starts, how many the plan asks for (None: only data will tell)."""
        if self.started_s is not None:
            return len(self.tasks)
        return len(self.stage.labels) if self.stage.labels is not None else None

    def run_of(self, task: int) -> Run | None:
        """The run that did a task, or else the task's latest run; None before its first."""
        return self.done.get(task) or self.last.get(task)

    def host_of(self, task: int) -> str:
        """The host where a task's result was made, or where its latest run is or was; '' before its first run."""
        run = self.run_of(task)
        return run.host if run else ""
