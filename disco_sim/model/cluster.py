"""What a simulated cluster is made of: nodes with a host name, slots and a speed. Knows nothing of jobs."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

from disco_sim.error import DiscoError

DEFAULT_SLOTS = 2

_HOST = re.compile(r"[A-Za-z0-9_.\-]+")

_ROW = re.compile(
    r"""(?P<name>[A-Za-z0-9_.\-]*?)
        (?: (?P<first>\d+):(?P<last>\d+) | \[(?P<low>\d+)-(?P<high>\d+)\] )?
        (?: \s+ x\s*(?P<slots>\d+) )?
        (?: \s* @\s*(?P<speed>\d+(?:\.\d*)?|\.\d+) )? \Z""",
    re.VERBOSE,
)


class Node(NamedTuple):
    """One machine: its host name, how many task runs it holds at once, and its speed (1.0 is normal)."""

    host: str
    slots: int = DEFAULT_SLOTS
    speed: float = 1.0


@dataclass(frozen=True)
class ClusterSpec:
    """The nodes of a cluster, in order.

    >>> [node.host for node in ClusterSpec.parse("node01:3 x4, big[1-2] x16").nodes]
    ['node01', 'node02', 'node03', 'big1', 'big2']
    >>> ClusterSpec.parse("fast x8 @2.5, slow @0.5").nodes
    (Node(host='fast', slots=8, speed=2.5), Node(host='slow', slots=2, speed=0.5))

    Raises:
        DiscoError: If there is no node, a host stands twice or cannot be used, or a node has no slot or no speed.
    """

    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        if not self.nodes:
            raise DiscoError("a cluster of 0 nodes was asked for; a cluster has at least one: Disco(nodes=4)")
        seen: set[str] = set()
        for node in self.nodes:
            if node.host in seen:
                raise DiscoError(
                    f"host {node.host!r} stands twice in the cluster; host names are unique: rename or drop one",
                    host=node.host,
                )
            if not _HOST.fullmatch(node.host):
                raise DiscoError(
                    f"host name {node.host!r} cannot stand in a URL; a name is made of A-Z a-z 0-9 _ . -",
                    host=node.host,
                )
            if not 0 < node.speed < math.inf:
                raise DiscoError(
                    f"node {node.host!r} has speed {node.speed!r}; a speed is above 0, and 1.0 is normal",
                    host=node.host,
                )
            if type(node.slots) is not int or node.slots < 1:
                raise DiscoError(
                    f"node {node.host!r} has {node.slots!r} slots; every node has at least 1: write '{node.host} x1'",
                    host=node.host,
                )
            seen.add(node.host)

    @classmethod
    def of(cls, nodes: int, slots: int = DEFAULT_SLOTS) -> ClusterSpec:
        """`nodes` alike nodes named node01, node02, ... with `slots` slots each."""
        for what, number in (("nodes", nodes), ("slots", slots)):
            if type(number) is not int or number < 1:
                raise DiscoError(
                    f"{what}={number!r} was given; {what} is a whole number of at least 1, such as {what}=4, "
                    "or give nodes as text: 'node01:10 x4, big[1-2] x16'"
                )
        width = max(2, len(str(nodes)))
        return cls(tuple(Node(f"node{number:0{width}d}", slots) for number in range(1, nodes + 1)))

    @classmethod
    def parse(cls, text: str) -> ClusterSpec:
        """The cluster that `text` describes: rows between commas, each NAME, NAME01:10 or NAME[1-3], then what differs.

        After the name may stand ` xSLOTS`, and then ` @SPEED`, how many times faster than normal each node computes.
        `name01:10` is Disco's own way to write node01 to node10, with the width of the first number kept.
        """
        if text.strip().isdigit():
            raise DiscoError(
                f"nodes={text!r} was given; text names nodes, a number of nodes is a number: nodes={int(text)}"
            )
        nodes: list[Node] = []
        for row in text.split(","):
            found = _ROW.match(row.strip())
            if not row.strip() or found is None:
                raise DiscoError(
                    f"node row {row.strip()!r} of {text!r} cannot be read; a row is NAME, NAME01:10 or NAME[1-3], "
                    "then optionally x and slots, then optionally @ and speed: 'node01:10 x4, big[1-2] x16 @2.5'",
                    row=row.strip(),
                )
            slots, speed = int(found["slots"] or DEFAULT_SLOTS), float(found["speed"] or 1.0)
            first, last = found["first"] or found["low"], found["last"] or found["high"]
            if first is None:
                nodes.append(Node(found["name"], slots, speed))
                continue
            if int(last) < int(first):
                raise DiscoError(
                    f"node row {row.strip()!r} counts down from {first} to {last}; write the smaller number first",
                    row=row.strip(),
                )
            width = len(first)
            numbers = range(int(first), int(last) + 1)
            nodes.extend(Node(f"{found['name']}{number:0{width}d}", slots, speed) for number in numbers)
        return cls(tuple(nodes))

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host names, in order."""
        return tuple(node.host for node in self.nodes)

    @property
    def n_slots(self) -> int:
        """How many task runs the whole cluster holds at once."""
        return sum(node.slots for node in self.nodes)
