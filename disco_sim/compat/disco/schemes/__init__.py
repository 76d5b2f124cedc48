"""How URLs are opened: for each scheme a module `scheme_NAME`, with open(url) and input_stream(fd, size, url, params).

A scheme of your own is a module `disco.schemes.scheme_NAME`: in a folder of `disco.schemes.__path__`, which can be
extended, in a folder disco/schemes/ of a sys.path entry, or in sys.modules.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from disco_sim.compat import finder
from disco_sim.error import DiscoError
from disco_sim.util import schemesplit

__all__ = ["module_of", "opened", "scheme_module", "size_of"]


def module_of(url: str) -> ModuleType:
    """The module that opens a URL; a plain path is opened like `file://`.

    Raises:
        DiscoError: If there is no module for its scheme.
    """
    try:
        return scheme_module(schemesplit(url)[0] or "file")
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("disco.schemes."):
            raise  # the module is there, and what it imports is not
        raise DiscoError(
            f"Cannot open {url!r}: there is no module {error.name}; {_ADVICE}",
            url=url,
        ) from None


def scheme_module(scheme: str, folder: str = "") -> ModuleType:
    """The module `disco.schemes.scheme_NAME`, whether `disco` is installed or not; `folder` is searched, too.

    Raises:
        ModuleNotFoundError: If there is none.
    """
    name = f"scheme_{scheme}"
    own, told = f"{__name__}.{name}", f"disco.schemes.{name}"
    for loaded in (own, told):
        if loaded in sys.modules:
            return sys.modules[loaded]
    try:
        return importlib.import_module(own)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{own}.".startswith(f"{error.name}."):
            raise
    spec = finder.scheme_spec(own, __path__, folder)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {told!r}; {_ADVICE}", name=told)
    module = importlib.util.module_from_spec(spec)
    sys.modules[own] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(own, None)
        raise
    return module


_ADVICE = "write one with input_stream(fd, size, url, params), into a folder disco/schemes/ beside your script"


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
