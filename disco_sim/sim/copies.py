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
    """How long the runs of one stage take: the median of those that ended well, kept up to date.

    `look_s` is when its running ones are to be looked at next.

    >>> pace = Pace()
    >>> for seconds in (3.0, 1.0, 8.0):
    ...     pace.add(seconds)
    >>> pace.median_s
    3.0
    """

    def __init__(self) -> None:
        self.look_s = math.inf
        # The shorter half of the durations, as negative numbers, and the longer half: the median is on top of them.
        self._short: list[float] = []
        self._long: list[float] = []

    def add(self, seconds: float) -> None:
        """A run ended well after `seconds`."""
        heappush(self._short, -heappushpop(self._long, seconds))
        if len(self._short) > len(self._long) + 1:
            heappush(self._long, -heappop(self._short))

    @property
    def median_s(self) -> float:
        """The median duration, of at least one run."""
        if len(self._short) > len(self._long):
            return -self._short[0]
        return (self._long[0] - self._short[0]) / 2


class Copies:
    """Decides on second runs: of a stage at least half of whose tasks are done, and none waits."""

    def __init__(self) -> None:
        self._paces: dict[str, dict[str, Pace]] = {}

    def done(self, job: str, stage: str, seconds: float) -> None:
        """A run of an active job ended well after `seconds`."""
        self._paces.setdefault(job, {}).setdefault(stage, Pace()).add(seconds)

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
        for task, first, lasted_s, pace in self._alone(job, time_s):
            if lasted_s <= SLOW * pace.median_s:
                return None  # and neither are those that started later
            hosts = list(_places(job, task, first, slots))
            if hosts:
                return task, next((host for host in hosts if host in task.hosts), hosts[0])
        return None

    def look(self, job: ActiveJob, time_s: float, slots: Slots) -> float | None:
        """How long to wait before runs are looked at again; None when there is no need, or it will be done in time.

        There is no need for runs that could have no second one: the event that frees a slot for it is a look as well.
        """
        for task, first, lasted_s, pace in self._alone(job, time_s):
            if lasted_s <= SLOW * pace.median_s and any(_places(job, task, first, slots)):
                if pace.look_s <= time_s - lasted_s + IN_TIME * pace.median_s:
                    return None
                wait_s = SLOW * pace.median_s - lasted_s + MOMENT_S
                pace.look_s = time_s + wait_s
                return wait_s
        return None

    def _alone(self, job: ActiveJob, time_s: float) -> Iterator[tuple[Task, str, float, Pace]]:
        """The tasks of the open stage that have one run, its node, and how long it lasts; the oldest run comes first.

        There is none while a task waits or not half of them are done.
        """
        stage = job.open
        if stage.n_queued or stage.n_delayed or not stage.n_left or 2 * stage.n_left > len(stage.tasks):
            return
        pace = self._paces[job.name][stage.name]
        for (name, number, _), (host, _, _, start_s) in job.running.items():
            task = stage.tasks[number] if name == stage.name else None
            if task is not None and task.state == RUNNING and task.n_running == 1:
                yield task, host, time_s - start_s, pace


def _places(job: ActiveJob, task: Task, first: str, slots: Slots) -> Iterator[str]:
    """The nodes with a free slot for a second run of a task that runs at `first`, the least loaded one first."""
    return (host for *_, host in slots.ready if host != first and job.open.may_run(task, host))
