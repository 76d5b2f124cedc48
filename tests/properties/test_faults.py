"""Plans of faults: for any faults they come back as they were, and for any seed a job survives them."""

from __future__ import annotations

import pickle
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import NetworkCut, NetworkHealed
from disco_sim.sim.fault import BadReplica, CrashRun, CutNetwork, KillNode, LoseOutput, RestoreNode, SlowNode
from disco_sim.sim.faults import Faults

SETTINGS = settings(max_examples=200)
SPEC = ClusterSpec.of(5)

TIMES = st.floats(0, 1e6) | st.integers(0, 1000)
HOSTS = st.sampled_from(SPEC.hosts)
TASKS = st.builds("{}:{}".format, st.sampled_from(["map", "reduce", "a:b", "ä'\n"]), st.integers(0, 9))
JOBS = st.none() | st.text(min_size=1, max_size=5)


@st.composite
def spans(draw, start):
    at = draw(start)
    return at, draw(TIMES.filter(lambda until: until > (at or 0)))


@st.composite
def calls(draw):
    """A method and arguments that it takes."""
    name = draw(st.sampled_from(["kill", "restore", "slow", "cut", "crash", "lose", "corrupt", "missing"]))
    match name:
        case "kill" | "restore":
            return name, {"host": draw(HOSTS), "at": draw(TIMES)}
        case "slow":
            at, until = draw(spans(st.none() | TIMES))
            factor = draw(st.floats(1, 1e9) | st.integers(1, 9))
            return name, {
                "host": draw(HOSTS),
                "factor": factor,
                "at": at,
                "until": draw(st.sampled_from([None, until])),
            }
        case "cut":
            at, until = draw(spans(TIMES))
            shuffled = draw(st.permutations(SPEC.hosts))
            n_hosts = draw(st.integers(1, 3))
            others = draw(st.none() | st.just(shuffled[n_hosts:]) | st.just(shuffled[-1]))
            return name, {"hosts": shuffled[:n_hosts], "at": at, "until": until, "others": others}
        case "crash":
            return name, {"task": draw(TASKS), "run": draw(st.integers(0, 3)), "job": draw(JOBS)}
        case "lose":
            return name, {"task": draw(TASKS), "at": draw(st.none() | TIMES), "job": draw(JOBS)}
        case _:
            runs = draw(st.none() | st.integers(1, 3))
            return name, {"task": draw(TASKS), "replica": draw(st.integers(0, 3)), "runs": runs, "job": draw(JOBS)}


@st.composite
def plans(draw):
    plan = Faults()
    for name, arguments in draw(st.lists(calls(), max_size=8)):
        plan = getattr(plan, name)(**arguments)
    return plan


@SETTINGS
@given(plans(), plans())
def test_plans_come_back_as_they_were(plan, other):
    """The text, the JSON and the pickle of a plan make an equal plan, with the same text."""
    for again in (
        eval(repr(plan)),
        Faults.from_json(plan.to_json()),
        pickle.loads(pickle.dumps(plan)),
        Faults(plan.faults),
    ):
        assert again == plan and hash(again) == hash(plan) and repr(again) == repr(plan)
    assert (plan == other) == (repr(plan) == repr(other))
    assert list(plan + other) == [*plan, *other]
    assert len(plan.table().rows) == len(plan)


@SETTINGS
@given(plans())
def test_events_are_in_order_and_of_the_cluster(plan):
    """Events never go back in time, name hosts of the cluster only, and every cut heals."""
    events = plan.events(SPEC)
    assert [event.time_s for event in events] == sorted(event.time_s for event in events)
    cuts = Counter()
    for event in events:
        if isinstance(event, NetworkCut | NetworkHealed):
            assert event.one and event.other and not set(event.one) & set(event.other)
            for side in (event.one, event.other):
                assert side == tuple(host for host in SPEC.hosts if host in side)
            cuts[event.one, event.other] += 1 if isinstance(event, NetworkCut) else -1
            assert cuts[event.one, event.other] >= 0
        else:
            assert event.host in SPEC.hosts
    assert not any(cuts.values())


@SETTINGS
@given(plans(), st.sampled_from(["count", "count@1"]), st.integers(0, 9), st.integers(0, 3))
def test_answers_are_those_of_a_search(plan, job, task, attempt):
    """What a run is told is what a search through all faults finds."""
    mine = [fault for fault in plan if getattr(fault, "job", "x") in (None, job, "count")]
    crashed = any(
        (fault.stage, fault.task, fault.run) == ("map", task, attempt) for fault in mine if isinstance(fault, CrashRun)
    )
    assert plan.crashes(job, "map", task, attempt) == crashed
    bad = {
        fault.replica
        for fault in mine
        if isinstance(fault, BadReplica)
        and (fault.stage, fault.task) == ("map", task)
        and (fault.runs is None or attempt < fault.runs)
    }
    found = plan.bad_replicas(job, "map", task, attempt)
    assert len(found) == len(dict(found)) and dict(found).keys() == bad
    assert plan.losses(job) == tuple(fault for fault in mine if isinstance(fault, LoseOutput))


def survives(plan, spec, until):
    """Assert the rules of survival, as the docstring of `Faults.random` has them."""
    killed = [fault for fault in plan if isinstance(fault, KillNode)]
    assert len({fault.host for fault in killed}) == len(killed) < len(spec.hosts)
    died_s = {fault.host: fault.at_s for fault in killed}
    restored = [fault for fault in plan if isinstance(fault, RestoreNode)]
    assert len({fault.host for fault in restored}) == len(restored)
    assert all(died_s[fault.host] < fault.at_s <= until for fault in restored)
    assert all(fault.until_s <= until for fault in plan if isinstance(fault, CutNetwork))
    assert all(0 <= (getattr(fault, "at_s", None) or 0) <= until for fault in plan)
    assert all(fault.factor > 1 for fault in plan if isinstance(fault, SlowNode))
    failing = [fault for fault in plan if isinstance(fault, CrashRun | BadReplica)]
    assert all(number <= 2 for number in Counter((fault.stage, fault.task) for fault in failing).values())
    assert all(fault.run in (0, 1) if isinstance(fault, CrashRun) else fault.runs == 1 for fault in failing)
    lost = [(fault.stage, fault.task) for fault in plan if isinstance(fault, LoseOutput)]
    assert len(set(lost)) == len(lost) and all(stage == "map" for stage, _ in lost)
    assert all(fault.task < {"map": 8, "reduce": 4}[fault.stage] for fault in plan if hasattr(fault, "stage"))
    plan.events(spec)


@pytest.mark.parametrize("n", [6, 40])
def test_random_plans_can_be_survived(n):
    """For 500 seeds a random plan has as many faults as were asked for, and keeps to the rules of survival."""
    kinds = Counter()
    returned = Counter()
    for seed in range(500):
        plan = Faults.random(seed, n=n)
        survives(plan, ClusterSpec.of(4), 20.0)
        assert len(plan) == n
        kinds.update(row[0] for row in plan.table().rows)
        dead = {fault.host for fault in plan if isinstance(fault, KillNode)}
        returned.update(host in {f.host for f in plan if isinstance(f, RestoreNode)} for host in dead)
    assert set(kinds) == {"kill", "restore", "slow", "cut", "crash", "lose", "corrupt", "missing"}
    assert returned[True] and returned[False]


def test_any_node_may_be_the_survivor():
    """The node that is never killed is another one for other seeds."""
    killed = [{f.host for f in Faults.random(seed, n=60) if isinstance(f, KillNode)} for seed in range(100)]
    assert {frozenset(set(ClusterSpec.of(4).hosts) - hosts) for hosts in killed if len(hosts) == 3} == {
        frozenset([host]) for host in ClusterSpec.of(4).hosts
    }


@SETTINGS
@given(
    st.integers(), st.integers(1, 7), st.floats(1e-3, 1e9), st.integers(0, 40), st.integers(0, 40),
)  # fmt: skip
def test_random_plans_of_any_size(seed, nodes, until, n, fewer):
    """Any cluster, even of one node, and any length has a plan; the plan of fewer faults is its beginning."""
    plan = Faults.random(seed, nodes, until, n)
    survives(plan, ClusterSpec.of(nodes), until)
    assert len(plan) == n
    assert plan == Faults.random(seed, nodes, until, n)
    assert tuple(Faults.random(seed, nodes, until, min(fewer, n))) == plan.faults[: min(fewer, n)]
