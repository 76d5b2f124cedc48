"""What counts as a pair, which data are plain, and how many bytes they are."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import pytest

from disco_sim.runtime.pairs import as_pair, is_plain, name_of, size_of, size_of_all


def test_is_plain_looks_inside_tuples() -> None:
    """Tuples are plain if all they hold is; subclasses of plain types are not."""
    assert is_plain((1, ("a", (None, b""))))
    assert not is_plain((1, ([],)))
    assert not is_plain(type("Text", (str,), {})("a"))


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("abc", 3),
        ("é", 2),
        ("\ud800", 3),
        (b"ab", 2),
        (7, 8),
        (1.5, 8),
        (True, 8),
        (None, 8),
        ((), 8),
        (("ab", 1), 18),
        ([1, 2], 24),
        ({"a": 1}, 17),
        ({1}, 16),
        (frozenset("a"), 9),
        (object(), 64),
    ],
)
def test_sizes_by_one_rule(value: Any, size: int) -> None:
    """The size of a value is an estimate by a rule that does not depend on the Python."""
    assert size_of(value) == size


def test_sizes_of_many_are_sampled() -> None:
    """Few records are measured one by one, of many an even sample; a pair is the sum of its two."""
    assert size_of_all([("ab", 1), "abc"]) == 13
    assert size_of_all([("a", "bc")] * 1000) == 3000
    assert size_of_all([]) == 0


class Named(NamedTuple):
    """A pair with names."""

    key: str
    value: int


@pytest.mark.parametrize(
    ("item", "pair"), [((1, 2), (1, 2)), ([1, 2], (1, 2)), (Named("a", 1), ("a", 1)), (iter("ab"), ("a", "b"))]
)
def test_pairs(item: Any, pair: Any) -> None:
    """Any sequence or iterator of two things is a pair."""
    assert as_pair(item) == pair


@pytest.mark.parametrize("item", ["ab", b"ab", {1, 2}, {"a": 1, "b": 2}, frozenset("ab"), (), (1,), (1, 2, 3), None, 5])
def test_what_is_no_pair(item: Any) -> None:
    """Text, bytes, sets and dicts are no pairs, even of length two; nor is anything of another length."""
    assert as_pair(item) is None


def test_names_in_messages() -> None:
    """A partial has the name of its function, an object that of its class."""
    assert name_of(partial(partial(as_pair, 1), 2)) == "as_pair"
    assert name_of(object()) == "object"


def test_a_value_within_itself_has_a_size() -> None:
    """A list, dict or set that is in a value twice, or in itself, is counted once."""
    cyclic: list[Any] = [1]
    cyclic += [cyclic, {"self": cyclic}]
    assert size_of(cyclic) == 8 + 8 + 8 + 4
    shared: Any = []
    for _ in range(100):
        shared = [shared, shared]
    assert size_of(shared) == 8 * 101
