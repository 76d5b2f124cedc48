"""Claims about Disco's small helpers."""

from __future__ import annotations

from functools import partial, wraps
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import util
from disco_sim.error import DataError, DiscoError


@given(st.lists(st.tuples(st.integers(0, 3), st.integers())))
def test_kvgroup_loses_nothing(pairs: list[tuple[int, int]]) -> None:
    """The groups joined again are the pairs in their order, and neighbouring groups differ in their key."""
    groups = [(key, list(values)) for key, values in util.kvgroup(pairs)]
    assert [(key, value) for key, values in groups for value in values] == pairs
    keys = [key for key, _ in groups]
    assert keys == [key for key, _ in groupby(keys)]


def test_kvgroup_is_lazy() -> None:
    """The first group is there before the second pair is read."""
    read: list[str] = []

    def pairs() -> Any:
        for key in "ab":
            read.append(key)
            yield key, 1

    assert next(util.kvgroup(pairs()))[0] == "a"
    assert read == ["a"]


def test_kvgroup_values_end_with_their_group() -> None:
    """The values of a key are gone once the next key was asked for."""
    groups = util.kvgroup([("a", 1), ("a", 2), ("b", 3)])
    _, values_of_a = next(groups)
    next(groups)
    assert list(values_of_a) == []


@pytest.mark.parametrize(
    ("entry", "is_pair"), [(("a", 1), True), (("a",), False), (("a", 1, 2), False), (["a", 1], False), ("ab", False)]
)
def test_only_tuples_of_two_are_pairs(entry: Any, is_pair: bool) -> None:
    """A pair is a tuple of exactly two, and kvify makes a pair of anything else."""
    assert util.iskv(entry) is is_pair
    assert util.kvify(entry) == (entry if is_pair else (entry, None))


def test_key_is_the_first_of_a_pair() -> None:
    """key gives what sorting pairs by key needs."""
    assert sorted([("b", 1), ("a", 2)], key=util.key) == [("a", 2), ("b", 1)]


def test_flatten_takes_texts_and_bytes_as_items() -> None:
    """flatten goes into lists, tuples and generators, and leaves str and bytes whole."""
    assert list(util.flatten([["ab"], (n for n in [1, (b"cd",)]), {"k": 0}])) == ["ab", 1, b"cd", "k"]


def test_iterify_and_ilen() -> None:
    """iterify makes one item of what cannot be iterated, and ilen counts an iterator."""
    assert util.ilen(util.iterify(5)) == 1
    assert util.ilen(util.iterify(range(5))) == 5
    assert util.ilen(util.iterify(b"many bytes")) == 1


@given(st.lists(st.integers()))
def test_partition_splits_by_truth(numbers: list[int]) -> None:
    """partition gives the items for which the function is true, then the rest, both in order."""
    assert util.partition(numbers, lambda n: n > 0) == ([n for n in numbers if n > 0], [n for n in numbers if n <= 0])


def test_rapply_keeps_the_nesting() -> None:
    """rapply applies the function to each item in any depth."""
    first, nested = util.rapply([1, [2, "a"]], str)
    assert first == "1"
    assert list(nested) == ["2", "a"]


def two(entry: Any, params: Any) -> None:
    """A function of two arguments."""


def four(fd: Any, size: Any, url: Any, params: Any = None, *rest: Any, name: str = "", **more: Any) -> None:
    """A function of four positional arguments, one with a default."""


class Callable:
    """An object to call, with a method."""

    def __call__(self, one: Any) -> None:
        """Take one argument."""

    def method(self, one: Any, two: Any) -> None:
        """Take two arguments."""


@pytest.mark.parametrize(
    ("function", "count"),
    [
        (two, 2),
        (four, 4),
        (lambda: 0, 0),
        (lambda *args: 0, 0),
        (partial(two, 1), 1),
        (partial(four, 1, 2), 2),
        (partial(partial(four, 1), 2), 2),
        (partial(two, params=1), 1),
        (partial(four, name="x"), 4),
        (partial(four, size=1), 1),
        (Callable(), 1),
        (Callable().method, 2),
        (Callable.method, 3),
        (wraps(four)(lambda *args: two(*args)), 4),
        (lambda one, /, two, *, three: 0, 2),
        (len, 1),
    ],
)
def test_argcount_counts_what_is_left_to_give(function: Any, count: int) -> None:
    """argcount counts positional arguments, without what partial or a method has bound."""
    assert util.argcount(function) == count


@pytest.mark.parametrize("function", [5, dict.fromkeys, getattr])
def test_argcount_says_when_it_cannot_tell(function: Any) -> None:
    """What has no signature is an error that says how to give it one."""
    try:
        count = util.argcount(function)
    except DiscoError as error:
        assert "wrap it in a def or lambda" in str(error)
    else:  # later Pythons tell more builtins
        assert function != 5
        assert count >= 1


def test_reify_finds_modules_and_objects() -> None:
    """A dotted name stands for a module or for an object in one."""
    assert util.reify("os.path.join") is __import__("os").path.join
    assert util.reify("pathlib").Path is Path


@pytest.mark.parametrize("name", ["no_such_module.x", "os.no_such_object", "not a name"])
def test_reify_names_what_is_missing(name: str) -> None:
    """A name that stands for nothing is an error with that name."""
    with pytest.raises(DiscoError, match=name):
        util.reify(name)


def test_external_puts_the_program_under_op(tmp_path: Path) -> None:
    """The first file is the program, the others keep their base names."""
    for name in ("program", "words.txt"):
        (tmp_path / name).write_text(name)
    contents = util.external([str(tmp_path / "program"), str(tmp_path / "words.txt")])
    assert contents == {"op": b"program", "words.txt": b"words.txt"}


def test_external_names_a_missing_file() -> None:
    """A missing file of an external program is a DataError with its path."""
    with pytest.raises(DataError, match="no/such/program"):
        util.external(["no/such/program"])


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("node01", "node01", ""),
        ("node01:80", "node01", "80"),
        ("", "", ""),
        ("[::1]:80", "[::1]", "80"),
        ("[::1]", "[::1]", ""),
    ],
)
def test_netloc_reads_and_writes(text: str, host: str, port: str) -> None:
    """A netloc is a tuple of host and port, is written as it was read, and is false without a host."""
    location = util.netloc.parse(text)
    assert location == (host, port)
    assert str(location) == text
    assert bool(location) is bool(host)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://a:1/x/y", ("http", ("a", "1"), "x/y")),
        ("disco://a/x", ("http", ("a", "8989"), "x")),
        ("disco://a:7/x", ("http", ("a", "7"), "x")),
        ("disco://here/x", ("file", ("", ""), "x")),
        ("file:///abs/x", ("file", ("", ""), "/abs/x")),
        ("/abs/x", ("", ("", ""), "/abs/x")),
        ("raw://a/b@c", ("raw", ("", ""), "a/b@c")),
        ("tag://words", ("tag", ("", ""), "words")),
        ("tag://secret@words", ("tag", ("", ""), "words")),
        ("tag://master/words", ("tag", ("master", ""), "words")),
        ("tag://secret@master:1/words", ("tag", ("master", "1"), "words")),
    ],
)
def test_urlsplit(url: str, parts: tuple[str, tuple[str, str], str]) -> None:
    """urlsplit gives scheme, host and path, as the documented schemes have them."""
    assert util.urlsplit(url, localhost="here") == parts


@given(
    st.sampled_from(["http", "tag", "dir", "https"]),
    st.from_regex(r"[a-z]{1,5}(:[0-9]{1,4})?", fullmatch=True),
    st.from_regex(r"[a-z/.]{0,9}", fullmatch=True),
)
def test_urljoin_is_the_way_back(scheme: str, place: str, path: str) -> None:
    """Joining the parts of a URL gives the URL."""
    url = f"{scheme}://{place}/{path}"
    assert util.urljoin(util.urlsplit(url)) == url


def test_urlresolve_gives_what_serves_a_url() -> None:
    """disco:// is served over HTTP by other hosts and from a file by this one; the rest stays."""
    assert util.urlresolve("disco://a/x") == "http://a:8989/x"
    assert util.urlresolve("disco://a/x", "a") == "file://x"
    assert util.urlresolve("words.txt") == "words.txt"


def test_urltoken() -> None:
    """A token stands before @ in the host part only."""
    assert util.urltoken("tag://secret@words") == "secret"
    assert util.urltoken("tag://master/a@b") is None


def test_a_plain_path_has_no_scheme() -> None:
    """Only the first :// separates a scheme."""
    assert util.schemesplit("a/b") == ("", "a/b")
    assert util.schemesplit("raw://a://b") == ("raw", "a://b")


@pytest.mark.parametrize("scheme", ["disco", "dir", "http"])
def test_jobname_is_the_component_before_the_last(scheme: str) -> None:
    """The job of a result is named by the second-to-last path component."""
    assert util.jobname(f"{scheme}://node01/disco/job@1:2:3/reduce-0") == "job@1:2:3"


@pytest.mark.parametrize("url", ["raw://a/b/c", "b/c", "dir://node01/x", "dir://node01"])
def test_jobname_refuses_what_is_no_result(url: str) -> None:
    """Another scheme or a path too short is an error that shows the URL."""
    with pytest.raises(DiscoError, match=f"job of '{url}'"):
        util.jobname(url)


def test_tags_of_a_job() -> None:
    """Results and out-of-band results have tags of their own."""
    assert util.ddfs_name("j") == "disco:job:results:j"
    assert util.ddfs_oobname("j") == "disco:job:oob:j"


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (0, "0.0bytes"),
        (1023, "1023.0bytes"),
        (1024, "1.0KB"),
        (1024**4, "1.0TB"),
        (1024**5, "1024.0TB"),
        (-2048, "-2.0KB"),
    ],
)
def test_format_size(n_bytes: int, text: str) -> None:
    """A size has one decimal and the largest unit that leaves at least 1."""
    assert util.format_size(n_bytes) == text
