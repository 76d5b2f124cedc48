"""`tag://NAME`: all the blobs of a tag, one behind the other."""

from __future__ import annotations

import io
from typing import Any

from disco_sim.compat.disco.comm import open_url
from disco_sim.compat.disco.schemes import size_of
from disco_sim.compat.disco.util import deref
from disco_sim.error import DataError


def open(url: str, task: Any = None) -> io.BytesIO:
    """The bytes of every blob of the tag, in the order of the tag; of each the first replica that can be read.

    Raises:
        DataError: If no replica of a blob can be read.
    """
    return io.BytesIO(b"".join(_bytes_of(replicas) for replicas in deref([url])))


def _bytes_of(replicas: list[str]) -> bytes:
    for number, replica in enumerate(replicas, 1):
        try:
            with open_url(replica) as stream:
                return stream.read()
        except DataError:
            if number == len(replicas):
                raise
    return b""


def input_stream(fd: Any, size: int | None, url: str, params: Any) -> tuple[io.BytesIO, int | None, str]:
    """The blobs as one stream, their size in bytes, and the URL."""
    stream = open(url)
    return stream, size_of(stream), url
