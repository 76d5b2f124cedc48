"""`http://`: pages of a server, and data of a simulated cluster under the URLs that `urlresolve` gives."""

from __future__ import annotations

from typing import Any, BinaryIO

from disco_sim.compat.disco.comm import open_url
from disco_sim.compat.disco.schemes import size_of


def open(url: str, task: Any = None) -> BinaryIO:
    """What the server has, read whole.

    Raises:
        CommError: If it cannot be had; `code` is the HTTP status, or None.
    """
    return open_url(url)


def input_stream(fd: Any, size: int | None, url: str, params: Any) -> tuple[BinaryIO, int | None, str]:
    """The page as a stream, its size in bytes (None: unknown, as of a decompressed one), and the URL."""
    stream = open(url)
    return stream, size_of(stream), url
