"""Plans that no client would make: a cluster runs any, and knows stages, tasks and labels only."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import disco_sim
from disco_sim import func
from disco_sim.cluster.simulated import SimulatedCluster
from disco_sim.engine.inline import Inline
from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.job import JobRequest
from disco_sim.model.plan import Output, Stage
from disco_sim.runtime.mapping import MapRole
from disco_sim.runtime.program import Program, Shipment
from disco_sim.runtime.reducing import ReduceRole
from disco_sim.store.results import index_of
from tests.clusters import finish, of_kind, orders_in, replayed

TEXT = ("to be or not to be", "that is the question", "to die to sleep", "no more")


def words(line, params):
    put(f"lines:{this_partition()}", line)
    for word in line.split():
        yield word, 1


def count(pairs, params):
    counts = {}
    for word, n in pairs:
        counts[word] = counts.get(word, 0) + n
    yield from sorted(counts.items())


def look(pairs, params):
    yield "lines", [get(f"lines:{number}") for number in range(params["n"])]


def program(roles, reduce):
    """A program whose stages do what `roles` says: of role map with `words`, of role reduce with `reduce`."""
    parameters = dict.fromkeys((*MapRole._fields, *ReduceRole._fields))
    parameters.update(
        map=words, map_init=func.noop, map_reader=func.map_line_reader, map_input_stream=(func.map_input_stream,),
        map_output_stream=(func.map_output_stream, func.disco_output_stream), partition=func.default_partition,
        partitions=3, reduce_init=func.noop, reduce_reader=func.chain_reader, status_interval=0, sort=False,
        reduce_input_stream=(func.reduce_input_stream,), params={"n": len(TEXT)},
        reduce_output_stream=(func.reduce_output_stream, func.disco_output_stream), reduce=reduce,
    )  # fmt: skip
    shipment = Shipment()
    for name, value in parameters.items():
        shipment.add(name, value)
    return Program(roles, *shipment.packed())


def run(*stages, nodes=3, reduce=count):
    """The pairs of the last stage by task, and the log, of a job with these stages; the first one is of role map."""
    plan = tuple(stages)
    roles = {stage.name: "reduce" if number else "map" for number, stage in enumerate(plan)}
    computer = SimulatedCluster(ClusterSpec.of(nodes, 1), Inline())
    inputs = tuple(
        Output(0, f"node{number % nodes + 1:02d}", 0, len(line), f"raw://{line}") for number, line in enumerate(TEXT)
    )
    computer.submit(JobRequest("job", 0, plan, inputs, program(roles, reduce)))
    log = finish(computer)
    assert computer.jobs.status("job") == "ready", log[-1]
    assert sorted(replayed(log, computer.spec)) == sorted(orders_in(log))
    results = [
        [pair for _, blob in index_of(computer.jobs, url) for pair in computer.blobs.get(blob).pairs()]
        for url in computer.jobs.facts("job").results()
    ]
    return results, log


COUNTS = sorted(Counter(word for line in TEXT for word in line.split()).items())
SPLIT = Stage("words", "split")
BY_LABEL = Stage("count", "group_label", range(3))


def test_three_stages():
    """Three stages run one after the other: split, grouped by label, all in one."""
    results, log = run(SPLIT, BY_LABEL, Stage("total", "group_all", range(1)))
    assert results == [COUNTS]
    assert [event.stage for event in of_kind(log, events.StageFinished)] == ["words", "count", "total"]
    n_tasks = [len(event.tasks) for event in of_kind(log, events.StageStarted)]
    assert n_tasks == [4, 3, 1]
    n_read = [sum(len(task.pieces) for task in event.tasks) for event in of_kind(log, events.StageStarted)]
    n_stored = [
        sum(event.stage == stage for event in of_kind(log, events.OutputStored)) for stage in ("words", "count")
    ]
    assert n_read[1:] == n_stored


def test_a_stage_by_node():
    """A stage grouped by node has a task on each node that holds something, which combines what is there."""
    results, log = run(SPLIT, Stage("shuffle", "group_node"), Stage("total", "group_all", range(1)))
    assert results == [COUNTS]
    _, second, _ = of_kind(log, events.StageStarted)
    assert [task.hosts for task in second.tasks] == [("node01",), ("node02",), ("node03",)]
    assert {piece.host for task in second.tasks for piece in task.pieces if task.hosts != (piece.host,)} == set()
    assert {event.host for event in of_kind(log, events.RunStarted) if event.stage == "shuffle"} == {
        "node01", "node02", "node03",
    }  # fmt: skip


@pytest.mark.parametrize("grouping", ["group_node_label", "group_label", "split"])
def test_every_grouping_in_the_middle(grouping):
    """Whatever groups the middle stage, the total is the same."""
    results, _ = run(SPLIT, Stage("middle", grouping), Stage("total", "group_all", range(1)))
    assert results == [COUNTS]


def test_the_third_stage_reads_results_of_the_first():
    """Out-of-band results of the first stage are visible in the third."""
    results, _ = run(SPLIT, BY_LABEL, Stage("total", "group_all", range(1)), reduce=look)
    assert results == [[("lines", list(TEXT))]]


@pytest.mark.parametrize("room", ["sim", "store", "cluster"])
def test_the_words_do_not_occur(room):
    """sim, store and cluster know plans, stages, tasks and labels: the words map and reduce do not occur in them.

    Python's own map(...) is another thing.
    """
    files = sorted((Path(disco_sim.__file__).parent / room).glob("*.py"))
    assert len(files) >= 5 or room == "cluster"
    found = [
        f"{file.name}:{number}: {line.strip()}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"\b(map|reduce)\b(?!\()", line, re.IGNORECASE)
    ]
    assert found == []
