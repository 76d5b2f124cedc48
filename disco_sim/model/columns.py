"""Pairs as columns: a list of keys beside a list of values, half the memory of as many tuples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

KEY_TYPES = frozenset({str, bytes, int})
"""Types within each of which equal keys are one and the same text, so that one of them can stand for all."""


class Columns(NamedTuple):
    """Pairs, the n-th key with the n-th value; nobody changes the lists. Iterating over `pairs()` makes tuples.

    `key_type` is the type of all keys if that is exactly str, exactly bytes or exactly int; None otherwise.
    `held_bytes` is an estimate of the memory that they take.
    """

    keys: list[Any]
    values: list[Any]
    key_type: type | None = None
    held_bytes: int = 0

    @property
    def n_records(self) -> int:
        """How many pairs there are."""
        return len(self.keys)

    @property
    def is_spilled(self) -> bool:
        """Whether they are on disk."""
        return False

    def load(self) -> Columns:
        """Themselves."""
        return self

    def pairs(self) -> Iterator[tuple[Any, Any]]:
        """The pairs as tuples.

        >>> list(Columns(["a", "b"], [1, 2]).pairs())
        [('a', 1), ('b', 2)]
        """
        return zip(self.keys, self.values, strict=True)


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
