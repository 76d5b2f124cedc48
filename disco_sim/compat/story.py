"""Events told in the words of Disco 0.5.4: what `job.events()` and DISCO_EVENTS give where that dialect holds.

Tasks are numbered through the whole job. What a host's worker says begins with its type and task, as in
`MSG: [map:0] hello`; lines of the job itself have no such beginning, but for READY, WARN and ERROR.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from disco_sim.error import JobError
from disco_sim.model.events import (
    Event,
    JobDied,
    JobFinished,
    JobKillAsked,
    JobSubmitted,
    JobWarned,
    MessageSent,
    OutputLost,
    RunFailed,
    RunFinished,
    RunStarted,
    StageFinished,
    StageStarted,
    TaskDelayed,
)
from disco_sim.model.job import Limits
from disco_sim.store.jobs import Jobs
from disco_sim.views.state import JobState
from disco_sim.views.story import MASTER, elapsed, timestamp

_MISBEHAVING = "Worker is behaving badly"
_FIRST_WORDS = "DiscoError: "


class Line(NamedTuple):
    """One line of a job's log, `time_s` in virtual seconds since the cluster's start; `text` is all that is told.

    `level` is the type that the text begins with: MSG, SYS, DONE, WARNING, ERROR, FATAL, WARN or READY; '' for none.
    """

    time_s: float
    host: str
    level: str
    text: str

    @property
    def record(self) -> tuple[str, str, str]:
        """The (timestamp, host, text) of Disco's own event records."""
        return timestamp(self.time_s), self.host, self.text


class Story:
    """Tells the events of one job, given one after the other; tracebacks are looked up in `jobs`, if they are given.

    Without it a failure is told by its reason alone, which is all that a log has.
    """

    def __init__(self, jobs: Jobs | None = None) -> None:
        self._jobs = jobs
        self._job = ""
        self._limits = Limits()
        self._submitted_s = 0.0
        self._n_tasks = 0
        self._first: dict[str, int] = {}
        self._stage_s: dict[str, float] = {}
        self._started_s: dict[tuple[str, int, int], float] = {}
        self._n_failed: dict[tuple[str, int], int] = {}
        self._latest: RunFailed | None = None
        self._quiet = {"job ended", "another run of the task was faster"}
        self._lost: set[tuple[str, int]] = set()

    def tell(self, event: Event) -> list[Line]:
        """The lines that tell `event`, often none."""
        return list(self._tell(event))

    def status(self, state: JobState) -> str:
        """How far the job is, of the latest stage that had any run; '' for one that has no stage."""
        stage = state.latest_stage
        if stage is None:
            return ""
        n_running = sum(len(one.running) for one in state.stages.values())
        counts = stage_counts(*stage.counters, n_running, self._limits.max_cores)
        told = (f"{number} {word}" for number, word in zip(counts, COUNTED, strict=True))
        return f"Status: [{stage.stage.name}] {', '.join(told)}"

    def _tell(self, event: Event) -> Iterator[Line]:
        now = event.time_s
        match event:
            case JobSubmitted():
                self._job, self._submitted_s, self._limits = event.job, now, event.limits
                yield Line(now, MASTER, "", "New job initialized!")
                yield Line(now, MASTER, "", f'Created job "{event.job}"')
            case StageStarted():
                self._first[event.stage], self._stage_s[event.stage] = self._n_tasks, now
                self._n_tasks += len(event.tasks)
                yield Line(now, MASTER, "", f"Stage {event.stage} scheduled with {len(event.tasks)} tasks")
            case RunStarted():
                self._started_s[event.stage, event.task, event.attempt] = now
                yield Line(now, MASTER, "", f"{self._name(event)} assigned to {event.host}")
            case MessageSent():
                level = "WARNING" if event.level in ("WARN", "ERROR") else "MSG"
                yield self._said(event, event.host, level, event.text)
            case RunFinished():
                took_s = now - self._started_s.pop((event.stage, event.task, event.attempt), now)
                yield self._said(event, event.host, "MSG", "Results sent to master")
                yield self._said(event, event.host, "DONE", f"Task finished in {elapsed(took_s)}")
                yield self._said(event, MASTER, "SYS", f"Received results from {event.host}")
            case RunFailed():
                yield from self._failed(event)
            case TaskDelayed():
                is_lost = (event.stage, event.task) in self._lost
                what = (
                    f'lost on "{event.host}"'
                    if is_lost
                    else f'failed on "{event.host}", {event.failures}th failures so far'
                )
                text = f"Task {self._name(event)} {what}. Sleeping {event.wait_s:g} seconds before retrying."
                yield Line(now, MASTER, "", text)
            case OutputLost():
                text = f"Results on {event.host} are lost ({event.reason}), the task will be run again"
                yield self._said(event, MASTER, "WARNING", text)
            case StageFinished():
                took_s = now - self._stage_s.get(event.stage, now)
                yield Line(now, MASTER, "", f"Stage {event.stage} finished in {elapsed(took_s)}")
            case JobFinished():
                yield _titled(now, "READY", f"Job done in {elapsed(now - self._submitted_s)}")
            case JobWarned():
                yield _titled(now, "WARN", event.text)
            case JobKillAsked():
                self._latest = None  # so that the job does not die of a failure
                self._quiet.add(event.reason)
            case JobDied():
                yield from self._died(event)

    def _failed(self, event: RunFailed) -> Iterator[Line]:
        self._started_s.pop((event.stage, event.task, event.attempt), None)
        if event.kind == "lost":
            self._lost.add((event.stage, event.task))
            # Those that are lost because nobody needs them any more are not heard of.
            if event.reason not in self._quiet:
                yield self._said(event, event.host, "WARNING", f"Worker lost: {event.reason}")
            return
        key = event.stage, event.task
        self._lost.discard(key)
        self._latest, self._n_failed[key] = event, self._n_failed.get(key, 0) + 1
        if event.kind == "crash":
            code = event.reason.rpartition("exit code: ")[2]
            code = code if code.lstrip("-").isdigit() else "1"
            yield self._said(event, event.host, "WARNING", f"Worker crashed! (exit code: {code})")
            yield self._said(event, event.host, "WARNING", "Worker died without output")
        elif event.kind == "fatal" and _MISBEHAVING in event.reason:
            said = event.reason.removeprefix(_FIRST_WORDS).partition(". ")[0]
            yield self._said(event, event.host, "WARNING", f"{said}.")
            yield self._said(event, event.host, "FATAL", "Worker died without output")
        else:
            level = "FATAL" if event.kind == "fatal" else "WARNING"
            yield self._said(event, event.host, level, self._traceback(event))

    def _died(self, event: JobDied) -> Iterator[Line]:
        failed = self._latest
        if failed is None:
            if event.reason not in ("killed", "interrupted"):
                yield _titled(event.time_s, "ERROR", event.reason)
        elif failed.kind != "fatal":
            n_failed = self._n_failed[failed.stage, failed.task]
            text = f"Task {self._name(failed)} failed {n_failed} times. At most {n_failed - 1} failures are allowed."
            yield self._said(failed, MASTER, "ERROR", text, event.time_s)
        yield _titled(event.time_s, "WARN", "Job killed")

    def _traceback(self, event: RunFailed) -> str:
        facts = None if self._jobs is None or event.job not in self._jobs else self._jobs[event.job]
        failure = None if facts is None else facts.failures.get((event.stage, event.task, event.attempt))
        if failure is None:
            return f"Traceback (most recent call last):\n{event.reason}"
        return (failure.trace or f"Traceback (most recent call last):\n{event.reason}").rstrip()

    def _name(self, event: RunStarted | RunFailed | TaskDelayed) -> str:
        return f"{event.stage}:{self._first.get(event.stage, 0) + event.task}"

    def _said(
        self,
        event: MessageSent | RunFinished | RunFailed | OutputLost,
        host: str,
        level: str,
        text: str,
        time_s: float | None = None,
    ) -> Line:
        number = self._first.get(event.stage, 0) + event.task
        when_s = event.time_s if time_s is None else time_s
        return Line(when_s, host, level, f"{level}: [{event.stage}:{number}] {text}")


def lines(events: Iterable[Event], jobs: Jobs | None = None) -> Iterator[Line]:
    """The lines that tell the events of one job, from its first event on: `lines(log.of(job), jobs)`."""
    story = Story(jobs)
    for event in events:
        yield from story.tell(event)


@contextmanager
def named_as_in_events() -> Iterator[None]:
    """Within it, a JobError also has the number that the task it is about has in events, which count through the job.

    >>> with named_as_in_events():
    ...     raise JobError("Status dead: task reduce:0 failed", stage="reduce", task=0, task_id=4)
    Traceback (most recent call last):
    disco_sim.error.JobError: Status dead: task reduce:0 (reduce:4 in the events) failed
    """
    try:
        yield
    except JobError as error:
        also_as_in_events(error)
        raise


def also_as_in_events(error: JobError) -> JobError:
    """The error itself, whose message has the number of its task in events, too, where that is another."""
    facts = vars(error)
    if facts.get("task_id") != facts.get("task"):
        name = f"task {error.stage}:{error.task}"
        text = str(error.args[0]).replace(
            f"{name} failed", f"{name} ({error.stage}:{error.task_id} in the events) failed", 1
        )
        error.args, error.error = (text,), text
    return error


COUNTED = ("pending", "waiting", "running", "done", "failed")
"""What is counted of a stage, in Disco's order."""


def stage_counts(
    waiting: int, running: int, done: int, failed: int, n_running: int, max_cores: int
) -> tuple[int, int, int, int, int]:
    """Disco's five counts of a stage: of the tasks that wait, those are pending that `max_cores` holds back.

    `n_running` runs of the job, of all stages, have a core already.

    >>> stage_counts(3, 1, 0, 0, 1, 2)
    (2, 1, 1, 0, 0)
    """
    pending = max(0, waiting - max(0, max_cores - n_running))
    return pending, waiting - pending, running, done, failed


def _titled(time_s: float, level: str, text: str) -> Line:
    return Line(time_s, MASTER, level, f"{level}: {text}")
