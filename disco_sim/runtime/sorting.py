"""Pairs in the order of their keys, for `sort=True`: in memory as long as they fit there, else as sorted files.

Keys of one plain type are grouped first, and only the distinct ones are sorted. The order is that of a stable sort.
What is done with the pairs is not known here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import chain, islice, repeat
from operator import itemgetter
from types import NoneType
from typing import Any

from disco_sim.error import SortError
from disco_sim.model.columns import Columns, codes_of
from disco_sim.model.work import Memory, TaskWork
from disco_sim.pairfiles import PairWriter, load_block
from disco_sim.runtime.buffers import KEY_BYTES, MANY_PAIRS, OBJECT_BYTES, value_bytes
from disco_sim.runtime.pairs import Pair, is_plain
from disco_sim.runtime.sandbox import shown

Group = tuple[Any, list[Any]]
"""A key, and values that belong to it; the next group may have the same key."""


class Sorting:
    """Takes pairs, and gives them by key: str by code point, bytes bytewise, numbers and tuples naturally.

    Pairs with equal keys stay in the order in which they came. They are given once.
    """

    def __init__(self, work: TaskWork) -> None:
        self._memory = work.memory
        self._name = f"{work.stage}-{work.task}-sort"
        self._key_type: type | None = None
        self._groups: defaultdict[Any, list[Any]] = defaultdict(list)
        self._records: list[Any] = []
        self._held_bytes = 0
        self._on_disk: list[_SortedFile] = []
        self._error: SortError | None = None

    def add(self, batches: Iterable[Any]) -> None:
        """Take columns, lists and other iterables of pairs.

        Raises:
            SortError: If memory is short, and two keys cannot be compared; after all were taken, as if it were not.
            DataError: If memory is short, and the disk is full.
        """
        for batch in batches:
            if isinstance(batch, (list, Columns)):
                self._add(batch)
            else:
                records = iter(batch)
                while some := list(islice(records, MANY_PAIRS)):
                    self._add(some)
        if self._error is not None:
            raise self._error

    @property
    def has_whole_groups(self) -> bool:
        """Whether no two of its groups have the same key."""
        return not self._on_disk

    def groups(self) -> Iterator[Group] | None:
        """All pairs by key, if their keys are of one plain type; None if not, then `batches` has them.

        Raises:
            DataError: While reading, if what was on disk is gone.
        """
        if self._records or any(not file.is_grouped for file in self._on_disk):
            return None
        ordered = _ordered(self._groups)
        if not self._on_disk:
            return ordered
        return merge(*(file.groups() for file in self._on_disk), ordered, key=itemgetter(0))

    def batches(self) -> Iterator[list[Any] | Columns]:
        """All pairs, some at a time.

        Raises:
            SortError: If two keys cannot be compared, naming both.
            DataError: While reading, if what was on disk is gone.
        """
        groups = self.groups()
        if groups is not None:
            return _columns_of(groups)
        self._ungroup()
        if not self._on_disk:
            return iter((sort_pairs(self._records),))
        merged = merge_pairs([*(file.records() for file in self._on_disk), sort_pairs(self._records)])
        checked = _in_order(merged)
        return iter(lambda: list(islice(checked, MANY_PAIRS)), [])

    def _add(self, batch: list[Any] | Columns) -> None:
        columns = batch if isinstance(batch, Columns) else _as_columns(batch)
        if columns is not None and columns.key_type is not None and self._takes(columns.key_type):
            n_keys = len(self._groups)
            groups = self._groups
            lists = [groups[key] for key in columns.table]
            for code, value in zip(columns.codes, columns.values, strict=True):
                lists[code].append(value)
            self._held_bytes += (len(groups) - n_keys) * KEY_BYTES
            self._held_bytes += columns.n_records * (8 + value_bytes(columns.values))
        elif len(batch) if isinstance(batch, list) else batch.n_records:
            self._ungroup()
            records = batch if isinstance(batch, list) else list(batch.pairs())
            self._records += records
            self._held_bytes += len(records) * (OBJECT_BYTES + value_bytes(records))
        if self._memory is None or self._held_bytes <= self._memory.buffer_bytes:
            return
        try:
            if self._error is None:
                self._to_disk(self._memory)
        except SortError as error:
            self._error = error
        self._groups.clear()
        self._records.clear()
        self._held_bytes = 0

    def _takes(self, key_type: type) -> bool:
        """Whether a dict groups keys of this type together with those that are there."""
        if self._records or self._key_type not in (None, key_type):
            return False
        self._key_type = key_type
        return True

    def _ungroup(self) -> None:
        """From here on records are sorted one by one; where keys differ, the order in which they came is not needed."""
        self._records += _flat(self._groups.items())
        self._groups.clear()

    def _to_disk(self, memory: Memory) -> None:
        """Write what is there, sorted."""
        is_grouped = not self._records
        file = _SortedFile(PairWriter(memory.folder, self._name), is_grouped)
        if is_grouped:
            for block in _blocks(_ordered(self._groups)):
                file.write(block)
        else:
            ordered = sort_pairs(self._records)
            for start in range(0, len(ordered), MANY_PAIRS):
                file.write(ordered[start : start + MANY_PAIRS])
        self._on_disk.append(file)


class _SortedFile:
    """Sorted pairs in a file: blocks of groups, or of records."""

    def __init__(self, writer: PairWriter, is_grouped: bool) -> None:
        self.is_grouped = is_grouped
        self._writer = writer
        self._written: list[tuple[int, bool]] = []

    def write(self, block: Any) -> None:
        plain = all(map(is_plain, block[2] if self.is_grouped else block))
        self._written.append((self._writer.write_block(block, plain), plain))

    def groups(self) -> Iterator[Group]:
        for keys, counts, values in self._read():
            start = 0
            for key, count in zip(keys, counts, strict=True):
                yield key, values[start : start + count]
                start += count

    def records(self) -> Iterator[Any]:
        return _flat(self.groups()) if self.is_grouped else chain.from_iterable(self._read())

    def _read(self) -> Iterator[Any]:
        for offset, is_plain_block in self._written:
            yield load_block(self._writer.file, offset, is_plain_block)


def _as_columns(records: list[Any]) -> Columns | None:
    """Records as columns, if each is a pair."""
    if not all(type(record) is tuple and len(record) == 2 for record in records):
        return None
    return Columns.of(records)


def _ordered(groups: dict[Any, list[Any]]) -> Iterator[Group]:
    return zip(keys := sorted(groups), map(groups.__getitem__, keys), strict=True)


def _flat(groups: Iterable[Group]) -> Iterator[Pair]:
    return chain.from_iterable(zip(repeat(key), values) for key, values in groups)


def _blocks(groups: Iterable[Group]) -> Iterator[tuple[list[Any], list[int], list[Any]]]:
    """Groups with about as many values a block as are read at once: keys, how many values each has, and the values.

    Groups with more values than that are cut.
    """
    keys: list[Any] = []
    counts: list[int] = []
    values: list[Any] = []
    for key, group in groups:
        for start in range(0, len(group), MANY_PAIRS):
            part = group[start : start + MANY_PAIRS] if len(group) > MANY_PAIRS else group
            keys.append(key)
            counts.append(len(part))
            values += part
            if len(values) >= MANY_PAIRS:
                yield keys, counts, values
                keys, counts, values = [], [], []
    if keys:
        yield keys, counts, values


def _columns_of(groups: Iterable[Group]) -> Iterator[Columns]:
    for keys, counts, values in _blocks(groups):
        yield Columns(keys, codes_of(chain.from_iterable(map(repeat, range(len(keys)), counts))), values)


def sort_pairs(pairs: list[Pair]) -> list[Pair]:
    """The pairs by key, one by one; for keys of any kind.

    Raises:
        SortError: If two keys cannot be compared, naming both.
    """
    try:
        ordered = sorted(pairs, key=itemgetter(0))
    except TypeError:
        ordered = sorted(pairs, key=_Key)
    if not _ORDERED.issuperset(map(type, map(itemgetter(0), pairs))):
        return list(_in_order(ordered))
    return ordered


_ORDERED = frozenset({str, bytes, int, bool, NoneType})
"""Types any two values of which have an order, so that what was sorted by them is in order."""


def _in_order(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """The same pairs, each checked against the one before: nan and sets can be compared, but sorting groups nothing.

    Raises:
        SortError: If neighbours are not in order.
    """
    before: Any = _NOTHING
    for pair in pairs:
        key, other = before, pair[0]
        is_same = before is _NOTHING or key == other or (key is None and other is None)
        if not is_same and (other < key or not key < other):
            raise SortError(
                f"keys {shown(key)} ({type(key).__name__}) and {shown(other)} ({type(other).__name__}) of one "
                "partition have no order: neither comes first, nor are they equal, as with nan or sets; emit keys that "
                "can be sorted, such as text, or leave sort out",
                keys=(key, other),
            )
        before = other
        yield pair


_NOTHING = object()


def merge_pairs(sources: Sequence[Iterable[Pair]]) -> Iterator[Pair]:
    """The pairs of several sources, each sorted by key, as one sorted sequence; nothing is kept.

    Raises:
        SortError: If two keys cannot be compared, naming both.
    """
    return merge(*sources, key=_Key)


class _Key:
    """A pair's key in a comparison; None is equal to itself, and what cannot be compared is told."""

    __slots__ = ("key",)

    def __init__(self, pair: Pair) -> None:
        self.key = pair[0]

    def __eq__(self, other: object) -> bool:
        # A merge asks it first, and lets the earlier source go first among equals.
        return isinstance(other, _Key) and bool(self.key == other.key)

    def __lt__(self, other: _Key) -> bool:
        mine, others = self.key, other.key
        try:
            return bool(mine < others)
        except TypeError:
            if mine is None and others is None:
                return False
            raise SortError(
                f"keys {shown(mine)} ({type(mine).__name__}) and {shown(others)} ({type(others).__name__}) of one "
                "partition cannot be sorted; sort needs keys of one kind: emit all keys as text, or leave sort out",
                keys=(mine, others),
            ) from None
