"""Claims about Disco's file format and netstrings."""

from __future__ import annotations

import io
import pickle
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import formats, streams
from disco_sim.error import DataError, DiscoError

scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=5)
pairs_of_scalars = st.lists(st.tuples(scalars, scalars))


class Trickle:
    """A binary stream with nothing but read, which gives at most `most` bytes at a time."""

    def __init__(self, data: bytes, most: int = 1) -> None:
        self.file = io.BytesIO(data)
        self.most = most

    def read(self, n: int = -1) -> bytes:
        """The next few bytes."""
        return self.file.read(self.most if n < 0 else min(n, self.most))


@given(pairs_of_scalars, st.sampled_from([0, 1, 2, 9]), st.sampled_from([1, 20, 1 << 20]), st.sampled_from([-1, 0, 1]))
def test_disco_format_round_trip(pairs: list[Any], level: int, min_chunk: int, version: int) -> None:
    """What was written is read, for all levels of compression, sizes of blocks, and sizes of reads."""
    file = io.BytesIO()
    output = formats.DiscoOutput(file, version, level, min_chunk)
    for key, value in pairs:
        output.add(key, value)
    output.close()
    output.close()
    data = file.getvalue()
    assert list(formats.read_disco_format(Trickle(data, 3), "x")) == pairs
    assert list(formats.read_disco_format(io.BytesIO(data * 2), "x")) == pairs * 2
    assert list(formats.read_disco_format(io.BytesIO(data[1:]), "x", head=data[:1])) == pairs


def test_the_bytes_of_the_disco_format() -> None:
    """A block is version, compression, checksum, length and zlib data of pickles; an empty block ends the file."""
    data = formats.to_disco_format([("a", 1)])
    raw = pickle.dumps(("a", 1), 1)
    packed = zlib.compress(raw, 2)
    end = struct.pack("<BBIQ", 129, 0, 0, 0)
    assert data == struct.pack("<BBIQ", 129, 1, zlib.crc32(raw), len(packed)) + packed + end
    assert formats.to_disco_format([]) == end


def test_an_empty_file_has_no_pairs() -> None:
    """No bytes at all is not damage; a compressed empty block is an end mark too."""
    assert list(formats.read_disco_format(io.BytesIO(), "x")) == []
    nothing = zlib.compress(b"")
    data = struct.pack("<BBIQ", 129, 1, 0, len(nothing)) + nothing
    assert list(formats.read_disco_format(io.BytesIO(data), "x")) == []


@given(st.data())
def test_a_cut_anywhere_is_noticed(data: st.DataObject) -> None:
    """A file in Disco's format that was cut is a data error, unless damage is to be skipped."""
    whole = formats.to_disco_format([("a", 1), ("b", 2)])
    cut = whole[: data.draw(st.integers(1, len(whole) - 1))]
    with pytest.raises(DataError, match=r"cut short.*somewhere") as caught:
        list(formats.read_disco_format(io.BytesIO(cut), "somewhere"))
    assert 0 <= caught.value.offset <= len(cut)
    assert list(formats.read_disco_format(io.BytesIO(cut), "x", skip_damage=True)) in ([], [("a", 1), ("b", 2)])


def test_a_changed_byte_is_noticed() -> None:
    """A changed byte of a block is a data error, or one of the few bits that compressed data leave unused."""
    pairs = [("a", 1), ("b", 2)]
    whole = formats.to_disco_format(pairs)
    harmless: set[int] = set()
    for place in range(2, len(whole) - formats.BLOCK_HEADER.size):
        for bit in range(8):
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            try:
                assert list(formats.read_disco_format(io.BytesIO(bytes(changed)), "x")) == pairs
                harmless.add(place)
            except DataError:
                pass
    assert len(harmless) <= 1
    assert min(harmless, default=99) >= formats.BLOCK_HEADER.size


def test_damaged_blocks_can_be_skipped() -> None:
    """The error has the offset of the damaged block; with skip_damage the other blocks are read."""
    file = io.BytesIO()
    output = formats.DiscoOutput(file, compress_level=0, min_chunk=1)
    for key in "abc":
        output.add(key, 1)
    output.close()
    data = bytearray(file.getvalue())
    second = len(pickle.dumps(("a", 1), 1)) + formats.BLOCK_HEADER.size
    data[second + formats.BLOCK_HEADER.size] ^= 255
    with pytest.raises(DataError, match=f"at byte {second} is damaged: its checksum") as caught:
        list(formats.read_disco_format(io.BytesIO(bytes(data)), "x"))
    assert caught.value.offset == second
    assert list(formats.read_disco_format(io.BytesIO(bytes(data)), "x", skip_damage=True)) == [("a", 1), ("c", 1)]


def test_a_block_that_is_no_pickle_is_damaged() -> None:
    """Bytes with a right checksum that are no pickle are a data error."""
    raw = b"no pickle"
    data = struct.pack("<BBIQ", 129, 0, zlib.crc32(raw), len(raw)) + raw
    with pytest.raises(DataError, match="at byte 0 is damaged"):
        list(formats.read_disco_format(io.BytesIO(data), "x"))


def test_unknown_versions_are_refused() -> None:
    """A version that Disco's format does not have is an error with the versions it has."""
    with pytest.raises(DiscoError, match="no version 2; it has 0 to 1"):
        formats.DiscoOutput(io.BytesIO(), version=2)


def test_written_text_is_passed_as_it_is() -> None:
    """What is written, not added, is the whole file: no blocks, no end mark."""
    file = streams.OutputFile()
    output = formats.DiscoOutput(file)
    output.write("the ")
    output.write(b"cat")
    output.close()
    assert file.content == b"the cat"
    assert not file.closed


def test_one_output_has_one_format() -> None:
    """Adding pairs and writing text to the same output is refused in either order."""
    added, written = formats.DiscoOutput(io.BytesIO()), formats.DiscoOutput(io.BytesIO())
    added.add("a", 1)
    written.write(b"text")
    with pytest.raises(DiscoError, match="use one of them only"):
        added.write(b"text")
    with pytest.raises(DiscoError, match="use one of them only"):
        written.add("a", 1)


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20))))
def test_netstrings_round_trip(pairs: list[tuple[bytes, bytes]]) -> None:
    """Bytes written as netstrings are read, whatever they hold."""
    data = b"".join(formats.netstring(key, value) for key, value in pairs)
    assert list(formats.read_netstrings(Trickle(data, 5), len(data), "x")) == pairs
    assert list(formats.read_netstrings(io.BytesIO(data[1:]), None, "x", head=data[:1])) == pairs


def test_netstrings_count_bytes() -> None:
    """The length of a text is that of its UTF-8; other objects are written as their str."""
    assert formats.netstring("é", 12) == "2 é 2 12\n".encode()


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"the cat sat", 0),
        (b"3 cat", 0),
        (b"3 cat 1", 6),
        (b"3 cat 1 2", 6),
        (b"3 cat 1 22\n", 6),
        (b"3 cat 1 2\n-1 x 1 2\n", 10),
        (b"9" * 30, 0),
        (b" x", 0),
    ],
)
def test_malformed_netstrings_have_a_place(data: bytes, offset: int) -> None:
    """A netstring without length, space, line end or enough bytes is a data error with its offset."""
    with pytest.raises(DataError, match=f"at byte {offset}: ") as caught:
        list(formats.read_netstrings(io.BytesIO(data), None, "x"))
    assert caught.value.offset == offset


def test_netstrings_that_end_before_their_size() -> None:
    """Fewer bytes than the size are a data error; with an unknown size the end of the data is the end."""
    data = formats.netstring("a", 1)
    with pytest.raises(DataError, match=f"cut short at byte {len(data)} of 99"):
        list(formats.read_netstrings(io.BytesIO(data), 99, "x"))
    assert list(formats.read_netstrings(io.BytesIO(data), None, "x")) == [(b"a", b"1")]
