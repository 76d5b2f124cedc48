"""The past of a cluster: states of jobs and nodes at any virtual time, without reading the log from its beginning.

Knows the log and states only. What it gives is the caller's own; nothing of it is shared but what never changes.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

from disco_sim.model.events import Event, NetworkShared, NodeDied, NodeReturned
from disco_sim.store.log import Log
from disco_sim.views.state import JobState, NodeChange, NodeState, NodeStates
from disco_sim.views.story import Line, Story

_GAP = 8192
"""How many events are from one checkpoint to the next, at first."""

_MOST_KEPT = 1_000_000
"""How many runs and outputs, or nodes, the checkpoints of one job or cluster hold together, unless that is little."""


class _State(Protocol):
    """What takes events one by one, and can be copied."""

    @property
    def size(self) -> int: ...
    def add(self, event: Event, /) -> None: ...
    def copy(self) -> Self: ...


S = TypeVar("S", bound=_State)


class _Checkpoint(NamedTuple, Generic[S]):
    """A state after the first `n_events` events, the last of which was at `time_s`."""

    n_events: int
    time_s: float
    state: S


class _Course(Generic[S]):
    """The states of one thing, event by event: the latest, and checkpoints on the way there.

    Checkpoints together are not much larger than the latest state: when they are too many, every second one goes, and
    the gaps double.
    """

    def __init__(self, start: S, events: Callable[[int], Iterable[Event]]) -> None:
        self._events = events
        self._latest = _Checkpoint(0, -math.inf, start)
        self._gap = _GAP
        self._checkpoints = [_Checkpoint(0, -math.inf, start.copy())]

    def latest(self) -> S:
        """The state after all events so far; not to be changed."""
        n_events, time_s, state = self._latest
        try:
            for event in self._events(n_events):
                state.add(event)
                n_events, time_s = n_events + 1, event.time_s
                if n_events % self._gap == 0:
                    self._keep(_Checkpoint(n_events, time_s, state.copy()))
        except BaseException:
            # Whoever interrupts the reading may do so in the middle of an event, and asks again later.
            known = self._checkpoints[-1]
            self._latest = known._replace(state=known.state.copy())
            raise
        self._latest = _Checkpoint(n_events, time_s, state)
        return state

    def at(self, until_s: float, start_s: float = 0.0) -> S:
        """A state of its own: that after everything up to and with `until_s` seconds after `start_s`."""
        latest = self.latest()
        if self._latest.time_s - start_s <= until_s:
            return latest.copy()
        number = bisect_right(self._checkpoints, until_s, key=lambda known: known.time_s - start_s) - 1
        known = self._checkpoints[number]
        state = known.state.copy()
        for event in self._events(known.n_events):
            if event.time_s - start_s > until_s:
                break
            state.add(event)
        return state

    def _keep(self, checkpoint: _Checkpoint[S]) -> None:
        self._checkpoints.append(checkpoint)
        most = max(_MOST_KEPT, 2 * checkpoint.state.size)
        while len(self._checkpoints) > 1 and sum(kept.state.size for kept in self._checkpoints) > most:
            self._gap *= 2
            self._checkpoints = [kept for kept in self._checkpoints if kept.n_events % self._gap == 0]


class _Told:
    """The lines of one job as far as they were told."""

    def __init__(self, job: str) -> None:
        self.job = job
        self.lines: list[Line] = []
        self._story = Story()
        self._n_events = 0

    def go_on(self, log: Log) -> None:
        """Tell what has happened since."""
        tell, add = self._story.tell, self.lines.extend
        for event in log.of(self.job, self._n_events):
            add(tell(event))
            self._n_events += 1


class History:
    """The states of the jobs and nodes of one log, at any virtual time.

    The log may grow; what was read of it is not read again, and a time in the past is told from the checkpoint before.
    Several threads may ask.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self._lock = threading.RLock()
        self._jobs: dict[str, _Course[JobState]] = {}
        self._told: _Told | None = None
        self._nodes = _Course(NodeStates(), self._events)

    def job(self, name: str, until_s: float | None = None) -> JobState:
        """What `JobState.of` gives: the state `until_s` virtual seconds after the job's submission (None: now).

        Raises:
            DiscoError: If the log does not know the job.
        """
        if until_s is not None and not until_s >= 0:
            return JobState.of(self.log, name, until_s)
        with self._lock:
            course = self._jobs.get(name)
            if course is None:
                start = JobState.new(self.log, name)
                start.switches = lambda: self.switches
                course = self._jobs[name] = _Course(start, lambda start: self.log.of(name, start))
            latest = course.latest()
            if until_s is None:
                return latest.copy()
            state = course.at(until_s, latest.submitted_s)
            # What is dropped can never be read again, so it is dropped at any time.
            state.is_dropped = latest.is_dropped
        state.wait(until_s)
        return state

    def lines(self, name: str) -> list[Line]:
        """The lines of a job's log; not to be changed. Those of the job that was asked for last are kept."""
        with self._lock:
            if self._told is None or self._told.job != name:
                self._told = _Told(name)
            self._told.go_on(self.log)
            return self._told.lines

    def nodes(self, until_s: float | None = None) -> dict[str, NodeState]:
        """What `node_states` gives: the nodes that events named up to and with `until_s` of the cluster (None: now)."""
        with self._lock:
            return self._nodes.at(math.inf if until_s is None else until_s).by_host

    @property
    def changes(self) -> tuple[NodeChange, ...]:
        """Deaths, returns, slowness and blacklisting of nodes, by time."""
        with self._lock:
            return tuple(self._nodes.latest().changes)

    @property
    def switches(self) -> tuple[NetworkShared, ...]:
        """The changes of how the network is shared."""
        with self._lock:
            return tuple(self._nodes.latest().switches)

    def outages(self, state: JobState) -> list[tuple[str, float, float | None]]:
        """When nodes were dead while a job went on, by time: (host, from, to) in virtual seconds since its submission.

        `from` is negative for a node that was dead before, `to` None for one that is not back at the time of `state`.
        """
        until_s = state.now_s if state.ended_s is None else state.ended_s
        died: dict[str, float] = {}
        found: list[tuple[str, float, float | None]] = []
        for event in self.changes:
            if event.time_s > until_s:
                break
            if isinstance(event, NodeDied):
                died.setdefault(event.host, event.time_s)
            elif isinstance(event, NodeReturned) and event.host in died:
                outage = event.host, died.pop(event.host) - state.submitted_s, event.time_s - state.submitted_s
                found += [outage] if outage[2] > 0 else []
        found += [(host, died_s - state.submitted_s, None) for host, died_s in died.items()]
        return sorted(found, key=lambda outage: (outage[1], outage[0]))

    def _events(self, start: int) -> Iterator[Event]:
        """The events of the whole log from the `start`-th on, a part at a time."""
        for first in range(start, len(self.log), _GAP):
            yield from self.log[first : first + _GAP]


def history_of(log: Log | History) -> History:
    """The history of a log; a history is its own."""
    return log if isinstance(log, History) else History(log)


def events_of(log: Log | History) -> Log:
    """The log itself, also of a history."""
    return log.log if isinstance(log, History) else log


def job_state(log: Log | History, job: str, until_s: float | None = None) -> JobState:
    """The state of a job: from its history, if there is one, or else read from the log.

    Raises:
        DiscoError: If the log does not know the job.
    """
    return log.job(job, until_s) if isinstance(log, History) else JobState.of(log, job, until_s)
