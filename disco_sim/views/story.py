"""Events told as lines of text, the way Disco's web page and console tell them.

Knows the wording only: stage names and numbers come from the events. A line is of the host where it was
said; what the system itself says is of the host `master`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from math import floor
from typing import NamedTuple

from disco_sim.error import DiscoError
from disco_sim.model.events import (
    Event,
    JobDied,
    JobFinished,
    JobKillAsked,
    JobSubmitted,
    JobWarned,
    MessageSent,
    NetworkCut,
    NetworkHealed,
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
    TaskDelayed,
    TaskRequeued,
)
from disco_sim.store.log import Log
from disco_sim.store.names import EPOCH_S
from disco_sim.tables import counted
from disco_sim.views.stages import Phases

MASTER = "master"
EPOCH = datetime.fromtimestamp(EPOCH_S, UTC).replace(tzinfo=None)
"""What the clock on the wall shows at virtual time 0 (UTC)."""

_SAID_FIRST = ("WARN", "ERROR", "READY")
_FAILURES = {
    "data": ("WARN", "Data error"),
    "crash": ("WARN", "Worker crashed"),
    "memory": ("WARN", "Out of memory"),
    "fatal": ("ERROR", "Task failed"),
    "lost": ("WARN", "Task lost"),
}
_MOST_HOSTS = 4
_SHORTEST_TOLD_S = 0.0005
_LONGEST_LINE = 100
"""So many letters of a message a table of text shows; what is longer is told in two lines."""


class Line(NamedTuple):
    """One line of a log, `time_s` in virtual seconds since the cluster's start.

    A job's own lines have no `task`, and those that are of no stage have '' as `stage`. `level` is MSG for what job
    functions say, SYS or DONE for what the system says, and WARN, ERROR or READY.
    """

    time_s: float
    host: str
    level: str
    stage: str
    task: int | None
    message: str

    @property
    def text(self) -> str:
        """The message as Disco writes it: task lines begin with the task, the master's warnings with their level.

        >>> Line(0.0, "node01", "MSG", "map", 0, "hello").text, Line(0.0, "master", "WARN", "", None, "Job killed").text
        ('[map:0] hello', 'WARN: Job killed')
        """
        where = f"[{self.stage}:{self.task}] " if self.task is not None else ""
        level = f"{self.level}: " if self.host == MASTER and self.level in _SAID_FIRST else ""
        return f"{level}{where}{self.message}"

    @property
    def record(self) -> tuple[str, str, str]:
        """The (timestamp, host, text) of Disco's own event records."""
        return timestamp(self.time_s), self.host, self.text


def timestamp(time_s: float) -> str:
    """The date and time that a virtual time stands for; virtual time 0 is 2010-09-01 00:00:00 UTC.

    >>> timestamp(61.5)
    '2010/09/01 00:01:01'
    """
    # Later than the last year of a calendar it is the last second of that.
    try:
        time = EPOCH + timedelta(seconds=floor(time_s))
    except OverflowError:
        time = datetime.max
    return time.strftime("%Y/%m/%d %H:%M:%S")


def elapsed(duration_s: float) -> str:
    """A duration as hours, minutes, seconds and milliseconds.

    >>> elapsed(3661.25)
    '1:01:01.250'
    """
    seconds, milliseconds = divmod(round(duration_s * 1000), 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{milliseconds:03d}"


class Story:
    """Tells the events of one job, given one after the other; remembers only what durations and waits need.

    With `is_detailed`, phases, stored outputs, out-of-band results and what tasks wait for are told too.
    """

    def __init__(self, is_detailed: bool = False) -> None:
        self._is_detailed = is_detailed
        self._submitted_s = 0.0
        self._is_kill_asked = False
        self._started_s: dict[tuple[str, int, int], float] = {}
        self._latest_end: dict[tuple[str, int], str] = {}

    def tell(self, event: Event) -> list[Line]:
        """The lines that tell `event`, often none."""
        return [*self._tell(event), *(self._detail(event) if self._is_detailed else ())]

    def _tell(self, event: Event) -> Iterator[Line]:
        now = event.time_s
        match event:
            case JobSubmitted():
                self._submitted_s = now
                stages = ", ".join(stage.name for stage in event.plan) or "none"
                yield _said(now, f"Job initialized: {counted(event.n_inputs, 'input')}, stages: {stages}")
                yield _said(now, "Starting job")
            case StageStarted():
                yield _said(now, f"{event.stage} phase: {counted(len(event.tasks), 'task')}", stage=event.stage)
            case RunStarted():
                self._started_s[event.stage, event.task, event.attempt] = now
                yield _said(now, f"assigned to {event.host}", stage=event.stage, task=event.task)
            case MessageSent():
                yield Line(now, event.host, event.level, event.stage, event.task, event.text)
            case RunFinished():
                took_s = now - self._started_s.pop((event.stage, event.task, event.attempt), now)
                yield Line(now, event.host, "SYS", event.stage, event.task, f"Task finished in {elapsed(took_s)}")
                yield _said(now, f"results received from {event.host}", stage=event.stage, task=event.task)
            case RunFailed():
                self._started_s.pop((event.stage, event.task, event.attempt), None)
                self._latest_end[event.stage, event.task] = event.kind
                level, what = _FAILURES.get(event.kind, ("ERROR", "Task failed"))
                reason = event.reason.removeprefix("DataError: ")  # which the line says in words
                yield Line(now, event.host, level, event.stage, event.task, f"{what}: {reason}")
            case TaskDelayed() if self._latest_end.get((event.stage, event.task)) == "lost":
                # Not a failure of the task: what was lost with a node does not count against it.
                text = f"lost on {event.host}. Sleeping {event.wait_s:g} seconds before it runs again"
                yield _said(now, text, "WARN", event.stage, event.task)
            case TaskDelayed():
                text = (
                    f"failed on {event.host}, failure {event.failures} of this task. "
                    f"Sleeping {event.wait_s:g} seconds before retrying"
                )
                yield _said(now, text, "WARN", event.stage, event.task)
            case OutputLost():
                text = f"output of {event.stage}:{event.task} at {event.host} is lost: {event.reason}"
                yield _said(now, f"{text}; the task runs again", "WARN", event.stage, event.task)
            case TaskRequeued():
                yield _said(now, "waits for a slot again", stage=event.stage, task=event.task)
            case StageFinished():
                yield _said(now, f"{event.stage} phase done", stage=event.stage)
            case JobKillAsked():
                self._is_kill_asked = True
            case JobFinished():
                yield _said(now, f"Job finished in {elapsed(now - self._submitted_s)}", "READY")
            case JobDied() if self._is_kill_asked:
                yield _said(now, f"Job killed: {event.reason}", "WARN")
            case JobDied():
                yield _said(now, f"Job terminated: {event.reason}", "ERROR")
                yield _said(now, "Job killed", "WARN")
            case JobWarned():
                yield _said(now, event.text, "WARN")
            case OutputsDropped():
                yield _said(now, "Outputs between the stages were dropped; only results are kept")
            case NodeBlacklisted():
                yield _said(now, f"{event.host} is blacklisted", "WARN")
            case NodeWhitelisted():
                yield _said(now, f"{event.host} is whitelisted")
            case NodeDied():
                yield _said(now, f"{event.host} died", "WARN")
            case NodeReturned():
                yield _said(now, f"{event.host} is back")
            case NodeSlowed():
                yield _said(now, f"{event.host} is {_speed(event.factor)}", "WARN" if event.factor > 1.0 else "SYS")
            case NetworkCut():
                yield _said(now, f"the network between {_hosts(event.one)} and {_hosts(event.other)} is cut", "WARN")
            case NetworkHealed():
                yield _said(now, f"the network between {_hosts(event.one)} and {_hosts(event.other)} is whole again")
            case NetworkShared():
                how = "by ports" if event.how == "ports" else "exactly"
                yield _said(now, f"{event.n_flows} transfers at once: the network is shared {how} from here on")

    def _detail(self, event: Event) -> Iterator[Line]:
        now = event.time_s
        match event:
            case StageStarted():
                for number, inputs in enumerate(event.tasks):
                    hosts = f" at {', '.join(inputs.hosts)}" if inputs.hosts else ""
                    text = f"waits for a slot; reads {counted(len(inputs.pieces), 'input')}{hosts}"
                    yield _said(now, text, stage=event.stage, task=number)
            case PhasesPlayed():
                for text in _spent(Phases(*event[6:])):
                    yield Line(now, event.host, "SYS", event.stage, event.task, text)
            case OutputStored():
                size = f"{counted(event.n_records, 'record')}, {counted(event.n_bytes, 'byte')}"
                text = f"stored {size} for partition {event.label}"
                yield Line(now, event.host, "SYS", event.stage, event.task, text)
            case OOBStored():
                text = f"out-of-band result {event.key!r} ({counted(event.n_bytes, 'byte')}) {event.state}"
                yield Line(now, event.host, "SYS", event.stage, event.task, text)


def _said(time_s: float, message: str, level: str = "SYS", stage: str = "", task: int | None = None) -> Line:
    return Line(time_s, MASTER, level, stage, task, message)


def _speed(factor: float) -> str:
    """How fast a node is that takes `factor` times as long as it was made for."""
    if factor == 1.0:
        return "at its normal speed again"
    return f"{factor:g} times slower" if factor > 1.0 else f"{1 / factor:g} times faster"


def _hosts(hosts: Sequence[str]) -> str:
    """Some host names; of many the first, and how many more there are."""
    n_more = len(hosts) - _MOST_HOSTS
    return ", ".join(hosts[:_MOST_HOSTS]) + (f" and {n_more} more" if n_more > 0 else "")


def _spent(phases: Phases) -> list[str]:
    """What the time of a run went by with: 'start-up 0.500 s, cpu 0.020 s (2 times as long as normal)'."""
    told: list[str] = []
    for kind, seconds in phases.parts:
        if seconds < _SHORTEST_TOLD_S:
            continue
        part = f"{'start-up' if kind == 'startup' else kind} {seconds:.3f} s"
        if kind == "cpu" and round(phases.slowdown, 3) != 1.0:
            part += f" ({phases.slowdown:.3g} times as long as normal)"
        if told and len(told[-1]) + len(part) + len(", ,") <= _LONGEST_LINE:
            told[-1] += f", {part}"
        elif told:
            told = [*told[:-1], f"{told[-1]},", part]
        else:
            told = [part]
    return told


def lines(events: Iterable[Event]) -> Iterator[Line]:
    """The lines that tell the events of one job, from its first event on: `lines(log.of(job))`."""
    story = Story()
    for event in events:
        yield from story.tell(event)


def task_story(log: Log, job: str, stage: str, task: int) -> list[Line]:
    """Every line that concerns one task: its runs, outputs, out-of-band results, failures and waits.

    Raises:
        DiscoError: If the job never had such a task.
    """
    story = Story(is_detailed=True)
    told: list[Line] = []
    known: list[str] = []
    for event in log.of(job):
        if isinstance(event, StageStarted):
            known.append(f"{event.stage}:0 to {event.stage}:{len(event.tasks) - 1}" if event.tasks else event.stage)
        told.extend(line for line in story.tell(event) if line.task == task and line.stage == stage)
    if not told:
        raise DiscoError(
            f"job {job!r} has no task {stage}:{task} in this log; its tasks so far: {', '.join(known) or 'none'}",
            job=job,
            stage=stage,
            task=task,
        )
    return told
