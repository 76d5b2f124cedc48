"""What a cluster is, for everything above it: it takes requests, moves on, and tells what happened."""

from __future__ import annotations

import math
from typing import Protocol

from disco_sim.cluster.archive import Archive
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event
from disco_sim.model.job import JobRequest
from disco_sim.model.rules import Rules
from disco_sim.store.log import Log


class Cluster(Protocol):
    """Runs plans. Reading never moves it; `advance` is the only way that anything happens.

    What happened is in `log`, what is kept of it in `archive`. Other `rules` can be set before the first job.
    """

    @property
    def spec(self) -> ClusterSpec: ...
    @property
    def master(self) -> str: ...
    @property
    def now_s(self) -> float: ...
    @property
    def log(self) -> Log: ...
    @property
    def rules(self) -> Rules: ...
    @rules.setter
    def rules(self, rules: Rules) -> None: ...
    @property
    def archive(self) -> Archive: ...

    def submit(self, request: JobRequest) -> None:
        """Take a job; it begins when the cluster next moves."""

    def advance(self, until_s: float = math.inf) -> bool:
        """Let the next thing happen, not later than `until_s`; whether anything did."""

    def ask(self, event: Event) -> None:
        """Ask for a kill or a node's blacklisting, from any thread.

        A simulated cluster takes it before the next thing happens, another one may take a while.
        """
