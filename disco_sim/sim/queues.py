"""The tasks of a stage that wait for slots: a queue per node, and one for tasks that are at home nowhere."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Hashable, Iterator
from heapq import heapify, heappop, heappush

from disco_sim.model.job import Limits
from disco_sim.sim.tasks import DELAYED, DONE, RUNNING, WAITING, Task

RunKey = tuple[str, int, int]
"""Stage, task and attempt: what a run is known by within its job."""

RunPlace = tuple[str, int, int, float]
"""The host and slot of a run, the replica it reads, and when it started."""


class Waiting:
    """Tasks in the order they came, in groups whose tasks may all run on the same nodes.

    So a free slot asks once a group, and not once a task, whether it may run there.
    """

    def __init__(self) -> None:
        self._groups: dict[Hashable, deque[Task]] = {}
        self._n_added = 0
        self.n = 0

    def add(self, task: Task, group: Hashable) -> None:
        """Let `task` wait behind the others; `group` is equal for tasks that may run on the same nodes."""
        self._n_added += 1
        self.n += 1
        task.place = self._n_added
        if group in self._groups:
            self._groups[group].append(task)
        else:
            self._groups[group] = deque((task,))

    def take(self, host: str, may_run: Callable[[Task, str], bool]) -> Task | None:
        """The task that waits longest of those that may run at `host`, taken out; None when there is none."""
        first = None
        for group, tasks in self._groups.items():
            if (first is None or tasks[0].place < first.place) and may_run(tasks[0], host):
                first, fitting, name = tasks[0], tasks, group
        if first is not None:
            self.n -= 1
            fitting.popleft()
            if not fitting:
                del self._groups[name]
        return first

    def pull(self, is_wanted: Callable[[Task], bool]) -> list[Task]:
        """All waiting tasks that are wanted, taken out, the one that waits longest first."""
        pulled: list[Task] = []
        for group, tasks in list(self._groups.items()):
            wanted = [task for task in tasks if is_wanted(task)]
            if len(wanted) == len(tasks):
                del self._groups[group]
            elif wanted:
                self._groups[group] = deque(task for task in tasks if not is_wanted(task))
            pulled += wanted
        self.n -= len(pulled)
        return sorted(pulled, key=lambda task: task.place)

    def __iter__(self) -> Iterator[Task]:
        """The waiting tasks, in no special order."""
        return (task for tasks in self._groups.values() for task in tasks)


class StageQueues:
    """The tasks of a stage that has begun: waiting ones in queues, at a home or anywhere.

    `forced` are the limits of the job in its first stage, for which alone force_local and force_remote hold, as in
    Disco. `running` are the runs of the whole job. A task that has failed or lost its outputs comes back to the queues.
    """

    def __init__(self, name: str, tasks: list[Task], running: dict[RunKey, RunPlace], forced: Limits) -> None:
        self.name = name
        self.tasks = tasks
        self.n_left = len(tasks)
        self.n_queued = 0
        self.n_delayed = 0
        self.is_finish_asked = False
        self.local: dict[str, Waiting] = {}
        self.anywhere = Waiting()
        self._running = running
        self._is_local = forced.force_local
        self.is_forced = forced.force_local or forced.force_remote
        # A heap of homes, (minus length, number, home), the one with the longest queue on top. Queues shrink without a
        # word to it, so what is on top is compared with the queue itself; when one grows, the heap is made anew.
        self._longest: list[tuple[int, int, str]] | None = None

    def may_run(self, task: Task, host: str) -> bool:
        """Whether `host` is allowed for `task`: not where it failed, and as force_local or force_remote want it."""
        if host in task.blacklist:
            return False
        return not self.is_forced or (host in task.hosts) == self._is_local

    # -- tasks come ----------------------------------------------------------------------------

    def queue(self, task: Task, usable: Collection[str]) -> None:
        """Let `task` wait at the node of one of its replicas, the one with the fewest waiting, then running, tasks.

        One where it failed, or whose replica failed, is no such node. When the task has failed on every usable node
        that it may run on, all of them are open to it again.
        """
        if task.blacklist and self._has_failed_on_all(task, usable):
            task.blacklist = frozenset()
        task.state = WAITING
        self.n_queued += 1
        homes = [host for host in task.hosts if host in usable]
        if self.is_forced or task.blacklist:
            homes = [host for host in homes if self.may_run(task, host)]
        if task.failed_replicas:
            homes = [host for host in homes if task.replica_at(host) is not None]
        group = task.blacklist, task.hosts if self.is_forced else ()
        if not homes:
            self.anywhere.add(task, group)
            return
        home = homes[0] if len(homes) == 1 else self._home(homes)
        if len(task.replicas) > 1:
            task.read_at(home)
        if home not in self.local:
            self.local[home] = Waiting()
        self.local[home].add(task, group)
        self._longest = None

    def _home(self, homes: list[str]) -> str:
        """The one of several homes with the fewest waiting, then running, tasks of the job."""
        shortest, fewest = len(self.tasks) + 1, homes
        for home in homes:
            length = self.local[home].n if home in self.local else 0
            if length < shortest:
                shortest, fewest = length, [home]
            elif length == shortest:
                fewest.append(home)
        if len(fewest) == 1:
            return fewest[0]
        running = [host for host, _, _, _ in self._running.values()]
        return min(fewest, key=running.count)

    def delay(self, task: Task) -> None:
        """Let `task` wait outside the queues, until `resume`."""
        task.state = DELAYED
        self.n_delayed += 1

    def resume(self, task: Task, usable: Collection[str]) -> None:
        """The delay of `task` is over."""
        self.n_delayed -= 1
        self.queue(task, usable)

    def undo(self, task: Task, usable: Collection[str]) -> None:
        """What a done task had stored is lost: it runs again."""
        self.n_left += 1
        self.queue(task, usable)

    def leave(self, host: str, usable: Collection[str]) -> None:
        """Let the tasks that wait at `host`, which takes none any more, wait at another replica's node, or nowhere."""
        here = self.local.pop(host, None)
        tasks = here.pull(lambda task: True) if here else []
        # Others may by now have failed on every node that is left.
        tasks += self.anywhere.pull(lambda task: self._has_failed_on_all(task, usable))
        self._queue_again(tasks, usable)

    def enter(self, host: str, usable: Collection[str]) -> None:
        """Let the tasks that are at home at `host`, which takes tasks again, and wait nowhere, wait there."""
        tasks = self.anywhere.pull(lambda task: host in task.hosts and self.may_run(task, host))
        self._queue_again(tasks, usable)

    def _has_failed_on_all(self, task: Task, usable: Collection[str]) -> bool:
        return bool(task.blacklist) and not any(self.may_run(task, host) for host in usable)

    def _queue_again(self, tasks: list[Task], usable: Collection[str]) -> None:
        self.n_queued -= len(tasks)
        for task in tasks:
            self.queue(task, usable)

    # -- tasks go ------------------------------------------------------------------------------

    def take_local(self, host: str) -> Task | None:
        """A waiting task that is at home at `host`, taken out of its queue; None when there is none."""
        return self._take_at(host, host) if host in self.local else None

    def take_anywhere(self, host: str) -> Task | None:
        """A waiting task that is at home nowhere and may run at `host`, taken out of its queue."""
        task = self.anywhere.take(host, self.may_run)
        self.n_queued -= task is not None
        return task

    @property
    def may_move(self) -> bool:
        """Whether tasks wait at home that may run elsewhere too."""
        return bool(self.local) and not self._is_local

    def take_away(self, host: str) -> Task | None:
        """A waiting task of the longest queue of another node that may run at `host`, taken out of its queue."""
        if not self.may_move:
            return None
        if self._longest is None:
            self._longest = [(-waiting.n, number, home) for number, (home, waiting) in enumerate(self.local.items())]
            heapify(self._longest)
        task = None
        asked: list[tuple[int, int, str]] = []
        while self._longest and task is None:
            length, number, home = heappop(self._longest)
            n_waiting = self.local[home].n if home in self.local else 0
            if n_waiting == -length:
                asked.append((length, number, home))
                task = self._take_at(home, host)
            elif n_waiting:
                heappush(self._longest, (-n_waiting, number, home))
        for entry in asked:
            heappush(self._longest, entry)
        return task

    def _take_at(self, home: str, host: str) -> Task | None:
        waiting = self.local[home]
        task = waiting.take(host, self.may_run)
        if task is not None:
            self.n_queued -= 1
            if not waiting.n:
                del self.local[home]
        return task

    def check(self, n_running: dict[int, int], has_copies: bool) -> None:
        """Assert that queues, counters and the states of tasks agree; `n_running` are the runs of each task."""
        queued = [task for waiting in (*self.local.values(), self.anywhere) for task in waiting]
        states = Counter(task.state for task in self.tasks)
        assert sorted(task.number for task in queued) == [task.number for task in self.tasks if task.state == WAITING]
        assert (self.n_queued, self.n_delayed) == (states[WAITING], states[DELAYED])
        assert self.n_left == len(self.tasks) - states[DONE], f"{self.name} has {self.n_left} tasks left"
        for task in self.tasks:
            assert task.n_running == n_running.get(task.number, 0)
            # Only the run that lost against a copy is there a moment longer than its task runs.
            assert task.n_running <= 1 + has_copies
            assert has_copies or (task.state == RUNNING) == (task.n_running > 0)
