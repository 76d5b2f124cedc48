"""Claims about opening data, and about files in memory."""

from __future__ import annotations

import gzip
import http.server
import io
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import formats, streams
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
        Blob.of_pairs(pairs),
        Blob("pickled", pickle.dumps(pairs), len(pairs), 0),
    ):
        stream, size = streams.stream_of(blob)
        assert isinstance(stream, streams.PairStream)
        assert list(stream) == list(stream) == pairs
        assert size is None
        assert list(formats.read_disco_format(stream, "x")) == pairs


def test_stored_pairs_read_in_pieces_and_anew() -> None:
    """read(n) goes on where it was, and starts anew after close."""
    stream = streams.PairStream(Blob.of_pairs([("a", 1)], 9))
    whole = formats.to_disco_format([("a", 1)])
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
