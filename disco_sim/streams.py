"""How data is opened, below the readers and stream functions that job functions see (`readers`, `func`).

Knows local files, HTTP, gzip, stored blobs and files in memory. Must not know clusters, jobs or
tasks: what `disco://`, `dir://` and `tag://` stand for is the business of whoever holds the stores.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from disco_sim.error import CommError, DataError, DiscoError
from disco_sim.formats import BLOCK_BYTES, netstring, to_disco_format
from disco_sim.util import schemesplit

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

    from disco_sim.model.work import Blob

HTTP_TIMEOUT_S = 20
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
GZIP_MAGIC = b"\x1f\x8b"
BYTE_RANGE = re.compile(r"(?P<path>.+)\?bytes=(?P<start>\d+)-(?P<end>\d+)", re.DOTALL)


def open_url(url: str, folder: str = "") -> tuple[BinaryIO, int | None, str]:
    """A binary stream of what a URL holds, its size in bytes (None: unknown), and the URL.

    Paths are seen from `folder` ('': the current one), but errors name them as they were given.

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
        return _open_file(os.path.join(folder, rest), url)
    if scheme in ("raw", "url"):
        text = (rest if scheme == "raw" else url).encode("utf-8", "surrogatepass")
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
    # Only here, because these three take longer to import than all of disco_sim.
    import http.client
    import urllib.error
    import urllib.parse
    import urllib.request

    try:
        # What is served on this machine is not asked for through a proxy, whatever the environment says.
        is_here = urllib.parse.urlsplit(url).hostname in _THIS_MACHINE
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({} if is_here else None))
        with opener.open(url, timeout=HTTP_TIMEOUT_S) as response:
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
        return self.blob.records()

    def read(self, n: int | None = -1) -> bytes:
        """The next `n` bytes, all that are left by default; the bytes are made on the first call."""
        if self._file is None:
            self._file = io.BytesIO(to_disco_format(self.blob.records()))
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
