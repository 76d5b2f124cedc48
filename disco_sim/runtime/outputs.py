"""Where a run writes: pairs kept in memory, or whatever bytes the user's own output streams make of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from disco_sim import func
from disco_sim.error import DiscoError
from disco_sim.model.work import Blob
from disco_sim.runtime.buffers import MANY_PAIRS, Room
from disco_sim.runtime.inputs import Opener
from disco_sim.runtime.sandbox import shown
from disco_sim.streams import OutputFile

_FILES = (func.map_output_stream, func.reduce_output_stream)


class Sink(Protocol):
    """One output of a run."""

    def add(self, key: Any, value: Any) -> None:
        """Write a pair."""

    def blob(self) -> Blob:
        """Everything written, to be stored."""


class Watched:
    """An output that users write to themselves, so that it has to look at the memory now and then."""

    def __init__(self, sink: Sink, room: Room) -> None:
        self._sink = sink
        self._room = room
        self._n_added = 0

    def add(self, key: Any, value: Any) -> None:
        """Write a pair."""
        self._sink.add(key, value)
        self._n_added += 1
        if self._n_added % MANY_PAIRS == 0:
            self._room.look()


class StreamSink:
    """An output that goes through a chain of the user's output streams, or through a writer function, into a file."""

    def __init__(
        self,
        chain: Sequence[Callable[..., Any]],
        writer: Callable[..., Any] | None,
        partition: int,
        params: Any,
        opener: Opener,
    ) -> None:
        self._writer = writer
        self._params = params
        self._n_records = 0
        self._streams: list[Any] = []
        opener.keep(self)
        stream: Any = None
        url = f"partition-{partition}"
        for function in chain:
            result = function(stream, partition, url, params)
            stream, url = result if isinstance(result, tuple) else (result, url)
            self._streams.append(stream)
        self._file = next((stream for stream in self._streams if isinstance(stream, OutputFile)), None)
        if self._file is None:
            raise DiscoError(
                "an output stream chain wrote to no file of the task; begin it with map_output_stream or "
                "reduce_output_stream, as in map_output_stream=(map_output_stream, my_stream)"
            )
        if writer is None and not hasattr(stream, "add"):
            raise DiscoError(
                f"an output stream chain ends with {shown(stream)}, which has no method add(key, value); pairs are "
                "written to the last stream by it: give it that method"
            )

    def add(self, key: Any, value: Any) -> None:
        """Write a pair."""
        self._n_records += 1
        if self._writer is None:
            self._streams[-1].add(key, value)
        else:
            self._writer(self._streams[-1], key, value, self._params)

    def close(self) -> None:
        """Close the streams that are still open, from the last to the first; a run that fails calls it too."""
        while self._streams:
            stream = self._streams.pop()
            if hasattr(stream, "close"):
                stream.close()

    def blob(self) -> Blob:
        """The content of the file, after closing the streams."""
        self.close()
        assert self._file is not None
        content = self._file.content
        return Blob("bytes", content, self._n_records, len(content))


def is_default(chain: Sequence[Callable[..., Any]], writer: Callable[..., Any] | None) -> bool:
    """Whether a chain is Disco's own, whose pairs can stay in memory as they are."""
    return writer is None and len(chain) == 2 and chain[0] in _FILES and chain[1] is func.disco_output_stream


def open_sinks(
    chain: Sequence[Callable[..., Any]],
    writer: Callable[..., Any] | None,
    partitions: Sequence[int],
    params: Any,
    opener: Opener,
    room: Room,
) -> Sequence[Sink]:
    """One output for each of the partitions; `opener` closes those that a failed run leaves open.

    Pairs that stay pairs are kept in `room`.
    """
    if is_default(chain, writer):
        return [room.buffer() for _ in partitions]
    if writer is not None and len(chain) == 2 and chain[1] is func.disco_output_stream:
        # A writer makes its own format, so Disco's does not go around it.
        chain = chain[:1]
    return [StreamSink(chain, writer, number, params, opener) for number in partitions]


class Sinks(dict[int, Sink]):
    """The outputs of a run by partition: those of `first` from the beginning, others when they are first asked for."""

    def __init__(
        self,
        chain: Sequence[Callable[..., Any]],
        writer: Callable[..., Any] | None,
        first: Sequence[int],
        params: Any,
        opener: Opener,
        room: Room,
    ) -> None:
        super().__init__(zip(first, open_sinks(chain, writer, first, params, opener, room), strict=True))
        self._made_of = chain, writer, params, opener, room

    def __missing__(self, number: int) -> Sink:
        chain, writer, params, opener, room = self._made_of
        (sink,) = open_sinks(chain, writer, [number], params, opener, room)
        self[number] = sink
        return sink
