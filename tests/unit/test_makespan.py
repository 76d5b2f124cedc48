"""The clock and the scheduler against SimPy, an independent simulator."""

from __future__ import annotations

import random

import pytest
import simpy

from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec, Node
from tests.clusters import Scripted, at_home, finish, of_kind, outcome, request

SEEDS = range(25)


def simpy_ends(n_slots, seconds):
    """When each task ends on `n_slots` alike slots, by SimPy's own queue."""
    environment = simpy.Environment()
    slots = simpy.Resource(environment, capacity=n_slots)
    ends = [0.0] * len(seconds)

    def task(number):
        with slots.request() as slot:
            yield slot
            yield environment.timeout(seconds[number])
            ends[number] = environment.now

    for number in range(len(seconds)):
        environment.process(task(number))
    environment.run()
    return ends


def our_ends(spec, seconds, inputs):
    from disco_sim.cluster.simulated import SimulatedCluster
    from disco_sim.sim.costs import Costs

    computer = SimulatedCluster(spec, Scripted(), costs=Costs(startup_s=0, cpu_record_s=0))
    computer.submit(request(inputs=inputs, script={"first": lambda work: outcome(slept_s=seconds[work.task])}))
    ends = {event.task: event.time_s for event in of_kind(finish(computer), events.RunFinished)}
    return [ends[number] for number in range(len(seconds))]


@pytest.mark.parametrize("seed", SEEDS)
def test_tasks_without_a_home_end_when_simpy_says(seed):
    """Tasks that are at home nowhere start in order as slots become free, so each ends when it does in SimPy."""
    luck = random.Random(seed)
    nodes = tuple(Node(f"n{number}", luck.randint(1, 3)) for number in range(luck.randint(1, 4)))
    seconds = [luck.choice([0.25, 0.5, 1.0, 2.5, 7.0]) for _ in range(luck.randint(0, 25))]
    spec = ClusterSpec(nodes)
    assert our_ends(spec, seconds, len(seconds)) == simpy_ends(spec.n_slots, seconds)


@pytest.mark.parametrize("seed", SEEDS)
def test_tasks_that_stay_at_home(seed):
    """With force_local every node is a queue of its own, so each task ends when in SimPy with that node's tasks."""
    from disco_sim.cluster.simulated import SimulatedCluster
    from disco_sim.model.job import Limits
    from disco_sim.sim.costs import Costs

    luck = random.Random(seed)
    nodes = tuple(Node(f"n{number}", luck.randint(1, 3)) for number in range(luck.randint(1, 4)))
    seconds = [luck.choice([0.25, 0.5, 1.0, 2.5, 7.0]) for _ in range(luck.randint(1, 25))]
    homes = [luck.choice(nodes) for _ in seconds]
    computer = SimulatedCluster(ClusterSpec(nodes), Scripted(), costs=Costs(startup_s=0, cpu_record_s=0))
    script = {"first": lambda work: outcome(slept_s=seconds[work.task])}
    inputs = at_home(*[node.host for node in homes])
    computer.submit(request(inputs=inputs, script=script, limits=Limits(force_local=True)))
    ends = {event.task: event.time_s for event in of_kind(finish(computer), events.RunFinished)}
    for node in nodes:
        own = [number for number, home in enumerate(homes) if home is node]
        assert [ends[number] for number in own] == simpy_ends(node.slots, [seconds[number] for number in own])


@pytest.mark.parametrize("seed", SEEDS)
def test_no_slot_is_idle_while_a_task_may_run(seed):
    """List scheduling is never worse than its bound: total work over slots plus the longest task, also with homes."""
    luck = random.Random(seed)
    nodes = tuple(Node(f"n{number}", luck.randint(1, 3)) for number in range(luck.randint(1, 4)))
    spec = ClusterSpec(nodes)
    seconds = [luck.uniform(0.1, 5.0) for _ in range(luck.randint(1, 25))]
    inputs = at_home(*[luck.choice(spec.hosts) for _ in seconds])
    makespan = max(our_ends(spec, seconds, inputs))
    assert max(max(seconds), sum(seconds) / spec.n_slots) <= makespan + 1e-9
    assert makespan <= sum(seconds) / spec.n_slots + max(seconds) + 0.1
