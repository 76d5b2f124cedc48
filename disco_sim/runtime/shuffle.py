"""Where pairs go: buffers by partition, snapshots of values that could change, sizes, and the sort before reduce."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from heapq import merge
from itertools import chain, pairwise
from operator import index, itemgetter
from types import NoneType
from typing import Any

from disco_sim.error import DiscoError, PartitionError, SortError
from disco_sim.model.work import Blob
from disco_sim.runtime.sandbox import shown

PLAIN = frozenset({str, bytes, int, float, bool, NoneType})
"""Types whose values nobody can change, so that they can be kept without a copy."""

Pair = tuple[Any, Any]

_SAMPLE = 256
_LABELS_END = 10**600  # Python may be told to write as text no number of more than 640 digits


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


def size_of_all(records: list[Any]) -> int:
    """The estimated bytes of many records, from all of up to 256, else from 256 that are spread evenly."""
    if len(records) <= _SAMPLE:
        return sum(map(_size_of_record, records))
    step = len(records) / _SAMPLE
    sample = [records[int(number * step)] for number in range(_SAMPLE)]
    return round(sum(map(_size_of_record, sample)) * len(records) / _SAMPLE)


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


class PairBuffer:
    """The pairs of one output. What a user could still change is copied when it is added."""

    def __init__(self) -> None:
        self.pairs: list[Pair] = []
        self.append = self.pairs.append
        self._is_plain = True

    def add(self, key: Any, value: Any) -> None:
        """Add a pair, as it is now."""
        if is_plain(key) and is_plain(value):
            self.append((key, value))
            return
        try:
            pair = pickle.loads(pickle.dumps((key, value), pickle.HIGHEST_PROTOCOL))
        except Exception as error:
            raise DiscoError(
                f"the pair ({shown(key)}, {shown(value)}) cannot be stored: {error}; keys and values travel by pickle: "
                "emit plain data (text, numbers, tuples, lists, dicts) instead of generators, files or lambdas"
            ) from error
        self.append(pair)
        self._is_plain = False

    def blob(self) -> Blob:
        """All pairs, to be stored."""
        n_bytes = size_of_all(self.pairs)
        if self._is_plain:
            return Blob("pairs", self.pairs, len(self.pairs), n_bytes)
        return Blob("pickled", pickle.dumps(self.pairs, pickle.HIGHEST_PROTOCOL), len(self.pairs), n_bytes)


class Buffers(dict[Any, PairBuffer]):
    """The buffer that each key goes to, remembered per key; only for keys that are plain all the way down.

    Equal keys of those have the same default partition, so one dict entry serves 1, 1.0 and True.
    """

    def __init__(self, buffers: Mapping[int, PairBuffer], place: Callable[[Any, Any], int]) -> None:
        super().__init__()
        self._buffers = buffers
        self._place = place

    def __missing__(self, key: Any) -> PairBuffer:
        buffer = self[key] = self._buffers[self._place(key, None)]
        return buffer


class Appends(dict[Any, Callable[[Pair], None]]):
    """The `append` of the buffer that each key goes to, for the innermost loop; keys as in Buffers."""

    def __init__(self, buffer_of: Buffers) -> None:
        super().__init__()
        self._buffer_of = buffer_of

    def __missing__(self, key: Any) -> Callable[[Pair], None]:
        append = self[key] = self._buffer_of[key].append
        return append


def checked_partition(partition: Callable[..., Any], n: int, params: Any) -> Callable[[Any, Any], int]:
    """A function (key, value) -> partition number that calls the user's `partition` once and checks what it says."""
    name = name_of(partition)

    def place(key: Any, value: Any) -> int:
        answer = partition(key, n, params)
        try:
            number = index(answer)
        except TypeError:
            number = -1
        if not 0 <= number < n:
            raise PartitionError(
                f"partition function {name!r} gave {shown(answer)} for the pair ({shown(key)}, {shown(value)}); "
                f"it must give a whole number from 0 to {n - 1}, for there are {n} partitions: use % nr_partitions",
                function=name,
                key=key,
                value=value,
                answer=answer,
            )
        return number

    return place


def any_partition(partition: Callable[..., Any], n: int, params: Any) -> Callable[[Any, Any], int]:
    """A function (key, value) -> label that calls the user's `partition` once; int() of what it says is the label.

    The function raises PartitionError where int() refuses what `partition` says, or the label would be enormous.
    """
    name = name_of(partition)

    def place(key: Any, value: Any) -> int:
        answer = partition(key, n, params)
        try:
            number = int(answer)
        except (TypeError, ValueError, OverflowError) as error:
            problem = str(error)
        else:
            if is_label(number):
                return number
            problem = "it is too large for a label"
        raise PartitionError(
            f"partition function {name!r} gave {shown(answer)} for key {shown(key)}; that is no label: {problem}; "
            "it must give what int() makes a whole number of, such as one from 0 to nr_partitions - 1",
            function=name,
            key=key,
            value=value,
            answer=answer,
        )

    return place


def is_label(number: int) -> bool:
    """Whether a whole number can be a label: it stands in names of outputs, so it has at most 600 digits."""
    return -_LABELS_END < number < _LABELS_END


def sort_pairs(pairs: list[Pair]) -> list[Pair]:
    """The pairs by key: str by code point, bytes bytewise, numbers and tuples naturally; equal keys stay in order.

    Raises:
        SortError: If two keys cannot be compared, naming both.
    """
    try:
        ordered = sorted(pairs, key=itemgetter(0))
    except TypeError:
        ordered = sorted(pairs, key=_Key)
    if not _ORDERED.issuperset(map(type, map(itemgetter(0), pairs))):
        _check_order(ordered)
    return ordered


_ORDERED = frozenset({str, bytes, int, bool, NoneType})
"""Types any two values of which have an order, so that what was sorted by them is in order."""


def _check_order(pairs: Sequence[Pair]) -> None:
    """Make sure that neighbours are in order: nan and sets can be compared, but sorting them groups nothing."""
    for (key, _), (other, _) in pairwise(pairs):
        if key == other or (key is None and other is None):
            continue
        if other < key or not key < other:
            raise SortError(
                f"keys {shown(key)} ({type(key).__name__}) and {shown(other)} ({type(other).__name__}) of one "
                "partition have no order: neither comes first, nor are they equal, as with nan or sets; emit keys that "
                "can be sorted, such as text, or leave sort out",
                keys=(key, other),
            )


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
