"""What every engine must do: the same work gives the same outcome, whoever computes it. A new engine is a line here."""

from __future__ import annotations

import os
import pickle
from collections import Counter
from dataclasses import replace

import pytest

from disco_sim import Disco, JobError, Params, result_iterator
from disco_sim.engine.base import Engine
from disco_sim.engine.inline import Inline
from disco_sim.engine.processes import Processes
from disco_sim.func import chain_reader, sum_combiner, sum_reduce
from disco_sim.model import events
from disco_sim.model.work import Dependencies, OOBAnswer
from tests.clusters import of_kind

ENGINES = {
    "inline": Inline,
    "processes": lambda: Processes(workers=2),
}

TEXT = ("the cat sat on the mat", "the dog ate the cat", "a mat is a mat", "")


@pytest.fixture(params=ENGINES)
def engine(request):
    return ENGINES[request.param]()


def words(line, params):
    put(f"words:{this_partition()}", str(len(line.split())))
    for word in line.split():
        yield word, 1


def counted(pairs, params):
    put(f"seen:{this_partition()}", get("words:0"))
    for word, counts in kvgroup(sorted(pairs)):
        yield word, sum(counts)


def run(engine, map, nodes=3, **parameters):
    """The results of a job on a cluster with this engine, and its log."""
    with Disco(nodes=nodes, engine=engine) as disco:
        inputs = parameters.pop("input", [f"raw://{line}" for line in TEXT])
        job = disco.new_job(name="job", input=inputs, map=map, **parameters)
        try:
            found = list(result_iterator(job.wait()))
        except JobError as error:
            found = error
        return found, list(disco.cluster.log)


def test_it_is_an_engine(engine):
    """An engine computes a TaskWork, and that is all."""
    computes: Engine = engine
    assert callable(computes.compute)


def test_word_count(engine):
    """Map, partitions, shuffle and reduce give what Counter gives."""
    found, _ = run(engine, words, reduce=counted, partitions=3)
    assert dict(found) == Counter(word for line in TEXT for word in line.split())


@pytest.mark.parametrize("parameters", [{}, {"combiner": sum_combiner}, {"sort": True}, {"partitions": None}])
def test_the_same_as_inline(engine, parameters):
    """Results and event log are those of the inline engine, event for event."""
    parameters = {"reduce": sum_reduce, "partitions": 2, **parameters}
    assert run(engine, words, **parameters) == run(Inline(), words, **parameters)


def test_one_engine_for_many_jobs(engine):
    """An engine keeps nothing of one run for the next."""
    first = run(engine, words, reduce=counted, partitions=3)
    assert run(engine, words, reduce=counted, partitions=3) == first


def test_oob_and_messages_come_with_the_outcome(engine):
    """What a run puts and prints is in its outcome."""

    def fun_map(line, params):
        print(line)
        put(f"k:{this_partition()}", line)
        yield line, 1

    _, log = run(engine, fun_map, input=["raw://a", "raw://b"])
    assert sorted(event.text for event in of_kind(log, events.MessageSent) if event.level == "MSG") == ["a", "b"]
    assert sorted(event.key for event in of_kind(log, events.OOBStored)) == ["k:0", "k:1"]


def test_errors_are_in_the_outcome(engine):
    """What a job function raises ends the job or has it tried again, by its class; the cause reaches the notebook."""

    def fatal(line, params):
        yield {}["missing"], 1

    def once(line, params):
        if this_host() == "node01":
            raise OSError("disk")
        yield line, 1

    error, _ = run(engine, fatal, input=["raw://a"])
    assert isinstance(error.__cause__, KeyError)
    found, log = run(engine, once, input=["raw://a"])
    assert found == [("a", 1)]
    assert [event.kind for event in of_kind(log, events.RunFailed)] == ["data"]


def test_runs_share_nothing(engine):
    """A run cannot see what another left in globals, defaults, params or its folder."""

    def fun_map(line, params, seen=[]):  # noqa: B006 - that it is mutable is what is tested
        import os

        yield line, (len(seen), globals().get("left"), params.left, os.listdir("."))
        seen.append(line)
        params.left.append(line)
        globals()["left"] = line
        open("left", "w").close()

    found, _ = run(engine, fun_map, input=["raw://a", "raw://b"], params=Params(left=[]))
    assert [value for _, value in found] == [(0, None, [], [])] * 2


def test_the_process_is_as_before(engine):
    """Folder and environment of the notebook are not changed."""

    def fun_map(line, params):
        import os

        os.environ["LEFT"] = "1"
        os.chdir("/")
        yield line, 1

    before = os.getcwd(), dict(os.environ)
    run(engine, fun_map)
    assert (os.getcwd(), dict(os.environ)) == before


def test_interrupts_are_raised(engine):
    """KeyboardInterrupt is the one thing that compute raises."""

    def fun_map(line, params):
        raise KeyboardInterrupt
        yield line, 1

    with pytest.raises(KeyboardInterrupt):
        run(engine, fun_map)


def test_what_was_asked(engine):
    """The outcome says which of host, replica and out-of-band results the code really read, and what they were."""

    def nothing(line, params):
        yield line, this_partition()

    def host(line, params):
        yield line, this_host()

    def earlier(line, params):
        yield line, get("k", params.job, default=None)

    def puts(line, params):
        put("k", "v")
        yield line, 1

    with Disco(nodes=2, engine=engine) as disco:
        first = disco.new_job(name="first", input=["raw://a"], map=puts)
        first.wait()

        def asked(fun_map, source="raw://a"):
            job = disco.new_job(name="job", input=[source], map=fun_map, params=Params(job=first.name))
            job.wait()
            return engine.compute(disco.cluster.work(job.name, "map", 0, 0)).depends_on

        assert asked(nothing) == Dependencies()
        assert asked(host) == Dependencies(host="node01")
        assert asked(nothing, ["raw://a", "raw://b"]) == Dependencies(replica=0)
        assert asked(earlier) == Dependencies(oob=(OOBAnswer("oob", ("k", first.name), True, "v"),))


@pytest.mark.parametrize("reader", [chain_reader, lambda stream, size, url: chain_reader(stream, size, url)])
def test_an_outcome_depends_on_no_place_that_it_did_not_read(engine, reader):
    """Where the stage before ran changes nothing in an outcome, unless the code saw the URLs: it depends on them."""

    def urls(pairs, params):
        yield "urls", this_inputs()

    def outcomes(nodes, reduce):
        with Disco(nodes=nodes, engine=engine) as disco:
            job = disco.new_job(
                name="job", input=["raw://a b", "raw://c"], map=words, reduce=reduce, reduce_reader=reader
            )
            job.wait()
            return engine.compute(disco.cluster.work(job.name, "reduce", 0, 0))

    one, two = outcomes("a", sum_reduce), outcomes("b, c", sum_reduce)
    assert (one.outputs, one.counts) == (two.outputs, two.counts)
    saw_urls = reader is not chain_reader
    assert [outcome.depends_on.inputs is not None for outcome in (one, two)] == [saw_urls, saw_urls]
    one, two = outcomes("a", urls), outcomes("b, c", urls)
    assert one.outputs != two.outputs
    assert one.depends_on.inputs != two.depends_on.inputs
    assert [len(outcome.depends_on.inputs) for outcome in (one, two)] == [2, 2]


def test_computing_again(engine):
    """The recorded work of a run gives an equal outcome again, at any later time."""
    with Disco(nodes=2, engine=engine) as disco:
        job = disco.new_job(name="job", input=[f"raw://{line}" for line in TEXT], map=words, reduce=counted)
        job.wait()
        for stage, task in (("map", 0), ("map", 3), ("reduce", 0)):
            work = disco.cluster.work(job.name, stage, task, 0)
            assert engine.compute(work) == engine.compute(work)


def test_the_cpu_seconds_of_a_run_are_measured(engine):
    """An outcome tells what its run's code took in CPU seconds, which no sleep is part of; equality is blind to it."""

    def slow(line, params):
        import time

        time.sleep(1000)
        yield line, sum(number * number for number in range(200_000))

    with Disco(nodes=1, engine=engine) as disco:
        job = disco.new_job(name="job", input=["raw://a"], map=slow)
        job.wait()
        counts = engine.compute(disco.cluster.work(job.name, "map", 0, 0)).counts
    assert 0 < counts.cpu_s < 100
    assert counts == replace(counts, cpu_s=0.0) and "cpu_s" not in repr(counts)


def test_outcomes_can_travel(engine):
    """An outcome survives pickling, its error and the error's facts too."""

    def fatal(line, params):
        put("a b", "v")
        yield line, 1

    with Disco(nodes=1, engine=engine) as disco:
        job = disco.new_job(name="job", input=["raw://a"], map=fatal)
        with pytest.raises(JobError):
            job.wait()
        outcome = engine.compute(disco.cluster.work(job.name, "map", 0, 0))
    again = pickle.loads(pickle.dumps(outcome))
    assert again.failure.reason == outcome.failure.reason
    assert again.failure.error.key == "a b"
    assert (again.oob, again.messages, again.counts, again.depends_on) == (
        outcome.oob, outcome.messages, outcome.counts, outcome.depends_on,
    )  # fmt: skip
