"""The log of events: the only history, kept as columns so that millions of events fit in memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, get_type_hints, overload

from disco_sim.model.events import Event

_ARRAYS = {float: "d", int: "q"}


class _Table:
    """The columns of one kind of event, one row per event."""

    def __init__(self, kind: type[Any]) -> None:
        self.kind = kind
        hints = get_type_hints(kind)
        self.columns: list[Any] = [
            array(_ARRAYS[hints[name]]) if hints[name] in _ARRAYS else [] for name in kind._fields
        ]
        self.has_job = "job" in kind._fields

    def append(self, event: Any) -> int:
        n_rows = len(self.columns[0])
        try:
            for column, value in zip(self.columns, event, strict=True):
                column.append(value)
        except BaseException:
            for column in self.columns:
                del column[n_rows:]  # half a row would shift all that follow
            raise
        return n_rows

    def row(self, index: int) -> Any:
        return self.kind._make([column[index] for column in self.columns])


class Log(Sequence[Event]):
    """Events in the order they happened: a sequence that only grows.

    `log[i]` is the i-th event, `log.of(job)` those of one job. Numbers are kept as arrays, text by
    reference, so names that events share cost a pointer each.
    """

    def __init__(self) -> None:
        self._tables: list[_Table] = []
        self._codes: dict[type[Any], int] = {}
        self._kinds = array("B")
        self._rows = array("L")
        self._jobs: dict[str, array[int]] = {}

    def append(self, event: Event) -> None:
        """Add what just happened."""
        kind = type(event)
        code = self._codes.get(kind)
        if code is None:
            code = self._codes[kind] = len(self._tables)
            self._tables.append(_Table(kind))
        table = self._tables[code]
        row = table.append(event)
        if table.has_job:
            job: str = event.job  # type: ignore[union-attr]
            positions = self._jobs.get(job)
            if positions is None:
                positions = self._jobs[job] = array("L")
            positions.append(len(self._kinds))
        self._kinds.append(code)
        self._rows.append(row)

    def __len__(self) -> int:
        return len(self._kinds)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        event: Event = self._tables[self._kinds[index]].row(self._rows[index])
        return event

    def __iter__(self) -> Iterator[Event]:
        for code, row in zip(self._kinds, self._rows, strict=True):
            yield self._tables[code].row(row)

    def of(self, job: str, start: int = 0) -> Iterator[Event]:
        """The events of one job, in order, from its `start`-th on."""
        positions = self._jobs.get(job, ())
        for index in range(start, len(positions)):
            yield self[positions[index]]

    def n_events(self, job: str) -> int:
        """How many events concern `job`."""
        return len(self._jobs.get(job, ()))

    @property
    def jobs(self) -> tuple[str, ...]:
        """The names of all jobs, in the order of their first event."""
        return tuple(self._jobs)

    def until(self, time_s: float) -> int:
        """How many events happened before virtual time `time_s`; the log is ordered by time."""
        return bisect_left(range(len(self)), time_s, key=lambda index: self[index].time_s)
