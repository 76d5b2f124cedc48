"""`disco.faults`: what goes wrong on a cluster that runs; it can grow at any time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from disco_sim.client.driver import Driver
from disco_sim.cluster.simulated import SimulatedCluster
from disco_sim.error import DiscoError
from disco_sim.sim.fault import Fault, placed
from disco_sim.sim.faults import FaultBuilder, Faults


class LiveFaults(FaultBuilder):
    """The faults of a cluster, past and future. Its methods are those of `Faults`, and add one more from now on.

    Without `at` a fault is now. It is taken at once, or, when the cluster is being driven, before its next event.

    >>> from disco_sim import Disco
    >>> with Disco(nodes=2) as disco:
    ...     _ = disco.faults.kill("node02")
    ...     disco.nodes.status.tolist()
    ['alive', 'dead']
    """

    def __init__(self, cluster: SimulatedCluster, driver: Driver) -> None:
        self._cluster = cluster
        self._driver = driver

    @property
    def plan(self) -> Faults:
        """All of them as a value, which can be given to another Disco."""
        return self._cluster.faults

    def add(self, faults: Faults) -> Self:
        """Add a whole plan, whose times are those of this cluster.

        Raises:
            DiscoError: For a host that is not there, or a time in the past; nothing is added then.
        """
        if not isinstance(faults, Faults):
            raise DiscoError(f"add({faults!r}) was called; what is added is a plan: disco_sim.Faults().kill(...)")
        self._cluster.add_faults(faults)
        if any(event.time_s <= self._cluster.now_s for event in faults.events(self._cluster.spec)):
            self._driver.take_requests()
        return self

    def _with(self, fault: Fault) -> Self:
        return self.add(Faults((placed(fault, self._cluster.now_s),)))

    def __len__(self) -> int:
        return len(self.plan)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.plan)

    def __repr__(self) -> str:
        return repr(self.plan)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        return self.plan._repr_mimebundle_(**options)
