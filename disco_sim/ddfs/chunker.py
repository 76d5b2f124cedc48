"""Chunks: records in Disco's file format, cut into pieces of about a size, each of which can be read alone."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable, Iterator
from typing import Any

from disco_sim.error import DiscoError
from disco_sim.formats import BLOCK_HEADER, PICKLE_PROTOCOL, DiscoOutput

CHUNK_BYTES = 64 * 2**20
MOST_RECORD_BYTES = 2**20


class Chunker:
    """Cuts records into chunks of at most `chunk_size` compressed bytes, for `DDFS.chunk`; `chain_reader` reads them.

    Records are packed into compressed blocks first, each of a MiB of pickles or little more, and a chunk has a whole
    number of them. So one is larger than `chunk_size` when a single block is, and few records make one chunk. A record
    is of its own bytes if it is str (as UTF-8) or bytes, else of those of its pickle; of these it may have
    `max_record_size`. The class is `disco_sim.ddfs.Chunker`.

    >>> chunks = list(Chunker(chunk_size=100).chunks(["to be", "or not to be"]))
    >>> from disco_sim.func import chain_reader
    >>> [list(chain_reader(io.BytesIO(chunk), len(chunk), "raw://")) for chunk in chunks]
    [['to be', 'or not to be']]

    Raises:
        DiscoError: For sizes that are no numbers of at least 1.
    """

    def __init__(self, chunk_size: float = CHUNK_BYTES, max_record_size: float = MOST_RECORD_BYTES) -> None:
        for name, size in (("chunk_size", chunk_size), ("max_record_size", max_record_size)):
            if type(size) not in (int, float) or not size >= 1:
                raise DiscoError(f"{name}={size!r} was given; it is a number of bytes, at least 1")
        self.chunk_size = chunk_size
        self.max_record_size = max_record_size

    def __repr__(self) -> str:
        return f"Chunker(chunk_size={self.chunk_size}, max_record_size={self.max_record_size})"

    def chunks(self, records: Iterable[Any]) -> Iterator[bytes]:
        """The chunks of the records, in order; no records make no chunk.

        Raises:
            ValueError: For a record that is larger than `max_record_size`.
        """
        chunk: list[bytes] = []
        n_bytes = BLOCK_HEADER.size
        end = _end_mark()
        for block in self._blocks(records):
            if chunk and n_bytes + len(block) > self.chunk_size:
                yield b"".join((*chunk, end))
                chunk, n_bytes = [], BLOCK_HEADER.size
            chunk.append(block)
            n_bytes += len(block)
        if chunk:
            yield b"".join((*chunk, end))

    def _blocks(self, records: Iterable[Any]) -> Iterator[bytes]:
        packed = io.BytesIO()
        output = DiscoOutput(packed)
        for number, record in enumerate(records):
            n_bytes = _size(record)
            if n_bytes > self.max_record_size:
                raise ValueError(
                    f"record {number} has {n_bytes:,} bytes, and max_record_size is {self.max_record_size:,}; give a "
                    "reader that makes smaller records, or a larger max_record_size"
                )
            output.append(record)
            if packed.tell():
                yield packed.getvalue()
                packed.seek(0)
                packed.truncate()
        output.close()
        if packed.tell() > BLOCK_HEADER.size:
            yield packed.getvalue()[: -BLOCK_HEADER.size]


def _size(record: Any) -> int:
    if isinstance(record, str):
        return len(record.encode("utf-8", "surrogatepass"))
    return len(record if isinstance(record, bytes) else pickle.dumps(record, PICKLE_PROTOCOL))


def _end_mark() -> bytes:
    """The empty block that a file in Disco's format ends with."""
    packed = io.BytesIO()
    DiscoOutput(packed).close()
    return packed.getvalue()
