"""The outputs of a run as pairs: kept in memory as columns, and written to disk when they are too many.

Knows the limits that a run was given; whose share of the memory they are is the business of `cluster`.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, TypeVar

from disco_sim.error import DiscoError
from disco_sim.model.columns import Batch, Columns, codes_of, type_of_keys
from disco_sim.model.work import Blob, TaskWork
from disco_sim.pairfiles import PairWriter
from disco_sim.runtime.context import shown
from disco_sim.runtime.pairs import PLAIN, Pair, Sample, is_plain, size_of

_MOST_REMEMBERED = 1 << 18
"""How many keys are remembered: all of a language, and not so many that keys which never come again fill the memory."""

# What Python needs beside the data themselves, by order of magnitude: for the code of a key and the reference to a
# value, for an object, for a key that is remembered or grouped.
_PAIR_BYTES = 12
OBJECT_BYTES = 48
KEY_BYTES = 200

_SAMPLED_VALUES = 64

MANY_PAIRS = 1 << 16
"""After how many pairs it is time to look at the memory."""

Found = TypeVar("Found")

Adders = tuple[int, Callable[[int], None], Callable[[Any], None]]


class Room:
    """The memory that the pairs of one run take, and the file that they are written to when it is not enough."""

    def __init__(self, work: TaskWork) -> None:
        self._memory = work.memory
        self._writer: PairWriter | None = None
        self._name = f"{work.stage}-{work.task}"
        self._buffers: list[PairBuffer] = []
        self._remembered: list[Remembered[Any]] = []

    def buffer(self) -> PairBuffer:
        """A new output that is kept here."""
        buffer = PairBuffer()
        self._buffers.append(buffer)
        return buffer

    def remembered(self, find: Callable[[Any], Found]) -> Remembered[Found]:
        """Remembers what `find` gives for a key; it goes when the keys are written to disk."""
        remembered = Remembered(find)
        self._remembered.append(remembered)
        return remembered

    def look(self) -> None:
        """Write all pairs to disk if they take more memory than a run may.

        Raises:
            DataError: If they cannot be written.
        """
        memory = self._memory
        if memory is not None and self._held_bytes > memory.buffer_bytes:
            self._spill(self._buffers)

    def settle(self) -> None:
        """Nothing more is written: what may not stay in memory goes to disk, and what another process reads to a file.

        Raises:
            DataError: If it cannot be written.
        """
        memory = self._memory
        if memory is None:
            return
        held_bytes = self._held_bytes
        is_full = held_bytes > memory.kept_bytes
        self._spill([buffer for buffer in self._buffers if is_full or buffer.is_split])
        if memory.sent_bytes is not None and held_bytes > memory.sent_bytes:
            self._spill([buffer for buffer in self._buffers if buffer.is_plain], is_spilled=False)

    def close(self) -> None:
        """Nothing is looked up any more; what was remembered may refer to the outputs, and those to this room."""
        self._remembered.clear()

    @property
    def _held_bytes(self) -> int:
        return sum([buffer.measured() for buffer in self._buffers])

    def _spill(self, buffers: list[PairBuffer], is_spilled: bool = True) -> None:
        for buffer in buffers:
            if self._writer is None:
                assert self._memory is not None
                self._writer = PairWriter(self._memory.folder, self._name)
            buffer.spill(self._writer, is_spilled)
        for remembered in self._remembered:
            remembered.clear()


class Remembered(dict[Any, Found]):
    """What was found for each of the keys that came last; `find` is called for a key that is not among them."""

    def __init__(self, find: Callable[[Any], Found]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, key: Any) -> Found:
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        found = self[key] = self._find(key)
        return found


class PairBuffer:
    """The pairs of one output. What a user could still change is copied when it is added."""

    def __init__(self) -> None:
        self._table: list[Any] = []
        self._codes = codes_of()
        self._values: list[Any] = []
        self._add_code, self._add_value = self._codes.append, self._values.append
        self._batches: list[Batch] = []
        self._sample = Sample()
        self.is_plain = True
        self._key_bytes = 0
        self._n_own_keys = 0
        self.held_bytes = 0
        self._key_types: set[type] = set()

    def add(self, key: Any, value: Any) -> None:
        """Add a pair, as it is now."""
        if not ((type(key) in PLAIN and type(value) in PLAIN) or (is_plain(key) and is_plain(value))):
            key, value = _copied(key, value)
            self.is_plain = False
        self._n_own_keys += 1
        self._add_code(len(self._table))
        self._table.append(key)
        self._add_value(value)

    def adders(self, key: Any) -> Adders:
        """What adds pairs of plain values with this key: its code, and the `append` of both columns.

        One key stands for all that are equal to it, which takes less memory, and less time when they are grouped. It
        holds until the next `spill`.
        """
        self._key_types.add(type(key))
        self._key_bytes += KEY_BYTES + (8 if type(key) is int else len(key))
        self._table.append(key)
        return len(self._table) - 1, self._add_code, self._add_value

    def measured(self) -> int:
        """An estimate of the memory that its pairs take now, which stays in `held_bytes`."""
        n = len(self._values)
        own_keys = self._n_own_keys * value_bytes(self._table) if self._n_own_keys else 0
        self.held_bytes = self._key_bytes + own_keys + n * (_PAIR_BYTES + value_bytes(self._values)) if n else 0
        return self.held_bytes

    @property
    def is_split(self) -> bool:
        """Whether a part of it is on disk, and the rest cannot be kept in memory beside that."""
        return bool(self._batches) and not self.is_plain

    def spill(self, writer: PairWriter, is_spilled: bool = True) -> None:
        """Write what it has to disk, and go on without it."""
        if self._values:
            self._batches.append(writer.write(self._columns(), self.is_plain, is_spilled))
            self.is_plain = True
            self._key_bytes = self._n_own_keys = 0
            self._table.clear()
            self._key_types.clear()
            self._values.clear()
            del self._codes[:]

    def blob(self) -> Blob:
        """All pairs, to be stored, after its room was settled."""
        if self.is_plain:
            if self._values or not self._batches:
                self._batches.append(self._columns())
            n_records = sum(batch.n_records for batch in self._batches)
            return Blob("columns", tuple(self._batches), n_records, self._sample.n_bytes)
        pairs = list(self._columns().pairs())
        return Blob("pickled", pickle.dumps(pairs, pickle.HIGHEST_PROTOCOL), len(pairs), self._sample.n_bytes)

    def _columns(self) -> Columns:
        key_type: type | None = None
        if self._n_own_keys:
            key_type = type_of_keys(self._table)
        elif len(self._key_types) == 1:
            (key_type,) = self._key_types
        columns = Columns(self._table, self._codes, self._values, key_type, self.held_bytes)
        self._sample.add(columns)
        return columns


def value_bytes(values: list[Any]) -> int:
    """An estimate of the memory of a value, from some of many; those of which Python has but one take none."""
    step = max(1, len(values) // _SAMPLED_VALUES)
    sample = [0 if _is_single(value) else size_of(value) + OBJECT_BYTES for value in values[::step]]
    return sum(sample) // len(sample) if sample else 0


def _is_single(value: Any) -> bool:
    return value is None or type(value) is bool or (type(value) is int and -5 <= value <= 256)


def _copied(key: Any, value: Any) -> Pair:
    try:
        pair: Pair = pickle.loads(pickle.dumps((key, value), pickle.HIGHEST_PROTOCOL))
    except Exception as error:
        raise DiscoError(
            f"the pair ({shown(key)}, {shown(value)}) cannot be stored: {error}; keys and values travel by pickle: "
            "emit plain data (text, numbers, tuples, lists, dicts) instead of generators, files or lambdas"
        ) from error
    return pair
