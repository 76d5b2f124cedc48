"""Which task runs where and when: a pure state machine, `handle(event) -> instructions`.

It computes no data, stores nothing, draws no luck and reads no clock; all it knows came in events, so any
run can be replayed from the log. Rules: Disco's documentation of its scheduler (slots, locality, private
blacklists, retry delays); the job with the fewest running tasks goes first.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from typing import Any

from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event, Instruction
from disco_sim.model.plan import TaskInputs
from disco_sim.sim.queues import JobQueues, Task


class Scheduler:
    """Gives tasks to slots.

    `max_failures` failed runs of a task are forgiven, one more ends its job. State changes only in `handle`.
    """

    def __init__(self, spec: ClusterSpec, max_failures: int = 3) -> None:
        self._max_failures = max_failures
        self._order = {node.host: number for number, node in enumerate(spec.nodes)}
        self._free = {node.host: list(range(node.slots - 1, -1, -1)) for node in spec.nodes}
        self._slots = {node.host: node.slots for node in spec.nodes}
        self._usable = set(self._order)
        # Where slots are free, the least loaded node first; kept in order, for sorting a thousand nodes takes long.
        self._loads = sorted(self._load(host) for host in self._order)
        self._jobs: dict[str, JobQueues] = {}
        self._handlers: dict[type[Any], Callable[[Any], Iterator[Instruction]]] = {
            events.JobSubmitted: self._on_job_submitted,
            events.StageStarted: self._on_stage_started,
            events.RunFinished: self._on_run_finished,
            events.RunFailed: self._on_run_failed,
            events.TaskRequeued: self._on_task_requeued,
            events.StageFinished: self._on_stage_finished,
            events.JobKillAsked: self._on_job_kill_asked,
            events.NodeBlacklisted: self._on_node_blacklisted,
            events.NodeWhitelisted: self._on_node_whitelisted,
        }

    def handle(self, event: Event) -> tuple[Instruction, ...]:
        """What is to be done now that `event` happened."""
        handler = self._handlers.get(type(event))
        return tuple(handler(event)) if handler else ()

    @property
    def waiting(self) -> tuple[str, ...]:
        """The jobs that have tasks waiting for a slot."""
        return tuple(name for name, job in self._jobs.items() if job.n_queued)

    def check(self) -> None:
        """Assert what must hold between events: no slot holds two runs, nodes are in order of load. For tests."""
        held: dict[str, list[int]] = {host: [] for host in self._order}
        for job in self._jobs.values():
            for host, slot in job.running.values():
                held[host].append(slot)
        for host, free in self._free.items():
            slots = sorted([*held[host], *free])
            assert slots == list(range(self._slots[host])), f"slots of {host} are {slots}"
        loads = sorted(self._load(host) for host in self._usable if self._free[host])
        assert self._loads == loads, f"nodes are in the order {self._loads}"

    # -- what happened -------------------------------------------------------------------------

    def _on_job_submitted(self, event: events.JobSubmitted) -> Iterator[Instruction]:
        self._jobs[event.job] = JobQueues(event.job, event.serial, event.plan, event.limits)
        yield from self._next_stage(self._jobs[event.job])

    def _on_stage_started(self, event: events.StageStarted) -> Iterator[Instruction]:
        job = self._jobs.get(event.job)
        if job is None:
            return
        job.begin([self._task(job, number, inputs) for number, inputs in enumerate(event.tasks)])
        if not event.tasks:
            yield events.FinishStage(event.job, event.stage)
        for task in job.tasks:
            if not any(job.may_run(task, host) for host in self._order):
                yield from self._end(
                    job, f"task {event.stage}:{task.number} has no node it may run on: {self._why(job, task)}"
                )
                return
            job.queue(task, self._usable)
        yield from self._assign()

    def _on_run_finished(self, event: events.RunFinished) -> Iterator[Instruction]:
        job = self._jobs[event.job]
        self._release(job, event.task, event.attempt)
        job.n_left -= 1
        if job.n_left == 0:
            yield events.FinishStage(event.job, event.stage)
        yield from self._assign()

    def _on_run_failed(self, event: events.RunFailed) -> Iterator[Instruction]:
        job = self._jobs.get(event.job)
        if job is None:
            return
        self._release(job, event.task, event.attempt)
        if event.kind == "lost":
            if job.is_ended and not job.running:
                del self._jobs[event.job]
            yield from self._assign()
            return
        task = job.tasks[event.task]
        task.failures += 1
        name = f"{event.stage}:{event.task}"
        if event.kind == "fatal":
            yield from self._end(job, f"{name} failed on {event.host}: {event.reason}")
        elif event.kind == "memory" and task.had_memory_failure:
            yield from self._end(job, f"{name} ran out of memory twice, the second time on {event.host}")
        elif task.failures > self._max_failures:
            yield from self._end(
                job,
                f"Task {name} failed {task.failures} times. At most {self._max_failures} failures are allowed.",
            )
        else:
            task.had_memory_failure |= event.kind == "memory"
            task.blacklist.add(event.host)
            self._forgive(job, task)
            wait_s = min(task.failures, 60) + 1 + int(event.luck * 30)
            yield events.DelayTask(event.job, event.stage, event.task, task.failures, event.host, float(wait_s))
        yield from self._assign()

    def _on_task_requeued(self, event: events.TaskRequeued) -> Iterator[Instruction]:
        job = self._jobs.get(event.job)
        if job is None or job.is_ended:
            return
        job.queue(job.tasks[event.task], self._usable)
        yield from self._assign()

    def _on_stage_finished(self, event: events.StageFinished) -> Iterator[Instruction]:
        job = self._jobs.get(event.job)
        if job is None or job.is_ended:
            return
        job.stage += 1
        yield from self._next_stage(job)

    def _on_job_kill_asked(self, event: events.JobKillAsked) -> Iterator[Instruction]:
        job = self._jobs.get(event.job)
        if job is not None and not job.is_ended:
            yield from self._end(job, event.reason, lost=event.reason)
            yield from self._assign()

    def _on_node_blacklisted(self, event: events.NodeBlacklisted) -> Iterator[Instruction]:
        self._leave(event.host)
        self._usable.discard(event.host)
        for job in self._jobs.values():
            for task in job.tasks:
                self._forgive(job, task)
            job.leave(event.host, self._usable)
        yield from self._assign()

    def _on_node_whitelisted(self, event: events.NodeWhitelisted) -> Iterator[Instruction]:
        self._leave(event.host)
        self._usable.add(event.host)
        self._enter(event.host)
        yield from self._assign()

    # -- what follows --------------------------------------------------------------------------

    def _next_stage(self, job: JobQueues) -> Iterator[Instruction]:
        if job.stage < len(job.plan):
            yield events.StartStage(job.name, job.plan[job.stage].name)
        else:
            del self._jobs[job.name]
            yield events.FinishJob(job.name)

    def _end(self, job: JobQueues, reason: str, lost: str = "job ended") -> Iterator[Instruction]:
        job.end()
        for (task, attempt), (host, _) in list(job.running.items()):
            yield events.DropRun(job.name, job.plan[job.stage].name, task, attempt, host, lost)
        if not job.running:
            del self._jobs[job.name]
        yield events.EndJob(job.name, reason)

    def _assign(self) -> Iterator[Instruction]:
        """Fill free slots until no free slot can take a waiting task."""
        while (found := self._next()) is not None:
            yield self._start(*found)

    def _next(self) -> tuple[JobQueues, Task, str] | None:
        """The next task to start: first which job, then which of its tasks, on the least loaded node that can.

        A task at home where a slot is free goes before one that is at home nowhere; only then one is moved
        away from its home, and only to a node at which no task waits that could start.
        """
        if not self._loads:
            return None
        jobs = [job for job in self._jobs.values() if job.may_start]
        jobs.sort(key=lambda job: (len(job.running), job.serial))
        for job in jobs:
            for host in self._hosts(job.local):
                if task := job.take_local(host):
                    return job, task, host
            for host in self._hosts(job.anywhere):
                if task := job.take_anywhere(host):
                    return job, task, host
            for host in self._hosts(job.may_move):
                if not any(host in other.local for other in jobs) and (task := job.take_away(host)):
                    return job, task, host
        return None

    def _hosts(self, is_wanted: object) -> Iterator[str]:
        return (host for _, _, host in self._loads) if is_wanted else iter(())

    def _start(self, job: JobQueues, task: Task, host: str) -> Instruction:
        self._leave(host)
        slot = self._free[host].pop()
        self._enter(host)
        attempt = task.attempts
        task.attempts += 1
        job.running[task.number, attempt] = (host, slot)
        stage = job.plan[job.stage].name
        return events.StartRun(job.name, stage, task.number, attempt, host, slot, task.replica)

    def _release(self, job: JobQueues, task: int, attempt: int) -> None:
        host, slot = job.running.pop((task, attempt))
        self._leave(host)
        free = self._free[host]
        free.append(slot)
        # The lowest free slot is taken first, so that timelines are easy to read.
        free.sort(reverse=True)
        self._enter(host)

    def _leave(self, host: str) -> None:
        """Take `host` out of the order of loads, for its load is going to change."""
        if host in self._usable and self._free[host]:
            del self._loads[bisect_left(self._loads, self._load(host))]

    def _enter(self, host: str) -> None:
        if host in self._usable and self._free[host]:
            insort(self._loads, self._load(host))

    def _load(self, host: str) -> tuple[int, int, str]:
        return self._slots[host] - len(self._free[host]), self._order[host], host

    def _task(self, job: JobQueues, number: int, inputs: TaskInputs) -> Task:
        hosts = [host for host in inputs.hosts if host in self._order]
        replicas = [host for host, _ in inputs.pieces[0].replicas] if len(inputs.pieces) == 1 else []
        return Task(number, tuple(hosts), tuple(replicas))

    def _forgive(self, job: JobQueues, task: Task) -> None:
        """Empty a task's private blacklist once it covers every node the task may run on."""
        if not any(job.may_run(task, host) for host in self._usable):
            task.blacklist.clear()

    def _why(self, job: JobQueues, task: Task) -> str:
        flag = "force_local" if job.limits.force_local else "force_remote"
        where = ", ".join(task.hosts) or "no node of the cluster"
        return f"{flag} is on and its input is at {where}; take the flag out of scheduler={{...}} or add nodes"
