r"""Sorting more pairs than fit in memory, as the `disco` package does it: runs in files, and files of sorted pairs.

A file of pairs holds, for each, the key, a byte 0xFF, the encoded pickle of the value, and a byte 0x00.
"""

from __future__ import annotations

import os
import pickle
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from heapq import merge
from itertools import islice
from typing import Any

from disco_sim.error import DataError

BUFFER_ITEMS = 1_000_000
READ_BYTES = 8192
_ESCAPES = ((b"\\", b"\\\\"), (b"\x00", b"\\0"), (b"\xff", b"\\f"))
_PLAIN = {code[1:]: byte for byte, code in _ESCAPES}


def dsorted(iterable: Iterable[Any], buffer_size: float = 1e6, tempdir: str = ".") -> Iterator[Any]:
    """The items in order, by an external merge sort: `buffer_size` items at a time are sorted in memory.

    Equal items keep their order. The runs are unnamed files in `tempdir`, gone when the iterator ends; items travel
    through them by pickle, unless all of them fit in one buffer.

    >>> list(dsorted([3, 1, 2], buffer_size=2))
    [1, 2, 3]
    """
    return _sorted_runs(iterable, None, int(buffer_size), tempdir)


def _sorted_runs(iterable: Iterable[Any], key: Callable[[Any], Any] | None, n_items: int, folder: str) -> Iterator[Any]:
    items = iter(iterable)
    n_items = max(n_items, 1)
    first = sorted(islice(items, n_items), key=key)
    with ExitStack() as files:
        runs: list[Iterable[Any]] = [first]
        while batch := sorted(islice(items, n_items), key=key):
            file = files.enter_context(tempfile.TemporaryFile(dir=folder))
            for item in batch:
                pickle.dump(item, file, pickle.HIGHEST_PROTOCOL)
            file.seek(0)
            runs.append(_unpickled(file, len(batch)))
        yield from merge(*runs, key=key)


def _unpickled(file: Any, n_items: int) -> Iterator[Any]:
    for _ in range(n_items):
        yield pickle.load(file)


def encode(data: bytes | str) -> bytes:
    r"""The bytes in a form without 0x00 and 0xFF, which end and divide the records of a sorted file.

    >>> encode(b"a\x00b\xffc\\"), decode(encode(b"a\x00b\xffc\\"))
    (b'a\\0b\\fc\\\\', b'a\x00b\xffc\\')
    """
    coded = data.encode() if isinstance(data, str) else data
    for byte, code in _ESCAPES:
        coded = coded.replace(byte, code)
    return coded


def decode(data: bytes) -> bytes:
    """The bytes that `encode` was given."""
    return re.sub(rb"\\(.)", lambda found: _PLAIN.get(found[1], found[0]), data, flags=re.DOTALL)


def disk_sort(
    worker: Any, input: Iterable[tuple[Any, Any]], filename: str, sort_buffer_size: str = "10%"
) -> Iterator[tuple[bytes, Any]]:
    """The pairs in the byte order of their keys, by way of the file `filename`, which stays.

    `worker` is told nothing here and may be None. Pairs of one key keep their order.

    Raises:
        ValueError: If a key is not bytes, or has a byte 0x00 or 0xFF.
    """
    with open(filename, "wb") as file:
        for key, value in input:
            if not isinstance(key, bytes):
                raise ValueError("Keys must be bytes for external sort", key)
            if b"\xff" in key or b"\x00" in key:
                raise ValueError("Cannot sort key with 0xFF or 0x00 bytes", key)
            file.write(key + b"\xff" + encode(pickle.dumps(value, 1)) + b"\x00")
    unix_sort(filename, sort_buffer_size)
    return _pairs_of(filename)


def _pairs_of(filename: str) -> Iterator[tuple[bytes, Any]]:
    with open(filename, "rb") as file:
        yield from sort_reader(file, filename)


def unix_sort(filename: str, sort_buffer_size: str = "10%") -> None:
    """Sort a file of pairs in place, by the bytes of their keys.

    No program is started: it is sorted here, a million pairs at a time, so `sort_buffer_size` has nothing to say.

    Raises:
        DataError: If the file cannot be read.
    """
    folder = os.path.dirname(os.path.abspath(filename))
    try:
        file = open(filename, "rb")  # noqa: SIM115 - the next line closes it
    except OSError as error:
        raise DataError(f"Cannot sort the file: {error.strerror}; write it first", filename) from error
    with file, tempfile.NamedTemporaryFile(dir=folder, delete=False) as output:
        try:
            for record in _sorted_runs(_records(file, filename, READ_BYTES), _key_of, BUFFER_ITEMS, folder):
                output.write(record + b"\x00")
        except BaseException:
            os.unlink(output.name)
            raise
    os.replace(output.name, filename)


def _key_of(record: bytes) -> bytes:
    return record.partition(b"\xff")[0]


def sort_reader(fd: Any, fname: str, read_buffer_size: int = READ_BYTES) -> Iterator[tuple[bytes, Any]]:
    """The pairs of a binary file that `disk_sort` wrote; only for data you trust, as unpickling may run code.

    Raises:
        DataError: If a record is damaged or cut short.
    """
    for record in _records(fd, fname, read_buffer_size):
        key, found, value = record.partition(b"\xff")
        try:
            if not found:
                raise ValueError("it has no byte 0xFF")
            pair = key, pickle.loads(decode(value))
        except Exception as error:  # damaged pickles raise anything
            raise DataError(f"No pair of a sorted file: {record[:40]!r}: {error}; sort it again", fname) from error
        yield pair


def _records(fd: Any, url: str, n_bytes: int) -> Iterator[bytes]:
    begun: list[bytes] = []
    while block := fd.read(n_bytes):
        head, *rest = block.split(b"\x00")
        begun.append(head)
        if rest:
            yield b"".join(begun)
            begun = [rest.pop()]
            yield from rest
    if any(begun):
        raise DataError("The sorted file is cut short: its last record has no byte 0x00; sort it again", url)
