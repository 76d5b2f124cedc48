"""Claims about stream functions, partition functions and ready-made job functions."""

from __future__ import annotations

import builtins
import contextlib
import csv
import enum
import gzip
import hashlib
import io
import pickle
from collections import Counter, namedtuple
from decimal import Decimal
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import formats, func, readers
from disco_sim.error import DataError, PartitionError
from disco_sim.util import argcount

# Stream functions


def test_map_input_stream_opens_urls() -> None:
    """Without an opener, the URL is opened by its scheme."""
    stream, size, url = func.map_input_stream(None, None, "raw://the cat", None)
    assert (stream.read(), size, url) == (b"the cat", 7, "raw://the cat")


def test_map_input_stream_uses_the_opener_of_the_job() -> None:
    """What the runtime passes as stream opens the URL, if it can open, and gets params for it."""

    class Opener:
        def open(self, url: str, params: str) -> tuple[str, int, str]:
            return "stream", 6, url + params

    assert func.map_input_stream(Opener(), None, "tag://x", "!") == ("stream", 6, "tag://x!")


@pytest.mark.parametrize("string", ["é", "é".encode()])
def test_string_input_stream_has_its_size_in_bytes(string: str | bytes) -> None:
    """A string is a binary stream of its UTF-8 bytes."""
    stream, size, url = func.string_input_stream(string, None, "x", None)
    assert (stream.read(), size, url) == ("é".encode(), 2, "x")


class OnlyRead:
    """A stream of a user's own: nothing but read."""

    def __init__(self, data: bytes) -> None:
        self.read = io.BytesIO(data).read


@pytest.mark.parametrize("wrap", [io.BytesIO, OnlyRead, lambda data: io.StringIO(data.decode(), newline="")])
def test_text_input_stream_serves_csv(wrap: Any) -> None:
    """csv.reader gets line ends as they are, from anything that reads."""
    data = 'é;"two\r\nlines"\r\nlast;1'.encode()
    text, size, url = func.text_input_stream(wrap(data), len(data), "x", None)
    assert (size, url) == (None, "x")
    assert list(csv.reader(text, delimiter=";")) == [["é", "two\r\nlines"], ["last", "1"]]


@pytest.mark.parametrize("use", [list, lambda text: text.read(), lambda text: text.readline()])
def test_text_input_stream_names_the_url_of_wrong_bytes(use: Any) -> None:
    """Bytes that are not UTF-8 are a data error with the URL, however they are read."""
    text, _, _ = func.text_input_stream(io.BytesIO(b"\xe9\n"), None, "latin.csv", None)
    with pytest.raises(DataError, match=r"No UTF-8 text: .*latin\.csv"):
        use(text)


def read_through(chain: tuple[Any, ...], url: str) -> list[Any]:
    """The entries of a URL that went through stream functions, as a runtime calls and closes them."""
    stream: Any = None
    size: int | None = None
    with contextlib.ExitStack() as opened:
        for function in chain:
            result = function(stream, size, url, object())
            stream, size, url = result if isinstance(result, tuple) else (result, size, url)
            if hasattr(stream, "close"):
                opened.callback(stream.close)
        return list(func.map_line_reader(stream, size, url))


def test_ready_chains_read_with_the_default_reader(tmp_path: Any) -> None:
    """Each ready tuple of stream functions reads its kind of file, with the default reader behind it."""
    (tmp_path / "plain").write_bytes(b"a\nb\n")
    (tmp_path / "packed").write_bytes(gzip.compress(b"a\nb\n"))
    (tmp_path / "pairs").write_bytes(formats.to_disco_format([("a", 1)]))
    assert read_through(func.default_stream, f"{tmp_path}/plain") == ["a", "b"]
    assert read_through(func.gzip_stream, f"{tmp_path}/packed") == ["a", "b"]
    assert read_through(func.gzip_line_stream, f"{tmp_path}/packed") == ["a", "b"]
    assert read_through(func.chain_stream, f"{tmp_path}/pairs") == [("a", 1)]


# Partition functions

partition_numbers = st.integers(1, 50)
plain_keys = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
keys = st.recursive(plain_keys, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=5)


@pytest.mark.parametrize(
    ("key", "expected"),
    [("a", [0, 1, 1, 1, 7]), ("the", [0, 1, 2, 3, 9]), ("", [0, 0, 0, 2, 6]), ("é", [0, 1, 1, 3, 5])],
)
def test_default_partition_is_that_of_disco(key: str, expected: list[int]) -> None:
    """str and bytes keys go where Disco 0.5.4 was seen to put them."""
    for written in (key, key.encode()):
        assert [func.default_partition(written, n, None) for n in (1, 2, 3, 4, 10)] == expected


@given(keys, partition_numbers)
def test_default_partition_is_in_range(key: Any, n: int) -> None:
    """Every supported key has a partition, always the same one."""
    found = func.default_partition(key, n, None)
    assert found in range(n)
    assert found == func.default_partition(pickle.loads(pickle.dumps(key)), n, object())


numbers = st.integers(-3, 3) | st.integers() | st.integers(0, 1100).map(lambda n: 2**n)


@given(numbers, partition_numbers)
def test_equal_numbers_go_together(number: int, n: int) -> None:
    """A whole number has one partition as int, as float, as bool, and in tuples."""
    equals: list[Any] = [number, (number,)]
    if abs(number) < 2**1000 and float(number) == number:
        equals += [float(number), (float(number),)]
    if number in (0, 1):
        equals += [bool(number), (bool(number),)]
    if number == 0:
        equals += [-0.0, (-0.0,)]
    if abs(number) < 2**63:
        equals += [numpy.int64(number), (numpy.int64(number),)]
    by_key: dict[Any, set[int]] = {}
    for key in equals:
        by_key.setdefault(key, set()).add(func.default_partition(key, n, None))
    assert all(len(partitions) == 1 for partitions in by_key.values())
    assert len(by_key) == 2


@given(st.lists(keys, max_size=30), partition_numbers)
def test_equal_keys_go_together(some: list[Any], n: int) -> None:
    """Whatever two keys are equal, their partition is one."""
    first: dict[Any, int] = {}
    for key in some:
        assert func.default_partition(key, n, None) == first.setdefault(key, func.default_partition(key, n, None))


def test_equal_keys_of_other_classes_go_together() -> None:
    """Named tuples, enum members, numpy's strings and floats go where the plain keys go that they equal."""
    point = namedtuple("point", "x y")
    colour = enum.IntEnum("colour", "red")
    for key, plain in [
        (point(1, "a"), (True, "a")),
        (colour.red, 1),
        (numpy.str_("a"), "a"),
        (numpy.float64(0.1), 0.1),
        (numpy.float64(2), 2),
        (numpy.uint8(7), 7.0),
    ]:
        assert key == plain
        assert func.default_partition(key, 997, None) == func.default_partition(plain, 997, None)


def test_the_text_of_a_number_is_decimal() -> None:
    """A number goes where its decimal text goes; one with thousands of digits has a partition too."""
    assert func.default_partition(-12, 997, None) == func.default_partition("-12", 997, None)
    assert func.default_partition(0.5, 997, None) == int(hashlib.md5(b"0.5").hexdigest(), 16) % 997
    assert func.default_partition(10**5000, 997, None) in range(997)


def test_tuples_with_other_borders_spread() -> None:
    """Tuples whose texts would run together are told apart."""
    assert (
        len({func.default_partition(key, 10**9, None) for key in [("a", "b"), ("ab",), ("a,1:b",), (("a", "b"),)]}) == 4
    )


@pytest.mark.parametrize("key", [["a"], {"a"}, {}, object, Decimal(1), 1j, bytearray(b"a"), numpy.float32(0.5)])
def test_other_keys_have_no_partition(key: Any) -> None:
    """A key of another type is an error with the key, its type and the ways out."""
    pattern = rf"has the type {type(key).__qualname__}.*yield such a key.*partition=function"
    with pytest.raises(PartitionError, match=pattern) as caught:
        func.default_partition(key, 1, None)
    assert caught.value.key is key
    with pytest.raises(PartitionError, match=r"The key \('a', .*, which holds .*" + pattern):
        func.default_partition(("a", (key,)), 3, None)


@given(st.integers(-99, 99), st.integers(1, 99), st.integers(1, 9), st.data())
def test_ranges_keep_order_and_use_all_partitions(low: int, width: int, n: int, data: st.DataObject) -> None:
    """Keys in the bounds have partitions that rise with them, from the first to the last, at Disco's places."""
    by_range = func.make_range_partition(low, low + width)
    found = [by_range(key, n, None) for key in range(low, low + width + 1)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (0, n - 1)
    key = data.draw(st.integers(low, low + width))
    place = (key - low) / width * (n - 1)
    assert abs(by_range(key, n, None) - place) <= 0.5 + 1e-9


def test_range_partitions_are_shipped_and_take_texts() -> None:
    """A range partition survives pickling, takes three arguments, and numbers written as text."""
    by_range = pickle.loads(pickle.dumps(func.make_range_partition(0, 10)))
    assert argcount(by_range) == 3
    assert [by_range(key, 3, None) for key in (0, "5", 10.9)] == [0, 1, 2]


def test_range_partitions_need_a_range_and_numbers() -> None:
    """Equal bounds are refused at once, keys that are no numbers when they come."""
    with pytest.raises(PartitionError, match=r"make_range_partition\(1, 1\.5\) has no range"):
        func.make_range_partition(1, 1.5)  # type: ignore[arg-type]
    for key in ("cat", None):
        with pytest.raises(PartitionError, match=f"The key {key!r} of type .* not in a range"):
            func.make_range_partition(0, 1)(key, 3, None)


# Maps, combiners, reduces, and the namespace


def test_the_functions_that_do_nothing() -> None:
    """noop gives None for any arguments, nop_map the entry."""
    noop: Any = func.noop
    assert noop(1, a=2) is None
    assert list(func.nop_map(("a", 1), None)) == [("a", 1)]


values = st.lists(st.tuples(st.sampled_from("abc"), st.integers()))


@given(values)
def test_sums(pairs: list[tuple[str, int]]) -> None:
    """sum_reduce and sum_combiner add up the values of each key, in order of first appearance, whatever the order."""
    expected: dict[str, int] = {}
    for key, value in pairs:
        expected[key] = expected.get(key, 0) + value
    assert list(func.sum_reduce(iter(pairs), None)) == list(expected.items())
    buffer: dict[str, int] = {}
    assert all(func.sum_combiner(key, value, buffer, 0, None) is None for key, value in pairs)
    assert list(func.sum_combiner(None, None, buffer, 1, None) or []) == list(expected.items())


def test_sums_leave_the_values_alone() -> None:
    """Values that can be changed are added, not added to."""
    first = Counter(a=1)
    pairs = [("k", first), ("k", Counter(a=2))]
    assert list(func.sum_reduce(pairs, None)) == [("k", Counter(a=3))]
    buffer: dict[str, Any] = {}
    for key, value in pairs:
        func.sum_combiner(key, value, buffer, False, None)
    assert buffer == {"k": Counter(a=3)}
    assert first == Counter(a=1)


def test_the_namespace_is_exact() -> None:
    """Every public name exists, none hides a builtin that job functions use, and readers tell their argument count."""
    assert all(hasattr(func, name) for name in func.__all__)
    assert not {"map", "reduce", "partition", "combiner", "init"} & set(dir(func))
    assert not set(func.__all__) & set(dir(builtins))
    assert argcount(func.map_line_reader) == argcount(func.object_reader) == 3
    assert argcount(func.chain_reader) == argcount(func.gzip_reader) == 4


def test_no_public_function_is_missing() -> None:
    """What func and readers define for job functions is in the list of names that job functions see."""
    defined = {
        name
        for module in (func, readers)
        for name, value in vars(module).items()
        if callable(value) and not name.startswith("_") and value.__module__ == module.__name__
    }
    assert defined - {"refuse_bytes", "Lines"} <= set(func.__all__)
