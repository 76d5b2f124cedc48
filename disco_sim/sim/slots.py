"""The nodes as the scheduler sees them: which of them take runs, and which of their slots are free."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable

from disco_sim.model.cluster import ClusterSpec

SHOWN = 4
"""A sentence names no more hosts than these."""


def listed(hosts: Iterable[str]) -> str:
    """Hosts as a sentence names them.

    >>> listed(["a", "b"]), listed("abcdefg")
    ('a, b', 'a, b, c, d and 3 more')
    """
    names = list(hosts)
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


class Slots:
    """The free slots of a cluster. A node takes runs while it is neither dead nor blacklisted.

    `number` tells all hosts by their place in the cluster. `usable` are those that take runs, in cluster order (a dict,
    to be asked fast). `ready` are (runs, number, host) of those that have a free slot, the one with the fewest runs
    first; it is kept in order at each change, for sorting a thousand nodes takes long.
    """

    def __init__(self, spec: ClusterSpec) -> None:
        self.number = {node.host: number for number, node in enumerate(spec.nodes)}
        self._n_slots = {node.host: node.slots for node in spec.nodes}
        self._free = {node.host: list(range(node.slots)) for node in spec.nodes}
        self._blacklisted: set[str] = set()
        self.dead: set[str] = set()
        self.usable: dict[str, None] = dict.fromkeys(self.number)
        self.ready = sorted(self._load(host) for host in self.number)

    # -- runs come and go ----------------------------------------------------------------------

    def take(self, host: str) -> int:
        """Take the lowest free slot of a node that is ready, so that timelines are easy to read."""
        ready, free = self.ready, self._free[host]
        load, number = self._n_slots[host] - len(free), self.number[host]
        del ready[bisect_left(ready, (load, number, host))]
        slot = free.pop(0)
        if free:
            insort(ready, (load + 1, number, host))
        return slot

    def give_back(self, host: str, slot: int) -> None:
        """A run left its slot; the node may be dead or blacklisted by now."""
        free = self._free[host]
        if host in self.usable:
            ready, load, number = self.ready, self._n_slots[host] - len(free), self.number[host]
            if free:
                del ready[bisect_left(ready, (load, number, host))]
            insort(ready, (load - 1, number, host))
        insort(free, slot)

    # -- nodes come and go ---------------------------------------------------------------------

    def set_blacklisted(self, host: str, is_blacklisted: bool) -> bool:
        """Let a node be blacklisted or not; whether it takes runs now and did not before, or the other way round."""
        return self._mark(self._blacklisted, host, is_blacklisted)

    def set_dead(self, host: str, is_dead: bool) -> bool:
        """Let a node be dead or not; whether it takes runs now and did not before, or the other way round."""
        return self._mark(self.dead, host, is_dead)

    def _mark(self, marked: set[str], host: str, is_marked: bool) -> bool:
        if host not in self.number:
            return False
        self._leave(host)
        (marked.add if is_marked else marked.discard)(host)
        n_usable = len(self.usable)
        self.usable = {host: None for host in self.number if host not in self.dead and host not in self._blacklisted}
        self._enter(host)
        return len(self.usable) != n_usable

    def state_of(self, hosts: Collection[str]) -> str:
        """What is wrong with `hosts`, none of which takes runs: "is dead", "are dead or blacklisted"."""
        marks = (("dead", self.dead), ("blacklisted", self._blacklisted))
        states = [state for state, marked in marks if any(host in marked for host in hosts)]
        return f"{'is' if len(hosts) == 1 else 'are'} {' or '.join(states)}"

    # -- the order of loads --------------------------------------------------------------------

    def check(self, held: dict[str, list[int]]) -> None:
        """Assert that the slots `held` by runs and the free ones are all slots, once each, and nodes are in order."""
        for host, free in self._free.items():
            slots = sorted([*held.get(host, ()), *free])
            assert slots == list(range(self._n_slots[host])), f"slots of {host} are {slots}"
        loads = sorted(self._load(host) for host in self.usable if self._free[host])
        assert self.ready == loads, f"nodes are in the order {self.ready}"

    def _load(self, host: str) -> tuple[int, int, str]:
        return self._n_slots[host] - len(self._free[host]), self.number[host], host

    def _leave(self, host: str) -> None:
        """Take `host` out of the order of loads, for its load is going to change."""
        if self._free[host] and host in self.usable:
            del self.ready[bisect_left(self.ready, self._load(host))]

    def _enter(self, host: str) -> None:
        if self._free[host] and host in self.usable:
            insort(self.ready, self._load(host))
