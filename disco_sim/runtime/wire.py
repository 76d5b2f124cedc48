"""What travels between a task and an external program, byte by byte.

All of it are numbers and pairs of bytes behind their lengths; a number has four bytes, the lowest first (`<I`):

    input             [length, parameters]   key length, key, value length, value   and so on
    map's answer      for each pair of the input: n, then n pairs
    reduce's output   at any time: n, then n pairs; any number of such lists

Pairs and lists are Disco's. That numbers are little-endian and how parameters come, Disco's documentation does not
say; it is decided here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from disco_sim.error import DiscoError
from disco_sim.formats import netstring
from disco_sim.runtime.context import shown
from disco_sim.util import iskv

LARGEST = 1 << 27
"""The most bytes of a key or a value, and pairs of a list. Text that is taken for a number is more than that."""

NUMBER = struct.Struct("<I")

Pair = tuple[bytes, bytes]


def packed(record: Any) -> bytes:
    """A record as a program gets it: a pair, or the record and an empty value.

    Bytes are sent as they are, text as UTF-8, anything else as its `str`.

    >>> packed(("cat", 2))
    b'\\x03\\x00\\x00\\x00cat\\x01\\x00\\x00\\x002'
    >>> packed("cat") == packed(("cat", b""))
    True

    Raises:
        DiscoError: If a key or value is too long.
    """
    key, value = record if iskv(record) else (record, b"")
    return with_length(as_bytes(key)) + with_length(as_bytes(value))


def read_number(read: Callable[[int], bytes]) -> int | None:
    """The next number that `read(n_bytes)` gives; None at the end of the data.

    Raises:
        ValueError: If it is cut, or more than LARGEST.
    """
    data = read(NUMBER.size)
    if not data:
        return None
    if len(data) < NUMBER.size:
        raise ValueError(f"a number is cut after {len(data)} of {NUMBER.size} bytes: {data!r}")
    number: int = NUMBER.unpack(data)[0]
    if number > LARGEST:
        raise ValueError(f"the bytes {data!r} are no number up to {LARGEST:,}")
    return number


def read_pairs(read: Callable[[int], bytes], n_pairs: int) -> Iterator[Pair]:
    """The next `n_pairs` pairs that `read(n_bytes)` gives.

    >>> import io
    >>> list(read_pairs(io.BytesIO(packed(("cat", 2))).read, 1))
    [(b'cat', b'2')]

    Raises:
        ValueError: If they are cut, or a length is more than LARGEST.
    """
    for number in range(n_pairs):
        parts = []
        for what in ("key", "value"):
            length = read_number(read)
            if length is None:
                raise ValueError(f"the output ends before the {what} of pair {number + 1} of {n_pairs}")
            part = read(length)
            if len(part) < length:
                raise ValueError(
                    f"the {what} of pair {number + 1} of {n_pairs} is cut after {len(part)} of {length} bytes"
                )
            parts.append(part)
        yield parts[0], parts[1]


def encoded(ext_params: Any) -> bytes | None:
    """What the program gets in front of all records, without its length; None for nothing.

    Text and bytes are sent as they are, a dict as netstrings, a line for each of its entries.

    >>> encoded({"stop": "the", "n": 3})
    b'4 stop 3 the\\n1 n 1 3\\n'

    Raises:
        DiscoError: If it is anything else, or has something else in it.
    """
    if ext_params is None or (isinstance(ext_params, Mapping) and not ext_params):
        return None
    if isinstance(ext_params, (str, bytes)):
        return as_bytes(ext_params)
    entries = ext_params.items() if isinstance(ext_params, Mapping) else ((ext_params, ""),)
    if not isinstance(ext_params, Mapping) or not all(
        isinstance(part, (str, bytes, int, float)) for entry in entries for part in entry
    ):
        raise DiscoError(
            f"ext_params={shown(ext_params)} was given; ext_params is text, bytes, or a dict of text, bytes and "
            "numbers, which a program in any language can read: {'stop': 'the', 'n': 3}",
            argument="ext_params",
        )
    return b"".join(netstring(key, value) for key, value in entries)


def as_bytes(value: Any) -> bytes:
    """Bytes as they are, text as UTF-8, anything else as its `str`."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    return str(value).encode("utf-8", "surrogatepass")


def with_length(data: bytes) -> bytes:
    """The data behind their length.

    Raises:
        DiscoError: If they are too long.
    """
    if len(data) > LARGEST:
        raise DiscoError(
            f"{len(data):,} bytes were to be sent to an external program in one piece; a key, a value or the "
            f"parameters have at most {LARGEST:,}: cut the input into more records, or ship a file with the program"
        )
    return NUMBER.pack(len(data)) + data
