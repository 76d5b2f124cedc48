"""Claims about external sorting, and about files of sorted pairs."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim.compat import sorting
from disco_sim.error import DataError

keys = st.binary(max_size=4).filter(lambda key: b"\x00" not in key and b"\xff" not in key)
values = st.none() | st.integers() | st.binary(max_size=8) | st.text(max_size=4) | st.floats(allow_nan=False)


@given(st.binary())
def test_encoded_bytes_come_back(data: bytes) -> None:
    """Any bytes survive, and the two bytes that mean something in a file do not occur."""
    coded = sorting.encode(data)
    assert sorting.decode(coded) == data
    assert not {0x00, 0xFF} & set(coded)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers())), st.integers(1, 7))
def test_dsorted_is_sorted(items: list[tuple[int, int]], buffer_size: int) -> None:
    """The result is that of sorted(), however small the buffer is."""
    assert list(sorting.dsorted(items, buffer_size, tempdir=tempfile.gettempdir())) == sorted(items)


def test_dsorted_leaves_no_files(tmp_path: Path) -> None:
    """Runs are gone after the last item, and when the iterator is given up."""
    assert list(sorting.dsorted(range(10, 0, -1), 3, str(tmp_path))) == list(range(1, 11))
    begun = sorting.dsorted(range(10, 0, -1), 3, str(tmp_path))
    assert next(begun) == 1
    begun.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


@given(pairs=st.lists(st.tuples(keys, values), max_size=30))
def test_disk_sort_is_a_stable_sort_by_key(tmp_path_factory: pytest.TempPathFactory, pairs: list[Any]) -> None:
    """Pairs come back in byte order of their keys, those of one key in the order they were given."""
    path = tmp_path_factory.mktemp("sort") / "pairs"
    assert list(sorting.disk_sort(None, pairs, str(path))) == sorted(pairs, key=lambda pair: pair[0])
    assert [file.name for file in path.parent.iterdir()] == ["pairs"]


@pytest.mark.parametrize(
    ("key", "said"), [("a", "Keys must be bytes"), (b"a\xff", "0xFF or 0x00"), (b"\x00", "0xFF or 0x00")]
)
def test_keys_that_cannot_be_sorted(tmp_path: Path, key: Any, said: str) -> None:
    """Keys are bytes without the two bytes that divide a file's records; the error holds the key."""
    with pytest.raises(ValueError, match=said) as caught:
        sorting.disk_sort(None, [(key, 1)], str(tmp_path / "pairs"))
    assert caught.value.args[1] == key


def test_values_of_any_size_and_byte(tmp_path: Path) -> None:
    """A value of a megabyte and one full of 0xFF are no trouble, as they were to Disco 0.5.4."""
    pairs = [(b"b", b"\xff" * 1000), (b"a", b"\x00" * 2_000_000)]
    assert list(sorting.disk_sort(None, pairs, str(tmp_path / "pairs"))) == pairs[::-1]


@pytest.mark.parametrize("data", [b"key value\x00", b"key\xffno pickle\x00", b"key\xffcut"])
def test_damaged_files_are_data_errors(data: bytes) -> None:
    """A record without its parts, with a bad pickle, or without an end is told, with the file's name."""
    with pytest.raises(DataError, match=r"words\.sorted"):
        list(sorting.sort_reader(io.BytesIO(data), "words.sorted"))


def test_small_reads_make_no_difference(tmp_path: Path) -> None:
    """Records that lie across reads are put together."""
    path = tmp_path / "pairs"
    pairs = [(b"key%d" % number, number) for number in range(5)]
    list(sorting.disk_sort(None, pairs, str(path)))
    assert list(sorting.sort_reader(io.BytesIO(path.read_bytes()), "pairs", 1)) == pairs


def test_sorting_what_is_not_there(tmp_path: Path) -> None:
    """A missing file is a DataError; a damaged one is left as it was, and nothing lies about."""
    with pytest.raises(DataError, match="No such file"):
        sorting.unix_sort(str(tmp_path / "none"))
    (tmp_path / "cut").write_bytes(b"b\xff1\x00a\xff")
    with pytest.raises(DataError, match="cut short"):
        sorting.unix_sort(str(tmp_path / "cut"))
    assert [file.name for file in tmp_path.iterdir()] == ["cut"]
