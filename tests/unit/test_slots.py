"""The nodes as the scheduler sees them: free slots, the order of loads, and nodes that come and go."""

from __future__ import annotations

import pytest

from disco_sim.model.cluster import ClusterSpec, Node
from disco_sim.sim.slots import Slots, listed


@pytest.fixture
def slots():
    """Two nodes, a with two slots and b with one, of which none is held in the end."""
    slots = Slots(ClusterSpec((Node("a", 2), Node("b", 1))))
    yield slots
    slots.check({})


def ready(slots):
    return [host for _, _, host in slots.ready]


def test_slots_and_loads(slots):
    """The lowest free slot is taken; the node with the fewest runs comes first, and one without a free slot not."""
    assert ready(slots) == ["a", "b"]
    assert slots.take("a") == 0
    assert ready(slots) == ["b", "a"]
    assert (slots.take("b"), slots.take("a")) == (0, 1)
    assert ready(slots) == []
    slots.check({"a": [0, 1], "b": [0]})
    slots.give_back("a", 0)
    slots.give_back("b", 0)
    assert ready(slots) == ["b", "a"]
    slots.give_back("a", 1)
    assert slots.take("a") == 0
    slots.give_back("a", 0)


def test_slots_of_nodes_that_are_away(slots):
    """A run that leaves a dead node frees a slot which nobody gets until the node returns."""
    slots.take("a")
    assert slots.set_dead("a", True)
    slots.give_back("a", 0)
    assert (ready(slots), list(slots.usable)) == (["b"], ["b"])
    assert slots.set_dead("a", False)
    assert (ready(slots), list(slots.usable)) == (["a", "b"], ["a", "b"])


def test_both_marks(slots):
    """It is told when a node comes or goes, not when a mark is set again or another one keeps it away."""
    assert slots.set_dead("a", True)
    assert not slots.set_dead("a", True)
    assert not slots.set_blacklisted("a", True)
    assert not slots.set_dead("a", False)
    assert slots.set_blacklisted("a", False)
    assert not slots.set_blacklisted("a", False)
    assert not slots.set_dead("elsewhere", True)


def test_states(slots):
    """A sentence says is or are, dead or blacklisted, and names a few hosts."""
    slots.set_dead("a", True)
    assert slots.state_of(["a"]) == "is dead"
    slots.set_blacklisted("b", True)
    assert slots.state_of(["b"]) == "is blacklisted"
    assert slots.state_of(["a", "b"]) == "are dead or blacklisted"
    assert listed(ClusterSpec.of(100).hosts) == "node001, node002, node003, node004 and 96 more"


def test_check_finds_what_is_wrong(slots):
    """The invariants do fail: when a slot is held twice, and when nodes are out of order."""
    with pytest.raises(AssertionError, match="slots of a are"):
        slots.check({"a": [0]})
    slots.ready.reverse()
    with pytest.raises(AssertionError, match="nodes are in the order"):
        slots.check({})
    slots.ready.reverse()
