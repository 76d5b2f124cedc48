"""How blobs come into the store, in replicas, and how those that nobody wants any more leave it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import NamedTuple

from disco_sim.cluster.base import Cluster
from disco_sim.ddfs import names
from disco_sim.ddfs.placement import Placement
from disco_sim.model.work import Blob
from disco_sim.store.tags import StoredBlob, Tag
from disco_sim.tables import counted
from disco_sim.views.story import EPOCH

_EPOCH_S = int(EPOCH.replace(tzinfo=UTC).timestamp())


class Collected(NamedTuple):
    """What a garbage collection freed: so many blobs, and their bytes in all replicas."""

    n_blobs: int
    n_bytes: int

    def __repr__(self) -> str:
        return f"Collected({counted(self.n_blobs, 'blob')}, {counted(self.n_bytes, 'byte')})"


class Storing:
    """Stores blobs on the nodes of a cluster that `placement` chooses, and collects those that no tag points to."""

    def __init__(self, cluster: Cluster, placement: Placement) -> None:
        self._cluster = cluster
        self._placement = placement
        self._tags = cluster.archive.tags

    def store(self, name: str, data: bytes, n_replicas: int, forceon: Sequence[str]) -> list[str]:
        """Store one blob; the URLs of its replicas, which no other blob ever has.

        Raises:
            CommError: 403, if too few nodes take blobs.
        """
        hosts = self._placement.hosts(n_replicas, forceon)
        now_s = self._cluster.now_s
        stamped = names.stamp(_EPOCH_S + now_s, self._tags.next_serial())
        urls = [self._placement.url(host, "blob", name, stamped) for host in hosts]
        blob = Blob("bytes", data, 0, len(data))  # one object, however many replicas
        for url in urls:
            self._cluster.archive.store(url, blob)
        self._tags.remember(StoredBlob(name, len(data), now_s, tuple(urls), hosts))
        return urls

    def collect(self, older_than_s: float) -> Collected:
        """Drop the blobs that no tag points to and no active job reads, pushed at least so many virtual seconds ago."""
        kept = self._tags.referenced()
        for record in self._cluster.archive.jobs.values():
            if record.status == "active":
                kept.update(url for piece in record.request.inputs for url in piece.urls)
        n_blobs = n_bytes = 0
        for blob in [*self._tags.pushed.values()]:
            if kept.isdisjoint(blob.urls) and self._cluster.now_s - blob.pushed_s >= older_than_s:
                for url in blob.urls:
                    self._cluster.archive.blobs.drop(url, "it was collected as garbage, because no tag pointed to it")
                self._tags.forget(blob)
                n_blobs, n_bytes = n_blobs + 1, n_bytes + blob.n_bytes * len(blob.urls)
        return Collected(n_blobs, n_bytes)

    def tag_url(self, tag: Tag) -> str:
        """The URL of a tag's own replica, which names its version. The master keeps tags; this is but an address."""
        hosts = self._cluster.spec.hosts
        host = hosts[int(names.hexhash(tag.name), 16) % len(hosts)]
        return self._placement.url(host, "tag", tag.name, stamp_of(tag))


def stamp_of(tag: Tag) -> str:
    """The timestamp of a tag's latest change, which no other change of any tag has."""
    return names.stamp(_EPOCH_S + tag.modified_s, tag.serial)
