"""The runs of a stage that are still to start, as work for an engine that computes ahead of virtual time."""

from __future__ import annotations

from collections import deque

from disco_sim.cluster.running import RunningJob, RunningRun
from disco_sim.cluster.works import Works
from disco_sim.model.work import TaskWork
from disco_sim.store.oob import OOBStore


class ComingRuns:
    """The first runs of a stage's tasks: those that are ordered have a host, the others are taken in task order.

    Nothing is told of a task whose outcome is known already, nor of a run that has started. Of an input with replicas
    it is not known which one will be read before its run is ordered.
    """

    def __init__(self, works: Works, oob: OOBStore, live: RunningJob, stage: str) -> None:
        self._works = works
        self._oob = oob
        self._live = live
        self._stage = stage
        self._ordered: deque[RunningRun] = deque()
        self._taken: set[int] = set()
        self._next = 0

    def order(self, run: RunningRun) -> None:
        """A run will start in this instant."""
        if run.started.attempt == 0:
            self._ordered.append(run)

    def take(self, may_guess: bool) -> tuple[TaskWork, bool] | None:
        """The work of the next task, and whether its host and replica are those that it will have."""
        while self._ordered:
            run = self._ordered.popleft()
            started = run.started
            if not run.is_dropped and self._is_open(started.task):
                return self._work(started.task, started.host, started.replica), True
        tasks = self._live.facts.tasks[self._stage]
        while may_guess and self._next < len(tasks):
            task = self._next
            self._next += 1
            if self._is_open(task) and not any(piece.alternatives for piece in tasks[task].pieces):
                return self._work(task, "", 0), False
        return None

    def _is_open(self, task: int) -> bool:
        stage, live = self._stage, self._live
        return (
            task not in self._taken
            and (stage, task, 0) not in live.facts.started
            and live.known(stage, task) is None
            and not live.is_ending
        )

    def _work(self, task: int, host: str, replica: int) -> TaskWork:
        self._taken.add(task)
        started = host, replica, self._oob.moment
        return self._works.of_started(self._live.facts, (self._stage, task, 0), started)
