"""Columns packed into bytes that a page can read: small to send, quick to unpack, the same for the same values.

The bytes are one deflated block: the length of a header (4 bytes, little end first), the header as JSON, and behind it
the columns, each from a multiple of 8 bytes on. The header has the facts, and the kind, place and count of each column.
`static/columns.js` unpacks it.
"""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from math import isfinite, nan
from typing import Any

from disco_sim.tables import plain

_TYPECODES = {"u1": "B", "i4": "i", "f8": "d"}
_LARGEST = 2**31 - 1
_EXACT = 2**53 - 1
_LEVEL = 6
_GRAIN = 1_000_000
"""Times are sent in whole microseconds: nothing that is shown is finer, and small numbers pack well."""


class Packing:
    """Columns under names, and facts (anything that JSON can hold), to be packed.

    >>> packing = Packing({"job": "count"})
    >>> packing.integers("task", [0, 1])
    >>> packing.words("host", ["node01", "node01"])
    >>> len(packing.packed()) < 200
    True
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._header: dict[str, Any] = {"facts": dict(facts), "columns": {}}
        self._body: list[bytes] = []
        self._size = 0

    def integers(self, name: str, values: Iterable[int | None]) -> None:
        """A column of whole numbers; None becomes -1. Where one is beyond 2**31, all are sent as floats."""
        numbers = [-1 if value is None else value for value in values]
        largest, least = max(numbers, default=0), min(numbers, default=0)
        is_long = largest > _LARGEST or least < -_LARGEST
        self._add(name, "f8" if is_long else "u1" if largest < 256 and least >= 0 else "i4", numbers)

    def labels(self, name: str, values: Iterable[int | str]) -> None:
        """A column of labels as `exact` gives them; one that is a text makes it a column of texts, with numbers in it.

        For the page a label is then the same thing in every column and in the facts.
        """
        labels = list(values)
        numbers = [label for label in labels if isinstance(label, int)]
        if len(numbers) == len(labels):
            self.integers(name, numbers)
        else:
            content = json.dumps(labels, separators=(",", ":")).encode()
            self._put(name, "text", content, len(content))

    def times(self, name: str, values_s: Iterable[float]) -> None:
        """A column of times, best in order: each is sent as its difference to the one before."""
        grains = [_grains(value_s) for value_s in values_s]
        steps = [after - before for before, after in zip(chain((0,), grains), grains, strict=False)]
        if all(-_LARGEST <= step <= _LARGEST for step in steps):
            self._add(name, "i4", steps, "time")
        else:
            self._add(name, "f8", [grain / _GRAIN for grain in grains])

    def spans(self, name: str, values_s: Iterable[float | None]) -> None:
        """A column of durations from 0 on, in seconds; None is sent as -1, and is NaN for the page."""
        grains = [-1 if value_s is None or not isfinite(value_s) else _grains(value_s) for value_s in values_s]
        if max(grains, default=0) <= _LARGEST:
            self._add(name, "i4", grains, "span")
        else:
            self._add(name, "f8", [nan if grain < 0 else grain / _GRAIN for grain in grains])

    def words(self, name: str, values: Iterable[str]) -> None:
        """A column of texts that come again and again: each is sent once, in the order of their first use."""
        codes: dict[str, int] = {}
        numbers = [codes.setdefault(value, len(codes)) for value in values]
        self.integers(name, numbers)
        self._header["columns"][name].append([plain(word) for word in codes])

    def texts(self, name: str, values: Sequence[str]) -> None:
        """A column of texts that differ."""
        content = json.dumps([plain(value) for value in values], ensure_ascii=False, separators=(",", ":")).encode()
        self._put(name, "text", content, len(content))

    def packed(self) -> bytes:
        """Everything as bytes."""
        header = json.dumps(self._header, ensure_ascii=False, separators=(",", ":")).encode()
        header += b" " * (-(len(header) + 4) % 8)
        return zlib.compress(b"".join([len(header).to_bytes(4, "little"), header, *self._body]), _LEVEL)

    def _add(self, name: str, kind: str, numbers: list[Any], meaning: str = "") -> None:
        column: array[Any] = array(_TYPECODES[kind], numbers)
        if sys.byteorder == "big":
            column.byteswap()
        self._put(name, kind, column.tobytes(), len(numbers), meaning)

    def _put(self, name: str, kind: str, content: bytes, count: int, meaning: str = "") -> None:
        self._header["columns"][name] = [kind, self._size, count, meaning]
        self._body.append(content + bytes(-len(content) % 8))
        self._size += len(self._body[-1])


def exact(number: int) -> int | str:
    """A whole number as a page can tell it from any other: as text, where JavaScript would round it.

    >>> exact(-5), exact(10**16)
    (-5, '10000000000000000')
    """
    return number if -_EXACT <= number <= _EXACT else str(number)


def _grains(value_s: float) -> int:
    return round(value_s * _GRAIN)
