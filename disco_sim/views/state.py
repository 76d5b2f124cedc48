"""What the state of a job, or of the nodes, was at some virtual time: one pass over the log.

Times in a state are virtual seconds since the cluster's start, as in the events.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from disco_sim.error import DiscoError, near_jobs
from disco_sim.model.events import (
    Event,
    JobDied,
    JobFinished,
    JobSubmitted,
    NodeBlacklisted,
    NodeWhitelisted,
    OOBStored,
    OutputsDropped,
    OutputStored,
    RunFailed,
    RunFinished,
    RunStarted,
    StageFinished,
    StageStarted,
)
from disco_sim.model.plan import Plan, Stage, TaskInputs
from disco_sim.store.log import Log


class Counters(NamedTuple):
    """Disco's four numbers of a stage: three count tasks, `failed` counts failed runs, retried ones too."""

    waiting: int
    running: int
    done: int
    failed: int


@dataclass(slots=True)
class Run:
    """One try of a task; counts are None while it runs. status: running, done, failed, or lost (ended from outside)."""

    stage: str
    task: int
    attempt: int
    label: int
    host: str
    slot: int
    n_pieces: int
    start_s: float
    status: str = "running"
    end_s: float | None = None
    records_in: int | None = None
    records_out: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    oob_puts: int | None = None
    reason: str = ""


@dataclass(slots=True)
class StageState:
    """One stage of a job. `tasks` is what its tasks read; before the stage starts it is empty, and `started_s` None."""

    stage: Stage
    started_s: float | None = None
    ended_s: float | None = None
    tasks: tuple[TaskInputs, ...] = ()
    running: dict[tuple[int, int], Run] = field(default_factory=dict)
    done: dict[int, Run] = field(default_factory=dict)
    last: dict[int, Run] = field(default_factory=dict)
    outputs: dict[int, list[OutputStored]] = field(default_factory=dict)
    n_failed: int = 0

    @property
    def counters(self) -> Counters:
        """Waiting, running and done tasks, and failed runs."""
        n_running = len({task for task, _ in self.running})
        return Counters(len(self.tasks) - len(self.done) - n_running, n_running, len(self.done), self.n_failed)

    @property
    def stored(self) -> Iterator[OutputStored]:
        """The outputs of the stage that count, by task: those of the latest run that stored any."""
        for task in sorted(self.outputs):
            yield from self.outputs[task]

    @property
    def n_tasks(self) -> int | None:
        """How many tasks the stage has; before it starts, how many the plan asks for (None: only data will tell)."""
        if self.started_s is not None:
            return len(self.tasks)
        return len(self.stage.labels) if self.stage.labels is not None else None

    def host_of(self, task: int) -> str:
        """The host where a task's result was made, or where its latest run is or was; '' before its first run."""
        run = self.done.get(task) or self.last.get(task)
        return run.host if run else ""


@dataclass
class JobState:
    """A job as its events tell it so far; `add` takes the next event.

    status is active, ready or dead. `is_dropped` says that the outputs between stages are no longer kept.
    """

    job: str
    status: str = "active"
    reason: str = ""
    plan: Plan = ()
    n_inputs: int = 0
    submitted_s: float = 0.0
    ended_s: float | None = None
    now_s: float = 0.0
    is_dropped: bool = False
    stages: dict[str, StageState] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    oob: list[OOBStored] = field(default_factory=list)
    pieces: dict[str, OutputStored] = field(default_factory=dict)

    @classmethod
    def of(cls, log: Log, job: str, until_s: float | None = None) -> JobState:
        """The state after everything that happened up to and with `until_s` virtual seconds since the job's submission.

        Whether outputs were dropped is always told as of now, because what is dropped can never be read again.

        Raises:
            DiscoError: If the log does not know the job.
        """
        if not log.n_events(job):
            raise DiscoError(f"there is no job {job!r} in this log; {near_jobs(job, log.jobs)}", job=job)
        state = cls(job)
        for event in log.of(job):
            if until_s is None or event.time_s - state.submitted_s <= until_s or isinstance(event, JobSubmitted):
                state.add(event)
            elif isinstance(event, OutputsDropped):
                state.is_dropped = True
        if until_s is not None and state.ended_s is None:
            state.now_s = max(state.now_s, state.submitted_s + until_s)
        return state

    @property
    def duration_s(self) -> float:
        """Virtual seconds from the submission to the job's end, or to now."""
        return (self.now_s if self.ended_s is None else self.ended_s) - self.submitted_s

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts where something of the job runs now, sorted."""
        return tuple(sorted({run.host for stage in self.stages.values() for run in stage.running.values()}))

    @property
    def latest_stage(self) -> StageState | None:
        """The last stage that had any run; the first stage before that; None for a job of no stages."""
        begun = [stage for stage in self.stages.values() if stage.last]
        return begun[-1] if begun else next(iter(self.stages.values()), None)

    @property
    def progress(self) -> str:
        """How far each stage is: 'map 4/4, reduce 1/3'."""
        return ", ".join(
            f"{name} {len(stage.done)}/{'?' if stage.n_tasks is None else stage.n_tasks}"
            for name, stage in self.stages.items()
        )

    def reader_of(self, stage: str) -> StageState | None:
        """The stage that reads the outputs of `stage`; None for the last stage."""
        names = list(self.stages)
        number = names.index(stage) + 1
        return self.stages[names[number]] if number < len(names) else None

    def add(self, event: Event) -> None:
        """Take the next event of the job into account."""
        self.now_s = max(self.now_s, event.time_s)
        match event:
            case JobSubmitted():
                self.plan, self.n_inputs = event.plan, event.n_inputs
                self.submitted_s = event.time_s
                self.stages = {stage.name: StageState(stage) for stage in event.plan}
            case StageStarted():
                stage = self._stage(event.stage)
                stage.started_s, stage.tasks = event.time_s, event.tasks
            case StageFinished():
                self._stage(event.stage).ended_s = event.time_s
            case RunStarted():
                self._start(event)
            case RunFinished():
                run = self._end(event, "done")
                run.records_out, run.bytes_out = event.records_out, event.bytes_out
                self._stage(event.stage).done[event.task] = run
            case RunFailed():
                run = self._end(event, "lost" if event.kind == "lost" else "failed")
                # A run that failed stored nothing.
                run.records_out, run.bytes_out, run.reason = 0, 0, event.reason
                self._stage(event.stage).n_failed += event.kind != "lost"
            case OutputStored():
                self._store(event)
            case OOBStored():
                self.oob.append(event)
            case JobFinished():
                self.status, self.ended_s = "ready", event.time_s
            case JobDied():
                self.status, self.ended_s, self.reason = "dead", event.time_s, event.reason
                self._close(event)
            case OutputsDropped():
                self.is_dropped = True

    def _stage(self, name: str) -> StageState:
        if name not in self.stages:
            self.stages[name] = StageState(Stage(name, "split"))
        return self.stages[name]

    def _start(self, event: RunStarted) -> None:
        stage = self._stage(event.stage)
        inputs = stage.tasks[event.task] if event.task < len(stage.tasks) else TaskInputs(0, (), ())
        run = Run(
            event.stage,
            event.task,
            event.attempt,
            # What this_partition() answers: tasks that split their input are told apart by their number.
            event.task if stage.stage.grouping == "split" else inputs.label,
            event.host,
            event.slot,
            len(inputs.pieces),
            event.time_s,
        )
        self.runs.append(run)
        stage.running[event.task, event.attempt] = stage.last[event.task] = run
        # A task that runs once more, because its result was lost, is no longer done.
        stage.done.pop(event.task, None)

    def _end(self, event: RunFinished | RunFailed, status: str) -> Run:
        stage = self._stage(event.stage)
        run = stage.running.pop((event.task, event.attempt), None) or self._closed(event)
        run.status, run.end_s = status, event.time_s
        run.records_in, run.bytes_in, run.oob_puts = event.records_in, event.bytes_in, event.oob_puts
        return run

    def _closed(self, event: RunFinished | RunFailed) -> Run:
        for run in reversed(self.runs):
            if (run.stage, run.task, run.attempt) == (event.stage, event.task, event.attempt):
                return run
        raise DiscoError(
            f"the log says that run {event.attempt} of {event.stage}:{event.task} ended, but not that it started",
            job=event.job,
        )

    def _store(self, event: OutputStored) -> None:
        outputs = self._stage(event.stage).outputs
        stored = outputs.get(event.task)
        if stored is None or stored[0].attempt != event.attempt:
            stored = outputs[event.task] = []
        stored.append(event)
        self.pieces[event.blob] = event

    def _close(self, event: JobDied) -> None:
        for stage in self.stages.values():
            for run in stage.running.values():
                run.status, run.end_s, run.reason = "lost", event.time_s, event.reason
            stage.running.clear()


@dataclass(slots=True)
class NodeState:
    """What happened on one node so far, all jobs together.

    `done` counts runs that ended well, `data_errors` those that may be tried again elsewhere, `failed` those that
    failed in any other way. Runs ended from outside are in none of them.
    """

    busy: int = 0
    done: int = 0
    failed: int = 0
    data_errors: int = 0
    is_blacklisted: bool = False


def node_states(log: Log, until_s: float | None = None) -> dict[str, NodeState]:
    """The state of each node that any event names, up to and with `until_s` seconds since the cluster's start."""
    nodes: dict[str, NodeState] = {}
    for event in log:
        if until_s is not None and event.time_s > until_s:
            break
        match event:
            case RunStarted():
                nodes.setdefault(event.host, NodeState()).busy += 1
            case RunFinished():
                node = nodes.setdefault(event.host, NodeState())
                node.busy, node.done = node.busy - 1, node.done + 1
            case RunFailed():
                node = nodes.setdefault(event.host, NodeState())
                node.busy -= 1
                node.data_errors += event.kind == "data"
                node.failed += event.kind not in ("data", "lost")
            case NodeBlacklisted() | NodeWhitelisted():
                nodes.setdefault(event.host, NodeState()).is_blacklisted = isinstance(event, NodeBlacklisted)
    return nodes
