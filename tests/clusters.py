"""Clusters without user code: an engine whose outcomes are written by hand, and requests that need no client."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from disco_sim.cluster.simulated import SimulatedCluster
from disco_sim.error import DataError
from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event
from disco_sim.model.job import JobRequest, Limits
from disco_sim.model.plan import Output, Plan, Stage
from disco_sim.model.rules import Rules
from disco_sim.model.work import Blob, Counts, Failure, Message, TaskOutcome, TaskWork
from disco_sim.sim.scheduler import Scheduler

Script = Mapping[str, Callable[[TaskWork], TaskOutcome]]

ONE_STAGE: Plan = (Stage("first", "split"),)
TWO_STAGES: Plan = (Stage("first", "split"), Stage("second", "group_label", range(2)))


class Scripted:
    """An engine that computes a run by the request's own function for its stage; `works` are those it was given."""

    def __init__(self) -> None:
        self.works: list[TaskWork] = []

    def compute(self, work: TaskWork) -> TaskOutcome:
        """What the script says."""
        self.works.append(work)
        outcome: TaskOutcome = work.program[work.stage](work)
        return outcome


def pairs(*found: tuple[Any, Any]) -> Blob:
    """A blob of pairs of ten bytes each."""
    return Blob.of_pairs(found, 10 * len(found))


def outcome(
    *outputs: tuple[int, Blob],
    oob: Mapping[str, str | bytes] | None = None,
    slept_s: float = 0.0,
    messages: Iterable[Message] = (),
) -> TaskOutcome:
    """The outcome of a run that went well."""
    return TaskOutcome(
        outputs=outputs,
        oob=tuple((oob or {}).items()),
        messages=tuple(messages),
        counts=Counts(
            records_in=1,
            records_out=sum(blob.n_records for _, blob in outputs),
            bytes_out=sum(blob.n_bytes for _, blob in outputs),
            slept_s=slept_s,
        ),
    )


def failure(
    kind: Any = "data", error: BaseException | None = None, oob: Mapping[str, str] | None = None
) -> TaskOutcome:
    """The outcome of a run that failed."""
    error = error or DataError("bad block")
    return TaskOutcome(oob=tuple((oob or {}).items()), failure=Failure(kind, f"{type(error).__name__}: {error}", error))


def silent(work: TaskWork) -> TaskOutcome:
    """A run that does nothing, well."""
    return outcome()


def sleeping(seconds: float) -> Callable[[TaskWork], TaskOutcome]:
    """Runs that take `seconds` beside their startup."""
    return lambda work: outcome(slept_s=seconds)


def at_home(*hosts: str) -> tuple[Output, ...]:
    """One input at each of `hosts`."""
    return tuple(Output(0, host, 0, 0, f"raw://{number}") for number, host in enumerate(hosts))


def request(
    name: str = "job",
    *,
    plan: Plan = ONE_STAGE,
    inputs: int | tuple[Output, ...] = 1,
    script: Script | None = None,
    limits: Limits | None = None,
    serial: int = 0,
    save_as: str | None = None,
) -> JobRequest:
    """A job whose stages do what `script` says, else nothing; `inputs` without a home unless given."""
    pieces = at_home(*[""] * inputs) if isinstance(inputs, int) else inputs
    program = {stage.name: (script or {}).get(stage.name, silent) for stage in plan}
    return JobRequest(name, serial, plan, pieces, program, limits or Limits(), save_as)


def cluster(nodes: int | str = 2, slots: int = 1, **options: Any) -> SimulatedCluster:
    """A small cluster with a scripted engine."""
    spec = ClusterSpec.parse(nodes) if isinstance(nodes, str) else ClusterSpec.of(nodes, slots)
    rules = Rules(**{name: options.pop(name) for name in Rules._fields if name in options})
    return SimulatedCluster(spec, Scripted(), rules=rules, **options)


def finish(cluster: SimulatedCluster, until_s: float = math.inf) -> list[Event]:
    """Let everything happen, and give the whole log."""
    while cluster.advance(until_s):
        pass
    return list(cluster.log)


def of_kind(log: Iterable[Event], *kinds: type[Any]) -> list[Any]:
    """The events of some kinds."""
    return [event for event in log if isinstance(event, kinds)]


def starts(log: Iterable[Event]) -> list[tuple[str, str]]:
    """What ran where, in order of starting: ("first:0.0", "node01") for run 0 of task 0 of stage first."""
    return [(f"{event.stage}:{event.task}.{event.attempt}", event.host) for event in of_kind(log, events.RunStarted)]


def replayed(
    log: Iterable[Event], spec: ClusterSpec, max_failures: int = 3, policy: str = "fair", has_copies: bool = False
) -> list[Any]:
    """The instructions of a fresh scheduler that is told of all that happened; its invariants hold after each event."""
    scheduler = Scheduler(spec, max_failures, policy, has_copies)
    orders: list[Any] = []
    for event in log:
        orders += scheduler.handle(event)
        scheduler.check()
    return orders


def orders_in(log: Iterable[Event]) -> list[Any]:
    """The instructions that a log shows to have been obeyed, in no special order."""
    made: list[Any] = []
    for event in log:
        if isinstance(event, events.RunStarted):
            made.append(events.StartRun(*event[1:]))
        elif isinstance(event, events.StageStarted):
            made.append(events.StartStage(event.job, event.stage))
        elif isinstance(event, events.TaskDelayed):
            made.append(events.DelayTask(*event[1:]))
        elif isinstance(event, events.StageFinished):
            made.append(events.FinishStage(event.job, event.stage))
        elif isinstance(event, events.JobFinished):
            made.append(events.FinishJob(event.job))
        elif isinstance(event, events.JobDied):
            made.append(events.EndJob(event.job, event.reason))
        elif isinstance(event, events.RunFailed) and event.kind == "lost":
            made.append(events.DropRun(event.job, event.stage, event.task, event.attempt, event.host, event.reason))
    return made


def decisions(orders: Iterable[Any]) -> list[Any]:
    """What a scheduler alone decides, in no special order: runs are lost to faults too, and looks may never be due."""
    return sorted((order for order in orders if not isinstance(order, events.DropRun | events.WatchCopies)), key=repr)
