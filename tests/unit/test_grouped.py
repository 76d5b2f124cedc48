"""Sorted pairs as a reduce function gets them: one by one or by key, counted alike."""

from __future__ import annotations

from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import Disco, JobError, result_iterator
from disco_sim.runtime.context import TaskContext
from disco_sim.runtime.grouped import Grouped
from disco_sim.util import kvgroup
from tests.works import work

parts = st.lists(st.tuples(st.sampled_from("abc"), st.lists(st.integers(), min_size=1, max_size=4)), max_size=6).map(
    lambda found: sorted(found, key=itemgetter(0))
)


def grouped(found: Any, interval: int = 0, said: list[int] | None = None) -> tuple[Grouped, TaskContext]:
    context = TaskContext(work())
    are_whole = len({key for key, _ in found}) == len(found)
    said = [] if said is None else said
    return Grouped(iter(found), are_whole, context, said.append, interval, lambda: None), context


@given(parts, st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_groups_are_those_of_groupby(found: list[Any], takes: list[int]) -> None:
    """kvgroup gives the keys and values that comparing every key would, however many of each are taken."""
    flat = [(key, value) for key, values in found for value in values]
    expected = [
        (key, [value for _, value in islice(pairs, take)])
        for (key, pairs), take in zip(groupby(flat, itemgetter(0)), takes, strict=False)
    ]
    records, context = grouped(found)
    got = [(key, list(islice(values, take))) for (key, values), take in zip(kvgroup(records), takes, strict=False)]
    assert got == expected
    list(records)
    assert context.n_read == len(flat)


@given(parts, st.integers(0, 5))
def test_pairs_come_in_order(found: list[Any], n: int) -> None:
    """Taken one by one they are all there; kvgroup takes what is left then, from the middle of a group too."""
    flat = [(key, value) for key, values in found for value in values]
    records, context = grouped(found)
    assert list(islice(records, n)) == flat[:n]
    assert context.n_read == min(n, len(flat))
    assert context.record == (flat[:n] or [None])[-1]
    assert [(key, list(values)) for key, values in kvgroup(records)] == [
        (key, [value for _, value in pairs]) for key, pairs in groupby(flat[n:], itemgetter(0))
    ]
    assert context.n_read == len(flat)


def test_values_of_a_key_are_gone_with_it() -> None:
    """Who keeps the values of a key finds none of them once the next key was asked for, as with groupby."""
    for found in ([("a", [1, 2]), ("b", [3])], [("a", [1]), ("a", [2]), ("b", [3])]):
        records, _ = grouped(found)
        kept = list(kvgroup(records))
        assert [(key, list(values)) for key, values in kept] == [("a", []), ("b", [])]


def test_single_pairs_between_groups() -> None:
    """A pair taken on the side belongs to the group at hand."""
    records, context = grouped([("a", [1, 2, 3]), ("b", [4])])
    for key, values in kvgroup(records):
        assert (key, next(values)) in {("a", 1), ("b", 4)}
        if key == "a":
            assert next(records) == ("a", 2)
            assert context.record == ("a", 2)
    assert context.n_read == 4


@given(
    parts.map(lambda found: [(key, [*values, 7, 8, 9]) for key, values in found]), st.integers(0, 3), st.integers(0, 2)
)
def test_who_stops_may_read_on(found: list[Any], n_groups: int, n_values: int) -> None:
    """After some groups the rest can be taken one by one or in groups, as with any iterator, and nothing is lost.

    Who takes a group to its end loses a pair with any other iterator, for that has to be read to see the end.
    """
    flat = [(key, value) for key, values in found for value in values]

    def read(pairs: Any) -> list[Any]:
        got: list[Any] = []
        for number, (key, values) in enumerate(kvgroup(pairs)):
            got.append((key, list(islice(values, n_values))))
            if number == n_groups:
                break
        got += islice(pairs, 1)
        return [*got, *((key, list(values)) for key, values in kvgroup(pairs))]

    assert read(grouped(found)[0]) == read(iter(flat))


@given(parts, st.integers(1, 5), st.integers(0, 3))
def test_it_is_told_in_time(found: list[Any], interval: int, take: int) -> None:
    """Every so many pairs are told of when the next one is asked for, however pairs are parted, and all the same."""
    tellings = []
    flat = [(key, [value]) for key, values in found for value in values]
    for parted in (found, flat):
        told: list[int] = []
        records, context = grouped(parted, interval, told)
        steps = []
        for key, values in kvgroup(records):
            for value in islice(values, take):
                steps.append((key, value, context.n_read, len(told)))
        tellings.append((steps, told))
    assert tellings[0] == tellings[1]
    assert tellings[0][1] == list(range(interval, len(flat) + 1, interval))


def test_it_is_told_how_many_were_read() -> None:
    """Every so many pairs are told of, also when a group has more of them than that."""
    said: list[int] = []
    records, _ = grouped([("a", [0] * 5), ("b", [0] * 2)], 2, said)
    assert [(key, sum(1 for _ in values)) for key, values in kvgroup(records)] == [("a", 5), ("b", 2)]
    assert said == [2, 4, 6]


@pytest.mark.parametrize("is_grouped", [True, False])
def test_the_record_at_hand_is_told(is_grouped: bool) -> None:
    """A reduce that fails is told with the pair that it had taken last, whichever way it took it."""

    def fun_reduce(pairs: Any, params: Any) -> Any:
        if params:
            for key, values in kvgroup(pairs):
                for value in values:
                    assert value != 2
                    yield key, value
        for key, value in pairs:
            assert value != 2
            yield key, value

    with Disco(nodes=1) as disco:
        job = disco.new_job(
            name="x",
            input=disco.split([("b", 1), ("a", 2), ("a", 3)], 1),
            map=lambda pair, params: [pair],
            reduce=fun_reduce,
            sort=True,
            params=is_grouped,
        )
        with pytest.raises(JobError) as caught:
            job.wait()
        assert "('a', 2)" in str(caught.value)


def test_a_reduce_of_sorted_pairs_may_take_them_any_way() -> None:
    """zip(iter, iter), next(iter) and list(iter) do what they do with any iterator."""

    def fun_reduce(pairs: Any, params: Any) -> Any:
        from itertools import islice

        yield "first", next(pairs)
        yield "two", list(islice(zip(pairs, pairs, strict=False), 1))
        yield "rest", list(pairs)
        yield "none", list(pairs)

    with Disco(nodes=1) as disco:
        job = disco.new_job(
            name="x",
            input=disco.split([(key, 0) for key in "edcba"], 1),
            map=lambda pair, params: [pair],
            reduce=fun_reduce,
            sort=True,
        )
        found = dict(result_iterator(job.wait()))
    assert found == {
        "first": ("a", 0),
        "two": [(("b", 0), ("c", 0))],
        "rest": [("d", 0), ("e", 0)],
        "none": [],
    }
