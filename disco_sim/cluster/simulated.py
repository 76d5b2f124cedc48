"""The simulated cluster: the only loop. It takes an event from the clock, writes it down, asks the scheduler, obeys.

It knows plans, stages, tasks and labels, and nothing of what the job functions are.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any

from disco_sim.cluster.course import course_of, failed
from disco_sim.cluster.record import DoneTask, JobRecord, RunKey, RunningRun, StartedRun
from disco_sim.engine.base import Engine
from disco_sim.error import CommError, DiscoError
from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event
from disco_sim.model.job import JobRequest
from disco_sim.model.plan import Output, check_plan, group
from disco_sim.model.work import Blob, Failure, TaskOutcome, TaskWork
from disco_sim.sim.clock import FIRST, NOW, Clock
from disco_sim.sim.costs import Costs, play
from disco_sim.sim.luck import draw, draw_integer
from disco_sim.sim.scheduler import Scheduler
from disco_sim.store.blobs import BlobStore
from disco_sim.store.log import Log
from disco_sim.store.oob import COMMITTED, DROPPED, OOBEntry, OOBStore
from disco_sim.store.tags import TagStore
from disco_sim.store.view import RunView

_HAPPENS: dict[type[Any], Callable[..., Event]] = {
    events.StartRun: events.RunStarted,
    events.FinishStage: events.StageFinished,
    events.FinishJob: events.JobFinished,
    events.EndJob: events.JobDied,
}
"""Instructions that need nothing but to happen: the event has the same fields behind its time."""


class SimulatedCluster:
    """Runs plans in virtual time on nodes that exist only here.

    The code of a task run is computed at its start event; what it produced becomes visible, output and
    out-of-band results together, at its virtual end. `keep="results"` drops what is between the stages
    when a job ends. `shuffle_order="random"` mixes the order in which tasks read their pieces.
    """

    def __init__(
        self,
        spec: ClusterSpec,
        engine: Engine,
        *,
        master: str = "master:8989",
        seed: int = 0,
        costs: Costs | None = None,
        oob_limit: int = 1000,
        max_failures: int = 3,
        keep: str = "all",
        shuffle_order: str = "task",
    ) -> None:
        self.spec = spec
        self.master = master
        self.seed = seed
        self.engine = engine
        self.costs = costs or Costs()
        self.log = Log()
        self.oob = OOBStore()
        self.tags = TagStore()
        self._oob_limit = oob_limit
        self._keep = keep
        self._shuffle_order = shuffle_order
        self._nodes = {node.host: node for node in spec.nodes}
        self._port = master.rpartition(":")[2]
        self._blobs = BlobStore()
        self._clock: Clock[Event] = Clock()
        self._scheduler = Scheduler(spec, max_failures)
        self._jobs: dict[str, JobRecord] = {}
        self._asked: deque[Event] = deque()
        self._effects: dict[type[Any], Callable[[Any], None]] = {
            events.JobSubmitted: self._on_job_submitted,
            events.StageStarted: self._on_stage_started,
            events.RunStarted: self._on_run_started,
            events.RunFinished: self._on_run_finished,
            events.RunFailed: self._on_run_failed,
            events.StageFinished: self._on_stage_finished,
            events.JobFinished: self._on_job_finished,
            events.JobDied: self._on_job_died,
        }
        self._obey: dict[type[Any], Callable[[Any], None]] = {
            events.StartStage: self._start_stage,
            events.DelayTask: self._delay_task,
            events.DropRun: self._drop_run,
        }

    # -- the face of a cluster -----------------------------------------------------------------

    @property
    def now_s(self) -> float:
        """The virtual time."""
        return self._clock.now_s

    def submit(self, request: JobRequest) -> None:
        """Take a job: its submission happens now, everything else when the cluster next moves."""
        if request.name in self._jobs:
            raise DiscoError(f"job {request.name!r} is on {self.master} already; full job names are unique")
        check_plan(request.plan)
        self._jobs[request.name] = JobRecord(request)
        self.oob.open(request.name)
        self._happen(
            events.JobSubmitted(
                self.now_s, request.name, request.serial, request.plan, len(request.inputs), request.limits
            )
        )

    def ask(self, event: Event) -> None:
        """Ask for a kill or a node's blacklisting; taken before the next thing happens, from any thread."""
        self._asked.append(event)

    def advance(self, until_s: float = math.inf) -> tuple[Event, ...]:
        """Let the next thing happen, not later than `until_s`; the events it brought, () when there was none.

        Raises:
            KeyboardInterrupt: When the user interrupts a run: its job is dead, everything else goes on next time.
        """
        while self._asked:
            event = self._asked.popleft()
            self._clock.put(self.now_s, event._replace(time_s=self.now_s), FIRST)
        taken = self._clock.pop(until_s)
        if taken is None:
            if until_s < math.inf:
                self._clock.move_to(until_s)
            return ()
        start = len(self.log)
        self._happen(taken)
        return tuple(self.log[start:])

    def status(self, job: str) -> str:
        """`active`, `ready`, `dead` or `unknown job`."""
        return self._jobs[job].status if job in self._jobs else "unknown job"

    def results(self, job: str, stage: str | None = None) -> list[str]:
        """The URLs of what a finished stage (None: the last) produced, one per task, in task order."""
        record = self._record(job)
        if stage is None:
            if record.status != "ready":
                return []
            if record.request.save_as is not None and record.request.plan:
                return [f"tag://{record.request.save_as}"]
            if not record.request.plan:
                return [piece.blob for piece in record.request.inputs]
            stage = record.request.plan[-1].name
        if stage not in record.finished:
            raise CommError(f"Not found: stage {stage!r} of job {job!r} is not finished", job, 404)
        return record.result_urls(stage, self._port)

    def index(self, url: str) -> list[tuple[int, str]]:
        """The (label, blob URL) pairs behind the `dir://` URL of one task's output."""
        *_, job, name = ("", *url.split("/"))
        found = self._jobs[job].index(name) if job in self._jobs else None
        if found is None:
            raise CommError("Unable to access resource: no such result; take the URL from job.results()", url, 404)
        return found

    def read(self, url: str) -> Blob:
        """The data under a blob's URL."""
        return self._blobs.get(url)

    def store(self, url: str, blob: Blob) -> None:
        """Keep data under a URL, for jobs to read."""
        self._blobs.put(url, blob)

    def failure(self, job: str) -> tuple[Failure, TaskWork] | None:
        """Why a job died, with the work of the run that ended it; None when no run did."""
        record = self._record(job)
        if record.ended_by is None:
            return None
        return record.failures[record.ended_by], self.work(job, *record.ended_by)

    def work(self, job: str, stage: str, task: int, attempt: int) -> TaskWork:
        """The work of a recorded run, made again as it was."""
        record = self._record(job)
        if (stage, task, attempt) not in record.started:
            runs = ", ".join(f"{name}:{number} run {run}" for name, number, run in record.started) or "none"
            raise DiscoError(f"job {job!r} has no run {attempt} of task {stage}:{task}; its runs are: {runs}")
        host, replica, moment = record.started[stage, task, attempt]
        tasks = record.tasks[stage]
        level = record.stage_level(stage)
        return TaskWork(
            job=job,
            serial=record.request.serial,
            stage=stage,
            task=task,
            attempt=attempt,
            n_tasks=len(tasks),
            # Tasks that split their input are told apart by their number, the others by what they group.
            label=task if record.request.plan[level].grouping == "split" else tasks[task].label,
            host=host,
            master=self.master,
            program=record.request.program,
            inputs=tasks[task].pieces,
            replica=replica,
            store=RunView(self._blobs, self.oob, job, stage, level, task, moment),
            # The attempt is no part of it: a retry computes what the first run would have.
            luck=draw_integer(self.seed, "run", record.request.serial, stage, task),
            oob_limit=self._oob_limit,
            shuffle_order=self._shuffle_order if level else "task",
        )

    def forget(self, job: str, with_data: bool) -> None:
        """Drop the record of a job that has ended, and, `with_data`, all it stored; its events stay in the log.

        Raises:
            DiscoError: If the job is active.
        """
        record = self._jobs.get(job)
        if record is None:
            return
        if record.status == "active":
            raise DiscoError(
                f"job {job!r} is still active, and only the record of an ended job can be dropped; a kill asked for "
                "while the cluster moves is taken a little later: clean or purge the job after that",
                job=job,
            )
        record.status = "unknown job"
        if with_data:
            for stage in record.done:
                for piece in record.pieces(stage):
                    self._blobs.drop(piece.blob)
            self.oob.forget(job)
            del self._jobs[job]

    # -- the loop ------------------------------------------------------------------------------

    def _happen(self, event: Event) -> None:
        if isinstance(event, events.RunFinished):
            event = self._settle(event)
        self.log.append(event)
        effect = self._effects.get(type(event))
        if effect is not None:
            effect(event)
        for order in self._scheduler.handle(event):
            if isinstance(order, events.EndJob) and isinstance(event, events.RunFailed):
                self._jobs[order.job].ended_by = (event.stage, event.task, event.attempt)
            if type(order) in _HAPPENS:
                self._soon(_HAPPENS[type(order)](self.now_s, *order))
            else:
                self._obey[type(order)](order)

    def _soon(self, event: Event) -> None:
        self._clock.put(self.now_s, event, NOW)

    def _settle(self, event: events.RunFinished) -> Event:
        """The event itself, or the failure that it turns into because another task has taken an out-of-band key."""
        record = self._jobs[event.job]
        run = record.running[event.stage, event.task, event.attempt]
        error = self.oob.conflict(event.job, self._entries(event, run.outcome, COMMITTED))
        if error is None:
            return event
        failure = Failure("fatal", f"{type(error).__name__}: {error}", error)
        run.outcome = TaskOutcome(oob=run.outcome.oob, counts=run.outcome.counts, failure=failure)
        return failed(event, failure, self._delay_luck(event))

    # -- what happened, and what it does to the stores -------------------------------------------

    def _on_job_submitted(self, event: events.JobSubmitted) -> None:
        for stage in event.plan:
            self._jobs[event.job].done[stage.name] = {}

    def _on_stage_started(self, event: events.StageStarted) -> None:
        self._jobs[event.job].tasks[event.stage] = event.tasks

    def _on_run_started(self, event: events.RunStarted) -> None:
        record = self._jobs[event.job]
        key = (event.stage, event.task, event.attempt)
        record.started[key] = StartedRun(event.host, event.replica, self.oob.moment)
        if key in record.running:
            return  # dropped in the very instant of its start
        work = self.work(event.job, *key)
        try:
            outcome = self.engine.compute(work)
        except BaseException as error:
            # An interrupt, a debugger that was quit, an engine that broke: nobody knows what the run would produce.
            is_interrupt = isinstance(error, KeyboardInterrupt)
            reason = "interrupted" if is_interrupt else f"engine could not compute a run: {type(error).__name__}"
            record.running[key] = RunningRun(TaskOutcome(), [])
            self._clock.put(self.now_s, events.JobKillAsked(self.now_s, event.job, reason), FIRST)
            # The end is played out at once, so that the job is dead when the user gets the prompt back.
            while record.status == "active":
                self.advance(self.now_s)
            raise
        run = record.running[key] = RunningRun(outcome, [])
        phases = self.costs.phases(outcome.counts, work.inputs, self._nodes[event.host])
        played = play(phases, event.time_s, self.costs)
        for coming in course_of(event, outcome, played, self._delay_luck(event)):
            run.serials.append(self._clock.put(coming.time_s, coming))

    def _on_run_finished(self, event: events.RunFinished) -> None:
        record = self._jobs[event.job]
        outcome = record.running.pop((event.stage, event.task, event.attempt)).outcome
        where = (event.time_s, event.job, event.stage, event.task, event.attempt, event.host)
        done = record.done[event.stage][event.task] = DoneTask(event.host, [])
        for label, blob in sorted(outcome.outputs, key=lambda output: output[0]):
            url = f"disco://{record.folder(event.host, self._port)}/{event.stage}-{event.task}-{label}"
            self._blobs.put(url, blob)
            done.outputs.append(Output(label, event.host, blob.n_records, blob.n_bytes, url))
            self.log.append(events.OutputStored(*where, label, blob.n_records, blob.n_bytes, url))
        self._store_oob(event, outcome, COMMITTED)

    def _on_run_failed(self, event: events.RunFailed) -> None:
        record = self._jobs[event.job]
        key = (event.stage, event.task, event.attempt)
        outcome = record.running.pop(key).outcome
        if outcome.failure is not None and event.kind != "lost":
            record.failures[key] = outcome.failure
        self._store_oob(event, outcome, DROPPED)

    def _on_stage_finished(self, event: events.StageFinished) -> None:
        self._jobs[event.job].finished.add(event.stage)

    def _on_job_finished(self, event: events.JobFinished) -> None:
        record = self._jobs[event.job]
        record.status = "ready"
        self.oob.end(event.job)
        if record.request.save_as is not None and record.request.plan:
            last = record.request.plan[-1].name
            self.tags.tag(record.request.save_as, [[piece.blob] for piece in record.pieces(last)])
        self._drop_between(record)

    def _on_job_died(self, event: events.JobDied) -> None:
        record = self._jobs[event.job]
        record.status = "dead"
        for serial in record.alarms:
            self._clock.withdraw(serial)
        self.oob.end(event.job)
        self._drop_between(record)

    def _drop_between(self, record: JobRecord) -> None:
        if self._keep == "all" or len(record.request.plan) < 2:
            return
        for stage in record.request.plan[:-1]:
            for piece in record.pieces(stage.name):
                self._blobs.drop(piece.blob)
        self.log.append(events.OutputsDropped(self.now_s, record.request.name))

    # -- what the scheduler asked for ------------------------------------------------------------

    def _start_stage(self, order: events.StartStage) -> None:
        record = self._jobs[order.job]
        stage = next(stage for stage in record.request.plan if stage.name == order.stage)
        tasks = group(stage.grouping, stage.labels, record.before(stage.name))
        self._soon(events.StageStarted(self.now_s, order.job, order.stage, tasks))

    def _delay_task(self, order: events.DelayTask) -> None:
        self._soon(events.TaskDelayed(self.now_s, *order))
        time_s = self.now_s + order.wait_s
        requeued = events.TaskRequeued(time_s, order.job, order.stage, order.task)
        self._jobs[order.job].alarms.append(self._clock.put(time_s, requeued))

    def _drop_run(self, order: events.DropRun) -> None:
        key: RunKey = (order.stage, order.task, order.attempt)
        run = self._jobs[order.job].running.get(key)
        if run is None:
            # Its start was ordered in this very instant and has not happened yet: it will compute nothing.
            self._jobs[order.job].running[key] = run = RunningRun(TaskOutcome(), [])
        for serial in run.serials:
            self._clock.withdraw(serial)
        lost = events.RunFailed(self.now_s, *order[:5], "lost", order.reason, 0, 0, len(run.outcome.oob), 0.0)
        self._soon(lost)

    # -- helpers of the above ----------------------------------------------------------------------

    def _delay_luck(self, run: events.RunStarted | events.RunFinished) -> float:
        """The draw that the wait after this run is made from, should it fail."""
        return draw(self.seed, "delay", self._jobs[run.job].request.serial, run.stage, run.task, run.attempt)

    def _entries(self, event: Any, outcome: TaskOutcome, state: str) -> list[OOBEntry]:
        level = self._jobs[event.job].stage_level(event.stage)
        return [
            OOBEntry(key, value, event.stage, level, event.task, event.attempt, event.host, event.time_s, state)
            for key, value in outcome.oob
        ]

    def _store_oob(self, event: Any, outcome: TaskOutcome, state: str) -> None:
        entries = self._entries(event, outcome, state)
        self.oob.add(event.job, entries)
        for entry in entries:
            where = (event.time_s, event.job, event.stage, event.task, event.attempt, event.host)
            self.log.append(events.OOBStored(*where, entry.key, entry.n_bytes, state))

    def _record(self, job: str) -> JobRecord:
        if job not in self._jobs:
            known = ", ".join(self._jobs) or "none"
            raise DiscoError(f"Unknown job {job!r}; the jobs of master {self.master} are: {known}", job=job)
        return self._jobs[job]
