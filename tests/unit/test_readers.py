"""Claims about readers and writers."""

from __future__ import annotations

import gzip
import io
import re
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from disco_sim import formats, func, streams
from disco_sim.error import DataError, DiscoError
from disco_sim.model.work import Blob

texts = st.text(st.characters(exclude_categories=["Cs"]))
lines_of_text = st.text(st.sampled_from("a é\U0001f600\r\n\u2028")) | texts


def lines_by_rule(text: str) -> list[str]:
    """The lines of a text: what split gives, without the empty piece after the last line end."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


@given(lines_of_text, st.integers(1, 20))
@example("a\n\nb", 1)
@example("\r\n", 1)
def test_lines_of_any_text_in_any_blocks(text: str, block_size: int) -> None:
    """Only a line feed separates lines, wherever blocks and characters are cut, from bytes and from text."""
    data = text.encode()
    expected = lines_by_rule(text)
    assert list(func.map_line_reader(io.BytesIO(data), len(data), "x", block_size=block_size)) == expected
    assert list(func.map_line_reader(io.BytesIO(data), None, "x", block_size=block_size)) == expected
    text_stream = io.StringIO(text, newline="")
    assert list(func.map_line_reader(text_stream, None, "x", block_size=block_size)) == expected


def test_a_stream_of_size_zero_has_no_lines() -> None:
    """Size 0 yields nothing; the stream is not read."""
    stream = io.BytesIO(b"the cat")
    assert list(func.map_line_reader(stream, 0, "x")) == []
    assert stream.tell() == 0


@given(lines_of_text, st.integers(1, 9), st.sampled_from([b"\xff", b"\xe9\n", b"\xf0\x9f\x98"]))
def test_undecodable_bytes_have_a_place(text: str, block_size: int, wrong: bytes) -> None:
    """Bytes that are not UTF-8 are a data error with the file and the offset of the first of them."""
    data = text.encode() + wrong
    with pytest.raises(DataError, match=r"No UTF-8 text at byte \d+.*latin\.txt") as caught:
        list(func.map_line_reader(io.BytesIO(data), len(data), "latin.txt", block_size=block_size))
    assert caught.value.offset == len(text.encode())
    assert caught.value.url == "latin.txt"


def test_stored_pairs_are_no_lines() -> None:
    """Reading a job's pairs as lines is an error that names the reader to use, and is not tried again."""
    stream = streams.PairStream(Blob.of_pairs([("a", 1)], 9))
    with pytest.raises(DiscoError, match="give map_reader=chain_reader") as caught:
        func.map_line_reader(stream, None, "x")
    assert not isinstance(caught.value, DataError)


def test_entries_that_were_read_already_pass() -> None:
    """A stream function that reads entries works with the default readers behind it."""
    entries: list[Any] = ["a", ("b", 1)]
    assert list(func.map_line_reader(iter(entries), None, "x")) == entries
    assert list(func.chain_reader(iter(entries), None, "x")) == entries


def test_lines_come_before_the_end_is_read() -> None:
    """The first lines are there when the first block is read, and next() takes one off."""
    stream = io.BytesIO(b"head\nbody\n" * 10)
    lines = func.map_line_reader(stream, None, "x", block_size=10)
    assert next(lines) == "head"
    assert stream.tell() == 10


WORD = r"(\w+)\s*"


@given(st.text(st.sampled_from("ab \u00e9\n")), st.integers(1, 9))
def test_re_reader_finds_what_finditer_finds(text: str, read_buffer_size: int) -> None:
    """Matches do not depend on how the data are cut, and str patterns give the same as bytes patterns."""
    text = text.lstrip()
    data = text.encode()
    expected = [found.groups() for found in re.finditer(WORD, text)]
    from_text = func.re_reader(WORD, io.BytesIO(data), len(data), "x", False, read_buffer_size)
    assert list(from_text) == expected
    pattern = rb"(\S+)\s*"
    from_bytes = func.re_reader(pattern, io.BytesIO(data), None, "x", read_buffer_size=read_buffer_size)
    assert list(from_bytes) == [found.groups() for found in re.finditer(pattern, data)]


def test_re_reader_as_a_job_reader() -> None:
    """partial(re_reader, pattern) takes three arguments, and a fourth (params) does not change what it does."""
    reader = partial(func.re_reader, r"(\d)")
    assert list(reader(io.BytesIO(b"12"), 2, "x")) == [("1",), ("2",)]
    assert list(reader(io.BytesIO(b"1x"), 2, "x", object())) == [("1",)]


def test_re_reader_reads_text_streams() -> None:
    """A text stream serves str and bytes patterns; its size in bytes is no matter."""
    assert list(func.re_reader("(.)", io.StringIO("é"), 2, "x")) == [("é",)]
    assert list(func.re_reader(b"(..)", io.StringIO("é"), 2, "x")) == [("é".encode(),)]


def test_re_reader_stops_at_the_first_gap(capsys: pytest.CaptureFixture[str]) -> None:
    """What does not match ends the reading; it is printed with the file, or is the last item."""
    data = b"1;2;?3;"
    assert list(func.re_reader(r"(\d);", io.BytesIO(data), 7, "numbers")) == [("1",), ("2",)]
    assert "does not match the last 3 characters of numbers: '?3;'" in capsys.readouterr().out
    tail = list(func.re_reader(rb"(\d);", io.BytesIO(data), 7, "numbers", output_tail=True))
    assert tail == [(b"1",), (b"2",), [b"?3;"]]
    assert capsys.readouterr().out == ""


def test_re_reader_does_not_loop_on_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A pattern that matches nothing at all ends the reading."""
    assert list(func.re_reader("(x*)", io.BytesIO(b"xy"), 2, "f")) == [("x",)]
    assert "last 1 characters of f: 'y'" in capsys.readouterr().out


@pytest.mark.parametrize("pattern", ["(.)", b"(.)"])
def test_re_reader_notices_missing_bytes(pattern: str | bytes) -> None:
    """Fewer bytes than the size are a data error; more are not read."""
    with pytest.raises(DataError, match="cut short at byte 2 of 3") as caught:
        list(func.re_reader(pattern, io.BytesIO(b"ab"), 3, "x"))
    assert caught.value.offset == 2
    assert len(list(func.re_reader(pattern, io.BytesIO(b"abcd"), 3, "x"))) == 3


def test_re_reader_reads_all_of_what_was_decompressed() -> None:
    """The size of compressed data does not limit the decompressed."""
    packed = gzip.compress(b"a" * 500)
    stream = func.gzip_reader(io.BytesIO(packed), len(packed), "x", None)
    assert len(list(func.re_reader("(a)", stream, len(packed), "x"))) == 500


def test_re_reader_places_undecodable_bytes() -> None:
    """A str pattern meets bytes that are not UTF-8 with a data error, also in the midst of a block's last character."""
    with pytest.raises(DataError, match="at byte 2: ") as caught:
        list(func.re_reader("(.)", io.BytesIO(b"ab\xc3"), 3, "x", False, 1))
    assert caught.value.offset == 2


pairs_of_values = st.lists(st.tuples(st.text() | st.integers(), st.none() | st.floats(allow_nan=False) | st.binary()))


@given(pairs_of_values)
def test_chain_reader_reads_what_a_job_stores(pairs: list[Any]) -> None:
    """Stored pairs, and files that disco_output_stream wrote, give the pairs that were added."""
    assert list(func.chain_reader(streams.PairStream(Blob.of_pairs(pairs)), None, "x")) == pairs
    file, url = func.map_output_stream(None, 0, "url", None)
    output = func.disco_output_stream(file, 0, url, None, min_chunk=30)
    func.nop_reduce(pairs, output, None)
    output.close()
    assert url == "url"
    assert list(func.chain_reader(io.BytesIO(file.content), len(file.content), "x")) == pairs


def test_chain_reader_is_one_function_with_three_names() -> None:
    """chain_reader, netstr_reader and disco_input_stream are the same, and so are input and output streams."""
    assert func.chain_reader is func.netstr_reader is func.disco_input_stream
    assert func.map_input_stream is func.reduce_input_stream
    assert func.map_output_stream is func.reduce_output_stream


@pytest.mark.parametrize(
    ("ignore_corrupt", "is_skipped"), [(True, True), (False, False), (1, False), (object(), False)]
)
def test_only_true_itself_skips_damage(ignore_corrupt: Any, is_skipped: bool) -> None:
    """Params in the place of ignore_corrupt do not hide damaged data."""
    data = bytearray(formats.to_disco_format([("a", 1)]))
    data[formats.BLOCK_HEADER.size] ^= 255
    records = func.chain_reader(io.BytesIO(bytes(data)), len(data), "x", ignore_corrupt)
    if is_skipped:
        assert list(records) == []
    else:
        with pytest.raises(DataError, match="damaged"):
            list(records)


def test_chain_reader_of_nothing() -> None:
    """An empty file has no pairs."""
    assert list(func.chain_reader(io.BytesIO(), 0, "x")) == []


@given(st.lists(st.tuples(texts, texts)))
def test_netstrings_written_are_read(pairs: list[tuple[str, str]]) -> None:
    """What netstr_writer wrote, chain_reader and old_netstr_reader read, as str."""
    file = streams.OutputFile()
    output = func.disco_output_stream(file, 0, "x", None)
    for key, value in pairs:
        func.netstr_writer(output, key, value, None)
    output.close()
    n_bytes = len(file.content)
    if pairs:
        assert list(func.chain_reader(io.BytesIO(file.content), n_bytes, "x")) == pairs
        assert list(func.old_netstr_reader(io.BytesIO(file.content), n_bytes, "x", object())) == pairs


def test_netstrings_of_binary_data_are_refused_as_text() -> None:
    """A netstring that is not UTF-8 is a data error, as text was expected."""
    file = streams.OutputFile()
    func.netstr_writer(file, b"\xff", 1, None)
    with pytest.raises(DataError, match="No UTF-8 text: "):
        list(func.old_netstr_reader(io.BytesIO(file.content), None, "x"))


@given(pairs_of_values)
def test_objects_written_are_read(pairs: list[Any]) -> None:
    """object_reader gives the objects that object_writer wrote."""
    file = streams.OutputFile()
    for key, value in pairs:
        func.object_writer(file, key, value, None)
    assert list(func.object_reader(io.BytesIO(file.content), len(file.content), "x")) == pairs


def test_object_reader_refuses_plain_netstrings() -> None:
    """Netstrings that hold no pickles are a data error that names the writer."""
    with pytest.raises(DataError, match="object_reader reads what object_writer wrote"):
        list(func.object_reader(io.BytesIO(b"3 cat 1 2\n"), None, "x"))


def test_gzip_reader_gives_lines_of_bytes() -> None:
    """gzip data are decompressed, and data decompressed before pass, both in lines of bytes."""
    text = b"the\ncat\n"
    for data in (gzip.compress(text), text):
        assert list(func.gzip_reader(io.BytesIO(data), len(data), "x", None)) == [b"the\n", b"cat\n"]


def test_gzip_line_reader_gives_lines_of_text() -> None:
    """gzip_line_reader gives the lines that map_line_reader gives for the decompressed text."""
    text = "thé\r\n\ncat"
    lines = func.gzip_line_reader(io.BytesIO(gzip.compress(text.encode())), None, "x", None)
    assert list(lines) == ["thé\r", "", "cat"]


@pytest.mark.parametrize("damage", ["cut", "latin"])
def test_gzip_line_reader_prints_damage_and_stops(capsys: pytest.CaptureFixture[str], damage: str) -> None:
    """The lines before the damage are given, the damage is printed with the file."""
    data = gzip.compress(b"the\ncat\n")[:-4] if damage == "cut" else gzip.compress(b"the\ncat\n\xff")
    assert list(func.gzip_line_reader(io.BytesIO(data), None, "words.gz", None)) == ["the", "cat"]
    assert "stopped in words.gz" in capsys.readouterr().out


def test_the_size_of_compressed_netstrings_is_not_that_of_the_text() -> None:
    """Netstrings that were decompressed on the way are read to their end, whatever size a stream function saw."""
    data = formats.netstring("a", 1)
    packed = streams.gunzip(io.BytesIO(gzip.compress(data)), "x")
    assert list(func.old_netstr_reader(packed, 99, "x")) == [("a", "1")]
