"""Streams of tasks, under the names that Disco 0.5 gives them and the older ones; they are those of disco_sim.func."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from disco_sim.compat.disco.func import InputStream, OutputStream
from disco_sim.error import DiscoError
from disco_sim.formats import netstring
from disco_sim.func import (
    chain_reader,
    chain_stream,
    default_stream,
    disco_input_stream,
    disco_output_stream,
    gzip_line_reader,
    gzip_line_stream,
    gzip_reader,
    gzip_stream,
    map_input_stream,
    map_line_reader,
    map_output_stream,
    netstr_reader,
    netstr_writer,
    object_reader,
    object_writer,
    old_netstr_reader,
    re_reader,
    reduce_input_stream,
    reduce_output_stream,
    string_input_stream,
    text_input_stream,
)

__all__ = [
    "InputStream", "OutputStream", "StreamCombiner", "chain_reader", "chain_stream", "default_stream",
    "disco_input_stream", "disco_output_stream", "gzip_line_reader", "gzip_line_stream", "gzip_reader", "gzip_stream",
    "map_input_stream", "map_line_reader", "map_output_stream", "netstr_reader", "netstr_writer", "object_reader",
    "object_writer", "old_netstr_reader", "plain_output_stream", "re_reader", "reduce_input_stream",
    "reduce_output_stream", "string_input_stream", "task_input_stream", "task_output_stream", "text_input_stream",
]  # fmt: skip

task_input_stream = map_input_stream
task_output_stream = map_output_stream


class NetstringOutput:
    """Writes added pairs to a stream as netstrings: the texts of key and value, each behind its length."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def add(self, key: Any, value: Any) -> None:
        """Write a pair."""
        self._stream.write(netstring(key, value))

    def write(self, data: Any) -> None:
        """Pass data to the stream as they are."""
        self._stream.write(data)

    def close(self) -> None:
        """Nothing is pending; the stream is closed by whoever opened it."""


def plain_output_stream(stream: Any, partition: int, url: str, params: Any) -> NetstringOutput:
    """What writes added pairs to `stream` as netstring text; read them with `chain_reader` or `old_netstr_reader`.

    `map_output_stream=(task_output_stream, plain_output_stream)`
    """
    return NetstringOutput(stream)


class StreamCombiner:
    """A URL behind a chain of input stream functions; iterating or reading is that of the last stream.

    `fd` and `size` are what the first function gets. Each stream is the next function's first argument.

    >>> list(StreamCombiner("raw://a b", [string_input_stream], None, fd="a b"))
    [b'a b']

    Raises:
        DiscoError: If there is no stream function.
    """

    def __init__(self, url: str, streams: Sequence[Any], params: Any, fd: Any = None, size: int | None = None) -> None:
        if not streams:
            raise DiscoError(f"StreamCombiner({url!r}) was given no stream functions; begin with task_input_stream")
        self.streams: list[Any] = []
        for function in streams:
            before: tuple[Any, ...] = (fd, size, url)
            result = function(fd, size, url, params)
            result = result if isinstance(result, tuple) else (result,)
            fd, size, url = result + before[len(result) :]
            self.streams.append(fd)
        self.fd, self.size, self.url, self.params = fd, size, url, params

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fd)

    def read(self, n: int | None = None) -> Any:
        """What the last stream reads: `n` bytes, all that are left by default."""
        return self.fd.read() if n is None else self.fd.read(n)

    def close(self) -> None:
        """Close all streams that can be closed, the last first."""
        for stream in reversed(self.streams):
            if hasattr(stream, "close"):
                stream.close()

    def __enter__(self) -> StreamCombiner:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
