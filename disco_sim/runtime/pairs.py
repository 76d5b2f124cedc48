"""Pairs as job functions give them: what counts as one, which are plain data, and how many bytes they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain
from types import NoneType
from typing import Any

from disco_sim.model.columns import Columns

PLAIN = frozenset({str, bytes, int, float, bool, NoneType})
"""Types whose values nobody can change, so that they can be kept without a copy."""

Pair = tuple[Any, Any]

_SAMPLE = 256


def is_plain(value: Any) -> bool:
    """Whether a value is, all the way down, of types that cannot be changed."""
    kind = type(value)
    return kind in PLAIN or (kind is tuple and (PLAIN.issuperset(map(type, value)) or all(map(is_plain, value))))


def size_of(value: Any, counted: set[int] | None = None) -> int:
    """The bytes of a value by one rule that is the same on every Python: an estimate for views and costs.

    The length of UTF-8 text or of bytes, 8 for numbers and None, the sum of the items plus 8 for
    tuples, lists, sets and dicts, 64 for anything else. A list, set or dict that is in a value more than
    once, or in itself, counts once: `counted` are the ids of those that were met.
    """
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, (int, float, NoneType)):
        return 8
    if not isinstance(value, (tuple, list, set, frozenset, dict)):
        return 64
    counted = set() if counted is None else counted
    if isinstance(value, (list, set, dict)):
        if id(value) in counted:
            return 0
        counted.add(id(value))
    parts = chain.from_iterable(value.items()) if isinstance(value, dict) else value
    return 8 + sum(size_of(part, counted) for part in parts)


class Sample:
    """The sizes of records spread evenly over many, from which follows the size of all.

    Which ones it looks at depends only on how many there are: all of up to 256, else every second, every fourth and
    so on, so that they can come piece by piece.
    """

    def __init__(self) -> None:
        self._sizes: list[int] = []
        self._stride = 1
        self._n = 0

    def add(self, records: Sequence[Any] | Columns) -> None:
        """These come next."""
        n = records.n_records if isinstance(records, Columns) else len(records)
        n_all = self._n + n
        while n_all > _SAMPLE * self._stride:
            self._stride *= 2
            del self._sizes[1::2]
        for number in range(-self._n % self._stride, n, self._stride):
            if isinstance(records, Columns):
                self._sizes.append(size_of(records.table[records.codes[number]]) + size_of(records.values[number]))
            else:
                self._sizes.append(_size_of_record(records[number]))
        self._n = n_all

    @property
    def n_bytes(self) -> int:
        """The estimated bytes of all that came."""
        return round(sum(self._sizes) * self._n / len(self._sizes)) if self._sizes else 0


def size_of_all(records: Sequence[Any]) -> int:
    """The estimated bytes of many records, from a sample of them."""
    sample = Sample()
    sample.add(records)
    return sample.n_bytes


def _size_of_record(record: Any) -> int:
    # A pair is framed by its storage; its two parts are what counts.
    return size_of(record[0]) + size_of(record[1]) if type(record) is tuple and len(record) == 2 else size_of(record)


def name_of(function: Any) -> str:
    """The name of a function as messages show it: that of the function inside a partial, or of the object's class."""
    while isinstance(function, partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def as_pair(item: Any) -> Pair | None:
    """What a job function gave, as a pair, None if it is none; text, bytes, sets and dicts of two things are none."""
    if type(item) is tuple and len(item) == 2:
        return item
    if isinstance(item, (str, bytes, bytearray, set, frozenset, dict)):
        return None
    try:
        key, value = item
    except (TypeError, ValueError):
        return None
    return key, value
