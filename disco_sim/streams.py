"""How data is opened, read and written, below the stream functions that job functions see (`func`).

Knows local files, HTTP, stored blobs, Disco's file format and netstrings. Must not know clusters, jobs or
tasks: what `disco://`, `dir://` and `tag://` stand for is the business of whoever holds the stores.
"""

from __future__ import annotations

import gzip
import http.client
import io
import os
import pickle
import re
import struct
import sys
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from disco_sim.error import CommError, DataError, DiscoError
from disco_sim.util import schemesplit

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

    from disco_sim.model.work import Blob

BLOCK_BYTES = 1 << 20
HTTP_TIMEOUT_S = 20
GZIP_MAGIC = b"\x1f\x8b"
BLOCK_HEADER = struct.Struct("<BBIQ")  # 128 + version, is it compressed, CRC-32 of the raw data, length as stored
FIRST_FORMAT_BYTE = 128
LATEST_VERSION = 1
PICKLE_PROTOCOL = 1
MAX_LENGTH_DIGITS = 20
BYTE_RANGE = re.compile(r"(?P<path>.+)\?bytes=(?P<start>\d+)-(?P<end>\d+)", re.DOTALL)


# Opening


def open_url(url: str) -> tuple[BinaryIO, int | None, str]:
    """A binary stream of what a URL holds, its size in bytes (None: unknown), and the URL.

    Takes a plain path, `file://`, `raw://` (the text itself, as UTF-8), `http://` and `https://` (read whole).
    A file or page whose name ends in .gz and that is gzip is decompressed. `PATH?bytes=START-END` is the
    part of a file from byte START up to, not including, byte END, unless a file has that very name.

    >>> stream, size, url = open_url("raw://the cat")
    >>> stream.read(), size
    (b'the cat', 7)

    Raises:
        DataError: If there is no such file, it may not be read, or it has no such bytes.
        CommError: If a page cannot be had; `code` is the HTTP status, or None.
        DiscoError: If the scheme is none of these.
    """
    scheme, rest = schemesplit(url)
    if scheme in ("", "file"):
        return _open_file(rest, url)
    if scheme == "raw":
        text = rest.encode()
        return io.BytesIO(text), len(text), url
    if scheme in ("http", "https"):
        data = _fetch(url)
        if url.endswith(".gz") and data.startswith(GZIP_MAGIC):
            return gunzip(io.BytesIO(data), url), None, url
        return io.BytesIO(data), len(data), url
    raise DiscoError(
        f"Cannot open {url!r}: unknown scheme {scheme!r}; the schemes are file, raw, http, https and none (a path), "
        f"and within a job also disco, dir and tag: write one of them, or open it in a map_input_stream function",
        url=url,
    )


def _open_file(path: str, url: str) -> tuple[BinaryIO, int | None, str]:
    span = None if os.path.exists(path) else BYTE_RANGE.fullmatch(path)
    try:
        file = open(span["path"] if span else path, "rb")  # noqa: SIM115 - the caller closes it
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(
            f"Cannot open the file: {reason}; give a path that can be read where the job runs", url
        ) from error
    size = os.fstat(file.fileno()).st_size
    if span:
        start, end = int(span["start"]), int(span["end"])
        if not start <= end <= size:
            file.close()
            raise DataError(
                f"The file has {size} bytes, so no bytes {start} to {end}; a range is START-END with END not included "
                f"and at most the size: split the file again if it has changed",
                url,
            )
        file.seek(start)
        return io.BufferedReader(_Source(file, url, limit=end - start)), end - start, url
    if path.endswith(".gz") and file.peek(2)[:2] == GZIP_MAGIC:
        return gunzip(file, url), None, url
    return file, size, url


def _fetch(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=HTTP_TIMEOUT_S) as response:
            data: bytes = response.read()
            return data
    except urllib.error.HTTPError as error:
        # Not kept as the cause: it holds the open connection, which cannot be pickled.
        error.close()
        raise CommError(f"The server answered {error.code} {error.reason}; check the URL", url, error.code) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise CommError(
            f"Cannot read from the server: {error!r}; check that the URL is right and served", url
        ) from error


class _Source(io.RawIOBase):
    """The next `limit` bytes of a stream, in whatever pieces it gives them; damage met on the way is a DataError."""

    def __init__(self, stream: Any, url: str, limit: int | None = None, below: Any = None) -> None:
        self._stream = stream
        self._read = getattr(stream, "read1", stream.read)  # read1 hands out what precedes damage
        self._url = url
        self._left = limit
        self._below = below

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        wanted = len(view) if self._left is None else min(len(view), self._left)
        try:
            data = self._read(wanted)
        except (EOFError, OSError, zlib.error) as error:
            raise DataError(f"Cannot read on: {error}; the data are damaged or cut short", self._url) from error
        view[: len(data)] = data
        if self._left is not None:
            self._left -= len(data)
        return len(data)

    def close(self) -> None:
        super().close()
        for stream in (self._stream, self._below):
            if hasattr(stream, "close"):
                stream.close()


class Decompressed(io.BufferedReader):
    """Decompressed bytes; a size that is said to belong to them is that of the compressed ones."""


def gunzip(stream: Any, url: str) -> BinaryIO:
    """The decompressed bytes of a binary stream if it begins as gzip does, otherwise its bytes as they are.

    Damage is a DataError when reading comes to it. Closing the result closes `stream`.
    """
    packed = as_buffered(stream, url)
    if packed.peek(2)[:2] != GZIP_MAGIC:
        return packed
    return Decompressed(_Source(gzip.GzipFile(fileobj=packed), url, below=packed), BLOCK_BYTES)


def as_buffered(stream: Any, url: str) -> io.BufferedReader:
    """A binary stream itself if it can peek, otherwise a buffered reader of it; anything with `read(n)` will do."""
    buffered: io.BufferedReader = stream if hasattr(stream, "peek") else io.BufferedReader(_Source(stream, url))
    return buffered


# Stored blobs, and files in memory


class PairStream:
    """What a reader gets for stored pairs: iterating gives the pairs, `read` their bytes in Disco's file format."""

    def __init__(self, blob: Blob) -> None:
        self.blob = blob
        self._file: io.BytesIO | None = None

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return iter(self.blob.pairs())

    def read(self, n: int | None = -1) -> bytes:
        """The next `n` bytes, all that are left by default; the bytes are made on the first call."""
        if self._file is None:
            self._file = io.BytesIO(to_disco_format(self.blob.pairs()))
        return self._file.read(n)

    def close(self) -> None:
        """Let the bytes go; reading starts anew."""
        self._file = None


def stream_of(blob: Blob) -> tuple[PairStream | io.BytesIO, int | None]:
    """A stream of a blob and its size in bytes, which is None for pairs: they have no bytes until asked for."""
    if blob.form == "bytes":
        return io.BytesIO(blob.data), len(blob.data)
    return PairStream(blob), None


class OutputFile(io.BytesIO):
    """An output file in memory, whose `content` outlives closing.

    >>> output = OutputFile()
    >>> output.add("cat", 2)
    >>> output.close()
    >>> output.content
    b'3 cat 1 2\\n'
    """

    def __init__(self) -> None:
        super().__init__()
        self._kept = b""

    @property
    def content(self) -> bytes:
        """All that was written."""
        return self._kept if self.closed else self.getvalue()

    def write(self, data: ReadableBuffer | str) -> int:
        """Write bytes, or text as UTF-8."""
        return super().write(data.encode() if isinstance(data, str) else data)

    def add(self, key: Any, value: Any) -> None:
        """Write a pair as a netstring: the texts of key and value with their lengths."""
        super().write(netstring(key, value))

    def close(self) -> None:
        """Close, and keep the content."""
        self._kept = self.content
        super().close()


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
        if self._content != "pairs":
            self._become("pairs")
        self._block.write(pickle.dumps((key, value), PICKLE_PROTOCOL))
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
        raw = self._block.getvalue()
        is_compressed = bool(raw) and self._compress_level > 0
        data = zlib.compress(raw, self._compress_level) if is_compressed else raw
        self._stream.write(BLOCK_HEADER.pack(self._first_byte, is_compressed, zlib.crc32(raw), len(data)) + data)
        self._block = io.BytesIO()


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
    while header := head + take(stream, BLOCK_HEADER.size - len(head)):
        head = b""
        if len(header) < BLOCK_HEADER.size or header[0] < FIRST_FORMAT_BYTE:
            is_ended = False
            break
        _, is_compressed, checksum, length = BLOCK_HEADER.unpack(header)
        data = take(stream, length)
        if len(data) < length:
            is_ended = False
            break
        try:
            raw = zlib.decompress(data) if is_compressed else data
            if zlib.crc32(raw) != checksum:
                raise ValueError("its checksum differs")
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


def take(stream: Any, n: int = sys.maxsize) -> bytes:
    """The next `n` bytes of a binary stream, fewer only at its end, however small the pieces that it gives."""
    pieces = []
    while n > 0 and (piece := stream.read(min(n, BLOCK_BYTES))):
        pieces.append(piece)
        n -= len(piece)
    return b"".join(pieces)


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

    Raises:
        DataError: If a pair is malformed or there are fewer bytes than `size`; its `offset` is the byte it starts at.
    """
    data = head + take(stream)
    offset = 0
    while offset < len(data):
        key, after_key = _field(data, offset, b" ", url)
        value, offset = _field(data, after_key, b"\n", url)
        yield key, value
    if size is not None and offset < size and not isinstance(stream, Decompressed):
        raise DataError(f"The data are cut short at byte {offset} of {size}; make them again", url, offset=offset)


def _field(data: bytes, offset: int, ending: bytes, url: str) -> tuple[bytes, int]:
    space = data.find(b" ", offset, offset + MAX_LENGTH_DIGITS)
    digits = data[offset : max(space, offset)]
    start = space + 1
    end = start + int(digits) if digits.isdigit() else -1
    if end < 0 or data[end : end + 1] != ending:
        raise DataError(
            f"No pair of netstrings at byte {offset}: {data[offset : offset + 40]!r}; each is LENGTH KEY LENGTH VALUE: "
            f"is this a job's result? For text leave the reader out, or give map_line_reader",
            url,
            offset=offset,
        )
    return data[start:end], end + 1
