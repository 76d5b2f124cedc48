"""Pairs as columns: keys by number beside values, a fifth of the memory of as many tuples.

Knows not who made them, nor where they are kept.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

KEY_TYPES = frozenset({str, bytes, int})
"""Types within each of which equal keys are one and the same text, so that one of them can stand for all."""


class Columns(NamedTuple):
    """Pairs: the n-th has the key of `table` that the n-th of `codes` numbers, and the n-th of `values`.

    Nobody changes them. The table may hold a key more than once. `key_type` is the type of all keys if that is exactly
    str, exactly bytes or exactly int; None otherwise. `held_bytes` is an estimate of the memory that they take.
    """

    table: list[Any]
    codes: array[int]
    values: list[Any]
    key_type: type | None = None
    held_bytes: int = 0

    @classmethod
    def of(cls, pairs: Iterable[tuple[Any, Any]]) -> Columns:
        """The pairs as they are, each with a key of its own.

        >>> list(Columns.of([("a", 1), ("b", 2)]).pairs())
        [('a', 1), ('b', 2)]
        """
        table: list[Any] = []
        values: list[Any] = []
        for key, value in pairs:
            table.append(key)
            values.append(value)
        return cls(table, codes_of(range(len(table))), values, type_of_keys(table))

    @property
    def n_records(self) -> int:
        """How many pairs there are."""
        return len(self.values)

    @property
    def is_spilled(self) -> bool:
        """Whether they are on disk."""
        return False

    def load(self) -> Columns:
        """Themselves."""
        return self

    def keys(self) -> Iterator[Any]:
        """The key of every pair."""
        return map(self.table.__getitem__, self.codes)

    def pairs(self) -> Iterator[tuple[Any, Any]]:
        """The pairs as tuples."""
        return zip(self.keys(), self.values, strict=True)


def codes_of(numbers: Iterable[int] = ()) -> array[int]:
    """Numbers as a column of codes."""
    return array("I", numbers)


class Batch(Protocol):
    """Some pairs of a blob, in memory or not."""

    @property
    def n_records(self) -> int: ...
    @property
    def key_type(self) -> type | None: ...
    @property
    def held_bytes(self) -> int: ...
    @property
    def is_spilled(self) -> bool: ...

    def load(self) -> Columns:
        """The pairs; DataError when they cannot be had any more."""


def type_of_keys(keys: Iterable[Any]) -> type | None:
    """The type of all keys if that is exactly str, bytes or int.

    >>> type_of_keys(["a", "b"]), type_of_keys([1, True]), type_of_keys([])
    (<class 'str'>, None, None)
    """
    kinds = set(map(type, keys))
    return kinds.pop() if len(kinds) == 1 and kinds <= KEY_TYPES else None
