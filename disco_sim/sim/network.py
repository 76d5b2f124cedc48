"""The network ports of nodes, shared by the flows through them, in virtual time. Knows no clock, events or tasks."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from heapq import heapify, heappop, heappush
from itertools import count

EXACT, PORTS = "exact", "ports"
"""How flows are shared: by rates that are max-min fair over all ports at once, or by each port on its own."""

_EQUAL = 1 + 1e-12
"""Times and shares whose quotient is nearer to 1 than this differ by rounding, and are taken as one."""


class Network:
    """What nodes read from each other at the same time, and when each of these transfers ends.

    A node has a port of `port_bytes_s` each way. A transfer is one flow per source, all at the same time, and every
    flow passes the port out of its source and the port into its reader. The host '' is outside the cluster, where no
    port is narrow.

    Up to `exact_flows` flows share exactly: their rates are max-min fair, as none can have more without taking from
    one that has no more. Beyond, each port serves all its flows equally, at its own pace, and a flow ends when both its
    ports have served it; that is quick for any number of flows, and a port is never idle for the sake of another.
    It is exact again once no flow is left.

    Ask for `next_s`, call `ended` then; calls are in order of time.

    >>> network = Network(port_bytes_s=100.0)
    >>> network.begin(0.0, "one", "b", [("a", 300.0)])
    >>> network.begin(1.0, "other", "c", [("a", 100.0)])
    >>> network.next_s, network.ended(3.0), network.next_s, network.ended(4.0)
    (3.0, ['other'], 4.0, ['one'])

    Raises:
        ValueError: If `port_bytes_s` is not above 0, or a call is earlier than the one before.
    """

    def __init__(self, port_bytes_s: float, exact_flows: int = 500) -> None:
        if not port_bytes_s > 0:
            raise ValueError(f"port_bytes_s={port_bytes_s!r} was given; it is bytes a second, above 0")
        self.port_bytes_s = port_bytes_s
        self.exact_flows = exact_flows
        self.how = EXACT
        self.n_flows = 0
        self._now_s = 0.0
        # Numbers break ties in heaps, in which nothing else is ever compared.
        self._numbers = count()
        self._transfers: dict[Hashable, _Transfer] = {}
        self._ended: dict[Hashable, _Transfer] = {}
        # Lanes are forgotten with their last flow, for there may be as many as pairs of nodes; ports are kept.
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._out: dict[str, _Port] = {}
        self._in: dict[str, _Port] = {}
        self._cuts: dict[tuple[str, str], int] = {}
        # Groups whose flows have changed since they were last shared: all calls of an instant are shared at once.
        self._changed: dict[_Group, None] = {}
        # An entry counts if its time is its group's due_s; others are leftovers.
        self._due: list[tuple[float, int, _Group]] = []

    @property
    def next_s(self) -> float:
        """When the next flow is through a port or ended, infinity when nothing moves; call `ended` then."""
        if self._ended:
            return self._now_s
        self._share()
        return max(self._now_s, self._next_due_s())

    def begin(self, now_s: float, transfer: Hashable, to: str, sources: Iterable[tuple[str, float]]) -> None:
        """Let the node `to` read from `sources`, pairs of a host and bytes. What it has itself takes no time.

        Raises:
            ValueError: If `transfer` is under way already, or bytes are negative or not finite.
        """
        wanted: dict[str, float] = {}
        for host, n_bytes in sources:
            if not 0 <= n_bytes < math.inf:
                raise ValueError(f"{n_bytes} bytes from {host!r} were given; bytes are a finite number, 0 or more")
            if n_bytes and host != to:
                wanted[host] = wanted.get(host, 0.0) + n_bytes
        self._reach(now_s)
        if transfer in self._transfers or transfer in self._ended:
            raise ValueError(f"transfer {transfer!r} is under way already")
        begun = _Transfer(next(self._numbers), transfer)
        if not wanted:
            self._ended[transfer] = begun
            return
        self._transfers[transfer] = begun
        if self.how == EXACT and self.n_flows + len(wanted) > self.exact_flows:
            self._share_by_port()
        self.n_flows += len(wanted)
        for host, n_bytes in wanted.items():
            lane = self._lanes.get((host, to)) or self._new_lane(host, to)
            flow = begun.flows[host] = _Flow(next(self._numbers), begun, lane)
            lane.flows[flow] = None
            self._admit(flow, dict.fromkeys(self._groups(lane), n_bytes))

    def stop(self, now_s: float, transfer: Hashable) -> None:
        """Forget a transfer: `ended` will not give it. One that is not known, or was given, is ignored."""
        self._reach(now_s)
        self._ended.pop(transfer, None)
        if transfer in self._transfers:
            for flow in list(self._transfers[transfer].flows.values()):
                self._withdraw(flow)
                self._drop(flow)
            del self._transfers[transfer]
            self._rest()

    def cut(self, now_s: float, one: Iterable[str], other: Iterable[str]) -> None:
        """Let flows between the hosts of `one` and of `other` stand still, also new ones; they take no share."""
        self._reach(now_s)
        for pair in _pairs(one, other):
            self._cuts[pair] = self._cuts.get(pair, 0) + 1
            if self._cuts[pair] == 1 and pair in self._lanes:
                for flow in self._lanes[pair].flows:
                    flow.held = self._withdraw(flow)

    def heal(self, now_s: float, one: Iterable[str], other: Iterable[str]) -> None:
        """Undo one `cut`. Hosts that were cut from each other more than once need as many heals."""
        self._reach(now_s)
        for pair in _pairs(one, other):
            n_cuts = self._cuts.pop(pair, 0)
            if n_cuts > 1:
                self._cuts[pair] = n_cuts - 1
            elif pair in self._lanes:
                for flow in self._lanes[pair].flows:
                    self._admit(flow, flow.held or {})

    def ended(self, now_s: float) -> list[Hashable]:
        """The transfers that have ended by `now_s` and were not given yet, in the order they began.

        There may be none even at `next_s`, when only one flow of several ended, or is through one of its two ports.
        """
        self._check(now_s)
        self._serve(now_s)
        if not self._ended:
            return []
        ended = sorted(self._ended.values(), key=lambda transfer: transfer.number)
        self._ended.clear()
        return [transfer.name for transfer in ended]

    def sources_of(self, transfer: Hashable) -> tuple[str, ...]:
        """The hosts that `transfer` still reads from, none when it is not under way."""
        return tuple(self._transfers[transfer].flows) if transfer in self._transfers else ()

    def rates(self) -> dict[tuple[Hashable, str], float]:
        """Bytes a second of each transfer and source, for tests; of a flow between two ports, the slower one's."""
        self._share()
        return {
            (transfer.name, host): min((group.pace for group in flow.tags), default=0.0)
            for transfer in self._transfers.values()
            for host, flow in transfer.flows.items()
        }

    def _check(self, now_s: float) -> None:
        if not self._now_s <= now_s < math.inf:
            raise ValueError(f"it cannot be {now_s} s now, after {self._now_s} s; time never goes back, nor to its end")

    def _reach(self, now_s: float) -> None:
        """Let time pass until `now_s`, with all that ends before; what ends is kept until `ended` asks for it."""
        self._check(now_s)
        if now_s > self._now_s:
            self._serve(now_s)

    def _serve(self, now_s: float) -> None:
        """Let time pass until `now_s`, from one time at which something is due to the next."""
        while True:
            self._share()
            due_s = self._next_due_s()
            if due_s > now_s * _EQUAL:
                break
            self._now_s = max(self._now_s, min(due_s, now_s))
            # What is due so little later that only rounding keeps it from now is due now.
            until_s = self._now_s * _EQUAL
            while due_s <= until_s:
                self._finish(heappop(self._due)[2], until_s - self._now_s)
                due_s = self._next_due_s()
            self._rest()
            # What remains is shared when somebody asks, for more may begin in this instant.
            if self._now_s == now_s:
                break
        self._now_s = now_s

    def _finish(self, group: _Group, slack_s: float) -> None:
        self._changed[group] = None
        for flow in group.finish(self._now_s, slack_s):
            if not flow.tags:
                self._drop(flow)
                if not flow.transfer.flows:
                    self._ended[flow.transfer.name] = self._transfers.pop(flow.transfer.name)

    def _next_due_s(self) -> float:
        due = self._due
        while due and due[0][0] != due[0][2].due_s:
            heappop(due)
        return due[0][0] if due else math.inf

    def _share(self) -> None:
        """Give every group that has changed its pace; in exact sharing that may change the pace of all others."""
        if not self._changed:
            return
        if self.how == EXACT:
            lanes = [lane for lane in self._lanes.values() if lane.n_flows]
            _fill(lanes, self.port_bytes_s)
            for lane in lanes:
                lane.go_on(self._now_s, lane.share)
            self._due = [(lane.due_s, lane.number, lane) for lane in lanes]
            heapify(self._due)
        else:
            for port in self._changed:
                if port.n_flows:
                    port.go_on(self._now_s, self.port_bytes_s / port.n_flows)
                    heappush(self._due, (port.due_s, port.number, port))
            if len(self._due) > 4 * (len(self._out) + len(self._in)):
                self._due = list({entry[1]: entry for entry in self._due if entry[0] == entry[2].due_s}.values())
                heapify(self._due)
        self._changed.clear()

    def _share_by_port(self) -> None:
        """From now on each port shares on its own: it serves what its flows still need."""
        self.how = PORTS
        moving = [
            (flow, lane, flow.held or self._withdraw(flow)) for lane in self._lanes.values() for flow in lane.flows
        ]
        self._changed.clear()
        self._due.clear()
        for flow, lane, left in moving:
            self._admit(flow, dict.fromkeys(lane.ports, sum(left.values())))

    def _rest(self) -> None:
        """When no flow is left, sharing is exact again."""
        if not self.n_flows:
            self.how = EXACT
            self._changed.clear()
            self._due.clear()

    def _groups(self, lane: _Lane) -> tuple[_Group, ...]:
        return (lane,) if self.how == EXACT else lane.ports

    def _new_lane(self, source: str, to: str) -> _Lane:
        ports = []
        for host, known in ((source, self._out), (to, self._in)):
            if host:
                if host not in known:
                    known[host] = _Port(next(self._numbers))
                ports.append(known[host])
        lane = self._lanes[source, to] = _Lane(next(self._numbers), source, to, tuple(ports))
        return lane

    def _admit(self, flow: _Flow, left: dict[_Group, float]) -> None:
        """Let each group serve the bytes `left` of the flow, unless it is cut."""
        flow.held = None
        if self._cuts and (flow.lane.source, flow.lane.to) in self._cuts:
            flow.held = left
            return
        for group, n_bytes in left.items():
            group.add(self._now_s, flow, n_bytes)
            self._changed[group] = None

    def _withdraw(self, flow: _Flow) -> dict[_Group, float]:
        """Let no group serve the flow; gives the bytes that each has left."""
        left = {group: group.take(self._now_s, flow) for group in list(flow.tags)}
        self._changed.update(dict.fromkeys(left))
        return left

    def _drop(self, flow: _Flow) -> None:
        lane = flow.lane
        del lane.flows[flow], flow.transfer.flows[lane.source]
        if not lane.flows:
            del self._lanes[lane.source, lane.to]
        self.n_flows -= 1


class _Transfer:
    """What one reader reads: its flows that have not ended, by source."""

    __slots__ = ("flows", "name", "number")

    def __init__(self, number: int, name: Hashable) -> None:
        self.number = number
        self.name = name
        self.flows: dict[str, _Flow] = {}


class _Flow:
    """The bytes from one source: a finish tag in every group that serves it, or bytes held for groups while cut."""

    __slots__ = ("held", "lane", "number", "tags", "transfer")

    def __init__(self, number: int, transfer: _Transfer, lane: _Lane) -> None:
        self.number = number
        self.transfer = transfer
        self.lane = lane
        self.tags: dict[_Group, float] = {}
        self.held: dict[_Group, float] | None = None


class _Group:
    """Flows that are served at the same pace, so that one counter tells what every one of them still needs.

    The counter is the bytes `served` to a flow that is here all the time. One that comes now is through when the
    counter has reached its finish tag: `served` as it is now, and the bytes of the flow.
    """

    __slots__ = ("_settled_s", "_tags", "due_s", "n_flows", "number", "pace", "served")

    def __init__(self, number: int) -> None:
        self.number = number
        self.n_flows = 0
        self.pace = 0.0
        self.served = 0.0
        self.due_s = math.inf
        self._settled_s = 0.0
        self._tags: list[tuple[float, int, _Flow]] = []

    def add(self, now_s: float, flow: _Flow, n_bytes: float) -> None:
        self._settle(now_s)
        tag = flow.tags[self] = self.served + n_bytes
        heappush(self._tags, (tag, flow.number, flow))
        self.n_flows += 1

    def take(self, now_s: float, flow: _Flow) -> float:
        """Serve the flow no more; gives the bytes it still needs."""
        self._settle(now_s)
        left = max(0.0, flow.tags.pop(self) - self.served)
        self._lose(1)
        return left

    def go_on(self, now_s: float, pace: float) -> None:
        """Serve each flow `pace` bytes a second from now on; there is at least one."""
        # With an unchanged pace nothing is added up, and no rounding either.
        if pace != self.pace:
            self._settle(now_s)
            self.pace = pace
        while self._tags[0][2].tags.get(self) != self._tags[0][0]:
            heappop(self._tags)
        self.due_s = self._settled_s + max(0.0, self._tags[0][0] - self.served) / pace

    def finish(self, now_s: float, slack_s: float) -> list[_Flow]:
        """The flows that are through by now, or need at most `slack_s` more: at least one, whatever was rounded."""
        self._settle(now_s)
        until = math.inf if self.pace == math.inf else max(self._tags[0][0], self.served + self.pace * slack_s)
        finished = []
        while self._tags and self._tags[0][0] <= until:
            tag, _, flow = heappop(self._tags)
            if flow.tags.get(self) == tag:
                del flow.tags[self]
                finished.append(flow)
        self.due_s = math.inf
        self._lose(len(finished))
        return finished

    def _settle(self, now_s: float) -> None:
        if now_s > self._settled_s:
            self.served += self.pace * (now_s - self._settled_s)
            self._settled_s = now_s

    def _lose(self, n_flows: int) -> None:
        self.n_flows -= n_flows
        if not self.n_flows:
            # A counter that starts again at 0 is as precise as one can be.
            self.pace = self.served = 0.0
            self.due_s = math.inf
            self._tags.clear()


class _Port(_Group):
    """A port of a node, one way. It is a group only where each port shares on its own; `_fill` uses the rest."""

    __slots__ = ("n_filling", "n_unfilled", "spare")

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.spare = 0.0
        self.n_unfilled = 0
        self.n_filling = 0


class _Lane(_Group):
    """The flows from one node to another, which pass the same ports and so have the same fair share each."""

    __slots__ = ("flows", "ports", "share", "source", "to")

    def __init__(self, number: int, source: str, to: str, ports: tuple[_Port, ...]) -> None:
        super().__init__(number)
        self.source = source
        self.to = to
        self.ports = ports
        self.flows: dict[_Flow, None] = {}
        self.share = 0.0


def _pairs(one: Iterable[str], other: Iterable[str]) -> list[tuple[str, str]]:
    """Source and reader of all flows between the hosts of `one` and of `other`."""
    others = list(other)
    return list(dict.fromkeys(pair for a in one for b in others for pair in ((a, b), (b, a))))


def _fill(lanes: list[_Lane], port_bytes_s: float) -> None:
    """Set the max-min fair share per flow of each lane, by progressive filling.

    The share of all flows rises together. The ports that are full first fix the share of their flows, which other ports
    then have no more to divide, and so on. Ports that are full at the same share are handled as one, whatever order
    they are in, so that rounding is the same too.
    """
    if port_bytes_s == math.inf:
        for lane in lanes:
            lane.share = math.inf
        return
    passing: dict[_Port, list[_Lane]] = {}
    for lane in lanes:
        lane.share = 0.0
        for port in lane.ports:
            if port not in passing:
                passing[port] = []
                port.spare, port.n_unfilled, port.n_filling = port_bytes_s, 0, 0
            passing[port].append(lane)
            port.n_unfilled += lane.n_flows
    # Shares of ports only rise, so a share in the heap that is out of date is too low: it comes up early, never late.
    heap = [(port_bytes_s / port.n_unfilled, port.number, port) for port in passing]
    heapify(heap)
    level = 0.0
    while heap:
        full: list[_Port] = []
        while heap and (not full or heap[0][0] <= level * _EQUAL):
            share, number, port = heappop(heap)
            if not port.n_unfilled:
                continue
            share = max(share, port.spare / port.n_unfilled)
            if (full or heap) and share > (level * _EQUAL if full else heap[0][0]):
                heappush(heap, (share, number, port))
                continue
            if not full and share > level * _EQUAL:
                level = share
            full.append(port)
        filling: list[_Port] = []
        for port in full:
            for lane in passing[port]:
                if not lane.share:
                    lane.share = level
                    for end in lane.ports:
                        if not end.n_filling:
                            filling.append(end)
                        end.n_filling += lane.n_flows
        for port in filling:
            port.spare -= level * port.n_filling
            port.n_unfilled -= port.n_filling
            port.n_filling = 0
