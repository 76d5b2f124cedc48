"""Out-of-band results as Disco's file system has them: a tag for each job, a blob for each key. A view, with no copies.

The tag of a job is `disco:job:oob:JOBNAME`, the name of a blob is the key, and the newest come first.
"""

from __future__ import annotations

from collections.abc import Iterator

from disco_sim.model.work import Blob
from disco_sim.store.names import EPOCH_S, blob_name, stamp, stored_url, tag_of_job
from disco_sim.store.oob import OOBEntry, OOBStore
from disco_sim.store.tags import Tag
from disco_sim.util import DISCO_PORT, ddfs_oobname

_PREFIX = ddfs_oobname("")
_N_DIGITS = 6
"""Stamps of this many digits are those of no blob that was pushed, so that the URLs of the two are never the same."""


class OOBTags:
    """The tags and blobs that out-of-band results are; `port` is the master's, which stands in their URLs.

    A job has a tag as long as it has results: none before the first, and none when it was purged.
    """

    def __init__(self, oob: OOBStore, port: str = DISCO_PORT) -> None:
        self._oob = oob
        self.port = port

    def names(self) -> Iterator[str]:
        """The names of the tags, jobs in the order they began."""
        return (tag_of_job(_PREFIX, job) for job in self._oob.jobs if self._oob.has_results(job))

    def tag(self, name: str) -> Tag | None:
        """The tag of a name as it is now; None if it is that of no job with results."""
        job = self._job(name)
        if job is None:
            return None
        results = sorted(self._oob.committed(job).values(), key=lambda entry: entry.order)
        entries = [[self.url(entry)] for entry in results]
        last = results[-1]
        return Tag(name, entries, modified_s=last.put_s, serial=last.order, shows=f"what tasks of job {job!r} put")

    def blob(self, url: str) -> Blob | None:
        """The result that a blob's URL is of; None if it is of none."""
        if "/ddfs/" not in url:
            return None
        for entry in self._oob.of_key(blob_name(url)):
            if self.url(entry) == url:
                return blob_of(entry)
        return None

    def url(self, entry: OOBEntry) -> str:
        """The URL of the blob that a result is."""
        stamped = stamp(EPOCH_S + entry.put_s, entry.order, _N_DIGITS)
        return stored_url(entry.host, self.port, "blob", entry.key, stamped)

    def _job(self, name: str) -> str | None:
        if not name.startswith(_PREFIX):
            return None
        job = name.removeprefix(_PREFIX)
        if self._oob.has_results(job):
            return job
        # A job's name may have characters that its tag has not.
        others = (job for job in self._oob.jobs if tag_of_job(_PREFIX, job) == name)
        return next(filter(self._oob.has_results, others), None)


def blob_of(entry: OOBEntry) -> Blob:
    """The bytes of a result; text is UTF-8."""
    value = entry.value
    data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
    return Blob("bytes", data, 0, len(data))
