"""The only way to make a cluster move: one caller at a time, and everything that happens is heard."""

from __future__ import annotations

import math
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from time import monotonic, sleep
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from disco_sim.client.progress import written
from disco_sim.cluster.base import Cluster
from disco_sim.error import DiscoError
from disco_sim.model import events
from disco_sim.model.events import Event
from disco_sim.node import worker
from disco_sim.runtime.generators import Generators
from disco_sim.store.garbage import seldom_collecting
from disco_sim.tracebacks import shorten

if TYPE_CHECKING:
    from disco_sim.views.monitor import Monitor
    from disco_sim.views.state import NodeStates

_NOT_OF_NODES = frozenset({events.OutputStored, events.PhasesPlayed, events.MessageSent, events.OOBStored})
"""Events that say nothing of nodes and are many, so that it would take time to have them looked at."""

_KILL_WAIT_S = 1.0
"""Real seconds that a cluster has to end a job after Ctrl-C, before the interrupt is raised all the same."""

_KILL_PAUSE_S = 0.01
"""Real seconds between two looks at a cluster on which nothing happens meanwhile."""


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Within it, Ctrl-C reaches job functions at once, but the loop only between two events, through the list given.

    Without this an interrupt could fall between an event and what it brings about, and lose one of them. It
    does nothing where Ctrl-C has no effect (in other threads), or not its usual one.
    """
    waiting: list[int] = []
    usual = signal.default_int_handler
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not usual:
        yield waiting
        return

    def handle(number: int, frame: FrameType | None) -> None:
        task = worker.running.get()
        if task is not None and task.is_interruptible:
            raise KeyboardInterrupt
        waiting.append(number)

    signal.signal(signal.SIGINT, handle)
    try:
        yield waiting
    finally:
        signal.signal(signal.SIGINT, usual)


class Follower(Protocol):
    """What looks on while a cluster is driven: called with every event, and told when that begins and has ended."""

    def begin(self) -> None:
        """All events so far are in the log, the next ones will come."""

    def __call__(self, event: Event) -> None:
        """This has just happened; what a task prints by it has not appeared yet."""

    def end(self) -> None:
        """No more events come, whatever the reason; called once for each call of `begin`, even one that failed."""


class Driver:
    """Drives a cluster on the calling thread; what tasks print appears here, in virtual order, and so do warnings.

    `monitors` are those of jobs that somebody watches: they get the job's events instead. Each of `listeners` is called
    with every event.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.monitors: dict[str, Monitor] = {}
        self.listeners: list[Callable[[Event], None]] = []
        self._hosts: NodeStates | None = None
        self._cluster = cluster
        self._moving = threading.Lock()
        self._follower: Follower | None = None
        self._quiet = ""
        self._n_heard = 0
        self._generators = Generators()

    @property
    def hosts(self) -> NodeStates:
        """How the nodes are after all events so far, kept up to date from the first time that it is asked for."""
        if self._hosts is None:
            from disco_sim.views.state import NodeStates

            hosts = NodeStates()
            for event in islice(self._cluster.log, self._n_heard):
                if type(event) not in _NOT_OF_NODES:
                    hosts.add(event)
            self._hosts = hosts
        return self._hosts

    def drive(
        self,
        is_done: Callable[[], bool],
        until_s: float = math.inf,
        follower: Follower | None = None,
        quiet: str = "",
    ) -> bool:
        """Let things happen until `is_done()`, or nothing can happen up to `until_s`; whether it is done.

        `follower` looks on meanwhile, and is told of the end before an error gets out. Warnings about the job `quiet`
        are not written.

        Raises:
            DiscoError: If the cluster is being driven already.
            KeyboardInterrupt: For Ctrl-C. The job at hand is dead then, or a kill of it is requested if the cluster did
                not obey at once.
        """
        if not self._moving.acquire(blocking=False):
            raise DiscoError(
                f"{self._cluster.master} is being driven already, and only one call at a time can drive it; inside a "
                "job function or a widget's handler use what does not drive: frames, job.oob, status; kill(), "
                "blacklist() and new faults are taken as requests"
            )
        self._quiet = quiet
        with self._let_go(), seldom_collecting(), self._followed(follower), _interrupts() as interrupts:
            while not is_done():
                with self._generators:
                    is_moved = self._cluster.advance(until_s)
                self._hear()
                if interrupts:
                    self._end_last_job()
                    raise KeyboardInterrupt
                if not is_moved:
                    return is_done()
            return True

    @contextmanager
    def watched(self, job: str, monitor: Monitor) -> Iterator[None]:
        """Within it, `monitor` is shown the job's events: first those that have happened already, from the first on."""
        self._hear()
        for event in self._cluster.log.of(job):
            monitor.show(job, event)
        self.monitors[job] = monitor
        try:
            yield
        finally:
            del self.monitors[job]
            monitor.flush()

    def request(self, event: Event, is_done: Callable[[], bool] | None = None) -> None:
        """Ask the loop for something; when nobody drives it, let it be taken at once, without moving time."""
        self._cluster.ask(event)
        n_before = len(self._cluster.log)
        self.take_requests(is_done or (lambda: len(self._cluster.log) > n_before))

    def take_requests(self, is_done: Callable[[], bool] | None = None) -> None:
        """Let what was asked for, and all else of this instant, happen, if nobody drives the cluster."""
        if not self._moving.locked():
            self.drive(is_done or (lambda: False), self._cluster.now_s)

    @contextmanager
    def _let_go(self) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt as interrupt:
            shorten(interrupt)
            raise
        finally:
            try:
                self._generators.give_back()
                self._hear()  # what happened before an interrupt
            finally:
                self._quiet = ""
                self._moving.release()

    @contextmanager
    def _followed(self, follower: Follower | None) -> Iterator[None]:
        if follower is None:
            yield
            return
        self._hear()
        self._follower = follower
        try:
            follower.begin()
            yield
        finally:
            try:
                self._hear()
            finally:
                self._follower = None
                follower.end()

    def _end_last_job(self) -> None:
        """Kill the job that the last event was about, as if one of its runs had been interrupted.

        A cluster may take a while to obey, so this waits `_KILL_WAIT_S` at most; the kill stays requested. While events
        happen at the time of the request there is no limit: those are few, and a simulated cluster obeys in them.
        """
        cluster = self._cluster
        job = getattr(cluster.log[-1], "job", "")
        if cluster.jobs.status(job) != "active":
            return
        asked_s = cluster.now_s
        give_up_s = monotonic() + _KILL_WAIT_S
        cluster.ask(events.JobKillAsked(asked_s, job, "interrupted"))
        while cluster.jobs.status(job) == "active":
            is_moved = cluster.advance(cluster.now_s)
            if is_moved and cluster.now_s == asked_s:
                continue
            if monotonic() > give_up_s:
                return
            if not is_moved:
                sleep(_KILL_PAUSE_S)

    def _hear(self) -> None:
        log = self._cluster.log
        while newest := log.since(self._n_heard):
            for number, event in enumerate(newest, self._n_heard):
                if number != self._n_heard:
                    break  # who was told of an event has heard on
                self._n_heard += 1
                if self._hosts is not None and type(event) not in _NOT_OF_NODES:
                    self._hosts.add(event)
                if self._follower is not None:
                    self._follower(event)
                # From here on functions of the user may be called, for print writes to whatever stdout is.
                for listener in self.listeners:
                    self._generators.give_back()
                    listener(event)
                if self.monitors and (job := getattr(event, "job", "")) in self.monitors:
                    self._generators.give_back()
                    self.monitors[job].show(job, event)
                elif isinstance(event, events.MessageSent) and event.level == "MSG":
                    self._generators.give_back()
                    print(event.text)
                elif isinstance(event, events.JobWarned) and event.job != self._quiet:
                    self._generators.give_back()
                    _warn(f"WARNING: job {event.job}: {event.text}\n")


def _warn(text: str) -> None:
    """Write to the error stream, behind all that was printed before."""
    if sys.stdout is not None:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
    if sys.stderr is not None:
        written(sys.stderr, text)
