"""Disco's ready-made readers, and the writers that go with them: what is in an opened stream.

A reader takes (stream, size, url); one with exactly four arguments also gets `params`. All of them are part of `func`,
whose names job functions see; how bytes are laid out is in `formats`, how they are opened in `streams`.
"""

from __future__ import annotations

import codecs
import io
import pickle
import re
from collections.abc import Generator, Iterator
from itertools import chain
from typing import Any, BinaryIO, NoReturn

from disco_sim.error import DataError, DiscoError
from disco_sim.formats import (
    BLOCK_BYTES,
    FIRST_FORMAT_BYTE,
    netstring,
    read_disco_format,
    read_netstrings,
    take,
    text_error,
)
from disco_sim.streams import Decompressed, PairStream, gunzip


def map_line_reader(fd: Any, size: int | None, fname: str, *, block_size: int = BLOCK_BYTES) -> Iterator[Any]:
    r"""The lines of a UTF-8 text as str, without their line ends; the default reader of map.

    Only `\n` ends a line: a `\r` before it stays. An empty line is '', the last line needs no end, and
    a stream of size 0 has no lines. Takes text streams too; entries that a stream function has read already
    (a stream with no `read`) pass as they are.

    >>> import io
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
    return Lines(_lines_by_block(fd, fname, block_size) if size != 0 else iter(()))


class Lines:
    """The lines of a text one by one; whoever wants them as lists, as they are read, asks for the `blocks` instead."""

    def __init__(self, blocks: Iterator[list[str]]) -> None:
        self._blocks = blocks
        self._lines = chain.from_iterable(blocks)
        self._is_begun = False

    def __iter__(self) -> Iterator[str]:
        self._is_begun = True
        return self._lines

    def __next__(self) -> str:
        self._is_begun = True
        return next(self._lines)

    def blocks(self) -> Iterator[list[str] | Iterator[str]]:
        """All lines that were not taken yet, by the block as they are read; one by one once the first was taken."""
        return iter((self._lines,)) if self._is_begun else self._blocks


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


def _true_size(fd: Any, size: int | None) -> int | None:
    """The size of the bytes that `fd` gives: the one that a stream function saw may be that of compressed ones."""
    return None if isinstance(fd, Decompressed) else size


def _decoded(decoder: codecs.IncrementalDecoder, data: bytes, url: str, offset: int) -> str:
    try:
        return decoder.decode(data, final=not data)
    except UnicodeDecodeError as error:
        n_kept = len(decoder.getstate()[0])  # the beginning of a character, from the block before
        refuse_bytes(error, url, offset - n_kept + error.start)


def refuse_bytes(error: UnicodeDecodeError, url: str, offset: int | None) -> NoReturn:
    """Raise the DataError of data that should be UTF-8 text and is not; `offset` is the first wrong byte, if known."""
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

    >>> import io
    >>> list(re_reader(r"(\w+)=(\d+);", io.BytesIO(b"a=1;b=22;"), 9, "raw://"))
    [('a', '1'), ('b', '22')]

    Raises:
        DataError: If there are fewer bytes than `size`, or a str pattern meets bytes that are not UTF-8.
    """
    pattern: re.Pattern[Any] = re.compile(item_re_str)
    buffer: Any = item_re_str[:0]
    waiting: list[Any] = []
    n_waiting = 0
    for block in _blocks(fd, _true_size(fd, size), fname, read_buffer_size, is_text=isinstance(item_re_str, str)):
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
        DiscoError: If the stream is one of text.
    """
    if isinstance(stream, PairStream) or not hasattr(stream, "read"):
        return iter(stream)
    head = take(stream, 1, url)
    if head and head[0] < FIRST_FORMAT_BYTE:
        return old_netstr_reader(stream, size, url, head)
    return read_disco_format(stream, url, head=head, skip_damage=ignore_corrupt is True)


chain_reader = netstr_reader = disco_input_stream


def old_netstr_reader(fd: Any, size: int | None, fname: str, head: Any = b"") -> Iterator[tuple[str, str]]:
    r"""The pairs of a stream of netstrings, as str; `head` is what was read of it before (bytes).

    >>> import io
    >>> list(old_netstr_reader(io.BytesIO(b"3 cat 1 2\n"), 10, "raw://"))
    [('cat', '2')]

    Raises:
        DataError: If a pair is malformed or not UTF-8, or there are fewer bytes than `size`.
    """
    begun = head if isinstance(head, bytes) else b""  # a reader gets `params` in this place
    for key, value in read_netstrings(fd, _true_size(fd, size), fname, head=begun):
        try:
            yield str(key, "utf-8"), str(value, "utf-8")
        except UnicodeDecodeError as error:
            refuse_bytes(error, fname, None)


def netstr_writer(fd: Any, key: Any, value: Any, params: Any) -> None:
    """Write a pair to `fd` as netstrings: their texts, bytes as they are."""
    fd.write(netstring(key, value))


def object_reader(fd: Any, size: int | None, fname: str) -> Iterator[tuple[Any, Any]]:
    """The pairs that `object_writer` wrote; only for data you trust, as unpickling may run code."""
    for key, value in read_netstrings(fd, _true_size(fd, size), fname):
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
    return _unpacked(fd, url)


def gzip_line_reader(fd: Any, size: int | None, url: str, params: Any) -> Iterator[str]:
    """The lines of a gzip text as `map_line_reader` gives them: str in every dialect, for a reader cannot know it.

    As in Disco, damage is told by print and ends the lines: what is behind it is left out. The lines of bytes that
    `gzip_reader` gives are the same, and damage is a DataError there.
    """
    try:
        for line in _unpacked(fd, url):
            yield str(line, "utf-8").removesuffix("\n")
    except (DataError, UnicodeDecodeError) as error:
        print(f"gzip_line_reader: stopped in {url}: {error}")


def _unpacked(fd: Any, url: str) -> BinaryIO:
    if isinstance(fd, io.TextIOBase):
        raise text_error(url)
    return gunzip(fd, url)
