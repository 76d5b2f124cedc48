"""The order of sorted pairs, in memory and by runs on disk."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disco_sim.error import SortError
from disco_sim.model.work import Blob, Memory
from disco_sim.runtime.sorting import Sorting, merge_pairs, sort_pairs
from tests.works import memory, work


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


def sorted_by(sorting: Sorting) -> list[Any]:
    return [pair for batch in sorting.batches() for pair in (batch if isinstance(batch, list) else batch.pairs())]


kinds = st.sampled_from(["text", "bytes", "whole", "numbers", "tuples", "all"])
one_key = {
    "text": st.text("ab\u00e9\U0001f600", max_size=2),
    "bytes": st.binary(max_size=1),
    "whole": st.integers(-3, 3),
    "numbers": st.integers(-3, 3) | st.sampled_from([0.0, 1.0, True, 1.5]),
    "tuples": st.tuples(st.integers(0, 2), st.text("ab", max_size=1)),
    "all": st.sampled_from([1, "a", b"b", None, 2.5]),
}


@given(st.data(), kinds, st.integers(0, 2000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_spilled_or_not_the_order_is_that_of_a_sort(tmp_path: Any, data: Any, kind: str, limit: int) -> None:
    """Columns, lists and iterators of pairs come out as a stable sort of all of them, also by runs on disk."""
    batches = data.draw(st.lists(st.lists(st.tuples(one_key[kind], st.integers() | st.lists(st.none())), max_size=6)))
    forms = data.draw(st.lists(st.sampled_from(["list", "columns", "iterator"]), min_size=len(batches)))

    def given_as(form: str, pairs: list[Any]) -> Any:
        if form == "columns":
            return Blob.of_pairs(pairs).data[0]
        return iter(pairs) if form == "iterator" else pairs

    def outcome(memory: Memory | None) -> Any:
        sorting = Sorting(work(memory))
        try:
            sorting.add(given_as(form, pairs) for form, pairs in zip(forms, batches, strict=False))
            return repr(sorted_by(sorting))
        except SortError as error:
            return SortError, bool(error.keys)

    together = [pair for pairs in batches for pair in pairs]
    try:
        expected: Any = repr(sort_pairs(together))
    except SortError:
        expected = SortError, True
    assert outcome(None) == outcome(memory(tmp_path, limit)) == expected


def test_one_key_does_not_have_to_fit(tmp_path: Any) -> None:
    """The values of one key are more than memory takes: they come in parts, in the order in which they came."""
    sorting = Sorting(work(memory(tmp_path, 3_000)))
    sorting.add(Blob.of_pairs([("a", number) for number in range(start, start + 500)]).data[0] for start in (0, 500))
    groups = sorting.groups()
    assert groups is not None
    parts = list(groups)
    assert len(parts) > 1
    assert {key for key, _ in parts} == {"a"}
    assert [value for _, values in parts for value in values] == list(range(1000))


def test_records_that_are_no_pairs(tmp_path: Any) -> None:
    """Whatever has a first item can be sorted by it, as it is."""
    for limit in (None, memory(tmp_path, 0)):
        sorting = Sorting(work(limit))
        sorting.add([[(2, "b", "c"), [1, "x"]], [(0,)]])
        assert sorted_by(sorting) == [(0,), [1, "x"], (2, "b", "c")]
