"""What one task run may read of the stores, as they were when it started."""

from __future__ import annotations

from typing import NamedTuple

from disco_sim.model.work import Blob
from disco_sim.store.home import Blobs
from disco_sim.store.oob import OOBStore


class RunView(NamedTuple):
    """A `StoreView` for one run: blobs by URL, and the out-of-band results that its place and time let it see."""

    blobs: Blobs
    oob_store: OOBStore
    job: str
    stage: str
    level: int
    task: int
    moment: int

    def blob(self, url: str) -> Blob:
        """The data stored under `url`; DataError when it is not there."""
        return self.blobs.get(url)

    def oob(self, key: str, job: str | None) -> str | bytes:
        """The out-of-band result `key` of `job` (None: this job) that the run may see."""
        return self.oob_store.see(
            self.job if job is None else job,
            key,
            reader=self.job,
            stage=self.stage,
            level=self.level,
            task=self.task,
            moment=self.moment,
        )

    def latest_oob(self, key: str) -> str | bytes | None:
        """What had been put last under `key` of this job when the run started, None if nothing had."""
        return self.oob_store.latest(self.job, key, self.moment)
