"""The tasks of one job that wait for slots: a queue per node, and one for tasks that are at home nowhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Hashable, Iterator
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


class Waiting:
    """Tasks in the order they came, in groups whose tasks may all run on the same nodes.

    So a free slot asks once a group, and not once a task, whether it may run there.
    """

    def __init__(self) -> None:
        self._groups: dict[Hashable, deque[tuple[int, Task]]] = {}
        self._n_added = 0
        self._n_waiting = 0

    def add(self, task: Task, group: Hashable) -> None:
        """Let `task` wait behind the others; `group` is equal for tasks that may run on the same nodes."""
        self._n_added += 1
        self._n_waiting += 1
        self._groups.setdefault(group, deque()).append((self._n_added, task))

    def take(self, may_run: Callable[[Task], bool]) -> Task | None:
        """The task that waits longest of those that may run, taken out; None when there is none."""
        fitting = (item for item in self._groups.items() if may_run(item[1][0][1]))
        name, group = min(fitting, key=lambda item: item[1][0][0], default=(None, None))
        if group is None:
            return None
        _, task = group.popleft()
        self._n_waiting -= 1
        if not group:
            del self._groups[name]
        return task

    def __iter__(self) -> Iterator[Task]:
        """The waiting tasks, the one that waits longest first."""
        everything = (item for group in self._groups.values() for item in group)
        return (task for _, task in sorted(everything, key=lambda item: item[0]))

    def __len__(self) -> int:
        return self._n_waiting


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
        self.local: dict[str, Waiting] = {}
        self.anywhere = Waiting()
        self.running: dict[tuple[int, int], tuple[str, int]] = {}

    def begin(self, tasks: list[Task]) -> None:
        """A stage of `tasks` begins; none of them is queued yet."""
        self.tasks = tasks
        self.n_left = len(tasks)

    def end(self) -> None:
        """The job is over: nothing waits any more."""
        self.is_ended = True
        self.n_queued = 0
        self.local = {}
        self.anywhere = Waiting()

    def may_run(self, task: Task, host: str) -> bool:
        """Whether `host` is allowed for `task`: not where it failed, and as force_local or force_remote want it.

        The two flags hold for the first stage only, as in Disco.
        """
        if host in task.blacklist:
            return False
        if self._is_forced:
            return (host in task.hosts) == self.limits.force_local
        return True

    @property
    def _is_forced(self) -> bool:
        return self.stage == 0 and (self.limits.force_local or self.limits.force_remote)

    def queue(self, task: Task, available: Container[str]) -> None:
        """Let `task` wait at the node of one of its replicas, the one with the fewest waiting, then running, tasks."""
        self.n_queued += 1
        group = frozenset(task.blacklist), task.hosts if self._is_forced else ()
        homes = [host for host in task.hosts if host in available and self.may_run(task, host)]
        if not homes:
            self.anywhere.add(task, group)
            return
        running = [host for host, _ in self.running.values()]
        home = min(homes, key=lambda host: (len(self.local.get(host, ())), running.count(host)))
        if home in task.replicas:
            task.replica = task.replicas.index(home)
        self.local.setdefault(home, Waiting()).add(task, group)

    def leave(self, home: str, available: Container[str]) -> None:
        """Let the tasks that wait at `home`, which takes none any more, wait at another replica's node, or nowhere."""
        for task in self.local.pop(home, ()):
            self.n_queued -= 1
            self.queue(task, available)

    @property
    def may_start(self) -> bool:
        """Whether a task waits, and the job may have one more running."""
        return self.n_queued > 0 and len(self.running) < self.limits.max_cores

    def take_local(self, host: str) -> Task | None:
        """A waiting task that is at home at `host`, taken out of its queue; None when there is none."""
        return self._take_at(host, host) if host in self.local else None

    def take_anywhere(self, host: str) -> Task | None:
        """A waiting task that is at home nowhere and may run at `host`, taken out of its queue."""
        return self._take(self.anywhere, host)

    @property
    def may_move(self) -> bool:
        """Whether tasks wait at home that may run elsewhere too."""
        return bool(self.local) and not (self.stage == 0 and self.limits.force_local)

    def take_away(self, host: str) -> Task | None:
        """A waiting task of the longest queue of another node that may run at `host`, taken out of its queue."""
        homes = sorted(self.local, key=lambda home: len(self.local[home]), reverse=True) if self.may_move else ()
        return next((task for home in homes if (task := self._take_at(home, host)) is not None), None)

    def _take_at(self, home: str, host: str) -> Task | None:
        task = self._take(self.local[home], host)
        if not self.local[home]:
            del self.local[home]
        return task

    def _take(self, waiting: Waiting, host: str) -> Task | None:
        task = waiting.take(lambda first: self.may_run(first, host))
        self.n_queued -= task is not None
        return task
