"""How the output of one stage is spread over partitions, and which task sent how much of it where. Pure.

A partition with more than twice the mean is called skewed: the task that reads it has so much more to do than others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from disco_sim.error import DiscoError
from disco_sim.tables import AMBER, BLUE, GREY, Table, counted, html, rgba, table, table_text
from disco_sim.views.contents import Read, keys_of
from disco_sim.views.heatmap import MOST_SQUARES, Grid, heat_map
from disco_sim.views.render import Card, Section, table_section
from disco_sim.views.rows import partitions_table
from disco_sim.views.stages import StageState
from disco_sim.views.state import JobState

UNITS = ("records", "bytes")
SKEWED = 2.0
"""Above so many times the mean, a partition is told to be skewed."""

FLOW = ("partition", "host", "records", "bytes", "share", "times_mean")

_MOST_PARTITIONS, _N_LARGEST = 60, 20
_MOST_NAMED = 4
_N_KEYS = 5
_BAR_PX = 160
_MOST_PIECES_OF_A_CARD = 50_000
_MOST_SQUARES_OF_A_CARD = 30


class Part(NamedTuple):
    """One partition; `host` is '' when its records are on several hosts or none."""

    partition: int
    host: str
    n_records: int
    n_bytes: int


@dataclass(frozen=True)
class Boundary:
    """What one stage wrote, by partition and by task; `reader` is the stage that reads it, '' after the last one.

    `by` is one of UNITS, and what amounts count. `tasks` are the hosts of the stage's tasks, in order, '' for one that
    has not run; `pieces` are (task, partition) and their amounts.
    """

    job: str
    stage: str
    reader: str
    by: str
    parts: tuple[Part, ...]
    tasks: tuple[str, ...]
    pieces: dict[tuple[int, int], int]

    def amount(self, part: Part) -> int:
        """How much a partition has."""
        return part.n_records if self.by == "records" else part.n_bytes

    @property
    def total(self) -> int:
        """How much all partitions have together."""
        return sum(map(self.amount, self.parts))

    @property
    def mean(self) -> float:
        """How much a partition has on the average, empty ones too; NaN without partitions."""
        return self.total / len(self.parts) if self.parts else math.nan

    def times_mean(self, part: Part) -> float:
        """How many times the mean a partition has; NaN where there is nothing at all."""
        return self.amount(part) / self.mean if self.total else math.nan

    @property
    def largest(self) -> Part | None:
        """The partition with most, the first of several; None where there is nothing at all."""
        return max(self.parts, key=self.amount) if self.total else None

    @property
    def imbalance(self) -> float:
        """The largest partition as times the mean: 1.0 when all are alike; NaN where there is nothing at all."""
        return math.nan if self.largest is None else self.times_mean(self.largest)

    @property
    def skewed(self) -> list[Part]:
        """The partitions with more than twice the mean, the largest first."""
        found = [part for part in self.parts if self.total and self.times_mean(part) > SKEWED]
        return sorted(found, key=lambda part: (-self.amount(part), part.partition))

    @property
    def between(self) -> str:
        """From which stage to which: 'map to reduce', or 'output of reduce'; '' for a job without stages."""
        return f"{self.stage} to {self.reader}" if self.reader else f"output of {self.stage}" if self.stage else ""


def boundary_of(state: JobState, by: str = "records", stage: str | None = None) -> Boundary:
    """What a job's `stage` wrote; None: the first whose data the next stage reads by label or all at once.

    What is read by node is only joined. Where nothing is read by label, it is the first stage that wrote anything.

    Raises:
        DiscoError: For a `by` that is not one of UNITS, or a stage that the job does not have.
    """
    if by not in UNITS:
        raise DiscoError(f"flow(by={by!r}) was asked for; a flow is counted by='records' or by='bytes'", by=by)
    names = list(state.stages)
    if stage is not None and stage not in names:
        raise DiscoError(
            f"flow(stage={stage!r}) was asked for; the stages of job {state.job!r} are: {', '.join(names) or 'none'}; "
            "name the one that writes, or leave it out",
            job=state.job,
        )
    if stage is None:
        filled = [name for name in names if _has_data(state.stages[name])]
        read = [name for name in filled if _is_read_by_label(state.reader_of(name))]
        stage = next(iter([*read, *filled, *names]), "")
    if not stage:
        return Boundary(state.job, "", "", by, (), (), {})
    source, reader = state.stages[stage], state.reader_of(stage)
    parts = tuple(
        Part(label, host, n_records, n_bytes)
        for name, label, host, n_records, _, n_bytes, *_ in partitions_table(state).rows
        if name == stage
    )
    return Boundary(
        state.job,
        stage,
        "" if reader is None else reader.stage.name,
        by,
        parts,
        tuple(source.host_of(task) for task in range(len(source.tasks))),
        {
            (output.task, output.label): output.n_records if by == "records" else output.n_bytes
            for output in source.stored
        },
    )


def _has_data(stage: StageState) -> bool:
    return any(output.n_records or output.n_bytes for output in stage.stored)


def _is_read_by_label(reader: StageState | None) -> bool:
    return reader is not None and reader.stage.grouping in ("group_label", "group_all")


def flow_table(boundary: Boundary) -> Table:
    """A row per partition; `share` and `times_mean` are of records or bytes, as the boundary counts."""
    total = boundary.total
    return Table(
        FLOW,
        [
            (*part, boundary.amount(part) / total if total else 0.0, boundary.times_mean(part))
            for part in boundary.parts
        ],
    )


def largest_keys(state: JobState, boundary: Boundary, read: Read) -> list[tuple[object, int]]:
    """The keys with most records in the largest partition, and how many; none when what was stored is no longer kept.

    Keys with as many records are in the order of their first use.
    """
    largest = boundary.largest
    if largest is None or (boundary.reader and state.is_dropped):
        return []
    outputs = state.stages[boundary.stage].stored_by_label().get(largest.partition, [])
    return sorted(keys_of(outputs, read) or [], key=lambda found: -found[1])[:_N_KEYS]


def flow_card(boundary: Boundary, keys: Iterable[tuple[object, int]] = ()) -> Card:
    """The card of a flow: how even it is, a row per partition, who sent what where, and the largest keys."""
    unit, largest = boundary.by, boundary.largest
    facts = [("job", boundary.job)]
    if largest is None:
        return Card("Flow", boundary.between or "none", "", (*facts, ("data", _nothing(boundary))))
    n_empty = sum(not boundary.amount(part) for part in boundary.parts)
    facts += [
        ("sent" if boundary.reader else "written", f"{boundary.total:,} {unit} by {_tasks(boundary)}"),
        ("partitions", f"{len(boundary.parts)}{f', {n_empty} of them empty' if n_empty else ''}"),
        ("mean", f"{boundary.mean:,.1f} {unit}"),
        ("imbalance", f"{_number(boundary.imbalance)} (the largest, partition {largest.partition}, as times the mean)"),
    ]
    if skewed := boundary.skewed:
        named = [f"partition {part.partition} has {_times(boundary.times_mean(part))}" for part in skewed[:_MOST_NAMED]]
        more = [f"and {len(skewed) - _MOST_NAMED} more"] if len(skewed) > _MOST_NAMED else []
        facts.append(("skewed", ", ".join([*named, *more])))
    sections = [_partitions(boundary)]
    if boundary.reader:
        sections.append(Section("From task to partition", _heat(boundary), is_open=True))
    found = Table(
        ("key", "records", "share"), [(key, count, count / largest.n_records) for key, count in keys if count]
    )
    if found.rows:
        colour = {"records": rgba(BLUE, 0.8)}
        title = f"Largest keys of partition {largest.partition}"
        sections.append(table_section(title, found, bars=colour, is_open=True))
    return Card("Flow", f"{boundary.between}, by {unit}", "", tuple(facts), tuple(sections))


def flow_section(state: JobState) -> Section | None:
    """The heat map of a job's first boundary, for its card; None when nothing has passed one."""
    n_stored = sum(len(stage.outputs) for stage in state.stages.values())
    if n_stored > _MOST_PIECES_OF_A_CARD:
        text = f"{n_stored:,} pieces are too many to be drawn here; job.flow() draws them."
        return Section("Flow", html(text))
    boundary = boundary_of(state)
    if not boundary.total:
        boundary = boundary_of(state, "bytes")
    if not boundary.reader or not boundary.total:
        return None
    return Section(f"Flow ({boundary.between})", _heat(boundary, _MOST_SQUARES_OF_A_CARD))


def _nothing(boundary: Boundary) -> str:
    """Why there is nothing to show."""
    if not boundary.stage:
        return "none; the job has no stages"
    other = next(unit for unit in UNITS if unit != boundary.by)
    if any(part.n_records or part.n_bytes for part in boundary.parts):
        return f"none by {boundary.by}; ask for by={other!r}"
    return f"none; no task of {boundary.stage} has stored anything"


def _tasks(boundary: Boundary) -> str:
    return counted(len(boundary.tasks), f"{boundary.stage} task")


def _times(times: float) -> str:
    return f"{_number(times)}x the mean"


def _number(times: float) -> str:
    return f"{times:,.1f}" if times >= 10 else f"{times:.2f}"


def _partitions(boundary: Boundary) -> Section:
    """A row per partition with a bar; of many partitions the largest."""
    n, largest = len(boundary.parts), boundary.imbalance
    shown, note = flow_table(boundary).rows, ""
    if n > _MOST_PARTITIONS:
        shown = sorted(shown, key=lambda row: -row[-1])[:_N_LARGEST]
        note = f", the {_N_LARGEST} largest"
    columns = (*FLOW[:-1], "against the mean")
    content = table(
        Table(columns, shown),
        f"The upright line is the mean, {boundary.mean:,.1f} {boundary.by}",
        max_rows=_MOST_PARTITIONS,
        drawn={"against the mean": lambda times: _skew_bar(times, largest) + html(_told(times))},
    )
    text = table_text(Table(columns, [(*row[:-1], _told(row[-1])) for row in shown]), indent="  ")
    return Section(f"Partitions ({n}{note})", content, text, is_open=True)


def _told(times: float) -> str:
    return f"{_times(times)}, skewed" if times > SKEWED else f"{times:.2f}x"


def _skew_bar(times: float, largest: float) -> str:
    """A bar of `times` the mean, of at most `largest`, with an upright line at the mean."""
    full, mean = round(_BAR_PX * times / largest), round(_BAR_PX / largest)
    colour = rgba(AMBER, 0.85) if times > SKEWED else rgba(BLUE, 0.8)
    rest = rgba(GREY, 0.16)

    def piece(width: int, height: int, ground: str) -> str:
        style = (
            f"display:inline-block;vertical-align:middle;width:{width}px;height:{height}px;background-color:{ground}"
        )
        return f'<span style="{style}"></span>' if width > 0 else ""

    before, after = min(full, mean), max(full - mean, 0)
    parts = (
        piece(before, 10, colour),
        piece(mean - before, 10, rest),
        piece(2, 18, rgba(GREY, 1)),
        piece(after, 10, colour),
        piece(_BAR_PX - mean - after, 10, rest),
    )
    return f'<span style="display:inline-block;white-space:nowrap;margin-right:9px">{"".join(parts)}</span>'


def _heat(boundary: Boundary, most: int = MOST_SQUARES) -> str:
    place = {part.partition: number for number, part in enumerate(boundary.parts)}
    grid = Grid(
        [(f"{boundary.stage}:{task}", host) for task, host in enumerate(boundary.tasks)],
        [(str(part.partition), part.host if boundary.amount(part) else "empty") for part in boundary.parts],
        {(task, place[label]): amount for (task, label), amount in boundary.pieces.items() if amount},
        "task",
        "partition",
        boundary.by,
    )
    what = f"{boundary.by.capitalize()} that each {boundary.stage} task sent to each partition"
    caption = f"{what}; the stronger the colour, the more"
    return heat_map(grid, caption, most)
