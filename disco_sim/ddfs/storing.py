"""How blobs come into the store, in replicas, and how those that nobody wants any more leave it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from disco_sim.cluster.base import Cluster
from disco_sim.ddfs.placement import Placement
from disco_sim.error import DataError
from disco_sim.model.work import Blob
from disco_sim.store.names import EPOCH_S, hexhash, stamp, without_port
from disco_sim.store.tags import StoredBlob, Tag
from disco_sim.tables import counted

Index = Callable[[str], list[tuple[int, str]]]
"""Gives the (label, blob URL) pairs behind a `dir://` URL of a job's result; a DataError when it is not there."""


class Collected(NamedTuple):
    """What a garbage collection freed: so many blobs, and their bytes in all replicas."""

    n_blobs: int
    n_bytes: int

    def __repr__(self) -> str:
        return f"Collected({counted(self.n_blobs, 'blob')}, {counted(self.n_bytes, 'byte')})"


class Storing:
    """Stores blobs on the nodes of a cluster that `placement` chooses, and collects those that no tag points to.

    `index` tells which blobs the results are that tags point to.
    """

    def __init__(self, cluster: Cluster, placement: Placement, index: Index) -> None:
        self._cluster = cluster
        self._placement = placement
        self._index = index
        self._tags = cluster.tags

    def store(self, name: str, data: bytes, n_replicas: int, forceon: Sequence[str]) -> list[str]:
        """Store one blob; the URLs of its replicas, which no other blob ever has.

        Raises:
            CommError: 403, if too few nodes take blobs.
        """
        hosts = self._placement.hosts(n_replicas, forceon)
        now_s = self._cluster.now_s
        stamped = stamp(EPOCH_S + now_s, self._tags.next_serial())
        urls = [self._placement.url(host, "blob", name, stamped) for host in hosts]
        blob = Blob("bytes", data, 0, len(data))  # one object, however many replicas
        for url in urls:
            self._cluster.blobs.put(url, blob)
        self._tags.remember(StoredBlob(len(data), now_s, tuple(urls), hosts))
        return urls

    def collect(self, older_than_s: float) -> Collected:
        """Drop the data of purged jobs, and blobs that no tag points to and no active job reads.

        Blobs only if they were pushed at least `older_than_s` virtual seconds ago.
        """
        for job in [name for name in self._cluster.jobs if self._cluster.jobs[name].is_garbage]:
            self._cluster.forget(job, with_data=True)
        wanted = self._tags.referenced()
        for url in [one for one in wanted if one.startswith("dir://")]:
            with suppress(DataError):
                wanted.update(blob for _, blob in self._index(url))
        for job in self._cluster.jobs:
            facts = self._cluster.jobs[job]
            if facts.status == "active":
                wanted.update(url for piece in facts.request.inputs for url in piece.urls)
        kept = set(map(without_port, wanted))
        n_blobs = n_bytes = 0
        for blob in [*self._tags.pushed.values()]:
            if kept.isdisjoint(map(without_port, blob.urls)) and self._cluster.now_s - blob.pushed_s >= older_than_s:
                for url in blob.urls:
                    self._cluster.blobs.drop(url, "it was collected as garbage, because no tag pointed to it")
                self._tags.forget(blob)
                n_blobs, n_bytes = n_blobs + 1, n_bytes + blob.n_bytes * len(blob.urls)
        return Collected(n_blobs, n_bytes)

    def tag_url(self, tag: Tag) -> str:
        """The URL of a tag's own replica, which names its version. The master keeps tags; this is but an address."""
        hosts = self._cluster.spec.hosts
        host = hosts[int(hexhash(tag.name), 16) % len(hosts)]
        return self._placement.url(host, "tag", tag.name, stamp_of(tag))


def stamp_of(tag: Tag) -> str:
    """The timestamp of a tag's latest change, which no other change of any tag has."""
    return stamp(EPOCH_S + tag.modified_s, tag.serial)
