"""Disco's ready-made job functions: readers, stream functions, partition functions, combiners and reduces.

Every name of `__all__` is there without import inside job functions. A reader takes (stream, size, url); one
with exactly four arguments also gets `params`. A stream function returns the stream, or (stream, size, url).
The readers themselves are in `readers`, how data are opened in `streams`; nothing here knows a task or a cluster.
"""

from __future__ import annotations

import io
import operator
import reprlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, BinaryIO

from disco_sim.error import DataError, PartitionError
from disco_sim.formats import BLOCK_BYTES, DiscoOutput
from disco_sim.readers import (
    chain_reader,
    disco_input_stream,
    gzip_line_reader,
    gzip_reader,
    map_line_reader,
    netstr_reader,
    netstr_writer,
    object_reader,
    object_writer,
    old_netstr_reader,
    re_reader,
    refuse_bytes,
)
from disco_sim.streams import OutputFile, as_buffered, open_url
from disco_sim.util import kvgroup

try:
    # Python's own takes half the time for short texts that OpenSSL's takes, which hashlib prefers.
    from _md5 import md5 as _md5  # type: ignore[import-not-found]
except ImportError:
    from hashlib import md5 as _md5

__all__ = [
    "DataError",
    "chain_reader",
    "chain_stream",
    "default_partition",
    "default_stream",
    "disco_input_stream",
    "disco_output_stream",
    "gzip_line_reader",
    "gzip_line_stream",
    "gzip_reader",
    "gzip_stream",
    "kvgroup",
    "make_range_partition",
    "map_input_stream",
    "map_line_reader",
    "map_output_stream",
    "netstr_reader",
    "netstr_writer",
    "noop",
    "nop_map",
    "nop_reduce",
    "object_reader",
    "object_writer",
    "old_netstr_reader",
    "re_reader",
    "reduce_input_stream",
    "reduce_output_stream",
    "string_input_stream",
    "sum_combiner",
    "sum_reduce",
    "text_input_stream",
]

DECIMAL_BITS = 2000  # whole numbers up to here have decimal digits in every Python, and all floats are among them


# Stream functions


def map_input_stream(stream: Any, size: int | None, url: str, params: Any) -> tuple[Any, int | None, str]:
    """The opened URL, its size in bytes (None: unknown) and its URL; the first of the input stream functions.

    Within a job `stream` is what opens URLs there, `disco://` and the like included; without it, see `open_url`.
    """
    opened: tuple[Any, int | None, str] = stream.open(url, params) if hasattr(stream, "open") else open_url(url)
    return opened


reduce_input_stream = map_input_stream


def string_input_stream(string: str | bytes, size: int | None, url: str, params: Any) -> tuple[BinaryIO, int, str]:
    """A stream of the string itself (UTF-8), its size in bytes, and the URL."""
    data = string.encode() if isinstance(string, str) else string
    return io.BytesIO(data), len(data), url


class _Text(io.TextIOWrapper):
    """UTF-8 text that tells, when it is not, which URL it came from."""

    url = ""

    def read(self, size: int | None = -1, /) -> str:
        try:
            return super().read(size)
        except UnicodeDecodeError as error:
            refuse_bytes(error, self.url, None)

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]  # iteration calls it too
        try:
            return super().readline(size)
        except UnicodeDecodeError as error:
            refuse_bytes(error, self.url, None)


def text_input_stream(stream: Any, size: int | None, url: str, params: Any) -> tuple[Any, None, str]:
    r"""The stream as UTF-8 text with its line ends as they are, as `csv.reader` wants it; use it after another.

    `map_input_stream=(map_input_stream, text_input_stream), map_reader=lambda fd, size, url: csv.reader(fd)`

    >>> text, _, _ = text_input_stream(io.BytesIO(b'name;"two\r\nlines"\r\n'), None, "raw://", None)
    >>> list(text)
    ['name;"two\r\n', 'lines"\r\n']

    Raises:
        DataError: While reading, if the bytes are not UTF-8.
    """
    if isinstance(stream, io.TextIOBase):
        return stream, None, url
    binary: Any = stream if isinstance(stream, io.BufferedIOBase) else as_buffered(stream, url)
    text = _Text(binary, encoding="utf-8", newline="")
    text.url = url
    return text, None, url


def map_output_stream(stream: Any, partition: int, url: str, params: Any) -> tuple[OutputFile, str]:
    """A new output file in memory, and its URL; the first of the output stream functions.

    As the only one it makes netstring text of the pairs that are added.
    """
    return OutputFile(), url


reduce_output_stream = map_output_stream


def disco_output_stream(
    stream: Any,
    partition: int,
    url: str,
    params: Any,
    version: int = -1,
    compress_level: int = 2,
    min_chunk: int = BLOCK_BYTES,
) -> DiscoOutput:
    """What writes added pairs to `stream` in Disco's file format, in blocks of `min_chunk` bytes before compression."""
    return DiscoOutput(stream, version, compress_level, min_chunk)


default_stream = (map_input_stream,)
chain_stream = (map_input_stream, chain_reader)
gzip_stream = (map_input_stream, gzip_reader)
gzip_line_stream = (map_input_stream, gzip_line_reader)


# Partition functions


def default_partition(key: Any, nr_partitions: int, params: Any) -> int:
    """The partition of a key: the MD5 of its text, modulo the number of partitions; the same everywhere, always.

    Equal keys have one partition: `1`, `1.0` and `True` are equal, so are tuples of them. Keys are str, bytes, int
    (whatever has `__index__`), bool, float, None and tuples of these.

    >>> [default_partition("a", n, None) for n in (1, 2, 3, 4, 10)]
    [0, 1, 1, 1, 7]

    Raises:
        PartitionError: If the key is, or holds, an object of another type.
    """
    text = key.encode("utf-8", "surrogatepass") if type(key) is str else _text_of(key, key)
    return int.from_bytes(_md5(text, usedforsecurity=False).digest(), "big") % nr_partitions


def _text_of(part: Any, key: Any) -> bytes:
    if isinstance(part, str):
        return part.encode("utf-8", "surrogatepass")
    if isinstance(part, bytes):
        return part
    if part is None:
        return b"None"
    if isinstance(part, tuple):
        texts = [_text_of(field, key) for field in part]
        return b"(%b)" % b"".join(b"%d:%b," % (len(text), text) for text in texts)
    if isinstance(part, float):
        if not part.is_integer():
            return float.__repr__(part).encode()
        part = int(part)
    try:
        number = operator.index(part)
    except TypeError:
        within = "" if part is key else f", which holds {reprlib.repr(part)}"
        raise PartitionError(
            f"The key {reprlib.repr(key)}{within} has the type {type(part).__qualname__}, which default_partition does "
            f"not take; it takes str, bytes, int, bool, float, None and tuples of them: yield such a key, for example "
            f"str(key), or give the job a partition=function(key, nr_partitions, params)",
            key=key,
        ) from None
    return format(number, "d" if number.bit_length() <= DECIMAL_BITS else "x").encode()


def make_range_partition(min_val: int, max_val: int) -> Callable[[Any, int, Any], int]:
    """A partition function for whole numbers in [min_val, max_val] that keeps their order between partitions.

    A key's share of the range times (nr_partitions - 1), rounded, is its partition: the first and the last take half
    as many keys as the others. Bounds and keys are cut to int; a key outside the bounds may get no valid partition.

    >>> by_range = make_range_partition(0, 100)
    >>> [by_range(key, 3, None) for key in (0, 24, 25, 74, 75, 100)]
    [0, 0, 1, 1, 2, 2]

    Raises:
        PartitionError: If the bounds are equal; from the function, if the key is not a number.
    """
    low, high = int(min_val), int(max_val)
    if low == high:
        raise PartitionError(
            f"make_range_partition({min_val!r}, {max_val!r}) has no range to divide; the bounds must differ as whole "
            f"numbers: give the smallest and the largest key"
        )
    return partial(_range_partition, low, high)


def _range_partition(low: int, high: int, key: Any, nr_partitions: int, params: Any) -> int:
    try:
        steps = (int(key) - low) * (nr_partitions - 1)
    except (TypeError, ValueError) as error:
        raise PartitionError(
            f"The key {reprlib.repr(key)} of type {type(key).__qualname__} is not in a range of numbers; "
            f"make_range_partition takes keys that int() takes: yield such keys, or leave partition= out",
            key=key,
        ) from error
    return (2 * steps + high - low) // (2 * (high - low))  # rounded half up, exactly


# Maps, combiners and reduces


def noop(*args: Any, **kwargs: Any) -> None:
    """Do nothing with any arguments."""


def nop_map(entry: Any, params: Any) -> Iterator[Any]:
    """The entry itself, which has to be a pair: a map for data read with `chain_reader`."""
    yield entry


def nop_reduce(iter: Iterable[tuple[Any, Any]], out: Any, params: Any) -> None:
    """Copy all pairs to the output."""
    for key, value in iter:
        out.add(key, value)


def sum_combiner(key: Any, value: Any, buf: dict[Any, Any], done: Any, params: Any) -> Iterable[Any] | None:
    """Add up the values of each key in `buf`, and give the pairs of keys and sums when `done`."""
    if done:
        return list(buf.items())
    buf[key] = buf[key] + value if key in buf else value
    return None


def sum_reduce(iter: Iterable[tuple[Any, Any]], params: Any) -> Iterator[tuple[Any, Any]]:
    """Each key with the sum of its values, in order of first appearance; the pairs need not be sorted.

    All sums are kept until the end, so keys must be hashable; anything with `+` can be a value.

    >>> list(sum_reduce([("b", 1), ("a", 2), ("b", 3)], None))
    [('b', 4), ('a', 2)]
    """
    sums: dict[Any, Any] = {}
    for key, value in iter:
        sums[key] = sums[key] + value if key in sums else value
    yield from sums.items()
