"""Which task runs where and when: a pure state machine, `handle(event) -> instructions`.

It computes no data, stores nothing, draws no luck and reads no clock; all it knows came in events, so any
run can be replayed from the log. Rules: Disco's documentation of its scheduler (slots, locality, private
blacklists, retry delays, policies); what lost outputs and dead nodes lead to is ours, after Disco's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event, Instruction
from disco_sim.sim.copies import Copies
from disco_sim.sim.jobs import ActiveJob
from disco_sim.sim.policies import policy_of
from disco_sim.sim.queues import RunPlace, StageQueues
from disco_sim.sim.slots import Slots
from disco_sim.sim.tasks import DELAYED, DONE, RUNNING, Task


class Scheduler:
    """Gives tasks to slots.

    `max_failures` failed runs of a task are forgiven, one more ends its job. The `policy` says which job goes first.
    With `has_copies` tasks whose run is slow get a second one. State changes only in `handle`.

    Raises:
        DiscoError: If there is no such policy.
    """

    def __init__(
        self, spec: ClusterSpec, max_failures: int = 3, policy: str = "fair", has_copies: bool = False
    ) -> None:
        self._max_failures = max_failures
        self._policy = policy_of(policy, spec.n_slots)
        self._slots = Slots(spec)
        self._has_copies = has_copies
        self._copies = Copies()
        self._jobs: dict[str, ActiveJob] = {}
        self._time_s = 0.0
        self._handlers: dict[type[Any], Callable[[Any], list[Instruction]]] = {
            events.JobSubmitted: self._on_job_submitted,
            events.StageStarted: self._on_stage_started,
            events.RunFinished: self._on_run_finished,
            events.RunFailed: self._on_run_failed,
            events.TaskRequeued: self._on_task_requeued,
            events.OutputLost: self._on_output_lost,
            events.StageFinished: self._on_stage_finished,
            events.JobKillAsked: self._on_job_kill_asked,
            events.NodeBlacklisted: self._on_node_blacklisted,
            events.NodeWhitelisted: self._on_node_whitelisted,
            events.NodeDied: self._on_node_died,
            events.NodeReturned: self._on_node_returned,
        }
        if has_copies:
            self._handlers[events.CopiesDue] = self._on_copies_due

    def handle(self, event: Event) -> tuple[Instruction, ...]:
        """What is to be done now that `event` happened."""
        handler = self._handlers.get(type(event))
        if handler is None:
            return ()
        self._time_s = event.time_s
        if event.time_s >= self._policy.next_s:
            self._policy.pass_time(event.time_s)
        return tuple(handler(event))

    @property
    def waiting(self) -> tuple[str, ...]:
        """The jobs that have tasks waiting for a slot."""
        return tuple(name for name, job in self._jobs.items() if job.open.n_queued)

    @property
    def usable(self) -> tuple[str, ...]:
        """The nodes that take runs, being neither dead nor blacklisted, in cluster order."""
        return tuple(self._slots.usable)

    @property
    def dead(self) -> tuple[str, ...]:
        """The nodes that are dead, in cluster order."""
        return tuple(host for host in self._slots.number if host in self._slots.dead)

    def why_stuck(self, job: str) -> str:
        """One sentence: why no waiting task of a job can start though nothing more will happen, or what never ends."""
        return self._jobs[job].why_stuck(self._slots) if job in self._jobs else "the job has ended"

    def check(self) -> None:
        """Assert what must hold between events, of slots and of every job. For tests."""
        held: dict[str, list[int]] = {}
        for job in self._jobs.values():
            job.check(self._has_copies)
            for host, slot, _, _ in job.running.values():
                held.setdefault(host, []).append(slot)
        self._slots.check(held)

    # -- jobs and stages -----------------------------------------------------------------------

    def _on_job_submitted(self, event: events.JobSubmitted) -> list[Instruction]:
        job = self._jobs[event.job] = ActiveJob(event.job, event.serial, event.plan, event.limits)
        self._policy.add(job)
        return self._next_stage(job)

    def _next_stage(self, job: ActiveJob) -> list[Instruction]:
        if len(job.stages) < len(job.plan):
            return [events.StartStage(job.name, job.plan[len(job.stages)].name)]
        self._close(job)
        return [events.FinishJob(job.name)]

    def _on_stage_started(self, event: events.StageStarted) -> list[Instruction]:
        job = self._jobs.get(event.job)
        if job is None or job.is_ended:
            return []
        hosts = self._slots.number
        stage = job.begin(event.stage, [Task.of(number, inputs, hosts) for number, inputs in enumerate(event.tasks)])
        for task in stage.tasks:
            if stage.is_forced and not any(stage.may_run(task, host) for host in hosts):
                flag = "force_local" if job.limits.force_local else "force_remote"
                where = ", ".join(task.hosts) or "no node of the cluster"
                return self._end(
                    job,
                    f"task {event.stage}:{task.number} has no node it may run on: {flag} is on and its input is at "
                    f"{where}; take the flag out of scheduler={{...}} or add nodes",
                )
            stage.queue(task, self._slots.usable)
        return self._finish(job) + self._assign()

    def _finish(self, job: ActiveJob) -> list[Instruction]:
        """Finish the newest stage, if it and all before it are complete and that has not been asked for."""
        job.reopen()
        if job.open.n_left or job.newest.is_finish_asked:
            return []
        job.newest.is_finish_asked = True
        return [events.FinishStage(job.name, job.newest.name)]

    def _on_stage_finished(self, event: events.StageFinished) -> list[Instruction]:
        job = self._jobs.get(event.job)
        if job is None or job.is_ended or event.stage != job.newest.name:
            return []
        if job.open.n_left:
            # Outputs were lost while this event was on its way. The stage will be complete once more.
            job.newest.is_finish_asked = False
            return []
        return self._next_stage(job)

    def _on_job_kill_asked(self, event: events.JobKillAsked) -> list[Instruction]:
        job = self._jobs.get(event.job)
        if job is None or job.is_ended:
            return []
        return self._end(job, event.reason, lost=event.reason) + self._assign()

    def _end(self, job: ActiveJob, reason: str, lost: str = "job ended") -> list[Instruction]:
        orders = [job.drop(run, lost) for run in job.running if run not in job.dropped]
        self._close(job)
        return [*orders, events.EndJob(job.name, reason)]

    def _close(self, job: ActiveJob) -> None:
        """The job is not active any more. It is forgotten when its last run has left its slot."""
        job.end()
        self._policy.drop(job)
        self._copies.forget(job.name)
        if not job.running:
            del self._jobs[job.name]

    # -- runs ----------------------------------------------------------------------------------

    def _on_run_finished(self, event: events.RunFinished) -> list[Instruction]:
        job = self._jobs[event.job]
        task, (_, _, _, start_s) = self._release(job, event)
        orders: list[Instruction] = []
        if task is not None and task.state == RUNNING:
            stage = job.stages[event.stage]
            task.state = DONE
            stage.n_left -= 1
            if self._has_copies:
                self._copies.done(event.job, event.stage, event.time_s - start_s)
            if task.n_running:
                runs = job.runs_of(event.stage, task)
                orders += [job.drop(run, "another run of the task was faster") for run in runs]
            if not stage.n_left:
                orders += self._finish(job)
        return orders + self._assign()

    def _on_run_failed(self, event: events.RunFailed) -> list[Instruction]:
        job = self._jobs.get(event.job)
        if job is None or event[2:5] not in job.running:
            return []
        task, (_, _, replica, _) = self._release(job, event)
        if task is None or task.state != RUNNING:
            # Its job has ended, or it is done by another run, or what that had stored is lost and it waits already.
            return self._assign()
        is_lost = event.kind == "lost"
        if not is_lost and (reason := task.fail(event, replica, self._max_failures)) is not None:
            return self._end(job, reason) + self._assign()
        if task.n_running:
            return self._assign()  # its other run goes on
        stage = job.stages[event.stage]
        if event.cause == "input":
            stage.queue(task, self._slots.usable)
            return self._assign()
        task.losses += is_lost
        stage.delay(task)
        wait_s = task.wait_s(event.luck)
        delay = events.DelayTask(event.job, event.stage, event.task, task.failures, event.host, wait_s)
        return [delay, *self._assign()]

    def _on_task_requeued(self, event: events.TaskRequeued) -> list[Instruction]:
        stage = self._stage(event)
        if stage is None or stage.tasks[event.task].state != DELAYED:
            return []
        stage.resume(stage.tasks[event.task], self._slots.usable)
        return self._assign()

    def _on_output_lost(self, event: events.OutputLost) -> list[Instruction]:
        stage = self._stage(event)
        if stage is None or stage.tasks[event.task].state != DONE:
            return []
        stage.undo(stage.tasks[event.task], self._slots.usable)
        self._jobs[event.job].reopen()
        return self._assign()

    def _stage(self, event: events.TaskRequeued | events.OutputLost) -> StageQueues | None:
        job = self._jobs.get(event.job)
        return None if job is None else job.stages.get(event.stage)

    def _on_copies_due(self, event: events.CopiesDue) -> list[Instruction]:
        self._copies.looked(event)
        return self._assign()

    # -- nodes ---------------------------------------------------------------------------------

    def _on_node_blacklisted(self, event: events.NodeBlacklisted) -> list[Instruction]:
        return self._change(event.host, self._slots.set_blacklisted(event.host, True))

    def _on_node_whitelisted(self, event: events.NodeWhitelisted) -> list[Instruction]:
        return self._change(event.host, self._slots.set_blacklisted(event.host, False))

    def _on_node_died(self, event: events.NodeDied) -> list[Instruction]:
        # Its runs still have their slots: the loss of each comes as an event of its own.
        return self._change(event.host, self._slots.set_dead(event.host, True))

    def _on_node_returned(self, event: events.NodeReturned) -> list[Instruction]:
        return self._change(event.host, self._slots.set_dead(event.host, False))

    def _change(self, host: str, is_changed: bool) -> list[Instruction]:
        """A node takes runs from now on, or does not any more."""
        if not is_changed:
            return []
        usable = self._slots.usable
        for job in self._jobs.values():
            for stage in job.stages.values():
                if host in usable:
                    stage.enter(host, usable)
                else:
                    stage.leave(host, usable)
        return self._assign()

    # -- what follows --------------------------------------------------------------------------

    def _assign(self) -> list[Instruction]:
        """Fill free slots until no free slot can take a waiting task, then with second runs."""
        orders: list[Instruction] = []
        ready = self._slots.ready
        while ready:
            # Not `has_room`: most of the scheduler's time goes by here, once a run.
            jobs = [job for job in self._jobs.values() if job.open.n_queued and len(job.running) < job.limits.max_cores]
            if len(jobs) > 1:
                jobs = self._policy.order(jobs)
            order = self._next(jobs)
            if order is None:
                break
            orders.append(order)
        if self._has_copies and ready:
            orders += self._copy()
        return orders

    def _next(self, jobs: list[ActiveJob]) -> Instruction | None:
        """Start the next task: first which job, then which of its tasks, on the least loaded node that can.

        A task at home where a slot is free goes before one that is at home nowhere; only then one is moved
        away from its home, and only to a node at which no task waits that could start. None if there is none.
        """
        ready = self._slots.ready
        for job in jobs:
            stage = job.open
            if stage.local:
                for _, _, host in ready:
                    if host in stage.local and (task := stage.take_local(host)):
                        return self._start(job, task, host)
            if stage.anywhere.n:
                for _, _, host in ready:
                    if task := stage.take_anywhere(host):
                        return self._start(job, task, host)
            if stage.may_move:
                for _, _, host in ready:
                    if not any(host in other.open.local for other in jobs) and (task := stage.take_away(host)):
                        return self._start(job, task, host)
        return None

    def _start(self, job: ActiveJob, task: Task, host: str) -> Instruction:
        slot = self._slots.take(host)
        if self._slots.dead and len(task.replicas) > 1:
            task.avoid(self._slots.dead)
        stage = job.open.name
        attempt = task.attempts
        task.attempts += 1
        task.n_running += 1
        task.state = RUNNING
        job.n_started += 1
        job.running[stage, task.number, attempt] = host, slot, task.replica, self._time_s
        return events.StartRun(job.name, stage, task.number, attempt, host, slot, task.replica)

    def _release(self, job: ActiveJob, event: events.RunFinished | events.RunFailed) -> tuple[Task | None, RunPlace]:
        """A run left its slot: its task, None if the job has ended, and where it was."""
        run = event[2:5]
        place = job.running.pop(run)
        self._slots.give_back(place[0], place[1])
        job.dropped.discard(run)
        if job.is_ended:
            if not job.running:
                del self._jobs[job.name]
            return None, place
        task = job.stages[event.stage].tasks[event.task]
        task.n_running -= 1
        return task, place

    def _copy(self) -> list[Instruction]:
        """Start second runs as long as slots are free for them, and have the others looked at when they may be slow."""
        copies = self._copies
        orders: list[Instruction] = []
        for job in self._policy.order([job for job in self._jobs.values() if not job.is_ended]):
            while job.has_room and (found := copies.pick(job, self._time_s, self._slots)):
                task, host = found
                task.read_at(host)
                orders.append(self._start(job, task, host))
            if job.has_room and (wait_s := copies.look(job, self._time_s, self._slots)) is not None:
                orders.append(events.WatchCopies(job.name, job.open.name, wait_s))
        return orders
