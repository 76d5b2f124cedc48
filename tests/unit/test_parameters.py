"""One claim, at least, about each job parameter of Disco: the answer changes when the parameter is ignored."""

from __future__ import annotations

import csv
import io
import pstats
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from disco_sim import Disco, DiscoError, Job, JobError, Params, result_iterator
from disco_sim.error import InputError, ModUtilImportError, SortError
from disco_sim.func import (
    chain_reader,
    disco_output_stream,
    map_input_stream,
    map_line_reader,
    map_output_stream,
    netstr_reader,
    netstr_writer,
    nop_map,
    re_reader,
    reduce_input_stream,
    reduce_output_stream,
    sum_combiner,
    sum_reduce,
    text_input_stream,
)
from disco_sim.model.job import JobSpec
from disco_sim.pipeline import Stage

Test = Callable[..., None]
ROWS: set[str] = set()


def row(*parameters: str) -> Callable[[Test], Test]:
    """Note that a test is about these parameters."""

    def note(test: Test) -> Test:
        ROWS.update(parameters)
        return test

    return note


@pytest.fixture
def disco() -> Iterator[Disco]:
    """A cluster of two nodes with one slot each."""
    with Disco(nodes=2, slots=1) as one:
        yield one


def answer(disco: Disco, **parameters: Any) -> list[Any]:
    """The records of a job's result."""
    return list(result_iterator(disco.new_job("test", **parameters).wait()))


def words(line: str, params: Any) -> Iterator[tuple[str, int]]:
    """The map function of most jobs here."""
    for word in line.split():
        yield word, 1


def count(pairs: Iterator[tuple[str, int]], params: Any) -> Iterator[tuple[Any, int]]:
    """The reduce function of most jobs here."""
    for key, values in kvgroup(sorted(pairs)):  # type: ignore[name-defined]
        yield key, sum(values)


TEXT = ["raw://b a b", "raw://a c"]


# Name, input, map


@row("name", "prefix")
def test_name(disco: Disco) -> None:
    """The name is the front of the job's full name, which its tasks see, and its prefix, whatever else is given."""
    job = disco.new_job("first", input=["raw://x"], map=lambda entry, params: [(this_name(), 1)], prefix="other")  # type: ignore[name-defined]
    assert list(result_iterator(job.wait())) == [(job.name, 1)]
    assert job.name.startswith("first@")
    assert job.jobspec()["prefix"] == job.jobspec()["name"] == "first"


@row("input")
def test_input(disco: Disco) -> None:
    """Each entry of the input list is one map task, in order; any iterable of entries will do."""
    job = disco.new_job("test", input=(url for url in ["raw://a", "raw://b", "raw://a b"]), map=words)
    assert [key for key, _ in result_iterator(job.wait())] == ["a", "b", "a", "b"]
    assert job.tasks.task.tolist() == [0, 1, 2]


@row("map")
def test_map_alone(disco: Disco) -> None:
    """A job with only a map gives what map gives, one result URL per input."""
    job = disco.new_job("test", input=TEXT, map=words)
    assert len(job.wait()) == 2
    assert list(result_iterator(job.wait())) == [("b", 1), ("a", 1), ("b", 1), ("a", 1), ("c", 1)]


@row("map")
@pytest.mark.parametrize(
    "function",
    [
        lambda line, params: [(word, 2) for word in line.split()],
        lambda line, params: tuple([word, 2] for word in line.split()),
        lambda line, params: ((word, 2) for word in line.split()),
        lambda line, params: dict.fromkeys(line.split(), 2).items(),
        partial(lambda n, line, params: [(word, n) for word in line.split()], 2),
        partial(lambda line, params, n: [(word, n) for word in line.split()], n=2),
        lambda line, params, n=2: [(word, n) for word in line.split()],
        lambda *arguments: [(word, 2) for word in arguments[0].split()],
    ],
)
def test_map_in_all_forms(disco: Disco, function: Any) -> None:
    """Lambdas, partials, defaults; lists, generators, views; pairs as tuples or lists: all are maps."""
    assert answer(disco, input=["raw://b a"], map=function) == [("b", 2), ("a", 2)]


@row("map", "reduce")
def test_neither_map_nor_reduce(disco: Disco) -> None:
    """A job without functions is ready at once, and its results are its inputs."""
    assert disco.new_job("test", input=["raw://a"]).wait() == ["raw://a"]


@row("map_init")
def test_map_init(disco: Disco) -> None:
    """map_init is called once before the first entry, and can take a header off the input and leave things behind."""

    def init(entries: Iterator[str], params: Any) -> None:
        params.header = next(entries)

    def fun_map(line: str, params: Any) -> list[Any]:
        return [(params.header, line)]

    expected = [("name", "ann"), ("name", "bob"), ("age", "7")]
    inputs = ["raw://name\nann\nbob", "raw://age\n7"]
    assert answer(disco, input=inputs, map=fun_map, map_init=init, params=Params()) == expected


@row("reduce_init")
def test_reduce_init(disco: Disco) -> None:
    """reduce_init is called once before reduce with its pairs, and what it takes reduce does not see."""

    def init(pairs: Iterator[Any], params: Any) -> None:
        params.first = next(pairs)

    def reduce(pairs: Iterator[Any], params: Any) -> Any:
        yield "first", params.first
        yield "rest", list(pairs)

    got = answer(disco, input=["raw://a b"], map=words, reduce=reduce, reduce_init=init, params=Params())
    assert got == [("first", ("a", 1)), ("rest", [("b", 1)])]


# Readers and streams


@row("map_reader")
def test_map_reader_with_three_arguments(disco: Disco) -> None:
    """A reader of three arguments gets the stream, its size in bytes and the URL."""

    def reader(fd: Any, size: int, url: str) -> Any:
        yield fd.read(), size, url

    got = answer(disco, input=["raw://é!"], map=lambda entry, params: [(entry, 1)], map_reader=reader)
    assert got == [(("é!".encode(), 3, "raw://é!"), 1)]


@row("map_reader")
def test_map_reader_with_four_arguments(disco: Disco) -> None:
    """A reader of four arguments gets params too."""

    def reader(fd: Any, size: int, url: str, params: Any) -> Any:
        yield from fd.read().decode().split(params.sep)

    got = answer(disco, input=["raw://a;b"], map=words, map_reader=reader, params=Params(sep=";"))
    assert got == [("a", 1), ("b", 1)]


@row("map_reader")
def test_map_reader_none(disco: Disco) -> None:
    """Without a reader map gets what iterating the opened input gives: lines of bytes with their ends."""
    got = answer(disco, input=["raw://a\nb"], map=lambda entry, params: [(entry, 1)], map_reader=None)
    assert got == [(b"a\n", 1), (b"b", 1)]


@row("map_reader")
def test_map_reader_by_default(disco: Disco) -> None:
    """By default map gets lines of text without their ends, blank ones too."""
    got = answer(disco, input=["raw://é\n\nb\r\n"], map=lambda entry, params: [(entry, 1)])
    assert got == [("é", 1), ("", 1), ("b\r", 1)]


@row("map_reader")
def test_map_reader_partial(disco: Disco) -> None:
    """partial(re_reader, pattern) gives the groups of every match."""
    reader = partial(re_reader, r"(\w+)=(\w+);")
    assert answer(disco, input=["raw://a=1;b=2;"], map=nop_map, map_reader=reader) == [("a", "1"), ("b", "2")]


@row("map_input_stream")
def test_csv_by_text_stream(disco: Disco, tmp_path: Path) -> None:
    """With text_input_stream behind map_input_stream csv.reader reads fields that hold commas and line ends."""
    path = tmp_path / "table.csv"
    path.write_bytes('name,said\r\n"Smith, A.","one\r\ntwo"\r\nÉva,x\r\n'.encode())

    def reader(fd: Any, size: Any, url: str) -> Any:
        return csv.reader(fd)

    chain = (map_input_stream, text_input_stream)
    got = answer(disco, input=[str(path)], map=nop_map, map_reader=reader, map_input_stream=chain)
    assert got == [("name", "said"), ("Smith, A.", "one\r\ntwo"), ("Éva", "x")]


@row("map_input_stream")
def test_map_input_stream_chain(disco: Disco) -> None:
    """Each stream function gets what the one before it returned, a stream alone or with its size and URL."""

    def twice(stream: Any, size: int, url: str, params: Any) -> Any:
        return io.BytesIO(stream.read() * params.n), size * params.n, url + "!"

    def alone(stream: Any, size: int, url: str, params: Any) -> Any:
        return io.BytesIO(f"{stream.read().decode()} {size} {url}".encode())

    got = answer(
        disco, input=["raw://ab"], map=words, map_input_stream=[map_input_stream, twice, alone], params=Params(n=2)
    )
    assert got == [("abab", 1), ("4", 1), ("raw://ab!", 1)]


@row("map_input_stream")
def test_map_input_stream_can_change_the_url(disco: Disco) -> None:
    """A stream function before map_input_stream decides which URL that one opens."""

    def other(stream: Any, size: Any, url: str, params: Any) -> Any:
        return stream, size, url.replace("x", "y")

    assert answer(disco, input=["raw://x"], map=words, map_input_stream=[other, map_input_stream]) == [("y", 1)]


def shouting(stream: Any, partition: int, url: str, params: Any) -> Any:
    """An output stream function whose pairs are upper case and tell their partition."""

    class Upper:
        ending = "!"
        endings = ending * 2

        def add(self, key: str, value: Any) -> None:
            stream.add(key.upper() + self.endings, (partition, value))

    return Upper()


@row("map_output_stream")
def test_map_output_stream_chain(disco: Disco) -> None:
    """Pairs are added to the last stream of the chain, one chain for each partition."""
    chain = (map_output_stream, disco_output_stream, shouting)
    got = answer(
        disco, input=["raw://a b"], map=words, map_output_stream=chain, partitions=2, partition=lambda k, n, p: k == "b"
    )
    assert got == [("A!!", (0, 1)), ("B!!", (1, 1))]


@row("reduce_output_stream")
def test_reduce_output_stream_chain(disco: Disco) -> None:
    """Reduce writes through its own chain, which knows the task's partition."""
    chain = (reduce_output_stream, disco_output_stream, shouting)
    parameters = {"partitions": 2, "partition": lambda key, n, params: 1}
    got = answer(disco, input=["raw://a a"], map=words, reduce=count, reduce_output_stream=chain, **parameters)
    assert got == [("A!!", (1, 2))]


@row("map_output_stream")
def test_output_of_another_format(disco: Disco) -> None:
    """With map_output_stream alone the output is netstring text, which chain_reader reads as str."""
    assert answer(disco, input=["raw://a"], map=words, map_output_stream=[map_output_stream]) == [("a", "1")]


@row("reduce_reader")
def test_reduce_reader(disco: Disco) -> None:
    """reduce gets what its reader makes of the stored pairs."""

    def reader(fd: Any, size: Any, url: str, params: Any) -> Any:
        for key, value in fd:
            yield key, value * 10

    assert answer(disco, input=["raw://a a"], map=words, reduce=count, reduce_reader=reader) == [("a", 20)]


@row("reduce_input_stream")
def test_reduce_input_stream(disco: Disco) -> None:
    """reduce reads through its own input chain."""

    def only_a(stream: Any, size: Any, url: str, params: Any) -> Any:
        return [pair for pair in stream if pair[0] == "a"]

    chain = (reduce_input_stream, only_a)
    assert answer(disco, input=TEXT, map=words, reduce=count, reduce_input_stream=chain) == [("a", 2)]


@row("map_writer")
def test_map_writer(disco: Disco) -> None:
    """map_writer writes each pair into the file itself, and says that it is deprecated, to the caller's line."""
    with pytest.warns(DeprecationWarning, match="use map_output_stream") as caught:
        job = disco.new_job("test", input=["raw://a"], map=words, map_writer=netstr_writer)
    assert caught[0].filename == __file__
    assert list(result_iterator(job.wait(), reader=netstr_reader)) == [("a", "1")]


@row("reduce_writer")
def test_reduce_writer(disco: Disco) -> None:
    """reduce_writer makes a format of its own, which result_iterator reads with reader=None."""

    def writer(fd: Any, key: Any, value: Any, params: Any) -> None:
        fd.write(f"{key}:{value * params}\n")

    with pytest.warns(DeprecationWarning, match="use reduce_output_stream"):
        job = disco.new_job("test", input=TEXT, map=words, reduce=count, reduce_writer=writer, params=10)
    assert list(result_iterator(job.wait(), reader=None)) == [b"a:20\n", b"b:20\n", b"c:10\n"]
    assert list(result_iterator(job.wait(), reader=map_line_reader)) == ["a:20", "b:20", "c:10"]


# Combiner and partitions


@row("combiner")
def test_combiner(disco: Disco) -> None:
    """Only what the combiner returns is written; it sees each pair, then the end of every partition, empty ones too."""

    def combiner(key: Any, value: Any, buffer: dict[Any, Any], done: bool, params: Any) -> Any:
        if done:
            return [("seen", buffer["keys"]) if buffer else ("empty", None)]
        buffer.setdefault("keys", []).append((key, value))
        return [(key + "!", value)] if key == "c" else None

    got = answer(
        disco, input=["raw://a b c a"], map=words, combiner=combiner, partitions=3, partition=lambda k, n, p: k == "b"
    )
    assert got == [("c!", 1), ("seen", [("a", 1), ("c", 1), ("a", 1)]), ("seen", [("b", 1)]), ("empty", None)]


@row("combiner")
def test_ready_combiner(disco: Disco) -> None:
    """sum_combiner sends one pair per key and map task, and the sums do not change."""
    plain = disco.new_job("test", input=["raw://a a a b", "raw://a"], map=words, reduce=sum_reduce)
    combined = disco.new_job(
        "test", input=["raw://a a a b", "raw://a"], map=words, combiner=sum_combiner, reduce=sum_reduce
    )
    expected = [("a", 4), ("b", 1)]
    assert sorted(result_iterator(plain.wait())) == sorted(result_iterator(combined.wait())) == expected
    assert plain.shuffle.records.sum() == 5
    assert combined.shuffle.records.sum() == 3


@row("combiner", "partitions")
def test_combiner_without_partitions(disco: Disco) -> None:
    """Without partitions there is one buffer, and one final call a map task."""

    def combiner(key: Any, value: Any, buffer: dict[Any, Any], done: bool, params: Any) -> Any:
        return [("done", 1)] if done else None

    assert answer(disco, input=TEXT, map=words, combiner=combiner, partitions=None) == [("done", 1)] * 2


@row("partition")
def test_partition(disco: Disco) -> None:
    """The partition function gets key, number of partitions and params, once per pair, and decides where it goes."""

    def partition(key: str, nr_partitions: int, params: Any) -> int:
        put(f"asked-{this_partition()}-{len(params)}", repr((key, nr_partitions)))  # type: ignore[name-defined]
        params.append(key)
        return params.index(key) % nr_partitions

    def reduce(pairs: Any, params: Any) -> Any:
        yield this_partition(), list(pairs)  # type: ignore[name-defined]

    job = disco.new_job(
        "test", input=["raw://a b a"], map=words, reduce=reduce, partition=partition, partitions=3, params=[]
    )
    assert list(result_iterator(job.wait())) == [(0, [("a", 1), ("a", 1)]), (1, [("b", 1)]), (2, [])]
    assert list(job.oob.values()) == ["('a', 3)", "('b', 3)", "('a', 3)"]


@row("partition")
def test_partition_none(disco: Disco) -> None:
    """partition=None is the default partition function."""
    urls = disco.new_job("test", input=["raw://a b c d"], map=words, reduce=count, partitions=4, partition=None).wait()
    default = disco.new_job("test", input=["raw://a b c d"], map=words, reduce=count, partitions=4).wait()
    assert [list(result_iterator([url])) for url in urls] == [list(result_iterator([url])) for url in default]


@row("partitions")
def test_partitions(disco: Disco) -> None:
    """`partitions` is the number of reduce tasks, empty ones too, and each key is in one of them."""
    job = disco.new_job("test", input=TEXT, map=words, reduce=count, partitions=5)
    urls = job.wait()
    assert len(urls) == 5
    assert job.tasks.partition[job.tasks.stage == "reduce"].tolist() == [0, 1, 2, 3, 4]
    assert sorted(result_iterator(urls)) == [("a", 2), ("b", 2), ("c", 1)]


@row("partitions")
@pytest.mark.parametrize("none", [None, 0])
def test_no_partitions(disco: Disco, none: Any) -> None:
    """With partitions=None or 0 there is one output per input, the partition function is not called, and one reduce."""

    def partition(key: Any, n: int, params: Any) -> int:
        raise ValueError("called")

    parameters = {"input": [*TEXT, "raw://"], "map": words, "partitions": none, "partition": partition}
    job = disco.new_job("test", **parameters)
    assert [[key for key, _ in result_iterator([url])] for url in job.wait()] == [["b", "a", "b"], ["a", "c"], []]
    reduced = disco.new_job("test", **parameters, reduce=count)
    assert list(result_iterator(reduced.wait())) == [("a", 2), ("b", 2), ("c", 1)]
    assert (reduced.tasks.stage == "reduce").sum() == 1


@row("merge_partitions")
def test_merge_partitions(disco: Disco) -> None:
    """merge_partitions makes one reduce of all partitions."""
    job = disco.new_job("test", input=TEXT, map=words, reduce=count, partitions=3, merge_partitions=True)
    assert len(job.wait()) == 1
    assert list(result_iterator(job.wait())) == [("a", 2), ("b", 2), ("c", 1)]


@row("merge_partitions")
def test_merge_partitions_without_partitions(disco: Disco) -> None:
    """Merging is refused when there is nothing to merge."""
    with pytest.raises(DiscoError, match=r"can't merge partitions without partitions: give partitions=N"):
        disco.new_job("test", input=TEXT, map=words, reduce=count, partitions=None, merge_partitions=True)


@row("nr_reduces")
def test_nr_reduces(disco: Disco) -> None:
    """nr_reduces is the old name of partitions, says so, and cannot go with the new one."""
    with pytest.warns(DeprecationWarning, match="use partitions") as caught:
        job = disco.new_job("test", input=TEXT, map=words, reduce=count, nr_reduces=3)
    assert caught[0].filename == __file__
    assert len(job.wait()) == 3
    for other in ({"partitions": 2}, {"merge_partitions": True}):
        with pytest.raises(DiscoError, match="nr_reduces is the old name of partitions: leave it out"):
            disco.new_job("test", input=TEXT, map=words, reduce=count, nr_reduces=3, **other)


# Reduce


@row("reduce")
def test_reduce_with_two_arguments(disco: Disco) -> None:
    """A reduce of two arguments gives its pairs back, as a generator or a list."""
    assert answer(disco, input=TEXT, map=words, reduce=count) == [("a", 2), ("b", 2), ("c", 1)]
    assert answer(disco, input=TEXT, map=words, reduce=lambda pairs, params: [("n", len(list(pairs)))]) == [("n", 5)]


@row("reduce")
def test_reduce_with_three_arguments(disco: Disco) -> None:
    """A reduce of three arguments writes with out.add, and what it returns is ignored."""

    def reduce(pairs: Any, out: Any, params: Any) -> Any:
        for key, value in pairs:
            out.add(key, -value)
        return [("ignored", 0)]

    assert answer(disco, input=["raw://a b"], map=words, reduce=reduce) == [("a", -1), ("b", -1)]
    bound = partial(lambda n, pairs, params: [(n, list(pairs))], 7)
    assert answer(disco, input=["raw://a"], map=words, reduce=bound) == [(7, [("a", 1)])]


@row("reduce")
def test_reduce_sees_pairs_once_by_map_task(disco: Disco) -> None:
    """The pairs come ungrouped and unsorted, by map task, from an iterator that can be read once."""

    def reduce(pairs: Any, params: Any) -> Any:
        yield "first", [key for key, _ in pairs]
        yield "again", list(pairs)

    assert answer(disco, input=TEXT, map=words, reduce=reduce) == [("first", ["b", "a", "b", "a", "c"]), ("again", [])]


@row("reduce")
@pytest.mark.parametrize(("partitions", "n_reduces"), [(3, 3), (None, 1)])
def test_reduce_alone_over_results(disco: Disco, partitions: int | None, n_reduces: int) -> None:
    """A job with only a reduce reads results of another, a task for each of their partitions, or one without them."""
    mapped = disco.new_job("test", input=TEXT, map=words, partitions=partitions, partition=lambda k, n, p: ord(k) % n)
    job = disco.new_job("test", input=mapped.wait(), reduce=count)
    assert len(job.wait()) == n_reduces
    assert sorted(result_iterator(job.wait())) == [("a", 2), ("b", 2), ("c", 1)]
    merged = disco.new_job("test", input=mapped.wait(), reduce=count, merge_partitions=True)
    assert list(result_iterator(merged.wait())) == [("a", 2), ("b", 2), ("c", 1)]


@row("reduce")
def test_reduce_alone_over_text(disco: Disco) -> None:
    """A job with only a reduce over other inputs has one task, which reads them by reduce_reader."""

    def reader(fd: Any, size: Any, url: str) -> Any:
        return [(word, 1) for word in fd.read().decode().split()]

    assert answer(disco, input=TEXT, reduce=count, reduce_reader=reader) == [("a", 2), ("b", 2), ("c", 1)]
    netstrings = ["raw://1 a 1 1\n", "raw://1 b 1 2\n"]
    assert answer(disco, input=netstrings, reduce=lambda pairs, params: pairs) == [("a", "1"), ("b", "2")]


@row("sort")
def test_sort(disco: Disco) -> None:
    """With sort=True reduce gets its pairs by key, equal keys in the order they came, so kvgroup alone is enough."""

    def fun_map(line: str, params: Any) -> Any:
        for number, word in enumerate(line.split()):
            yield word, number

    def reduce(pairs: Any, params: Any) -> Any:
        for key, values in kvgroup(pairs):  # type: ignore[name-defined]
            yield key, list(values)

    parameters = {"input": ["raw://b a b", "raw://a ab B"], "map": fun_map, "reduce": reduce}
    assert answer(disco, **parameters, sort=True) == [("B", [2]), ("a", [1, 0]), ("ab", [1]), ("b", [0, 2])]
    assert len(answer(disco, **parameters)) == 6


@row("sort")
def test_sort_by_numbers_and_bytes(disco: Disco) -> None:
    """Numbers sort as numbers, tuples by their parts, bytes bytewise, and None only beside None."""
    for keys in ([10, 9, 2.5, -1], [(2, "a"), (1, "b"), (1, "a")], [b"b", b"a\xff", b"a"], [None, None]):
        got = answer(
            disco,
            input=disco.split(keys, 2),
            map=lambda entry, params: [(entry, 1)],
            reduce=lambda pairs, params: list(pairs),
            sort=True,
        )
        assert [key for key, _ in got] == (sorted(keys) if None not in keys else keys)


@row("sort")
def test_sort_merge(disco: Disco) -> None:
    """sort='merge' merges inputs that are sorted already, and does not sort within them."""
    parameters = {"map": words, "reduce": lambda pairs, params: pairs, "sort": "merge"}
    got = answer(disco, input=["raw://a c e", "raw://b d"], **parameters)
    assert [key for key, _ in got] == ["a", "b", "c", "d", "e"]
    got = answer(disco, input=["raw://z a", "raw://b"], **parameters)
    assert [key for key, _ in got] == ["b", "z", "a"]


@row("sort")
@pytest.mark.parametrize("sort", [True, "merge"])
def test_sort_of_mixed_keys(disco: Disco, sort: Any) -> None:
    """Keys that have no order are an error that names both of them and the way out."""
    with pytest.raises(JobError) as caught:
        answer(
            disco,
            input=disco.split([("a", 1), ("b", 2), ("a", "x")], 3),
            map=lambda entry, params: [(entry, 1)],
            reduce=count,
            sort=sort,
        )
    cause = caught.value.__cause__
    assert isinstance(cause, SortError)
    assert {*cause.keys} == {("a", 1), ("a", "x")}
    assert "emit all keys as text" in str(cause)


@row("sort")
def test_sort_by_anything_else_is_refused(disco: Disco) -> None:
    """sort is False, True or 'merge'."""
    with pytest.raises(DiscoError, match="sort is False, True or 'merge'"):
        disco.new_job("test", input=TEXT, map=words, reduce=count, sort="numeric")


# Params, modules, files


@row("params")
def test_params(disco: Disco) -> None:
    """Every task has its own copy of params, as they were when the job was submitted; nothing comes back."""
    params = Params(seen=[], stop={"a"})

    def fun_map(line: str, params: Any) -> Any:
        for word in line.split():
            if word not in params.stop:
                params.seen.append(word)
                yield word, list(params.seen)

    job = disco.new_job("test", input=["raw://a b", "raw://c b"], map=fun_map, params=params)
    params.stop.add("b")
    assert list(result_iterator(job.wait())) == [("b", ["b"]), ("c", ["c"]), ("b", ["c", "b"])]
    assert params.seen == []


@row("params")
def test_functions_in_params(disco: Disco) -> None:
    """Functions in Params travel like job functions and see the worker's names, in containers too."""

    def here(text: str) -> str:
        return f"{text} at {this_host()}"  # type: ignore[name-defined]

    got = answer(
        disco,
        input=["raw://x"],
        map=lambda entry, params: [(params.here(entry), params.table["len"][0](entry))],
        params=Params(here=here, table={"len": [len]}),
    )
    assert got == [("x at node01", 1)]


@row("params")
def test_what_params_ship(disco: Disco) -> None:
    """Names of Params that begin with _ stay behind; any value that pickle takes can be params."""
    found = answer(
        disco,
        input=["raw://x"],
        map=lambda entry, params: [(hasattr(params, "_hidden"), params.shown)],
        params=Params(_hidden=open, shown=1),
    )
    assert found == [(False, 1)]
    assert answer(disco, input=["raw://x"], map=lambda entry, params: [(params["n"], 1)], params={"n": 5}) == [(5, 1)]
    with pytest.raises(DiscoError, match="job parameter 'params' cannot be sent to the nodes") as caught:
        disco.new_job("test", input=["raw://x"], map=words, params=Params(file=sys.stdout))
    assert caught.value.argument == "params"


@row("required_modules")
def test_required_modules_by_name(disco: Disco) -> None:
    """A required module is there under the last part of its name, without import."""
    for module, name in (("math", "math"), ("os.path", "path")):
        code = compile(f"lambda entry, params: [({name}.__name__, 1)]", "cell", "eval")
        function = eval(code, {})
        got = answer(disco, input=["raw://x"], map=function, required_modules=[module])
        assert got == [("math" if module == "math" else "posixpath", 1)]
        with pytest.raises(JobError, match=f"name '{name}' is not defined"):
            answer(disco, input=["raw://x"], map=function)


@row("required_modules")
def test_required_modules_with_a_path(disco: Disco, tmp_path: Path) -> None:
    """A (name, path) module travels with the job as it was at submit, is fresh in each run, and is gone afterwards."""
    path = tmp_path / "helpers_of_test.py"
    path.write_text("calls = []\ndef double(n):\n    calls.append(n)\n    return 2 * n, len(calls)\n")
    double = eval("lambda entry, params: [helpers_of_test.double(len(entry))]", {})
    job = disco.new_job(
        "test",
        input=["raw://abc\nx", "raw://y"],
        map=double,
        required_modules=[("helpers_of_test", str(path))],
    )
    path.write_text("")
    assert list(result_iterator(job.wait())) == [(6, 1), (2, 2), (2, 1)]
    assert "helpers_of_test" not in sys.modules


@row("required_modules")
def test_required_modules_that_are_missing(disco: Disco, tmp_path: Path) -> None:
    """A module that is not there, or whose file cannot be read or compiled, is an ImportError at submit."""
    (tmp_path / "broken.py").write_text("def (:")
    for entry, message in (
        ("no_such_module", r"'no_such_module' cannot be found; install it, or ship its file"),
        ("no_such_package.part", "cannot be found"),
        (("a", str(tmp_path / "a.py")), r"'a' cannot be shipped.*No such file"),
        (("broken", str(tmp_path / "broken.py")), r"'broken' cannot be shipped.*invalid syntax"),
    ):
        with pytest.raises(ModUtilImportError, match=message) as caught:
            disco.new_job("test", input=["raw://x"], map=words, required_modules=[entry])
        assert isinstance(caught.value, ImportError)
    for wrong in ([5], [("a", "b", "c")], "math"):
        with pytest.raises(DiscoError, match="required_modules"):
            disco.new_job("test", input=["raw://x"], map=words, required_modules=wrong)
    assert answer(disco, input=["raw://x"], map=words) == [("x", 1)]


def _read_file(entry: str, params: Any) -> Any:
    with open(entry) as file:
        yield entry, file.read()


@row("required_files")
def test_required_files_as_a_list(disco: Disco, tmp_path: Path) -> None:
    """Files of a list lie under their own names in the folder the task runs in, as they were at submit."""
    (tmp_path / "stop.txt").write_text("the")
    parameters = {"input": ["raw://stop.txt"], "map": _read_file}
    job = disco.new_job("test", **parameters, required_files=[tmp_path / "stop.txt"])
    (tmp_path / "stop.txt").write_text("changed")
    assert list(result_iterator(job.wait())) == [("stop.txt", "the")]
    with pytest.raises(JobError, match="No such file"):
        answer(disco, **parameters)


@row("required_files")
def test_required_files_as_a_dict(disco: Disco) -> None:
    """A dict gives names, folders too, and contents, as text or bytes."""
    files = {"lists/stop.txt": "thé", "b": b"and"}
    got = answer(disco, input=["raw://lists/stop.txt\nb"], map=_read_file, required_files=files)
    assert got == [("lists/stop.txt", "thé"), ("b", "and")]


@row("required_files")
@pytest.mark.parametrize("name", ["../a", "/a", "a/../b", "", ".", "a//b", "a/", 5])
def test_required_files_stay_in_their_folder(disco: Disco, name: Any) -> None:
    """A name that leaves the task's folder, or is none, is unsafe."""
    with pytest.raises(DiscoError, match="is unsafe; names stay inside the task's folder"):
        disco.new_job("test", input=["raw://x"], map=words, required_files={name: "x"})


@row("required_files")
def test_required_files_of_a_wrong_kind(disco: Disco, tmp_path: Path) -> None:
    """A missing file, a bare path, contents that are none and two files of one name are told at submit."""
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x").touch()
    for wrong, message in (
        (["no/such/file"], "required file 'no/such/file' cannot be read: No such file"),
        ("stop.txt", "it is a list of paths"),
        ({"a": 5}, r"required_files\['a'\] is of type int"),
        ([tmp_path / "a" / "x", tmp_path / "b" / "x"], "two files of the name 'x'"),
    ):
        with pytest.raises(DiscoError, match=message):
            disco.new_job("test", input=["raw://x"], map=words, required_files=wrong)
    with pytest.raises(InputError):
        disco.new_job("test", input=["raw://x"], map=words, required_files=[tmp_path])


# Where and how


def _wait_for(entry: str, params: Any) -> Any:
    time.sleep(float(entry))
    yield this_host(), 1  # type: ignore[name-defined]


@row("scheduler")
def test_scheduler_max_cores(disco: Disco) -> None:
    """max_cores=1 runs one task at a time, though two slots are free; Disco's text form is understood."""

    def overlaps(job: Job) -> int:
        job.wait()
        tasks = job.tasks.sort_values("start_s")
        return int((tasks.start_s.iloc[1:].to_numpy() < tasks.end_s.iloc[:-1].to_numpy()).sum())

    parameters = {"input": ["raw://1"] * 4, "map": _wait_for}
    assert overlaps(disco.new_job("test", **parameters)) > 0
    assert overlaps(disco.new_job("test", **parameters, scheduler={"max_cores": "1"})) == 0


@row("scheduler")
def test_scheduler_force_flags(disco: Disco) -> None:
    """A task runs elsewhere when its home is busy; with force_local it waits, with force_remote it never is at home."""
    parameters = {"input": ["raw://100", "raw://1", "raw://2"], "map": _wait_for}

    def hosts(**scheduler: Any) -> list[str]:
        job = disco.new_job("test", **parameters, scheduler=scheduler)
        job.wait()
        return job.tasks.sort_values("task").host.tolist()

    assert hosts() == hosts(force_local=False, force_remote=0) == ["node01", "node02", "node02"]
    assert hosts(force_local=True) == ["node01", "node02", "node01"]
    assert hosts(force_remote=True) == ["node02", "node01", "node02"]


@row("scheduler")
@pytest.mark.parametrize(
    ("scheduler", "message"),
    [
        ({"max_cores": 0}, "max_cores=0 was given; it is a whole number of at least 1"),
        ({"max_cores": "many"}, "max_cores='many'"),
        ({"max_core": 1}, "unknown key 'max_core'; its keys are: max_cores, force_local, force_remote"),
        ({"force_local": True, "force_remote": True}, "no node is both"),
        (4, "it is a dict"),
    ],
)
def test_scheduler_that_cannot_be(disco: Disco, scheduler: Any, message: str) -> None:
    """Unknown keys, wrong numbers and flags that exclude each other are refused."""
    with pytest.raises(DiscoError, match=message):
        disco.new_job("test", input=TEXT, map=words, scheduler=scheduler)


@row("save")
def test_save(disco: Disco) -> None:
    """save=True puts the results under a tag, which result_iterator and the next job read."""
    job = disco.new_job("test", input=TEXT, map=words, reduce=count, partitions=2, save=True)
    urls = job.wait()
    assert urls == [f"tag://disco:job:results:{job.name}"]
    assert sorted(result_iterator(urls)) == [("a", 2), ("b", 2), ("c", 1)]
    assert sorted(answer(disco, input=urls, map=nop_map, map_reader=chain_reader)) == [("a", 2), ("b", 2), ("c", 1)]


@row("save_results", "save_info")
def test_save_results(disco: Disco) -> None:
    """save_results is the later name of save; results can be saved to DDFS and nowhere else."""
    job = disco.new_job("test", input=TEXT, map=words, save_results=True, save_info="ddfs")
    assert job.wait() == [f"tag://disco:job:results:{job.name}"]
    with pytest.raises(DiscoError, match="results can be saved to 'ddfs' here"):
        disco.new_job("test", input=TEXT, map=words, save_results=True, save_info="hdfs,a,b,c")


@row("profile")
def test_profile(disco: Disco) -> None:
    """profile=True gives real statistics about the job's own functions, for one stage or all."""
    job = disco.new_job("test", input=TEXT, map=words, reduce=count, profile=True)
    job.wait()
    stats = job.profile_stats()
    assert isinstance(stats, pstats.Stats)
    calls = {name: numbers[1] for (_, _, name), numbers in stats.stats.items()}  # type: ignore[attr-defined]
    assert (calls["words"], calls["count"]) == (7, 4)
    mapped = {name for _, _, name in job.profile_stats("map").stats}  # type: ignore[attr-defined]
    assert "words" in mapped
    assert "count" not in mapped
    plain = disco.new_job("test", input=TEXT, map=words)
    plain.wait()
    with pytest.raises(JobError, match="submit the job with profile=True"):
        plain.profile_stats()


@row("status_interval")
@pytest.mark.parametrize(
    ("interval", "expected"), [(2, ["2 entries mapped", "4 entries mapped"]), (0, []), (100000, [])]
)
def test_status_interval(disco: Disco, interval: int, expected: list[str]) -> None:
    """A line is logged every so many entries, none for 0, and one at the end in any case."""
    job = disco.new_job("test", input=["raw://a\nb\nc\nd\ne"], map=words, status_interval=interval)
    job.wait()
    lines = [line for line in job.log.message if "entries mapped" in line]
    assert lines == [*expected, "Done: 5 entries mapped"]


@row("status_interval")
@pytest.mark.parametrize("parameter", ["status_interval", "partitions"])
def test_counts_are_whole_numbers(disco: Disco, parameter: str) -> None:
    """Counts that are negative, broken, or no numbers are refused."""
    for wrong in (-1, 1.5, "2", True):
        with pytest.raises(DiscoError, match=f"{parameter} is a whole number"):
            disco.new_job("test", input=TEXT, map=words, **{parameter: wrong})


@row("version")
def test_version(disco: Disco) -> None:
    """A job for another Python is refused; the version of this one is the default."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert disco.new_job("test", input=TEXT, map=words, version=here).jobspec()["version"] == here
    assert disco.new_job("test", input=TEXT, map=words).jobspec()["version"] == here
    with pytest.raises(DiscoError, match=f"Python version mismatch.*'2.6', the nodes run {here}; leave version out"):
        disco.new_job("test", input=TEXT, map=words, version="2.6")


@row("username")
def test_username(disco: Disco) -> None:
    """The username is in the job's facts."""
    job = disco.new_job("test", input=TEXT, map=words, username="ann@lab")
    job.wait()
    assert job.jobinfo()["username"] == "ann@lab"


@row("owner")
def test_owner(disco: Disco) -> None:
    """The owner is the later name of the username."""
    job = disco.new_job("test", input=TEXT, map=words, owner="ann@lab")
    job.wait()
    assert job.jobinfo()["username"] == job.jobspec()["owner"] == "ann@lab"


# Stages


@row("map_shuffle", "reduce_shuffle", "shuffle")
@pytest.mark.parametrize(
    ("given", "stages"),
    [
        ({"map_shuffle": True}, ["map", "map_shuffle", "reduce"]),
        ({"reduce_shuffle": True}, ["map", "reduce", "reduce_shuffle"]),
        ({"shuffle": True}, ["map", "map_shuffle", "reduce", "reduce_shuffle"]),
        ({}, ["map", "reduce"]),
    ],
)
def test_shuffles(disco: Disco, given: dict[str, bool], stages: list[str]) -> None:
    """A shuffle joins what each node holds of a partition; the answer is the same."""
    job = disco.new_job("test", input=TEXT, map=words, reduce=count, partitions=3, **given)
    assert sorted(result_iterator(job.wait())) == [("a", 2), ("b", 2), ("c", 1)]
    assert list(dict.fromkeys(job.tasks.stage)) == stages
    if "reduce_shuffle" in stages:
        assert len(job.wait()) <= 2, "one result a node"


@row("pipeline")
def test_pipeline(disco: Disco) -> None:
    """A pipeline of stages takes the place of map and reduce."""

    def process(interface: Any, state: Any, label: int, inp: Any) -> None:
        for line in inp:
            interface.output(label).add(line, 1)

    job = disco.new_job("test", input=TEXT, pipeline=[("split", Stage("only", process=process))])
    assert list(result_iterator(job.wait())) == [("b a b", 1), ("a c", 1)]


# What is refused, or has no effect


@row("sort_buffer_size")
def test_sort_buffer_size(disco: Disco) -> None:
    """How much memory a sort may take is accepted, and has no effect."""
    given = {"input": TEXT, "map": words, "reduce": count, "sort": True}
    assert answer(disco, **given, sort_buffer_size="1%") == answer(disco, **given)


@row("ext_map", "ext_reduce", "ext_params")
def test_external_programs(disco: Disco) -> None:
    """A dict of files is a program that gets ext_params first; ext_map and ext_reduce say so, and want such a dict."""
    op = "import sys; got = sys.stdin.buffer.read(); sys.stdout.buffer.write(b'\\1\\0\\0\\0' + got[:7] + bytes(4))"
    job = disco.new_job("test", input=TEXT, map=words, reduce={"op": f"#!{sys.executable} -IS\n{op}"}, ext_params="abc")
    assert list(result_iterator(job.wait())) == [(b"abc", b"")]
    assert [job.jobspec()[name] for name in ("ext_map", "ext_reduce", "ext_params")] == [False, True, "abc"]
    for wrong in ({"ext_map": True}, {"ext_reduce": True, "reduce": count}, {"ext_params": "abc"}):
        with pytest.raises(DiscoError, match="external program"):
            disco.new_job("test", input=TEXT, map=words, **wrong)


@row("mem_sort_limit")
def test_mem_sort_limit(disco: Disco) -> None:
    """mem_sort_limit warns that it has no effect, and has none."""
    with pytest.warns(DeprecationWarning, match="mem_sort_limit is deprecated and has no effect"):
        job = disco.new_job("test", input=TEXT, map=words, reduce=count, mem_sort_limit=1)
    assert list(result_iterator(job.wait())) == [("a", 2), ("b", 2), ("c", 1)]


# Jobs as classes


class Count(Job):
    """A word count whose parameters are attributes."""

    partitions = 2
    map = staticmethod(words)

    @staticmethod
    def reduce(pairs: Any, params: Any) -> Any:
        """The sums of the pairs."""
        for key, values in kvgroup(sorted(pairs)):  # type: ignore[name-defined]
            yield key, sum(values)


def test_a_job_class_carries_parameters(disco: Disco) -> None:
    """Attributes of a Job subclass are its parameters; arguments of run win over them, and classes can be derived."""

    class More(Count):
        partitions = 3

    job = Count(disco).run(input=TEXT)
    assert job.name.startswith("Count@")
    assert len(job.wait()) == 2
    assert sorted(result_iterator(job.wait())) == [("a", 2), ("b", 2), ("c", 1)]
    assert len(More(disco, name="more").run(input=TEXT).wait()) == 3
    assert len(Count(disco).run(input=TEXT, partitions=4).wait()) == 4


def test_a_job_class_can_be_defined_in_a_function(disco: Disco) -> None:
    """A Job subclass may live anywhere, as in a notebook: its functions travel as code."""

    class Local(Job):
        @staticmethod
        def map(line: str, params: Any) -> Any:
            yield line, this_name()  # type: ignore[name-defined]

    job = Local(disco).run(input=["raw://x"])
    assert list(result_iterator(job.wait())) == [("x", job.name)]


def test_every_row_has_a_test() -> None:
    """The rows that are tested here are the fields of JobSpec."""
    assert {field.name for field in fields(JobSpec)} == ROWS
