"""Whole clusters: whatever the machines, prices, luck and faults, jobs give their answer and invariants hold."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple
from zlib import crc32

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disco_sim import Costs, Disco, Faults, Params, result_iterator
from disco_sim.cluster.replay import Recording, Setting, play
from disco_sim.cluster.simulated import SimulatedCluster
from disco_sim.error import DataError
from disco_sim.func import sum_combiner
from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.plan import Stage
from disco_sim.model.rules import Rules
from disco_sim.model.work import Blob, Counts, Failure, Read, TaskOutcome
from disco_sim.sim.fault import SlowNode
from disco_sim.store.results import index_of
from disco_sim.testing import check_invariants, same_log, simulate, strategies
from tests.clusters import Scripted, at_home, decisions, finish, orders_in, replayed, request

SETTINGS = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


# -- job functions -------------------------------------------------------------------------------------


def words(line, params):
    for word in line.split():
        yield word, 1


def words_told(line, params):
    params.lines.append(line)
    put(f"map:{this_partition()}:{len(params.lines)}", line)
    for word in line.split():
        yield word, 1


def total(pairs, params):
    for word, counts in kvgroup(sorted(pairs)):
        yield word, sum(counts)


def total_told(pairs, params):
    seen = get("map:0:1", default="none")
    put(f"reduce:{this_partition()}", seen)
    for word, counts in kvgroup(sorted(pairs)):
        yield word, sum(counts)


def sides(pair, params):
    word, number = pair
    yield word, ("even" if number % 2 == 0 else "odd", number)


def joined(pairs, params):
    found = {}
    for word, (side, number) in pairs:
        found.setdefault(word, {"even": [], "odd": []})[side].append(number)
    for word in sorted(found):
        for even in sorted(found[word]["even"]):
            for odd in sorted(found[word]["odd"]):
                yield word, (even, odd)


def count_words(lines):
    return Counter(word for line in lines for word in line.split())


def join(pairs):
    return [
        (word, (even, odd))
        for word, even in pairs
        if even % 2 == 0
        for other, odd in pairs
        if odd % 2 and other == word
    ]


def totals(pairs):
    found = Counter()
    for word, number in pairs:
        found[word] += number
    return [(word, found[word]) for word in {word for word, _ in pairs}]


class Shape(NamedTuple):
    """A job by its parameters, the kind of its records, and the same in plain Python, in any order."""

    parameters: dict[str, Any]
    kind: str
    expected: Callable[[Any], Any]


SHAPES = {
    "combined": Shape(
        {"map": words, "reduce": total, "combiner": sum_combiner, "partitions": 2},
        "lines",
        lambda lines: count_words(lines).items(),
    ),
    "told": Shape(
        {"map": words_told, "reduce": total_told, "partitions": 3, "params": Params(lines=[])},
        "lines",
        lambda lines: count_words(lines).items(),
    ),
    "join": Shape({"map": sides, "reduce": joined, "partitions": 2}, "pairs", join),
    "reduce only": Shape({"map": None, "reduce": total}, "pairs", totals),
    "map only": Shape(
        {"map": words, "partitions": None},
        "lines",
        lambda lines: [(word, 1) for line in lines for word in line.split()],
    ),
}


@st.composite
def runs(draw):
    """The name of a shape, records for it, and options of a cluster."""
    name = draw(st.sampled_from(sorted(SHAPES)))
    records = draw(strategies.records(SHAPES[name].kind, max_size=8))
    options = {
        "nodes": draw(strategies.clusters()),
        "costs": draw(strategies.costs()),
        "seed": draw(st.integers(0, 3)),
        "speculative": draw(st.booleans()),
    }
    return name, records, options


def answer(job):
    """The pairs of a job, in order, and what it put."""
    return list(job.disco.result_iterator(job.wait())), dict(job.oob)


def factors(cluster, job, but=()):
    """The luck of each run of a job: how many times longer its CPU work took than the speed of its node explains.

    It comes from differences of times, so those of short work late in a job are less exact than the times.
    """
    return {
        event[2:5]: event.slowdown * cluster.speeds[event.host]
        for event in cluster.log.of(job)
        if isinstance(event, events.PhasesPlayed) and event.host not in but
    }


# -- one job ---------------------------------------------------------------------------------------------


@SETTINGS
@given(st.data(), runs())
def test_faults_change_no_answer(data, run):
    """With faults a job gives what it gives without, to the order of its pairs, and what plain Python gives."""
    name, records, options = run
    shape = SHAPES[name]
    calm = simulate(records=records, **shape.parameters, **options)
    check_invariants(calm)
    assert sorted(answer(calm)[0]) == sorted(shape.expected(records))
    faults = data.draw(strategies.fault_plans(options["nodes"], calm))
    job = simulate(records=records, faults=faults, **shape.parameters, **options)
    check_invariants(job)
    assert answer(job) == answer(calm)


@SETTINGS
@given(st.data(), runs())
def test_the_same_again(data, run):
    """The same job with the same faults and seed has the same log."""
    name, records, options = run
    faults = data.draw(strategies.fault_plans(options["nodes"]))
    one, other = [simulate(records=records, faults=faults, **SHAPES[name].parameters, **options) for _ in range(2)]
    same_log(one.disco, other.disco)


@SETTINGS
@given(st.data(), runs())
def test_a_fault_changes_nobody_s_luck(data, run):
    """One fault more, and each run that happens in both worlds has the same luck in both."""
    name, records, options = run
    options["costs"] = Costs(cpu_record_s=0.25, noise=0.5, straggler_share=0.2, node_noise=0.3)
    before = simulate(records=records, **SHAPES[name].parameters, **options)
    faults = data.draw(strategies.fault_plans(options["nodes"], before))
    # That a fault slows a node down is no luck, and not told apart from it.
    slowed = [fault.host for fault in faults if isinstance(fault, SlowNode)]
    for number in range(len(faults) + 1):
        after = simulate(records=records, faults=Faults(faults.faults[:number]), **SHAPES[name].parameters, **options)
        luck, other = [factors(job.disco.cluster, job.name, slowed) for job in (before, after)]
        assert all(math.isclose(luck[key], other[key], rel_tol=1e-6) for key in luck.keys() & other.keys())
        before = after


@SETTINGS
@given(runs(), st.floats(0.01, 1.0))
def test_luck_is_the_same_on_any_number_of_nodes(run, noise):
    """Played on four nodes and on eight, each run has the noise that it had where it was recorded."""
    name, records, options = run
    options["costs"] = Costs(noise=noise, straggler_share=0.3, node_noise=0.2)
    options["speculative"] = False
    job = simulate(records=records, **SHAPES[name].parameters, **options)
    recording = Recording.of(job.disco.cluster, job.name)
    luck = factors(job.disco.cluster, job.name)
    for nodes in (4, 8):
        played = play(recording, Setting(ClusterSpec.of(nodes), options["costs"]))
        check_invariants(list(played.cluster.log), played.cluster.spec)
        other = factors(played.cluster, played.job)
        assert other.keys() == luck.keys()
        assert all(math.isclose(luck[key], other[key], rel_tol=1e-6) for key in luck)


# -- several jobs ----------------------------------------------------------------------------------------


@SETTINGS
@given(st.data(), st.sampled_from(["fair", "fifo"]), st.booleans())
def test_jobs_do_not_disturb_each_other(data, policy, speculative):
    """Several jobs at once, some submitted later, give their answers under faults, whatever the policy."""
    spec = data.draw(strategies.clusters())
    names = data.draw(st.lists(st.sampled_from(sorted(SHAPES)), min_size=2, max_size=3))
    records = [data.draw(strategies.records(SHAPES[name].kind, max_size=6)) for name in names]
    later_s = data.draw(st.sampled_from([0.0, 3.0]))
    faults = data.draw(strategies.fault_plans(spec, until=30.0))
    costs = data.draw(strategies.costs())
    with Disco(nodes=spec, costs=costs, faults=faults, policy=policy, speculative=speculative) as disco:
        jobs = []
        for name, found in zip(names, records, strict=True):
            jobs.append(disco.new_job(name="job", input=disco.split(found, 3), **SHAPES[name].parameters))
            disco.step(until=disco.now_s + later_s)
        # Each answer is read as soon as its job has ended, for a node that dies later takes it along.
        for job, name, found in zip(jobs, names, records, strict=True):
            assert sorted(result_iterator(job.wait())) == sorted(SHAPES[name].expected(found))
        check_invariants(disco)


# -- plans by hand ---------------------------------------------------------------------------------------

GROUPINGS = (
    ("group_label", None),
    ("group_label", range(3)),
    ("group_all", range(1)),
    ("group_node", None),
    ("group_node_label", None),
    ("split", None),
)


def passing(n_labels):
    """A stage that passes its pairs on by label; what it cannot read makes it fail."""

    def compute(work):
        pairs, read = [], []
        for number, piece in enumerate(work.inputs):
            bad = {replica: what for one, replica, what in work.bad if one == number}
            if 0 in bad:
                error = DataError(bad[0], piece.blob)
                return TaskOutcome(failure=Failure("data", str(error), error))
            read.append(Read(number, 0, piece.n_bytes))
            is_input = piece.blob.startswith("raw://")
            pairs += [(piece.blob, 1)] if is_input else work.store.blob(piece.blob).pairs()
        by_label = {}
        for pair in pairs:
            by_label.setdefault(crc32(f"{work.stage}{pair[0]}".encode()) % n_labels, []).append(pair)
        outputs = tuple((label, Blob.of_pairs(found, 90 * len(found))) for label, found in by_label.items())
        counts = Counts(len(pairs), len(pairs), 90 * len(pairs), 0.5, tuple(read))
        return TaskOutcome(outputs=outputs, oob=((f"{work.stage}:{work.task}", "done"),), counts=counts)

    return compute


@st.composite
def plans(draw):
    """Three stages, with names of which faults know."""
    shapes = [draw(st.sampled_from(GROUPINGS)) for _ in range(2)]
    return (Stage("map", "split"), Stage("reduce", *shapes[0]), Stage("top", *shapes[1]))


@SETTINGS
@given(st.data(), plans(), strategies.clusters(), strategies.costs(), st.booleans(), st.integers(1, 3))
def test_three_stages_lose_nothing(data, plan, spec, costs, has_copies, n_labels):
    """A plan of three stages by hand passes every record on, whatever is lost; decisions follow from the log alone."""
    homes = data.draw(st.lists(st.sampled_from([*spec.hosts, ""]), max_size=6))
    faults = data.draw(strategies.fault_plans(spec, until=12.0, max_size=8))
    cluster = SimulatedCluster(spec, Scripted(), costs=costs, faults=faults, rules=Rules(speculative=has_copies))
    script = {stage.name: passing(n_labels) for stage in plan}
    cluster.submit(request(plan=plan, inputs=at_home(*homes), script=script))
    log = finish(cluster)
    check_invariants(log, spec)
    assert decisions(replayed(log, spec, has_copies=has_copies)) == decisions(orders_in(log))
    facts = cluster.jobs.facts("job")
    assert facts.status == "ready"
    blobs = [blob for url in facts.results() for _, blob in index_of(cluster.jobs, url)]
    found = [pair for blob in blobs for pair in cluster.blobs.get(blob).pairs()]
    assert sorted(found) == [(f"raw://{number}", 1) for number in range(len(homes))]
    assert set(cluster.oob.committed("job")) == {
        f"{stage}:{task}" for stage, done in facts.done.items() for task in done
    }
