"""What the state of a job, or of the nodes, was at some virtual time: one pass over the log.

Times in a state are virtual seconds since the cluster's start, as in the events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from disco_sim.error import DiscoError, near_jobs
from disco_sim.model.events import (
    Event,
    JobDied,
    JobFinished,
    JobSubmitted,
    JobWarned,
    NetworkShared,
    NodeBlacklisted,
    NodeDied,
    NodeReturned,
    NodeSlowed,
    NodeWhitelisted,
    OOBStored,
    OutputLost,
    OutputsDropped,
    OutputStored,
    PhasesPlayed,
    RunFailed,
    RunFinished,
    RunStarted,
    StageFinished,
    StageStarted,
)
from disco_sim.model.plan import Plan, Stage, TaskInputs
from disco_sim.store.log import Log
from disco_sim.views.stages import Phases, Run, StageState

NodeChange = NodeDied | NodeReturned | NodeBlacklisted | NodeWhitelisted | NodeSlowed
"""What can happen to a node."""


@dataclass
class JobState:
    """A job as its events tell it so far; `add` takes the next event.

    status is active, ready or dead. `is_dropped`: outputs between stages are no longer kept. `warnings`: what its user
    should know. `switches` gives the changes of how the network is shared, of which a job's own events do not tell.
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
    warnings: tuple[str, ...] = ()
    stages: dict[str, StageState] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    oob: list[OOBStored] = field(default_factory=list)
    # Phases come just before the end of their run, and wait here for it.
    played: PhasesPlayed | None = None
    switches: Callable[[], Sequence[NetworkShared]] = field(default=tuple, repr=False, compare=False)

    @classmethod
    def of(cls, log: Log, job: str, until_s: float | None = None) -> JobState:
        """The state after everything that happened up to and with `until_s` virtual seconds since the job's submission.

        Whether outputs were dropped is always told as of now, because what is dropped can never be read again.

        Raises:
            DiscoError: If the log does not know the job.
        """
        state = cls.new(log, job)
        state.switches = lambda: [event for event in log if isinstance(event, NetworkShared)]
        for event in log.of(job):
            if until_s is None or event.time_s - state.submitted_s <= until_s or isinstance(event, JobSubmitted):
                state.add(event)
            elif isinstance(event, OutputsDropped):
                state.is_dropped = True
        state.wait(until_s)
        return state

    @classmethod
    def new(cls, log: Log, job: str) -> JobState:
        """The state before the job's first event.

        Raises:
            DiscoError: If the log does not know the job.
        """
        if not log.n_events(job):
            raise DiscoError(f"there is no job {job!r} in this log; {near_jobs(job, log.jobs)}", job=job)
        return cls(job)

    @property
    def size(self) -> int:
        """How many runs and outputs the state holds."""
        return len(self.runs) + sum(len(stage.outputs) for stage in self.stages.values())

    def copy(self) -> JobState:
        """The same state, to go on from on its own."""
        stages = {name: stage.copy() for name, stage in self.stages.items()}
        return replace(self, stages=stages, runs=self.runs.copy(), oob=self.oob.copy())

    def wait(self, until_s: float | None) -> None:
        """Nothing more happens to an active job until `until_s` virtual seconds after its submission."""
        if until_s is not None and self.ended_s is None:
            self.now_s = max(self.now_s, self.submitted_s + until_s)

    @property
    def duration_s(self) -> float:
        """Virtual seconds from the submission to the job's end, or to now."""
        return (self.now_s if self.ended_s is None else self.ended_s) - self.submitted_s

    @property
    def runs_by_task(self) -> list[Run]:
        """The runs by stage, task and attempt."""
        order = {name: number for number, name in enumerate(self.stages)}
        return sorted(self.runs, key=lambda run: (order[run.stage], run.task, run.attempt))

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts where something of the job runs now, sorted."""
        return tuple(sorted({run.host for stage in self.stages.values() for run in stage.running.values()}))

    @property
    def latest_stage(self) -> StageState | None:
        """The last stage that had any run; the first stage before that; None for a job of no stages."""
        begun = [stage for stage in self.stages.values() if stage.has_begun]
        return begun[-1] if begun else next(iter(self.stages.values()), None)

    @property
    def progress(self) -> str:
        """How far each stage is: 'map 4/4, reduce 1/3'."""
        return ", ".join(
            f"{name} {len(stage.done)}/{'?' if stage.n_tasks is None else stage.n_tasks}"
            for name, stage in self.stages.items()
        )

    @property
    def network(self) -> str:
        """How transfers were shared while the job ran: `ports` if ever, `exact`, or '' (exact) if no event says."""
        until_s = self.now_s if self.ended_s is None else self.ended_s
        found = [switch for switch in self.switches() if switch.time_s <= until_s]
        n_before = sum(switch.time_s < self.submitted_s for switch in found)
        # The last switch before the job holds when it begins.
        ways = {switch.how for switch in found[max(n_before - 1, 0) :]}
        return "ports" if "ports" in ways else "exact" if ways else ""

    def reader_of(self, stage: str) -> StageState | None:
        """The stage that reads the outputs of `stage`; None for the last stage."""
        names = list(self.stages)
        number = names.index(stage) + 1
        return self.stages[names[number]] if number < len(names) else None

    def add(self, event: Event) -> None:
        """Take the next event of the job into account."""
        self.now_s = max(self.now_s, event.time_s)
        match event:
            case OutputStored():
                outputs = self._stage(event.stage).outputs
                outputs[event.blob] = (*outputs.get(event.blob, ()), event)
            case RunStarted():
                self._start(event)
            case PhasesPlayed():
                self.played = event
            case RunFinished():
                self._end(event, "done")
            case RunFailed():
                self._end(event, "lost" if event.kind == "lost" else "failed")
                self._stage(event.stage).n_failed += event.kind != "lost"
            case OOBStored():
                self.oob.append(event)
            case OutputLost():
                stage = self._stage(event.stage)
                stage.lost.append(event)
                if event.task in stage.done:
                    run = stage.last[event.task] = stage.done.pop(event.task)
                    self._change(run._replace(reason=f"output lost: {event.reason}"))
            case StageStarted():
                stage = self._stage(event.stage)
                stage.started_s, stage.tasks = event.time_s, event.tasks
            case StageFinished():
                self._stage(event.stage).ended_s = event.time_s
            case JobSubmitted():
                self.plan, self.n_inputs = event.plan, event.n_inputs
                self.submitted_s = event.time_s
                self.stages = {stage.name: StageState(stage) for stage in event.plan}
            case JobFinished():
                self.status, self.ended_s = "ready", event.time_s
            case JobDied():
                self.status, self.ended_s, self.reason = "dead", event.time_s, event.reason
                for stage in self.stages.values():
                    for run in stage.running.values():
                        self._change(run._replace(status="lost", end_s=event.time_s, reason=event.reason))
                    stage.running.clear()
            case OutputsDropped():
                self.is_dropped = True
            case JobWarned():
                self.warnings += (event.text,)

    def _stage(self, name: str) -> StageState:
        if name not in self.stages:
            self.stages[name] = StageState(Stage(name, "split"))
        return self.stages[name]

    def _start(self, event: RunStarted) -> None:
        stage = self._stage(event.stage)
        inputs = stage.tasks[event.task] if event.task < len(stage.tasks) else TaskInputs(0, (), ())
        # What this_partition() answers: tasks that split their input are told apart by their number.
        label = event.task if stage.stage.grouping == "split" else inputs.label
        where = (event.stage, event.task, event.attempt, label, event.host, event.slot)
        run = Run(*where, len(inputs.pieces), len(self.runs), event.time_s)
        self.runs.append(run)
        stage.running[event.task, event.attempt] = stage.last[event.task] = run

    def _end(self, event: RunFinished | RunFailed, status: str) -> None:
        stage, key = self._stage(event.stage), (event.task, event.attempt)
        begun = stage.running.pop(key, None) or self._closed(event)
        played, self.played = self.played, None
        is_its_own = played is not None and (played.stage, played.task, played.attempt) == (event.stage, *key)
        # A run that failed stored nothing.
        n_out, bytes_out, reason = (
            (event.records_out, event.bytes_out, "") if isinstance(event, RunFinished) else (0, 0, event.reason)
        )
        run = Run(
            *begun[:9],
            status,
            event.time_s,
            event.records_in,
            n_out,
            event.bytes_in,
            bytes_out,
            event.oob_puts,
            reason,
            Phases(*played[6:]) if played is not None and is_its_own else None,
            event.kind if isinstance(event, RunFailed) else "",
        )
        self._change(run)
        if status == "done":
            stage.done[event.task] = run
            stage.last.pop(event.task, None)

    def _change(self, run: Run) -> None:
        """Put a run as it is now in the place of what it was."""
        self.runs[run.number] = run
        last = self.stages[run.stage].last
        if run.task in last and last[run.task].number == run.number:
            last[run.task] = run

    def _closed(self, event: RunFinished | RunFailed) -> Run:
        for run in reversed(self.runs):
            if (run.stage, run.task, run.attempt) == (event.stage, event.task, event.attempt):
                return run
        raise DiscoError(
            f"the log says that run {event.attempt} of {event.stage}:{event.task} ended, but not that it started",
            job=event.job,
        )


@dataclass(slots=True)
class NodeState:
    """What happened on one node so far, all jobs together.

    `done` counts runs that ended well, `data_errors` those that failed by bad or lost data, `failed` those that failed
    in any other way. Runs ended from outside are in none of them. `slowness` is how many times slower than it was made
    the node is.
    """

    busy: int = 0
    done: int = 0
    failed: int = 0
    data_errors: int = 0
    is_blacklisted: bool = False
    is_dead: bool = False
    slowness: float = 1.0

    @property
    def status(self) -> str:
        """`dead`, `blacklisted`, `slow` or `alive`: the first that is true."""
        if self.is_dead:
            return "dead"
        if self.is_blacklisted:
            return "blacklisted"
        return "slow" if self.slowness > 1.0 else "alive"


@dataclass
class NodeStates:
    """The nodes that events named so far, by host; `add` takes the next event of any job.

    `changes` are those of the nodes themselves, `switches` those of how the network is shared.
    """

    by_host: dict[str, NodeState] = field(default_factory=dict)
    changes: list[NodeChange] = field(default_factory=list)
    switches: list[NetworkShared] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many nodes the state holds."""
        return len(self.by_host)

    def copy(self) -> NodeStates:
        """The same state, to go on from on its own."""
        by_host = {host: replace(node) for host, node in self.by_host.items()}
        return NodeStates(by_host, self.changes.copy(), self.switches.copy())

    def add(self, event: Event) -> None:
        """Take the next event into account."""
        match event:
            case RunStarted():
                self._node(event.host).busy += 1
            case RunFinished():
                node = self._node(event.host)
                node.busy, node.done = node.busy - 1, node.done + 1
            case RunFailed():
                node = self._node(event.host)
                node.busy -= 1
                node.data_errors += event.kind == "data"
                node.failed += event.kind not in ("data", "lost")
            case NodeBlacklisted() | NodeWhitelisted():
                self._node(event.host).is_blacklisted = isinstance(event, NodeBlacklisted)
                self.changes.append(event)
            case NodeDied() | NodeReturned():
                self._node(event.host).is_dead = isinstance(event, NodeDied)
                self.changes.append(event)
            case NodeSlowed():
                self._node(event.host).slowness = event.factor
                self.changes.append(event)
            case NetworkShared():
                self.switches.append(event)

    def _node(self, host: str) -> NodeState:
        if host not in self.by_host:
            self.by_host[host] = NodeState()
        return self.by_host[host]


def node_states(log: Log, until_s: float | None = None) -> dict[str, NodeState]:
    """The state of each node that any event names, up to and with `until_s` seconds since the cluster's start."""
    states = NodeStates()
    for event in log:
        if until_s is not None and event.time_s > until_s:
            break
        states.add(event)
    return states.by_host
