"""What work costs: from counts to phases, from phases to virtual seconds, with luck or without."""

from __future__ import annotations

import math
from dataclasses import fields
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim.error import DiscoError
from disco_sim.model.cluster import Node
from disco_sim.model.plan import Output
from disco_sim.model.work import Counts, Read
from disco_sim.sim.costs import Costs, Phase
from tests.unit.sanitizer import checked

COUNTS = Counts(
    records_in=100,
    records_out=50,
    bytes_out=1000,
    slept_s=3.0,
    read=(Read(0, 0, 400), Read(1, 0, 500), Read(0, 1, 100), Read(2, 0, 0)),
)
INPUTS = (Output(0, "a", 0, 0, "u", (("b", "v"),)), Output(0, "b", 0, 0, "w"), Output(0, "", 0, 0, "x"))
PRICES = Costs(startup_s=0.5, cpu_record_s=0.01, cpu_byte_s=0.001, disk_bytes_s=100, port_bytes_s=50, latency_s=0.25)


def test_phases_of_a_run():
    """A run starts up, reads what is local from disk, transfers the rest, computes, and writes."""
    assert PRICES.phases(COUNTS, INPUTS, Node("a")) == (
        Phase("startup", 0.5, "slot"),
        Phase("read", 400, "disk"),
        Phase("transfer", 0.75, "latency"),
        Phase("transfer", 600, "port", (("b", 600),)),
        Phase("cpu", pytest.approx(6.5), "cpu", (), pytest.approx(3 / 6.5)),
        Phase("write", 1000, "disk"),
    )


def test_a_faster_node_computes_faster():
    """Speed divides CPU seconds, but neither sleeping nor disk and network."""
    normal, fast = PRICES.phases(COUNTS, INPUTS, Node("a")), PRICES.phases(COUNTS, INPUTS, Node("a", speed=2.0))
    assert fast[4].amount == pytest.approx((normal[4].amount - 3) / 2 + 3)
    assert fast[:4] + fast[5:] == normal[:4] + normal[5:]


def test_a_task_has_a_price():
    """Every run pays for being a task, whatever it did; speed divides that, too."""
    costs = Costs(cpu_task_s=2.0)
    assert costs.phases(Counts(), (), Node("a", speed=4.0))[1] == Phase("cpu", 0.5, "cpu")


def test_luck_and_speed_that_are_given():
    """A factor lengthens the CPU seconds, but not sleep; a speed that is given stands in for the node's."""
    normal = PRICES.phases(COUNTS, INPUTS, Node("a"))
    unlucky = PRICES.phases(COUNTS, INPUTS, Node("a", speed=5.0), factor=3.0, speed=0.5)
    assert unlucky[4].amount == pytest.approx((normal[4].amount - 3) * 6 + 3)
    assert unlucky[:4] + unlucky[5:] == normal[:4] + normal[5:]


def test_where_a_transfer_comes_from():
    """The bytes of a transfer are summed by host, as they first come; '' is outside, and no bytes are no source."""
    inputs = tuple(Output(0, host, 0, 0, "u") for host in ("c", "a", "", "b", "c", "d"))
    read = tuple(Read(piece, 0, n_bytes) for piece, n_bytes in enumerate((5, 7, 11, 13, 17, 0)))
    phases = Costs().phases(Counts(read=read), inputs, Node("a"))
    assert phases[1:4] == (
        Phase("read", 7, "disk"),
        Phase("transfer", pytest.approx(5e-3), "latency"),
        Phase("transfer", 46, "port", (("c", 22), ("", 11), ("b", 13))),
    )


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1), st.integers(0, 1000)), max_size=20),
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=6, max_size=6),
)
def test_every_byte_is_read_once(read, hosts):
    """Bytes are read from the disk or transferred, and a transfer's bytes are those of its sources."""
    inputs = tuple(Output(0, first, 0, 0, "u", ((second, "v"),)) for first, second in hosts)
    counts = Counts(read=tuple(Read(*one) for one in read))
    phases = Costs().phases(counts, inputs, Node("a"))
    moved = [phase for phase in phases if phase.resource in ("disk", "port")]
    assert sum(phase.amount for phase in moved) == counts.bytes_in
    remote = [phase for phase in moved if phase.resource == "port"]
    assert sum(n_bytes for phase in remote for _, n_bytes in phase.sources) == sum(phase.amount for phase in remote)
    assert all("a" not in dict(phase.sources) for phase in remote)


def test_what_there_is_nothing_of_is_no_phase():
    """A run that reads and writes nothing starts up and computes, and that is all."""
    assert [phase.kind for phase in Costs().phases(Counts(), (), Node("a"))] == ["startup", "cpu"]


def test_bytes_in_are_all_bytes_read():
    """What was read from anywhere counts as bytes in."""
    assert COUNTS.bytes_in == 1000
    assert Counts().bytes_in == 0


def test_default_prices():
    """The defaults are those of a gigabit cluster, and depend on nothing of this machine."""
    costs = Costs()
    assert (costs.startup_s, costs.latency_s, costs.cpu_record_s, costs.cpu_byte_s) == (0.5, 1e-3, 1e-6, 1e-8)
    assert (costs.disk_bytes_s, costs.port_bytes_s) == (100e6, 125e6)


WRONG = {
    "number of seconds from 0 to a billion": [
        ("startup_s", -1), ("cpu_task_s", -0.1), ("cpu_record_s", math.nan), ("cpu_byte_s", math.inf),
        ("latency_s", math.inf), ("latency_s", "1"), ("startup_s", True), ("startup_s", None),
    ],
    "number of bytes a second, at least 0.001": [
        ("disk_bytes_s", 0), ("port_bytes_s", -5), ("disk_bytes_s", math.nan), ("port_bytes_s", "fast"),
    ],
    "number from 0, for no luck, to 3": [("noise", -1), ("noise", 3.1), ("node_noise", math.inf), ("noise", True)],
    "number from 0 to 1": [("straggler_share", 1.1), ("straggler_share", -0.1), ("straggler_share", math.nan)],
    "number of 1 or more": [("straggler_factor", 0.5), ("straggler_factor", math.inf), ("straggler_factor", "8")],
    "whole number, 0 or more": [("exact_flows", -1), ("exact_flows", 2.0), ("exact_flows", True)],
    "True or False": [("is_measured", 1), ("is_measured", "yes")],
}  # fmt: skip


@pytest.mark.parametrize(("rule", "name", "price"), [(rule, *case) for rule, cases in WRONG.items() for case in cases])
def test_wrong_prices(rule, name, price):
    """A price that is none, or would let time go back or stand still for ever, is refused by name, with the rule."""
    with pytest.raises(DiscoError, match=rf"Costs\({name}={price!r}\) was given; {name} is .*{rule}") as caught:
        Costs(**{name: price})
    assert caught.value.name == name


# -- luck ------------------------------------------------------------------------------------------

LUCK = Costs(noise=0.5, node_noise=0.3)


def factors(costs, n, attempt=0):
    return [costs.run_factor(0, 1, "map", task, attempt) for task in range(n)]


def test_without_luck_nothing_changes(monkeypatch):
    """Without noise and stragglers a run takes exactly what it costs, a node has its very speed: nothing is drawn."""
    monkeypatch.setattr("disco_sim.sim.costs.draw", None)
    assert factors(Costs(), 3) == [1.0, 1.0, 1.0]
    assert Costs().node_speed(0, Node("a", speed=0.7)) == 0.7


def test_noise_is_fair():
    """Over many tasks noise lengthens nothing: its mean is 1, and the spread of its logarithm is sigma."""
    drawn = factors(LUCK, 4000)
    assert fmean(drawn) == pytest.approx(1, abs=0.03)
    assert pstdev(map(math.log, drawn)) == pytest.approx(0.5, abs=0.03)


def test_luck_is_keyed():
    """The luck of a run depends on seed, job, stage, task and attempt alone, the luck of a node on seed and host."""
    key = (0, 1, "map", 2, 0)
    assert LUCK.run_factor(*key) == LUCK.run_factor(*key)
    others = [
        (1, 1, "map", 2, 0),
        (0, 2, "map", 2, 0),
        (0, 1, "reduce", 2, 0),
        (0, 1, "map", 3, 0),
        (0, 1, "map", 2, 1),
    ]
    assert len({LUCK.run_factor(*one) for one in [key, *others]}) == 6
    speed = LUCK.node_speed(0, Node("a"))
    assert LUCK.node_speed(0, Node("a", 7, 2.0)) == 2 * speed
    assert len({speed, LUCK.node_speed(0, Node("b")), LUCK.node_speed(1, Node("a"))}) == 3


def test_luck_is_the_same_for_ever():
    """The luck of a seed never changes, for saved notebooks hold what came of it."""
    assert LUCK.run_factor(0, 1, "map", 2, 0) == pytest.approx(0.461512554082906, rel=1e-12)
    assert LUCK.node_speed(0, Node("node01")) == pytest.approx(1.2261561121550146, rel=1e-12)


def test_nodes_differ_fairly():
    """Over many nodes the mean speed is what it was."""
    assert fmean(LUCK.node_speed(0, Node(f"n{n}")) for n in range(4000)) == pytest.approx(1, abs=0.02)


def test_stragglers():
    """About their share of runs are stragglers, which take their factor longer; a retry is drawn anew."""
    costs = Costs(straggler_share=0.1, straggler_factor=5)
    first, again = factors(costs, 3000), factors(costs, 3000, attempt=1)
    assert set(first) == {1.0, 5.0}
    assert fmean(one == 5 for one in first) == pytest.approx(0.1, abs=0.02)
    assert fmean(one == 5 for one, other in zip(first, again, strict=True) if other == 5) < 0.2
    assert set(factors(Costs(straggler_share=1.0), 50)) == {8.0}


def test_stragglers_have_luck_of_their_own():
    """Who is a straggler does not depend on the noise, and noise not on who is a straggler."""
    both = factors(Costs(noise=0.5, straggler_share=0.1), 500)
    apart = zip(factors(LUCK, 500), factors(Costs(straggler_share=0.1), 500), strict=True)
    assert both == [noise * straggler for noise, straggler in apart]


@pytest.mark.parametrize("luck", [0.0, 1 - 2**-53])
def test_the_ends_of_luck(monkeypatch, luck):
    """The worst and the best draw there are, with the most noise there may be, still give a time and a speed."""
    monkeypatch.setattr("disco_sim.sim.costs.draw", lambda *key: luck)
    costs = Costs(noise=3, node_noise=3)
    assert 0 < costs.run_factor(0, 1, "map", 0, 0) < math.inf
    assert 0 < costs.node_speed(0, Node("a")) < math.inf


# -- ready-made, measured and learned prices -------------------------------------------------------


def test_ready_made_prices():
    """The presets are valid, the first is the default, and disks and networks got faster since; no preset has luck."""
    gigabit, cloud, laptop = Costs.gigabit_2010(), Costs.cloud_10_gigabit(), Costs.laptop()
    assert gigabit == Costs()
    assert gigabit.disk_bytes_s < cloud.disk_bytes_s < laptop.disk_bytes_s
    assert 10 * gigabit.port_bytes_s == cloud.port_bytes_s < laptop.port_bytes_s
    assert gigabit.latency_s > cloud.latency_s > laptop.latency_s
    assert 1e-3 <= laptop.startup_s <= 2e-3 < min(gigabit.startup_s, cloud.startup_s)
    for costs in (gigabit, cloud, laptop):
        assert (costs.noise, costs.straggler_share, costs.node_noise, costs.is_measured) == (0, 0, 0, False)


@pytest.mark.parametrize("preset", [Costs.gigabit_2010, Costs.laptop, Costs.cloud_10_gigabit, Costs.measured])
def test_prices_replace_single_ones(preset):
    """A preset takes prices, which come instead of its own."""
    costs = preset(startup_s=7, noise=0.2)
    assert (costs.startup_s, costs.noise) == (7, 0.2)
    assert costs.port_bytes_s == preset().port_bytes_s


def test_measured_seconds():
    """Measured CPU seconds stand in for priced ones, with luck, speed and sleep as ever; other costs ignore them."""
    counts = Counts(records_in=10**6, slept_s=3.0, cpu_s=0.5)
    assert Costs.measured().phases(counts, (), Node("a", speed=2.0), factor=4.0)[1].amount == 4.0
    assert Costs().phases(counts, (), Node("a"))[1].amount == 4.0
    assert Costs.measured().is_measured


def test_measured_seconds_are_no_part_of_what_a_run_is():
    """Counts are equal, hashed and shown without the seconds that were measured."""
    one, other = Counts(1, 2), Counts(1, 2, cpu_s=0.5)
    assert one == other and hash(one) == hash(other) and repr(one) == repr(other)


class Ran:
    """A job that has run."""

    name = "count@1:2:3"

    def __init__(self, *samples):
        self.taken = samples

    def samples(self):
        return list(self.taken)


def test_prices_are_learned_from_a_job():
    """The CPU prices are those of the job's runs, the other ones those that are given."""
    costs = Costs.fit(Ran((7.0, 1, 10), (12.0, 2, 25), (11.0, 2, 20)), startup_s=2.0)
    assert costs == Costs(startup_s=2.0, cpu_task_s=3.0, cpu_record_s=2.0, cpu_byte_s=0.2)


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (Ran(), r"job 'count@1:2:3' found no finished run; .* call job.wait\(\) first"),
        (Ran((0.0, 1, 1)), r"1 finished run, .*took no CPU seconds"),
        (Ran((0.0, 1, 1), (0.0, 0, 0)), r"2 finished runs, .*took no CPU seconds"),
        ("count", r"Costs.fit\('count'\) was called; prices are learned from a job"),
    ],
)
def test_nothing_to_learn_from(job, message):
    """Without a job, or without a run that was measured, there is nothing to learn from."""
    with pytest.raises(DiscoError, match=message):
        Costs.fit(job)


# -- showing ---------------------------------------------------------------------------------------


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "startup_s": st.floats(0, 1e9),
            "cpu_byte_s": st.floats(0, 1) | st.integers(0, 10**9),
            "disk_bytes_s": st.floats(1e-3),
            "port_bytes_s": st.just(math.inf),
            "noise": st.floats(0, 3),
            "straggler_share": st.floats(0, 1),
            "exact_flows": st.integers(0),
            "is_measured": st.booleans(),
        },
    )
)
def test_the_repr_makes_an_equal_object(prices):
    """What `repr` gives makes the same costs again, and names only what differs from the defaults."""
    costs = Costs(**prices)
    assert eval(repr(costs)) == costs
    assert all(f"{field.name}=" not in repr(costs) for field in fields(Costs) if field.name not in prices)


def test_the_repr_of_the_defaults():
    """Where nothing differs, nothing is named."""
    assert repr(Costs(noise=0)) == "Costs()"
    assert repr(Costs(port_bytes_s=math.inf)) == "Costs(port_bytes_s=float('inf'))"


def test_costs_show_every_price():
    """Printed, and in a notebook, costs are a table: each price with its value, its unit and what it means."""
    costs = Costs(port_bytes_s=math.inf, cpu_byte_s=2.5e-8)
    shown = costs._repr_mimebundle_()
    assert shown["text/plain"] == str(costs)
    lines = str(costs).splitlines()
    assert lines[0].split() == ["price", "value", "unit", "meaning"]
    assert [line.split()[0] for line in lines[1:]] == [field.name for field in fields(Costs)]
    text = checked(shown["text/html"])
    for part in ("2.5e-08", "100,000,000", "inf", "bytes a s", "False", *(field.name for field in fields(Costs))):
        assert part in text and part in str(costs)
