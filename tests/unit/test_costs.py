"""What work costs: from counts to phases, from phases to virtual seconds."""

from __future__ import annotations

import math

import pytest

from disco_sim.error import DiscoError
from disco_sim.model.cluster import Node
from disco_sim.model.plan import Output
from disco_sim.model.work import Counts, Read
from disco_sim.sim.costs import Costs, Phase, Played, play

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
        Phase("transfer", 600, "port"),
        Phase("cpu", pytest.approx(150 * 0.01 + 2000 * 0.001 + 3), "cpu"),
        Phase("write", 1000, "disk"),
    )


def test_a_faster_node_computes_faster():
    """Speed divides CPU seconds, but neither sleeping nor disk and network."""
    normal, fast = PRICES.phases(COUNTS, INPUTS, Node("a")), PRICES.phases(COUNTS, INPUTS, Node("a", speed=2.0))
    assert fast[4].amount == pytest.approx((normal[4].amount - 3) / 2 + 3)
    assert fast[:4] + fast[5:] == normal[:4] + normal[5:]


def test_bytes_in_are_all_bytes_read():
    """What was read from anywhere counts as bytes in."""
    assert COUNTS.bytes_in == 1000
    assert Counts().bytes_in == 0


def test_play():
    """Phases follow each other without a gap, each as long as its amount by its resource's rate."""
    played = play(PRICES.phases(COUNTS, INPUTS, Node("a")), 10.0, PRICES)
    assert played[0] == Played("startup", 10.0, 10.5)
    assert played[1] == Played("read", 10.5, 14.5)
    assert [after.start_s for after in played[1:]] == [before.end_s for before in played[:-1]]
    assert played[-1].end_s == pytest.approx(10 + 0.5 + 4 + 0.75 + 12 + 6.5 + 10)


def test_default_prices():
    """The defaults are those of a gigabit cluster, and depend on nothing of this machine."""
    costs = Costs()
    assert (costs.startup_s, costs.latency_s, costs.cpu_record_s, costs.cpu_byte_s) == (0.5, 1e-3, 1e-6, 1e-8)
    assert (costs.rate("disk"), costs.rate("port"), costs.rate("slot"), costs.rate("cpu")) == (100e6, 125e6, 1.0, 1.0)


def test_free_transport():
    """A rate of infinity makes transport free."""
    costs = Costs(startup_s=0, disk_bytes_s=math.inf, port_bytes_s=math.inf, latency_s=0, cpu_record_s=0, cpu_byte_s=0)
    assert play(costs.phases(COUNTS, INPUTS, Node("a")), 0.0, costs)[-1].end_s == 3.0


@pytest.mark.parametrize(
    ("name", "price"),
    [
        ("startup_s", -1), ("cpu_record_s", math.nan), ("cpu_byte_s", math.inf), ("disk_bytes_s", 0),
        ("port_bytes_s", -5), ("latency_s", math.inf), ("disk_bytes_s", math.nan),
    ],
)  # fmt: skip
def test_wrong_prices(name, price):
    """A price that would let time go back or stand still for ever is refused, by name."""
    with pytest.raises(DiscoError, match=rf"Costs\({name}={price!r}\) was given") as caught:
        Costs(**{name: price})
    assert caught.value.name == name
