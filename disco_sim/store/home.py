"""Where a cluster keeps what happened and what was produced: its log, blobs, out-of-band results, tags and jobs."""

from __future__ import annotations

from typing import Protocol

from disco_sim.error import DiscoError
from disco_sim.model.work import Blob
from disco_sim.store.blobs import BlobStore
from disco_sim.store.jobs import Jobs, MemoryJobs
from disco_sim.store.log import Log
from disco_sim.store.oob import OOBStore
from disco_sim.store.oobtags import OOBTags
from disco_sim.store.tags import TagStore


class Blobs(Protocol):
    """Blobs by URL; a blob never changes."""

    @property
    def held_bytes(self) -> int:
        """An estimate of the memory that they take."""

    def put(self, url: str, blob: Blob) -> None:
        """Store `blob` under `url`."""

    def get(self, url: str) -> Blob:
        """The blob under `url`.

        Raises:
            DataError: If there is none, or it was dropped, with the reason.
        """

    def drop(self, url: str, reason: str = ...) -> None:
        """Forget the blob under `url`, but remember that it was there, and why it is not any more."""

    def __contains__(self, url: str) -> bool: ...


class Home(Protocol):
    """The stores of one cluster, with the jobs that earlier clusters have left in them. Reading never writes.

    A cluster that opens a home starts a new session: it has its own log, virtual time and serials, and sees the blobs,
    tags and jobs of all sessions. `commit` is called after a submission, after an event that ends a job, after a job is
    forgotten, when the cluster is closed, and whenever `is_due`. It is never called between an event and its effects,
    so the log and the stores agree at each commit.
    """

    @property
    def session(self) -> int:
        """The number of the cluster's session in the home, from 1 on; 0 before it is opened."""

    @property
    def log(self) -> Log:
        """The events since the home was opened."""

    @property
    def blobs(self) -> Blobs: ...
    @property
    def oob(self) -> OOBStore: ...
    @property
    def oob_tags(self) -> OOBTags:
        """Out-of-band results as tags and blobs of the file system."""

    @property
    def tags(self) -> TagStore: ...
    @property
    def jobs(self) -> Jobs: ...

    @property
    def is_due(self) -> bool:
        """Whether so much has happened since the last commit that another one is due."""

    def open(self, master: str) -> None:
        """Begin a session, of the cluster of `master` (host:port).

        Raises:
            DiscoError: If another cluster has the home.
        """

    def commit(self, now_s: float) -> None:
        """Keep everything since the last commit, up to the virtual time `now_s`, or nothing of it."""

    def close(self) -> None:
        """End the session. What is in memory can still be read."""


class MemoryHome:
    """A home in memory, for one cluster; it is lost when the process ends."""

    session = 0
    is_due = False

    def __init__(self) -> None:
        self.log = Log()
        self.oob = OOBStore()
        self.oob_tags = OOBTags(self.oob)
        self.blobs = BlobStore(self.oob_tags.blob)
        self.tags = TagStore(self.oob_tags)
        self.jobs = MemoryJobs()

    def open(self, master: str) -> None:
        """Begin the only session.

        Raises:
            DiscoError: If there was one before.
        """
        if self.session:
            raise DiscoError(
                f"the cluster of {master} was given a home in memory that another cluster has had; a home in memory "
                "belongs to one cluster: give each its own MemoryHome()"
            )
        self.session = 1
        self.oob_tags.port = master.rpartition(":")[2]

    def commit(self, now_s: float) -> None:
        """Nothing to do: what is in memory is kept as it happens."""

    def close(self) -> None:
        """Nothing to do."""
