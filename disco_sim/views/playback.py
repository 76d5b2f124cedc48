"""A job as a page plays it back: everything that happened, packed once; no kernel is needed to look at any time.

All times are virtual seconds since the job's submission, in whole microseconds. What the columns hold:

- `run.*`: a row per run, in the order they started; `end` is NaN while it runs, phases where no log tells them.
- `lost.*`: when the output of a task that was done got lost.
- `output.*`: everything that was ever stored, by stage, task and label; the number of its run, and when it got lost.
- `spell.*`: when nodes were dead, blacklisted or slow; `to` is NaN for what has not passed.
- `other.*`: when runs of other jobs held slots.
- `path.*`: the critical path, in order: the number of a run, the kind of time, and how long.
- `oob.*`: the out-of-band results, in the order they were committed or dropped.
- `line.*`: the lines of the log.
- `steps.told`: the steps of a small job, as `views/stepper.py` tells them, as JSON.
- `record.*` and `key.*`: the first records of outputs, and the largest keys of partitions, as far as they are few.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from disco_sim.model.cluster import Node
from disco_sim.model.events import NodeBlacklisted, NodeDied, NodeReturned, NodeSlowed, NodeWhitelisted, OutputStored
from disco_sim.model.plan import TaskInputs
from disco_sim.store.garbage import seldom_collecting
from disco_sim.views.cards import job_card
from disco_sim.views.contents import Contents, Read
from disco_sim.views.critical import Analysis
from disco_sim.views.history import History
from disco_sim.views.packing import Packing, exact
from disco_sim.views.render import Card
from disco_sim.views.rows import OOBValues, asked_labels, job_lines
from disco_sim.views.stages import Phases, Run, StageState
from disco_sim.views.state import JobState
from disco_sim.views.story import timestamp

PREVIEW = 120
"""How many letters of a value are shown."""

_STATUSES = ("running", "done", "failed", "lost")
_UNKNOWN_PHASES = (None,) * len(Phases._fields)


class Spell(NamedTuple):
    """What a node was like for a time: `kind` is dead, blacklisted or slow; `until_s` is None if it still is."""

    host: str
    kind: str
    from_s: float
    until_s: float | None
    slowness: float


@dataclass(frozen=True)
class JobData:
    """All that the views of one job are made from. Nothing is read before it is asked for.

    `values` gives the committed out-of-band results by key, `now_s` the virtual time of the cluster, `steps` what
    `views.stepper.steps_of` tells of the job, or None.
    """

    history: History
    job: str
    read: Read
    values: Callable[[], OOBValues]
    nodes: Sequence[Node]
    oob_limit: int
    now_s: Callable[[], float]
    steps: Callable[[], Mapping[str, Any] | None] = lambda: None

    @property
    def state(self) -> JobState:
        """The job as it is now, which may be later than its last event.

        Raises:
            DiscoError: If the log does not know the job.
        """
        state = self.history.job(self.job)
        if state.status == "active":
            state.wait(self.now_s() - state.submitted_s)
        return state

    @seldom_collecting()
    def card(self) -> Card:
        """The card of the job as of now."""
        state = self.state
        return job_card(
            self.history,
            self.job,
            read=self.read,
            values=self.values(),
            nodes=self.nodes,
            until_s=state.duration_s if state.status == "active" else None,
        )


@seldom_collecting()
def playback(data: JobData, contents: Contents | None = None, has_steps: bool = False) -> bytes:
    """The playback of a job, for `static/playback.js`; with `has_steps` its steps go along, if there are any.

    `contents` reads what was stored; without it, or where that would be much, records and keys are left out.

    Raises:
        DiscoError: If the log does not know the job.
    """
    state = data.state
    packing = Packing(_facts(state, data.nodes, data.oob_limit))
    _pack_runs(packing, state)
    _pack_outputs(packing, state, contents)
    _pack_nodes(packing, data.history, state)
    _pack_path(packing, data.history, state)
    _pack_oob(packing, state, data.values())
    _pack_lines(packing, data.history, state)
    if has_steps and (told := data.steps()) is not None:
        packing.texts("steps.told", [json.dumps(told, ensure_ascii=False, separators=(",", ":"))])
    return packing.packed()


def _facts(state: JobState, nodes: Sequence[Node], oob_limit: int) -> dict[str, Any]:
    return {
        "job": state.job,
        "status": state.status,
        "reason": state.reason,
        "duration_s": round(state.duration_s, 6),
        "submitted": timestamp(state.submitted_s),
        "n_inputs": state.n_inputs,
        "is_dropped": state.is_dropped,
        "oob_limit": oob_limit,
        "nodes": [{"host": node.host, "slots": node.slots, "speed": node.speed} for node in nodes],
        "stages": [_stage_facts(state, stage) for stage in state.stages.values()],
    }


def _stage_facts(state: JobState, stage: StageState) -> dict[str, Any]:
    asked = sorted(asked_labels(stage, state.reader_of(stage.stage.name)))
    labels = sorted({*asked, *(output.label for output in chain(*stage.outputs.values()))})
    is_first = stage is next(iter(state.stages.values()))

    def since(time_s: float | None) -> float | None:
        return None if time_s is None else round(time_s - state.submitted_s, 6)

    return {
        "name": stage.stage.name,
        "grouping": stage.stage.grouping,
        "n_tasks": stage.n_tasks,
        "started_s": since(stage.started_s),
        "ended_s": since(stage.ended_s),
        "labels": [exact(label) for label in labels],
        "asked": [exact(label) for label in asked],
        "reads": None if is_first else [_labels_read(stage, task) for task in stage.tasks],
    }


def _labels_read(stage: StageState, task: TaskInputs) -> list[int | str]:
    """The labels of what a task reads; one that groups by label reads its own, data or not."""
    own = {task.label} if stage.stage.grouping == "group_label" else set()
    return [exact(label) for label in sorted(own | {piece.label for piece in task.pieces})]


def _pack_runs(packing: Packing, state: JobState) -> None:
    runs, start_s = state.runs, state.submitted_s
    numbers = {name: number for number, name in enumerate(state.stages)}
    packing.integers("run.stage", [numbers[run.stage] for run in runs])
    for name in ("task", "attempt", "slot", "n_pieces"):
        packing.integers(f"run.{name}", [getattr(run, name) for run in runs])
    packing.labels("run.label", [exact(run.label) for run in runs])
    packing.words("run.host", [run.host for run in runs])
    packing.integers("run.status", [_STATUSES.index(run.status) for run in runs])
    packing.words("run.kind", list(_failures(state)))
    packing.words("run.reason", [run.reason for run in runs])
    packing.times("run.start", [run.start_s - start_s for run in runs])
    # The end, not the length: rounded by itself it is the very time at which others start.
    packing.spans("run.end", [None if run.end_s is None else run.end_s - start_s for run in runs])
    for name in ("records_in", "records_out", "bytes_in", "bytes_out", "oob_puts"):
        packing.integers(f"run.{name}", [getattr(run, name) for run in runs])
    for number, name in enumerate(Phases._fields[:-1]):
        packing.spans(f"run.{name.removesuffix('_s')}", [(run.phases or _UNKNOWN_PHASES)[number] for run in runs])
    losses = [(numbers[name], loss) for name, stage in state.stages.items() for loss in stage.lost]
    packing.integers("lost.stage", [number for number, _ in losses])
    packing.integers("lost.task", [loss.task for _, loss in losses])
    packing.times("lost.time", [loss.time_s - start_s for _, loss in losses])


def _failures(state: JobState) -> Iterator[str]:
    """For each run whether its failure was of its data or another one; '' for runs that did not fail."""
    for run in state.runs:
        yield ("data" if run.kind == "data" else "crash") if run.status == "failed" else ""


def _pack_outputs(packing: Packing, state: JobState, contents: Contents | None) -> None:
    run_of = {(run.stage, run.task, run.attempt): run for run in state.runs}
    rows: list[tuple[int, Run, OutputStored, float]] = []
    for number, stage in enumerate(state.stages.values()):
        rows += [
            (number, run_of[output.stage, output.task, output.attempt], output, lost_s)
            for (_, versions) in sorted(stage.versions().items())
            for lost_s, output in versions
        ]
    packing.integers("output.stage", [number for number, *_ in rows])
    packing.integers("output.run", [run.number for _, run, *_ in rows])
    packing.labels("output.label", [exact(output.label) for _, _, output, _ in rows])
    packing.integers("output.records", [output.n_records for _, _, output, _ in rows])
    packing.integers("output.bytes", [output.n_bytes for _, _, output, _ in rows])
    packing.spans("output.lost", [lost_s - state.submitted_s for *_, lost_s in rows])
    if contents is not None:
        contents.pack(packing, state, [output for _, _, output, _ in rows])


def _pack_nodes(packing: Packing, history: History, state: JobState) -> None:
    start_s = state.submitted_s
    spells = list(_spells(history, state))
    packing.words("spell.host", [spell.host for spell in spells])
    packing.words("spell.kind", [spell.kind for spell in spells])
    packing.times("spell.from", [max(spell.from_s - start_s, 0.0) for spell in spells])
    packing.spans("spell.to", [None if spell.until_s is None else spell.until_s - start_s for spell in spells])
    packing.words("spell.slowness", [f"{spell.slowness:g}" for spell in spells])
    until_s = start_s + state.duration_s
    others: list[Run] = []
    for name in history.log.jobs:
        if name != state.job:
            other = history.job(name)
            if other.submitted_s < until_s and other.submitted_s + other.duration_s > start_s:
                others += [
                    run for run in other.runs if run.start_s < until_s and (run.end_s is None or run.end_s > start_s)
                ]
    others.sort(key=lambda run: run.start_s)
    packing.words("other.host", [run.host for run in others])
    packing.integers("other.slot", [run.slot for run in others])
    packing.times("other.start", [max(run.start_s - start_s, 0.0) for run in others])
    packing.spans("other.end", [None if run.end_s is None else run.end_s - start_s for run in others])


def _spells(history: History, state: JobState) -> Iterator[Spell]:
    """What was the matter with nodes while the job went on, by time."""
    open_spells: dict[tuple[str, str], Spell] = {}
    found: list[Spell] = []
    until_s = state.submitted_s + state.duration_s

    def end(host: str, kind: str, time_s: float) -> None:
        spell = open_spells.pop((host, kind), None)
        if spell is not None and time_s > state.submitted_s:
            found.append(spell._replace(until_s=time_s))

    for event in history.changes:
        if event.time_s > until_s:
            break
        match event:
            case NodeDied():
                open_spells.setdefault((event.host, "dead"), Spell(event.host, "dead", event.time_s, None, 1.0))
            case NodeReturned():
                end(event.host, "dead", event.time_s)
            case NodeBlacklisted():
                spell = Spell(event.host, "blacklisted", event.time_s, None, 1.0)
                open_spells.setdefault((event.host, "blacklisted"), spell)
            case NodeWhitelisted():
                end(event.host, "blacklisted", event.time_s)
            case NodeSlowed():
                end(event.host, "slow", event.time_s)
                if event.factor > 1.0:
                    open_spells[event.host, "slow"] = Spell(event.host, "slow", event.time_s, None, event.factor)
    yield from sorted([*found, *open_spells.values()], key=lambda spell: (spell.from_s, spell.host, spell.kind))


def _pack_path(packing: Packing, history: History, state: JobState) -> None:
    analysis = Analysis.of(history.log, state.job)
    path = analysis.critical_path() if analysis.has_phases and state.status == "ready" else []
    number_of = {(run.stage, run.task, run.attempt): run.number for run in state.runs}
    packing.integers("path.run", [number_of[part.stage, part.task, part.attempt] for part in path])
    packing.words("path.kind", [part.kind for part in path])
    packing.spans("path.seconds", [part.seconds for part in path])


def _pack_oob(packing: Packing, state: JobState, values: Mapping[str, str | bytes]) -> None:
    entries = state.oob
    latest = {entry.key: number for number, entry in enumerate(entries) if entry.state == "committed"}
    run_of = {(run.stage, run.task, run.attempt): run.number for run in state.runs}
    packing.texts("oob.key", [entry.key for entry in entries])
    packing.texts(
        "oob.value",
        [
            _preview(values.get(entry.key)) if latest.get(entry.key) == number else ""
            for number, entry in enumerate(entries)
        ],
    )
    packing.integers("oob.size", [entry.n_bytes for entry in entries])
    packing.integers("oob.run", [run_of[entry.stage, entry.task, entry.attempt] for entry in entries])
    packing.times("oob.put", [entry.time_s - state.submitted_s for entry in entries])
    packing.words("oob.state", [entry.state for entry in entries])


def _preview(value: str | bytes | None) -> str:
    if value is None:
        return ""
    text = value[: PREVIEW + 1] if isinstance(value, str) else repr(value[: PREVIEW + 1])
    return text if len(text) <= PREVIEW else f"{text[:PREVIEW]}…"


def _pack_lines(packing: Packing, history: History, state: JobState) -> None:
    lines = job_lines(history, state.job)
    packing.times("line.time", [line.time_s - state.submitted_s for line in lines])
    packing.words("line.host", [line.host for line in lines])
    packing.words("line.level", [line.level for line in lines])
    packing.words("line.stage", [line.stage for line in lines])
    packing.integers("line.task", [line.task for line in lines])
    packing.texts("line.message", [line.message for line in lines])
