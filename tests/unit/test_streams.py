"""Claims about opening, reading and writing data."""

from __future__ import annotations

import gzip
import http.server
import io
import pickle
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import streams
from disco_sim.error import CommError, DataError, DiscoError
from disco_sim.model.work import Blob

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


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The URL of a local web server."""
    pages = {"/words": b"the cat", "/words.gz": gzip.compress(b"the cat"), "/plain.gz": b"not packed"}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/cut":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.write(b"the c")
            elif self.path in pages:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(pages[self.path])
            else:
                self.send_error(404)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the machine must not see the tests' requests."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A text file of 16 bytes in three lines."""
    path = tmp_path / "words.txt"
    path.write_bytes(b"the cat\nsat on\ni")
    return path


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_local_files_are_opened_with_their_size(words: Path, scheme: str) -> None:
    """A path, with or without file://, gives its bytes, its size and the URL as given."""
    stream, size, url = streams.open_url(f"{scheme}{words}")
    with stream:
        assert (stream.read(), size, url) == (b"the cat\nsat on\ni", 16, f"{scheme}{words}")


@pytest.mark.parametrize("path", ["no/such/file", "no/such/file?bytes=0-1", "/", "nul\0"])
def test_a_file_that_cannot_be_opened_is_named(path: str) -> None:
    """A missing file, a directory and an impossible name are data errors that name the file."""
    with pytest.raises(DataError, match="Cannot open the file") as caught:
        streams.open_url(path)
    assert caught.value.url == path
    assert path in str(caught.value)


def test_a_gzip_file_is_decompressed_by_its_ending(tmp_path: Path) -> None:
    """A gzip file named .gz gives the text, in lines, without a size."""
    path = tmp_path / "words.gz"
    path.write_bytes(gzip.compress(b"the cat\nsat"))
    stream, size, _ = streams.open_url(str(path))
    with stream:
        assert list(stream) == [b"the cat\n", b"sat"]
    assert size is None


def test_gzip_needs_both_ending_and_content(tmp_path: Path) -> None:
    """Plain text named .gz and gzip data named otherwise are given as they are."""
    for name, data in (("words.gz", b"the cat"), ("words.bin", gzip.compress(b"the cat"))):
        (tmp_path / name).write_bytes(data)
        stream, size, _ = streams.open_url(str(tmp_path / name))
        with stream:
            assert (stream.read(), size) == (data, len(data))


@pytest.mark.parametrize("damage", [slice(0, -9), slice(0, 6)])
def test_damaged_gzip_is_a_data_error(tmp_path: Path, damage: slice) -> None:
    """A gzip file that was cut is a data error when reading comes there."""
    path = tmp_path / "words.gz"
    path.write_bytes(gzip.compress(bytes(range(256)) * 9)[damage])
    stream, _, _ = streams.open_url(str(path))
    with stream, pytest.raises(DataError, match=r"damaged or cut short.*words\.gz"):
        stream.read()


def test_closing_a_gunzipped_stream_closes_the_file(tmp_path: Path) -> None:
    """Whoever closes what gunzip gave closes the stream below it too."""
    file = io.BytesIO(gzip.compress(b"x"))
    stream = streams.gunzip(file, "x")
    stream.close()
    stream.close()
    assert file.closed


def test_gunzip_takes_anything_with_read() -> None:
    """A stream with nothing but read(n) is enough, also when it gives a byte at a time."""
    assert streams.gunzip(Trickle(gzip.compress(b"the cat"), 7), "x").read() == b"the cat"
    plain = streams.gunzip(Trickle(b"the cat", 2), "x")
    assert plain.read() == b"the cat"
    plain.close()


@given(st.binary(max_size=40).filter(lambda data: not data.startswith(streams.GZIP_MAGIC)), st.integers(1, 9))
def test_gunzip_round_trip(data: bytes, n: int) -> None:
    """gunzip undoes gzip once, and leaves other bytes alone."""
    assert streams.gunzip(io.BytesIO(gzip.compress(data, n)), "x").read() == data
    assert streams.gunzip(io.BytesIO(data), "x").read() == data


@given(st.lists(st.integers(0, 16), min_size=2, max_size=2).map(sorted))
def test_a_byte_range_is_that_part_of_the_file(tmp_path_factory: pytest.TempPathFactory, span: list[int]) -> None:
    """PATH?bytes=START-END gives the bytes from START up to, not including, END."""
    path = tmp_path_factory.mktemp("range") / "words"
    text = b"the cat\nsat on\ni"
    path.write_bytes(text)
    start, end = span
    stream, size, _ = streams.open_url(f"file://{path}?bytes={start}-{end}")
    with stream:
        assert (stream.read(), size) == (text[start:end], end - start)


def test_a_byte_range_reads_in_pieces_and_lines(words: Path) -> None:
    """A range is a file like any other: read(n) and lines end at its end."""
    stream, _, _ = streams.open_url(f"{words}?bytes=4-11")
    with stream:
        assert stream.read(2) == b"ca"
        assert list(stream) == [b"t\n", b"sat"]


@pytest.mark.parametrize("span", ["0-17", "9-8", "17-17"])
def test_a_range_outside_the_file_is_a_data_error(words: Path, span: str) -> None:
    """A range that the file does not have is an error with the file's size."""
    with pytest.raises(DataError, match="The file has 16 bytes"):
        streams.open_url(f"{words}?bytes={span}")


def test_a_file_may_be_named_like_a_range(tmp_path: Path) -> None:
    """A file of that very name wins over the range of another."""
    (tmp_path / "a").write_bytes(b"short")
    (tmp_path / "a?bytes=0-1").write_bytes(b"this one")
    stream, size, _ = streams.open_url(str(tmp_path / "a?bytes=0-1"))
    with stream:
        assert (stream.read(), size) == (b"this one", 8)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_raw_is_the_text_itself(text: str) -> None:
    """raw:// gives all that follows it, as UTF-8."""
    stream, size, _ = streams.open_url("raw://" + text)
    data = stream.read()
    assert data.decode() == text
    assert size == len(data)


def test_unknown_schemes_are_refused_with_the_known_ones() -> None:
    """An unknown scheme is not a data error: trying again would not help."""
    with pytest.raises(DiscoError, match=r"unknown scheme 'ftp'.*raw, http, https") as caught:
        streams.open_url("ftp://host/file")
    assert not isinstance(caught.value, DataError)


def test_web_pages_are_read(site: str) -> None:
    """http:// gives the page and its size; a .gz page that is gzip is decompressed and has none."""
    stream, size, _ = streams.open_url(f"{site}/words")
    assert (stream.read(), size) == (b"the cat", 7)
    stream, size, _ = streams.open_url(f"{site}/words.gz")
    assert (stream.read(), size) == (b"the cat", None)
    stream, size, _ = streams.open_url(f"{site}/plain.gz")
    assert (stream.read(), size) == (b"not packed", 10)


def test_web_errors_have_the_status(site: str) -> None:
    """An HTTP error is a CommError with its code, and survives pickling."""
    with pytest.raises(CommError, match="answered 404") as caught:
        streams.open_url(f"{site}/none")
    assert pickle.loads(pickle.dumps(caught.value)).code == 404


def test_web_pages_that_are_cut_or_not_served(site: str) -> None:
    """A page that ends early, a server that is not there and a URL that is none are CommErrors without a code."""
    for url in (f"{site}/cut", "http://127.0.0.1:1/", "http://[bad/", "http://a:b/"):
        with pytest.raises(CommError, match="Cannot read from the server") as caught:
            streams.open_url(url)
        assert caught.value.code is None
        assert isinstance(pickle.loads(pickle.dumps(caught.value)), CommError)


@given(pairs_of_scalars)
def test_stored_pairs_are_pairs_or_bytes(pairs: list[Any]) -> None:
    """A stream of stored pairs iterates over them, and its bytes are the same pairs in Disco's file format."""
    for blob in (
        Blob("pairs", pairs, len(pairs), 0),
        Blob("pickled", pickle.dumps(pairs), len(pairs), 0),
    ):
        stream, size = streams.stream_of(blob)
        assert isinstance(stream, streams.PairStream)
        assert list(stream) == list(stream) == pairs
        assert size is None
        assert list(streams.read_disco_format(stream, "x")) == pairs


def test_stored_pairs_read_in_pieces_and_anew() -> None:
    """read(n) goes on where it was, and starts anew after close."""
    stream = streams.PairStream(Blob("pairs", [("a", 1)], 1, 9))
    whole = streams.to_disco_format([("a", 1)])
    assert stream.read(3) + stream.read() == whole
    assert stream.read() == b""
    stream.close()
    assert stream.read(None) == whole


def test_stored_bytes_are_a_file() -> None:
    """A blob of bytes is a binary file with its size."""
    stream, size = streams.stream_of(Blob("bytes", b"the cat", 1, 7))
    assert (stream.read(), size) == (b"the cat", 7)


def test_an_output_file_keeps_its_content() -> None:
    """The content is there before and after closing, twice too; text is written as UTF-8."""
    output = streams.OutputFile()
    output.write("é")
    output.write(b"-")
    output.add("k", 1)
    expected = "é-1 k 1 1\n".encode()
    assert output.content == expected
    output.close()
    output.close()
    assert output.content == expected


@given(pairs_of_scalars, st.sampled_from([0, 1, 2, 9]), st.sampled_from([1, 20, 1 << 20]), st.sampled_from([-1, 0, 1]))
def test_disco_format_round_trip(pairs: list[Any], level: int, min_chunk: int, version: int) -> None:
    """What was written is read, for all levels of compression, sizes of blocks, and sizes of reads."""
    file = io.BytesIO()
    output = streams.DiscoOutput(file, version, level, min_chunk)
    for key, value in pairs:
        output.add(key, value)
    output.close()
    output.close()
    data = file.getvalue()
    assert list(streams.read_disco_format(Trickle(data, 3), "x")) == pairs
    assert list(streams.read_disco_format(io.BytesIO(data * 2), "x")) == pairs * 2
    assert list(streams.read_disco_format(io.BytesIO(data[1:]), "x", head=data[:1])) == pairs


def test_the_bytes_of_the_disco_format() -> None:
    """A block is version, compression, checksum, length and zlib data of pickles; an empty block ends the file."""
    data = streams.to_disco_format([("a", 1)])
    raw = pickle.dumps(("a", 1), 1)
    packed = zlib.compress(raw, 2)
    end = struct.pack("<BBIQ", 129, 0, 0, 0)
    assert data == struct.pack("<BBIQ", 129, 1, zlib.crc32(raw), len(packed)) + packed + end
    assert streams.to_disco_format([]) == end


def test_an_empty_file_has_no_pairs() -> None:
    """No bytes at all is not damage; a compressed empty block is an end mark too."""
    assert list(streams.read_disco_format(io.BytesIO(), "x")) == []
    nothing = zlib.compress(b"")
    data = struct.pack("<BBIQ", 129, 1, 0, len(nothing)) + nothing
    assert list(streams.read_disco_format(io.BytesIO(data), "x")) == []


@given(st.data())
def test_a_cut_anywhere_is_noticed(data: st.DataObject) -> None:
    """A file in Disco's format that was cut is a data error, unless damage is to be skipped."""
    whole = streams.to_disco_format([("a", 1), ("b", 2)])
    cut = whole[: data.draw(st.integers(1, len(whole) - 1))]
    with pytest.raises(DataError, match=r"cut short.*somewhere") as caught:
        list(streams.read_disco_format(io.BytesIO(cut), "somewhere"))
    assert 0 <= caught.value.offset <= len(cut)
    assert list(streams.read_disco_format(io.BytesIO(cut), "x", skip_damage=True)) in ([], [("a", 1), ("b", 2)])


@given(st.data())
def test_a_changed_byte_is_noticed(data: st.DataObject) -> None:
    """A changed byte of a block's data, checksum or length is a data error."""
    whole = bytearray(streams.to_disco_format([("a", 1), ("b", 2)]))
    place = data.draw(st.integers(2, len(whole) - streams.BLOCK_HEADER.size - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DataError):
        list(streams.read_disco_format(io.BytesIO(bytes(whole)), "x"))


def test_damaged_blocks_can_be_skipped() -> None:
    """The error has the offset of the damaged block; with skip_damage the other blocks are read."""
    file = io.BytesIO()
    output = streams.DiscoOutput(file, compress_level=0, min_chunk=1)
    for key in "abc":
        output.add(key, 1)
    output.close()
    data = bytearray(file.getvalue())
    second = len(pickle.dumps(("a", 1), 1)) + streams.BLOCK_HEADER.size
    data[second + streams.BLOCK_HEADER.size] ^= 255
    with pytest.raises(DataError, match=f"at byte {second} is damaged: its checksum") as caught:
        list(streams.read_disco_format(io.BytesIO(bytes(data)), "x"))
    assert caught.value.offset == second
    assert list(streams.read_disco_format(io.BytesIO(bytes(data)), "x", skip_damage=True)) == [("a", 1), ("c", 1)]


def test_a_block_that_is_no_pickle_is_damaged() -> None:
    """Bytes with a right checksum that are no pickle are a data error."""
    raw = b"no pickle"
    data = struct.pack("<BBIQ", 129, 0, zlib.crc32(raw), len(raw)) + raw
    with pytest.raises(DataError, match="at byte 0 is damaged"):
        list(streams.read_disco_format(io.BytesIO(data), "x"))


def test_unknown_versions_are_refused() -> None:
    """A version that Disco's format does not have is an error with the versions it has."""
    with pytest.raises(DiscoError, match="no version 2; it has 0 to 1"):
        streams.DiscoOutput(io.BytesIO(), version=2)


def test_written_text_is_passed_as_it_is() -> None:
    """What is written, not added, is the whole file: no blocks, no end mark."""
    file = streams.OutputFile()
    output = streams.DiscoOutput(file)
    output.write("the ")
    output.write(b"cat")
    output.close()
    assert file.content == b"the cat"
    assert not file.closed


def test_one_output_has_one_format() -> None:
    """Adding pairs and writing text to the same output is refused in either order."""
    added, written = streams.DiscoOutput(io.BytesIO()), streams.DiscoOutput(io.BytesIO())
    added.add("a", 1)
    written.write(b"text")
    with pytest.raises(DiscoError, match="use one of them only"):
        added.write(b"text")
    with pytest.raises(DiscoError, match="use one of them only"):
        written.add("a", 1)


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20))))
def test_netstrings_round_trip(pairs: list[tuple[bytes, bytes]]) -> None:
    """Bytes written as netstrings are read, whatever they hold."""
    data = b"".join(streams.netstring(key, value) for key, value in pairs)
    assert list(streams.read_netstrings(Trickle(data, 5), len(data), "x")) == pairs
    assert list(streams.read_netstrings(io.BytesIO(data[1:]), None, "x", head=data[:1])) == pairs


def test_netstrings_count_bytes() -> None:
    """The length of a text is that of its UTF-8; other objects are written as their str."""
    assert streams.netstring("é", 12) == "2 é 2 12\n".encode()


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
        list(streams.read_netstrings(io.BytesIO(data), None, "x"))
    assert caught.value.offset == offset


def test_netstrings_that_end_before_their_size() -> None:
    """Fewer bytes than the size are a data error, except where the size is that of compressed data."""
    data = streams.netstring("a", 1)
    with pytest.raises(DataError, match=f"cut short at byte {len(data)} of 99"):
        list(streams.read_netstrings(io.BytesIO(data), 99, "x"))
    packed = streams.gunzip(io.BytesIO(gzip.compress(data)), "x")
    assert list(streams.read_netstrings(packed, 99, "x")) == [(b"a", b"1")]
