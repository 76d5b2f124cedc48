"""A job is a plan: stages, each of which groups the outputs of the stage before into tasks.

`group` is pure: outputs in, tasks out. Plans know nothing of map and reduce.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from disco_sim.error import DiscoError

GROUPINGS = ("split", "group_label", "group_node", "group_node_label", "group_all")
NODE_GROUPINGS = ("split", "group_node", "group_node_label")
"""Those whose tasks belong to a node."""


class Stage(NamedTuple):
    """One stage: its name, how outputs become its tasks, and the labels that get a task (None: those with data)."""

    name: str
    grouping: str
    labels: range | None = None


Plan = tuple[Stage, ...]


class Output(NamedTuple):
    """One labelled piece of data: an output of a finished run, or an input of the job.

    `blob` is the URL it is read by, `host` the node that holds it ('' for none); `alternatives` are
    more (host, URL) pairs with the same data.
    """

    label: int
    host: str
    n_records: int
    n_bytes: int
    blob: str
    alternatives: tuple[tuple[str, str], ...] = ()

    @property
    def replicas(self) -> tuple[tuple[str, str], ...]:
        """All (host, URL) pairs of the data, the first choice first."""
        return ((self.host, self.blob), *self.alternatives)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts of all replicas that have one, the first choice first."""
        if not self.alternatives:
            return (self.host,) if self.host else ()
        return tuple(host for host, _ in self.replicas if host)

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs of all replicas, the first choice first."""
        return (self.blob, *(url for _, url in self.alternatives))


class TaskInputs(NamedTuple):
    """What one task of a stage reads: its label, the hosts it would best run on, and the pieces in order."""

    label: int
    hosts: tuple[str, ...]
    pieces: tuple[Output, ...]


def check_plan(plan: Plan) -> Plan:
    """The plan itself, if its groupings are known and its stage names unique.

    Raises:
        DiscoError: With the wrong stage's name and the ways to write it.
    """
    names: set[str] = set()
    for stage in plan:
        if stage.grouping not in GROUPINGS:
            raise DiscoError(
                f"Unknown grouping {stage.grouping!r} of stage {stage.name!r}; groupings are {', '.join(GROUPINGS)}",
                stage=stage.name,
            )
        if stage.name in names:
            raise DiscoError(
                f"Repeated stage {stage.name!r}; stage names are unique in a plan: rename one", stage=stage.name
            )
        names.add(stage.name)
    return plan


def group(grouping: str, labels: range | None, outputs: Iterable[Output]) -> tuple[TaskInputs, ...]:
    """The tasks that `grouping` makes of `outputs`, in task order; pieces keep the order of `outputs`.

    With `labels`, each of them gets a task in group_label, empty ones too, and group_all makes its task even
    of nothing; with None only what has data gets a task. No data is left out either way.

    >>> pieces = [Output(1, "b", 0, 0, "x"), Output(0, "a", 0, 0, "y"), Output(1, "a", 0, 0, "z")]
    >>> [(task.label, [piece.blob for piece in task.pieces]) for task in group("group_label", None, pieces)]
    [(0, ['y']), (1, ['x', 'z'])]
    """
    pieces = tuple(outputs)
    if grouping == "split":
        return tuple([TaskInputs(piece.label, piece.hosts, (piece,)) for piece in pieces])
    hosts = sorted({piece.host for piece in pieces if piece.host})
    if grouping == "group_all":
        return (TaskInputs(0, tuple(hosts[:1]), pieces),) if pieces or labels else ()
    if grouping == "group_label":
        by_label: dict[int, list[Output]] = {label: [] for label in labels or ()}
        for piece in pieces:
            by_label.setdefault(piece.label, []).append(piece)
        return tuple(
            # Disco's rule: partition i prefers the i-th of the hosts that hold any input.
            TaskInputs(label, (hosts[label % len(hosts)],) if hosts else (), tuple(found))
            for label, found in sorted(by_label.items())
        )
    if grouping == "group_node":
        return tuple(
            TaskInputs(0, (host,) if host else (), tuple(piece for piece in pieces if piece.host == host))
            for host in sorted({piece.host for piece in pieces})
        )
    if grouping == "group_node_label":
        by_place: dict[tuple[str, int], list[Output]] = {}
        for piece in pieces:
            by_place.setdefault((piece.host, piece.label), []).append(piece)
        return tuple(
            TaskInputs(label, (host,) if host else (), tuple(found))
            for (host, label), found in sorted(by_place.items())
        )
    raise DiscoError(f"Unknown grouping {grouping!r}; the groupings are {', '.join(GROUPINGS)}")
