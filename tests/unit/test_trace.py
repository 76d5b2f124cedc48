"""Claims about tracing a recorded run: every call is noted, and nothing is different from the run that was recorded."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from disco_sim import Disco, DiscoError, Job, func
from disco_sim.model.trace import Combined, Stretch, Told, TracedMap, TracedReduce
from disco_sim.runtime.trace import LONGEST, trace
from tests.unit.functions import grouped, words

LINES = ["to be or", "not to be"]


def done(disco: Disco, **parameters: Any) -> Job:
    """A finished job over two lines."""
    job = disco.new_job("test", **{"input": disco.split(LINES, 2), "map": words, **parameters})
    job.wait(show=False)
    return job


def traced(job: Job, folder: Path, task: str = "map:0") -> Any:
    """The trace of the first run of a task."""
    stage, _, number = task.partition(":")
    return trace(job.disco.cluster.work(job.name, stage, int(number), 0), str(folder))


def test_a_record_and_its_pairs(disco: Disco, tmp_path: Path) -> None:
    """A traced map has its record, every pair in order, and the partition of each with the MD5 that it comes from."""
    found = traced(done(disco, partitions=3), tmp_path)
    assert isinstance(found, TracedMap)
    (record,) = found.records
    assert record.record == "'to be or'"
    assert [placed.pair for placed in record.pairs] == [Told("'to'", "1"), Told("'be'", "1"), Told("'or'", "1")]
    for placed, word in zip(record.pairs, ("to", "be", "or"), strict=True):
        assert placed.answer == hashlib.md5(word.encode()).hexdigest()
        assert placed.partition == int(placed.answer, 16) % 3 == func.default_partition(word, 3, None)
        assert placed.combined is None
    assert (found.host, found.function, found.partition, found.is_default_partition) == (
        "node01", "words", "default_partition", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "parameters",
    [
        {"partitions": 2},
        {"partitions": None},
        {"partitions": 2, "combiner": func.sum_combiner},
        {"partitions": None, "combiner": func.sum_combiner},
        {"partitions": 2, "partition": lambda key, n, params: len(key) % n},
        {"partitions": 2, "map": lambda line, params: [(line, [line]), [1.0, None]]},
        {"partitions": 2, "reduce": grouped, "sort": True},
        {"partitions": 2, "reduce": func.sum_reduce, "profile": True},
        {"partitions": 2, "reduce": func.nop_reduce},
        {"reduce": lambda pairs, params: pairs},
    ],
)
def test_the_outputs_are_those_of_the_recorded_run(disco: Disco, tmp_path: Path, parameters: Any) -> None:
    """Whatever the job's functions are, a traced run stores as many records and bytes under the same labels."""
    job = done(disco, **parameters)
    for name, stage in disco.history.job(job.name).stages.items():
        for task in stage.done:
            stored = [(one.label, one.n_records, one.n_bytes) for one in stage.stored if one.task == task]
            assert list(traced(job, tmp_path, f"{name}:{task}").sizes) == stored


def test_nothing_of_the_job_changes(disco: Disco, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints and out-of-band results of a traced run go nowhere, and its folder is empty again."""

    def talking(line, params):
        print("mapping", line)
        put(f"line:{this_partition()}", line)
        open("left.txt", "w").close()
        yield line, 1

    job = done(disco, map=talking)
    before = repr(list(disco.cluster.log)), dict(job.oob)
    capsys.readouterr()
    found = traced(job, tmp_path, "map:1")
    assert found.records[0].puts == (Told("'line:1'", "'not to be'"),)
    assert (repr(list(disco.cluster.log)), dict(job.oob)) == before
    assert capsys.readouterr().out == "" and list(tmp_path.iterdir()) == []


def test_a_partition_function_of_the_user(disco: Disco, tmp_path: Path) -> None:
    """What a partition function said is kept as it said it, and its name; it is called once for each pair."""

    def by_length(key, n, params):
        put(f"asked-{this_partition()}-{key}", "")
        return len(key) > 2

    found = traced(done(disco, partitions=2, partition=by_length), tmp_path, "map:1")
    pairs = found.records[0].pairs
    assert [(placed.answer, placed.partition) for placed in pairs] == [("True", 1), ("False", 0), ("False", 0)]
    assert found.partition == "by_length" and not found.is_default_partition


def test_no_partitions(disco: Disco, tmp_path: Path) -> None:
    """Without partitions pairs have none, and there is nothing that a partition function said."""
    found = traced(done(disco, partitions=None), tmp_path)
    assert found.n_partitions == 0
    assert {(placed.partition, placed.answer) for placed in found.records[0].pairs} == {(None, "")}


def test_a_combiner(disco: Disco, tmp_path: Path) -> None:
    """Each pair has the buffer that the combiner left and what it gave; each partition has its last call."""

    def early(key, value, buffer, done, params):
        if done:
            return buffer.items()
        buffer[key] = buffer.get(key, 0) + value
        return [(key, "early")] if len(buffer) == 2 else None

    job = done(disco, input=disco.split(["a b a b"], 1), combiner=early, partitions=2, partition=lambda key, n, p: 0)
    found = traced(job, tmp_path)
    calls = [placed.combined for placed in found.records[0].pairs]
    assert calls[0] == Combined(0, "{'a': 1}", ())
    assert calls[1] == Combined(0, "{'a': 1, 'b': 1}", (Told("'b'", "'early'"),))
    assert found.last == (
        Combined(0, "{'a': 2, 'b': 2}", (Told("'a'", "2"), Told("'b'", "2"))),
        Combined(1, "{}", ()),
    )


def test_values_are_told_as_they_were(disco: Disco, tmp_path: Path) -> None:
    """A map that goes on changing the value it yields, and the record it was given, is told as it was at each yield."""

    def growing(record, params):
        record["seen"] = True
        values = []
        for number in range(3):
            values.append(number)
            yield "key", values

    job = done(disco, input=disco.split([{"a": 1}], 1), map=growing)
    (record,) = traced(job, tmp_path).records
    assert record.record == "{'a': 1}"
    assert [placed.pair.value for placed in record.pairs] == ["[0]", "[0, 1]", "[0, 1, 2]"]


def test_long_and_odd_values_are_texts(disco: Disco, tmp_path: Path) -> None:
    """Texts are short, hold no memory address, and can be written whatever is in them."""
    odd = [("x" * 9999, object), (b"\xff<script>", 1), ("\ud800", None), ("", {"b", "a"})]
    pairs = [placed.pair for placed in traced(done(disco, map=lambda r, p: p, params=odd), tmp_path).records[0].pairs]
    assert all(len(text) <= LONGEST and "0x" not in text for pair in pairs for text in pair)
    assert pairs[1].key == repr(b"\xff<script>")
    assert pairs[2].key.encode() and pairs[3] == Told("''", "{'a', 'b'}")


def test_a_record_that_yields_nothing(disco: Disco, tmp_path: Path) -> None:
    """A record without pairs is there, with none."""
    assert traced(done(disco, map=lambda line, params: []), tmp_path).records == (("'to be or'", (), ()),)


def test_init_and_readers(disco: Disco, tmp_path: Path) -> None:
    """Records that the init function takes off are counted; what is put outside of map is told apart."""

    def skip(entries, params):
        next(entries)

    def reader(stream, size, url, params):
        yield from stream.read().decode().split()
        put(f"read:{this_partition()}", "all")

    found = traced(
        done(disco, input=["raw://a b c"], map_reader=reader, map_init=skip, map=lambda word, params: [(word, 1)]),
        tmp_path,
    )
    assert found.n_skipped == 1
    assert [record.record for record in found.records] == ["'b'", "'c'"]
    assert found.puts == (Told("'read:0'", "'all'"),)


def test_what_reduce_takes_and_gives(disco: Disco, tmp_path: Path) -> None:
    """Each pair that reduce took is told with what it gave before it took the next, then what came after the last."""
    found = traced(done(disco, reduce=grouped, sort=True, partitions=1), tmp_path, "reduce:0")
    assert isinstance(found, TracedReduce)
    given = [(taken.pair.key, [pair.key for pair in taken.given]) for taken in found.taken]
    assert given == [
        ("'be'", []), ("'be'", []), ("'not'", ["'be'"]), ("'or'", ["'not'"]), ("'to'", ["'or'"]), ("'to'", []),
    ]  # fmt: skip
    assert found.after == Stretch((Told("'to'", "2"),)) and found.is_read
    assert (found.order, found.before, {taken.piece for taken in found.taken}) == ("sorted", Stretch(), {None})


def test_pieces_in_order_of_arrival(disco: Disco, tmp_path: Path) -> None:
    """Unsorted, each pair is told with the piece that it came from."""
    found = traced(done(disco, reduce=func.sum_reduce, partitions=1), tmp_path, "reduce:0")
    assert [(taken.pair.key, taken.piece) for taken in found.taken] == [
        ("'to'", 0), ("'be'", 0), ("'or'", 0), ("'not'", 1), ("'to'", 1), ("'be'", 1),
    ]  # fmt: skip
    assert (found.order, found.read) == ("arrival", (0, 1))


def test_pieces_in_a_mixed_order(tmp_path: Path) -> None:
    """With shuffle_order='random' the order of reading is the one that the run really had."""
    with Disco(nodes=2, shuffle_order="random") as disco:
        inputs = [f"raw://{letter}" for letter in "abcdefgh"]
        job = done(disco, input=inputs, reduce=lambda pairs, params: pairs, partitions=1)
        found = traced(job, tmp_path, "reduce:0")
        assert sorted(found.read) == list(range(8)) != list(found.read)
        assert [repr("abcdefgh"[number]) for number in found.read] == [taken.pair.key for taken in found.taken]


def test_a_reduce_that_writes_with_add(disco: Disco, tmp_path: Path) -> None:
    """A reduce of three arguments is traced, too, and one that stops early is known to have done so."""

    def first(pairs, out, params):
        out.add("begin", 0)
        key, value = next(pairs)
        put("first", key)
        out.add(key, value)

    found = traced(done(disco, reduce=first, partitions=1), tmp_path, "reduce:0")
    assert found.before == Stretch((Told("'begin'", "0"),))
    (taken,) = found.taken
    assert taken.given == (taken.pair,) and taken.puts == (Told("'first'", "'to'"),)
    assert not found.is_read and found.after == Stretch()


def test_an_empty_partition(disco: Disco, tmp_path: Path) -> None:
    """A reduce task without pairs has taken none, and what it gives all the same comes after."""
    job = done(
        disco, partitions=2, partition=lambda key, n, params: 0, reduce=lambda pairs, params: [(len(list(pairs)), 1)]
    )
    found = traced(job, tmp_path, "reduce:1")
    assert (found.taken, found.after, found.is_read) == ((), Stretch((Told("0", "1"),)), True)


def test_records_that_are_no_pairs(disco: Disco, tmp_path: Path) -> None:
    """What a reader gives a reduce may be no pairs: then the text of the whole record is told."""
    job = done(disco, map=None, input=["raw://x"], reduce=lambda rows, params: [(row, 1) for row in rows],
               reduce_reader=lambda stream, size, url: ["row", (1, 2)])  # fmt: skip
    assert [taken.pair for taken in traced(job, tmp_path, "reduce:0").taken] == [Told("'row'", ""), Told("1", "2")]


def test_a_profile_is_no_result_of_the_user(disco: Disco, tmp_path: Path) -> None:
    """The profile of a task is never told among its results: it differs from run to run."""
    assert traced(done(disco, profile=True), tmp_path).puts == ()


def test_a_run_that_fails_this_time(disco: Disco, tmp_path: Path) -> None:
    """When what a run had read is gone, the error names the run, says why, and what tracing needs."""
    path = tmp_path / "gone.txt"
    path.write_text("a b\n", encoding="utf-8")
    job = done(disco, input=[str(path)])
    path.unlink()
    folder = tmp_path / "folder"
    with pytest.raises(
        DiscoError, match=r"map:0 of job 'test@.*' went well as run 0, but failed when it was run again"
    ):
        traced(job, folder)
