"""Every job parameter of Disco 0.5's classic worker, used through the face."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from disco_sim.compat import masters
from disco_sim.compat.disco.core import Disco, result_iterator
from disco_sim.compat.disco.error import DataError, DiscoError, JobError, ModUtilImportError
from disco_sim.compat.disco.worker.classic.func import (
    chain_reader,
    disco_output_stream,
    gzip_reader,
    nop_map,
    sum_combiner,
    task_input_stream,
    task_output_stream,
)
from disco_sim.compat.disco.worker.classic.worker import Params, Worker
from disco_sim.util import external

Test = TypeVar("Test", bound=Callable[..., Any])

ROWS: set[str] = set()
TEXT = ["raw://b a b", "raw://a c"]


def row(*parameters: str) -> Callable[[Test], Test]:
    """Note that a test is about these parameters."""

    def note(test: Test) -> Test:
        ROWS.update(parameters)
        return test

    return note


@pytest.fixture
def disco() -> Iterator[Disco]:
    """A connection to a master with two nodes."""
    masters.forget()
    masters.choose(options={"nodes": 2})
    yield Disco("disco://localhost:8992")
    masters.forget()


def words(line: Any, params: Any) -> Any:
    """The map function of most jobs here."""
    for word in line.split():
        yield word, 1


def count(pairs: Any, params: Any) -> Any:
    """The reduce function of most jobs here."""
    for key, values in kvgroup(sorted(pairs)):  # type: ignore[name-defined]
        yield key, sum(values)


def answer(disco: Disco, **parameters: Any) -> list[Any]:
    """The records of a job's result."""
    return list(result_iterator(disco.new_job("test", **parameters).wait()))


COUNTS = [("a", 2), ("b", 2), ("c", 1)]


@row("name", "input", "map", "reduce")
def test_map_and_reduce(disco: Disco) -> None:
    """A job maps its inputs and reduces what comes out, under a name that begins with its own."""
    job = disco.new_job("first", input=TEXT, map=words, reduce=count)
    assert list(result_iterator(job.wait())) == COUNTS
    assert job.name.startswith("first@")
    assert sorted(answer(disco, input=TEXT, map=words)) == sorted([("b", 1), ("a", 1), ("b", 1), ("a", 1), ("c", 1)])


@row("reduce")
def test_reduce_of_three_arguments(disco: Disco) -> None:
    """A reduce of three arguments writes to out; what it returns is ignored."""

    def reduce(iter: Any, out: Any, params: Any) -> Any:
        for key, value in iter:
            out.add(key, value)
        return 3

    assert len(answer(disco, input=TEXT, map=words, reduce=reduce)) == 5


@row("input")
def test_inputs(disco: Disco) -> None:
    """A text is no list of inputs; replicas are lists within the list; no input is no result."""
    with pytest.raises(DiscoError, match="Job 'input' is not a list of input locations"):
        disco.new_job("test", input="raw://a", map=words)
    assert answer(disco, input=[["/no/such/file", "raw://a"]], map=words) == [("a", 1)]
    assert answer(disco, input=[], map=words) == []


@row("map_init", "reduce_init")
def test_inits(disco: Disco) -> None:
    """An init gets the records before the function does, and may take some off."""

    def skip(iter: Any, params: Any) -> None:
        next(iter)
        params.began = True

    def fun_map(line: Any, params: Any) -> Any:
        yield line, params.began

    assert answer(disco, input=["raw://head\nbody"], map=fun_map, map_init=skip, params=Params()) == [("body", True)]
    assert answer(disco, input=["raw://a b"], map=words, reduce=count, reduce_init=skip, params=Params()) == [("b", 1)]


@row("map_reader", "reduce_reader")
def test_readers(disco: Disco) -> None:
    """A reader of three or four arguments makes records of a stream; chained results are read as pairs."""

    def letters(fd: Any, size: Any, url: Any) -> Any:
        yield from fd.read()

    def repeated(fd: Any, size: Any, url: Any, params: Any) -> Any:
        yield from [fd.read()] * params

    def both(entry: Any, params: Any) -> Any:
        yield entry, 1

    assert answer(disco, input=["raw://ab"], map=both, map_reader=letters) == [("a", 1), ("b", 1)]
    assert answer(disco, input=["raw://ab"], map=both, map_reader=repeated, params=2) == [("ab", 1)] * 2
    first = disco.new_job("test", input=TEXT, map=words, reduce=count).wait()
    assert sorted(answer(disco, input=first, map=nop_map, map_reader=chain_reader)) == COUNTS
    assert answer(disco, input=first, reduce=count, reduce_reader=chain_reader) == COUNTS


@row("map_input_stream", "reduce_input_stream")
def test_input_streams(disco: Disco, tmp_path: Any) -> None:
    """Streams are opened by a chain of functions, the last of which is iterated."""
    (tmp_path / "packed").write_bytes(gzip.compress(b"a b\nc\n"))
    found = answer(
        disco, input=[str(tmp_path / "packed")], map=words, map_input_stream=[task_input_stream, gzip_reader]
    )
    assert found == [(b"a", 1), (b"b", 1), (b"c", 1)]

    def doubled(stream: Any, size: Any, url: Any, params: Any) -> Any:
        return [*stream] * 2

    chain = [task_input_stream, chain_reader, doubled]
    found = answer(disco, input=["raw://a"], map=words, reduce=count, reduce_input_stream=chain, reduce_reader=None)
    assert found == [("a", 2)]


@row("map_output_stream", "reduce_output_stream")
def test_output_streams(disco: Disco) -> None:
    """Results are written by a chain of functions; the last one's add(key, value) is called."""

    def lines(stream: Any, partition: Any, url: Any, params: Any) -> Any:
        class Lines:
            def add(self, key: Any, value: Any) -> None:
                stream.write(f"{key}:{value}\n".encode())

        return Lines(), url

    job = disco.new_job("test", input=TEXT, map=words, reduce=count, reduce_output_stream=[task_output_stream, lines])
    assert list(result_iterator(job.wait(), reader=None)) == [b"a:2\n", b"b:2\n", b"c:1\n"]
    usual = [task_output_stream, disco_output_stream]
    assert answer(disco, input=TEXT, map=words, reduce=count, map_output_stream=usual) == COUNTS


@row("combiner")
def test_combiner(disco: Disco) -> None:
    """A combiner shrinks what a map task sends."""
    job = disco.new_job("test", input=TEXT, map=words, reduce=count, combiner=sum_combiner)
    assert list(result_iterator(job.wait())) == COUNTS
    assert job.tasks[job.tasks.stage == "map"].records_out.tolist() == [2, 2]


@row("partition", "partitions")
def test_partitions(disco: Disco) -> None:
    """The partition function says which reduce task gets a key; one result for each that gets any."""

    def first(key: Any, nr_partitions: Any, params: Any) -> Any:
        return ord(key[0]) - ord("a")

    job = disco.new_job("test", input=TEXT, map=words, reduce=count, partition=first, partitions=5)
    assert list(result_iterator(job.wait())) == COUNTS
    assert len(job.wait()) == 3
    assert len(disco.new_job("test", input=TEXT, map=words, reduce=count, partitions=None).wait()) == 1


@row("map_shuffle", "reduce_shuffle", "shuffle")
def test_shuffles(disco: Disco) -> None:
    """reduce_shuffle adds a stage; map_shuffle is there in any case."""
    rows = {}
    for name in ("map_shuffle", "reduce_shuffle", "shuffle"):
        job = disco.new_job("test", input=TEXT, map=words, reduce=count, partitions=2, **{name: True})
        assert sorted(result_iterator(job.wait())) == COUNTS
        rows[name] = [row[0] for row in job.jobinfo()["pipeline"]]
    usual = ["map", "map_shuffle", "reduce"]
    assert rows == {
        "map_shuffle": usual, "reduce_shuffle": [*usual, "reduce_shuffle"], "shuffle": [*usual, "reduce_shuffle"],
    }  # fmt: skip


@row("ext_params")
def test_external_programs(disco: Disco, tmp_path: Any) -> None:
    """A program can be the map; ext_params are the first that it reads."""
    program = tmp_path / "upper.py"
    program.write_text(
        f"#!{sys.executable} -IS\nimport struct, sys\nread, write = sys.stdin.buffer.read, sys.stdout.buffer.write\n"
        "def frame():\n    head = read(4)\n    return head and read(struct.unpack('<I', head)[0])\n"
        "params = frame()\n"
        "while key := frame():\n    frame()\n    word = key + params\n"
        "    write(struct.pack('<II', 1, len(word)) + word + struct.pack('<I', 0))\n    sys.stdout.flush()\n"
    )
    found = answer(disco, input=["raw://a"], map=external([str(program)]), ext_params="!")
    assert found == [(b"a!", b"")]


@row("params")
def test_params(disco: Disco) -> None:
    """Any value will do as params; each task has its own copy."""

    def fun_map(line: Any, params: Any) -> Any:
        params["seen"].append(line)
        yield line, len(params["seen"])

    params: dict[str, Any] = {"seen": []}
    assert sorted(answer(disco, input=["raw://a", "raw://b"], map=fun_map, params=params)) == [("a", 1), ("b", 1)]
    assert params == {"seen": []}


@row("sort", "sort_buffer_size")
def test_sort(disco: Disco) -> None:
    """sort=True sorts keys within a partition, text as well, unlike in 0.5.4."""

    def as_it_comes(pairs: Any, params: Any) -> Any:
        yield from pairs

    for line in (b"b a c", "b a c"):
        found = answer(
            disco, input=["raw://x"], map=lambda entry, line: [(word, 1) for word in line.split()], params=line,
            reduce=as_it_comes, sort=True, sort_buffer_size="5%",
        )  # fmt: skip
        assert [key for key, _ in found] == sorted(line.split())


@row("status_interval")
def test_status_interval(disco: Disco) -> None:
    """A message is sent every so many entries, and one at the end."""
    job = disco.new_job("test", input=["raw://a\nb\nc"], map=words, status_interval=2)
    job.wait()
    told = [message for _, (_, _, message) in job.events() if "mapped" in message]
    assert told == ["MSG: [map:0] 2 entries mapped", "MSG: [map:0] Done: 3 entries mapped"]


@row("version")
def test_version(disco: Disco) -> None:
    """A job for another Python is refused."""
    with pytest.raises(DiscoError, match="Python version mismatch"):
        disco.new_job("test", input=TEXT, map=words, version="2.7")


@row("save_results", "save_info")
def test_saved_results(disco: Disco) -> None:
    """save_results=True gives one tag, flat in the list."""
    job = disco.new_job("test", input=TEXT, map=words, reduce=count, save_results=True, save_info="ddfs")
    assert job.wait() == [f"tag://disco:results:{job.name}"]
    assert list(result_iterator(job.wait())) == COUNTS
    with pytest.raises(DiscoError, match="save_info"):
        disco.new_job("test", input=TEXT, map=words, save_results=True, save_info="ftp")


@row("profile")
def test_profile(disco: Disco) -> None:
    """profile=True keeps a profile of each task among the OOB results."""
    job = disco.new_job("test", input=["raw://a", "raw://b"], map=words, reduce=count, profile=True)
    job.wait()
    uids = ["map:0-a-1-0", "map:0-b-0-0", "reduce:0--4-0"]
    assert sorted(job.oob_list()) == [f"profile-{uid}" for uid in uids]
    stream = io.StringIO()
    job.profile_stats("map", stream=stream).print_stats()
    assert "words" in stream.getvalue()


@row("required_files")
def test_required_files(disco: Disco, tmp_path: Any) -> None:
    """Files of a list are in lib/."""
    (tmp_path / "stop.txt").write_text("the")

    def fun_map(line: Any, params: Any) -> Any:
        with open("lib/stop.txt") as file:
            yield file.read(), line

    assert answer(disco, input=["raw://a"], map=fun_map, required_files=[str(tmp_path / "stop.txt")]) == [("the", "a")]


@row("required_modules")
def test_required_modules(disco: Disco, tmp_path: Any) -> None:
    """A module that is named is there under its last name; one that is given with its path travels."""
    (tmp_path / "own_helpers.py").write_text("def double(text):\n    return text * 2\n")

    def fun_map(line: Any, params: Any) -> Any:
        yield own_helpers.double(line), path.basename("a/b")  # type: ignore[name-defined]

    modules = [("own_helpers", str(tmp_path / "own_helpers.py")), "os.path"]
    assert answer(disco, input=["raw://a"], map=fun_map, required_modules=modules) == [("aa", "b")]
    with pytest.raises(ModUtilImportError, match="no_such_module"):
        disco.new_job("test", input=TEXT, map=words, required_modules=["no_such_module"])


@row("owner")
def test_owner(disco: Disco) -> None:
    """The owner is in the job's facts."""
    job = disco.new_job("test", input=TEXT, map=words, owner="ann@lab")
    assert job.jobinfo()["owner"] == "ann@lab"


@row("scheduler")
def test_scheduler(disco: Disco) -> None:
    """max_cores limits how many tasks run at a time, and unknown keys are ignored."""
    job = disco.new_job("test", input=["raw://a"] * 4, map=words, scheduler={"max_cores": 1, "unknown": 2})
    job.wait()
    maps = job.tasks[job.tasks.stage == "map"].sort_values("start_s")
    assert (maps.start_s.iloc[1:].to_numpy() >= maps.end_s.iloc[:-1].to_numpy()).all()


@row("name")
@pytest.mark.parametrize("name", ["x.y", "a/b"])
def test_invalid_names(disco: Disco, name: str) -> None:
    """A name with a dot or a slash is refused, as observed."""
    with pytest.raises(DiscoError, match='Job failed to start: "invalid prefix"'):
        disco.new_job(name, input=TEXT, map=words)


def test_errors_of_data_and_others(disco: Disco) -> None:
    """Data errors are tried again on another node, others end the job at once."""

    def unlucky(line: Any, params: Any) -> Any:
        if this_host() == "node01":  # type: ignore[name-defined]
            raise DataError("not here", "raw://a")
        yield line, 1

    job = disco.new_job("test", input=["raw://a"], map=unlucky)
    assert list(result_iterator(job.wait())) == [("a", 1)]
    assert job.tasks[job.tasks.stage == "map"].host.tolist() == ["node01", "node02"]
    with pytest.raises(JobError, match="Status dead"):
        answer(disco, input=["raw://a"], map=lambda line, params: 1 / 0)


def test_every_row_has_a_test() -> None:
    """The rows that are tested here are the parameters of Disco's classic worker."""
    assert set(Worker().defaults()) == ROWS
