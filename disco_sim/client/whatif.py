"""What if: a finished job played again under other settings, and the change that would help it most."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

from disco_sim.cluster.replay import Played, Recording, Setting, play
from disco_sim.error import DataError, DiscoError, InputError
from disco_sim.model.cluster import ClusterSpec, Node
from disco_sim.model.work import Counts
from disco_sim.sim.costs import Costs
from disco_sim.sim.faults import Faults
from disco_sim.store.garbage import seldom_collecting
from disco_sim.tables import Table, table, table_text
from disco_sim.views.critical import KINDS, Analysis, Bounds

if TYPE_CHECKING:
    import pandas

WHAT_IF = (
    *("nodes", "slots", "total_slots", "partitions", "costs", "faults", "speculative", "status", "makespan_s"),
    *("speed_up", "efficiency", "node_seconds", "lower_s", "upper_s", *KINDS, "network_sharing", "computed"),
)
BOTTLENECK = ("change", "makespan_s", "saved_s", "share")

Partitioned = Callable[[int], Recording]
"""Gives the job with another number of partitions, not computed yet."""


class WhatIf:
    """Plays one finished job again, as often as wanted; what it computes anew for other partitions it computes once."""

    def __init__(self, recording: Recording, partitions: int, partitioned: Partitioned) -> None:
        recording = recording.silent()
        self._recording = recording
        self._partitioned = partitioned
        self._n_partitions = partitions
        self._recordings = {partitions: recording}
        source = recording.source
        self._as_it_ran = Setting(source.spec, source.costs, has_copies=source.rules.speculative)

    # -- a table of settings -------------------------------------------------------------------------

    @seldom_collecting()
    def rows(
        self,
        nodes: Any = None,
        slots: Any = None,
        partitions: Any = None,
        costs: Any = None,
        faults: Any = None,
        speculative: Any = None,
    ) -> list[tuple[Any, ...]]:
        """A row of WHAT_IF for each combination of the given values, the last one given changing fastest."""
        settings = list(
            product(
                _several("nodes", nodes, "as it ran"),
                _several("slots", slots, None),
                _several("partitions", partitions, self._n_partitions),
                _named("costs", costs, Costs, {"as it ran": self._as_it_ran.costs}),
                _named("faults", faults, Faults, {"none": Faults()}),
                _several("speculative", speculative, self._as_it_ran.has_copies),
            )
        )
        specs = [self._spec(wanted, n_slots) for wanted, n_slots, *_ in settings]
        for spec, (_, _, n, _, (_, plan), copies) in zip(specs, settings, strict=True):
            _whole("partitions", n, least=0 if n == self._n_partitions else 1)
            plan.check(spec)
            if not isinstance(copies, bool):
                raise DiscoError(f"what_if(speculative={copies!r}) was asked for; speculative is True or False")
        _, analysis = self._play(self._n_partitions, self._as_it_ran)
        before_s = analysis.makespan_s
        n_before = self._as_it_ran.spec.n_slots
        rows = []
        for spec, (_, _, n, (price, costs_), (trouble, plan), copies) in zip(specs, settings, strict=True):
            played, analysis = self._play(n, Setting(spec, costs_, plan, copies))
            makespan_s = analysis.makespan_s if analysis.status == "ready" else math.nan
            speed_up = before_s / makespan_s if makespan_s else math.nan
            bounds = self._bounds(n, Setting(spec, costs_), analysis if not (plan or copies) else None)
            kinds = {node.slots for node in spec.nodes}
            rows.append(
                (
                    len(spec.nodes),
                    kinds.pop() if len(kinds) == 1 else None,
                    spec.n_slots,
                    n,
                    price,
                    trouble,
                    copies,
                    analysis.status,
                    makespan_s,
                    speed_up,
                    speed_up * n_before / spec.n_slots,
                    len(spec.nodes) * makespan_s,
                    *bounds,
                    *analysis.shares().values(),
                    played.cluster.sharing,
                    played.n_computed,
                )
            )
        return rows

    def frame(self, **settings: Any) -> pandas.DataFrame:
        """The rows as a DataFrame."""
        import pandas as pd

        found = self.rows(**settings)
        columns = [list(column) for column in zip(*found, strict=True)] or [[] for _ in WHAT_IF]
        return pd.DataFrame(
            {name: pd.Series(column, dtype=_dtype(name)) for name, column in zip(WHAT_IF, columns, strict=True)}
        )

    def _bounds(self, partitions: int, setting: Setting, analysis: Analysis | None) -> Bounds:
        """The bounds of a setting without faults and copies; with them (no `analysis`) only the lower one may hold.

        It does not when CPU times are a matter of luck, for runs that are made again have other luck.
        """
        limits, costs = self._recording.request.limits, setting.costs
        n_slots = min(setting.spec.n_slots, limits.max_cores)
        is_plain = analysis is not None
        if analysis is None:
            _, analysis = self._play(partitions, setting)
        bounds = analysis.bounds(n_slots)
        if not is_plain and (costs.noise or costs.straggler_share):
            bounds = bounds._replace(lower_s=math.nan)
        if not is_plain or limits.force_local or limits.force_remote:
            bounds = bounds._replace(upper_s=math.inf)
        return bounds

    # -- the change that helps most --------------------------------------------------------------------

    @seldom_collecting()
    def bottleneck(self) -> Bottleneck:
        """The six changes, each played by itself."""
        now, n = self._as_it_ran, self._n_partitions
        _, before = self._play(n, now)
        before_s = before.makespan_s
        more_slots = ClusterSpec(tuple(node._replace(slots=node.slots + 1) for node in now.spec.nodes))
        changes = {
            "one more slot a node": (n, now._replace(spec=more_slots)),
            "twice the network": (n, now._replace(costs=replace(now.costs, port_bytes_s=2 * now.costs.port_bytes_s))),
            "twice the disk": (n, now._replace(costs=replace(now.costs, disk_bytes_s=2 * now.costs.disk_bytes_s))),
            "twice the partitions": (2 * n, now),
            "speculative copies": (n, now._replace(has_copies=True)),
        }
        after_s: dict[str, float] = {}
        for change, setting in changes.items():
            # Other partitions have to be computed, and what the job read may be gone: then nobody knows.
            with suppress(DataError, InputError):
                after_s[change] = self._play(*setting)[1].makespan_s
        after_s["without the slowest task"] = self._analysed(self._without(before.slowest_task()), now)[1].makespan_s
        rows = []
        for change in (*changes, "without the slowest task"):
            makespan_s = after_s.get(change, math.nan)
            saved_s = before_s - makespan_s
            rows.append((change, makespan_s, saved_s, saved_s / before_s if before_s else 0.0))
        return Bottleneck(before_s, tuple(rows))

    def _without(self, task: tuple[str, int] | None) -> Recording:
        """The job without the work of a task; its output, which is read later, stays."""
        if task is None:
            return self._recording
        computed = dict(self._recording.computed)
        outcome = computed[task].outcome
        computed[task] = computed[task]._replace(outcome=replace(outcome, counts=Counts()))
        return replace(self._recording, computed=computed)

    # -- playing -----------------------------------------------------------------------------------------

    def _play(self, partitions: int, setting: Setting) -> tuple[Played, Analysis]:
        if partitions in self._recordings:
            return self._analysed(self._recordings[partitions], setting)
        # Other partitions are other work: computed once, in the first setting that asks, and then recorded.
        played, analysis = self._analysed(self._partitioned(partitions), setting)
        if analysis.status == "ready":
            self._recordings[partitions] = replace(played.recording.silent(), source=self._recording.source)
        return played, analysis

    def _analysed(self, recording: Recording, setting: Setting) -> tuple[Played, Analysis]:
        speeds = {node.host: setting.costs.node_speed(recording.source.rules.seed, node) for node in setting.spec.nodes}
        analysis = Analysis(speeds)
        return play(recording, setting, analysis.add), analysis

    def _spec(self, nodes: Any, slots: Any) -> ClusterSpec:
        """The cluster that a value of `nodes` and one of `slots` stand for.

        A number of nodes takes the nodes of the job's cluster, again from the first when there are not enough.
        """
        now = self._as_it_ran.spec
        if isinstance(nodes, ClusterSpec):
            spec = nodes
        elif nodes == "as it ran":
            spec = now
        elif isinstance(nodes, str):
            spec = ClusterSpec.parse(nodes)
        else:
            hosts = ClusterSpec.of(nodes).hosts
            spec = now
            if nodes != len(now.nodes):
                alike = (now.nodes[number % len(now.nodes)] for number in range(nodes))
                spec = ClusterSpec(
                    tuple(Node(host, node.slots, node.speed) for host, node in zip(hosts, alike, strict=True))
                )
        if slots is None:
            return spec
        _whole("slots", slots, least=1)
        return ClusterSpec(tuple(node._replace(slots=slots) for node in spec.nodes))


class Bottleneck:
    """Which of six changes would make a job faster by most; `saved_s` are virtual seconds of its makespan.

    `change` is None when none helps. What could not be played, because data are gone, has no makespan.
    """

    def __init__(self, makespan_s: float, rows: tuple[tuple[Any, ...], ...]) -> None:
        self.makespan_s = makespan_s
        self._rows = sorted(rows, key=lambda row: math.inf if math.isnan(row[2]) else -row[2])
        best = self._rows[0]
        # Less than a millionth is rounding, and no help.
        self.change: str | None = best[0] if best[2] > 1e-6 * makespan_s else None
        self.saved_s: float = best[2] if self.change else 0.0

    def table(self) -> Table:
        """A row per change, the best first: its makespan, what it saves, and that as a share of the job's makespan."""
        return Table(BOTTLENECK, list(self._rows))

    def frame(self) -> pandas.DataFrame:
        """The same as a DataFrame."""
        import pandas as pd

        return pd.DataFrame({name: [row[number] for row in self._rows] for number, name in enumerate(BOTTLENECK)})

    @property
    def _title(self) -> str:
        if self.change is None:
            return f"none of the six changes makes {self.makespan_s:.3f} s shorter"
        return f"{self.change}: {self.makespan_s:.3f} s become {self.makespan_s - self.saved_s:.3f} s"

    def __repr__(self) -> str:
        return f"Bottleneck({self._title})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        found = self.table()
        return {
            "text/plain": f"Bottleneck, {self._title}\n{table_text(found, indent='  ')}",
            "text/html": table(found, f"Bottleneck, {self._title}"),
        }


def _several(name: str, value: Any, default: Any) -> list[Any]:
    """The values to try: a list as it is, one value alone, the default for None."""
    if value is None:
        return [default]
    if isinstance(value, Mapping):
        raise DiscoError(f"what_if({name}={value!r}) was asked for; {name} is one value or a list of them")
    if isinstance(value, (str, bytes, ClusterSpec, Costs, Faults)) or not isinstance(value, Iterable):
        return [value]
    found = list(value)
    if not found:
        raise DiscoError(f"what_if({name}=[]) was asked for; give at least one value, or leave {name} out")
    return found


def _named(name: str, value: Any, kind: type[Any], default: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The (name, value) pairs to try; values that come without a name are called by what they print as."""
    if value is None:
        return list(default.items())
    if isinstance(value, Mapping) and value:
        given = [(str(label), one) for label, one in value.items()]
    else:
        given = [(repr(one), one) for one in _several(name, list(value) if isinstance(value, Mapping) else value, None)]
    for label, one in given:
        if not isinstance(one, kind):
            raise DiscoError(
                f"what_if({name}=...) was given {one!r} as {label!r}; {name} is disco_sim.{kind.__name__}(...), a list "
                "of them, or a dict that gives them names"
            )
    return given


def _whole(name: str, value: Any, least: int) -> None:
    if type(value) is not int or value < least:
        raise DiscoError(f"what_if({name}={value!r}) was asked for; {name} is a whole number of at least {least}")


def _dtype(name: str) -> str:
    if name in ("costs", "faults", "status", "network_sharing"):
        return "str"
    if name == "slots":
        return "Int64"
    if name == "speculative":
        return "bool"
    return "int64" if name in ("nodes", "total_slots", "partitions", "computed") else "float64"
