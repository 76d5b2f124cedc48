"""The shared network: when transfers end, worked out by hand. All ports carry 100 bytes a second each way."""

from __future__ import annotations

import math

import pytest

import disco_sim.sim.network as network_module
from disco_sim.sim.network import EXACT, PORTS, Network

BOTH = pytest.mark.parametrize("exact_flows", [500, 0], ids=["exact", "ports"])


@pytest.fixture
def network():
    return Network(100.0)


def drained(network):
    """What ends from now on, as pairs of time and transfer, asked for at every time that the network names."""
    found = []
    before_s = 0.0
    while (time_s := network.next_s) < math.inf:
        assert time_s >= before_s
        before_s = time_s
        found += [(time_s, transfer) for transfer in network.ended(time_s)]
    return found


@BOTH
def test_nothing_moves_at_first(exact_flows):
    """A network without transfers names no time, shares exactly, and has nothing to give."""
    network = Network(100.0, exact_flows)
    assert (network.next_s, network.how, network.n_flows) == (math.inf, EXACT, 0)
    assert network.ended(5.0) == []
    assert network.rates() == {}


@BOTH
def test_one_flow(exact_flows):
    """One flow has the whole port: 200 bytes at 100 a second end after 2 s."""
    network = Network(100.0, exact_flows)
    network.begin(1.0, "x", "b", [("a", 200.0)])
    assert (network.next_s, network.n_flows) == (3.0, 1)
    assert network.ended(2.0) == []
    assert network.ended(3.0) == ["x"]
    assert (network.next_s, network.n_flows) == (math.inf, 0)


@BOTH
def test_a_source_divides_its_port(exact_flows):
    """Two readers of one source have half of its port each; when the short one ends, the other has all of it."""
    network = Network(100.0, exact_flows)
    network.begin(0.0, "long", "b", [("a", 300.0)])
    network.begin(0.0, "short", "c", [("a", 100.0)])
    assert drained(network) == [(2.0, "short"), (4.0, "long")]


@BOTH
def test_a_reader_divides_its_port(exact_flows):
    """A transfer reads from all its sources at the same time and ends with its last flow."""
    network = Network(100.0, exact_flows)
    network.begin(0.0, "x", "c", [("a", 100.0), ("b", 300.0)])
    assert network.sources_of("x") == ("a", "b")
    assert drained(network) == [(4.0, "x")]


def test_sources_of(network):
    """sources_of() names the hosts that are still read from, in the order they were given, and none at the end."""
    network.begin(0.0, "x", "d", [("b", 200.0), ("a", 100.0), ("c", 200.0), ("d", 100.0)])
    assert network.sources_of("x") == ("b", "a", "c")
    assert (network.next_s, network.ended(3.0), network.sources_of("x")) == (3.0, [], ("b", "c"))
    assert (network.next_s, network.ended(5.0), network.sources_of("x")) == (5.0, ["x"], ())
    assert network.sources_of("y") == ()


@BOTH
def test_a_source_of_many_readers_is_the_bottleneck(exact_flows):
    """Ten readers of one source need ten times as long as one: that their own ports are free does not help."""
    network = Network(100.0, exact_flows)
    for number in range(10):
        network.begin(0.0, number, f"reader{number}", [("hot", 100.0)])
    assert drained(network) == [(10.0, number) for number in range(10)]


@BOTH
def test_ports_are_two_way(exact_flows):
    """A node that sends and receives at the same time does both at its full speed."""
    network = Network(100.0, exact_flows)
    network.begin(0.0, "there", "b", [("a", 100.0)])
    network.begin(0.0, "back", "a", [("b", 100.0)])
    assert drained(network) == [(1.0, "there"), (1.0, "back")]


def test_max_min_shares(network):
    """Three flows into d have a third each, so the fourth has the two thirds that one of them leaves of its source."""
    for source in "abc":
        network.begin(0.0, source, "d", [(source, 100.0)])
    network.begin(0.0, "wide", "e", [("a", 100.0)])
    rates = network.rates()
    assert [rates[source, source] for source in "abc"] == pytest.approx([100 / 3] * 3)
    assert rates["wide", "a"] == pytest.approx(200 / 3)
    assert [(time_s, transfer) for time_s, transfer in drained(network)] == [
        (pytest.approx(1.5), "wide"),
        *((pytest.approx(3.0), source) for source in "abc"),
    ]


def test_levels_fill_one_after_the_other(network):
    """Shares settle from the narrowest port on: 20 of five, then 40 of the two that share what one of those leaves."""
    for number in range(4):
        network.begin(0.0, number, "x", [(f"s{number}", 1000.0)])
    network.begin(0.0, "fifth", "x", [("a", 1000.0)])
    for number in range(2):
        network.begin(0.0, f"wide{number}", f"y{number}", [("a", 1000.0)])
    network.begin(0.0, "widest", "y0", [("b", 1000.0)])
    assert network.rates() == {
        **{(number, f"s{number}"): 20.0 for number in range(4)},
        ("fifth", "a"): 20.0,
        ("wide0", "a"): 40.0,
        ("wide1", "a"): 40.0,
        ("widest", "b"): 60.0,
    }


def test_port_sharing_is_egalitarian():
    """A port that shares on its own gives a flow its part even while the other port of the flow is slower.

    a serves both flows at 50; the three flows into d get 33.3 of d. The wide one is through a after 2 s, though a
    max-min fair share would have it end after 1.5 s.
    """
    network = Network(100.0, exact_flows=0)
    for source in "abc":
        network.begin(0.0, source, "d", [(source, 100.0)])
    network.begin(0.0, "wide", "e", [("a", 100.0)])
    assert [(time_s, transfer) for time_s, transfer in drained(network)] == [
        (2.0, "wide"),
        *((pytest.approx(3.0), source) for source in "abc"),
    ]


def test_through_one_port_is_not_ended():
    """When each port shares on its own, the network also names the time at which a flow is through only one."""
    network = Network(100.0, exact_flows=0)
    network.begin(0.0, "x", "c", [("a", 100.0)])
    network.begin(0.0, "y", "c", [("b", 300.0)])
    assert (network.next_s, network.ended(1.0)) == (1.0, [])
    assert (network.n_flows, network.sources_of("x")) == (2, ("a",))
    assert drained(network) == [(2.0, "x"), (4.0, "y")]


@BOTH
def test_outside_the_cluster_no_port_is_narrow(exact_flows):
    """The host '' sends and receives any number of flows at full speed; the nodes' own ports still count."""
    network = Network(100.0, exact_flows)
    network.begin(0.0, "in", "a", [("", 100.0)])
    network.begin(0.0, "in too", "b", [("", 200.0), ("c", 100.0)])
    network.begin(0.0, "out", "", [("a", 100.0)])
    network.begin(0.0, "out too", "", [("b", 100.0)])
    assert drained(network) == [(1.0, "in"), (1.0, "out"), (1.0, "out too"), (3.0, "in too")]


@BOTH
@pytest.mark.parametrize("sources", [[], [("b", 0.0)], [("a", 500.0)], [("b", 0), ("a", 500)]])
def test_nothing_to_move_ends_at_once(exact_flows, sources):
    """A transfer of nothing, or of what its reader has itself, ends in the instant it begins."""
    network = Network(100.0, exact_flows)
    network.begin(2.0, "x", "a", sources)
    assert (network.next_s, network.n_flows, network.sources_of("x")) == (2.0, 0, ())
    assert network.ended(2.0) == ["x"]
    assert network.next_s == math.inf


@BOTH
def test_sources_of_one_host_are_one_flow(exact_flows):
    """Several pieces from one host are one flow with the bytes of all, not several that each take a share."""
    network = Network(100.0, exact_flows)
    network.begin(0.0, "x", "c", [("a", 50.0), ("b", 100.0), ("a", 50.0)])
    assert (network.n_flows, network.sources_of("x")) == (2, ("a", "b"))
    assert drained(network) == [(2.0, "x")]


@BOTH
def test_beginning_later(exact_flows):
    """A flow that begins later takes its share from then on, and what was served before stays served."""
    network = Network(100.0, exact_flows)
    network.begin(0.0, "first", "b", [("a", 300.0)])
    network.begin(1.0, "second", "c", [("a", 100.0)])
    assert drained(network) == [(3.0, "second"), (4.0, "first")]


@BOTH
def test_stopping(exact_flows):
    """A stopped transfer is never given, and what it had of its ports is others' from then on."""
    network = Network(100.0, exact_flows)
    network.begin(0.0, "kept", "b", [("a", 200.0)])
    network.begin(0.0, "stopped", "c", [("a", 200.0), ("d", 200.0)])
    network.stop(2.0, "stopped")
    assert (network.n_flows, network.sources_of("stopped")) == (1, ())
    assert drained(network) == [(3.0, "kept")]


@BOTH
def test_no_time_is_named_for_what_was_stopped(exact_flows):
    """The time of a transfer that was stopped is not the next any more, also between the same two nodes."""
    network = Network(100.0, exact_flows)
    network.begin(0.0, "stopped", "b", [("a", 100.0)])
    network.begin(0.0, "kept", "b", [("a", 200.0)])
    assert network.next_s == 2.0
    network.stop(1.0, "stopped")
    assert network.next_s == 2.5


@BOTH
def test_stopping_what_is_not_under_way(exact_flows):
    """Stopping a transfer that is not known or was given changes nothing; one not given yet is not given any more."""
    network = Network(100.0, exact_flows)
    network.begin(0.0, "given", "b", [("a", 100.0)])
    assert network.ended(1.0) == ["given"]
    network.stop(1.0, "given")
    network.stop(1.0, "never begun")
    network.begin(1.0, "empty", "b", [])
    network.begin(1.0, "over", "b", [("a", 100.0)])
    network.stop(2.0, "empty")
    network.stop(2.0, "over")
    assert drained(network) == []


@BOTH
def test_a_transfer_can_begin_again(exact_flows):
    """A name is free again when its transfer was given or stopped; until then it cannot be used twice."""
    network = Network(100.0, exact_flows)
    network.begin(0.0, "x", "b", [("a", 100.0)])
    with pytest.raises(ValueError, match="'x' is under way"):
        network.begin(0.0, "x", "c", [("a", 100.0)])
    network.stop(0.5, "x")
    network.begin(0.5, "x", "b", [("a", 100.0)])
    with pytest.raises(ValueError, match="'x' is under way"):
        network.begin(1.5, "x", "b", [("a", 100.0)])
    assert network.ended(1.5) == ["x"]
    network.begin(1.5, "x", "b", [("a", 100.0)])
    assert drained(network) == [(2.5, "x")]


@BOTH
def test_cut_and_heal(exact_flows):
    """A cut flow stands still and takes no share; healed, it goes on with what remained."""
    network = Network(100.0, exact_flows)
    network.begin(0.0, "cut", "b", [("a", 200.0)])
    network.begin(0.0, "kept", "c", [("a", 300.0)])
    network.cut(2.0, ["a"], ["b"])
    assert network.rates() == {("cut", "a"): 0.0, ("kept", "a"): 100.0}
    assert (network.n_flows, network.sources_of("cut")) == (2, ("a",))
    # When each port shares on its own, c is through with the kept flow at 3.0; a is at 4.0.
    assert network.next_s == (4.0 if network.how == EXACT else 3.0)
    network.heal(3.0, ["b"], ["a"])
    assert network.rates() == {("cut", "a"): 50.0, ("kept", "a"): 50.0}
    assert drained(network) == [(5.0, "cut"), (5.0, "kept")]


@BOTH
def test_a_cut_holds_both_ways_and_for_new_flows(exact_flows):
    """A flow that begins across a cut stands still, in either direction; when nothing else moves, no time is named."""
    network = Network(100.0, exact_flows)
    network.cut(0.0, ["a", "x"], ["b", "y"])
    network.begin(0.0, "there", "b", [("a", 100.0)])
    network.begin(0.0, "back", "x", [("y", 100.0)])
    network.begin(0.0, "aside", "a", [("x", 100.0)])
    assert drained(network) == [(1.0, "aside")]
    network.heal(4.0, ["a", "x"], ["b", "y"])
    assert drained(network) == [(5.0, "there"), (5.0, "back")]


@BOTH
def test_a_transfer_waits_for_its_cut_flow(exact_flows):
    """A transfer with one cut source still reads from the others, and ends when it was healed and is through."""
    network = Network(100.0, exact_flows)
    network.cut(0.0, ["a"], ["c"])
    network.begin(0.0, "x", "c", [("a", 100.0), ("b", 100.0)])
    while network.next_s < math.inf:
        assert network.ended(network.next_s) == []
    assert network.sources_of("x") == ("a",)
    network.stop(1.0, "never begun")
    network.heal(2.0, ["a"], ["c"])
    assert drained(network) == [(3.0, "x")]


@BOTH
def test_overlapping_cuts(exact_flows):
    """Hosts that two cuts divide are together again when both cuts are healed; naming a host twice is one cut."""
    network = Network(100.0, exact_flows)
    network.begin(0.0, "x", "b", [("a", 100.0)])
    network.cut(0.0, ["a"], ["b", "c", "b"])
    network.cut(0.0, ["b", "a"], ["a", "b"])
    network.heal(1.0, ["a"], ["b", "c", "b"])
    assert network.next_s == math.inf
    network.heal(2.0, ["a", "b"], ["b", "a"])
    network.heal(2.0, ["a"], ["b"])
    assert drained(network) == [(3.0, "x")]


@BOTH
def test_a_cut_transfer_can_be_stopped(exact_flows):
    """Stopping forgets a flow that stands still, too, and healing does not bring it back."""
    network = Network(100.0, exact_flows)
    network.begin(0.0, "x", "b", [("a", 100.0)])
    network.cut(0.5, ["a"], ["b"])
    network.stop(1.0, "x")
    assert (network.n_flows, network.how) == (0, EXACT)
    network.heal(2.0, ["a"], ["b"])
    assert drained(network) == []


def test_switching_and_back():
    """With more flows than exact_flows each port shares on its own, with what remained, until no flow is left.

    After 1 s the three flows have 200, 150 and 150 bytes left, and a serves 33.3 a second of each. The two short ones
    are through 4.5 s later; the other has 50 bytes left, and all of a.
    """
    network = Network(100.0, exact_flows=2)
    network.begin(0.0, "one", "x", [("a", 250.0)])
    network.begin(0.0, "two", "y", [("a", 200.0)])
    assert network.how == EXACT
    network.begin(1.0, "three", "z", [("a", 150.0)])
    assert (network.how, network.n_flows) == (PORTS, 3)
    assert drained(network) == [(5.5, "two"), (5.5, "three"), (6.0, "one")]
    assert network.how == EXACT
    network.begin(7.0, "four", "x", [("a", 100.0), ("b", 100.0)])
    assert (network.how, network.rates()) == (EXACT, {("four", "a"): 50.0, ("four", "b"): 50.0})
    assert drained(network) == [(9.0, "four")]


def test_it_stays_switched_until_no_flow_is_left():
    """Few flows alone do not make sharing exact again; a transfer with too many flows at once makes it switch."""
    network = Network(100.0, exact_flows=2)
    network.begin(0.0, "x", "d", [("a", 100.0), ("b", 100.0), ("c", 100.0)])
    network.begin(0.0, "y", "e", [("a", 1000.0)])
    assert network.how == PORTS
    network.stop(1.0, "x")
    assert (network.how, network.n_flows) == (PORTS, 1)
    network.stop(1.0, "y")
    assert (network.how, network.next_s) == (EXACT, math.inf)


def test_switching_keeps_cuts():
    """A flow that is cut when sharing switches stands still, and goes on with what remained when healed."""
    network = Network(100.0, exact_flows=1)
    network.begin(0.0, "cut", "b", [("a", 200.0)])
    network.cut(1.0, ["a"], ["b"])
    network.begin(1.0, "other", "c", [("a", 100.0)])
    assert (network.how, network.n_flows) == (PORTS, 2)
    assert drained(network) == [(2.0, "other")]
    network.heal(3.0, ["a"], ["b"])
    assert drained(network) == [(4.0, "cut")]


def test_a_cut_while_each_port_shares_on_its_own():
    """Each port of a cut flow keeps what it has left to serve, also none."""
    network = Network(100.0, exact_flows=0)
    network.begin(0.0, "x", "c", [("a", 100.0)])
    network.begin(0.0, "y", "c", [("b", 100.0)])
    assert network.ended(1.0) == []
    network.cut(1.0, ["a"], ["c"])
    # c has served 50 of each; y has all of c now.
    assert drained(network) == [(1.5, "y")]
    network.heal(4.0, ["a"], ["c"])
    assert drained(network) == [(4.5, "x")]


@BOTH
@pytest.mark.parametrize("n_bytes", [100.0, 1e8 / 3])
def test_equal_flows_end_together(exact_flows, n_bytes):
    """200 equal flows over shared ports, some of which began to share at odd times, end in one instant."""
    network = Network(100e6 / 7, exact_flows)
    network.begin(0.0, "before", "r0", [("s0", n_bytes / 7)])
    time_s = drained(network)[0][0]
    for number in range(200):
        network.begin(time_s, number, f"r{number % 10}", [(f"s{number % 20}", n_bytes)])
    if not exact_flows:
        # All are through their sources' ports, which serve 10 each, before they are through their readers', 20 each.
        assert network.ended(network.next_s) == []
    assert network.ended(network.next_s) == list(range(200))
    assert network.next_s == math.inf


@pytest.mark.parametrize("exact_flows", [10_000, 0], ids=["exact", "ports"])
def test_rounding_does_not_part_what_ends_together(exact_flows):
    """Flows that end together by the rules of arithmetic do so in one instant, whatever their ports did before."""
    network = Network(1e8 / 7, exact_flows)
    for number in range(200):
        for other in range(number % 7):
            network.begin(number * 0.1, (number, other), f"r{number}", [(f"s{number}", 1e15)])
    for number in range(200):
        network.begin(61 / 3, number, f"r{number}", [(f"s{number}", 1e8 / (number % 7 + 1))])
    assert network.ended(network.next_s) == list(range(200))


@BOTH
def test_given_in_the_order_they_began(exact_flows):
    """Transfers that end in one instant are given in the order they began, whatever their hosts and names."""
    network = Network(100.0, exact_flows)
    for name in ("c", "a", "b"):
        network.begin(0.0, name, f"{name}2", [(f"{name}1", 100.0)])
    network.begin(1.0, "nothing", "a2", [])
    assert network.ended(1.0) == ["c", "a", "b", "nothing"]


@BOTH
def test_free_ports(exact_flows):
    """With endless bandwidth every flow ends at once, unless it is cut."""
    network = Network(math.inf, exact_flows)
    network.cut(0.0, ["a"], ["b"])
    network.begin(1.0, "cut", "b", [("a", 1e9), ("c", 1e9)])
    network.begin(1.0, "whole", "c", [("a", 1e9)])
    network.begin(1.0, "stopped", "c", [("a", 1e9)])
    network.stop(1.0, "stopped")
    assert (network.next_s, network.ended(1.0)) == (1.0, ["whole"])
    assert (network.next_s, network.sources_of("cut")) == (math.inf, ("a",))
    network.heal(3.0, ["a"], ["b"])
    assert (network.next_s, network.ended(3.0), network.next_s) == (3.0, ["cut"], math.inf)


@BOTH
def test_asking_late(exact_flows):
    """What ends while nobody asks makes room for others at its own time, and is given when somebody asks."""
    network = Network(100.0, exact_flows)
    network.begin(0.0, "short", "b", [("a", 100.0)])
    network.begin(0.0, "long", "c", [("a", 400.0)])
    network.begin(4.0, "new", "d", [("a", 200.0)])
    assert (network.next_s, network.ended(4.0)) == (4.0, ["short"])
    assert drained(network) == [(6.0, "long"), (7.0, "new")]


@BOTH
def test_what_rounds_to_nothing_ends(exact_flows):
    """A flow whose remaining time is less than a step of the clock ends; time stands still only for a moment."""
    network = Network(100e6, exact_flows)
    network.begin(0.0, "long", "b", [("a", 1e16)])
    network.begin(1e8 / 3, "tiny", "c", [("a", 1e-9)])
    assert network.next_s == 1e8 / 3
    assert network.ended(1e8 / 3) == ["tiny"]
    assert drained(network) == [(pytest.approx(1e8), "long")]


@pytest.mark.parametrize("now_s", [0.5, math.nan, math.inf, -1.0])
def test_time_never_goes_back(network, now_s):
    """No call can be earlier than the one before, or at no time at all; the present time is fine."""
    network.begin(1.0, "x", "b", [("a", 100.0)])
    calls = (
        lambda: network.begin(now_s, "y", "b", []),
        lambda: network.stop(now_s, "x"),
        lambda: network.cut(now_s, ["a"], ["b"]),
        lambda: network.heal(now_s, ["a"], ["b"]),
        lambda: network.ended(now_s),
    )
    for call in calls:
        with pytest.raises(ValueError, match="time never goes back"):
            call()
    network.stop(1.0, "y")
    assert drained(network) == [(2.0, "x")]


@pytest.mark.parametrize("n_bytes", [-1.0, math.nan, math.inf])
def test_bytes_are_finite(network, n_bytes):
    """Negative or endless bytes are refused, and nothing of the transfer begins."""
    with pytest.raises(ValueError, match="'a' were given; bytes are"):
        network.begin(0.0, "x", "b", [("c", 1.0), ("a", n_bytes)])
    assert (network.n_flows, network.next_s) == (0, math.inf)


@pytest.mark.parametrize("port_bytes_s", [0.0, -1.0, math.nan])
def test_ports_carry_something(port_bytes_s):
    """A port that carries nothing is no port."""
    with pytest.raises(ValueError, match="above 0"):
        Network(port_bytes_s)


def test_many_calls_in_one_instant_are_shared_once(monkeypatch, network):
    """Rates are worked out when somebody asks, once for all that began, stopped and ended in the instant."""
    solved = []

    def counted(lanes, port_bytes_s, fill=network_module._fill):
        solved.append(len(lanes))
        fill(lanes, port_bytes_s)

    monkeypatch.setattr(network_module, "_fill", counted)
    for number in range(50):
        network.begin(0.0, number, "b", [("a", 100.0), ("c", 100.0)])
    network.begin(0.0, "long", "e", [("d", 1e6)])
    network.stop(0.0, 49)
    assert (network.next_s, network.next_s, solved) == (98.0, 98.0, [3])
    assert len(network.ended(98.0)) == 49
    network.begin(98.0, "x", "b", [("a", 100.0)])
    network.begin(98.0, "y", "b", [("c", 100.0)])
    assert (network.next_s, solved) == (100.0, [3, 3])


@BOTH
def test_the_heap_of_times_stays_small(exact_flows):
    """Times that no longer count are forgotten, however often the shares of a long flow change."""
    network = Network(100.0, exact_flows)
    network.begin(0.0, "long", "b", [("a", 1e6)])
    for number in range(300):
        network.begin(float(number), number, "c", [("a", 10.0)])
        while network.sources_of(number):
            network.ended(network.next_s)
    assert len(network._due) < 30
