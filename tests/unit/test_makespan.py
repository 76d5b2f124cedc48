"""The clock, the scheduler and the machines against SimPy, an independent simulator, and transfers by hand."""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest
import simpy

from disco_sim.cluster.simulated import SimulatedCluster
from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec, Node
from disco_sim.model.job import Limits
from disco_sim.model.plan import Output
from disco_sim.model.work import Blob, Counts, Read, TaskOutcome
from disco_sim.sim.costs import Costs
from tests.clusters import Scripted, finish, of_kind, request

SEEDS = range(200)

COSTS = Costs(startup_s=0.5, cpu_record_s=1.0, cpu_byte_s=0.0, disk_bytes_s=100.0, port_bytes_s=100.0, latency_s=0.0)
"""A record is a second of CPU, and a disk or a port gives a hundred bytes a second."""


class Work(NamedTuple):
    """What a task does: bytes it reads at its home, records it computes, seconds it sleeps, bytes it writes."""

    home: str
    n_read: int
    n_records: float
    slept_s: float
    n_written: int


def lucky_spec(luck):
    """One to five nodes of one to four slots, of different speed."""
    return ClusterSpec(
        tuple(Node(f"n{number}", luck.randint(1, 4), luck.uniform(0.25, 4.0)) for number in range(luck.randint(1, 5)))
    )


def our_ends(spec, works, limits=None):
    """When each task ends on the simulated cluster."""

    def compute(work):
        does = works[work.task]
        blob = Blob("bytes", b"", 0, does.n_written)
        counts = Counts(does.n_records, 0, does.n_written, does.slept_s, (Read(0, 0, does.n_read),))
        return TaskOutcome(outputs=((0, blob),), counts=counts)

    inputs = tuple(Output(0, does.home, 0, does.n_read, f"raw://{number}") for number, does in enumerate(works))
    cluster = SimulatedCluster(spec, Scripted(), costs=COSTS)
    cluster.submit(request(inputs=inputs, script={"first": compute}, limits=limits))
    ends = {event.task: event.time_s for event in of_kind(finish(cluster), events.RunFinished)}
    return [ends[number] for number in range(len(works))]


def simpy_ends_at_home(spec, works):
    """When each task ends in SimPy, on its own node, whose slots and disk are resources that are had in turn."""
    environment = simpy.Environment()
    slots = {node.host: simpy.Resource(environment, node.slots) for node in spec.nodes}
    disks = {node.host: simpy.Resource(environment) for node in spec.nodes}
    speeds = {node.host: node.speed for node in spec.nodes}
    ends = [0.0] * len(works)

    def task(number, does):
        with slots[does.home].request() as slot:
            yield slot
            yield environment.timeout(COSTS.startup_s)
            if does.n_read:
                with disks[does.home].request() as turn:
                    yield turn
                    yield environment.timeout(does.n_read / COSTS.disk_bytes_s)
            yield environment.timeout(does.n_records * COSTS.cpu_record_s / speeds[does.home] + does.slept_s)
            if does.n_written:
                with disks[does.home].request() as turn:
                    yield turn
                    yield environment.timeout(does.n_written / COSTS.disk_bytes_s)
            ends[number] = environment.now

    for number, does in enumerate(works):
        environment.process(task(number, does))
    environment.run()
    return ends


def simpy_ends_anywhere(spec, works):
    """When each task ends in SimPy, which takes the best free slot: on the emptiest node, of such on the first."""
    environment = simpy.Environment()
    free = simpy.PriorityStore(environment)
    for number, node in enumerate(spec.nodes):
        for slot in range(node.slots):
            free.put((slot, number, node.speed))
    ends = [0.0] * len(works)

    def task(number, does):
        slot = yield free.get()
        yield environment.timeout(COSTS.startup_s)
        yield environment.timeout(does.n_records * COSTS.cpu_record_s / slot[-1] + does.slept_s)
        ends[number] = environment.now
        yield free.put(slot)

    for number, does in enumerate(works):
        environment.process(task(number, does))
    environment.run()
    return ends


@pytest.mark.parametrize("seed", SEEDS)
def test_tasks_at_home_end_when_simpy_says(seed):
    """With force_local each node is a queue of its own: all of its tasks read, compute and write as in SimPy."""
    luck = random.Random(seed)
    spec = lucky_spec(luck)
    works = [
        Work(
            luck.choice(spec.hosts),
            luck.choice([0, luck.randint(1, 900)]),
            luck.uniform(0.0, 9.0),
            luck.choice([0.0, luck.uniform(0.0, 3.0)]),
            luck.choice([0, luck.randint(1, 900)]),
        )
        for _ in range(luck.randint(1, 40))
    ]
    ours, expected = our_ends(spec, works, Limits(force_local=True)), simpy_ends_at_home(spec, works)
    assert ours == pytest.approx(expected, rel=1e-9)
    assert max(ours) == pytest.approx(max(expected), rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_tasks_without_a_home_end_when_simpy_says(seed):
    """Tasks that are at home nowhere start in order as slots become free, so each ends when it does in SimPy."""
    luck = random.Random(seed)
    spec = lucky_spec(luck)
    works = [
        Work("", 0, luck.uniform(0.0, 9.0), luck.choice([0.0, luck.uniform(0.0, 3.0)]), 0)
        for _ in range(luck.randint(0, 60))
    ]
    ours, expected = our_ends(spec, works), simpy_ends_anywhere(spec, works)
    assert ours == pytest.approx(expected, rel=1e-9)
    assert max(ours, default=0.0) == pytest.approx(max(expected, default=0.0), rel=1e-9)


@pytest.mark.parametrize("seed", range(25))
def test_no_slot_is_idle_while_a_task_may_run(seed):
    """List scheduling is never worse than its bound: total work over slots plus the longest task, also with homes."""
    luck = random.Random(seed)
    spec = ClusterSpec(tuple(Node(f"n{number}", luck.randint(1, 3)) for number in range(luck.randint(1, 4))))
    works = [Work(luck.choice(spec.hosts), 0, 0.0, luck.uniform(0.1, 5.0), 0) for _ in range(luck.randint(1, 25))]
    seconds = [COSTS.startup_s + does.slept_s for does in works]
    makespan = max(our_ends(spec, works))
    assert max(max(seconds), sum(seconds) / spec.n_slots) <= makespan + 1e-9
    assert makespan <= sum(seconds) / spec.n_slots + max(seconds) + 1e-9


HOT = {
    "two alike share the port": ("n0 x1, n1 x1", [100, 100], [2.5, 2.5]),
    "five alike share the port": ("n[0-4] x1", [100] * 5, [5.5] * 5),
    "and so they do on one node": ("n0 x3", [100, 100, 100], [3.5, 3.5, 3.5]),
    # All three at a third until 3.0 s, two at a half until 5.0 s, the last alone until 6.0 s; half a second later each.
    "short ones leave first": ("n[0-2] x1", [100, 200, 300], [3.5, 5.5, 6.5]),
    # The first leaves at 2.5 s. The second, with 200 bytes left, is alone until the third has started up at 3.0 s, then
    # shares with it until that has its 100 bytes at 5.0 s, and has the last 50 bytes half a second later.
    "one comes later": ("n0 x1, n1 x1", [100, 300, 100], [2.5, 5.5, 5.0]),
}
"""Nodes of readers, the bytes that each reads from one source, and when it ends, after half a second of startup."""


@pytest.mark.parametrize(("nodes", "sizes", "ends"), HOT.values(), ids=HOT.keys())
def test_readers_of_one_hot_source(nodes, sizes, ends):
    """Whoever reads from a node at the same time shares its port evenly, and what one leaves the others get at once."""
    spec = ClusterSpec.parse(f"hot x1, {nodes}")
    works = [Work("hot", n_bytes, 0.0, 0.0, 0) for n_bytes in sizes]
    assert our_ends(spec, works, Limits(force_remote=True)) == pytest.approx(ends, rel=1e-9)
