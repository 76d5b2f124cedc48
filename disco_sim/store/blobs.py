"""Stored data by URL, and which of it was dropped. Knows not what the data means."""

from __future__ import annotations

from collections.abc import Callable

from disco_sim.error import DataError
from disco_sim.model.work import Blob

_NOT_KEPT = (
    "the data was dropped when its job ended, because only results are kept, or purged with its job; "
    'Disco(keep="all") keeps what is between the stages too'
)


class BlobStore:
    """Blobs by URL; a blob never changes. `elsewhere` is asked for those that are kept in another form.

    `held_bytes` is an estimate of the memory that they take.

    Raises:
        DataError: On reading a URL that holds nothing, which is what a task sees as lost data.
    """

    def __init__(self, elsewhere: Callable[[str], Blob | None] = lambda url: None) -> None:
        self._elsewhere = elsewhere
        self._blobs: dict[str, Blob] = {}
        self._dropped: dict[str, str] = {}
        self.held_bytes = 0

    def put(self, url: str, blob: Blob) -> None:
        """Store `blob` under `url`."""
        before = self._blobs.get(url)
        self.held_bytes += blob.held_bytes - (before.held_bytes if before is not None else 0)
        self._blobs[url] = blob
        self._dropped.pop(url, None)

    def get(self, url: str) -> Blob:
        """The blob under `url`."""
        blob = self._blobs.get(url)
        if blob is None:
            blob = self._elsewhere(url)
        if blob is not None:
            return blob
        if url in self._dropped:
            raise DataError(f"Unable to access resource: {self._dropped[url]}", url)
        raise DataError("Unable to access resource: nothing is stored there; take the URL from a job's results", url)

    def __contains__(self, url: str) -> bool:
        return url in self._blobs or self._elsewhere(url) is not None

    def drop(self, url: str, reason: str = _NOT_KEPT) -> None:
        """Forget the blob under `url`, but remember that it was there, and why it is not any more."""
        blob = self._blobs.pop(url, None)
        if blob is not None:
            self.held_bytes -= blob.held_bytes
            self._dropped[url] = reason
