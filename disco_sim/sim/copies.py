"""Second runs of tasks whose first run is slow: which task, where, and when to look again. Ours, after Hadoop's.

Disco runs no task twice at once. Everything here is known from the times at which runs started and ended.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from heapq import heappop, heappush, heappushpop

from disco_sim.model import events
from disco_sim.sim.jobs import ActiveJob
from disco_sim.sim.slots import Slots
from disco_sim.sim.tasks import RUNNING, Task

SLOW = 1.5
"""A run is slow that lasts longer than this many medians of the done runs of its stage."""

IN_TIME = 1.6
"""To look after this many medians is still in time, so a median that sinks a little asks for no new look."""

MOMENT_S = 0.001
"""A look comes this much after a run has lasted as long as it may, for then it has lasted longer, rounded or not."""


class Pace:
    """How long the runs of one stage take: when those that run started, and the median of those that ended well.

    >>> pace = Pace()
    >>> for number, seconds in enumerate([3.0, 1.0, 8.0]):
    ...     pace.start((number, 0), 10.0)
    ...     pace.end((number, 0), 10.0 + seconds, is_done=True)
    >>> pace.median_s
    3.0
    """

    def __init__(self) -> None:
        self.starts: dict[tuple[int, int], float] = {}
        self.look_s = math.inf
        # The shorter half of the done runs, as negative numbers, and the longer half: the median is on top of them.
        self._short: list[float] = []
        self._long: list[float] = []

    def start(self, run: tuple[int, int], time_s: float) -> None:
        """A run, given as task and attempt, started."""
        self.starts[run] = time_s

    def end(self, run: tuple[int, int], time_s: float, is_done: bool) -> None:
        """A run ended; it counts if its task `is_done` by it."""
        start_s = self.starts.pop(run, None)
        if start_s is None or not is_done:
            return
        heappush(self._short, -heappushpop(self._long, time_s - start_s))
        if len(self._short) > len(self._long) + 1:
            heappush(self._long, -heappop(self._short))

    @property
    def median_s(self) -> float | None:
        """The median duration of the done runs; None when there is none."""
        if not self._short:
            return None
        if len(self._short) > len(self._long):
            return -self._short[0]
        return (self._long[0] - self._short[0]) / 2


class Copies:
    """Decides on second runs: of a stage at least half of whose tasks are done, and none waits."""

    def __init__(self) -> None:
        self._paces: dict[str, dict[str, Pace]] = {}

    def started(self, event: events.RunStarted) -> None:
        """A run of an active job started."""
        pace = self._paces.setdefault(event.job, {}).setdefault(event.stage, Pace())
        pace.start((event.task, event.attempt), event.time_s)

    def ended(self, event: events.RunFinished | events.RunFailed, is_done: bool) -> None:
        """A run of an active job ended."""
        pace = self._paces.get(event.job, {}).get(event.stage)
        if pace is not None:
            pace.end((event.task, event.attempt), event.time_s, is_done)

    def looked(self, event: events.CopiesDue) -> None:
        """A look that was asked for is taken now."""
        pace = self._paces.get(event.job, {}).get(event.stage)
        if pace is not None and pace.look_s <= event.time_s:
            pace.look_s = math.inf

    def forget(self, job: str) -> None:
        """A job is not active any more."""
        self._paces.pop(job, None)

    def pick(self, job: ActiveJob, time_s: float, slots: Slots) -> tuple[Task, str] | None:
        """A task whose only run is slow, and the node for a second one: another than the first's, at home if it can."""
        for (number, attempt), lasted_s, median_s in self._alone(job, time_s):
            if lasted_s <= SLOW * median_s:
                return None  # and neither are those that started later
            task = job.open.tasks[number]
            first, *_ = job.running[job.open.name, number, attempt]
            hosts = [host for *_, host in slots.ready if host != first and job.open.may_run(task, host)]
            if hosts:
                return task, next((host for host in hosts if host in task.hosts), hosts[0])
        return None

    def look(self, job: ActiveJob, time_s: float) -> float | None:
        """How long to wait before runs are looked at again; None when there is no need, or it will be done in time."""
        for _, lasted_s, median_s in self._alone(job, time_s):
            if lasted_s <= SLOW * median_s:
                pace = self._paces[job.name][job.open.name]
                if pace.look_s <= time_s - lasted_s + IN_TIME * median_s:
                    return None
                wait_s = SLOW * median_s - lasted_s + MOMENT_S
                pace.look_s = time_s + wait_s
                return wait_s
        return None

    def _alone(self, job: ActiveJob, time_s: float) -> Iterator[tuple[tuple[int, int], float, float]]:
        """The runs of the open stage that are their task's only one, how long they last, and the median duration.

        The oldest run comes first. There is none while a task waits or not half of them are done.
        """
        stage = job.open
        if stage.n_queued or stage.n_delayed or not stage.n_left or 2 * stage.n_left > len(stage.tasks):
            return
        pace = self._paces.get(job.name, {}).get(stage.name)
        if pace is None or (median_s := pace.median_s) is None:
            return
        for run, start_s in pace.starts.items():
            task = stage.tasks[run[0]]
            if task.state == RUNNING and task.n_running == 1:
                yield run, time_s - start_s, median_s
