"""Disco 0.3's `disco.func`: every ready-made job function, and for each kind of job function a stub that does nothing.

A star import leaves the stubs out, for they would hide Python's own `map` and `reduce`.
"""

from __future__ import annotations

import pickle as cPickle
import re
from collections.abc import Iterator
from typing import Any

from disco_sim import func
from disco_sim.func import *  # noqa: F403

__all__ = [*func.__all__, "InputStream", "OutputStream", "cPickle", "init", "re"]


class InputStream:
    """What the last input stream function has to give: something that is iterated over, and perhaps read."""

    def __iter__(self) -> Iterator[Any]:
        """The entries."""
        return iter(())

    def read(self, n: int | None = None) -> bytes:
        """The next `n` bytes, all that are left by default."""
        return b""


class OutputStream:
    """What the last output stream function has to give: something that pairs are added to."""

    def add(self, key: Any, value: Any) -> None:
        """Write a pair."""

    def write(self, data: Any) -> None:
        """Write data as they are."""

    def close(self) -> None:
        """Nothing more will be written."""


def map(entry: Any, params: Any) -> None:
    """A map function: gives any number of pairs for an entry. This one, being a stub, does nothing."""


def reduce(input_stream: Any, output_stream: Any, params: Any) -> None:
    """A reduce function: reads pairs and adds pairs to the output. This one, being a stub, does nothing."""


def combiner(key: Any, value: Any, buffer: dict[Any, Any], done: Any, params: Any) -> None:
    """A combiner: keeps what it wants of pairs in `buffer`, gives pairs at any time. This one does nothing."""


def partition(key: Any, nr_partitions: int, params: Any) -> None:
    """A partition function: the number of a key's partition. This one, being a stub, does nothing."""


def init(input_iter: Any, params: Any) -> None:
    """A map_init or reduce_init: called once, before the first entry. This one, being a stub, does nothing."""


def input_stream(stream: Any, size: int | None, url: str, params: Any) -> tuple[Any, int | None, str]:
    """An input stream function: gives a stream, or (stream, size, url). This one gives what it got."""
    return stream, size, url


def output_stream(stream: Any, partition: int, url: str, params: Any) -> tuple[Any, str]:
    """An output stream function: gives a stream, or (stream, url). This one gives what it got."""
    return stream, url
