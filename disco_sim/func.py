"""Disco's ready-made job functions: readers, stream functions, partition functions, combiners and reduces.

Every name of `__all__` is there without import inside job functions. A reader takes (stream, size, url); one
with exactly four arguments also gets `params`. A stream function returns the stream, or (stream, size, url).
How data are opened and formats are read is in `streams`; nothing here knows a task or a cluster.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import operator
import pickle
import re
import reprlib
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any, BinaryIO, NoReturn

from disco_sim.error import DataError, DiscoError, PartitionError
from disco_sim.streams import (
    BLOCK_BYTES,
    FIRST_FORMAT_BYTE,
    Decompressed,
    DiscoOutput,
    OutputFile,
    PairStream,
    as_buffered,
    gunzip,
    netstring,
    open_url,
    read_disco_format,
    read_netstrings,
)
from disco_sim.util import kvgroup

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


# Readers


def map_line_reader(fd: Any, size: int | None, fname: str, *, block_size: int = BLOCK_BYTES) -> Iterator[Any]:
    r"""The lines of a UTF-8 text as str, without their line ends; the default reader of map.

    Only `\n` ends a line: a `\r` before it stays. An empty line is '', the last line needs no end, and
    a stream of size 0 has no lines. Takes text streams too; entries that a stream function has read already
    (a stream with no `read`) pass as they are.

    >>> list(map_line_reader(io.BytesIO(b"the cat\n\nsat"), 12, "raw://"))
    ['the cat', '', 'sat']

    Raises:
        DataError: If the bytes are not UTF-8; its `offset` is the first wrong byte.
        DiscoError: If the stream holds pairs that a job stored.
    """
    if isinstance(fd, PairStream):
        raise DiscoError(
            f"{fname} holds pairs that a job stored, and map_line_reader reads lines of text: "
            f"give map_reader=chain_reader"
        )
    if not hasattr(fd, "read"):
        return iter(fd)
    return chain.from_iterable(_lines_by_block(fd, fname, block_size) if size != 0 else ())


def _lines_by_block(fd: Any, url: str, block_size: int) -> Iterator[list[str]]:
    begun: list[str] = []  # pieces of a line whose end is not read yet
    for block in _blocks(fd, None, url, block_size, is_text=True):
        lines = block.split("\n")
        if len(lines) == 1:
            begun.append(block)
        else:
            lines[0] = "".join((*begun, lines[0]))
            begun = [lines.pop()]
            yield lines
    if last := "".join(begun):
        yield [last]


def _blocks(fd: Any, size: int | None, url: str, block_size: int, *, is_text: bool) -> Iterator[Any]:
    """The first `size` bytes of a stream (None: all), block by block, as str or bytes; of a text stream all."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = 0
    while data := fd.read(block_size if size is None else min(block_size, size - offset)):
        if isinstance(data, str):
            size = None
            yield data if is_text else data.encode()
        else:
            yield _decoded(decoder, data, url, offset) if is_text else data
            offset += len(data)
    if size is not None and offset < size:
        raise DataError(f"The data are cut short at byte {offset} of {size}; make them again", url, offset=offset)
    _decoded(decoder, b"", url, offset)


def _decoded(decoder: codecs.IncrementalDecoder, data: bytes, url: str, offset: int) -> str:
    n_kept = len(decoder.getstate()[0])  # the beginning of a character, from the block before
    try:
        return decoder.decode(data, final=not data)
    except UnicodeDecodeError as error:
        _refuse_bytes(error, url, offset - n_kept + error.start)


def _refuse_bytes(error: UnicodeDecodeError, url: str, offset: int | None) -> NoReturn:
    place = "" if offset is None else f" at byte {offset}"
    raise DataError(
        f"No UTF-8 text{place}: {error.object[error.start : error.start + 8]!r}; text is read as UTF-8: for another "
        f"encoding or binary data give a reader of your own, reader(fd, size, url), which gets the bytes",
        url,
        offset=offset,
    ) from error


def re_reader(
    item_re_str: str | bytes,
    fd: Any,
    size: int | None,
    fname: str,
    output_tail: Any = False,
    read_buffer_size: int = 8192,
) -> Iterator[Any]:
    r"""The groups of each match of a pattern, one match right behind the other, for `partial(re_reader, pattern)`.

    A str pattern gives str groups, a bytes pattern bytes. Reading ends where the pattern does not match, or matches
    nothing: what is left is told by print, or is the last item, `[rest]`, if `output_tail` is True.
    A match is final when `read_buffer_size` more characters could not make it longer.

    >>> list(re_reader(r"(\w+)=(\d+);", io.BytesIO(b"a=1;b=22;"), 9, "raw://"))
    [('a', '1'), ('b', '22')]

    Raises:
        DataError: If there are fewer bytes than `size`, or a str pattern meets bytes that are not UTF-8.
    """
    pattern: re.Pattern[Any] = re.compile(item_re_str)
    buffer: Any = item_re_str[:0]
    waiting: list[Any] = []
    n_waiting = 0
    n_bytes = None if isinstance(fd, Decompressed) else size
    for block in _blocks(fd, n_bytes, fname, read_buffer_size, is_text=isinstance(item_re_str, str)):
        waiting.append(block)
        n_waiting += len(block)
        if n_waiting >= len(buffer):  # so a buffer without a match doubles, and is not searched for every block
            buffer = yield from _matches(pattern, buffer[:0].join((buffer, *waiting)), read_buffer_size)
            waiting, n_waiting = [], 0
    rest = yield from _matches(pattern, buffer[:0].join((buffer, *waiting)), 0)
    if rest and output_tail is True:
        yield [rest]
    elif rest:
        print(f"re_reader: {item_re_str!r} does not match the last {len(rest)} characters of {fname}: {rest[:40]!r}")


def _matches(pattern: re.Pattern[Any], buffer: Any, ahead: int) -> Generator[tuple[Any, ...], None, Any]:
    while (found := pattern.match(buffer)) and 0 < found.end() <= len(buffer) - ahead:
        yield found.groups()
        buffer = buffer[found.end() :]
    return buffer


def disco_input_stream(stream: Any, size: int | None, url: str, ignore_corrupt: Any = False) -> Iterator[Any]:
    """The pairs that a job or `disco_output_stream` stored; also named `chain_reader`, the default reader of reduce.

    Reads Disco's file format, and netstrings (as str) where the first byte is below 128. Damaged blocks are left out
    only if `ignore_corrupt` is True itself: a reader gets `params` in that place, and they do not mean it.

    Raises:
        DataError: If the data are damaged or cut short; its `offset` is the byte where.
    """
    if isinstance(stream, PairStream) or not hasattr(stream, "read"):
        return iter(stream)
    head = stream.read(1)
    if head and head[0] < FIRST_FORMAT_BYTE:
        return old_netstr_reader(stream, size, url, head)
    return read_disco_format(stream, url, head=head, skip_damage=ignore_corrupt is True)


chain_reader = netstr_reader = disco_input_stream


def old_netstr_reader(fd: Any, size: int | None, fname: str, head: Any = b"") -> Iterator[tuple[str, str]]:
    r"""The pairs of a stream of netstrings, as str; `head` is what was read of it before (bytes).

    >>> list(old_netstr_reader(io.BytesIO(b"3 cat 1 2\n"), 10, "raw://"))
    [('cat', '2')]

    Raises:
        DataError: If a pair is malformed or not UTF-8, or there are fewer bytes than `size`.
    """
    begun = head if isinstance(head, bytes) else b""  # a reader gets `params` in this place
    for key, value in read_netstrings(fd, size, fname, head=begun):
        try:
            yield str(key, "utf-8"), str(value, "utf-8")
        except UnicodeDecodeError as error:
            _refuse_bytes(error, fname, None)


def netstr_writer(fd: Any, key: Any, value: Any, params: Any) -> None:
    """Write a pair to `fd` as netstrings: their texts, bytes as they are."""
    fd.write(netstring(key, value))


def object_reader(fd: Any, size: int | None, fname: str) -> Iterator[tuple[Any, Any]]:
    """The pairs that `object_writer` wrote; only for data you trust, as unpickling may run code."""
    for key, value in read_netstrings(fd, size, fname):
        try:
            pair = pickle.loads(key), pickle.loads(value)
        except Exception as error:  # damaged pickles raise anything
            raise DataError(f"No pickles: {error!r}; object_reader reads what object_writer wrote", fname) from error
        yield pair


def object_writer(fd: Any, key: Any, value: Any, params: Any) -> None:
    """Write a pair to `fd` as netstrings of pickles, for `object_reader`."""
    fd.write(netstring(pickle.dumps(key), pickle.dumps(value)))


def gzip_reader(fd: Any, size: int | None, url: str, params: Any) -> BinaryIO:
    """The decompressed stream, which iterates over lines of bytes; bytes that are not gzip pass as they are."""
    return gunzip(fd, url)


def gzip_line_reader(fd: Any, size: int | None, url: str, params: Any) -> Iterator[str]:
    """The lines of a gzip text as `map_line_reader` gives them; damage is told by print and ends them."""
    try:
        for line in gunzip(fd, url):
            yield str(line, "utf-8").removesuffix("\n")
    except (DataError, UnicodeDecodeError) as error:
        print(f"gzip_line_reader: stopped in {url}: {error}")


# Stream functions


def map_input_stream(stream: Any, size: int | None, url: str, params: Any) -> tuple[Any, int | None, str]:
    """The opened URL, its size in bytes (None: unknown) and its URL; the first of the input stream functions.

    Within a job `stream` is what opens URLs there, `disco://` and the like included; without it, see `open_url`.
    """
    opened: tuple[Any, int | None, str] = stream.open(url) if hasattr(stream, "open") else open_url(url)
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
            _refuse_bytes(error, self.url, None)

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]  # iteration calls it too
        try:
            return super().readline(size)
        except UnicodeDecodeError as error:
            _refuse_bytes(error, self.url, None)


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
    digest = hashlib.md5(_text_of(key, key), usedforsecurity=False).digest()
    return int.from_bytes(digest, "big") % nr_partitions


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
