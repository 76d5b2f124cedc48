"""Logs of jobs written by hand, for the tests of views: no cluster runs here."""

from __future__ import annotations

from disco_sim.error import DataError
from disco_sim.model.events import (
    CopiesDue,
    Event,
    JobDied,
    JobFinished,
    JobKillAsked,
    JobSubmitted,
    MessageSent,
    NetworkShared,
    NodeDied,
    NodeReturned,
    NodeSlowed,
    OOBStored,
    OutputLost,
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
from disco_sim.model.job import Limits
from disco_sim.model.plan import Output, Plan, Stage, TaskInputs, group
from disco_sim.model.work import Blob
from disco_sim.store.log import Log

JOB = "wordcount@1a:2b:3c"
PLAN: Plan = (Stage("map", "split"), Stage("reduce", "group_label", range(3)))
OOB_VALUES: dict[str, str | bytes] = {"lines:0": "12", "lines:1": b"\x00\xff"}


class Scribe:
    """Writes the log of one job, event by event, and keeps the blobs that its runs store."""

    def __init__(self, log: Log | None = None, job: str = JOB, plan: Plan = PLAN, start_s: float = 0.0) -> None:
        self.log = Log() if log is None else log
        self.job, self.plan, self.start_s = job, plan, start_s
        self.blobs: dict[str, Blob] = {}
        self.outputs: dict[str, list[Output]] = {stage.name: [] for stage in plan}

    def add(self, *events: Event) -> None:
        """Append events as they are."""
        for event in events:
            self.log.append(event)

    def submit(self, n_inputs: int = 2) -> None:
        """The job comes, with inputs at node01, node02 and so on."""
        self.add(JobSubmitted(self.start_s, self.job, 0, self.plan, n_inputs, Limits()))
        pieces = [Output(0, f"node{number + 1:02d}", 0, 100, f"raw://{number}") for number in range(n_inputs)]
        self.begin(self.start_s, self.plan[0], tuple(pieces))

    def begin(self, time_s: float, stage: Stage, pieces: tuple[Output, ...]) -> tuple[TaskInputs, ...]:
        """A stage starts with what `group` makes of `pieces`."""
        tasks = group(stage.grouping, stage.labels, pieces)
        self.add(StageStarted(time_s, self.job, stage.name, tasks))
        return tasks

    def start(self, time_s: float, stage: str, task: int, host: str, slot: int = 0, attempt: int = 0) -> None:
        """A run starts."""
        self.add(RunStarted(time_s, self.job, stage, task, attempt, host, slot, 0))

    def say(self, time_s: float, stage: str, task: int, host: str, text: str, level: str = "MSG") -> None:
        """A run sends a line."""
        self.add(MessageSent(time_s, self.job, stage, task, 0, host, level, text))

    def store(self, time_s: float, stage: str, task: int, host: str, label: int, blob: Blob, attempt: int = 0) -> None:
        """A run stores one labelled output; another run of its task stores under the same URL if it is at this host."""
        url = f"disco://{host}/{stage}-{task}-{label}"
        self.blobs[url] = blob
        self.outputs[stage].append(Output(label, host, blob.n_records, blob.n_bytes, url))
        self.add(OutputStored(time_s, self.job, stage, task, attempt, host, label, blob.n_records, blob.n_bytes, url))

    def put(self, time_s: float, stage: str, task: int, host: str, key: str, state: str = "committed") -> None:
        """An out-of-band result is committed or dropped."""
        self.add(OOBStored(time_s, self.job, stage, task, 0, host, key, 2, state))

    def finish(
        self, time_s: float, stage: str, task: int, host: str, records: tuple[int, int] = (5, 5), attempt: int = 0
    ) -> None:
        """A run ends well; `records` in and out."""
        n_in, n_out = records
        self.add(RunFinished(time_s, self.job, stage, task, attempt, host, n_in, n_out, n_in * 10, n_out * 10, 1))

    def play(self, time_s: float, stage: str, task: int, host: str, *seconds: float, attempt: int = 0) -> None:
        """What a run that ends now went by with: start-up, wait, read, transfer, cpu, wait, write; cpu at half speed.

        What is not given is 0.
        """
        played = (*seconds, *[0.0] * (7 - len(seconds)))
        self.add(PhasesPlayed(time_s, self.job, stage, task, attempt, host, *played, 2.0))

    def fail(self, time_s: float, stage: str, task: int, host: str, kind: str, reason: str, attempt: int = 0) -> None:
        """A run ends badly."""
        self.add(RunFailed(time_s, self.job, stage, task, attempt, host, kind, reason, 3, 30, 1, 0.5))

    def read(self, url: str) -> Blob:
        """The blob under a URL, as a store gives it."""
        if url not in self.blobs:
            raise DataError("no such blob", url)
        return self.blobs[url]


def pairs(*found: tuple[object, object]) -> Blob:
    """A blob of pairs of ten bytes each."""
    return Blob.of_pairs(found, 10 * len(found))


def ready(log: Log | None = None, job: str = JOB, start_s: float = 0.0) -> Scribe:
    """A word count over two inputs and three partitions; map:1 fails once, partition 1 stays empty."""
    scribe = Scribe(log, job, start_s=start_s)
    at = start_s
    scribe.submit()
    scribe.start(at, "map", 0, "node01")
    scribe.start(at, "map", 1, "node02")
    scribe.say(at + 0.25, "map", 0, "node01", "hello <b>world</b>")
    scribe.store(at + 0.5, "map", 0, "node01", 0, pairs(("the", 1), ("the", 1), ("a", 1)))
    scribe.store(at + 0.5, "map", 0, "node01", 2, pairs(("<script>", 1)))
    scribe.put(at + 0.5, "map", 0, "node01", "lines:0")
    scribe.finish(at + 0.5, "map", 0, "node01", (3, 4))
    scribe.put(at + 0.75, "map", 1, "node02", "lines:1", "dropped")
    scribe.fail(at + 0.75, "map", 1, "node02", "data", "bad line")
    scribe.add(TaskDelayed(at + 0.75, job, "map", 1, 1, "node02", 2.0))
    scribe.add(TaskRequeued(at + 2.75, job, "map", 1))
    scribe.start(at + 2.75, "map", 1, "node01", 1, attempt=1)
    scribe.store(at + 3.25, "map", 1, "node01", 0, pairs(("the", 1)), attempt=1)
    scribe.put(at + 3.25, "map", 1, "node01", "lines:1")
    scribe.finish(at + 3.25, "map", 1, "node01", (2, 1), attempt=1)
    scribe.add(StageFinished(at + 3.25, job, "map"))
    scribe.begin(at + 3.25, scribe.plan[1], tuple(scribe.outputs["map"]))
    for task, host in enumerate(("node01", "node02", "node03")):
        scribe.start(at + 3.25, "reduce", task, host)
    counts = (pairs(("a", 1), ("the", 3)), pairs(), pairs(("<script>", 1)))
    for task, host in enumerate(("node01", "node02", "node03")):
        scribe.store(at + 3.75 + task / 4, "reduce", task, host, task, counts[task])
        scribe.finish(at + 3.75 + task / 4, "reduce", task, host, (4 - task, counts[task].n_records))
    scribe.add(StageFinished(at + 4.25, job, "reduce"), JobFinished(at + 4.25, job))
    return scribe


def dead(log: Log | None = None, job: str = "grep@1a:2b:3d", start_s: float = 0.0) -> Scribe:
    """A job whose map:0 raises, so that map:1 is lost and the job is dead."""
    scribe = Scribe(log, job, start_s=start_s)
    scribe.submit()
    scribe.start(start_s, "map", 0, "node01")
    scribe.start(start_s, "map", 1, "node02")
    scribe.fail(start_s + 0.5, "map", 0, "node01", "fatal", "ValueError: x")
    scribe.fail(start_s + 0.5, "map", 1, "node02", "lost", "job killed")
    scribe.add(JobDied(start_s + 0.5, job, "map:0 failed on node01: ValueError: x"))
    return scribe


def killed() -> Scribe:
    """A job that somebody kills while both its tasks run; the log says nothing of the ends of its runs."""
    scribe = Scribe()
    scribe.submit()
    scribe.start(0.0, "map", 0, "node01")
    scribe.start(0.0, "map", 1, "node02")
    scribe.add(JobKillAsked(0.25, JOB, "by hand"), JobDied(0.25, JOB, "by hand"))
    return scribe


def troubled(log: Log | None = None, job: str = "sort@1a:2b:3e", start_s: float = 0.0) -> Scribe:
    """A job whose node02 dies when its two map tasks are done, reduce:0 too, and reduce:1 and reduce:2 run.

    map:1 runs again on node03, is copied on node04, and the copy is faster; then reduce:1 and reduce:2 run again.
    """
    scribe = Scribe(log, job, start_s=start_s)
    at, died = start_s, "node02 died"
    scribe.submit()
    for task, host in enumerate(("node01", "node02")):
        scribe.start(at, "map", task, host)
    for task, host in enumerate(("node01", "node02")):
        scribe.play(at + 1.0, "map", task, host, 0.5, 0.0, 0.125, 0.0, 0.25, 0.0, 0.125)
        scribe.finish(at + 1.0, "map", task, host)
        for label in (0, 2):
            scribe.store(at + 1.0, "map", task, host, label, pairs(("a", 1)))
    scribe.add(StageFinished(at + 1.0, job, "map"))
    scribe.begin(at + 1.0, scribe.plan[1], tuple(scribe.outputs["map"]))
    for task, host in enumerate(("node01", "node02", "node03")):
        scribe.start(at + 1.0, "reduce", task, host)
    scribe.finish(at + 1.5, "reduce", 0, "node01", (2, 1))
    scribe.store(at + 1.5, "reduce", 0, "node01", 0, pairs(("a", 2)))
    scribe.add(NetworkShared(at + 1.75, "ports", 5000), NodeDied(at + 2.0, "node02"))
    scribe.play(at + 2.0, "reduce", 1, "node02", 0.5, 0.0, 0.5)
    scribe.fail(at + 2.0, "reduce", 1, "node02", "lost", died)
    scribe.add(OutputLost(at + 2.0, job, "map", 1, "node02", died))
    scribe.fail(at + 2.0, "reduce", 2, "node03", "lost", "what it reads is lost")
    scribe.start(at + 2.0, "map", 1, "node03", 1, attempt=1)
    scribe.add(NodeSlowed(at + 2.25, "node03", 4.0), CopiesDue(at + 2.5, job, "map"))
    scribe.start(at + 2.5, "map", 1, "node04", attempt=2)
    scribe.play(at + 3.0, "map", 1, "node04", 0.25, 0.125, 0.125, attempt=2)
    scribe.finish(at + 3.0, "map", 1, "node04", attempt=2)
    for label in (0, 2):
        scribe.store(at + 3.0, "map", 1, "node04", label, pairs(("a", 1)), attempt=2)
    scribe.fail(at + 3.0, "map", 1, "node03", "lost", "another run of the task was faster", attempt=1)
    for task, host in ((1, "node01"), (2, "node03")):
        scribe.start(at + 3.0, "reduce", task, host, attempt=1)
    for task, host in ((1, "node01"), (2, "node03")):
        scribe.play(at + 3.5 + task / 4, "reduce", task, host, 0.5, 0.0, 0.0, task / 4, attempt=1)
        scribe.finish(at + 3.5 + task / 4, "reduce", task, host, (2, 1), attempt=1)
        scribe.store(at + 3.5 + task / 4, "reduce", task, host, task, pairs(("a", 2)), attempt=1)
    scribe.add(StageFinished(at + 4.0, job, "reduce"), JobFinished(at + 4.0, job), NodeReturned(at + 4.5, "node02"))
    return scribe
