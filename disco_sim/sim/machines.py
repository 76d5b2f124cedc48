"""The machines of a cluster at work: runs go through their phases on processors, disks and the network.

A run has a slot and with it a processor of its own. A node's disk serves one request at a time, in the order they
came. The network's ports are shared (`network.py`). A run's steps follow each other without overlapping.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from disco_sim.model.work import Message
from disco_sim.sim.clock import Clock
from disco_sim.sim.costs import Costs, Phase
from disco_sim.sim.network import Network

STARTUP, READ_WAIT, READ, TRANSFER, CPU, WRITE_WAIT, WRITE = range(7)
"""Where the seconds of each kind stand in `Activity.spent`."""

_SPENT_ON = {"startup": STARTUP, "read": READ, "transfer": TRANSFER, "cpu": CPU, "write": WRITE}
_WAITED_FOR = {READ: READ_WAIT, WRITE: WRITE_WAIT}


class Ended(NamedTuple):
    """The last step of an activity: all its phases are over."""


ENDED = Ended()

Step = Phase | Message | Ended


def steps_of(phases: tuple[Phase, ...], messages: tuple[Message, ...] = (), stop: float | None = None) -> list[Step]:
    """The phases that take any time, with each message at its place in the CPU phase, and the end.

    With `stop`, a share of the CPU phase, the steps end there, as a worker does that crashes.
    """
    if not messages and stop is None:
        return [*[phase for phase in phases if phase.amount], ENDED]
    steps: list[Step] = []
    for phase in phases:
        if phase.kind != "cpu":
            if phase.amount:
                steps.append(phase)
            continue
        done = 0.0
        for message in sorted(messages, key=lambda message: message.at):
            if stop is not None and message.at > stop:
                break
            if message.at > done and phase.amount:
                steps.append(_part(phase, message.at - done))
                done = message.at
            steps.append(message)
        share = (1.0 if stop is None else stop) - done
        if share > 0.0 and phase.amount:
            steps.append(_part(phase, share))
        if stop is not None:
            break
    steps.append(ENDED)
    return steps


def _part(phase: Phase, share: float) -> Phase:
    return phase if share == 1.0 else phase._replace(amount=phase.amount * share)


class Activity:
    """A run on its machine: `spent` are the virtual seconds of each kind so far, `owner` whatever its maker likes."""

    __slots__ = (
        *("host", "steps", "owner", "number", "spent", "is_stopped"),
        *("resource", "index", "since_s", "served_s", "end_s", "left", "idle", "alarm"),
    )

    def __init__(self, host: str, steps: list[Step], owner: Any = None) -> None:
        self.host = host
        self.steps = steps
        self.owner = owner
        self.number = -1
        self.is_stopped = False
        self.spent = [0.0] * 7
        # The phase at hand: what it uses ('' between phases), since when, when it was first served and will end, ...
        self.resource = ""
        self.index = STARTUP
        self.since_s = self.served_s = self.end_s = 0.0
        # ... how much of its amount a disk has left to do, or which share of it is idle, and its entry in the clock.
        self.left = self.idle = 0.0
        self.alarm = 0

    @property
    def is_reading(self) -> bool:
        """Whether it has not read all of its input yet."""
        return any(type(step) is Phase and step.kind in ("read", "transfer") for step in self.steps[self.number :])


def _pace(idle: float, slowness: float) -> float:
    """How many times longer a CPU phase takes on a slow node, which sleeps no slower."""
    return idle + (1 - idle) * slowness


class Disk:
    """The queue of a node's disk. The first in it is served, its `left` is as of `head_s`; all are done at `free_s`."""

    __slots__ = ("free_s", "head_s", "queue", "rate")

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.head_s = self.free_s = 0.0
        self.queue: deque[Activity] = deque()


class Machines:
    """Lets activities go through their steps in the virtual time of `clock`.

    The clock gives back an `Activity` when its phase is over, and the `Network` when transfers may be over; they belong
    to `go_on` and `arrived`. While it `is_unsettled`, `settle` is to be called before the clock goes on.
    """

    def __init__(self, hosts: tuple[str, ...], costs: Costs, clock: Clock[Any]) -> None:
        self._clock = clock
        self._disk_bytes_s = costs.disk_bytes_s
        self._disks = {host: Disk(costs.disk_bytes_s) for host in hosts}
        self._slowness = dict.fromkeys(hosts, 1.0)
        self._computing: dict[str, dict[Activity, None]] = {host: {} for host in hosts}
        self.network = Network(costs.port_bytes_s, costs.exact_flows)
        self.is_unsettled = False
        self._network_alarm = 0

    # -- activities --------------------------------------------------------------------------------

    def go_on(self, activity: Activity) -> Step:
        """End the phase that is over, if any, and begin the next step, which is given back."""
        now_s = self._clock.now_s
        if activity.resource:
            self._leave(activity, now_s)
        activity.number += 1
        step = activity.steps[activity.number]
        if type(step) is Phase:
            self._begin(activity, step, now_s)
        return step

    def stop(self, activity: Activity) -> None:
        """End an activity in the middle; what it spent until now counts."""
        activity.is_stopped = True
        activity.owner = None
        if activity.resource:
            if activity.resource != "port":
                self._clock.withdraw(activity.alarm)
            self._leave(activity, self._clock.now_s)

    def _begin(self, activity: Activity, phase: Phase, now_s: float) -> None:
        activity.index = _SPENT_ON[phase.kind]
        activity.since_s = now_s
        resource = activity.resource = phase.resource
        if resource == "disk":
            disk = self._disks[activity.host]
            activity.left = phase.amount
            if not disk.queue:
                activity.served_s = disk.head_s = disk.free_s = now_s
            disk.queue.append(activity)
            activity.end_s = disk.free_s = disk.free_s + phase.amount / disk.rate
        elif resource == "port":
            self.network.begin(now_s, activity, activity.host, phase.sources)
            self.is_unsettled = True
            return  # the network's own alarm will tell
        elif resource == "cpu":
            activity.idle = phase.idle
            slowness = self._slowness[activity.host]
            activity.end_s = now_s + (phase.amount if slowness == 1.0 else phase.amount * _pace(phase.idle, slowness))
            self._computing[activity.host][activity] = None
        else:
            activity.end_s = now_s + phase.amount
        activity.alarm = self._clock.put(activity.end_s, activity)

    def _leave(self, activity: Activity, now_s: float) -> None:
        """Take an activity off its resource, and count what it spent there."""
        resource, activity.resource = activity.resource, ""
        if resource == "disk":
            self._leave_disk(activity, now_s)
            return
        if resource == "cpu":
            del self._computing[activity.host][activity]
        elif resource == "port":
            self.network.stop(now_s, activity)
            self.is_unsettled = True
        activity.spent[activity.index] += now_s - activity.since_s

    # -- disks -------------------------------------------------------------------------------------

    def _leave_disk(self, activity: Activity, now_s: float) -> None:
        disk, waited = self._disks[activity.host], _WAITED_FOR[activity.index]
        if disk.queue[0] is not activity:
            activity.spent[waited] += now_s - activity.since_s
            disk.queue.remove(activity)
            self._retime(disk)
            return
        activity.spent[waited] += activity.served_s - activity.since_s
        activity.spent[activity.index] += now_s - activity.served_s
        disk.queue.popleft()
        disk.head_s = now_s
        if disk.queue:
            disk.queue[0].served_s = now_s
            if now_s < activity.end_s:
                self._retime(disk)

    def _retime(self, disk: Disk) -> None:
        """Let the activities in a queue end when they now will, after the queue or the rate changed."""
        disk.free_s = disk.head_s
        for activity in disk.queue:
            activity.end_s = disk.free_s = disk.free_s + activity.left / disk.rate
            self._put_again(activity)

    def _put_again(self, activity: Activity) -> None:
        self._clock.withdraw(activity.alarm)
        # A rounding error may let an end lie a little in the past.
        activity.end_s = max(activity.end_s, self._clock.now_s)
        activity.alarm = self._clock.put(activity.end_s, activity)

    # -- nodes and network -------------------------------------------------------------------------

    def slow(self, host: str, factor: float) -> None:
        """Let processors and disk of a node be `factor` times slower than they were made, from now on."""
        now_s = self._clock.now_s
        before, self._slowness[host] = self._slowness[host], factor
        for activity in self._computing[host]:
            change = _pace(activity.idle, factor) / _pace(activity.idle, before)
            activity.end_s = now_s + (activity.end_s - now_s) * change
            self._put_again(activity)
        disk = self._disks[host]
        if disk.queue and disk.rate < math.inf:
            disk.queue[0].left -= (now_s - disk.head_s) * disk.rate
        disk.head_s = now_s
        disk.rate = self._disk_bytes_s / factor
        self._retime(disk)

    def cut(self, one: tuple[str, ...], other: tuple[str, ...]) -> None:
        """Let nothing move between the two groups of hosts."""
        self.network.cut(self._clock.now_s, one, other)
        self.is_unsettled = True

    def heal(self, one: tuple[str, ...], other: tuple[str, ...]) -> None:
        """Let what moves between the two groups of hosts go on."""
        self.network.heal(self._clock.now_s, one, other)
        self.is_unsettled = True

    def settle(self) -> None:
        """Let the clock know when transfers end next, once everything of this instant has begun.

        The rates of all transfers follow from all that are there, so they are worked out once an instant.
        """
        if self._clock.next_s <= self._clock.now_s:
            return
        self.is_unsettled = False
        if self._network_alarm:
            self._clock.withdraw(self._network_alarm)
            self._network_alarm = 0
        if (next_s := self.network.next_s) < math.inf:
            self._network_alarm = self._clock.put(max(next_s, self._clock.now_s), self.network)

    def arrived(self) -> Iterator[Activity]:
        """The activities whose transfers are over, when the clock gave back the network."""
        self._network_alarm = 0
        self.is_unsettled = True
        for activity in self.network.ended(self._clock.now_s):
            assert isinstance(activity, Activity)
            if not activity.is_stopped:  # by what another of them brought about
                yield activity
