"""A job's shape: which stages it has, and how outputs are grouped into tasks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from disco_sim.error import DiscoError
from disco_sim.model.job import plan_of
from disco_sim.model.plan import GROUPINGS, Output, Stage, TaskInputs, check_plan, group


def spec(map=None, reduce=None, partitions=0, merge_partitions=False, **others):
    rest = {"pipeline": (), "map_shuffle": None, "reduce_shuffle": None, "shuffle": None} | others
    return SimpleNamespace(map=map, reduce=reduce, partitions=partitions, merge_partitions=merge_partitions, **rest)


MAP = Stage("map", "split")
ALL = Stage("reduce", "group_all", range(1))
MAP_SHUFFLE = Stage("map_shuffle", "group_node")
REDUCE_SHUFFLE = Stage("reduce_shuffle", "group_node")


def by_label(n):
    return Stage("reduce", "group_label", range(n))


@pytest.mark.parametrize(
    ("job", "input_labels", "plan"),
    [
        (spec(map=1, reduce=1, partitions=3), None, (MAP, by_label(3))),
        (spec(map=1, reduce=1, partitions=1), None, (MAP, by_label(1))),
        (spec(map=1, reduce=1), None, (MAP, ALL)),
        (spec(map=1, reduce=1, partitions=3, merge_partitions=True), None, (MAP, ALL)),
        (spec(map=1, partitions=3), None, (MAP,)),
        (spec(map=1), None, (MAP,)),
        (spec(reduce=1, partitions=3), None, (ALL,)),
        (spec(reduce=1, partitions=3), range(5), (by_label(5),)),
        (spec(reduce=1, merge_partitions=True), range(5), (ALL,)),
        (spec(map=1, reduce=1, partitions=3), range(5), (MAP, by_label(3))),
        (spec(map=1, reduce=1), range(5), (MAP, ALL)),
        (spec(), None, ()),
        (spec(map=1, reduce=1, partitions=3, map_shuffle=True), None, (MAP, MAP_SHUFFLE, by_label(3))),
        (spec(map=1, reduce=1, partitions=3, reduce_shuffle=True), None, (MAP, by_label(3), REDUCE_SHUFFLE)),
        (spec(map=1, reduce=1, shuffle=True), None, (MAP, MAP_SHUFFLE, ALL, REDUCE_SHUFFLE)),
        (spec(map=1, shuffle=True), None, (MAP, MAP_SHUFFLE)),
    ],
)
def test_plans(job, input_labels, plan):
    """Map splits; reduce has a task per partition, or one when nothing is partitioned or partitions are merged."""
    assert plan_of(job, input_labels) == plan
    assert check_plan(plan) == plan


@pytest.mark.parametrize("job", [spec(map=1, reduce=1, merge_partitions=True), spec(reduce=1, merge_partitions=True)])
def test_nothing_to_merge(job):
    """Partitions that are not there cannot be merged."""
    with pytest.raises(DiscoError, match="can't merge partitions without partitions"):
        plan_of(job, None)


def test_unknown_grouping():
    """A plan with an unknown grouping is refused, with the stage and the groupings there are."""
    with pytest.raises(
        DiscoError, match="Unknown grouping 'group_colour' of stage 'x'; groupings are split, "
    ) as caught:
        check_plan((Stage("x", "group_colour"),))
    assert caught.value.stage == "x"
    with pytest.raises(DiscoError, match="Unknown grouping 'group_colour'"):
        group("group_colour", None, [])


def test_repeated_stage():
    """Stage names are unique in a plan."""
    with pytest.raises(DiscoError, match="Repeated stage 'x'"):
        check_plan((Stage("x", "split"), Stage("x", "group_all")))


def output(name, label, host):
    return Output(label, host, 0, 0, name)


PIECES = (
    output("0", 2, "b"), output("1", 0, "a"), output("2", 2, "a"), output("3", 0, "c"), output("4", 2, "b"),
    output("5", 7, ""),
)  # fmt: skip


def shape(tasks):
    return [(task.label, task.hosts, "".join(piece.blob for piece in task.pieces)) for task in tasks]


def test_split():
    """split makes a task of each piece, at home wherever a replica is."""
    replicated = Output(4, "a", 0, 0, "x", (("b", "y"), ("", "z")))
    assert shape(group("split", None, (*PIECES[:2], PIECES[5], replicated))) == [
        (2, ("b",), "0"),
        (0, ("a",), "1"),
        (7, (), "5"),
        (4, ("a", "b"), "x"),
    ]


def test_group_label():
    """group_label makes a task of each label with data, in label order; task i prefers the i-th host."""
    assert shape(group("group_label", None, PIECES)) == [
        (0, ("a",), "13"),
        (2, ("c",), "024"),
        (7, ("b",), "5"),
    ]


def test_group_label_of_given_labels():
    """Labels that are asked for get a task though they have no data, and those with data get theirs too."""
    assert shape(group("group_label", range(4), PIECES)) == [
        (0, ("a",), "13"),
        (1, ("b",), ""),
        (2, ("c",), "024"),
        (3, ("a",), ""),
        (7, ("b",), "5"),
    ]
    assert group("group_label", range(2), ()) == (TaskInputs(0, (), ()), TaskInputs(1, (), ()))


def test_group_node():
    """group_node makes a task of each host, there, with label 0."""
    assert shape(group("group_node", None, PIECES)) == [
        (0, (), "5"),
        (0, ("a",), "12"),
        (0, ("b",), "04"),
        (0, ("c",), "3"),
    ]


def test_group_node_label():
    """group_node_label makes a task of each label on each host."""
    assert shape(group("group_node_label", None, PIECES)) == [
        (7, (), "5"),
        (0, ("a",), "1"),
        (2, ("a",), "2"),
        (2, ("b",), "04"),
        (0, ("c",), "3"),
    ]


def test_group_all():
    """group_all makes one task of everything, at the first host; of nothing only when labels ask for it."""
    assert shape(group("group_all", None, PIECES)) == [(0, ("a",), "012345")]
    assert group("group_all", None, ()) == ()
    assert group("group_all", range(1), ()) == (TaskInputs(0, (), ()),)


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_no_piece_is_lost(grouping):
    """Whatever the grouping, each piece is in exactly one task, in order, and an iterator will do."""
    tasks = group(grouping, None, iter(PIECES))
    assert sorted(piece.blob for task in tasks for piece in task.pieces) == list("012345")
    assert all(list(task.pieces) == sorted(task.pieces, key=lambda piece: piece.blob) for task in tasks)
    assert shape(group(grouping, None, PIECES)) == shape(tasks)


def test_replicas():
    """The replicas of an output are its own place first, then the alternatives."""
    assert Output(0, "a", 0, 0, "x", (("b", "y"),)).replicas == (("a", "x"), ("b", "y"))
