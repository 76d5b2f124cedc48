"""The outputs of a run: pairs as they were when they were added, in memory and on disk."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disco_sim import Disco, DiscoError, result_iterator
from disco_sim.func import default_partition
from disco_sim.model.columns import KEY_TYPES
from disco_sim.runtime import buffers
from disco_sim.runtime.buffers import PairBuffer, Remembered, Room
from tests.works import memory, work

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
    assert blob.form == "columns"
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


def test_a_partition_is_remembered_per_key() -> None:
    """Keys that are plain all the way down are asked for once, whatever their values; equal ones go together."""

    asked: list[Any] = []
    remembered = Remembered(lambda key: asked.append(key) or len(asked))
    assert [remembered[key] for key in ("a", ("a", 1), ("a", 1.0), ("a", True), "a")] == [1, 2, 2, 2, 1]
    assert asked == ["a", ("a", 1)]


def test_not_every_key_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that never come again do not fill the memory: after a number of them all are forgotten, and found anew."""
    monkeypatch.setattr(buffers, "_MOST_REMEMBERED", 3)
    remembered = Remembered(str)
    assert [remembered[number] for number in (1, 2, 3, 4, 1)] == ["1", "2", "3", "4", "1"]
    assert list(remembered) == [4, 1]


@given(
    st.lists(st.tuples(keys | alike, plain | st.lists(st.integers(), max_size=2)), max_size=30),
    st.integers(0, 300),
    st.integers(1, 7),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_spilled_is_what_was_added(tmp_path: Any, pairs: list[Any], kept: int, often: int) -> None:
    """Whatever is written to disk in between, a blob has the pairs in their order, and its sizes are the same."""
    blobs = []
    for room in (Room(work(memory(tmp_path, 0, kept))), Room(work())):
        buffer = room.buffer()
        remembered = room.remembered(buffer.adders)
        for number, (key, value) in enumerate(pairs):
            if type(key) in KEY_TYPES and type(value) is int:
                code, add_code, add_value = remembered[key]
                add_code(code)
                add_value(value)
            else:
                buffer.add(key, value)
            if number % often == 0:
                room.look()
        room.settle()
        blobs.append(buffer.blob())
    assert repr(blobs[0].pairs()) == repr(blobs[1].pairs()) == repr(pairs)
    assert blobs[0][2:] == blobs[1][2:]
    assert blobs[0].n_spilled > 0 or not pairs
    assert blobs[1].n_spilled == 0
    del blobs, buffer, room, remembered
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_a_run_keeps_what_it_may(tmp_path: Any) -> None:
    """Pairs stay in memory up to what the run may leave there, and count as held; what is on disk does not."""
    room = Room(work(memory(tmp_path, 10**6, 10**4)))
    buffer = room.buffer()
    buffer.add("a", "text")
    room.look()
    room.settle()
    assert buffer.blob().n_spilled == 0
    assert 16 < buffer.blob().held_bytes < 1000
    room = Room(work(memory(tmp_path, 10**6, 10)))
    buffer = room.buffer()
    buffer.add("a", "text")
    room.look()
    assert not list(tmp_path.iterdir())
    room.settle()
    assert (buffer.blob().n_spilled, buffer.blob().held_bytes) == (1, 0)
    assert [path.name[:6] for path in tmp_path.iterdir()] == ["map-3-"]


def test_long_values_count(tmp_path: Any) -> None:
    """A few long texts take as much as many short ones."""
    room = Room(work(memory(tmp_path, 10**5, 10**9)))
    buffer = room.buffer()
    for _ in range(20):
        buffer.add("k", "x" * 10**4)
    room.look()
    room.settle()
    assert buffer.blob().n_spilled == 20
