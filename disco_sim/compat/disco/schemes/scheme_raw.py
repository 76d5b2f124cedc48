"""`raw://TEXT`: the text itself."""

from __future__ import annotations

import io
from typing import Any

from disco_sim.util import schemesplit


def open(url: str, task: Any = None) -> io.StringIO:
    r"""The text behind `raw://`, as a text stream: iterating gives str, the way Disco 0.5 has it.

    >>> list(open("raw://the cat\nsat"))
    ['the cat\n', 'sat']
    """
    return io.StringIO(schemesplit(url)[1], newline="\n")


def input_stream(fd: Any, size: int | None, url: str, params: Any) -> tuple[io.StringIO, int, str]:
    """The text stream, its size in bytes of UTF-8, and the URL."""
    return open(url), len(schemesplit(url)[1].encode()), url
