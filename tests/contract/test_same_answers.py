"""Whatever a job does, it goes the same way on every engine: event by event, message by message, result by result."""

from __future__ import annotations

import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disco_sim import Costs, Disco, Faults, JobError, Params, result_iterator
from disco_sim.compat.dialect import V05
from disco_sim.engine.inline import Inline
from disco_sim.engine.processes import Processes
from disco_sim.func import sum_combiner, sum_reduce
from disco_sim.pipeline import Stage

TEXT = ["the cat sat on the mat", "the dog ate the cat", "a mat is a mat", "", "so it is"]


@pytest.fixture(scope="module")
def processes():
    with Processes(workers=2) as engine:
        yield engine


def told(engine, options, *parameters):
    """All that there is to know of jobs that run one after the other."""
    found = []
    with Disco(engine=engine, **{"nodes": 3, "seed": 5, **options}) as disco:
        for number, given in enumerate(parameters):
            given = {"input": [f"raw://{line}" for line in TEXT], **given}
            job = disco.new_job(name=f"job{number}", **given)
            try:
                results = list(result_iterator(job.wait(show=False)))
            except JobError as error:
                results = [str(error), repr(error.__cause__), repr(error.record), error.lines]
            found += [results, job.tasks.to_csv(), job.log.to_csv(), job.partitions.to_csv(), dict(job.oob)]
        return [*found, list(disco.cluster.log)]


_PARTITIONS = 3
"""Where `told` has the partitions of the first job, whose last column is what was spilled."""


def words(line, params):
    for word in line.split():
        yield word, 1


def chatty(line, params):
    import random
    import time

    print("line", line)
    time.sleep(random.random() * 10)
    msg(f"{this_name()} {this_master()} {this_inputs()} {this_partition()}")
    put(f"words:{this_partition()}", str(len(line.split())))
    yield this_host(), random.random()


def first_words(pairs, params):
    put(f"seen:{this_partition()}", get("words:0") + get("words:9", default="none") + str(get("words:1", None)))
    for word, counts in kvgroup(sorted(pairs)):
        yield word, sum(counts)


def putting(line, params):
    put(f"words:{this_partition()}", line)
    yield line, 1


def of_others(line, params):
    yield line, [get("words:0", params.job), get("words:77", params.job, default="none")]


def of_neighbours(line, params):
    put(f"key:{this_partition()}", line.encode())
    yield line, get("key:0")


def failing_at(line, params):
    if this_host() in params.bad:
        raise OSError(f"disk of {this_host()}")
    yield line, 1


def wrong(line, params):
    try:
        {}["missing"]
    except KeyError as error:
        if "dog" in line:
            raise ValueError(f"no {line!r}") from error
    yield line, 1


def unsorted(pairs, params):
    yield from sum_reduce(pairs, params)
    undefined_name  # noqa: B018


def changing(line, params):
    params.seen.append(line)
    yield line, {"seen": list(params.seen), "folder": __import__("os").listdir(".")}


def by_module(line, params):
    with open("notes.txt") as notes:
        yield textwrap.shorten(line, 8), notes.read()


def leaving(line, params):
    raise SystemExit(3)
    yield line, 1


def ending(line, params):
    __import__("os")._exit(7)
    yield line, 1


def warned(line, params):
    import logging
    import warnings

    warnings.warn("take care", UserWarning, stacklevel=1)
    logging.warning("so far: %s", line)
    yield line, sorted(set(line))


def lone(key, nr_partitions, params):
    return len(key) % nr_partitions


def by_length(interface, state, label, inp):
    for line in inp:
        for word in line.split():
            interface.output(len(word) % 3).add(word, 1)


def counting(interface, state, label, inp):
    for word, _ in inp:
        interface.output(0).add(word, (label, interface.taskinfo.host))


ECHO = f"""\
#!{sys.executable} -IS
import struct, sys
source, target = sys.stdin.buffer, sys.stdout.buffer
def read():
    head = source.read(4)
    return source.read(*struct.unpack("<I", head)) if head else None
while (key := read()) is not None:
    value = read()
    target.write(struct.pack("<I", 1) + b"".join(struct.pack("<I", len(text)) + text for text in (key, value)))
    target.flush()
"""

REDUCE = {"map": words, "reduce": sum_reduce, "partitions": 3}

ASKING = {"map": chatty, "reduce": first_words}

JOBS = {
    "words": ({}, REDUCE),
    "sorted": ({}, {**REDUCE, "sort": True}),
    "combined": ({}, {**REDUCE, "combiner": sum_combiner, "partition": lone}),
    "maps alone": ({}, {"map": words, "partitions": None}),
    "out of band": ({}, ASKING),
    "of another job": (
        {},
        {"map": putting},
        {"map": of_others, "params": Params(job="job0@503:490c0:7e180")},
        {"map": of_others, "params": Params(job="nobody@1:2:3")},
    ),
    "of neighbours": ({}, {"map": of_neighbours}),
    "of neighbours, observed": ({"dialect": V05}, {"map": of_neighbours}),
    "failures": ({}, {"map": failing_at, "params": Params(bad=["node01"])}),
    "too many failures": ({}, {"map": failing_at, "params": Params(bad=["node01", "node02", "node03"])}),
    "an error behind an error": ({}, {"map": wrong}),
    "a name that is missing": ({"dialect": V05}, {**REDUCE, "reduce": unsorted}),
    "own copies": ({}, {"map": changing, "params": Params(seen=[])}),
    "modules and files": (
        {}, {"map": by_module, "required_modules": ["textwrap"], "required_files": {"notes.txt": b"some notes"}},
    ),
    "exit": ({}, {"map": leaving}),
    "exit, observed": ({"dialect": V05, "max_failures": 2}, {"map": leaving}),
    "the worker's end": ({}, {"map": ending}),
    "warnings": ({}, {"map": warned}),
    "observed": ({"dialect": V05}, {**REDUCE, "sort": True}),
    "replicas": ({}, {**REDUCE, "input": [["raw://a b", "raw://a b"], ["file:///nowhere", "raw://c"], "raw://d"]}),
    "saved": ({}, {"map": words, "save": True}),
    "a pipeline": ({}, {"pipeline": [("split", Stage("map", process=by_length)),
                                     ("group_label", Stage("count", process=counting))]}),
    "a program": ({}, {"map": {"op": ECHO}}),
    "luck": ({"costs": Costs(noise=0.3, straggler_share=0.3), "speculative": True}, REDUCE),
    "faults": ({"faults": Faults().kill("node02", at=0.2).restore("node02", at=3.0).crash("map:1")}, REDUCE),
    "faults and hosts": ({"faults": Faults().kill("node02", at=0.2).lose("map:0", at=1.0), "nodes": 4}, ASKING),
    "mixed order": ({"shuffle_order": "random"}, REDUCE),
    "notebook's names": ({"namespace": "notebook"}, {"map": lambda line, params: [(TEXT[0], line)]}),
}  # fmt: skip


@pytest.mark.parametrize("name", JOBS)
def test_the_same_jobs(processes, name):
    """Jobs of all kinds."""
    options, *parameters = JOBS[name]
    assert told(processes, options, *parameters) == told(Inline(), options, *parameters)


def any_map(line, params):
    if params.tells:
        put(f"map:{this_partition()}", f"{len(line)}")
    if this_partition() in params.asks:
        yield this_host(), 1
    for word in line.split():
        yield params.keys[len(word) % len(params.keys)], word
    if this_partition() in params.fails and this_host() == "node01":
        data_err("bad block", line)


def any_reduce(pairs, params):
    told = get(f"map:{this_partition()}", default="nothing")
    for key, values in kvgroup(pairs if params.is_sorted else sorted(pairs, key=repr)):
        yield key, [told, *values]


@st.composite
def any_jobs(draw):
    """A cluster and the parameters of a job, with keys of several types, some of them equal to each other."""
    keys = draw(st.sampled_from([("a", "b", "c"), (1, 1.0, True, 2), (b"x", b"y"), ("k", ("k", 1), None, 2.5)]))
    is_sorted = draw(st.booleans()) and keys[0] != "k"
    some = st.lists(st.integers(0, 3), max_size=2)
    params = Params(keys=keys, is_sorted=is_sorted, tells=draw(st.booleans()), asks=draw(some), fails=draw(some))
    lines = draw(st.lists(st.lists(st.sampled_from(["to", "be", "or", "not"]), max_size=4).map(" ".join), max_size=4))
    options = {
        "nodes": draw(st.integers(2, 4)),
        "slots": draw(st.integers(1, 2)),
        "memory_limit": draw(st.sampled_from([None, 10, 2_000])),
    }
    return options, {
        "input": [f"raw://{line}" for line in lines] or ["raw://to be"],
        "map": any_map,
        "reduce": draw(st.sampled_from([any_reduce, None])),
        "partitions": draw(st.integers(1, 3)),
        "sort": is_sorted,
        "params": params,
    }


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(one=any_jobs())
def test_any_job(processes, one):
    """Any cluster, keys of any type, tasks that ask where they are, that tell each other, and that fail.

    What goes to disk is the same, too, and changes nothing else, but for which keys are told of that have no order.
    """
    assert told(processes, *one) == told(Inline(), *one)
    options, parameters = one
    in_memory = told(Inline(), {**options, "memory_limit": None}, parameters)
    limited = told(Inline(), *one)
    del in_memory[_PARTITIONS], limited[_PARTITIONS]
    assert in_memory == limited or ("SortError" in str(in_memory[0]) and "SortError" in str(limited[0]))
