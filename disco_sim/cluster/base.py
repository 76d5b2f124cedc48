"""What a cluster is, for everything above it: it takes requests, moves on, and tells what happened."""

from __future__ import annotations

import math
from typing import Protocol

from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event
from disco_sim.model.job import JobRequest
from disco_sim.model.rules import Rules
from disco_sim.model.work import Failure, TaskWork
from disco_sim.store.home import Blobs
from disco_sim.store.jobs import Jobs
from disco_sim.store.log import Log
from disco_sim.store.oob import OOBStore
from disco_sim.store.tags import TagStore


class Cluster(Protocol):
    """Runs plans. Reading never moves it; `advance` is the only way that anything happens.

    What happened is in `log`; what is kept of it, in `jobs`, `blobs`, `oob` and `tags`. Other `rules` can be set before
    the first job.
    """

    @property
    def spec(self) -> ClusterSpec: ...
    @property
    def master(self) -> str: ...
    @property
    def now_s(self) -> float: ...
    @property
    def rules(self) -> Rules: ...
    @rules.setter
    def rules(self, rules: Rules) -> None: ...
    @property
    def log(self) -> Log: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def oob(self) -> OOBStore: ...
    @property
    def tags(self) -> TagStore: ...

    def submit(self, request: JobRequest) -> None:
        """Take a job; it begins when the cluster next moves."""

    def advance(self, until_s: float = math.inf) -> bool:
        """Let the next thing happen, not later than `until_s`; whether anything did."""

    def ask(self, event: Event) -> None:
        """Ask for a kill or a node's blacklisting; taken before the next thing happens, from any thread.

        Nobody waits long for it: when the user interrupts, a cluster that takes its time is given a second.
        """

    def work(self, job: str, stage: str, task: int, attempt: int) -> TaskWork:
        """The work of a run that has started, made again as it was."""

    def failure(self, job: str) -> tuple[Failure, TaskWork] | None:
        """Why a job died, with the work of the run that ended it; None when no run did."""

    def forget(self, job: str, with_data: bool, now: bool = True) -> None:
        """Drop the record of a job that has ended, and, `with_data`, all it stored: now, or with the next `ddfs.gc()`.

        A job that is not there is left alone.
        """
