"""Activities on their machines: phases, disks, shared ports, slow nodes, and what every second went by with."""

from __future__ import annotations

import math

import pytest

from disco_sim.model.work import Message
from disco_sim.sim.clock import Clock
from disco_sim.sim.costs import Costs, Phase
from disco_sim.sim.machines import ENDED, Activity, Machines, steps_of
from disco_sim.sim.network import Network

PRICES = Costs(disk_bytes_s=100, port_bytes_s=50)
STARTUP = Phase("startup", 0.5, "slot")
CPU = Phase("cpu", 2.0, "cpu")


def read(n_bytes):
    return Phase("read", n_bytes, "disk")


def write(n_bytes):
    return Phase("write", n_bytes, "disk")


def transfer(**n_bytes):
    sources = tuple(n_bytes.items())
    return Phase("transfer", sum(n_bytes.values()), "port", sources)


class World:
    """Machines with a loop of their own: `ends` are when activities ended, `said` what they said, by name."""

    def __init__(self, costs=PRICES):
        self.clock = Clock()
        self.machines = Machines(("a", "b", "c"), costs, self.clock)
        self.ends, self.said = {}, []

    def begin(self, name, host, *phases, at=0.0, **options):
        activity = Activity(host, steps_of(phases, **options), name)
        self.clock.put(at, lambda: self.go_on(activity))
        return activity

    def go_on(self, activity):
        while type(step := self.machines.go_on(activity)) is not Phase:
            if step is ENDED:
                self.ends[activity.owner] = self.clock.now_s
                return
            self.said.append((self.clock.now_s, step.text))

    def at(self, time_s, act):
        self.clock.put(time_s, act)

    def run(self, until_s=math.inf):
        while True:
            self.machines.settle()
            taken = self.clock.pop(until_s)
            if taken is None:
                return self
            if isinstance(taken, Activity):
                self.go_on(taken)
            elif isinstance(taken, Network):
                for activity in self.machines.arrived():
                    self.go_on(activity)
            else:
                taken()


@pytest.fixture
def world():
    return World()


def test_phases_follow_each_other(world):
    """An activity ends when all its phases took their time, one after the other; those without amount take none."""
    one = world.begin("one", "a", STARTUP, read(0), read(400), transfer(b=100), CPU, write(50))
    world.run()
    assert world.ends == {"one": pytest.approx(0.5 + 4 + 2 + 2 + 0.5)}
    assert one.spent == pytest.approx([0.5, 0, 4, 2, 2, 0, 0.5])


def test_a_disk_serves_one_at_a_time(world):
    """Requests at one disk wait for those that came before them; other nodes' disks know nothing of it."""
    first = world.begin("first", "a", read(100))
    second = world.begin("second", "a", read(200), at=0.25)
    other = world.begin("other", "b", read(100))
    world.run()
    assert world.ends == {"first": 1.0, "second": 3.0, "other": 1.0}
    assert (first.spent[1:3], second.spent[1:3], other.spent[1:3]) == ([0, 1], [0.75, 2], [0, 1])


def test_ports_are_charged_at_both_ends(world):
    """Two readers of one node share its port, two writers to one node that one's."""
    for reader in "bc":
        world.begin(f"from a to {reader}", reader, transfer(a=100))
    world.run()
    assert world.ends == {"from a to b": pytest.approx(4), "from a to c": pytest.approx(4)}


def test_messages_are_said_in_the_cpu_phase():
    """A message comes at its share of the CPU phase, also when there is none, and the last after all of it."""
    world = World()
    messages = (Message(0.0, "MSG", "begin"), Message(0.25, "MSG", "quarter"), Message(1.0, "DONE", "end"))
    world.begin("one", "a", STARTUP, CPU, write(100), messages=messages)
    world.begin("idle", "b", STARTUP, messages=messages[:1])
    world.run()
    assert world.said == [(0.5, "begin"), (1.0, "quarter"), (2.5, "end")]
    assert world.ends["one"] == 3.5


def test_steps_without_cpu_still_say_their_messages():
    """A CPU phase of no amount is left out, but what was said in it is said."""
    steps = steps_of((STARTUP, Phase("cpu", 0.0, "cpu")), (Message(0.5, "MSG", "hi"),))
    assert steps == [STARTUP, Message(0.5, "MSG", "hi"), ENDED]


def test_a_crash_stops_in_the_middle(world):
    """With `stop`, the CPU phase ends at that share, later messages are not said, and nothing is written."""
    messages = (Message(0.25, "MSG", "early"), Message(0.75, "MSG", "late"))
    world.begin("one", "a", STARTUP, CPU, write(100), messages=messages, stop=0.5)
    world.run()
    assert (world.ends, world.said) == ({"one": 1.5}, [(1.0, "early")])


def test_a_node_becomes_slow_and_normal_again(world):
    """What is left of CPU and disk phases takes longer from then on, until the node is as it was made."""
    cpu = world.begin("cpu", "a", CPU)
    disk = world.begin("disk", "a", read(200))
    queued = world.begin("queued", "a", read(100))
    elsewhere = world.begin("elsewhere", "b", CPU)
    world.at(1.0, lambda: world.machines.slow("a", 4.0))
    world.at(3.0, lambda: world.machines.slow("a", 1.0))
    world.run()
    # In two slow seconds half a normal one's work is done.
    assert world.ends == pytest.approx({"cpu": 3.5, "disk": 3.5, "queued": 4.5, "elsewhere": 2.0})
    assert (cpu.spent[4], disk.spent[1:3], queued.spent[1:3]) == (3.5, [0, 3.5], [3.5, 1.0])
    assert elsewhere.spent[4] == 2.0


def test_stopping_lets_others_go_on(world):
    """An activity that is stopped frees its disk or ports at once; what it spent until then counts."""
    stopped = world.begin("stopped", "a", read(400))
    waiting = world.begin("waiting", "a", read(100))
    served = world.begin("served", "a", read(100))
    hot, cold = world.begin("hot", "b", transfer(c=100)), world.begin("cold", "b", transfer(c=100))
    world.at(1.0, lambda: [world.machines.stop(one) for one in (stopped, waiting, hot)])
    world.run()
    assert world.ends == {"served": 2.0, "cold": pytest.approx(2.5)}
    assert (stopped.spent[1:3], waiting.spent[1:3], served.spent[1:3]) == ([0, 1], [1, 0], [1, 1])
    assert (hot.spent[3], cold.spent[3]) == (1.0, pytest.approx(2.5))


def test_stopping_between_phases_is_harmless(world):
    """An activity that has not begun, or that was stopped before, can be stopped."""
    one = world.begin("one", "a", CPU, at=5.0)
    world.machines.stop(one)
    world.run(until_s=1.0)
    assert one.spent == [0.0] * 7


def test_free_transport():
    """With rates of infinity only CPU and start-up take time, also on a slow node."""
    world = World(Costs(disk_bytes_s=math.inf, port_bytes_s=math.inf))
    world.begin("one", "a", STARTUP, read(1e9), transfer(b=1e9), CPU, write(1e9))
    world.begin("two", "a", STARTUP, read(1e9), CPU)
    world.at(0.5, lambda: world.machines.slow("a", 2.0))
    world.run()
    assert world.ends == {"one": 4.5, "two": 4.5}


def test_a_cut_stops_transfers_until_it_heals(world):
    """Nothing moves over a cut; what moved before is not lost."""
    world.begin("one", "b", transfer(a=100))
    world.at(1.0, lambda: world.machines.cut(("a",), ("b", "c")))
    world.at(11.0, lambda: world.machines.heal(("a",), ("b", "c")))
    world.run()
    assert world.ends == {"one": pytest.approx(12.0)}


def test_reading_is_over_before_computing(world):
    """`is_reading` tells whether any of the input is still to be read."""
    one = world.begin("one", "a", STARTUP, read(100), CPU)
    world.run(until_s=1.0)
    assert one.is_reading
    world.run(until_s=2.0)
    assert not one.is_reading


def test_a_slow_node_does_not_sleep_longer(world):
    """Only the share of a CPU phase that is work takes longer on a slow node."""
    world.begin("half asleep", "a", Phase("cpu", 4.0, "cpu", (), 0.5))
    world.at(1.0, lambda: world.machines.slow("a", 3.0))
    world.begin("later", "a", Phase("cpu", 4.0, "cpu", (), 0.5), at=10.0)
    world.run()
    assert world.ends == pytest.approx({"half asleep": 1.0 + 3.0 * 2, "later": 10.0 + 8.0})
