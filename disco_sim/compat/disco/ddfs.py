"""`DDFS`: Disco's distributed file system, on the simulated cluster that an address stands for."""

from __future__ import annotations

from typing import Any

from disco_sim import ddfs
from disco_sim.client.urls import data_of, index_of
from disco_sim.compat import masters
from disco_sim.error import InvalidTag

__all__ = ["DDFS", "InvalidTag"]


class DDFS(ddfs.DDFS):
    """The file system of the master at an address, or the one in the settings; `master` may be a Disco as well.

    `settings` say how many replicas a blob has (DDFS_BLOB_REPLICAS) and which tokens are used (DDFS_READ_TOKEN,
    DDFS_WRITE_TOKEN). `proxy` has no effect.
    """

    def __init__(self, master: Any = None, proxy: str | None = None, settings: Any = None) -> None:
        from disco_sim.compat.disco.settings import DiscoSettings

        settings = DiscoSettings() if settings is None else settings
        self.settings = settings
        self.proxy = proxy
        self.native = masters.connect(settings["DISCO_MASTER"] if master is None else master)
        cluster = self.native.cluster
        super().__init__(
            cluster,
            dialect=self.native.dialect,
            blob_replicas=int(settings["DDFS_BLOB_REPLICAS"]),
            read_token=settings["DDFS_READ_TOKEN"] or None,
            write_token=settings["DDFS_WRITE_TOKEN"] or None,
            fetch=lambda url: data_of(url, cluster),
            index=lambda url: index_of(url, cluster),
        )
