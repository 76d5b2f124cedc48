"""What must hold of the log of any cluster, whatever its jobs, its faults and its luck: found out from the log alone.

Each function states one rule, and `check_invariants` asks them all. They raise AssertionError by themselves, for an
`assert` in an installed package says nothing and can be switched off.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from disco_sim.core import Disco, Job
from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event
from disco_sim.testing.logs import Logged, events_of

ENDS = (events.RunFinished, events.RunFailed)
JOB_ENDS = (events.JobFinished, events.JobDied)

_PRECISION = 1e-6
"""The phases of a run may add up to this share, or this many seconds, more or less than its duration."""


def check_invariants(log: Logged, spec: ClusterSpec | None = None, *, is_over: bool = True) -> None:
    """Assert what must hold of any log: of a Disco, of the Disco that a job is on, or of events in order.

    Time never goes back. A slot holds one run at a time. No run starts on a node that is dead or blacklisted. The runs
    of a task are numbered in order, and each ends once, before its job does. What a run counts is what it stored, and
    its phases are as long as it was. A task's output is stored once, unless it was lost in between, and an out-of-band
    key is committed once. A stage starts when the one before is done. A job ends once, and nothing of it happens
    afterwards.

    `spec` is known of a Disco; with it, hosts and slots are those of the cluster. `is_over` says that nothing is left
    to happen, so that every job has ended; give False for a log that goes on.

    >>> from disco_sim.testing import simulate
    >>> check_invariants(simulate(lambda line, params: [(line, 1)], records=["a", "b"]))

    Raises:
        AssertionError: With the rule that is broken, the position of the event that breaks it, and that event.
    """
    if isinstance(log, Job):
        log = log.disco
    if isinstance(log, Disco):
        spec = log.cluster.spec
    happened = events_of(log)
    time_never_goes_back(happened)
    a_slot_holds_one_run(happened, spec)
    nodes_that_are_away_get_no_run(happened)
    runs_are_numbered_and_end_once(happened)
    what_is_counted_is_stored(happened)
    phases_are_as_long_as_their_run(happened)
    outputs_are_stored_once(happened)
    keys_are_committed_once(happened)
    stages_follow_each_other(happened)
    jobs_end_once(happened, is_over)


def _broken(rule: str, position: int, event: object, why: str = "") -> AssertionError:
    return AssertionError(f"{rule}, but event {position} is {event}{f': {why}' if why else ''}")


def time_never_goes_back(log: Sequence[Event]) -> None:
    """Each event is at the time of the one before, or later."""
    now_s = 0.0
    for position, event in enumerate(log):
        if not now_s <= event.time_s < math.inf:
            raise _broken("time never goes back", position, event, f"it was {now_s} s already")
        now_s = event.time_s


def a_slot_holds_one_run(log: Sequence[Event], spec: ClusterSpec | None = None) -> None:
    """A slot that a run has is free before the next run gets it."""
    slots = None if spec is None else {node.host: node.slots for node in spec.nodes}
    holders: dict[tuple[str, int], tuple[object, ...]] = {}
    places: dict[tuple[object, ...], tuple[str, int]] = {}
    for position, event in enumerate(log):
        if isinstance(event, events.RunStarted):
            run, place = event[1:5], (event.host, event.slot)
            if slots is not None and not 0 <= event.slot < slots.get(event.host, 0):
                raise _broken("a run starts in a slot of the cluster", position, event)
            if place in holders:
                raise _broken("a slot holds one run at a time", position, event, f"it is held by {holders[place]}")
            holders[place], places[run] = run, place
        elif isinstance(event, ENDS) and (had := places.pop(event[1:5], None)) is not None:
            if had[0] != event.host:
                raise _broken("a run ends where it started", position, event, f"it started on {had[0]}")
            del holders[had]


def nodes_that_are_away_get_no_run(log: Sequence[Event]) -> None:
    """No run starts on a node that is dead or blacklisted.

    One whose start was ordered in the very instant of that may still start in it; on a dead node it is lost at once.
    """
    dead: dict[str, float] = {}
    blacklisted: dict[str, float] = {}
    doomed: dict[tuple[object, ...], tuple[int, Event]] = {}
    for position, event in enumerate(log):
        if doomed and event.time_s > log[position - 1].time_s:
            where, started = next(iter(doomed.values()))
            raise _broken("a run that starts on a dying node is lost in that instant", where, started)
        match event:
            case events.NodeDied():
                dead.setdefault(event.host, event.time_s)
            case events.NodeReturned():
                dead.pop(event.host, None)
            case events.NodeBlacklisted():
                blacklisted.setdefault(event.host, event.time_s)
            case events.NodeWhitelisted():
                blacklisted.pop(event.host, None)
            case events.RunStarted():
                for what, since in (("dead", dead), ("blacklisted", blacklisted)):
                    if since.get(event.host, event.time_s) < event.time_s:
                        raise _broken(f"no run starts on a {what} node", position, event)
                if event.host in dead:
                    doomed[event[1:5]] = position, event
            case events.RunFailed():
                doomed.pop(event[1:5], None)


def runs_are_numbered_and_end_once(log: Sequence[Event]) -> None:
    """The runs of a task are numbered from 0 in the order of their starts, and each ends once, before its job does."""
    n_runs: Counter[tuple[object, ...]] = Counter()
    running: dict[str, dict[tuple[object, ...], None]] = {}
    for position, event in enumerate(log):
        if isinstance(event, events.RunStarted):
            if event.attempt != n_runs[event[1:4]]:
                raise _broken("the runs of a task are numbered in order", position, event)
            n_runs[event[1:4]] += 1
            running.setdefault(event.job, {})[event[2:5]] = None
        elif isinstance(event, ENDS):
            if event[2:5] not in running.get(event.job, ()):
                raise _broken("only what runs can end", position, event)
            del running[event.job][event[2:5]]
        elif isinstance(event, JOB_ENDS) and (left := running.get(event.job)):
            raise _broken("every run ends before its job does", position, event, f"{[*left]} are running")


def what_is_counted_is_stored(log: Sequence[Event]) -> None:
    """The records and bytes that a finished run wrote are those of its outputs, in the instant of its end.

    A run that ends in the same instant as another of its task, and comes second, stores nothing. A log that goes on may
    end between a run's end and its outputs.
    """
    n_complete = len(log)
    while n_complete and isinstance(log[n_complete - 1], events.OutputStored):
        n_complete -= 1
    stored: dict[tuple[object, ...], list[int]] = {}
    for position, event in enumerate(log):
        if isinstance(event, events.OutputStored):
            if event[:6] not in stored:
                raise _broken("a run stores its outputs when it finishes", position, event)
            stored[event[:6]][0] += event.n_records
            stored[event[:6]][1] += event.n_bytes
        elif isinstance(event, events.RunFinished):
            stored[event[:6]] = [0, 0]
    done: dict[tuple[object, ...], None] = {}
    for position, event in enumerate(log):
        if isinstance(event, events.OutputLost):
            done.pop(event[1:4], None)
        elif isinstance(event, events.RunFinished):
            expected = [0, 0] if event[1:4] in done else [event.records_out, event.bytes_out]
            done[event[1:4]] = None
            if position < n_complete - 1 and stored[event[:6]] != expected:
                why = f"it stored {stored[event[:6]]} records and bytes"
                raise _broken("what a run counts is what it stored", position, event, why)


def phases_are_as_long_as_their_run(log: Sequence[Event]) -> None:
    """The phases of a run are told in the instant of its end, once, none is below 0, and their sum is its duration."""
    started: dict[tuple[object, ...], float] = {}
    told: dict[tuple[object, ...], events.PhasesPlayed] = {}
    for position, event in enumerate(log):
        if isinstance(event, events.RunStarted):
            started[event[1:5]] = event.time_s
        elif isinstance(event, events.PhasesPlayed):
            seconds = event[6:-1]
            duration_s = event.time_s - started.get(event[1:5], math.nan)
            is_right = math.isclose(sum(seconds), duration_s, rel_tol=_PRECISION, abs_tol=_PRECISION)
            if not is_right or min(seconds) < -_PRECISION or event[1:5] in told:
                raise _broken("the phases of a run are as long as it was", position, event, f"that is {duration_s} s")
            told[event[1:5]] = event
        elif isinstance(event, ENDS) and event[1:5] in told and told[event[1:5]].time_s != event.time_s:
            raise _broken("the phases of a run are told when it ends", position, event)


def outputs_are_stored_once(log: Sequence[Event]) -> None:
    """A label of a task is stored once, unless the task's output was lost in between; and only what is done is lost."""
    labels: dict[tuple[object, ...], set[int]] = {}
    done: dict[tuple[object, ...], None] = {}
    for position, event in enumerate(log):
        if isinstance(event, events.OutputStored):
            if event.label in labels.setdefault(event[1:4], set()):
                raise _broken("an output is stored once, unless it was lost", position, event)
            labels[event[1:4]].add(event.label)
        elif isinstance(event, events.RunFinished):
            done[event[1:4]] = None
        elif isinstance(event, events.OutputLost):
            if event[1:4] not in done:
                raise _broken("only what is done can be lost", position, event)
            del done[event[1:4]]
            labels.pop(event[1:4], None)


def keys_are_committed_once(log: Sequence[Event]) -> None:
    """A key of a job is committed once, by a run that finishes in that instant; what other runs put is dropped."""
    finished: dict[tuple[object, ...], None] = {}
    owners: dict[tuple[str, str], tuple[object, ...]] = {}
    for position, event in enumerate(log):
        if isinstance(event, events.RunFinished):
            finished[event[:6]] = None
        elif isinstance(event, events.OOBStored):
            if (event.state == "committed") != (event[:6] in finished):
                raise _broken("what a run put is committed when it finishes, else dropped", position, event)
            if event.state == "committed":
                if (owner := owners.get((event.job, event.key))) is not None:
                    raise _broken("a key is committed once", position, event, f"it was, by {owner}")
                owners[event.job, event.key] = event[1:5]


def stages_follow_each_other(log: Sequence[Event]) -> None:
    """A stage starts, and a job finishes, when all tasks of the stage before are done; only started stages have runs.

    What is lost in the very instant of that start may still have been done when it was ordered.
    """
    plans: dict[str, list[str]] = {}
    n_tasks: dict[tuple[str, str], int] = {}
    done: dict[tuple[str, str], set[int]] = {}
    just_lost: dict[tuple[str, str, int], float] = {}

    def is_done(job: str, stage: str, now_s: float) -> bool:
        return (job, stage) in n_tasks and all(
            task in done[job, stage] or just_lost.get((job, stage, task)) == now_s
            for task in range(n_tasks[job, stage])
        )

    for position, event in enumerate(log):
        if isinstance(event, events.JobSubmitted):
            plans[event.job] = [stage.name for stage in event.plan]
        elif isinstance(event, (events.StageStarted, events.JobFinished)):
            before = plans.get(event.job, [])
            if isinstance(event, events.StageStarted):
                if event.stage not in before:
                    raise _broken("a stage is one of its job's plan", position, event)
                before = before[: before.index(event.stage)]
                n_tasks[event.job, event.stage], done[event.job, event.stage] = len(event.tasks), set()
            if before and not is_done(event.job, before[-1], event.time_s):
                raise _broken(f"what comes after {before[-1]!r} comes when that is done", position, event)
        elif isinstance(event, (events.RunStarted, *ENDS)):
            if not 0 <= event.task < n_tasks.get((event.job, event.stage), 0):
                raise _broken("a run is of a task of a stage that has started", position, event)
            if isinstance(event, events.RunFinished):
                done[event.job, event.stage].add(event.task)
        elif isinstance(event, events.OutputLost):
            done.get((event.job, event.stage), set()).discard(event.task)
            just_lost[event.job, event.stage, event.task] = event.time_s


def jobs_end_once(log: Sequence[Event], is_over: bool = True) -> None:
    """A job that was submitted finishes or dies, once, and nothing of it happens afterwards.

    Only its data may be dropped then, and its user be warned. A kill may be asked for at any time. While `is_over` is
    False, jobs may be active.
    """
    active: dict[str, int] = {}
    ended: dict[str, None] = {}
    for position, event in enumerate(log):
        name = getattr(event, "job", None)
        if name is None or isinstance(event, events.JobKillAsked):
            continue
        if name in ended and not isinstance(event, (events.OutputsDropped, events.JobWarned)):
            raise _broken("nothing happens of a job that has ended", position, event)
        if name not in active and not isinstance(event, events.JobSubmitted) and name not in ended:
            raise _broken("a job begins with its submission", position, event)
        if isinstance(event, events.JobSubmitted):
            active[name] = position
        elif isinstance(event, JOB_ENDS):
            del active[name]
            ended[name] = None
    if is_over and active:
        name, position = next(iter(active.items()))
        raise AssertionError(
            f"every job ends when nothing is left to happen, but {name}, submitted as event {position}, has not ended; "
            "wait() for it first, or give is_over=False for a log that goes on"
        )
