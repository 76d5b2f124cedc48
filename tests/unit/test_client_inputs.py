"""Claims about what a job can read, and about inputs that are refused when it is submitted."""

from __future__ import annotations

import gzip
import http.server
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import DataError, Disco, DiscoError, JobError, result_iterator
from disco_sim.error import CommError, InputError
from disco_sim.formats import to_disco_format
from disco_sim.func import chain_reader, gzip_line_reader, gzip_stream, map_line_reader, nop_map
from disco_sim.store.results import index_of


@pytest.fixture
def disco() -> Iterator[Disco]:
    """A cluster of two nodes."""
    with Disco(nodes=2) as one:
        yield one


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files, in which the test runs."""
    (tmp_path / "texts").mkdir()
    for name, text in (("a.txt", "a1\na2\n"), ("b.txt", "b1"), ("c.log", "c1\n"), (".hidden", "no")):
        (tmp_path / "texts" / name).write_text(text)
    (tmp_path / "texts" / "deep").mkdir()
    (tmp_path / "texts" / "deep" / "d.txt").write_text("d1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def records(disco: Disco, inputs: Any, **parameters: Any) -> list[Any]:
    """What map gets from the inputs, in order."""
    parameters = {"map": lambda entry, params: [(entry, None)], "partitions": None, **parameters}
    return [key for key, _ in result_iterator(disco.new_job("test", input=inputs, **parameters).wait())]


def n_tasks(disco: Disco, inputs: Any, **parameters: Any) -> int:
    """How many map tasks the inputs make."""
    job = disco.new_job("test", input=inputs, map=nop_map, map_reader=lambda fd, size, url: [], **parameters)
    job.wait()
    return len(job.tasks)


# Files


@pytest.mark.parametrize("form", ["texts/a.txt", "{}/texts/a.txt", "file://texts/a.txt", "file://{}/texts/a.txt"])
def test_local_files(disco: Disco, folder: Path, form: str) -> None:
    """A path, absolute or seen from the folder the notebook runs in, with file:// or without, is a file's lines."""
    assert records(disco, [form.format(folder)]) == ["a1", "a2"]


def test_path_objects(disco: Disco, folder: Path) -> None:
    """pathlib's paths are paths, alone, in a list of replicas, and for split."""
    path = folder / "texts" / "a.txt"
    assert records(disco, [path]) == records(disco, [[path, path]]) == ["a1", "a2"]
    assert records(disco, disco.split(path, 2)) == ["a1", "a2"]


def test_paths_are_seen_from_where_the_job_was_submitted(
    disco: Disco, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changing the folder between submitting and waiting does not change the input."""
    job = disco.new_job("test", input=["texts/b.txt"], map=lambda entry, params: [(entry, None)])
    monkeypatch.chdir("/")
    assert list(result_iterator(job.wait())) == [("b1", None)]


def test_gzip_by_ending_and_by_reader(disco: Disco, folder: Path) -> None:
    """A file whose name ends in .gz is decompressed; under another name a gzip reader or stream does it."""
    for name in ("words.gz", "words.bin"):
        (folder / name).write_bytes(gzip.compress(b"the\ncat\n"))
    assert records(disco, ["words.gz"]) == ["the", "cat"]
    assert records(disco, ["words.bin"], map_reader=gzip_line_reader) == ["the", "cat"]
    assert records(disco, ["words.bin"], map_input_stream=gzip_stream) == ["the", "cat"]
    with pytest.raises(JobError, match="No UTF-8 text at byte 1"):
        records(disco, ["words.bin"])


def test_directories_and_globs(disco: Disco, folder: Path) -> None:
    """A directory is its files, sorted, without hidden ones; a pattern the files it matches: a task for each."""
    assert records(disco, ["texts"]) == ["a1", "a2", "b1", "c1"]
    assert records(disco, [f"file://{folder}/texts/*.txt"]) == ["a1", "a2", "b1"]
    assert records(disco, ["texts/**/*.txt"]) == ["a1", "a2", "b1", "d1"]
    assert records(disco, ["texts/[bc].*"]) == ["b1", "c1"]
    assert n_tasks(disco, ["texts", "texts/b.txt"]) == 4


def test_a_file_may_look_like_a_pattern(disco: Disco, folder: Path) -> None:
    """A file whose very name has a star or question mark in it is that file."""
    (folder / "what?.txt").write_text("this")
    (folder / "whats.txt").write_text("other")
    assert records(disco, ["what?.txt"]) == ["this"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("texts/none.txt", "'texts/none.txt' cannot be used: there is no such file"),
        ("file://texts/none.txt", "there is no such file"),
        ("texts/*.csv", "no file matches the pattern"),
        ("empty", "the directory holds no file"),
        ("just some words", "or a URL such as raw://some text"),
    ],
)
def test_files_that_are_not_there(disco: Disco, folder: Path, url: str, message: str) -> None:
    """A missing file, an empty directory and a pattern without a match fail when the job is submitted."""
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match=message) as caught:
        disco.new_job("test", input=[url], map=nop_map)
    assert caught.value.input == url
    assert disco.joblist() == []


def test_a_file_that_vanishes_after_submitting(disco: Disco, folder: Path) -> None:
    """A file that is deleted before its task runs is a data error: tried again, then the job dies."""
    job = disco.new_job("test", input=["texts/b.txt"], map=nop_map)
    (folder / "texts" / "b.txt").unlink()
    with pytest.raises(JobError, match="Cannot open the file: No such file") as caught:
        job.wait()
    assert isinstance(caught.value.__cause__, DataError)
    assert job.tasks.status.tolist() == ["failed"] * 4


# Lists of inputs


@pytest.mark.parametrize("wrong", ["texts/a.txt", b"raw://a", 5, None, Path("a")])
def test_input_is_a_list(disco: Disco, wrong: Any) -> None:
    """Anything but a list of inputs is an error that writes the list."""
    with pytest.raises(InputError, match=r"is not a list of input locations.*write input=\[.*disco\.split"):
        disco.new_job("test", input=wrong, map=nop_map)


@pytest.mark.parametrize("wrong", [{"raw://a"}, {"raw://a": 1}])
def test_input_has_an_order(disco: Disco, wrong: Any) -> None:
    """A set or dict of inputs is refused, for the order of inputs counts."""
    with pytest.raises(InputError, match="the order of inputs counts: give a list"):
        disco.new_job("test", input=wrong, map=nop_map)


@pytest.mark.parametrize("wrong", [pd.DataFrame({"a": [1]}), pd.Series([1]), [1, 2], [("a", 1)], [[]], [None]])
def test_data_are_no_input(disco: Disco, wrong: Any) -> None:
    """Data instead of URLs are an error, which for data in variables names split."""
    with pytest.raises(InputError, match=r"disco\.split|a list inside the input list holds URLs"):
        disco.new_job("test", input=wrong, map=nop_map)


@pytest.mark.parametrize("url", ["ftp://host/file", "s3://bucket"])
def test_unknown_schemes(disco: Disco, url: str) -> None:
    """A URL of an unknown scheme is refused with the ones that are known."""
    with pytest.raises(
        InputError, match=r"unknown scheme '(ftp|s3)'.*raw, url, http, https, file, dir, disco, split, tag"
    ):
        disco.new_job("test", input=[url], map=nop_map)
    with pytest.raises(InputError, match=r"unknown scheme .* inside a list of replicas"):
        disco.new_job("test", input=[["raw://x", url]], map=nop_map)


def test_no_input(disco: Disco) -> None:
    """A job without input is ready, with an empty result; a reduce runs once, over nothing."""
    assert records(disco, []) == []
    assert list(
        result_iterator(disco.new_job("test", reduce=lambda pairs, params: [("n", len(list(pairs)))]).wait())
    ) == [("n", 0)]


# raw, http, replicas


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=4))
def test_raw_inputs_are_the_text(texts: list[str]) -> None:
    """raw:// is the text behind it, blanks and line ends included, one task each."""
    with Disco(nodes=2) as disco:
        got = records(disco, [f"raw://{text}" for text in texts], map_reader=lambda fd, size, url: [fd.read().decode()])
    assert got == texts


def test_raw_inputs_have_homes_by_number(disco: Disco) -> None:
    """Input i is at node i mod n, even if the text names another node."""

    def fun_map(entry: str, params: Any) -> Any:
        yield this_host(), 1  # type: ignore[name-defined]

    job = disco.new_job("test", input=["raw://node02", "raw://x", "raw://y"], map=fun_map)
    assert [host for host, _ in result_iterator(job.wait())] == ["node01", "node02", "node01"]


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The URL of a web server on this machine."""
    pages = {"/words": b"the\ncat", "/words.gz": gzip.compress(b"sat")}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path in pages:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(pages[self.path])
            else:
                self.send_error(404)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the machine must not see the tests' requests."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.mark.usefixtures("no_proxy")
def test_http(disco: Disco, site: str) -> None:
    """Web pages are read when their task runs; one that is not there is tried again, and then the job is dead."""
    job = disco.new_job("test", input=[f"{site}/words", f"{site}/words.gz"], map=lambda entry, params: [(entry, None)])
    assert [key for key, _ in result_iterator(job.wait())] == ["the", "cat", "sat"]
    assert job.tasks.bytes_in.iloc[0] == 7
    with pytest.raises(JobError, match="answered 404") as caught:
        records(disco, [f"{site}/none"])
    assert isinstance(caught.value.__cause__, CommError)
    assert records(disco, [[f"{site}/none", f"{site}/words"]]) == ["the", "cat"]


def test_replicas_are_one_input(disco: Disco, folder: Path) -> None:
    """A list inside the input list is one task; when one cannot be read the next is, and a warning says so."""

    def fun_map(entry: str, params: Any) -> Any:
        yield entry, this_inputs()  # type: ignore[name-defined]

    urls = ["gone.txt", "texts/a.txt"]
    job = disco.new_job("test", input=[urls], map=fun_map)
    assert list(result_iterator(job.wait())) == [("a1", [urls]), ("a2", [urls])]
    assert len(job.tasks) == 1
    assert any("Replica gone.txt failed" in line for line in job.log.message)


def test_a_list_of_one_is_that_one(disco: Disco, folder: Path) -> None:
    """An inner list of one entry is the entry: a directory, a result, as newer versions of Disco give them."""
    assert records(disco, [["texts"]]) == ["a1", "a2", "b1", "c1"]
    result = disco.new_job("test", input=["raw://x"], map=lambda entry, params: [(entry, 1)]).wait()
    assert records(disco, [[url] for url in result], map_reader=chain_reader) == [("x", 1)]


def test_a_replica_that_breaks_in_the_middle(disco: Disco, folder: Path) -> None:
    """When a replica turns out damaged on the way, the next goes on behind what was read: no record twice or lost."""
    good = to_disco_format([("a", 1)])[:-14] + to_disco_format([("b", 2)])
    (folder / "good").write_bytes(good)
    damaged = bytearray(good)
    damaged[-20] ^= 255
    (folder / "damaged").write_bytes(damaged)
    with pytest.raises(JobError, match="is damaged"):
        records(disco, ["damaged"], map_reader=chain_reader, map=nop_map)
    job = disco.new_job("test", input=[["damaged", "good"]], map=nop_map, map_reader=chain_reader)
    assert list(result_iterator(job.wait())) == [("a", 1), ("b", 2)]
    assert job.tasks.records_in.tolist() == [2]
    assert len(job.tasks) == 1
    assert list(result_iterator([["damaged", "good"]])) == [("a", 1), ("b", 2)]


def test_all_replicas_gone(disco: Disco, folder: Path) -> None:
    """Replicas of which none is there are refused at submit; if all turn out damaged, the last error is told."""
    with pytest.raises(InputError, match=r"none of the replicas .* is there"):
        disco.new_job("test", input=[["gone1", "gone2"]], map=nop_map)
    with pytest.raises(JobError, match=r"Exhausted all 2 available replicas, last error was: .*No pair of netstrings"):
        records(disco, [["texts/a.txt", "texts/b.txt"]], map_reader=chain_reader)
    with pytest.raises(InputError, match="scheme 'dir' inside a list of replicas"):
        disco.new_job("test", input=[["dir://a", "dir://b"]], map=nop_map)


def test_undecodable_files(disco: Disco, folder: Path) -> None:
    """A file that is not UTF-8 is a data error with file and offset: tried three times more, then the job is dead."""
    (folder / "latin.txt").write_bytes(b"the cat\ncaf\xe9\n")
    job = disco.new_job("test", input=["latin.txt"], map=lambda entry, params: [(entry, 1)])
    with pytest.raises(JobError, match=r"No UTF-8 text at byte 11: .*latin\.txt") as caught:
        job.wait()
    cause = caught.value.__cause__
    assert isinstance(cause, DataError)
    assert (cause.url, cause.offset) == ("latin.txt", 11)
    assert job.tasks.status.tolist() == ["failed"] * 4
    assert job.status == "dead"
    assert records(disco, ["latin.txt"], map_reader=None) == [b"the cat\n", b"caf\xe9\n"]


# Results of other jobs, tags


def pairs_job(disco: Disco, **parameters: Any) -> Any:
    """A finished job with the results (a, 1), (b, [2])."""
    job = disco.new_job("first", input=["raw://a", "raw://b"], map=_pairs, partitions=2, **parameters)
    job.wait()
    return job


def _pairs(entry: str, params: Any) -> Any:
    yield entry, 1 if entry == "a" else [2]


def test_results_chain(disco: Disco) -> None:
    """Results of a job are inputs of the next with chain_reader, a task for each piece; this_inputs has their URLs."""
    urls = pairs_job(disco).wait()
    job = disco.new_job(
        "next",
        input=urls,
        map=lambda entry, params: [(entry, this_inputs()[0])],  # type: ignore[name-defined]
        map_reader=chain_reader,
        partitions=None,
    )
    got = {(key, repr(value)): url for (key, value), url in result_iterator(job.wait())}
    assert set(got) == {("a", "1"), ("b", "[2]")}
    assert all(url.startswith("disco://node0") for url in got.values())


def test_results_without_chain_reader(disco: Disco) -> None:
    """Reading results as lines is an error that names chain_reader; with no reader the pairs come as they are."""
    urls = pairs_job(disco).wait()
    with pytest.raises(JobError, match="give map_reader=chain_reader"):
        records(disco, urls)
    assert sorted(records(disco, urls, map_reader=None), key=str) == [("a", 1), ("b", [2])]


@pytest.mark.parametrize("save", [False, True])
def test_results_of_another_disco(disco: Disco, save: bool) -> None:
    """Results and tags of another open Disco can be read, with a map or with a reduce alone."""
    with Disco(nodes=3) as other:
        urls = pairs_job(other, save=save).wait()
        mapped = disco.new_job("next", input=urls, map=nop_map, map_reader=chain_reader)
        reduced = disco.new_job("next", input=urls, reduce=lambda pairs, params: pairs)
        blobs = [url for _, url in index_of(other.cluster.jobs, pairs_job(other).wait()[0])]
        again = disco.new_job("next", input=[blobs], map=nop_map, map_reader=chain_reader)
    for job in (mapped, reduced):
        assert sorted(result_iterator(job.wait()), key=str) == [("a", 1), ("b", [2])]
    assert sorted(result_iterator(again.wait()), key=str) == [("a", 1)]


def test_results_of_a_closed_disco(disco: Disco) -> None:
    """Results of a Disco that is closed are refused at submit, with the ones that are open."""
    with Disco() as other:
        urls = pairs_job(other).wait()
    with pytest.raises(InputError, match=f"no open Disco has it; open in this process: {disco.master}"):
        disco.new_job("next", input=urls, map=nop_map)


def test_results_that_are_gone(disco: Disco) -> None:
    """Purged results, and tags of what is gone, are refused at submit; saved ones outlive their job."""
    job = pairs_job(disco, save=True)
    plain = pairs_job(disco)
    urls = plain.wait()
    (blob, *_) = [url for _, url in index_of(disco.cluster.jobs, urls[0])]
    plain.purge()
    tag = job.wait()
    job.purge()
    assert sorted(result_iterator(tag), key=str) == [("a", 1), ("b", [2])]
    disco.ddfs.delete(tag)
    disco.ddfs.tag("gone", [[blob]])
    for wrong in (urls, tag, ["tag://gone"], [blob]):
        with pytest.raises(InputError, match="cannot be used"):
            disco.new_job("next", input=wrong, map=nop_map)
    assert records(disco, [[blob, "raw://x"]]) == ["x"]


def test_tags(disco: Disco) -> None:
    """A tag is its entries, then those of the tags in it, each once; its name may have a host or token in front."""
    disco.cluster.tags.tag("data:inner", [["raw://b"], ["tag://data:outer"]])
    disco.cluster.tags.tag("data:outer", [["raw://a"], ["tag://data:inner"], ["raw://c", "raw://c"]])
    assert records(disco, ["tag://data:outer"]) == ["a", "c", "b"]
    assert records(disco, ["tag://token@master/data:inner"]) == ["b", "a", "c"]
    with pytest.raises(InputError, match=r"tag://data:none cannot be used: Tag not found; the tags are: data:inner"):
        disco.new_job("test", input=["tag://data:none"], map=nop_map)
    with pytest.raises(InputError, match=r"tag://data:inner for the tag of that name"):
        disco.new_job("test", input=["data:inner"], map=nop_map)


# Split


@given(
    st.lists(st.text(st.sampled_from("aé \r\U0001f600"), max_size=6), max_size=20), st.integers(1, 12), st.booleans()
)
def test_every_line_of_a_split_text_once(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], n: int, is_ended: bool
) -> None:
    """However a text is split, every line is in exactly one input, in order."""
    path = tmp_path_factory.mktemp("split") / "text"
    data = "\n".join(lines) + "\n" * is_ended
    path.write_bytes(data.encode())
    with Disco(nodes=2) as disco:
        inputs = disco.split(str(path), n)
        got = records(disco, inputs)
    assert len(inputs) == n
    assert got == list(map_line_reader(io.BytesIO(data.encode()), len(data.encode()), "x"))


@given(st.lists(st.integers()), st.integers(1, 9))
def test_every_record_of_a_split_list_once(numbers: list[int], n: int) -> None:
    """However a list is split, every record is in exactly one input, in order, and sizes differ by one at most."""
    with Disco(nodes=2) as disco:
        job = disco.new_job("test", input=disco.split(numbers, n), map=lambda entry, params: [(entry, None)])
        assert [key for key, _ in result_iterator(job.wait())] == numbers
        sizes = job.tasks.records_in.tolist()
    assert len(sizes) == n
    assert max(sizes) - min(sizes) <= 1


def test_split_of_all_kinds(disco: Disco) -> None:
    """Lists, generators, Series and DataFrames (rows as tuples or dicts) reach map as they are, whatever the reader."""
    frame = pd.DataFrame({"name": ["ann", "bob"], "age": [7, 8]})
    shown = {"map": lambda entry, params: [(repr(entry), None)], "map_reader": chain_reader}
    for data, rows, expected in (
        ([1, "two", None], "tuple", ["1", "'two'", "None"]),
        ((n * n for n in range(3)), "tuple", ["0", "1", "4"]),
        (pd.Series(["x", "y"], index=[7, 8]), "tuple", ["'x'", "'y'"]),
        (frame, "tuple", ["('ann', 7)", "('bob', 8)"]),
        (frame, "dict", ["{'name': 'ann', 'age': 7}", "{'name': 'bob', 'age': 8}"]),
        (frame.iloc[:0], "dict", []),
    ):
        assert records(disco, disco.split(data, 2, rows=rows), **shown) == expected


def test_split_records_are_copies(disco: Disco) -> None:
    """Records are frozen when they are split, and each run has its own: changes do not travel."""
    data: list[list[int]] = [[1]]
    inputs = disco.split(data, 1)
    data[0].append(2)

    def fun_map(entry: list[int], params: Any) -> Any:
        entry.append(3)
        yield tuple(entry), None

    assert records(disco, inputs, map=fun_map) == records(disco, inputs, map=fun_map) == [(1, 3)]


def test_a_reader_that_is_not_called(disco: Disco) -> None:
    """A reader or an input stream for records of variables is never called, and a warning says so."""
    inputs = disco.split(["a"], 1)
    with pytest.warns(RuntimeWarning, match="map_reader 'lines' is not called for what disco.split") as caught:

        def lines(fd: Any, size: Any, url: str) -> Any: ...

        assert records(disco, inputs, map_reader=lines) == ["a"]
    assert caught[0].filename == __file__
    with pytest.warns(RuntimeWarning, match="map_input_stream is not called"):
        assert records(disco, inputs, map_input_stream=gzip_stream) == ["a"]


def test_split_of_a_packed_text(disco: Disco, folder: Path) -> None:
    """A .gz text is split into lines, for it cannot be read from the middle."""
    (folder / "words.gz").write_bytes(gzip.compress(b"a\nb\nc"))
    assert records(disco, disco.split("words.gz", 2)) == ["a", "b", "c"]
    with pytest.raises(InputError, match=r"split\('none.gz', ...\): Cannot open the file"):
        disco.split("none.gz", 2)


@pytest.mark.parametrize(
    ("data", "n", "options", "message"),
    [
        ("no/such/file", 2, {}, r"there is no such file.*disco.split\(text.splitlines\(\), 8\)"),
        ("texts", 2, {}, r"this is a directory, .*: input=\['texts'\]"),
        ("word " * 99999, 2, {}, "there is no such file"),
        (5, 2, {}, "a value of type int has no records"),
        (b"bytes", 2, {}, "a value of type bytes has no records"),
        ({1, 2}, 2, {}, r"no order of them.*sorted\(...\) makes a list of a set"),
        ({"a": 1}, 2, {}, r"type dict has no records, .* list\(....items\(\)\) of a dict"),
        ([1], 0, {}, "n is the number of inputs, a whole number from 1 on"),
        ([1], 1.5, {}, "n is the number of inputs"),
        ([1], 1, {"rows": "list"}, "rows is 'tuple' or 'dict'"),
        ([lambda: 1], 1, {}, "the records cannot be sent to the nodes"),
    ],
)
def test_split_of_what_has_no_records(
    disco: Disco, folder: Path, data: Any, n: Any, options: dict[str, Any], message: str
) -> None:
    """A path that is no file, data without records or order, and wrong numbers are told, in a short message."""
    with pytest.raises(DiscoError, match=message) as caught:
        disco.split(data, n, **options)
    assert len(str(caught.value)) < 450
    assert " at 0x" not in str(caught.value)


def test_a_split_text_that_has_changed(disco: Disco, folder: Path) -> None:
    """When a text has become shorter since it was split, that is a data error, which says to split again."""
    inputs = disco.split("texts/a.txt", 2)
    (folder / "texts" / "a.txt").write_text("a")
    with pytest.raises(JobError, match="split the file again if it has changed"):
        records(disco, inputs)


def test_half_surrogates_in_raw_are_told_where_they_are_read(disco: Disco) -> None:
    """raw:// with a name that is no UTF-8 is submitted; its task says that it is no UTF-8."""
    job = disco.new_job("test", input=["raw://a\udc80b"], map=lambda entry, params: [(entry, 1)])
    with pytest.raises(JobError, match="No UTF-8 text at byte 1"):
        job.wait()
