"""When an outcome that was computed once is used for another run of its task: each thing that it may depend on."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from disco_sim import ClusterSpec, Costs, Disco, Faults, Params, result_iterator
from disco_sim.cluster.replay import Recording, Setting, play
from disco_sim.compat.dialect import V05
from disco_sim.error import OOBKeyError
from disco_sim.func import sum_reduce
from disco_sim.model.plan import Output
from disco_sim.model.work import Dependencies, OOBAnswer, TaskOutcome, TaskWork, urls_of
from disco_sim.store.outcomes import Computed
from disco_sim.store.results import index_of
from tests.clusters import TWO_STAGES, at_home, cluster, finish, outcome, pairs, request

INPUTS = (Output(0, "node01", 1, 1, "raw://a", (("node02", "raw://a"),)),)
ELSEWHERE = (Output(0, "node03", 1, 1, "raw://a", (("node02", "raw://b"),)),)


class Store:
    """Out-of-band results by key; a missing one is an error."""

    def __init__(self, **values: str) -> None:
        self.values = values

    def oob(self, key: str, job: str | None) -> str:
        if key not in self.values:
            raise OOBKeyError(f"no {key} among {len(self.values)}")
        return self.values[key]

    def latest_oob(self, key: str) -> str | None:
        return self.values.get(key)


def work(**changes: Any) -> TaskWork:
    """The work of a run."""
    facts: dict[str, Any] = {
        "job": "job", "serial": 0, "stage": "map", "task": 0, "attempt": 0, "n_tasks": 1, "label": 0, "host": "node01",
        "master": "master:8989", "program": None, "inputs": INPUTS, "replica": 0, "store": Store(a="1"),
    }  # fmt: skip
    return TaskWork(**(facts | changes))


def asked(question: str, *arguments: str | None, has_default: bool = False) -> Dependencies:
    """What an outcome depends on whose code asked this of the store of `work()`."""
    return Dependencies(oob=(OOBAnswer.of(work().store, question, arguments, has_default),))


@pytest.mark.parametrize(
    ("depends_on", "changes", "holds"),
    [
        (Dependencies(), {"host": "node02", "replica": 1, "inputs": ELSEWHERE, "store": Store()}, True),
        (Dependencies(host="node01"), {"replica": 1, "inputs": ELSEWHERE, "store": Store()}, True),
        (Dependencies(host="node01"), {"host": "node02"}, False),
        (Dependencies(replica=0), {"host": "node02", "inputs": ELSEWHERE}, True),
        (Dependencies(replica=0), {"replica": 1}, False),
        (Dependencies(inputs=(("raw://a", "raw://a"),)), {"host": "node02", "replica": 1}, True),
        (Dependencies(inputs=(("raw://a", "raw://a"),)), {"inputs": ELSEWHERE}, False),
        (asked("oob", "a", None), {"store": Store(a="1", b="2")}, True),
        (asked("oob", "a", None), {"store": Store(a="2")}, False),
        (asked("oob", "a", None), {"store": Store()}, False),
        (asked("oob", "b", None), {"store": Store(c="1")}, True),
        (asked("oob", "b", None), {"store": Store(b="1")}, False),
        (asked("oob", "b", None), {"store": Store(a="1", c="1")}, False),
        (asked("oob", "b", None, has_default=True), {"store": Store(a="1", c="1")}, True),
        (asked("oob", "b", None, has_default=True), {"store": Store(b="1")}, False),
        (asked("latest_oob", "b"), {"store": Store()}, True),
        (asked("latest_oob", "b"), {"store": Store(b="1")}, False),
    ],
)
def test_an_outcome_holds_where_what_it_depends_on_is_the_same(depends_on, changes, holds):
    """Host, replica, URLs of inputs and answers of the stores count if the code read them, and only then."""
    assert depends_on.hold(work(**changes)) is holds
    computed = Computed(TaskOutcome(depends_on=depends_on), INPUTS)
    assert computed.holds(INPUTS, lambda: work(**changes)) is holds


def test_an_outcome_holds_for_the_same_data_only():
    """Pieces of other sizes, labels or names are other data; the same output on another node is the same data."""
    stored = Output(0, "node01", 2, 20, "disco://node01:8989/disco/node01/aa/job/map-0-0")
    computed = Computed(TaskOutcome(), (stored,))
    moved = stored._replace(host="node02", blob="disco://node02:8989/disco/node02/aa/job/map-0-0")
    assert computed.holds((moved,), work)
    for other in (
        stored._replace(n_records=3),
        stored._replace(n_bytes=21),
        stored._replace(label=1),
        stored._replace(blob="disco://node01:8989/disco/node01/aa/job/map-1-0"),
    ):
        assert not computed.holds((other,), work)


def test_the_work_is_made_only_where_it_is_needed():
    """An outcome that depends on its data alone is used again without a look at the rest of the run."""
    assert Computed(TaskOutcome(), INPUTS).holds(INPUTS, lambda: pytest.fail("made"))


def reading(line, params):
    """A slow task that reads one thing of its surroundings, and a quick one that puts a key meanwhile."""
    import time

    put(f"mine:{line}", b"1")
    if line == "puts":
        put("x", b"late")
        time.sleep(3)
        return
    if params.reads == "oob":
        found = get("x")
    elif params.reads == "host":
        found = this_host()
    else:
        found = this_inputs()[0]
    time.sleep(20)
    yield line, found


def results(faults: Faults, **parameters: Any) -> dict[str, Any]:
    """What a job gives, with the choices of Disco's code."""
    with Disco(nodes=3, slots=1, dialect=V05, faults=faults, costs=Costs(startup_s=0.5)) as disco:
        job = disco.new_job(name="job", map=reading, **parameters)
        return dict(result_iterator(job.wait(show=False)))


def test_a_retry_reads_what_was_put_meanwhile():
    """A run that found no value is lost, and the value comes: its retry reads it, as real code would."""
    inputs = ["raw://puts", "raw://gets"]
    parameters: dict[str, Any] = {"input": inputs, "params": Params(reads="oob")}
    assert results(Faults(), **parameters) == {"gets": None}
    for host in ("node01", "node02"):
        found = results(Faults().kill(host, at=5.0), **parameters)
        if found["gets"] is not None:
            break
    assert found == {"gets": b"late"}


def test_a_retry_elsewhere_has_another_host():
    """A run that read its host is lost, and its retry on another node gives that one's name."""
    parameters: dict[str, Any] = {"input": ["raw://a"], "params": Params(reads="host")}
    (before,) = results(Faults(), **parameters).values()
    (after,) = results(Faults().kill(before, at=5.0), **parameters).values()
    assert before != after


def test_a_retry_with_another_replica_is_computed():
    """Code that reads whichever replica is near is called again when the retry has to read another one."""
    replicas = tuple((f"node0{number}", "raw://a") for number in (1, 2))
    inputs = (Output(0, *replicas[0][:1], 1, 1, replicas[0][1], replicas[1:]),)

    def reads(depends_on_replica: bool) -> list[int]:
        def script(work: TaskWork) -> TaskOutcome:
            depends_on = Dependencies(replica=work.replica) if depends_on_replica else Dependencies()
            return replace(outcome(slept_s=20.0), depends_on=depends_on)

        computer = cluster(3, faults=Faults().kill("node01", at=5.0))
        computer.submit(request(inputs=inputs, script={"first": script}))
        finish(computer)
        assert computer.jobs.status("job") == "ready"
        return [work.replica for work in computer.engine.works]

    assert reads(depends_on_replica=True) == [0, 1]
    assert reads(depends_on_replica=False) == [0]


def test_a_retry_with_other_input_urls_is_computed():
    """Code that read the URLs of its input is called again when that input was made again on another node."""

    def reads(depends_on_urls: bool) -> int:
        def reduce(work: TaskWork) -> TaskOutcome:
            depends_on = Dependencies(inputs=urls_of(work.inputs)) if depends_on_urls else Dependencies()
            return replace(outcome((0, pairs(("a", 1))), slept_s=20.0), depends_on=depends_on)

        script = {"first": lambda work: outcome((0, pairs(("a", 1))), slept_s=1.0), "second": reduce}
        computer = cluster(3, faults=Faults().kill("node01", at=5.0), costs=Costs(startup_s=0.0, disk_bytes_s=5.0))
        computer.submit(request(plan=TWO_STAGES, inputs=at_home("node01"), script=script))
        finish(computer)
        assert computer.jobs.status("job") == "ready"
        return sum((work.stage, work.task) == ("second", 0) for work in computer.engine.works)

    assert reads(depends_on_urls=True) == 2
    assert reads(depends_on_urls=False) == 1


def test_what_was_computed_from_other_data_does_not_hold():
    """Played on other nodes, tasks that read their host store other data of the same sizes, and the tasks of the next
    stage are computed from those, though nothing that they depend on themselves is different.
    """

    def fun_map(line, params):
        yield this_host(), 1

    with Disco(nodes="node1, node2", slots=1) as disco:
        job = disco.new_job(name="job", input=["raw://a", "raw://b"], map=fun_map, reduce=sum_reduce)
        assert sorted(result_iterator(job.wait())) == [("node1", 1), ("node2", 1)]
        played = play(Recording.of(disco.cluster, job.name), Setting(ClusterSpec.parse("node3, node4"), Costs()))
    jobs, blobs = played.cluster.jobs, played.cluster.blobs
    urls = [blob for url in jobs[job.name].results() for _, blob in index_of(jobs, url)]
    assert sorted(pair for url in urls for pair in blobs.get(url).pairs()) == [("node3", 1), ("node4", 1)]
    assert played.n_computed == 3


def test_a_lost_run_is_not_computed_again():
    """What a run computed before it was lost is used by its retry, as long as it holds."""
    computer = cluster(2, faults=Faults().kill("node01", at=5.0))
    computer.submit(request(inputs=at_home("node01"), script={"first": lambda work: outcome(slept_s=20.0)}))
    finish(computer)
    assert computer.jobs.status("job") == "ready"
    assert [work.host for work in computer.engine.works] == ["node01"]


def replayed(played_on: list[int], reduce: Any, **options: Any) -> list[int]:
    """How many runs what-if computes of a job whose map tasks put something, on so many nodes."""

    def fun_map(line, params):
        put(f"k:{line}", "v")
        yield line, 1

    with Disco(**options) as disco:
        job = disco.new_job("job", input=["raw://a", "raw://b"], map=fun_map, reduce=reduce, partitions=3)
        job.wait(show=False)
        return job.what_if(nodes=played_on).computed.tolist()


def test_what_a_stage_before_has_put_lasts():
    """A job that reads such results is played again without a call, even if its intermediate data are gone."""

    def fun_reduce(pairs, params):
        yield "k", get("k:a")
        yield from pairs

    for keep in ("all", "results"):
        assert replayed([1, 2, 4], fun_reduce, nodes=2, keep=keep) == [0, 0, 0]


def test_why_a_key_is_missing_does_not_matter_with_a_default():
    """With a default, a key of the same stage is missing whether it is there yet or not: nothing is computed again."""

    def fun_reduce(pairs, params):
        yield "seen", get("r:0", default="none")
        put(f"r:{this_partition()}", "x")

    assert replayed([1, 2, 4], fun_reduce, nodes=1, slots=1) == [0, 0, 0]


def test_what_a_lost_run_computed_is_learned():
    """When a retry has to read elsewhere, and so computes something that no other run would, what the lost run had
    computed is the outcome that is kept.
    """
    with Disco(nodes=3, slots=1, costs=Costs(cpu_record_s=5.0), faults=Faults().kill("node01", at=3.0)) as disco:
        disco.ddfs.push("data", [(io.BytesIO(b"a"), "one")], replicas=2)
        job = disco.new_job("job", input=["tag://data"], map=lambda line, params: [(line, 1)])
        job.wait(show=False)
        assert job.tasks.status.tolist() == ["lost", "done"]
        assert len(job.samples()) == 1
        assert job.what_if().computed.tolist() == [0]
