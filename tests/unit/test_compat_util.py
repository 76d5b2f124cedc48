"""Claims about `disco.util`: the helpers that disco_sim.util has not, and those that ask a cluster."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import Disco, result_iterator
from disco_sim import util as native_util
from disco_sim.compat.dialect import V05
from disco_sim.compat.disco import util
from disco_sim.compat.urls import observed_all
from disco_sim.error import CommError, DataError, DiscoError, InputError, JobError
from disco_sim.func import chain_reader, sum_reduce
from disco_sim.model.work import Blob


@pytest.fixture
def old() -> Iterator[Disco]:
    """A cluster that speaks the dialect of 0.5."""
    with Disco("disco://localhost", nodes=2, dialect=V05) as one:
        yield one


def words(line: Any, params: Any) -> Any:
    """Each word of a line, once."""
    return [(word, 1) for word in line.split()]


def finished(disco: Disco, **more: Any) -> Any:
    """A word count that has ended, into two partitions."""
    job = disco.new_job(
        name="words", input=["raw://b a", "raw://c a"], map=words, reduce=sum_reduce, partitions=2, **more
    )
    job.wait()
    return job


def test_every_name_is_there() -> None:
    """What the facts of Disco list is there, and what disco_sim.util has is the same object, but for jobname."""
    for name in util.__all__:
        assert callable(getattr(util, name))
        if hasattr(native_util, name) and name != "jobname":
            assert getattr(util, name) is getattr(native_util, name)


@given(st.lists(st.integers()))
def test_shuffled_is_the_same_again(items: list[int]) -> None:
    """Nothing is lost, the argument is left alone, and the order is the same in every run, for every seed its own."""
    before = list(items)
    assert sorted(util.shuffled(items)) == sorted(items)
    assert items == before
    assert util.shuffled(items) == util.shuffled(iter(items))
    assert util.shuffled(items, seed=5) == util.shuffled(items, seed=5)


def test_shuffled_shuffles() -> None:
    """The order is pinned, for notebooks show it; another seed is another order; in a task it is the task's luck."""
    assert util.shuffled(range(8)) == [4, 1, 5, 2, 0, 3, 7, 6]
    assert util.shuffled(range(20), seed=1) != util.shuffled(range(20), seed=2)

    def fun_map(line: Any, params: Any) -> Any:
        from disco_sim.compat.disco.util import shuffled

        return [(tuple(shuffled(range(20))), 1)]

    with Disco(nodes=2) as disco:
        job = disco.new_job(name="luck", input=["raw://a", "raw://b"], map=fun_map)
        (one, _), (two, _) = result_iterator(job.wait())
    assert sorted(one) == sorted(two) == list(range(20))
    assert one != two


def test_globalize() -> None:
    """Missing globals are filled in, own ones win, what a partial holds counts, and installed functions are left."""
    own: dict[str, Any] = {"here": 1}
    code = compile("lambda: (here, there)", "<test>", "eval")
    function = FunctionType(code, own)()
    holder = FunctionType((lambda f: f()).__code__, {"f": 0})
    assert util.globalize(partial(holder, function), {"here": 2, "there": 3})() == (1, 3)
    util.globalize(chain_reader, {"surely_not_there": 1})
    assert "surely_not_there" not in chain_reader.__globals__
    assert util.globalize(5, {}) == 5


def test_jobname_of_every_form() -> None:
    """The job of a URL with /.disco/ in it, as of the older ones; other URLs are told."""
    assert util.jobname("dir://node01:8990/disco/node01/8a/w@1:2:3/reduce-0.index") == "w@1:2:3"
    assert util.jobname("disco://node01/disco/node01/8a/w@1:2:3/.disco/map-0-1") == "w@1:2:3"
    with pytest.raises(DiscoError, match="Cannot tell the job"):
        util.jobname("raw://x")


def test_proxy_url() -> None:
    """A proxy is put in front of URLs with a host, dots or not; tags, and all without a proxy, stay."""
    assert util.proxy_url("http://m:8989/a.b", "http://p:1") == "http://p:1/a.b"
    assert util.proxy_url("http://n:8989/a.b", "http://p:1", "PUT", False) == "http://p:1/proxy/n/PUT/a.b"
    assert util.proxy_url("tag://words", "http://p:1") == "tag://words"
    assert util.proxy_url("http://m:8989/a.b") == "http://m:8989/a.b"


def test_the_index_of_a_result(old: Disco) -> None:
    """Both forms of a result's URL give label, URL and size of its outputs, and the URLs can be read."""
    job = finished(old)
    for url, seen in zip(job.results()[1], observed_all(job.results()[1], old.cluster.jobs), strict=True):
        assert "/.disco/" in seen
        assert util.jobname(seen) == job.name
        entries = list(util.read_index(seen))
        assert entries == list(util.read_index(url))
        for label, at, n_bytes in entries:
            assert at.startswith("disco://")
            assert n_bytes > 0
            assert util.parse_dir(seen, label) == [at]
            assert util.parse_dir(seen, label + 1) == []
    results = observed_all(job.results()[1], old.cluster.jobs)
    assert util.ispartitioned([[url] for url in results])
    assert sorted(result_iterator(util.deref(results))) == [("a", 2), ("b", 1), ("c", 1)]


def test_an_index_in_a_file(tmp_path: Path) -> None:
    """Lines of label, URL and size, the size may be missing, packed or not; other lines are told."""
    (tmp_path / "index").write_text("1 disco://b/x 10\n0 disco://a/x\n")
    (tmp_path / "index.gz").write_bytes(gzip.compress(b"2 disco://c/x 5\n"))
    assert list(util.read_index(f"file://{tmp_path}/index")) == [(1, "disco://b/x", 10), (0, "disco://a/x", 0)]
    assert list(util.read_index(str(tmp_path / "index.gz"))) == [(2, "disco://c/x", 5)]
    assert util.parse_dir(str(tmp_path / "index")) == ["disco://a/x", "disco://b/x"]
    (tmp_path / "wrong").write_text("no index\n")
    with pytest.raises(DataError, match="No line of an index"):
        list(util.read_index(str(tmp_path / "wrong")))


def test_results_that_are_gone_are_told(old: Disco) -> None:
    """A result that no job has is a CommError with code 404, that of a closed Disco has no code."""
    with pytest.raises(CommError):
        list(util.read_index("dir://localhost/disco/localhost/8a/none@1:2:3/.disco/reduce-3-17.results"))
    with pytest.raises(CommError, match="no open Disco has it"):
        list(util.read_index("dir://localhost:1/disco/localhost/8a/none@1:2:3/reduce-0.index"))


def test_inputs_are_expanded(old: Disco) -> None:
    """Tags to their blobs, nested ones once, results to their outputs unless label is False, others not at all."""
    job = finished(old)
    results = observed_all(job.results()[1], old.cluster.jobs)
    old.cluster.blobs.put("disco://localhost:8989/x", Blob("bytes", b"the cat", 1, 7))
    old.cluster.tags.tag("inner", [["disco://localhost:8989/x"]])
    old.cluster.tags.tag("outer", [["tag://inner"], ["raw://a", "raw://b"], ["tag://outer"]])
    both = [["raw://a", "raw://b"], ["disco://localhost:8989/x"]]
    assert util.inputlist(["tag://outer"]) == util.inputlist(["outer"]) == both
    assert util.inputlist(["tag://nosuch", "-", "a/path", "file.txt"]) == ["-", "a/path", "file.txt"]
    assert util.inputlist(results, label=False) == results
    assert util.inputlist([[url] for url in results]) == [at for url in results for _, at, _ in util.read_index(url)]
    assert util.urllist(results[0], listdirs=False) == [results[0]]
    assert util.urllist(results[0], partid=99) == []
    assert list(util.deref(["disco://node01/x"], resolve=True)) == [["http://node01:8989/x"]]
    with pytest.raises(InputError, match="is not a list of inputs"):
        util.inputlist("raw://a")


def test_out_of_band_results_of_another_job(old: Disco) -> None:
    """load_oob reads them outside tasks and inside, save_oob puts for the job itself; what is missing is None."""

    def putting(line: Any, params: Any) -> Any:
        from disco_sim.compat.disco.util import save_oob

        save_oob(this_master(), this_name(), "saved", b"1")
        put("put", b"2")
        return []

    first = old.new_job(name="putting", input=["raw://a"], map=putting)
    first.wait()
    for host in ("http://localhost:8989", "disco://localhost", old.master):
        assert util.load_oob(host, first.name, "saved") == b"1"
    assert util.load_oob(old.master, first.name, "none") is None
    with pytest.raises(DiscoError, match="no job 'nosuch'"):
        util.load_oob(old.master, "nosuch", "saved")

    def reading(line: Any, params: Any) -> Any:
        from disco_sim.compat.disco.util import load_oob

        yield load_oob(this_master(), params, "put"), load_oob(this_master(), params, "none")

    second = old.new_job(name="reading", input=["raw://a"], map=reading, params=first.name)
    assert list(result_iterator(second.wait())) == [(b"2", None)]


def test_save_oob_is_for_the_job_itself(old: Disco) -> None:
    """Outside a task, and for another job, it is an error that says where the call was made."""
    with pytest.raises(DiscoError, match="outside any task"):
        util.save_oob(old.master, "words@1:2:3", "key", b"1")

    def saving(line: Any, params: Any) -> Any:
        from disco_sim.compat.disco.util import save_oob

        save_oob(this_master(), "other@1:2:3", "key", b"1")
        return []

    with pytest.raises(JobError) as caught:
        old.new_job(name="saving", input=["raw://a"], map=saving).wait()
    assert "in a task of job 'saving@" in str(caught.value.__cause__)


def test_files_under_a_jobs_tag(old: Disco, tmp_path: Path) -> None:
    """ddfs_save pushes files, and its tag is an input like any other."""
    (tmp_path / "words.txt").write_text("the cat\n")
    tag = util.ddfs_save([str(tmp_path / "words.txt")], "words@1:2:3", old.master)
    assert tag == "tag://disco:job:results:words@1:2:3"
    assert len(util.inputlist([tag])) == 1
    job = old.new_job(name="saved", input=[tag], map=words)
    assert sorted(result_iterator(job.wait())) == [(b"cat", 1), (b"the", 1)]


def test_pack_files(tmp_path: Path) -> None:
    """Contents by base names; a missing file is told."""
    (tmp_path / "a.txt").write_bytes(b"cat")
    assert util.pack_files([str(tmp_path / "a.txt")]) == {"a.txt": b"cat"}
    with pytest.raises(DataError, match="Cannot read a required file"):
        util.pack_files([str(tmp_path / "b.txt")])


def test_a_missing_tag_in_a_tag_is_left_out() -> None:
    """inputlist of a tag has what is in it and in its tags, without one that is not there, as a job has."""
    with Disco("disco://localhost:8991", nodes=1, dialect=V05) as disco:
        disco.ddfs.tag("in:b", [["raw://b"]])
        disco.ddfs.tag("in:all", [["raw://a"], ["tag://in:gone"], ["tag://in:b"]])
        job = disco.new_job(name="x", input=["tag://in:all"], map=lambda entry, params: [(entry, 1)])
        read = sorted(f"raw://{key}" for key, _ in result_iterator(job.wait()))
        assert sorted(url for (url,) in util.inputlist(["tag://in:all"])) == read == ["raw://a", "raw://b"]
