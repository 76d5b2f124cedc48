"""Claims about jobs that read from the file system: what a tag expands to, where its tasks run, and lost nodes."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from disco_sim import Costs, Disco, Faults, JobError, result_iterator
from disco_sim.compat.dialect import V05
from disco_sim.ddfs import DDFS
from disco_sim.error import CommError, DataError, InputError, InvalidTag
from disco_sim.func import chain_reader, sum_reduce
from disco_sim.model.dialect import DOCUMENTED, Dialect
from disco_sim.store.results import index_of

TEXTS = {f"part{number}": "\n".join(["to be", "or not", f"word{number}"] * 20) for number in range(6)}
COUNTS = sorted([("to be", 120), ("or not", 120), *((f"word{number}", 20) for number in range(6))])
BLOB = r"disco://node0\d(:\d+)?/ddfs/vol0/blob/[0-9a-f]{2}/[A-Za-z0-9_\-@:]+\$[0-9a-f]+-[0-9a-f]+-[0-9a-f]+"
SLOW = Costs(cpu_record_s=1.0, startup_s=0.0)


def fun_map(line: Any, params: Any) -> Any:
    """Each line once."""
    yield line, 1


def push(disco: Disco, **options: Any) -> list[list[str]]:
    """The texts, each a blob of one tag."""
    files = [(io.BytesIO(text.encode()), name) for name, text in TEXTS.items()]
    return disco.ddfs.push("data:texts", files, **options)[1]


def count(disco: Disco, **parameters: Any) -> Any:
    """A job that counts the lines of the tag."""
    return disco.new_job(
        name="count", **{"input": ["tag://data:texts"], "map": fun_map, "reduce": sum_reduce, **parameters}
    )


def lines(disco: Disco, inputs: list[Any], **parameters: Any) -> list[Any]:
    """What map gets of the inputs, in order."""
    job = disco.new_job(name="lines", input=inputs, map=fun_map, partitions=None, **parameters)
    return [line for line, _ in result_iterator(job.wait())]


def test_a_blob_is_a_task_that_runs_where_it_is() -> None:
    """Each blob of a tag is a map task, at a node that has a replica; nothing is moved for it."""
    with Disco(nodes=6, slots=1) as disco:
        blobs = push(disco, replicas=2)
        job = count(disco)
        assert sorted(result_iterator(job.wait())) == COUNTS
        maps = job.tasks[job.tasks.stage == "map"]
        assert len(maps) == 6
        for task, host in zip(maps.task, maps.host, strict=True):
            assert host in {url[8:14] for url in blobs[task]}
        assert maps.bytes_in.tolist() == [len(text) for text in TEXTS.values()]
        phases = job.phases
        assert phases[(phases.stage == "map") & (phases.phase == "transfer")].empty


@pytest.mark.parametrize("at_s", [0.0, 5.0, 30.0, 60.0])
def test_a_node_dies_and_its_replicas_are_read_elsewhere(at_s: float) -> None:
    """With two replicas a job over a tag gives the right answer, whenever one node dies, and nothing runs there."""
    with Disco(nodes=4, slots=1, costs=SLOW, faults=Faults().kill("node02", at=at_s)) as disco:
        push(disco, replicas=2)
        job = count(disco)
        assert sorted(result_iterator(job.wait())) == COUNTS
        tasks = job.tasks
        assert tasks[(tasks.host == "node02") & (tasks.start_s > at_s)].empty
        assert {key for key, _ in result_iterator(job.results()[1])} == {key for key, _ in COUNTS}


def test_the_only_replica_dies_for_good() -> None:
    """A blob that only a dead node has ends the job, with a reason that names the node."""
    with Disco(nodes=3, costs=SLOW, faults=Faults().kill("node02", at=1.0)) as disco:
        push(disco, forceon=["node02"])
        job = count(disco)
        with pytest.raises(JobError, match="node02 is dead"):
            job.wait()


def test_the_only_replica_comes_back() -> None:
    """A blob is there again with its node, for a disk outlives the crash of its machine."""
    faults = Faults().kill("node02", at=1.0).restore("node02", at=9.0)
    with Disco(nodes=3, costs=SLOW, faults=faults, max_failures=50) as disco:
        push(disco, forceon=["node02"])
        assert sorted(result_iterator(count(disco).wait())) == COUNTS


def test_a_replica_that_was_collected_is_passed_over() -> None:
    """Of an entry with several replicas a job reads one that is there."""
    with Disco(nodes=2) as disco:
        ((url,), *_) = push(disco)
        disco.ddfs.put("data:texts", [["disco://node01/ddfs/vol0/blob/00/gone$1", url]])
        assert lines(disco, ["tag://data:texts"]) == TEXTS["part0"].split("\n")


def test_newest_first_and_breadth_first() -> None:
    """The newest blobs of a tag come first, and what is in the tags in it comes after its own."""
    with Disco(nodes=2) as disco:
        for tag, name in (("a", "old"), ("a", "new"), ("b", "inner")):
            disco.ddfs.push(tag, [(io.BytesIO(name.encode()), name)])
        disco.ddfs.tag("a", [["tag://b"], ["tag://a"]])
        assert lines(disco, ["tag://a"]) == ["new", "old", "inner"]
        assert lines(disco, ["tag://a"], map_reader=None) == [b"new", b"old", b"inner"]
        assert list(disco.result_iterator(["tag://a"], reader=None)) == [b"new", b"old", b"inner"]


def test_entries_may_be_anything_a_job_can_read() -> None:
    """Results of a job, text and files are read through a tag as they are without."""
    with Disco(nodes=2) as disco:
        job = disco.new_job(name="x", input=["raw://a"], map=fun_map)
        disco.ddfs.tag("t", [[url] for url in job.wait()])
        assert lines(disco, ["tag://t"], map_reader=chain_reader) == [("a", 1)]
        disco.ddfs.put("t", [["raw://text"], [__file__]])
        first, second, *_ = lines(disco, ["tag://t"])
        assert first == "text"
        assert second.startswith('"""Claims')


def test_tokens_of_inputs() -> None:
    """A protected tag is an input with its token in the URL; without, the job is refused."""
    with Disco(nodes=2) as disco:
        disco.ddfs.push("secret", [(io.BytesIO(b"x"), "x")], token="t")
        disco.ddfs.tag("outer", [["tag://t@master/secret"]])
        for url in ("tag://t@master/secret", f"tag://t@{disco.master}/secret", "tag://outer"):
            assert lines(disco, [url]) == ["x"]
        for wrong in ("tag://secret", "tag://other@master/secret"):
            with pytest.raises(InputError, match="Tag is protected"):
                lines(disco, [wrong])
            with pytest.raises(CommError) as caught:
                list(disco.result_iterator([wrong]))
            assert caught.value.code == 401


def test_tags_of_another_disco() -> None:
    """A port in a tag's URL says whose tag it is; without one, a job's own Disco is asked first."""
    with Disco(nodes=2) as one, Disco(nodes=3) as other:
        for disco in (one, other):
            disco.ddfs.push("same", [(io.BytesIO(disco.master.encode()), "x")])
        assert lines(one, ["tag://same"]) == [one.master]
        assert lines(one, [f"tag://{other.master}/same"]) == [other.master]
        other.ddfs.push("only", [(io.BytesIO(b"here"), "x")])
        assert lines(one, ["tag://only"]) == ["here"]
        assert [blob.read() for blob in one.ddfs.pull("same")] == [one.master.encode()]


def test_missing_tags() -> None:
    """A tag that is not there is refused, also within another; where inputs are not checked it is no input."""
    with Disco(nodes=2) as disco:
        disco.ddfs.tag("t", [["tag://none"], ["raw://x"]])
        for tag in ("tag://none", "tag://t"):
            with pytest.raises(InputError, match="Tag not found"):
                lines(disco, [tag])
        with pytest.raises(InputError, match="Invalid tag"):
            lines(disco, ["tag://a b"])
    with Disco(nodes=2, dialect=V05) as disco:
        disco.ddfs.tag("t", [["tag://none"], ["raw://x"]])
        assert lines(disco, ["tag://none", "tag://t"]) == ["x"]


def test_chunks_are_tasks() -> None:
    """Chunked lines are read by chain_reader, and are those of the text."""
    with Disco(nodes=2) as disco:
        push(disco)
        disco.ddfs.chunk("chunks", ["tag://data:texts"], replicas=2)
        job = count(disco, input=["tag://chunks"], map_reader=chain_reader)
        assert sorted(result_iterator(job.wait())) == COUNTS
        assert (job.tasks.stage == "map").sum() == 6


def test_a_job_over_a_tag_is_played_again() -> None:
    """What-if plays it on other clusters, whose nodes need not have the blobs, and two Discos agree to the byte."""
    logs = []
    for _ in range(2):
        with Disco("master:9777", nodes=4, costs=SLOW) as disco:
            push(disco, replicas=2)
            job = count(disco)
            job.wait()
            logs.append(list(disco.cluster.log))
            frame = job.what_if(nodes=[1, 4, 8])
            assert frame.makespan_s.is_monotonic_decreasing
    assert logs[0] == logs[1]


# Saved results


def by_length(key: Any, n_partitions: int, params: Any) -> int:
    """A partition function that spreads the lines."""
    return len(key) % n_partitions


def saved(disco: Disco, **parameters: Any) -> Any:
    """A job over the texts whose results are saved."""
    given = {"input": ["tag://data:texts"], "map": fun_map, "partitions": 3, "partition": by_length, "save": True}
    return disco.new_job(name="saved", **{**given, **parameters})


def both(function: Any) -> Any:
    """A test in both dialects."""
    return pytest.mark.parametrize("dialect", [DOCUMENTED, V05], ids=["documented", "V05"])(function)


@both
@pytest.mark.parametrize("reduce", [None, sum_reduce])
def test_saved_results_are_blobs_that_share_their_data(dialect: Dialect, reduce: Any) -> None:
    """They have names and URLs as what is pushed has, on the nodes where they were made, and no bytes are copied."""
    with Disco(nodes=3, dialect=dialect) as disco:
        push(disco)
        job = saved(disco, reduce=reduce)
        (tag,) = job.wait()
        jobs, stage = disco.cluster.jobs, job.tasks.stage.iloc[-1]
        outputs = [blob for url in jobs.facts(job.name).results(stage) for _, blob in index_of(jobs, url)]
        blobs = disco.ddfs.urls(tag)
        assert len(blobs) == len(outputs) > 1
        for (url,), output in zip(blobs, outputs, strict=True):
            assert disco.cluster.blobs.get(url) is disco.cluster.blobs.get(output)
            assert url.startswith(f"disco://{output[8:14]}")
            assert "/ddfs/vol0/blob/" in url
            assert DDFS.blob_name(url) == DDFS.job_blob(job.name, output)
        assert set(disco.ddfs.frame().blob) == {url for urls in blobs + disco.ddfs.urls("data:texts") for url in urls}
        n_bytes, n_blobs = map(sum, zip(*disco.cluster.tags.loads.values(), strict=True))
        assert n_blobs == len(blobs) + len(TEXTS)
        assert n_bytes == disco.ddfs.frame().bytes.sum()


@both
def test_saved_results_are_in_the_order_of_those_that_are_not(dialect: Dialect) -> None:
    """Results and what a next job reads are the same, saved or not."""
    with Disco(nodes=3, dialect=dialect) as disco:
        push(disco)
        found, read = [], []
        for save in (False, True):
            urls = saved(disco, save=save).wait()
            found.append(list(result_iterator(urls)))
            read.append(sorted(lines(disco, urls, map_reader=chain_reader)))
        assert found[0] == found[1]
        assert read[0] == read[1] == sorted(found[0])
        assert len(found[0]) == 6 * 60


@both
def test_purging_a_job_leaves_what_it_saved(dialect: Dialect) -> None:
    """The job's own data go, what was saved stays, under any tag that has it, until no tag has it any more."""
    with Disco(nodes=3, dialect=dialect) as disco:
        push(disco)
        job = saved(disco)
        urls = job.wait()
        before = list(result_iterator(urls))
        own = [
            blob
            for url in disco.cluster.jobs.facts(job.name).results("map")
            for _, blob in index_of(disco.cluster.jobs, url)
        ]
        disco.ddfs.tag("mine", [urls])
        disco.ddfs.tag("direct", disco.ddfs.urls(urls[0]))
        job.purge()
        disco.ddfs.gc()
        assert list(result_iterator(urls)) == list(result_iterator(["tag://mine"])) == before
        assert not any(url in disco.cluster.blobs for url in own)
        disco.ddfs.delete(urls[0])
        disco.ddfs.delete("mine")
        disco.ddfs.gc()
        assert list(result_iterator(["tag://direct"])) == before
        disco.ddfs.delete("direct")
        assert disco.ddfs.gc().n_blobs > 0
        assert disco.ddfs.frame().tag.tolist() == ["data:texts"] * len(TEXTS)


def test_purging_a_job_leaves_what_a_tag_refers_to() -> None:
    """Results that were not saved but put under a tag, as results or as data, stay when their job is purged."""
    with Disco(nodes=3) as disco:
        push(disco)
        for is_data in (False, True):
            job = saved(disco, save=False, reduce=sum_reduce)
            urls = job.wait()
            before = list(result_iterator(urls))
            data = [blob for url in urls for _, blob in index_of(disco.cluster.jobs, url)]
            without_port = [[url.replace(":8989", "")] for url in data]
            disco.ddfs.put("mine", without_port if is_data else [[url] for url in urls])
            between = [url for url in disco.cluster.jobs.facts(job.name).results("map") if url not in urls]
            assert between
            job.purge()
            disco.ddfs.gc()
            assert list(result_iterator(data if is_data else ["tag://mine"])) == before
            for url in between:
                with pytest.raises(CommError, match="no such result"):
                    list(result_iterator([url]))
        disco.ddfs.delete("mine")
        assert disco.ddfs.gc(older_than_s=disco.now_s).n_blobs == 0
        assert disco.ddfs.gc().n_blobs == len(data)
        with pytest.raises(DataError, match="collected as garbage"):
            list(result_iterator(data))


def test_purging_a_job_whose_stages_are_dropped() -> None:
    """A tag that refers to what was between the stages, which keep="results" has dropped, does not keep it."""
    with Disco(nodes=2, keep="results") as disco:
        job = disco.new_job(name="x", input=["raw://a"], map=fun_map, reduce=sum_reduce)
        job.wait()
        disco.ddfs.tag("mine", [[url] for url in disco.cluster.jobs.facts(job.name).results("map")])
        job.purge()
        with pytest.raises(DataError, match="the data was dropped when its job ended"):
            list(result_iterator(["tag://mine"]))


@pytest.mark.parametrize("name", ["my job", "é", "a#b?c%20", "x" * 200, "ä" * 200])
def test_results_of_jobs_with_odd_names_are_saved(name: str) -> None:
    """A name that no tag can have has a tag that is like it, and wait() gives that."""
    with Disco(nodes=2, dialect=V05) as disco:
        job = disco.new_job(name=name, input=["raw://a"], map=fun_map, save=True)
        (tag,) = job.wait()
        assert disco.ddfs.exists(tag)
        assert job.status == "ready"
        assert list(result_iterator([tag])) == [("a", 1)]
        assert [len(urls) for urls in disco.ddfs.urls(tag)] == [1]


# Results under tags


@both
def test_results_under_a_tag_are_pulled_and_chunked(dialect: Dialect) -> None:
    """A result stands for its data, when it is pulled, listed as blobs or chunked, in a tag or by itself."""
    with Disco(nodes=3, dialect=dialect) as disco:
        push(disco)
        urls = saved(disco, save=False).wait()
        expected = list(result_iterator(urls))
        data = [[blob] for url in urls for _, blob in index_of(disco.cluster.jobs, url)]
        disco.ddfs.tag("results", [[url] for url in urls])
        assert disco.ddfs.urls("results") == [[url] for url in urls]
        assert list(disco.ddfs.blobs("results")) == data
        pulled = [chain_reader(file, file.size, file.url) for file in disco.ddfs.pull("results")]
        assert [pair for pairs in pulled for pair in pairs] == expected
        for number, entries in enumerate((urls, [[url] for url in urls], ["tag://results"])):
            disco.ddfs.chunk(f"c{number}", entries, reader=chain_reader)
            assert list(result_iterator([f"tag://c{number}"])) == expected


def test_results_that_are_gone() -> None:
    """The next replica stands in for a result that is gone; without one it is an error to pull it, not to list it."""
    with Disco(nodes=2) as disco:
        job = disco.new_job(name="x", input=["raw://a"], map=fun_map)
        (url,) = job.wait()
        gone = url.replace("map-0", "map-9")
        disco.ddfs.tag("t", [[gone, url]])
        disco.ddfs.tag("u", [[gone]])
        assert [file.size > 0 for file in disco.ddfs.pull("t")] == [True]
        assert list(disco.ddfs.blobs("u")) == [[gone]]
        for call in (lambda: list(disco.ddfs.pull("u")), lambda: disco.ddfs.chunk("c", [gone], reader=chain_reader)):
            with pytest.raises(CommError, match="no such result") as caught:
                call()
            assert caught.value.code == 404


# Out-of-band results


def putting_map(line: Any, params: Any) -> Any:
    """Put each line, under its own name."""
    put(line, f"{line}!".encode())
    yield line, 1


@both
def test_oob_results_are_a_tag(dialect: Dialect) -> None:
    """A job's out-of-band results are blobs of a tag, the newest first, that every way to ask for tags finds."""
    with Disco(nodes=2, slots=1, dialect=dialect) as disco:
        ddfs = disco.ddfs
        silent = disco.new_job(name="silent", input=["raw://x"], map=fun_map)
        silent.wait()
        job = disco.new_job(name="odd_name", input=[f"raw://k{number}" for number in range(5)], map=putting_map)
        tag = DDFS.job_oob(job.name)
        assert not ddfs.exists(tag)
        job.wait()
        order = [entry.key for entry in disco.cluster.oob.entries(job.name)]
        assert sorted(order) == [f"k{number}" for number in range(5)]
        assert ddfs.exists(tag)
        assert not ddfs.exists(DDFS.job_oob(silent.name))
        assert ddfs.list("disco:job:oob:") == [tag]
        assert [ddfs.blob_name(url) for (url,) in ddfs.urls(tag)] == order[::-1]
        assert all(re.fullmatch(BLOB, url) for (url,) in ddfs.urls(tag))
        assert ddfs.get(tag)["urls"] == list(ddfs.blobs(tag)) == ddfs.urls(tag)
        assert [(file.name, file.read()) for file in ddfs.pull(tag)] == [
            (key, f"{key}!".encode()) for key in order[::-1]
        ]
        assert list(ddfs.walk(tag)) == [((f"tag://{tag}",), [], ddfs.urls(tag))]
        ddfs.tag("outer", [[f"tag://{tag}"]])
        assert [visit.tag for visit in ddfs.findtags(["outer"])] == ["tag://outer", f"tag://{tag}"]
        frame = ddfs.frame()
        assert frame[frame.tag == tag].bytes.tolist() == [3] * 5
        assert set(lines(disco, [f"tag://{tag}"], map_reader=None)) == {f"{key}!".encode() for key in order}
        assert ddfs.gc().n_blobs == 0


def test_oob_results_stay_with_their_job() -> None:
    """Their tag cannot be changed or deleted, and goes with the job; what another tag has of them stays."""
    with Disco(nodes=2) as disco:
        job = disco.new_job(name="x", input=["raw://a", "raw://b"], map=putting_map)
        job.wait()
        tag = DDFS.job_oob(job.name)
        for change in (
            lambda: disco.ddfs.delete(tag),
            lambda: disco.ddfs.put(tag, []),
            lambda: disco.ddfs.push(tag, [(io.BytesIO(b"x"), "x")]),
            lambda: disco.ddfs.setattr(tag, "a", "b"),
        ):
            with pytest.raises(
                CommError, match=r"Tag cannot be changed: it shows what tasks of job 'x@.*purged"
            ) as caught:
                change()
            assert caught.value.code == 403
        assert disco.ddfs.gc().n_blobs == 0
        kept, lost = disco.ddfs.urls(tag)
        disco.ddfs.tag("mine", [kept])
        (before,) = (file.read() for file in disco.ddfs.pull("mine"))
        job.purge()
        assert not disco.ddfs.exists(tag)
        disco.ddfs.gc()
        assert [file.read() for file in disco.ddfs.pull("mine")] == [before]
        with pytest.raises(DataError, match="nothing is stored there"):
            disco.cluster.blobs.get(lost[0])
        disco.ddfs.delete("mine")
        assert disco.ddfs.gc() == (1, len(before))


def test_oob_results_and_blobs_have_urls_of_their_own() -> None:
    """A blob that is pushed in the same instant, under the same name on the same node, is another one."""
    with Disco(nodes=1) as disco:
        job = disco.new_job(name="x", input=["raw://a"], map=putting_map)
        job.wait()
        ((url,),) = disco.ddfs.urls(DDFS.job_oob(job.name))
        for number in range(200):
            disco.ddfs.push("t", [(io.BytesIO(b"%d" % number), "a")])
        pushed = {blob for (blob,) in disco.ddfs.urls("t")}
        assert len(pushed) == 200
        assert url not in pushed
        assert disco.cluster.blobs.get(url).data == b"a!"


def test_oob_results_that_are_put_twice() -> None:
    """Where a key can be put again its blob is the newest, and stands first."""
    with Disco(nodes=1, slots=1, dialect=V05) as disco:

        def again(line: Any, params: Any) -> Any:
            put("same", line.encode())
            put(line, b"own")
            yield line, 1

        job = disco.new_job(name="x", input=["raw://a", "raw://b"], map=again)
        job.wait()
        pulled = {file.name: file.read() for file in disco.ddfs.pull(DDFS.job_oob(job.name))}
        assert pulled == {"a": b"own", "same": job.oob["same"], "b": b"own"}


def test_no_slash_in_an_inputs_tag() -> None:
    """An input's tag has at most one place before its name."""
    with Disco(nodes=1) as disco:
        disco.ddfs.tag("c", [["raw://x"]])
        assert lines(disco, ["tag://a/c"]) == ["x"]
        with pytest.raises(InputError, match="more than one place"):
            lines(disco, ["tag://a/b/c"])
    with Disco(nodes=1, dialect=V05) as disco, pytest.raises(InvalidTag, match="more than one place"):
        lines(disco, ["tag://a/b/c"])
