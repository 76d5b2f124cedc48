"""What is in Disco's files, byte by byte: its own format of pickled blocks, and netstrings.

Knows binary streams only; how they are opened is in `streams`, what job functions call is in `readers` and `func`.
"""

from __future__ import annotations

import io
import pickle
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from disco_sim.error import DataError, DiscoError

BLOCK_BYTES = 1 << 20
BLOCK_HEADER = struct.Struct("<BBIQ")  # 128 + version, is it compressed, CRC-32 of the raw data, length as stored
FIRST_FORMAT_BYTE = 128
LATEST_VERSION = 1
PICKLE_PROTOCOL = 1
MAX_LENGTH_DIGITS = 20


# Disco's file format: blocks of concatenated pickles, each behind a BLOCK_HEADER, and an empty block at the end


class DiscoOutput:
    """Writes pairs to a binary stream in Disco's file format; `close` ends the format and leaves the stream open."""

    def __init__(self, stream: Any, version: int = -1, compress_level: int = 2, min_chunk: int = BLOCK_BYTES) -> None:
        if version not in (-1, *range(LATEST_VERSION + 1)):
            raise DiscoError(
                f"Disco's file format has no version {version}; "
                f"it has 0 to {LATEST_VERSION}, and -1 for the latest: leave version out"
            )
        self._stream = stream
        self._first_byte = FIRST_FORMAT_BYTE + (LATEST_VERSION if version == -1 else version)
        self._compress_level = compress_level
        self._min_chunk = min_chunk
        self._block = io.BytesIO()
        self._content: str | None = None  # what the stream has been given: "pairs", "text" or nothing
        self.closed = False

    def add(self, key: Any, value: Any) -> None:
        """Write a pair; anything that pickle takes will do for key and value."""
        self.append((key, value))

    def append(self, record: Any) -> None:
        """Write a record that need not be a pair, such as a line of text; `chain_reader` gives it back as it is."""
        if self._content != "pairs":
            self._become("pairs")
        self._block.write(pickle.dumps(record, PICKLE_PROTOCOL))
        if self._block.tell() >= self._min_chunk:
            self._end_block()

    def write(self, data: Any) -> None:
        """Pass data to the stream as they are: for writers with a format of their own, which then is the file's."""
        self._become("text")
        self._stream.write(data)

    def close(self) -> None:
        """Write what is pending and the end mark; calling again changes nothing."""
        if not self.closed and self._content != "text":
            if self._block.tell():
                self._end_block()
            self._end_block()
        self.closed = True

    def _become(self, content: str) -> None:
        if self._content not in (None, content):
            raise DiscoError(
                "An output got both add(key, value) and write(data); one file has one format: use one of them only"
            )
        self._content = content

    def _end_block(self) -> None:
        self._stream.write(packed_block(self._block.getvalue(), self._compress_level, self._first_byte))
        self._block = io.BytesIO()


def packed_block(raw: bytes, compress_level: int, first_byte: int = FIRST_FORMAT_BYTE + LATEST_VERSION) -> bytes:
    """A block of Disco's format: a header with a checksum, and the data, compressed if `compress_level` is not 0."""
    is_compressed = bool(raw) and compress_level > 0
    data = zlib.compress(raw, compress_level) if is_compressed else raw
    return BLOCK_HEADER.pack(first_byte, is_compressed, zlib.crc32(raw), len(data)) + data


def read_block(stream: Any, url: str) -> bytes:
    """The data of the block that a binary stream stands at.

    >>> read_block(io.BytesIO(packed_block(b"the cat", 1)), "raw://")
    b'the cat'

    Raises:
        DataError: If it is damaged or cut.
    """
    header = take(stream, BLOCK_HEADER.size, url)
    try:
        _, is_compressed, checksum, length = BLOCK_HEADER.unpack(header)
        return _checked(take(stream, length, url), is_compressed, checksum, length)
    except (ValueError, struct.error, zlib.error) as error:
        raise DataError(f"A block is damaged or cut: {error}; make the data again", url) from error


def _checked(data: bytes, is_compressed: int, checksum: int, length: int) -> bytes:
    if len(data) < length:
        raise ValueError("it is cut short")
    raw = zlib.decompress(data) if is_compressed else data
    if zlib.crc32(raw) != checksum:
        raise ValueError("its checksum differs")
    return raw


def to_disco_format(pairs: Iterable[tuple[Any, Any]]) -> bytes:
    """The pairs in Disco's file format.

    >>> list(read_disco_format(io.BytesIO(to_disco_format([("cat", 2)])), "raw://"))
    [('cat', 2)]
    """
    file = io.BytesIO()
    output = DiscoOutput(file)
    for key, value in pairs:
        output.add(key, value)
    output.close()
    return file.getvalue()


def read_disco_format(stream: Any, url: str, *, head: bytes = b"", skip_damage: bool = False) -> Iterator[Any]:
    """The records of a binary stream in Disco's file format; `head` is what was read of it before.

    Files that were joined end to end read as one. With `skip_damage` damaged blocks are left out, and
    what follows a cut is too. Only for data you trust: unpickling may run code.

    Raises:
        DataError: If a block is damaged or cut, or the end mark is missing; its `offset` is that block's first byte.
    """
    offset = 0
    is_ended = True  # an empty file has no end mark to miss
    while header := head + take(stream, BLOCK_HEADER.size - len(head), url):
        head = b""
        if len(header) < BLOCK_HEADER.size or header[0] < FIRST_FORMAT_BYTE:
            is_ended = False
            break
        _, is_compressed, checksum, length = BLOCK_HEADER.unpack(header)
        data = take(stream, length, url)
        if len(data) < length:
            is_ended = False
            break
        try:
            raw = _checked(data, is_compressed, checksum, length)
            records = list(_unpickled(raw))
        except Exception as error:  # damaged pickles raise anything
            if not skip_damage:
                raise DataError(
                    f"The block at byte {offset} is damaged: {error}; make the data again", url, offset=offset
                ) from error
        else:
            is_ended = not raw
            yield from records
        offset += len(header) + length
    if not (is_ended or skip_damage):
        raise DataError(
            f"The data are cut short or not in Disco's file format, as seen at byte {offset}; "
            f"the format ends with an empty block: make the data again",
            url,
            offset=offset,
        )


def _unpickled(raw: bytes) -> Iterator[Any]:
    block = io.BytesIO(raw)
    while block.tell() < len(raw):
        yield pickle.load(block)


def take(stream: Any, n: int = sys.maxsize, url: str = "") -> bytes:
    """The next `n` bytes of a binary stream, fewer only at its end, however small the pieces that it gives.

    Raises:
        DiscoError: If it is a stream of text.
    """
    pieces = []
    while n > 0 and (piece := stream.read(min(n, BLOCK_BYTES))):
        if isinstance(piece, str):
            raise text_error(url)
        pieces.append(piece)
        n -= len(piece)
    return b"".join(pieces)


def text_error(url: str) -> DiscoError:
    """The error of a stream of text where a reader needs bytes."""
    return DiscoError(
        f"{url or 'the stream'} gives text (str), and this reader needs bytes, as files and stored data have them: "
        "leave the reader out for what the input gives by itself, or read lines by map_line_reader",
        url=url,
    )


# Netstrings: texts behind their lengths, a pair per line


def netstring(key: Any, value: Any) -> bytes:
    """A pair as text, each part behind its length in bytes; bytes are kept, other objects become their `str`.

    >>> netstring("the cat", 2)
    b'7 the cat 1 2\\n'
    """
    fields = [field if isinstance(field, bytes) else str(field).encode() for field in (key, value)]
    return b"%d %b %d %b\n" % (len(fields[0]), fields[0], len(fields[1]), fields[1])


def read_netstrings(stream: Any, size: int | None, url: str, *, head: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
    """The pairs of a binary stream of netstrings; `head` is what was read of it before.

    `size` is that of the netstrings, None if unknown.

    Raises:
        DataError: If a pair is malformed or there are fewer bytes than `size`; its `offset` is the byte it starts at.
    """
    data = head + take(stream, url=url)
    offset = 0
    while offset < len(data):
        key, after_key = _field(data, offset, b" ", url)
        value, offset = _field(data, after_key, b"\n", url)
        yield key, value
    if size is not None and offset < size:
        raise DataError(f"The data are cut short at byte {offset} of {size}; make them again", url, offset=offset)


def _field(data: bytes, offset: int, ending: bytes, url: str) -> tuple[bytes, int]:
    space = data.find(b" ", offset, offset + MAX_LENGTH_DIGITS)
    digits = data[offset : max(space, offset)]
    start = space + 1
    end = start + int(digits) if digits.isdigit() else -1
    if end < 0 or data[end : end + 1] != ending:
        raise DataError(
            f"No pair of netstrings at byte {offset}: {data[offset : offset + 40]!r}; each is LENGTH KEY LENGTH VALUE: "
            f"is this a job's result? Lines of text are read by map_line_reader",
            url,
            offset=offset,
        )
    return data[start:end], end + 1
