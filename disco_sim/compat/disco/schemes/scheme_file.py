"""`file://PATH` and plain paths: local files, by absolute paths too (`file:///data/x`)."""

from __future__ import annotations

from typing import Any, BinaryIO

from disco_sim.compat.disco.comm import open_local
from disco_sim.compat.disco.schemes import opened


def open(url: str, task: Any = None) -> BinaryIO:
    """The file, opened to read bytes.

    Raises:
        DataError: If there is no such file.
    """
    return open_local(url)


def input_stream(fd: Any, size: int | None, url: str, params: Any) -> tuple[Any, int | None, str]:
    """The opened file, its size in bytes, and the URL."""
    return opened(fd, url, open)
