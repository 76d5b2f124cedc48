"""How a run reads its inputs: replicas, stream chains and readers, in Disco's calling conventions."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import length_hint
from typing import Any, TypeVar

from disco_sim import func
from disco_sim.error import DataError, DiscoError
from disco_sim.model.columns import Columns
from disco_sim.model.dialect import DOCUMENTED, Dialect
from disco_sim.model.work import Blob, Read, TaskWork
from disco_sim.readers import Lines
from disco_sim.runtime.context import TaskContext, shown
from disco_sim.runtime.pairs import name_of
from disco_sim.streams import open_url, stream_of
from disco_sim.util import argcount, schemesplit

STORED_SCHEMES = ("disco", "split")
"""URLs of these schemes are looked up in the cluster's store."""

OPENED_SCHEMES = ("", "file", "raw", "url", "http", "https")
"""URLs of these schemes are opened by everybody in the same way."""

_MANY_RECORDS = 1024
"""After how many records, where they come one by one, it is time to look at the memory."""

_PLAIN_CHAINS = ((func.map_input_stream,), (func.reduce_input_stream,))


Stream = TypeVar("Stream")


class Opener:
    """The first stream of every chain: opens URLs, also those that only a cluster can resolve.

    `fetch` gives the blob of a stored URL; paths are seen from `folder`, the one the job was submitted in.
    """

    def __init__(self, fetch: Callable[[str], Blob], folder: str = "", dialect: Dialect = DOCUMENTED) -> None:
        self.fetch = fetch
        self._folder = folder
        self._dialect = dialect
        self._opened: list[Any] = []

    def open(self, url: str, params: Any = None) -> tuple[Any, int | None, str]:
        """The (stream, size in bytes, URL) of what `url` names; `params` are for schemes of the user's own.

        Raises:
            DataError: If it cannot be opened.
        """
        scheme, rest = schemesplit(url)
        if scheme in STORED_SCHEMES:
            return (*stream_of(self.fetch(url)), url)
        if scheme == "raw" and not self._dialect.lines_are_text:
            text = rest.encode("utf-8", "surrogatepass")
            stream = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", errors="surrogatepass", newline="")
            return stream, len(text), url
        if scheme not in OPENED_SCHEMES and self._dialect.scheme_module is not None:
            module = self._dialect.scheme_module(scheme, self._folder)
            opened = module.input_stream(None, None, url, params)
            return opened if isinstance(opened, tuple) else (opened, None, url)
        return open_url(url, self._folder)

    def keep(self, stream: Stream) -> Stream:
        """`stream` itself, a file or a generator, which is closed with the others when the run ends."""
        if hasattr(stream, "close"):
            self._opened.append(stream)
        return stream

    def close(self) -> None:
        """Close everything that came out of chains, what wraps before what is wrapped.

        Raises:
            BaseException: What the first close() raised that raised anything, after all were closed.
        """
        first: BaseException | None = None
        while self._opened:
            try:
                self._opened.pop().close()
            except BaseException as error:
                first = first or error
        if first is not None:
            raise first


def through_chain(
    chain: Sequence[Callable[..., Any]], opener: Opener, url: str, params: Any
) -> tuple[Any, int | None, str]:
    """What comes out of a chain of stream functions, each of which returns a stream or (stream, size, url)."""
    stream: Any = opener
    size: int | None = None
    for function in chain:
        result = function(stream, size, url, params)
        if isinstance(result, tuple):
            before: tuple[Any, ...] = (stream, size, url)
            stream, size, url = result + before[len(result) :]
        else:
            stream = result
        if stream is not opener:
            opener.keep(stream)
        if size is not None and (type(size) is not int or size < 0):
            raise DiscoError(
                f"stream function {name_of(function)!r} gave the size {shown(size)} for {url!r}; a size is a whole "
                "number of bytes, or None when it is not known",
                function=name_of(function),
            )
    return stream, size, url


def apply_reader(reader: Callable[..., Any] | None, stream: Any, size: Any, url: str, params: Any) -> Any:
    """The records that `reader` finds in `stream`; without a reader, what iterating the stream gives."""
    if reader is None:
        return stream
    if argcount(reader) == 3:
        return reader(stream, size, url)
    return reader(stream, size, url, params)


class Inputs:
    """The inputs of one run as one iterator of records, counted in `context`."""

    def __init__(
        self,
        work: TaskWork,
        context: TaskContext,
        opener: Opener,
        chain: Sequence[Callable[..., Any]],
        reader: Callable[..., Any] | None,
        params: Any,
    ) -> None:
        self._work = work
        self._context = context
        self._opener = opener
        self._chain = tuple(chain)
        self._reader = reader
        self._params = params

    def numbers(self) -> list[int]:
        """The inputs by their number in the work, in the order in which they are read."""
        numbers = list(range(len(self._work.inputs)))
        if self._work.shuffle_order == "random":
            random.Random(self._work.luck).shuffle(numbers)
        return numbers

    def batches(self) -> Iterator[Any]:
        """The records of all inputs, some at a time: a list or columns where they are in memory, else an iterator."""
        for number in self.numbers():
            yield from self.batches_of(number)

    def batches_of(self, number: int) -> Iterator[Any]:
        """The records of one input, in the same way."""
        if self._work.inputs[number].alternatives:
            return iter((self._with_replicas(number),))
        return self._batches(number, 0)

    def records_of(self, number: int) -> Iterator[Any]:
        """The records of one input, one by one."""
        return chain.from_iterable(map(records_in, self.batches_of(number)))

    def _batches(self, number: int, replica: int) -> Iterator[Any]:
        piece = self._work.inputs[number]
        url = piece.replicas[replica][1]
        for bad_piece, bad_replica, what in self._work.bad:
            if (bad_piece, bad_replica) == (number, replica):
                raise DataError(f"Unable to access resource: {what}", url)
        scheme = schemesplit(url)[0]
        if scheme in STORED_SCHEMES:
            blob = self._work.store.blob(url)
            # Records of variables reach the function as they are, whatever the reader.
            is_plain = self._chain in _PLAIN_CHAINS and self._reader in (func.chain_reader, func.netstr_reader)
            if blob.form != "bytes" and (scheme == "split" or is_plain):
                self._context.read.append(Read(number, replica, blob.n_bytes))
                return blob.batches()
            # From here on functions of the user may see the URL, and with it where the data are.
            self._context.note_read("inputs")
        stream, size, url = through_chain(self._chain, self._opener, url, self._params)
        self._context.read.append(Read(number, replica, piece.n_bytes or size or 0))
        records = apply_reader(self._reader, stream, size, url, self._params)
        # Where the reader is one of ours that reads by the block, its records come by the block.
        return records.blocks() if isinstance(records, Lines) else iter((iter(records),))

    def _with_replicas(self, number: int) -> Iterator[Any]:
        """The records of the replica that the scheduler chose, or of the next one when reading it fails."""
        self._context.note_read("replica")
        replicas = [(replica, url) for replica, (_, url) in enumerate(self._work.inputs[number].replicas)]
        first = self._work.replica % len(replicas)

        def warn(url: str, error: Exception) -> None:
            self._context.message("WARN", f"Replica {url} failed: {error}")

        tries = replicas[first:] + replicas[:first]

        def records(replica: int, _: str) -> Iterator[Any]:
            return chain.from_iterable(map(records_in, self._batches(number, replica)))

        return first_that_reads(tries, records, warn)


def records_in(batch: Any) -> Iterator[Any]:
    """The records of a batch, one by one."""
    return batch.pairs() if isinstance(batch, Columns) else iter(batch)


def first_that_reads(
    replicas: Sequence[tuple[Any, str]],
    records_of: Callable[[Any, str], Iterable[Any]],
    warn: Callable[[str, Exception], None],
) -> Iterator[Any]:
    """The records of the first (name, URL) that can be read to its end; what a failed one gave is not given again.

    Raises:
        DataError: If every replica fails, with the last one's error.
    """
    n_given = 0
    for number, (name, url) in enumerate(replicas, 1):
        try:
            for index, record in enumerate(records_of(name, url)):
                if index >= n_given:
                    n_given += 1
                    yield record
            return
        except (DataError, OSError) as error:
            if number == len(replicas):
                raise DataError(
                    f"Exhausted all {len(replicas)} available replicas, last error was: {error}", url
                ) from error
            warn(url, error)


def records_of(
    replicas: Sequence[str],
    opener: Opener,
    chain: Sequence[Callable[..., Any]],
    reader: Callable[..., Any] | None,
    params: Any,
) -> Iterator[Any]:
    """The records that a chain of stream functions and a reader find outside of tasks, in the first replica that can be
    read; `opener` is closed at the end.

    Raises:
        DataError: If none can.
    """

    def records(_: str, url: str) -> Iterator[Any]:
        if schemesplit(url)[0] in STORED_SCHEMES and reader is func.chain_reader and tuple(chain) in _PLAIN_CHAINS:
            blob = opener.fetch(url)
            if blob.form != "bytes":
                return blob.records()
        stream, size, url = through_chain(chain, opener, url, params)
        return iter(apply_reader(reader, stream, size, url, params))

    try:
        if len(replicas) == 1:
            yield from records("", replicas[0])
        else:
            yield from first_that_reads([("", url) for url in replicas], records, func.noop)
    finally:
        opener.close()


class _AtHand:
    """A batch that is being read; `taken` are its records. What a list iterator has left tells how far it is."""

    def __init__(self, batch: list[Any] | Columns) -> None:
        self._batch = batch
        values = batch if isinstance(batch, list) else batch.values
        self.n_records = len(values)
        self._left = iter(values)
        self.taken = self._left if isinstance(batch, list) else zip(batch.keys(), self._left, strict=False)

    @property
    def n_taken(self) -> int:
        return self.n_records - length_hint(self._left)

    @property
    def record(self) -> Any:
        number, batch = self.n_taken - 1, self._batch
        if number < 0:
            return None
        return batch[number] if isinstance(batch, list) else (batch.table[batch.codes[number]], batch.values[number])


def counted(
    batches: Iterable[Any],
    context: TaskContext,
    say: Callable[[int], None],
    interval: int,
    look: Callable[[], None] = func.noop,
) -> Iterator[Any]:
    """All records of `batches` in a row; `say(n)` is called whenever another `interval` of them have been taken.

    `look` is called now and then: before each batch, and among records that come one by one.
    """
    for batch in batches:
        look()
        if isinstance(batch, (list, Columns)):
            at_hand = _AtHand(batch)
            context.follow(at_hand)
            if not interval:
                yield from at_hand.taken
                continue
            start = context.n_read
            end = start + at_hand.n_records
            while start < end:
                step = interval - start % interval
                yield from islice(at_hand.taken, step)
                start += step
                if start <= end:
                    say(start)
            continue
        context.unfollow()
        for n_read, record in enumerate(batch, context.n_read + 1):
            context.note(n_read, record)
            yield record
            if interval and n_read % interval == 0:
                say(n_read)
            if n_read % _MANY_RECORDS == 0:
                look()
