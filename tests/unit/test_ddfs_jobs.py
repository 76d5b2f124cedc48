"""Claims about jobs that read from the file system: what a tag expands to, where its tasks run, and lost nodes."""

from __future__ import annotations

import io
from typing import Any

import pytest

from disco_sim import Costs, Disco, Faults, JobError, result_iterator
from disco_sim.error import CommError, InputError
from disco_sim.func import chain_reader, sum_reduce
from disco_sim.model.dialect import V05

TEXTS = {f"part{number}": "\n".join(["to be", "or not", f"word{number}"] * 20) for number in range(6)}
COUNTS = sorted([("to be", 120), ("or not", 120), *((f"word{number}", 20) for number in range(6))])
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
