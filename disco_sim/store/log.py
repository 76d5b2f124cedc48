"""The log of events: the only history, kept as columns so that millions of events fit in memory."""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import count, repeat
from typing import Any, get_type_hints, overload

from disco_sim.model.events import Event

_FORMATS = {float: "d", int: "q"}

_MANY = 512
"""So many events become columns, or are made of columns, at once: the cost of a step is shared by many, and the
collector of garbage, which wakes up after 700 new objects, finds them gone."""

_FEW = 16
"""So many events are sooner read one by one; all reading begins so, for often nobody wants more than the first."""


class _Table:
    """The columns of one kind of event, one row per event."""

    def __init__(self, kind: type[Any]) -> None:
        self.kind = kind
        hints = get_type_hints(kind)
        self.columns: list[Any] = [
            array(_FORMATS[hints[name]]) if hints[name] in _FORMATS else [] for name in kind._fields
        ]

    def write(self, first: int, events: list[Any]) -> None:
        """Let the rows from `first` on be `events`."""
        for number, values in enumerate(zip(*events, strict=True)):
            column = self.columns[number]
            del column[first:]
            self.columns[number] = _longer(column, values)

    def row(self, index: int) -> Any:
        """The event of one row."""
        return tuple.__new__(self.kind, [column[index] for column in self.columns])

    def rows(self, indexes: list[int]) -> Iterator[Any]:
        """The events of rows that go up."""
        first, last = indexes[0], indexes[-1]
        if last - first == len(indexes) - 1:
            columns = [column[first : last + 1] for column in self.columns]
        else:
            columns = [map(column.__getitem__, indexes) for column in self.columns]
        return map(tuple.__new__, repeat(self.kind), zip(*columns, strict=True))


@cache
def _numbers(how_many: int, typecode: str) -> struct.Struct:
    return struct.Struct(f"{how_many}{typecode}")


def _longer(column: Any, values: tuple[Any, ...]) -> Any:
    """The column with `values` behind it: the same, or a list if an array would not give back what is put in."""
    if isinstance(column, array):
        numbers = _numbers(len(values), column.typecode)
        try:
            packed = numbers.pack(*values)
            # No integer is changed by its array, but a Fraction, say, or a large integer would become another float.
            if column.typecode == "q" or numbers.unpack(packed) == values:
                column.frombytes(packed)
                return column
        except (struct.error, OverflowError, TypeError):
            pass
        column = column.tolist()
    column.extend(values)
    return column


class Log(Sequence[Event]):
    """Events in the order they happened: a sequence that only grows.

    `log[i]` is the i-th event, `log.of(job)` those of one job. Numbers are kept as arrays, text by
    reference, so names that events share cost a pointer each. While one thread appends, others may read.
    """

    def __init__(self) -> None:
        self._tables: list[_Table] = []
        self._codes: dict[type[Any], int] = {}
        self._kinds = bytearray()
        self._rows = array("I")
        # How many events are columns, how many of each kind, and the newest events, which are none yet. Whatever
        # stands in columns beyond that is not there: so all three change together, when columns are written.
        self._state: tuple[int, list[int], list[Event]] = (0, [], [])
        self._jobs: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))

    def append(self, event: Event) -> None:
        """Add what just happened."""
        n_written, _, newest = self._state
        n_newest = len(newest)
        newest.append(event)
        job = getattr(event, "job", None)
        if job is not None:
            self._jobs[job].append(n_written + n_newest)
        if n_newest + 1 >= _MANY:
            self._write()

    def _write(self) -> None:
        """Make columns of the newest events."""
        n_written, n_rows, newest = self._state
        by_kind: defaultdict[type[Any], list[Event]] = defaultdict(list)
        for event in newest:
            by_kind[type(event)].append(event)
        n_rows = [*n_rows]
        for kind in by_kind:
            if kind not in self._codes:
                self._tables.append(_Table(kind))
                self._codes[kind] = len(self._tables) - 1
        n_rows += [0] * (len(self._tables) - len(n_rows))
        kinds = bytes(map(self._codes.__getitem__, map(type, newest)))
        counts = [count(rows) for rows in n_rows]
        self._kinds[n_written:] = kinds
        self._rows[n_written:] = array("I", map(next, map(counts.__getitem__, kinds)))
        for kind, events in by_kind.items():
            code = self._codes[kind]
            self._tables[code].write(n_rows[code], events)
            n_rows[code] += len(events)
        self._state = (n_written + len(newest), n_rows, [])

    def __len__(self) -> int:
        n_written, _, newest = self._state
        return n_written + len(newest)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        n_written, _, newest = self._state
        n_events = n_written + len(newest)
        if isinstance(index, slice):
            positions = range(*index.indices(n_events))
            return list(self._read(positions)) if positions.step == 1 else [self[position] for position in positions]
        if index < 0:
            index += n_events
        if not 0 <= index < n_events:
            raise IndexError(f"there is no such event in a log of {n_events}")
        if index >= n_written:
            return newest[index - n_written]
        event: Event = self._tables[self._kinds[index]].row(self._rows[index])
        return event

    def __iter__(self) -> Iterator[Event]:
        n_read = 0
        while n_read < (n_events := len(self)):
            yield from self._read(range(n_read, n_events))
            n_read = n_events

    def since(self, start: int) -> Sequence[Event]:
        """The events from the `start`-th on, quickly if they are among the newest."""
        n_written, _, newest = self._state
        return newest[start - n_written :] if start >= n_written else self[start:]

    def of(self, job: str, start: int = 0) -> Iterator[Event]:
        """The events of one job, in order, from its `start`-th on."""
        return self._read(self._jobs.get(job, ()), start)

    def n_events(self, job: str) -> int:
        """How many events concern `job`."""
        return len(self._jobs.get(job, ()))

    @property
    def jobs(self) -> tuple[str, ...]:
        """The names of all jobs, in the order of their first event."""
        return tuple(self._jobs)

    def _read(self, positions: Sequence[int], start: int = 0) -> Iterator[Event]:
        """The events at `positions`, which go up, from the `start`-th of them on."""
        stop, size = len(positions), _FEW
        while start < stop:
            chunk = positions[start : min(start + size, stop)]
            if len(chunk) <= _FEW:
                for position in chunk:
                    yield self[position]
            else:
                n_written, _, newest = self._state
                n_in_columns = bisect_left(chunk, n_written)
                if n_in_columns:
                    yield from self._made(chunk[:n_in_columns])
                for position in chunk[n_in_columns:]:
                    yield newest[position - n_written]
            start += size
            size = _MANY

    def _made(self, positions: Sequence[int]) -> Iterator[Event]:
        """The events at positions that stand in columns, made kind by kind and handed out in order."""
        kinds = bytes(map(self._kinds.__getitem__, positions))
        by_kind: dict[int, list[int]] = {kind: [] for kind in set(kinds)}
        for kind, row in zip(kinds, map(self._rows.__getitem__, positions), strict=True):
            by_kind[kind].append(row)
        makers = {kind: self._tables[kind].rows(rows) for kind, rows in by_kind.items()}
        return map(next, map(makers.__getitem__, kinds))
