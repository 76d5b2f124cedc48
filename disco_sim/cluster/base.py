"""What a cluster is, for everything above it: it takes requests, moves on, and tells what happened."""

from __future__ import annotations

import math
from typing import Protocol

from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event
from disco_sim.model.job import JobRequest
from disco_sim.model.work import Blob, Failure, TaskWork
from disco_sim.store.log import Log
from disco_sim.store.oob import OOBStore
from disco_sim.store.tags import TagStore


class Cluster(Protocol):
    """Runs plans. Reading never moves it; `advance` is the only way that anything happens."""

    @property
    def spec(self) -> ClusterSpec: ...
    @property
    def master(self) -> str: ...
    @property
    def now_s(self) -> float: ...
    @property
    def log(self) -> Log: ...
    @property
    def oob(self) -> OOBStore: ...
    @property
    def tags(self) -> TagStore: ...

    def submit(self, request: JobRequest) -> None:
        """Take a job; it begins when the cluster next moves."""

    def advance(self, until_s: float = math.inf) -> tuple[Event, ...]:
        """Let the next thing happen, not later than `until_s`; the events it brought, () when there was none."""

    def ask(self, event: Event) -> None:
        """Ask for a kill or a node's blacklisting; taken before the next thing happens, from any thread."""

    def status(self, job: str) -> str:
        """`active`, `ready`, `dead` or `unknown job`."""

    def results(self, job: str, stage: str | None = None) -> list[str]:
        """The URLs of what a finished stage (None: the last) produced, one per task, in task order."""

    def index(self, url: str) -> list[tuple[int, str]]:
        """The (label, blob URL) pairs behind the `dir://` URL of one task's output."""

    def read(self, url: str) -> Blob:
        """The data under a blob's URL."""

    def store(self, url: str, blob: Blob) -> None:
        """Keep data under a URL, for jobs to read."""

    def failure(self, job: str) -> tuple[Failure, TaskWork] | None:
        """Why a job died, with the work of the run that ended it; None when no run did."""

    def work(self, job: str, stage: str, task: int, attempt: int) -> TaskWork:
        """The work of a recorded run, made again as it was."""

    def forget(self, job: str, with_data: bool) -> None:
        """Drop the record of a job that has ended, and, `with_data`, all it stored."""
