"""Which faults of a plan had any effect on a log: found from events, and from a log of the same job without faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from disco_sim import Costs
from disco_sim.model import events
from disco_sim.model.events import Event

KINDS = ("kill", "restore", "slow", "cut", "crash", "lose", "corrupt", "missing")


class Span(NamedTuple):
    """When and where a run read over the network."""

    host: str
    sources: frozenset[str]
    start_s: float
    end_s: float


class Played(NamedTuple):
    """The log of a job, and what its luck came from."""

    log: Sequence[Event]
    costs: Costs
    seed: int


def effects(played: Played, calm: Played) -> Counter[str]:
    """How often faults of each kind had an effect; `calm` is the same job without any, on nodes that are alike.

    A kill has when it takes a run or an output along, a restored node when it gets a run, a slow node when a run
    computes longer there than its luck and its work explain, and a cut when a transfer stands still until it heals.
    """
    found: Counter[str] = Counter()
    dead: set[str] = set()
    back: set[str] = set()
    for event in played.log:
        match event:
            case events.NodeDied():
                dead.add(event.host)
                back.discard(event.host)
            case events.NodeReturned():
                back |= dead & {event.host}
                dead.discard(event.host)
            case events.RunStarted():
                found["restore"] += event.host in back
            case events.RunFailed():
                found["kill"] += event.kind == "lost" and event.reason.endswith(" died")
                found["crash"] += event.kind == "crash"
                found["corrupt"] += event.kind == "data" and "is corrupt" in event.reason
                found["missing"] += event.kind == "data" and "is missing" in event.reason
            case events.OutputLost():
                found["kill"] += event.reason.endswith(" died")
                found["lose"] += event.reason == "a fault wanted it"
            case _:
                pass
    work = dict(_work(calm))
    found["slow"] = sum(seconds > 1.001 * work[task] for task, seconds in _work(played))
    found["cut"] = _n_held(played.log)
    return +found


def _work(played: Played) -> Iterator[tuple[tuple[str, str, int], float]]:
    """The CPU seconds of each finished run, without its luck."""
    serials: dict[str, int] = {}
    cpu_s: dict[tuple[object, ...], float] = {}
    for event in played.log:
        if isinstance(event, events.JobSubmitted):
            serials[event.job] = event.serial
        elif isinstance(event, events.PhasesPlayed):
            cpu_s[event[1:5]] = event.cpu_s
        elif isinstance(event, events.RunFinished):
            factor = played.costs.run_factor(played.seed, serials[event.job], *event[2:5])
            yield (event.job.partition("@")[0], event.stage, event.task), cpu_s[event[1:5]] / factor


def _n_held(log: Sequence[Event]) -> int:
    healed = [event for event in log if isinstance(event, events.NetworkHealed)]
    return sum(
        span.start_s < heal.time_s <= span.end_s and _is_between(span, heal) for span in _spans(log) for heal in healed
    )


def _is_between(span: Span, cut: events.NetworkHealed) -> bool:
    sides = (cut.one, cut.other) if span.host in cut.one else (cut.other, cut.one)
    return span.host in sides[0] and bool(span.sources & set(sides[1]))


def _spans(log: Sequence[Event]) -> Iterator[Span]:
    tasks: dict[tuple[str, str], tuple[frozenset[str], ...]] = {}
    started: dict[tuple[object, ...], float] = {}
    for event in log:
        if isinstance(event, events.StageStarted):
            tasks[event.job, event.stage] = tuple(
                frozenset(piece.host for piece in task.pieces) for task in event.tasks
            )
        elif isinstance(event, events.RunStarted):
            started[event[1:5]] = event.time_s
        elif isinstance(event, events.PhasesPlayed) and event.transfer_s:
            start_s = started[event[1:5]] + event.startup_s + event.read_wait_s + event.read_s
            sources = tasks[event.job, event.stage][event.task]
            yield Span(event.host, sources, start_s, start_s + event.transfer_s)
