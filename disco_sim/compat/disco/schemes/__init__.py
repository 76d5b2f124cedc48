"""How URLs are opened: for each scheme a module `scheme_NAME`, with open(url) and input_stream(fd, size, url, params).

A scheme of your own is a module `disco.schemes.scheme_NAME`: in a folder of `disco.schemes.__path__`, which can be
extended, in a folder disco/schemes/ of a sys.path entry, or in sys.modules.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable
from types import ModuleType
from typing import Any

from disco_sim.error import DiscoError
from disco_sim.util import schemesplit

__all__ = ["module_of", "opened", "size_of"]


def module_of(url: str) -> ModuleType:
    """The module that opens a URL; a plain path is opened like `file://`.

    Raises:
        DiscoError: If there is no module for its scheme.
    """
    name = f"scheme_{schemesplit(url)[0] or 'file'}"
    for package in (__name__, "disco.schemes"):
        try:
            return importlib.import_module(f"{package}.{name}")
        except ModuleNotFoundError as error:
            if error.name is None or not f"{package}.{name}.".startswith(f"{error.name}."):
                raise  # the module is there, and what it imports is not
    raise DiscoError(
        f"Cannot open {url!r}: there is no module disco.schemes.{name}; write one with input_stream(fd, size, url, "
        "params), into a folder disco/schemes/ beside your script",
        url=url,
    )


def opened(fd: Any, url: str, open: Callable[[str], Any]) -> tuple[Any, int | None, str]:
    """The stream of a URL, its size in bytes (None: unknown), and the URL: within a job `fd` opens it, else `open`."""
    if hasattr(fd, "open"):
        of_the_job: tuple[Any, int | None, str] = fd.open(url)
        return of_the_job
    stream = open(url)
    return stream, size_of(stream), url


def size_of(stream: Any) -> int | None:
    """The size in bytes of a stream that can be wound to its end and back, else None."""
    if not (hasattr(stream, "seekable") and stream.seekable()):
        return None
    here = stream.tell()
    size: int = stream.seek(0, io.SEEK_END)
    stream.seek(here)
    return size
