"""Claims about buffers, sizes, partitions and the sort before reduce."""

from __future__ import annotations

import pickle
from functools import partial
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import Disco, DiscoError, result_iterator
from disco_sim.error import PartitionError, SortError
from disco_sim.func import default_partition
from disco_sim.runtime.shuffle import (
    Buffers,
    PairBuffer,
    as_pair,
    checked_partition,
    is_plain,
    merge_pairs,
    name_of,
    size_of,
    size_of_all,
    sort_pairs,
)

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.binary(max_size=4)
keys = st.recursive(plain, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=4)
alike = st.sampled_from([0, 0.0, -0.0, False, 1, 1.0, True, "1", b"1", "True", (1,), (1.0,), (True,), None, "None"])


def mapped(entry: Any, params: Any) -> Any:
    """A map of records that are pairs."""
    yield entry


@given(st.lists(st.tuples(keys | alike, plain), max_size=20), st.integers(1, 5))
def test_the_fast_path_is_the_plain_path(pairs: list[Any], n: int) -> None:
    """Remembering a key's partition puts every pair where asking for each pair would, in the same order."""

    def asked(key: Any, nr_partitions: int, params: Any) -> int:
        return default_partition(key, nr_partitions, params)  # type: ignore[no-any-return]

    with Disco(nodes=1) as disco:
        inputs = disco.split(pairs, 1)
        both = [
            [
                list(result_iterator([url]))
                for url in disco.new_job(
                    "test", input=inputs, map=mapped, partitions=n, reduce=lambda pairs, params: pairs, **options
                ).wait()
            ]
            for options in (
                {},
                {"partition": asked},
                {"combiner": lambda key, value, buf, done, params: (done and ()) or [(key, value)]},
            )
        ]
    assert repr(both[0]) == repr(both[1])
    flat = [pair for part in both[0] for pair in part]
    assert sorted(map(repr, flat)) == sorted(map(repr, pairs))


def test_a_users_partition_function_is_called_for_every_pair() -> None:
    """A partition function of the user's may look at anything, so it is called once per pair, equal keys or not."""

    def partition(key: Any, n: int, params: Any) -> int:
        params.append(key)
        return len(params) % n

    with Disco(nodes=1) as disco:
        job = disco.new_job(
            "test",
            input=disco.split([("a", 1)] * 4, 1),
            map=mapped,
            partition=partition,
            partitions=2,
            params=[],
            reduce=lambda pairs, params: pairs,
        )
        assert [len(list(result_iterator([url]))) for url in job.wait()] == [2, 2]


@given(plain, plain)
def test_plain_pairs_are_kept_as_they_are(key: Any, value: Any) -> None:
    """Pairs that nobody can change are stored without a copy."""
    buffer = PairBuffer()
    buffer.add(key, value)
    blob = buffer.blob()
    assert blob.form == "pairs"
    assert blob.pairs()[0][0] is key
    assert blob.n_records == 1


def test_values_are_kept_as_they_were_when_added() -> None:
    """A list that changes after it was added is stored as it was, and every reader gets its own."""
    value = [1]
    buffer = PairBuffer()
    buffer.add("k", value)
    value.append(2)
    blob = buffer.blob()
    assert blob.form == "pickled"
    assert blob.pairs() == [("k", [1])]
    assert blob.pairs()[0][1] is not blob.pairs()[0][1]


def test_a_pair_that_cannot_be_stored() -> None:
    """A value that pickle does not take is an error that shows the pair and says what to emit."""
    with pytest.raises(
        DiscoError, match=r"the pair \('k', <generator object .*\) cannot be stored: .*: emit plain data"
    ):
        PairBuffer().add("k", (n for n in range(3)))


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


@pytest.mark.parametrize("wrong", [-1, 2, 1.0, "1", None])
def test_partitions_out_of_range(wrong: Any) -> None:
    """What is no whole number in range is an error with function, key, value, answer and rule."""

    def mine(key: Any, n: int, params: Any) -> Any:
        return wrong

    with pytest.raises(
        PartitionError, match=r"function 'mine' gave .* from 0 to 1, for there are 2 .* % nr_partitions"
    ) as caught:
        checked_partition(partial(mine), 2, None)("k", "v")
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.function, error.key, error.value, error.answer) == ("mine", "k", "v", wrong)


def test_partitions_in_range() -> None:
    """Everything that is a whole number will do; the function gets key, number and params."""
    place = checked_partition(lambda key, n, params: key > params, 2, 5)
    assert (place(4, None), place(6, None)) == (0, 1)


@given(st.lists(st.tuples(st.integers() | st.floats(allow_nan=False), st.integers())))
def test_sort_is_stable_by_key(pairs: list[Any]) -> None:
    """Pairs are sorted by key alone; equal keys stay in order."""
    assert sort_pairs(pairs) == sorted(pairs, key=lambda pair: pair[0])


@given(st.lists(st.tuples(st.sampled_from([1, "a", b"b", None, (1, 2), (1, "x"), 2.5]), st.none()), min_size=2))
def test_sort_of_mixed_keys_names_two_that_differ(pairs: list[Any]) -> None:
    """When keys have no order, the error has two keys that really cannot be compared; otherwise all is sorted."""
    try:
        got = sort_pairs(pairs)
    except SortError as error:
        first, second = error.keys
        with pytest.raises(TypeError):
            _ = first < second
        assert repr(first) in str(error)
        assert type(second).__name__ in str(error)
    else:
        assert sorted(got, key=repr) == sorted(pairs, key=repr)


@given(st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers()))))
def test_merge_of_sorted_is_a_sort(sources: list[list[Any]]) -> None:
    """Merging sorted sources gives what sorting them all would."""
    ordered = [sort_pairs(source) for source in sources]
    assert list(merge_pairs(ordered)) == sort_pairs([pair for source in ordered for pair in source])


def test_merge_takes_one_at_a_time() -> None:
    """Merging reads its sources as it goes, and stops at keys without an order."""
    merged = merge_pairs([iter([(1, 0), (3, 0)]), iter([(2, 0), ("a", 0)])])
    assert [next(merged)[0] for _ in range(2)] == [1, 2]
    with pytest.raises(SortError, match="sort needs keys of one kind: emit all keys as text"):
        list(merged)
    assert list(merge_pairs([[(None, 1)], [(None, 2)]])) == [(None, 1), (None, 2)]


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
    assert name_of(partial(partial(mapped, 1), 2)) == "mapped"
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


def test_a_partition_is_remembered_per_key() -> None:
    """Keys that are plain all the way down are asked for once, whatever their values; equal ones go together."""

    asked: list[Any] = []
    buffers = [PairBuffer(), PairBuffer()]
    remembered = Buffers(buffers, lambda key, value: asked.append(key) or 1)
    for key in ("a", ("a", 1), ("a", 1.0), ("a", True), "a"):
        remembered[key].add(key, [1])
    assert asked == ["a", ("a", 1)]
    assert (len(buffers[0].pairs), len(buffers[1].pairs)) == (0, 5)


@pytest.mark.parametrize(
    "keys", [[2.0, float("nan"), 1.0, 2.0], [frozenset({1}), frozenset({2}), frozenset({1})]], ids=["nan", "sets"]
)
def test_keys_without_an_order(keys):
    """Keys that compare but have no order are a SortError, because sorting would tear equal ones apart."""
    with pytest.raises(SortError, match="have no order"):
        sort_pairs([(key, 1) for key in keys])


def test_floats_and_tuples_are_sorted():
    """Keys whose order has to be checked are sorted like any others, one nan alone too."""
    assert sort_pairs([(2.5, 1), (1, 2), (True, 3), (-0.5, 4)]) == [(-0.5, 4), (1, 2), (True, 3), (2.5, 1)]
    assert sort_pairs([(("b", 1), 1), (("a", 2), 2)]) == [(("a", 2), 2), (("b", 1), 1)]
    assert len(sort_pairs([(float("nan"), 1)])) == 1
