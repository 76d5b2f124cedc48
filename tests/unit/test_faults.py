"""Plans of faults: what can be said, what is refused, and what a cluster is told."""

from __future__ import annotations

import json
import math
import pickle

import pytest

from disco_sim.error import DiscoError
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import NetworkCut, NetworkHealed, NodeDied, NodeReturned, NodeSlowed
from disco_sim.sim.fault import BadReplica, CrashRun, CutNetwork, KillNode, LoseOutput, RestoreNode, SlowNode, placed
from disco_sim.sim.faultbuilder import FaultBuilder
from disco_sim.sim.faults import Faults
from tests.unit.sanitizer import checked

SPEC = ClusterSpec.of(4)
ALL = (
    Faults()
    .kill("node02", at=3)
    .restore("node02", at=7.5)
    .slow("node01", factor=4, until=9)
    .cut(["node03", "node01"], at=1, until=2)
    .cut("node04", at=1, until=3, others=["node02"])
    .crash("map:3")
    .crash("reduce:0", run=1, job="count")
    .lose("map:0")
    .lose("map:1", at=5)
    .corrupt("map:2", replica=1, runs=1)
    .missing("map:2", job="count@1:2:3")
)


class Heard(FaultBuilder):
    """Keeps what it is told, as something that runs would."""

    def __init__(self):
        self.faults = []

    def _with(self, fault):
        self.faults.append(fault)
        return self


def test_a_plan_never_changes():
    """Each method gives a new plan with one more fault, and leaves its own as it was."""
    first = Faults()
    second = first.crash("map:3")
    assert (len(first), len(second), len(second.crash("map:4"))) == (0, 1, 2)
    with pytest.raises(AttributeError):
        second.faults = ()


def test_faults_are_values():
    """What was said stands in the fault, with times as floats and groups of hosts as tuples."""
    assert ALL.faults == (
        KillNode("node02", 3.0),
        RestoreNode("node02", 7.5),
        SlowNode("node01", 4.0, 0.0, 9.0),
        CutNetwork(("node03", "node01"), None, 1.0, 2.0),
        CutNetwork(("node04",), ("node02",), 1.0, 3.0),
        CrashRun("map", 3, 0, None),
        CrashRun("reduce", 0, 1, "count"),
        LoseOutput("map", 0, None, None),
        LoseOutput("map", 1, 5.0, None),
        BadReplica("map", 2, 1, 1, None, "corrupt"),
        BadReplica("map", 2, 0, None, "count@1:2:3", "missing"),
    )
    assert all(isinstance(fault.at_s, float) for fault in ALL.faults[:5])
    assert list(ALL) == list(ALL.faults)


def test_the_text_is_python():
    """The repr of a plan is the expression that makes it again."""
    assert repr(Faults()) == "Faults()"
    assert repr(ALL) == (
        "Faults().kill('node02', at=3.0).restore('node02', at=7.5).slow('node01', factor=4.0, until=9.0)"
        ".cut(['node03', 'node01'], at=1.0, until=2.0).cut('node04', at=1.0, until=3.0, others='node02')"
        ".crash('map:3').crash('reduce:0', run=1, job='count').lose('map:0').lose('map:1', at=5.0)"
        ".corrupt('map:2', replica=1, runs=1).missing('map:2', job='count@1:2:3')"
    )
    assert eval(repr(ALL)) == ALL


def test_equal_plans():
    """Plans are equal when their faults are, in kind and values; equal plans are one key of a dict."""
    assert Faults().kill("a", at=1) == Faults().kill("a", at=1.0) != Faults().kill("a", at=2)
    assert Faults().kill("a", at=1) != Faults().restore("a", at=1)
    assert len({Faults().kill("a", at=1), Faults().kill("a", at=1.0), Faults().restore("a", at=1)}) == 2
    assert Faults() != ()


def test_plans_are_joined():
    """The sum of two plans has the faults of the first, then those of the second."""
    assert Faults().crash("map:0") + Faults().crash("map:1") == Faults().crash("map:0").crash("map:1")
    assert Faults() + ALL == ALL + Faults() == ALL
    with pytest.raises(TypeError):
        ALL + ALL.faults


def test_plans_travel():
    """A plan survives pickling and JSON, also after it has been asked."""
    assert ALL.crashes("count@1", "map", 3, 0)
    assert pickle.loads(pickle.dumps(ALL)) == ALL
    assert Faults.from_json(ALL.to_json()) == ALL
    assert Faults.from_json(Faults().to_json()) == Faults()


def test_json_is_stable():
    """A plan is saved with a line per fault: its method and the arguments that were given."""
    plan = Faults().kill("node02", at=3).slow("node01", factor=4, until=9).cut(["a", "b"], at=1, until=2)
    assert plan.to_json() == (
        '[{"fault": "kill", "host": "node02", "at": 3.0},\n'
        ' {"fault": "slow", "host": "node01", "factor": 4.0, "until": 9.0},\n'
        ' {"fault": "cut", "hosts": ["a", "b"], "at": 1.0, "until": 2.0}]'
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "cannot be read"),
        ("{}", "are a list"),
        ("[1]", "1 is no fault"),
        ('[{"host": "a"}]', "is no fault"),
        ('[{"fault": "to_json"}]', "is one of kill, restore"),
        ('[{"fault": ["kill"]}]', "is one of kill, restore"),
        ('[{"fault": "kill", "node": "a"}]', "arguments of kill"),
        ('[{"fault": "kill"}]', "arguments of kill"),
        ('[{"fault": "kill", "host": "a", "at": NaN}]', "at=nan"),
        ('[{"fault": "kill", "host": "a", "at": null}]', "without a time"),
    ],
)
def test_text_that_is_no_plan(text, said):
    """JSON that `to_json` did not write is refused, by what is wrong with it."""
    with pytest.raises(DiscoError, match=said):
        Faults.from_json(text)


@pytest.mark.parametrize(
    "value",
    [-1, -0.001, math.nan, math.inf, -math.inf, True, "3", 10**400],
)
def test_wrong_times(value):
    """A time is a finite number of 0 or more, and no bool."""
    for plan in (
        lambda: Faults().kill("a", at=value),
        lambda: Faults().restore("a", at=value),
        lambda: Faults().slow("a", 2, at=value),
        lambda: Faults().cut("a", at=value, until=9),
        lambda: Faults().lose("map:0", at=value),
    ):
        with pytest.raises(DiscoError, match=r"at=.* was given; at is a virtual second .*: at=3\.0"):
            plan()
    for plan in (lambda: Faults().slow("a", 2, until=value), lambda: Faults().cut("a", at=0, until=value)):
        with pytest.raises(DiscoError, match=r"until=.* was given; until is a virtual second"):
            plan()


@pytest.mark.parametrize("factor", [0, -1, 0.5, 2e9, math.nan, math.inf, True, "2", None])
def test_wrong_factors(factor):
    """A node is a finite number of times slower, above 0."""
    with pytest.raises(DiscoError, match=r"slow\(factor=.*factor=4\.0"):
        Faults().slow("a", factor)


def test_the_end_is_after_the_start():
    """A fault that would end before or when it begins is refused, in a plan also from the start of the cluster."""
    for plan in (
        lambda: Faults().slow("a", 2, at=3, until=3),
        lambda: Faults().slow("a", 2, until=0),
        lambda: Faults().cut("a", at=3, until=2),
    ):
        with pytest.raises(DiscoError, match="until is later than at"):
            plan()


def test_a_plan_has_no_now():
    """Killing, restoring and cutting need a time in a plan; slowing begins with the cluster."""
    for plan in (
        lambda: Faults().kill("a"),
        lambda: Faults().restore("a"),
        lambda: Faults().cut("a", until=3),
        lambda: Faults((KillNode("a"),)),
    ):
        with pytest.raises(DiscoError, match=r"without a time; a plan has no now.*at=3\.0"):
            plan()
    assert Faults().slow("a", 2) == Faults().slow("a", 2, at=0)


def test_a_cut_always_heals():
    """A cut without an end is refused."""
    with pytest.raises(DiscoError, match=r"always heals: say when, until=9\.0"):
        Faults().cut("a", at=3)


@pytest.mark.parametrize("task", ["map3", "map:-1", 3, None])
def test_wrong_tasks(task):
    """A task is written as its stage and number."""
    for method in (Faults().crash, Faults().lose, Faults().corrupt, Faults().missing):
        with pytest.raises(DiscoError, match="as text: 'map:3'"):
            method(task)


@pytest.mark.parametrize("number", [-1, True, 1.0, "1"])
def test_wrong_numbers(number):
    """Runs and replicas are whole numbers from 0; how many runs are at least 1."""
    for plan in (
        lambda: Faults().crash("map:0", run=number),
        lambda: Faults().corrupt("map:0", replica=number),
        lambda: Faults().missing("map:0", replica=number),
        lambda: Faults().corrupt("map:0", runs=number),
    ):
        with pytest.raises(DiscoError, match="is a whole number of at least"):
            plan()
    with pytest.raises(DiscoError, match="at least 1: runs=1"):
        Faults().corrupt("map:0", runs=0)


@pytest.mark.parametrize("job", ["", 3, b"count"])
def test_wrong_jobs(job):
    """A job is a name."""
    with pytest.raises(DiscoError, match=r"job=.* was given"):
        Faults().crash("map:0", job=job)


@pytest.mark.parametrize("hosts", [[], "", [""], [3], None, 3, ["a", None], b"a"])
def test_wrong_groups(hosts):
    """A cut is of at least one host, each a name."""
    with pytest.raises(DiscoError, match="a list of at least one"):
        Faults().cut(hosts, at=1, until=2)
    if hosts is not None:
        with pytest.raises(DiscoError, match="a list of at least one"):
            Faults().cut("x", at=1, until=2, others=hosts)


@pytest.mark.parametrize("host", ["", 3, None, ["node01"]])
def test_wrong_hosts(host):
    """What befalls a node befalls one."""
    for plan in (lambda: Faults().kill(host, 1), lambda: Faults().restore(host, 1), lambda: Faults().slow(host, 2)):
        with pytest.raises(DiscoError, match="the name of one node"):
            plan()


def test_groups_of_hosts():
    """A host that stands twice in a group is in it once; a set is put in the order of its names."""
    assert Faults().cut(["b", "a", "b"], at=1, until=2).faults[0].hosts == ("b", "a")
    assert Faults().cut({"b", "a", "c"}, at=1, until=2).faults[0].hosts == ("a", "b", "c")
    assert Faults().cut(iter("ba"), at=1, until=2).faults[0].hosts == ("b", "a")
    assert Faults((CutNetwork("node01", "node02", 1, 2),)) == Faults().cut("node01", 1, 2, "node02")


def test_a_cut_has_two_sides():
    """A host cannot be cut off from itself, and a cut leaves something on the other side."""
    with pytest.raises(DiscoError, match="'b' both in hosts and in others") as caught:
        Faults().cut(["a", "b"], at=1, until=2, others=["c", "b"])
    assert caught.value.host == "b"
    with pytest.raises(DiscoError, match="nothing is left on the other side"):
        Faults().cut(list(SPEC.hosts), at=1, until=2).check(SPEC)
    Faults().cut(list(SPEC.hosts[1:]), at=1, until=2).check(SPEC)


@pytest.mark.parametrize(
    "plan",
    [
        Faults().kill("node2", at=1),
        Faults().restore("node2", at=1),
        Faults().slow("node2", 2),
        Faults().cut(["node01", "node2"], at=1, until=2),
        Faults().cut("node01", at=1, until=2, others="node2"),
    ],
)
def test_unknown_hosts(plan):
    """A host that the cluster does not have is refused, with those that look like it."""
    for ask in (plan.check, plan.events):
        with pytest.raises(DiscoError, match=r"no host 'node2'; .*, such as .*node02") as caught:
            ask(SPEC)
        assert caught.value.host == "node2"


def test_a_host_like_no_other():
    """Where no name is near, the first ones are shown."""
    with pytest.raises(DiscoError, match="such as node01 or node02 or node03"):
        Faults().kill("x", at=1).check(SPEC)


def test_the_past_is_over():
    """A fault before the cluster's time is refused; one at that time is not, nor one without a time."""
    plan = Faults().kill("node01", at=2).slow("node01", 2, at=2).lose("map:0", at=2).crash("map:0").lose("map:1")
    plan.check(SPEC, now_s=2.0)
    for fault in plan.faults[:3]:
        with pytest.raises(DiscoError, match=r"in the past: the cluster is at 2\.001 s; .* at=2\.002 or later"):
            Faults((fault,)).check(SPEC, now_s=2.0011)


def test_events():
    """What befalls nodes and network comes in order of time, with hosts in the order of the cluster."""
    assert ALL.events(SPEC) == (
        NodeSlowed(0.0, "node01", 4.0),
        NetworkCut(1.0, ("node01", "node03"), ("node02", "node04")),
        NetworkCut(1.0, ("node04",), ("node02",)),
        NetworkHealed(2.0, ("node01", "node03"), ("node02", "node04")),
        NodeDied(3.0, "node02"),
        NetworkHealed(3.0, ("node04",), ("node02",)),
        NodeReturned(7.5, "node02"),
        NodeSlowed(9.0, "node01", 1.0),
    )
    assert Faults().crash("map:0").events(SPEC) == ()


def test_at_one_time_the_order_of_the_plan_counts():
    """Faults at one time happen in the order in which they were written."""
    plan = Faults().restore("node01", at=2).kill("node02", at=2).kill("node01", at=1)
    assert plan.events(SPEC) == (NodeDied(1.0, "node01"), NodeReturned(2.0, "node01"), NodeDied(2.0, "node02"))


def test_crashes():
    """A run crashes if its task, its number and its job are those of a fault."""
    plan = Faults().crash("map:3").crash("map:3", run=2, job="count").crash("map:4", job="count@1:2:3")
    assert plan.crashes("any", "map", 3, 0)
    assert not plan.crashes("any", "map", 3, 1)
    assert not plan.crashes("any", "map", 3, 2)
    assert not plan.crashes("any", "reduce", 3, 0)
    assert plan.crashes("count@1:2:3", "map", 3, 2) and plan.crashes("count", "map", 3, 2)
    assert not plan.crashes("counter@1:2:3", "map", 3, 2)
    assert plan.crashes("count@1:2:3", "map", 4, 0)
    assert not plan.crashes("count@1:2:4", "map", 4, 0)
    assert not Faults().crashes("any", "map", 3, 0)


def test_bad_replicas():
    """A run finds a replica bad while its number is below that of the fault; of two faults the first counts."""
    plan = Faults().corrupt("map:2", replica=1, runs=2).missing("map:2").corrupt("map:2", job="count")
    assert plan.bad_replicas("count@1", "map", 2, 0) == ((1, "corrupt"), (0, "missing"))
    assert plan.bad_replicas("count@1", "map", 2, 1) == ((1, "corrupt"), (0, "missing"))
    assert plan.bad_replicas("count@1", "map", 2, 2) == ((0, "missing"),)
    assert plan.bad_replicas("count@1", "map", 3, 0) == ()
    assert Faults().corrupt("map:2", job="count").bad_replicas("other@1", "map", 2, 0) == ()
    assert Faults().bad_replicas("count@1", "map", 2, 0) == ()


def test_losses():
    """A job is told of the losses that are of it, or of any job."""
    plan = Faults().lose("map:0").lose("map:1", at=3, job="count").lose("map:2", job="other").kill("node01", at=1)
    assert plan.losses("count@1") == (LoseOutput("map", 0), LoseOutput("map", 1, 3.0, "count"))
    assert Faults().losses("count@1") == ()


def test_what_is_no_fault():
    """A plan is made of faults only, and faults that were made by hand are looked at, too."""
    with pytest.raises(DiscoError, match="which is no fault"):
        Faults(("kill",))
    for fault in (KillNode("a", -1.0), BadReplica("map", -1), CrashRun("", 0), BadReplica("map", 0, what="gone")):
        with pytest.raises(DiscoError):
            Faults((fault,))
    assert Faults((KillNode("a", 3),)) == Faults().kill("a", at=3)


def test_the_same_words_for_something_that_runs():
    """Another builder gets each fault checked, with no time where none was given: for it, that is now."""
    heard = Heard().kill("node01").slow("node01", 2, until=5).cut("node01", until=5).lose("map:0").crash("map:0")
    assert heard.faults[:3] == [
        KillNode("node01", None),
        SlowNode("node01", 2.0, None, 5.0),
        CutNetwork(("node01",), None, None, 5.0),
    ]
    assert [placed(fault, 3.0).at_s for fault in heard.faults[:3]] == [3.0, 3.0, 3.0]
    assert [placed(fault, 3.0) for fault in heard.faults[3:]] == heard.faults[3:]
    assert placed(KillNode("node01", 1.0), 3.0) == KillNode("node01", 1.0)
    with pytest.raises(DiscoError, match="until is later than at"):
        placed(heard.faults[2], 5.0)
    with pytest.raises(DiscoError, match="whole number"):
        Heard().crash("map:0", run=-1)


def test_how_a_plan_is_shown():
    """A plan is a table with a sentence per fault, as text and as HTML that needs no trust."""
    shown = ALL._repr_mimebundle_()
    assert shown["text/plain"].replace("–", "-").splitlines() == [  # noqa: RUF001
        "Faults (11)",
        "  fault    where                  at_s  until_s  what",
        "  kill     node02                3.000        -  node02 dies; what runs and what tasks stored there is lost",
        "  restore  node02                7.500        -  node02 is there again and can take runs",
        "  slow     node01                0.000    9.000  CPU and disk of node01 are 4 times slower",
        "  cut      node03, node01        1.000    2.000  nothing moves between node03, node01 and all other nodes",
        "  cut      node04                1.000    3.000  nothing moves between node04 and node02",
        "  crash    map:3                     -        -  run 0 of map:3 crashes in the middle of its CPU work",
        "  crash    reduce:0 of count         -        -  run 1 of reduce:0 crashes in the middle of its CPU work",
        "  lose     map:0                     -        -  what map:0 stored is lost as soon as it was first stored",
        "  lose     map:1                 5.000        -  what map:1 stored is lost",
        "  corrupt  map:2                     -        -  replica 1 of the input of map:2 is corrupt for its first run",
        "  missing  map:2 of count@1:2:3      -        -  replica 0 of the input of map:2 is missing for every run",
    ]
    seen = checked(shown["text/html"])
    assert "Faults (11)" in seen and "map:2 of count@1:2:3" in seen
    assert all(row[-1] in seen for row in ALL.table().rows)
    assert Faults().corrupt("map:2", runs=2).table().rows[0][-1].endswith("is corrupt for its first 2 runs")
    assert Faults()._repr_mimebundle_()["text/plain"] == "Faults (0)\n  0 rows"


def test_a_random_plan_is_the_same_for_ever():
    """The plan of a seed never changes, for saved notebooks hold what came of it."""
    assert repr(Faults.random(1)) == (
        "Faults().cut(['node02', 'node03', 'node04'], at=3.5, until=6.16).kill('node04', at=10.6)"
        ".missing('map:2', runs=1).restore('node04', at=17.14).slow('node01', factor=4.1, at=7.92)"
        ".slow('node03', factor=2.0, at=1.26, until=18.54)"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {"seed": 1.5}, {"seed": True}, {"n": -1}, {"n": True}, {"until": 0}, {"until": math.nan}, {"until": math.inf},
        {"until": True}, {"nodes": 0}, {"nodes": []}, {"nodes": ["a", "a"]}, {"nodes": None}, {"nodes": "a b"},
    ],
)  # fmt: skip
def test_wrong_random_plans(arguments):
    """A random plan needs a seed, a cluster, a length and a number that can be."""
    with pytest.raises(DiscoError):
        Faults.random(**{"seed": 1, **arguments})


def test_clusters_of_random_plans():
    """The cluster of a random plan is a number of nodes, their names, or the cluster itself."""
    assert Faults.random(5) == Faults.random(5, SPEC) == Faults.random(5, list(SPEC.hosts))
    assert Faults.random(5) == Faults.random(5, "node01:04")
    assert json.loads(Faults.random(5, ["only"], n=50).to_json())
