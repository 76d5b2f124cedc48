"""The tasks of one job that wait for slots: a queue per node, and one for tasks that are at home nowhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from dataclasses import dataclass, field

from disco_sim.model.job import Limits
from disco_sim.model.plan import Plan


@dataclass(slots=True, eq=False)
class Task:
    """One task as the scheduler sees it: where its input is, where it failed, how often it ran.

    `replicas` are the hosts of its input's replicas in the order of the input, `replica` the chosen one's index.
    """

    number: int
    hosts: tuple[str, ...]
    replicas: tuple[str, ...]
    replica: int = 0
    attempts: int = 0
    failures: int = 0
    had_memory_failure: bool = False
    blacklist: set[str] = field(default_factory=set)


class JobQueues:
    """The tasks of a job's current stage: waiting ones in queues, running ones by (task, attempt)."""

    def __init__(self, name: str, serial: int, plan: Plan, limits: Limits) -> None:
        self.name = name
        self.serial = serial
        self.plan = plan
        self.limits = limits
        self.stage = 0
        self.n_left = 0
        self.n_queued = 0
        self.is_ended = False
        self.tasks: list[Task] = []
        self.local: dict[str, deque[Task]] = {}
        self.anywhere: deque[Task] = deque()
        self.running: dict[tuple[int, int], tuple[str, int]] = {}

    def begin(self, tasks: list[Task]) -> None:
        """A stage of `tasks` begins; none of them is queued yet."""
        self.tasks = tasks
        self.n_left = len(tasks)

    def end(self) -> None:
        """The job is over: nothing waits any more."""
        self.is_ended = True
        self.n_queued = 0
        self.local.clear()
        self.anywhere.clear()

    def may_run(self, task: Task, host: str) -> bool:
        """Whether `host` is allowed for `task`: not where it failed, and as force_local or force_remote want it.

        The two flags hold for the first stage only, as in Disco.
        """
        if host in task.blacklist:
            return False
        if self.stage == 0 and self.limits.force_local:
            return host in task.hosts
        if self.stage == 0 and self.limits.force_remote:
            return host not in task.hosts
        return True

    def queue(self, task: Task, available: Container[str]) -> None:
        """Let `task` wait at the node of one of its replicas, the one with the fewest waiting, then running, tasks."""
        self.n_queued += 1
        homes = [host for host in task.hosts if host in available and self.may_run(task, host)]
        if not homes:
            self.anywhere.append(task)
            return
        running = [host for host, _ in self.running.values()]
        home = min(homes, key=lambda host: (len(self.local.get(host, ())), running.count(host)))
        if home in task.replicas:
            task.replica = task.replicas.index(home)
        self.local.setdefault(home, deque()).append(task)

    @property
    def may_start(self) -> bool:
        """Whether a task waits, and the job may have one more running."""
        return self.n_queued > 0 and len(self.running) < self.limits.max_cores

    def take_local(self, host: str) -> Task | None:
        """A waiting task that is at home at `host`, taken out of its queue; None when there is none."""
        return self._take(self.local.get(host), host)

    def take_anywhere(self, host: str) -> Task | None:
        """A waiting task that is at home nowhere and may run at `host`, taken out of its queue."""
        return self._take(self.anywhere, host)

    def take_away(self, host: str) -> Task | None:
        """A waiting task of the longest queue of another node that may run at `host`, taken out of its queue."""
        if self.stage == 0 and self.limits.force_local:
            return None
        for queue in sorted(self.local.values(), key=len, reverse=True):
            task = self._take(queue, host)
            if task is not None:
                return task
        return None

    def _take(self, queue: deque[Task] | None, host: str) -> Task | None:
        for task in queue or ():
            if self.may_run(task, host):
                assert queue is not None
                queue.remove(task)  # changes what is looped over, so the loop is left at once
                self.n_queued -= 1
                return task
        return None
