"""What the time of a job went by with: along its critical path, and between which bounds any schedule lies.

A stage ends with its last task, and the next begins then. So the critical path of a job leads through the run of each
stage that ended last: first what it waited for, then its phases. Times are virtual seconds.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from disco_sim.model.events import (
    Event,
    JobDied,
    JobFinished,
    JobSubmitted,
    PhasesPlayed,
    RunFailed,
    RunFinished,
    RunStarted,
    StageStarted,
)
from disco_sim.store.log import Log

KINDS = ("cpu", "disk", "network", "waiting", "straggler", "startup")
"""What a job's time goes by with; `straggler` is the CPU time beyond that of a normal run on a normal node."""


class Segment(NamedTuple):
    """A part of a critical path: `kind` is one of KINDS; a wait before the run's start belongs to the run, too."""

    stage: str
    task: int
    attempt: int
    host: str
    kind: str
    seconds: float


class Bounds(NamedTuple):
    """No schedule is faster than `lower_s`, and one that leaves no slot idle while a task waits not slower than
    `upper_s` (infinite when runs failed or were lost). Faults and second runs of slow tasks are not reckoned with.
    """

    lower_s: float
    upper_s: float


@dataclass(slots=True)
class _Stage:
    """What is known of one stage: its runs' starts, its finished runs in the order they ended, sums and maxima."""

    start_of: dict[tuple[int, int], RunStarted] = field(default_factory=dict)
    finished: list[PhasesPlayed] = field(default_factory=list)
    busy_s: float = 0.0
    longest_busy_s: float = 0.0
    took_s: float = 0.0
    longest_took_s: float = 0.0


class Analysis:
    """What the events of one job tell of its time; `add` takes the next. A stage without phases has `has_phases` False.

    `speeds` are those of the nodes by host: 1.0 where it has none.
    """

    def __init__(self, speeds: Mapping[str, float] | None = None) -> None:
        self.submitted_s = 0.0
        self.ended_s: float | None = None
        self.status = "active"
        self.n_failed = 0
        self.has_phases = True
        self._stages: dict[str, _Stage] = {}
        self._phases: PhasesPlayed | None = None
        self._speeds = speeds or {}
        self._fastest = max(self._speeds.values(), default=1.0)

    @classmethod
    def of(cls, log: Log, job: str, speeds: Mapping[str, float] | None = None) -> Analysis:
        """The analysis of a job in a log."""
        analysis = cls(speeds)
        for event in log.of(job):
            analysis.add(event)
        return analysis

    def add(self, event: Event) -> None:
        """Take the next event of the job into account."""
        match event:
            case RunStarted():
                self._stages[event.stage].start_of[event.task, event.attempt] = event
            case PhasesPlayed():
                self._phases = event
            case RunFinished():
                self._finish(event, self._phases)
                self._phases = None
            case RunFailed():
                self.n_failed += 1
                self._phases = None
            case StageStarted():
                self._stages[event.stage] = _Stage()
            case JobSubmitted():
                self.submitted_s = event.time_s
            case JobFinished():
                self.status, self.ended_s = "ready", event.time_s
            case JobDied():
                self.status, self.ended_s = "dead", event.time_s

    def _finish(self, event: RunFinished, phases: PhasesPlayed | None) -> None:
        stage = self._stages[event.stage]
        took_s = event.time_s - stage.start_of[event.task, event.attempt].time_s
        stage.took_s += took_s
        stage.longest_took_s = max(stage.longest_took_s, took_s)
        if phases is None:
            self.has_phases = False
            return
        speed = self._speeds.get(event.host, 1.0)
        # On the fastest node, and without what depends on where and when it runs.
        busy_s = phases.startup_s + phases.read_s + phases.cpu_s * speed / self._fastest + phases.write_s
        stage.busy_s += busy_s
        stage.longest_busy_s = max(stage.longest_busy_s, busy_s)
        stage.finished.append(phases)

    @property
    def makespan_s(self) -> float:
        """Virtual seconds from the job's submission to its end."""
        return math.nan if self.ended_s is None else self.ended_s - self.submitted_s

    def critical_path(self) -> list[Segment]:
        """The segments of the critical path, in order; their sum is the job's makespan."""
        path: list[Segment] = []
        until_s = math.inf
        # From the end: a run that gates its stage began when the last run before it in the stage before had ended. What
        # that stage did later, because some of its output was lost, this run had no need of.
        for name, stage in reversed(self._stages.items()):
            number = bisect_right(stage.finished, until_s, key=lambda run: run.time_s)
            if not number:
                continue
            last = stage.finished[number - 1]
            if path:
                path[-1] = path[-1]._replace(seconds=until_s - last.time_s)
            started = stage.start_of[last.task, last.attempt]
            extra_s = last.cpu_s * (1 - 1 / last.slowdown) if last.slowdown > 1 else 0.0
            parts = (
                ("disk", last.write_s),
                ("waiting", last.write_wait_s),
                ("straggler", extra_s),
                ("cpu", last.cpu_s - extra_s),
                ("network", last.transfer_s),
                ("disk", last.read_s),
                ("waiting", last.read_wait_s),
                ("startup", last.startup_s),
                ("waiting", started.time_s - self.submitted_s),
            )
            path += [Segment(name, last.task, last.attempt, last.host, kind, seconds) for kind, seconds in parts]
            until_s = started.time_s
        return [segment for segment in reversed(path) if segment.seconds > 0]

    def slowest_task(self) -> tuple[str, int] | None:
        """Stage and number of the task whose finished run took longest, of the stages that have several tasks."""
        longest: tuple[float, str, int] | None = None
        for name, stage in self._stages.items():
            if len({run.task for run in stage.finished}) < 2:
                continue
            for run in stage.finished:
                took_s = run.time_s - stage.start_of[run.task, run.attempt].time_s
                if longest is None or took_s > longest[0]:
                    longest = took_s, name, run.task
        return longest and longest[1:]

    def shares(self) -> dict[str, float]:
        """The share of each of KINDS on the critical path; NaN when phases are not known."""
        path = self.critical_path()
        total_s = sum(segment.seconds for segment in path)
        if not self.has_phases or not total_s:
            return dict.fromkeys(KINDS, math.nan)
        return {kind: sum(one.seconds for one in path if one.kind == kind) / total_s for kind in KINDS}

    def bounds(self, n_slots: int) -> Bounds:
        """Between what the makespan on `n_slots` slots lies, whatever the order of tasks.

        Lower: the start-up, disk and CPU work on the fastest node, spread evenly over all slots, or the longest run of
        each stage one after the other, whichever is more; what is transferred and waited for counts nothing. Upper: of
        each stage its runs as long as they took, spread evenly, and `1 - 1 / n_slots` times its longest run (Graham's
        bound for list scheduling).
        """
        stages = self._stages.values()
        lower_s = max(sum(stage.busy_s for stage in stages) / n_slots, sum(stage.longest_busy_s for stage in stages))
        upper_s = sum(stage.took_s / n_slots + (1 - 1 / n_slots) * stage.longest_took_s for stage in stages)
        return Bounds(lower_s if self.has_phases else math.nan, upper_s if not self.n_failed else math.inf)
