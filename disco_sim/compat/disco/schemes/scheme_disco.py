"""`disco://HOST/PATH`: what the nodes of a simulated cluster store."""

from __future__ import annotations

from typing import Any

from disco_sim.compat.disco.comm import stored_stream
from disco_sim.compat.disco.schemes import opened


def open(url: str, task: Any = None) -> Any:
    """A stream of the stored data, which has `read`; of pairs it gives, iterated over, the pairs.

    Raises:
        CommError: If that Disco is not open.
        DataError: If the data is not there.
    """
    return stored_stream(url)[0]


def input_stream(fd: Any, size: int | None, url: str, params: Any) -> tuple[Any, int | None, str]:
    """The stream, its size in bytes (None for pairs), and the URL."""
    return opened(fd, url, open)
