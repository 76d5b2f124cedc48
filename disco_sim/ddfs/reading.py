"""How the file system reads what its tags point to: the first replica that can be had."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from disco_sim.ddfs.files import BlobFile
from disco_sim.ddfs.placement import Placement
from disco_sim.ddfs.showing import host_of
from disco_sim.error import DataError
from disco_sim.formats import to_disco_format
from disco_sim.model.dialect import Dialect
from disco_sim.model.work import Blob
from disco_sim.runtime.inputs import STORED_SCHEMES, Opener, records_of
from disco_sim.util import schemesplit


class Reading:
    """Opens replicas, and reads their records; those on dead nodes are passed over. `fetch` gives stored data."""

    def __init__(self, fetch: Callable[[str], Blob], placement: Placement, dialect: Dialect) -> None:
        self._fetch = fetch
        self._placement = placement
        self._dialect = dialect

    def open(self, replicas: Sequence[str]) -> BlobFile:
        """The first replica that can be read, as a file; pairs that a job stored in Disco's file format.

        Raises:
            DataError: If none can.
        """
        alive = self._alive(replicas)
        for number, url in enumerate(alive, 1):
            try:
                return BlobFile(self._bytes(url), url)
            except DataError:
                if number == len(alive):
                    raise
        raise AssertionError("at least one replica is alive, or that was an error before")

    def records(
        self,
        replicas: Sequence[str],
        chain: Sequence[Callable[..., Any]],
        reader: Callable[..., Any] | None,
        params: Any,
    ) -> Iterator[Any]:
        """The records that a chain of stream functions and a reader find, in the first replica that can be read.

        Raises:
            DataError: If none can.
        """
        opener = Opener(self._fetch, dialect=self._dialect)
        yield from records_of(self._alive(replicas), opener, chain, reader, params)

    def _bytes(self, url: str) -> bytes:
        if schemesplit(url)[0] in STORED_SCHEMES:
            blob = self._fetch(url)
            return bytes(blob.data) if blob.form == "bytes" else to_disco_format(blob.records())
        opener = Opener(self._fetch)
        try:
            stream = opener.keep(opener.open(url)[0])
            data: bytes = stream.read()
            return data
        finally:
            opener.close()

    def _alive(self, replicas: Sequence[str]) -> list[str]:
        dead = self._placement.dead
        alive = [url for url in replicas if host_of(url) not in dead]
        if not alive:
            hosts = ", ".join(dict.fromkeys(map(host_of, replicas)))
            raise DataError(
                f"Unable to access resource: it is only on nodes that are dead: {hosts}; it is there again when one "
                "returns, and with more replicas it would be elsewhere too",
                replicas[0],
            )
        return alive
