"""Any transfers, cuts and stops: no port is overrun, shares are fair, and times are those of slow exact arithmetic."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from disco_sim.sim.network import EXACT, PORTS, Network

PORT_BYTES_S = 100
MANY = 10_000
SETTINGS = settings(max_examples=150)
BOTH = pytest.mark.parametrize("how", [EXACT, PORTS])


class Begin(NamedTuple):
    """A call of begin()."""

    transfer: int
    to: str
    sources: tuple[tuple[str, int], ...]

    def call(self, network, now_s):
        network.begin(now_s, self.transfer, self.to, self.sources)


class Stop(NamedTuple):
    """A call of stop()."""

    transfer: int

    def call(self, network, now_s):
        network.stop(now_s, self.transfer)


class Cut(NamedTuple):
    """A call of cut(), or of heal() when it is over."""

    one: tuple[str, ...]
    other: tuple[str, ...]
    is_over: bool

    def call(self, network, now_s):
        (network.heal if self.is_over else network.cut)(now_s, self.one, self.other)


HOSTS = ("", "a", "b", "c", "d")
GROUPS = st.sampled_from([(("a",), ("b", "c")), (("a", "b"), ("c", "d")), (("c",), ("", "d"))])


@st.composite
def begins(draw, size=7):
    """Transfers between few hosts, so that they meet."""
    found = []
    for transfer in range(draw(st.integers(1, size))):
        to = draw(st.sampled_from(HOSTS))
        others = [host for host in HOSTS if host != to]
        sources = st.tuples(st.sampled_from(others), st.sampled_from([0, 1, 50, 100, 100, 333, 1000]))
        found.append(Begin(transfer, to, tuple(draw(st.lists(sources, max_size=4)))))
    return found


@st.composite
def scripts(draw):
    """Calls with their times, in order: transfers that begin, some that stop, cuts that heal."""
    calls = []
    for begin in draw(begins()):
        time_s = draw(st.integers(0, 40)) / 4
        calls.append((time_s, begin))
        if draw(st.integers(0, 4)) == 0:
            calls.append((time_s + draw(st.integers(0, 40)) / 4, Stop(begin.transfer)))
    for groups in draw(st.lists(GROUPS, max_size=2)):
        time_s = draw(st.integers(0, 40)) / 4
        calls.append((time_s, Cut(*groups, False)))
        calls.append((time_s + draw(st.integers(1, 20)) / 4, Cut(*groups, True)))
    return sorted(calls, key=lambda call: call[0])


def limit(how):
    """The exact_flows that makes a network share in the given way from the first flow on."""
    return MANY if how == EXACT else 0


def replayed(network, script, look=lambda network, time_s: None):
    """What each time gave, when the network is asked at all its times; `look` is called whenever shares may change."""
    given_at = []

    def ask(until_s):
        while (time_s := network.next_s) <= until_s and time_s < math.inf:
            given_at.append((time_s, tuple(network.ended(time_s))))
            look(network, time_s)

    for time_s, call in script:
        ask(time_s)
        call.call(network, time_s)
        look(network, time_s)
    ask(math.inf)
    return given_at


def times(given_at):
    """When each transfer was given."""
    return {transfer: time_s for time_s, transfers in given_at for transfer in transfers}


def ports_of(source, to):
    """The ports that a flow passes."""
    return [port for port in (("out", source), ("in", to)) if port[1]]


def fair(flows):
    """Max-min fair rates from the definition: all rates rise together, and stop where a port is full."""
    rates = dict.fromkeys(flows, Fraction(0))
    rising = set(flows)
    while rising:
        loads, counts = Counter(), Counter()
        for flow in flows:
            for port in ports_of(*flow[1:]):
                loads[port] += rates[flow]
                counts[port] += flow in rising
        rise = min((PORT_BYTES_S - loads[port]) / counts[port] for port in counts if counts[port])
        full = {port for port in counts if loads[port] + rise * counts[port] == PORT_BYTES_S}
        for flow in rising:
            rates[flow] += rise
        rising = {flow for flow in rising if not full.intersection(ports_of(*flow[1:]))}
    return rates


def exact_paces(parts):
    """The paces of flows that share exactly: a flow is one part."""
    rates = fair([flow for flow, _ in parts])
    return {(flow, part): rates[flow] for flow, part in parts}


def port_paces(parts):
    """The paces when each port divides itself among the flows that it has not served yet: a flow is a part per port."""
    counts = Counter(port for _, port in parts)
    return {(flow, port): Fraction(PORT_BYTES_S, counts[port]) for flow, port in parts}


def reference(script, how):
    """When each transfer ends, by exact arithmetic: from event to event, with all paces worked out afresh."""
    paces_of = exact_paces if how == EXACT else port_paces
    left, cuts, under_way, ends = {}, Counter(), {}, {}
    now = Fraction(0)
    for time_s, call in [*script, (math.inf, None)]:
        while True:
            for transfer in [each for each in under_way if not any(flow[0] == each for flow, _ in left)]:
                ends[transfer] = now
                del under_way[transfer]
            moving = [(flow, part) for flow, part in left if not cuts[frozenset(flow[1:])]]
            paces = paces_of(moving)
            step = min((left[each] / paces[each] for each in moving), default=math.inf)
            until = now + step if step < math.inf else math.inf
            if until > time_s or until == math.inf:
                break
            left = {each: bytes_ - paces.get(each, 0) * step for each, bytes_ in left.items()}
            left = {each: bytes_ for each, bytes_ in left.items() if bytes_}
            now = until
        if call is None:
            return ends
        passed, now = Fraction(time_s) - now, Fraction(time_s)
        left = {each: bytes_ - paces.get(each, 0) * passed for each, bytes_ in left.items()}
        match call:
            case Begin(transfer, to, sources):
                under_way[transfer] = True
                for host, n_bytes in sources:
                    flow = (transfer, host, to)
                    for part in ["all"] if how == EXACT else ports_of(host, to):
                        if n_bytes:
                            left[flow, part] = left.get((flow, part), 0) + n_bytes
            case Stop(transfer):
                under_way.pop(transfer, None)
                left = {each: bytes_ for each, bytes_ in left.items() if each[0][0] != transfer}
            case Cut(one, other, is_over):
                for pair in {frozenset((a, b)) for a in one for b in other}:
                    cuts[pair] += -1 if is_over else 1
    raise AssertionError("the last call is None")


def bound(transfers):
    """The seconds that the busiest port needs for its bytes alone."""
    loads = Counter()
    for transfer in transfers:
        for host, n_bytes in transfer.sources:
            for port in ports_of(host, transfer.to):
                loads[port] += n_bytes
    return max(loads.values(), default=0) / PORT_BYTES_S


@BOTH
@SETTINGS
@given(scripts())
def test_times_are_those_of_exact_arithmetic(how, script):
    """Every transfer ends when a slow simulation in fractions ends it; one that was stopped ends before that or never.

    A transfer that ends in the very instant it is stopped may be given or not.
    """
    found = times(replayed(Network(PORT_BYTES_S, limit(how)), script))
    expected = reference(script, how)
    stopped = {call.transfer: time_s for time_s, call in script if isinstance(call, Stop)}
    for transfer in found.keys() | expected.keys():
        if transfer in stopped and (transfer not in found or transfer not in expected):
            end_s = found.get(transfer, expected.get(transfer))
            assert end_s == pytest.approx(stopped[transfer], rel=1e-9)
        else:
            assert found[transfer] == pytest.approx(float(expected[transfer]), rel=1e-9)


@SETTINGS
@given(scripts())
def test_exact_shares_are_max_min_fair(script):
    """No port is overrun, and each flow that moves passes a full port on which no flow is faster."""
    readers = {call.transfer: call.to for _, call in script if isinstance(call, Begin)}

    def look(network, time_s):
        rates = network.rates()
        by_port = {}
        for (transfer, source), rate in rates.items():
            for port in ports_of(source, readers[transfer]):
                by_port.setdefault(port, []).append(rate)
        for port in by_port:
            assert sum(by_port[port]) <= PORT_BYTES_S * (1 + 1e-9)
        for (transfer, source), rate in rates.items():
            assert rate == 0 or any(
                sum(by_port[port]) >= PORT_BYTES_S * (1 - 1e-9) and rate >= max(by_port[port]) * (1 - 1e-9)
                for port in ports_of(source, readers[transfer])
            )

    replayed(Network(PORT_BYTES_S, MANY), script, look)


@SETTINGS
@given(scripts())
def test_exact_rates_deliver_all_bytes(script):
    """The rates of a flow, added up over the time that it has them, are the bytes that were asked for."""
    delivered = Counter()
    since = [0.0, {}]

    def look(network, time_s):
        for flow, rate in since[1].items():
            delivered[flow] += rate * (time_s - since[0])
        since[:] = time_s, network.rates()

    ended = times(replayed(Network(PORT_BYTES_S, MANY), script, look))
    for transfer, _, sources in [call for _, call in script if isinstance(call, Begin)]:
        asked = Counter()
        for host, n_bytes in sources:
            asked[host] += n_bytes
        for host, n_bytes in asked.items():
            if transfer in ended:
                assert delivered[transfer, host] == pytest.approx(n_bytes, rel=1e-9)
            else:
                assert delivered[transfer, host] <= n_bytes * (1 + 1e-9)


@BOTH
@SETTINGS
@given(begins(size=20))
def test_the_busiest_port_bounds_a_batch(how, transfers):
    """What begins at once takes as long as the busiest port needs, at least.

    When each port shares on its own, none is ever idle, and it takes just as long. Shared exactly, a flow always passes
    a full port, so it takes at most as long as both ports of some flow need one after the other.
    """
    found = times(replayed(Network(PORT_BYTES_S, limit(how)), [(0.0, transfer) for transfer in transfers]))
    assert found.keys() == {transfer.transfer for transfer in transfers}
    makespan_s = max(found.values())
    assert makespan_s >= bound(transfers) * (1 - 1e-9)
    assert makespan_s <= bound(transfers) * (1 + 1e-9) * (2 if how == EXACT else 1)


@BOTH
@SETTINGS
@given(begins(size=12), st.randoms(use_true_random=False))
def test_the_order_in_an_instant_does_not_matter(how, transfers, random):
    """Transfers that begin in the same instant end at the same times to the last bit, in whatever order they began."""
    late = Begin(99, "a", (("b", 77), ("c", 33)))
    shuffled = random.sample(transfers, len(transfers))
    found, again = (
        times(replayed(Network(PORT_BYTES_S, limit(how)), [*((0.25, each) for each in order), (0.75, late)]))
        for order in (transfers, shuffled)
    )
    assert found == again


@SETTINGS
@given(scripts(), st.integers(0, 12))
def test_the_same_calls_have_the_same_answers(script, exact_flows):
    """Two networks that are called alike answer alike, to the last bit."""
    assert replayed(Network(PORT_BYTES_S, exact_flows), script) == replayed(Network(PORT_BYTES_S, exact_flows), script)


@SETTINGS
@given(scripts(), st.integers(0, 12))
def test_switching_loses_nothing(script, exact_flows):
    """However often sharing switches, every transfer that is not stopped ends, and none before it possibly can."""
    network = Network(PORT_BYTES_S, exact_flows)
    n_flows = []

    def look(network, time_s):
        n_flows.append(network.n_flows)
        assert network.how == PORTS or network.n_flows <= exact_flows

    found = times(replayed(network, script, look))
    stopped = {call.transfer for _, call in script if isinstance(call, Stop)}
    for time_s, call in script:
        if isinstance(call, Begin) and call.transfer not in stopped:
            assert found[call.transfer] >= time_s + bound([call]) * (1 - 1e-9)
    assert (network.n_flows, network.how, network.next_s) == (0, EXACT, math.inf)
    if max(n_flows) <= exact_flows:
        assert found == times(replayed(Network(PORT_BYTES_S, MANY), script))


@BOTH
@SETTINGS
@given(scripts())
def test_asking_late_changes_no_time(how, script):
    """A network that is not asked between the calls gives what has ended late, but lets the rest end as it would."""
    assume(not any(isinstance(call, Stop) for _, call in script))
    network = Network(PORT_BYTES_S, limit(how))
    for time_s, call in script:
        call.call(network, time_s)
    last_s = script[-1][0]
    late = dict.fromkeys(network.ended(last_s), last_s) | times(replayed(network, []))
    asked = times(replayed(Network(PORT_BYTES_S, limit(how)), script))
    assert late == pytest.approx({transfer: max(time_s, last_s) for transfer, time_s in asked.items()}, rel=1e-9)


@st.composite
def odd_transfers(draw):
    """Transfers of any size, at any time, for ports of any speed."""
    sizes = st.floats(0, 1e15)
    hosts = st.sampled_from(HOSTS)
    transfers = st.tuples(st.floats(0, 1e9), hosts, st.lists(st.tuples(hosts, sizes), max_size=4))
    calls = sorted(draw(st.lists(transfers, max_size=12)), key=lambda call: call[0])
    return [(time_s, Begin(number, *call)) for number, (time_s, *call) in enumerate(calls)]


@SETTINGS
@given(odd_transfers(), st.floats(1e-3, 1e12) | st.just(math.inf), st.integers(0, 6))
def test_it_comes_to_an_end(script, port_bytes_s, exact_flows):
    """Whatever is rounded, time never goes back, each asking is for something, and all transfers end."""
    network = Network(port_bytes_s, exact_flows)
    given_at = replayed(network, script)
    asked = [time_s for time_s, _ in given_at]
    assert asked == sorted(asked)
    n_flows = sum(len(call.sources) for _, call in script)
    assert len(asked) <= 2 * n_flows + len(script)
    assert times(given_at).keys() == set(range(len(script)))
