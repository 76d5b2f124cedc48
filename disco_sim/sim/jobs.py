"""An active job as the scheduler sees it: its stages that have begun, which of them is open, and its runs."""

from __future__ import annotations

from collections import Counter

from disco_sim.model.events import DropRun
from disco_sim.model.job import Limits
from disco_sim.model.plan import Plan
from disco_sim.sim.queues import RunKey, RunPlace, StageQueues
from disco_sim.sim.slots import Slots, listed
from disco_sim.sim.tasks import WAITING, Task


class ActiveJob:
    """The stages of a job that have begun, and its runs in all of them.

    Tasks start in the `open` stage only, the first of which not all tasks are done: when outputs of done tasks are
    lost, an earlier stage is open again, and the tasks of the later ones wait until it is complete. Runs go on.

    A job that has ended stays as long as runs of it hold slots; `dropped` are those whose end was ordered.
    """

    def __init__(self, name: str, serial: int, plan: Plan, limits: Limits) -> None:
        self.name = name
        self.serial = serial
        self.plan = plan
        self.limits = limits
        self.is_ended = False
        self.n_started = 0
        self.running: dict[RunKey, RunPlace] = {}
        self.dropped: set[RunKey] = set()
        self.stages: dict[str, StageQueues] = {}
        # Before the first stage has begun: one without tasks.
        self.open = self.newest = StageQueues("", [], self.running, limits)

    def begin(self, stage: str, tasks: list[Task]) -> StageQueues:
        """The next stage begins; none of its `tasks` is queued yet."""
        forced = Limits() if self.stages else self.limits
        self.newest = self.stages[stage] = StageQueues(stage, tasks, self.running, forced)
        self.reopen()
        return self.newest

    def reopen(self) -> None:
        """Find the open stage, now that one is complete, or is not any more; when all are, it is the newest."""
        self.open = next((stage for stage in self.stages.values() if stage.n_left), self.newest)

    def end(self) -> None:
        """The job is over: nothing waits any more, and what runs is on its way out."""
        self.is_ended = True
        self.stages = {}
        self.open = self.newest = StageQueues("", [], self.running, self.limits)

    @property
    def has_room(self) -> bool:
        """Whether the job may have one more running."""
        return len(self.running) < self.limits.max_cores

    def drop(self, run: RunKey, reason: str) -> DropRun:
        """Order the end of a run, which keeps its slot until it is told to be lost."""
        self.dropped.add(run)
        host, _, _, _ = self.running[run]
        return DropRun(self.name, *run, host, reason)

    def runs_of(self, stage: str, task: Task) -> list[RunKey]:
        """The runs of a task that go on."""
        runs: list[RunKey] = [(stage, task.number, attempt) for attempt in range(task.attempts)]
        return [run for run in runs if run in self.running and run not in self.dropped]

    def why_stuck(self, slots: Slots) -> str:
        """Why no waiting task can start though nothing more will happen, or which run does not end; a sentence."""
        waiting = [task for task in self.open.tasks if task.state == WAITING]
        if waiting and not slots.usable:
            return f"{listed(slots.number)} {slots.state_of(slots.number)} and none returns"
        for task in waiting:
            if not any(self.open.may_run(task, host) for host in slots.usable):
                return f"task {self.open.name}:{task.number} {self._why_nowhere(task, slots)}"
        for (stage, number, _), (host, _, _, _) in self.running.items():
            return f"task {stage}:{number} runs on {host} and does not end"
        return f"{len(waiting)} tasks wait for a slot and none comes free" if waiting else "no task of the job waits"

    def _why_nowhere(self, task: Task, slots: Slots) -> str:
        if self.limits.force_local:
            return f"may only run on {listed(task.hosts)} (force_local), which {slots.state_of(task.hosts)}"
        others = [host for host in slots.number if host not in task.hosts]
        return f"may not run on {listed(task.hosts)} (force_remote), and {listed(others)} {slots.state_of(others)}"

    def check(self, has_copies: bool) -> None:
        """Assert what must hold between events: tasks are in one state, and runs are of tasks. For tests."""
        assert self.open is next((stage for stage in self.stages.values() if stage.n_left), self.newest)
        n_running = Counter(run[:2] for run in self.running)
        for stage in self.stages.values():
            stage.check({task: n for (name, task), n in n_running.items() if name == stage.name}, has_copies)
