"""Events: what happened, immutable facts in the past tense. Instructions: what the scheduler asks for.

Every view is made from events alone. `time_s` is in virtual seconds since the cluster's start;
`job` is the full job name, `attempt` counts the runs of a task from 0.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from disco_sim.model.job import Limits
from disco_sim.model.plan import Plan, TaskInputs

LossCause = Literal["", "node", "input", "scheduler"]
"""What ended a lost run: its node died, what it was reading was lost, or the scheduler dropped it; '' for no loss."""


class JobSubmitted(NamedTuple):
    """A job with `n_inputs` inputs was taken by the cluster; what its tasks read comes with the start of each stage."""

    time_s: float
    job: str
    serial: int
    plan: Plan
    n_inputs: int
    limits: Limits


class StageStarted(NamedTuple):
    """The outputs of the stage before were grouped into `tasks`, which now wait for slots."""

    time_s: float
    job: str
    stage: str
    tasks: tuple[TaskInputs, ...]


class RunStarted(NamedTuple):
    """A run of a task took a slot of a node; `replica` is the index of the input replica chosen for it."""

    time_s: float
    job: str
    stage: str
    task: int
    attempt: int
    host: str
    slot: int
    replica: int


class MessageSent(NamedTuple):
    """A running task sent a line; level MSG is the user's, SYS the system's own, DONE its last."""

    time_s: float
    job: str
    stage: str
    task: int
    attempt: int
    host: str
    level: str
    text: str


class RunFinished(NamedTuple):
    """A run ended well; its outputs and out-of-band results became visible together."""

    time_s: float
    job: str
    stage: str
    task: int
    attempt: int
    host: str
    records_in: int
    records_out: int
    bytes_in: int
    bytes_out: int
    oob_puts: int


class PhasesPlayed(NamedTuple):
    """What the time of a run that ends in this instant went by with; its phases follow each other in this order.

    All but `slowdown` are virtual seconds, whose sum is the run's duration; a run that ended early has zeros at the
    end. `read_wait_s` and `write_wait_s` are waits for the node's disk. `slowdown` is how many times longer than
    on a normal node of speed 1 the CPU work took, by the node's speed, by luck and by faults.
    """

    time_s: float
    job: str
    stage: str
    task: int
    attempt: int
    host: str
    startup_s: float
    read_wait_s: float
    read_s: float
    transfer_s: float
    cpu_s: float
    write_wait_s: float
    write_s: float
    slowdown: float


class RunFailed(NamedTuple):
    """A run ended badly: kind `data`, `crash` and `memory` can be tried again, `fatal` ends the job.

    A run of kind `lost` was ended from outside, because its job ended, its node died, what it was reading was lost, or
    another run of its task was faster; that is no failure of the task.

    `luck` is the draw in [0, 1) that the delay before the next try is made from. `cause` says what ended a lost
    run, and is empty for other kinds.
    """

    time_s: float
    job: str
    stage: str
    task: int
    attempt: int
    host: str
    kind: str
    reason: str
    records_in: int
    bytes_in: int
    oob_puts: int
    luck: float
    cause: LossCause = ""


class OutputStored(NamedTuple):
    """One labelled output of a finished run was stored under the URL `blob` at `host`."""

    time_s: float
    job: str
    stage: str
    task: int
    attempt: int
    host: str
    label: int
    n_records: int
    n_bytes: int
    blob: str


class OOBStored(NamedTuple):
    """An out-of-band result was `committed` with its run, or `dropped` because its run failed."""

    time_s: float
    job: str
    stage: str
    task: int
    attempt: int
    host: str
    key: str
    n_bytes: int
    state: str


class OutputLost(NamedTuple):
    """What a done task had stored at `host` is lost before everybody read it, so the task has to run again."""

    time_s: float
    job: str
    stage: str
    task: int
    host: str
    reason: str


class TaskDelayed(NamedTuple):
    """A failed task waits `wait_s` before it is tried again; `failures` counts its failed runs so far."""

    time_s: float
    job: str
    stage: str
    task: int
    failures: int
    host: str
    wait_s: float


class TaskRequeued(NamedTuple):
    """A failed task's wait is over; it waits for a slot again."""

    time_s: float
    job: str
    stage: str
    task: int


class StageFinished(NamedTuple):
    """Every task of a stage is done."""

    time_s: float
    job: str
    stage: str


class JobFinished(NamedTuple):
    """A job is ready: its last stage is done."""

    time_s: float
    job: str


class JobDied(NamedTuple):
    """A job is dead, for `reason`; its record stays."""

    time_s: float
    job: str
    reason: str


class OutputsDropped(NamedTuple):
    """The outputs between the stages of a job were dropped, because only results are kept."""

    time_s: float
    job: str


class JobWarned(NamedTuple):
    """Something about a job that its user should know; it changes nothing."""

    time_s: float
    job: str
    text: str


class JobKillAsked(NamedTuple):
    """Somebody outside asked for a job's end."""

    time_s: float
    job: str
    reason: str


class NodeBlacklisted(NamedTuple):
    """A node gets no new task runs; those it has go on."""

    time_s: float
    host: str


class NodeWhitelisted(NamedTuple):
    """A node gets task runs again."""

    time_s: float
    host: str


class NodeDied(NamedTuple):
    """A node is gone, with all that ran on it and what tasks of active jobs had stored there.

    What jobs stored that have ended is out of the reach of tasks until the node returns; who reads from outside has it.
    """

    time_s: float
    host: str


class NodeReturned(NamedTuple):
    """A node that was dead is there again and can take runs."""

    time_s: float
    host: str


class NodeSlowed(NamedTuple):
    """CPU and disk of a node are from now on `factor` times slower than they were made; 1.0 is as before."""

    time_s: float
    host: str
    factor: float


class NetworkCut(NamedTuple):
    """Nothing moves between the hosts `one` and the hosts `other`, until they are connected again."""

    time_s: float
    one: tuple[str, ...]
    other: tuple[str, ...]


class NetworkHealed(NamedTuple):
    """What moves between the hosts `one` and the hosts `other` goes on."""

    time_s: float
    one: tuple[str, ...]
    other: tuple[str, ...]


class NetworkShared(NamedTuple):
    """From now on transfers are shared `exact` (max-min fair), or by `ports`, because `n_flows` are too many for it."""

    time_s: float
    how: str
    n_flows: int


class CopiesDue(NamedTuple):
    """A run of the stage may be slow by now, so that a second one of its task pays; the scheduler looks."""

    time_s: float
    job: str
    stage: str


Event = (
    JobSubmitted
    | StageStarted
    | RunStarted
    | MessageSent
    | RunFinished
    | RunFailed
    | PhasesPlayed
    | OutputStored
    | OutputLost
    | OOBStored
    | TaskDelayed
    | TaskRequeued
    | StageFinished
    | JobFinished
    | JobDied
    | OutputsDropped
    | JobWarned
    | JobKillAsked
    | NodeBlacklisted
    | NodeWhitelisted
    | NodeDied
    | NodeReturned
    | NodeSlowed
    | NetworkCut
    | NetworkHealed
    | NetworkShared
    | CopiesDue
)


class StartStage(NamedTuple):
    """Group the outputs of the stage before into the tasks of this one."""

    job: str
    stage: str


class StartRun(NamedTuple):
    """Run a task in a slot of a node, reading the given replica."""

    job: str
    stage: str
    task: int
    attempt: int
    host: str
    slot: int
    replica: int


class DelayTask(NamedTuple):
    """Wake a failed task after `wait_s` virtual seconds."""

    job: str
    stage: str
    task: int
    failures: int
    host: str
    wait_s: float


class WatchCopies(NamedTuple):
    """Look after `wait_s` virtual seconds whether runs of a stage are so slow that copies pay."""

    job: str
    stage: str
    wait_s: float


class FinishStage(NamedTuple):
    """Say that a stage is done."""

    job: str
    stage: str


class FinishJob(NamedTuple):
    """Say that a job is ready."""

    job: str


class EndJob(NamedTuple):
    """Say that a job is dead."""

    job: str
    reason: str


class DropRun(NamedTuple):
    """End a run from outside; nothing of it becomes visible but its messages so far."""

    job: str
    stage: str
    task: int
    attempt: int
    host: str
    reason: str


Instruction = StartStage | StartRun | DelayTask | WatchCopies | FinishStage | FinishJob | EndJob | DropRun
