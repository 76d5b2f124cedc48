"""`dir://`: the index of a result, a line `label URL size` for each output."""

from __future__ import annotations

from typing import Any, BinaryIO

from disco_sim.compat.disco.comm import open_url
from disco_sim.compat.disco.schemes import size_of


def open(url: str, task: Any = None) -> BinaryIO:
    """The lines of the index; `disco.util.read_index` takes them apart.

    Raises:
        CommError: If the result, or the Disco that made it, is gone.
    """
    return open_url(url)


def input_stream(fd: Any, size: int | None, url: str, params: Any) -> tuple[BinaryIO, int | None, str]:
    """The index as a stream, its size in bytes, and the URL."""
    stream = open(url)
    return stream, size_of(stream), url
