"""How far a job is, as a few lines that can be drawn again and again: each stage's numbers, and how busy the nodes are.

Counts by itself, not through a JobState: that keeps every run and output, and to add up their records for each picture
would take longer the longer a job goes on. Times are virtual seconds, so what is shown at the end is always the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from disco_sim.model.cluster import Node
from disco_sim.model.events import (
    Event,
    JobDied,
    JobFinished,
    JobSubmitted,
    OutputLost,
    OutputStored,
    PhasesPlayed,
    RunFailed,
    RunFinished,
    RunStarted,
    StageStarted,
)
from disco_sim.model.plan import Plan
from disco_sim.tables import AMBER, BLUE, GREY, RED, chip, html, plain, rgba
from disco_sim.views.render import stage_colour
from disco_sim.views.stages import Counters
from disco_sim.views.state import NodeState, NodeStates

_UNCOUNTED = (OutputStored, PhasesPlayed)
"""What tells nothing that is counted here, and is half of all events."""

_MOST_BOXES = 64
_SHORTEST_S = 0.0005
"""What is shown as 0.000 seconds."""

_BAR_PX = 110
_TABLE_STYLE = "border-collapse:collapse;margin:2px 0;font-size:13px"
_LEVELS = "▁▂▃▄▅▆▇█"
_FREE, _DEAD, _BLACKLISTED, _UNKNOWN = "·", "×", "–", "–"  # noqa: RUF001 - signs, not letters


@dataclass(slots=True)
class StageProgress:
    """The numbers of one stage. `n_tasks` and `started_s` are None until it starts; `n_records` is what was read.

    `ended_s` is when its last task was done, None while any is not.
    """

    n_tasks: int | None = None
    started_s: float | None = None
    ended_s: float | None = None
    running: set[tuple[int, int]] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    n_failed: int = 0
    n_records: int = 0

    @property
    def counters(self) -> Counters:
        """Waiting, running and done tasks, and failed runs, as in `StageState.counters`."""
        n_running = len({task for task, _ in self.running} - self.done)
        return Counters((self.n_tasks or 0) - len(self.done) - n_running, n_running, len(self.done), self.n_failed)

    def seconds(self, now_s: float) -> float:
        """Virtual seconds from its start to its end, or to `now_s`; 0.0 before its start."""
        if self.started_s is None:
            return 0.0
        return max((now_s if self.ended_s is None else self.ended_s) - self.started_s, 0.0)


class Box(NamedTuple):
    """One node, or some that stand side by side: its first and last host, and how many of its slots are busy.

    Slots of dead nodes do not count.
    """

    first: str
    last: str
    busy: int
    slots: int
    n_nodes: int
    n_dead: int
    n_blacklisted: int

    @property
    def share(self) -> float:
        """How much of it is busy, from 0 to 1."""
        return min(self.busy / self.slots, 1.0) if self.slots else 0.0

    @property
    def mark(self) -> str:
        """A sign for what is dead or gets no tasks; '' for what is well."""
        if self.n_dead == self.n_nodes:
            return _DEAD
        return _BLACKLISTED if self.n_dead + self.n_blacklisted == self.n_nodes else ""

    def told(self) -> str:
        """Its slots, and what is wrong with it.

        >>> Box("node01", "node08", 3, 14, 8, 1, 0).told()
        '3 of 14 slots busy, 1 dead'
        """
        wrong = [
            f"{number} {word}"
            for number, word in ((self.n_dead, "dead"), (self.n_blacklisted, "blacklisted"))
            if number
        ]
        return ", ".join([f"{self.busy} of {self.slots} slots busy", *wrong])


@dataclass
class JobProgress:
    """A job's stages and its cluster's nodes, as far as they are; `html()` and `text()` are twins.

    `add` takes the next event of the job, from its first on. `hosts` tells how the nodes are, of which a job's own
    events know little; whoever has it keeps it up.
    """

    job: str
    plan: Plan
    nodes: Sequence[Node]
    hosts: NodeStates = field(default_factory=NodeStates)
    status: str = "active"
    submitted_s: float | None = None
    ended_s: float | None = None
    now_s: float = 0.0
    stages: dict[str, StageProgress] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stages = {stage.name: StageProgress() for stage in self.plan}

    def add(self, event: Event) -> None:
        """Take the next event of the job into account."""
        self.now_s = event.time_s
        if type(event) in _UNCOUNTED:
            return
        match event:
            case RunStarted():
                self._stage(event.stage).running.add((event.task, event.attempt))
            case RunFinished():
                stage = self._end(event)
                stage.done.add(event.task)
                if len(stage.done) == stage.n_tasks:
                    stage.ended_s = event.time_s
            case RunFailed():
                self._end(event).n_failed += event.kind != "lost"
            case StageStarted():
                stage = self._stage(event.stage)
                stage.n_tasks, stage.started_s = len(event.tasks), event.time_s
                stage.ended_s = None if event.tasks else event.time_s
            case OutputLost():
                stage = self._stage(event.stage)
                if event.task in stage.done:
                    stage.done.remove(event.task)
                    stage.ended_s = None
            case JobSubmitted():
                self.submitted_s = event.time_s
            case JobFinished():
                self.status, self.ended_s = "ready", event.time_s
            case JobDied():
                self.status, self.ended_s = "dead", event.time_s
                for stage in self.stages.values():
                    stage.running.clear()

    @property
    def duration_s(self) -> float:
        """Virtual seconds from the submission to the job's end, or to now."""
        return 0.0 if self.submitted_s is None else self._until_s - self.submitted_s

    @property
    def boxes(self) -> list[Box]:
        """The nodes, in order; where there are more than 64, so many together that there are not more boxes."""
        size = -(-len(self.nodes) // _MOST_BOXES) or 1
        return [self._box(self.nodes[first : first + size]) for first in range(0, len(self.nodes), size)]

    def html(self) -> str:
        """A line for the job, one per stage, and while it is active a box per node, for a notebook, trusted or not."""
        rows = "".join(
            self._row(name, stage, stage_colour(number)) for number, (name, stage) in enumerate(self.stages.items())
        )
        parts = [
            f'<div><strong>Job</strong> <code style="background-color:transparent">{html(self.job)}</code> '
            f'{chip(self.status)} <span style="opacity:0.7">{self._took()}</span></div>',
            f'<table style="{_TABLE_STYLE}"><tbody>{rows}</tbody></table>' if rows else "",
        ]
        if self.status == "active":
            drawn = "".join(map(_drawn, self.boxes))
            parts.append(
                '<div style="white-space:normal"><span style="padding:0 8px 0 0">nodes</span>'
                f'{drawn} <span style="opacity:0.7">{self._box(self.nodes).told()}</span></div>'
            )
        style = "margin:4px 0;font-size:13px;line-height:1.5"
        return f'<div class="dsim-progress" style="{style}">{"".join(parts)}</div>'

    def text(self) -> str:
        """The same as lines of text."""
        columns = zip(*(_words(stage, self._until_s) for stage in self.stages.values()), strict=True)
        widths = [max(map(len, column)) for column in columns]
        names = max(map(len, (*self.stages, "nodes")))
        lines = [f"Job {self.job}: {self.status}, {self._took()}"]
        for name, stage in self.stages.items():
            words = [word.rjust(width) for word, width in zip(_words(stage, self._until_s), widths, strict=True)]
            told = f"{', '.join(words[:4])} · {' · '.join(words[4:])}" if stage.started_s is not None else "not started"
            lines.append(f"  {name.ljust(names)}  {told}")
        if self.status == "active":
            signs = "".join(
                box.mark or (_LEVELS[min(int(box.share * 8), 7)] if box.busy else _FREE) for box in self.boxes
            )
            lines.append(f"  {'nodes'.ljust(names)}  {self._box(self.nodes).told()}  {signs}")
        return plain("\n".join(lines))

    @property
    def _until_s(self) -> float:
        return self.now_s if self.ended_s is None else self.ended_s

    def _took(self) -> str:
        return f"{self.duration_s:.3f} s (virtual)"

    def _stage(self, name: str) -> StageProgress:
        if name not in self.stages:
            self.stages[name] = StageProgress()
        return self.stages[name]

    def _end(self, event: RunFinished | RunFailed) -> StageProgress:
        stage = self._stage(event.stage)
        stage.running.discard((event.task, event.attempt))
        stage.n_records += event.records_in
        return stage

    def _box(self, nodes: Sequence[Node]) -> Box:
        states = [self.hosts.by_host.get(node.host) or NodeState() for node in nodes]
        slots = sum(node.slots for node, state in zip(nodes, states, strict=True) if not state.is_dead)
        n_dead = sum(state.is_dead for state in states)
        n_blacklisted = sum(state.is_blacklisted and not state.is_dead for state in states)
        busy = sum(state.busy for state in states)
        return Box(nodes[0].host, nodes[-1].host, busy, slots, len(nodes), n_dead, n_blacklisted)

    def _row(self, name: str, stage: StageProgress, colour: str) -> str:
        cell = "padding:1px 14px 1px 0;text-align:right;white-space:nowrap"
        row = '<tr style="background-color:transparent">'
        head = f'<th scope="row" style="{cell};text-align:left;font-weight:normal">{html(name)}</th>'
        if stage.started_s is None:
            return f'{row}{head}<td style="{cell}">{_bar(0, 0, colour)}</td>{_cells(["not started"], cell)}</tr>'
        waiting, running, done, _ = stage.counters
        n_tasks = waiting + running + done or 1
        drawn = _bar(done / n_tasks, running / n_tasks, colour)
        return f'{row}{head}<td style="{cell}">{drawn}</td>{_cells(_words(stage, self._until_s), cell)}</tr>'


def _words(stage: StageProgress, now_s: float) -> list[str]:
    """The numbers of a stage with what they are of."""
    words = [f"{number} {what}" for number, what in zip(stage.counters, Counters._fields, strict=True)]
    seconds = stage.seconds(now_s)
    return [*words, f"{_rate(stage.n_records, seconds)} records/s", f"{seconds:.3f} s"]


def _rate(n_records: int, seconds: float) -> str:
    """Records a virtual second; a dash where no time has gone by.

    >>> _rate(2400, 2.0), _rate(3, 2.0)
    ('1,200', '1.5')
    """
    if seconds < _SHORTEST_S:
        return _UNKNOWN
    rate = n_records / seconds
    return f"{rate:,.0f}" if rate >= 10 or not rate else f"{rate:.1f}"


def _cells(words: list[str], style: str) -> str:
    if len(words) == 1:
        return f'<td colspan="6" style="{style};text-align:left;opacity:0.7">{words[0]}</td>'
    failed = f"{style};color:rgb({RED});font-weight:bold"
    return "".join(
        f'<td style="{failed if word.endswith(" failed") and word != "0 failed" else style}">{word}</td>'
        for word in words
    )


def _bar(done: float, running: float, colour: str) -> str:
    """Shares of the tasks of a stage: done ones in full colour, then running ones in a pale one."""
    part = "display:inline-block;height:10px;vertical-align:top;background-color"
    return (
        f'<div style="display:inline-block;width:{_BAR_PX}px;height:10px;text-align:left;vertical-align:middle;'
        f'font-size:0;background-color:{rgba(GREY, 0.16)};border-radius:2px;overflow:hidden">'
        f'<div style="width:{done:.1%};{part}:{rgba(colour, 0.9)}"></div>'
        f'<div style="width:{running:.1%};{part}:{rgba(colour, 0.4)}"></div></div>'
    )


def _drawn(box: Box) -> str:
    """A box that is filled from below as its slots are."""
    hosts = box.first if box.first == box.last else f"{box.first} to {box.last}"
    edge = f"1px dashed {rgba(AMBER, 1)}" if box.mark else f"1px solid {rgba(GREY, 0.7)}"
    fill = f"linear-gradient(to top, {rgba(BLUE, 0.8)} {box.share:.0%}, {rgba(GREY, 0.1)} {box.share:.0%})"
    return (
        f'<span title="{html(f"{hosts}: {box.told()}")}" style="display:inline-block;width:12px;height:12px;'
        f"margin:0 3px 0 0;vertical-align:middle;text-align:center;font-size:11px;line-height:12px;border:{edge};"
        f'border-radius:2px;background-image:{fill}">{box.mark}</span>'
    )
