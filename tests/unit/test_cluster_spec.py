"""Clusters as they are written down: numbers, text in Disco's form, and what cannot be a cluster."""

from __future__ import annotations

import pytest

from disco_sim.error import DiscoError
from disco_sim.model.cluster import ClusterSpec, Node


def test_alike_nodes():
    """A number of nodes gives node01, node02, ... with as many digits as are needed."""
    assert ClusterSpec.of(2).nodes == (Node("node01", 2), Node("node02", 2))
    assert ClusterSpec.of(100, 3).hosts[::99] == ("node001", "node100")
    assert ClusterSpec.of(100, 3).n_slots == 300


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("alone", [("alone", 2)]),
        ("alone x7", [("alone", 7)]),
        ("node01:03 x4", [("node01", 4), ("node02", 4), ("node03", 4)]),
        ("node9:11", [("node9", 2), ("node10", 2), ("node11", 2)]),
        ("big[1-2] x16", [("big1", 16), ("big2", 16)]),
        ("a-b.c_d , z", [("a-b.c_d", 2), ("z", 2)]),
        ("node1", [("node1", 2)]),
        ("n1:1", [("n1", 2)]),
        ("a x 3,b", [("a", 3), ("b", 2)]),
        ("10:11", [("10", 2), ("11", 2)]),
    ],
)
def test_text(text, nodes):
    """A row is a name or a range of names, then the slots of each."""
    assert [(node.host, node.slots) for node in ClusterSpec.parse(text).nodes] == nodes


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("big[1-2] x16 @2.5, slow x2 @0.5", [("big1", 16, 2.5), ("big2", 16, 2.5), ("slow", 2, 0.5)]),
        ("n01:02 @2", [("n01", 2, 2.0), ("n02", 2, 2.0)]),
        ("a x3@.5,b", [("a", 3, 0.5), ("b", 2, 1.0)]),
        ("a @ 3.", [("a", 2, 3.0)]),
    ],
)
def test_text_with_speeds(text, nodes):
    """After the slots, or in their place, may stand the speed of each node of the row; it is 1 if it does not."""
    assert [tuple(node) for node in ClusterSpec.parse(text).nodes] == nodes


@pytest.mark.parametrize(
    "text",
    [
        *("", "a,", "a b", "a x", "a:b", "node1:", "a[1-]", "a/b", "a x-1"),
        *("a @", "a @fast", "a @-1", "a @1e3", "a @1.5.2", "a @2 x3", "a@b", "a @."),
    ],
)
def test_text_that_cannot_be_read(text):
    """A row that is none is quoted, with the forms there are."""
    with pytest.raises(DiscoError, match=r"cannot be read; a row is NAME, NAME01:10 or NAME\[1-3\]"):
        ClusterSpec.parse(text)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([], "a cluster of 0 nodes was asked for"),
        ([Node("a"), Node("a")], "host 'a' stands twice"),
        ([Node("a", 0)], "node 'a' has 0 slots"),
        ([Node("a", 1.5)], "node 'a' has 1.5 slots"),
        ([Node("")], "host name '' cannot stand in a URL"),
        ([Node("a/b")], "host name 'a/b' cannot stand in a URL"),
        ([Node("a:80")], "host name 'a:80' cannot stand in a URL"),
        ([Node("a", 1, 0.0)], "node 'a' has speed 0.0"),
        ([Node("a", 1, float("nan"))], "node 'a' has speed nan"),
    ],
)
def test_what_is_no_cluster(nodes, message):
    """A cluster has nodes, each with a host name of its own, at least one slot, and a speed."""
    with pytest.raises(DiscoError, match=message):
        ClusterSpec(tuple(nodes))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n5:3", "counts down from 5 to 3"),
        ("a x0", "has 0 slots"),
        ("a,a", "stands twice"),
        ("a @0.0", "node 'a' has speed 0.0; a speed is above 0, and 1.0 is normal"),
        ("@2", "host name '' cannot stand in a URL"),
    ],
)
def test_text_of_what_is_no_cluster(text, message):
    """Text is held to the same rules."""
    with pytest.raises(DiscoError, match=message):
        ClusterSpec.parse(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "nodes=0 was given"),
        ((True,), "nodes=True"),
        ((2.0,), "nodes=2.0"),
        ((1, 0), "slots=0"),
        ((1, "2"), "slots='2'"),
    ],
)
def test_numbers_that_are_none(arguments, message):
    """Nodes and slots are whole numbers of at least 1."""
    with pytest.raises(DiscoError, match=message):
        ClusterSpec.of(*arguments)
