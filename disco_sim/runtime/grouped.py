"""What a reduce function iterates over when its pairs are sorted: pairs one by one, or by key for `kvgroup`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain, groupby, islice, repeat
from operator import itemgetter, length_hint
from typing import Any

from disco_sim.runtime.buffers import MANY_PAIRS
from disco_sim.runtime.context import TaskContext

Part = tuple[Any, list[Any]]
"""A key, and some of its values."""


class Grouped:
    """An iterator over pairs that knows which of them have the same key.

    `parts` come by key, none of them empty; where they are no whole groups, neighbours may have the same key. `say` and
    `look` are called as `counted` calls them.
    """

    def __init__(
        self,
        parts: Iterable[Part],
        are_whole: bool,
        context: TaskContext,
        say: Callable[[int], None],
        interval: int,
        look: Callable[[], None],
    ) -> None:
        # The part at hand: its key, its values, and those of them that were not taken yet.
        self._key: Any = None
        self._values: list[Any] = []
        self._left: Iterator[Any] = iter(())
        self._n_reached = 0  # records up to the end of the part at hand
        self._are_whole = are_whole
        self._is_begun = False
        self._parts = self._counted(parts, say, interval, look)
        self._pairs = self._flat()
        context.follow(self)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        self._is_begun = True
        return self._pairs

    def __next__(self) -> tuple[Any, Any]:
        self._is_begun = True
        return next(self._pairs)

    @property
    def n_taken(self) -> int:
        """How many pairs were taken."""
        return self._n_reached - length_hint(self._left)

    @property
    def record(self) -> tuple[Any, Any] | None:
        """The pair that was taken last; None before the first."""
        number = len(self._values) - length_hint(self._left) - 1
        return (self._key, self._values[number]) if number >= 0 else None

    def kvgroups(self) -> Iterator[tuple[Any, Iterator[Any]]] | None:
        """What `kvgroup` gives: each key with an iterator over its values, which ends when the next key is asked for.

        None once pairs or groups were taken: what is left may begin within a group.
        """
        if self._is_begun:
            return None
        self._is_begun = True
        if self._are_whole:
            return self._parts
        return (
            (key, chain.from_iterable(map(itemgetter(1), parts))) for key, parts in groupby(self._parts, itemgetter(0))
        )

    def close(self) -> None:
        """Read no further."""
        self._pairs.close()
        self._parts.close()

    def _flat(self) -> Generator[tuple[Any, Any], None, None]:
        yield from zip(repeat(self._key), self._left)  # what is left of the part at hand
        for key, values in self._parts:
            yield from zip(repeat(key), values)

    def _counted(
        self, parts: Iterable[Part], say: Callable[[int], None], interval: int, look: Callable[[], None]
    ) -> Generator[tuple[Any, Iterator[Any]], None, None]:
        look_at = MANY_PAIRS
        for self._key, self._values in parts:
            self._n_reached += len(self._values)
            self._left = left = iter(self._values)
            # The first value is taken with the key, as it is where keys have to be compared.
            first = iter((next(left),))
            values: Iterator[Any] = chain(first, left)
            n_before = self._n_reached - len(self._values)
            if interval and self._n_reached // interval > n_before // interval:
                values = chain.from_iterable(_told(values, n_before, self._n_reached, say, interval))
            yield self._key, values
            deque(values, maxlen=0)  # what was not asked for of a key is read over
            if self._n_reached >= look_at:
                look()
                look_at = self._n_reached + MANY_PAIRS


def _told(
    values: Iterator[Any], start: int, end: int, say: Callable[[int], None], interval: int
) -> Iterator[Iterator[Any]]:
    """The values from the `start`-th record to the `end`-th in steps, so that it can be told between two of them."""
    while start < end:
        step = min(interval - start % interval, end - start)
        yield islice(values, step)
        start += step
        if start % interval == 0:
            say(start)
