"""How long work takes: counted work becomes phases, and phases played on a node become virtual seconds.

Defaults depend on counts only, never on the machine that runs the simulation, so timelines are reproducible.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from disco_sim.error import DiscoError
from disco_sim.model.cluster import Node
from disco_sim.model.plan import Output
from disco_sim.model.work import Counts


class Phase(NamedTuple):
    """A part of a task run: its kind, how much of what (seconds or bytes), and the resource it uses."""

    kind: str
    amount: float
    resource: str


@dataclass(frozen=True)
class Costs:
    """The prices of work; the defaults are round numbers of a 2010 gigabit cluster.

    `cpu_record_s` and `cpu_byte_s` are CPU seconds per record and byte read or written on a node of speed 1;
    `disk_bytes_s` and `port_bytes_s` are bytes a second of a node's disk and of its network port, each way.

    Raises:
        DiscoError: For a negative price or a rate of 0.
    """

    startup_s: float = 0.5
    cpu_record_s: float = 1e-6
    cpu_byte_s: float = 1e-8
    disk_bytes_s: float = 100e6
    port_bytes_s: float = 125e6
    latency_s: float = 1e-3

    def __post_init__(self) -> None:
        for name, price in vars(self).items():
            is_rate = name.endswith("bytes_s") and not name.startswith("cpu")
            if not (price > 0 if is_rate else 0 <= price < math.inf):
                raise DiscoError(
                    f"Costs({name}={price!r}) was given; {name} is a number of "
                    + ("bytes a second, above 0 (math.inf for free)" if is_rate else "seconds, 0 or more"),
                    name=name,
                )

    def phases(self, counts: Counts, inputs: tuple[Output, ...], node: Node) -> tuple[Phase, ...]:
        """The phases of a run on `node` that did the work of `counts`, reading from where `inputs` are."""
        remote = [read.n_bytes for read in counts.read if inputs[read.piece].replicas[read.replica][0] != node.host]
        cpu_s = (
            self.cpu_record_s * (counts.records_in + counts.records_out)
            + self.cpu_byte_s * (counts.bytes_in + counts.bytes_out)
        ) / node.speed + counts.slept_s
        return (
            Phase("startup", self.startup_s, "slot"),
            Phase("read", counts.bytes_in - sum(remote), "disk"),
            Phase("transfer", len(remote) * self.latency_s, "latency"),
            Phase("transfer", sum(remote), "port"),
            Phase("cpu", cpu_s, "cpu"),
            Phase("write", counts.bytes_out, "disk"),
        )

    def rate(self, resource: str) -> float:
        """How much of a phase's amount `resource` does in a virtual second, when nobody else uses it."""
        return {"disk": self.disk_bytes_s, "port": self.port_bytes_s}.get(resource, 1.0)


class Played(NamedTuple):
    """A phase with the virtual seconds at which it began and ended."""

    kind: str
    start_s: float
    end_s: float


def play(phases: tuple[Phase, ...], start_s: float, costs: Costs) -> tuple[Played, ...]:
    """When each phase happens, one after the other from `start_s`, at the constant rates of `costs`.

    >>> [played.end_s for played in play((Phase("startup", 0.5, "slot"), Phase("read", 5e7, "disk")), 1.0, Costs())]
    [1.5, 2.0]
    """
    played: list[Played] = []
    for phase in phases:
        end_s = start_s + phase.amount / costs.rate(phase.resource)
        played.append(Played(phase.kind, start_s, end_s))
        start_s = end_s
    return tuple(played)
