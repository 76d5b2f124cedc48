"""The tables of a cluster as plain rows, without pandas; frames and HTML are both made from them.

A value that is not known, or not yet, is None. Times are virtual seconds since the job's submission, in tables of
the cluster since its start. `until_s`, in the same seconds, gives a table as it was at that time.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any

from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import OutputStored
from disco_sim.store.log import Log
from disco_sim.tables import Table
from disco_sim.views.contents import Read, keys_of, n_spilled
from disco_sim.views.history import History, events_of, history_of, job_state
from disco_sim.views.stages import StageState
from disco_sim.views.state import JobState, NodeState
from disco_sim.views.story import Line

OOBValues = Mapping[str, str | bytes]
"""The committed out-of-band results of one job, by key."""

STAGE = ("stage", "waiting", "running", "done", "failed")
TASKS = (
    "stage",
    "task",
    "partition",
    "host",
    "run",
    "status",
    "inputs",
    "records_in",
    "records_out",
    "bytes_in",
    "bytes_out",
    "oob_puts",
    "start_s",
    "end_s",
    "reason",
)
TASK_PHASES = ("stage", "task", "run", "host", "phase", "start_s", "end_s", "seconds")
PARTITIONS = (
    "stage",
    "partition",
    "host",
    "records",
    "keys",
    "bytes",
    "share",
    "top_key",
    "top_key_records",
    "spilled",
)
SHUFFLE = ("stage", "from_task", "to_task", "partition", "from_host", "to_host", "records", "bytes")
OOB = ("key", "value", "size", "stage", "task", "run", "host", "put_s", "state")
LOG = ("time_s", "host", "level", "stage", "task", "message")
OUTPUT = ("partition", "key", "value")
NODES = ("host", "slots", "busy", "done", "failed", "data_errors", "status", "speed")
JOBS = ("job", "status", "stages", "started_s", "duration_s")


def stage_table(state: JobState) -> Table:
    """Disco's four numbers of each stage; `failed` counts runs, the others tasks."""
    return Table(STAGE, [(name, *stage.counters) for name, stage in state.stages.items()])


def tasks_table(state: JobState) -> Table:
    """A row per run, by stage, task and run; a task that waits for its first slot has none.

    `reason` says why a run failed or was lost, or that the output of one that is done was lost later; then its task
    runs again.
    """
    start_s = state.submitted_s
    return Table(
        TASKS,
        [
            (
                run.stage,
                run.task,
                run.label,
                run.host,
                run.attempt,
                run.status,
                run.n_pieces,
                run.records_in,
                run.records_out,
                run.bytes_in,
                run.bytes_out,
                run.oob_puts,
                run.start_s - start_s,
                None if run.end_s is None else run.end_s - start_s,
                run.reason,
            )
            for run in state.runs_by_task
        ],
    )


def phases_table(state: JobState) -> Table:
    """A row per phase of each run that has ended, in the order of the tasks table; `wait` is for the node's disk.

    Phases that took no time have no row, nor have runs whose phases the log does not tell.
    """
    return Table(
        TASK_PHASES,
        [
            (run.stage, run.task, run.attempt, run.host, *span, seconds)
            for run in state.runs_by_task
            if run.phases is not None
            for span, (_, seconds) in zip(
                run.phases.spans(run.start_s - state.submitted_s), run.phases.parts, strict=True
            )
        ],
    )


def partitions_table(state: JobState, read: Read | None = None) -> Table:
    """A row per started stage and partition of its output that has data or was asked for.

    `host` is where the records come together: the host of the task that reads the partition, for the last stage the
    host that wrote it; '' when there are several or none. `share` is of the stage's records. `keys` (how many
    different ones), `top_key` (the first of the most frequent) and `top_key_records` need `read`; they are None
    without it, for outputs that are bytes, and for those no longer kept. So is `spilled`: how many records are on disk.
    """
    rows: list[tuple[Any, ...]] = []
    for name, stage in state.stages.items():
        if stage.started_s is None:
            continue
        reader = state.reader_of(name)
        by_label: dict[int, list[OutputStored]] = {label: [] for label in asked_labels(stage, reader)}
        by_label.update(stage.stored_by_label())
        total = sum(output.n_records for outputs in by_label.values() for output in outputs)
        may_read = read if reader is None or not state.is_dropped else None
        hosts = _hosts(by_label, reader)
        for label, outputs in sorted(by_label.items()):
            n_records = sum(output.n_records for output in outputs)
            n_keys, top_key, top_records = _keys(outputs, may_read)
            rows.append(
                (
                    name,
                    label,
                    hosts[label],
                    n_records,
                    n_keys,
                    sum(output.n_bytes for output in outputs),
                    n_records / total if total else 0.0,
                    top_key,
                    top_records,
                    n_spilled(outputs, may_read),
                )
            )
    return Table(PARTITIONS, rows)


def asked_labels(stage: StageState, reader: StageState | None) -> Iterable[int]:
    """The labels that a plan asks a stage's output for, data or not."""
    if reader is None:
        return stage.stage.labels or () if stage.stage.grouping in ("group_label", "group_all") else ()
    return reader.stage.labels or () if reader.stage.grouping == "group_label" else ()


def _hosts(by_label: Mapping[int, list[OutputStored]], reader: StageState | None) -> dict[int, str]:
    """For each label the one host where its records are together, or ''."""
    places: dict[int, set[str]]
    if reader is None:
        places = {label: {output.host for output in outputs} for label, outputs in by_label.items()}
    else:
        places = {label: set() for label in by_label}
        for number, inputs in enumerate(reader.tasks):
            labels = {piece.label for piece in inputs.pieces}
            if reader.stage.grouping == "group_label":
                labels.add(inputs.label)
            for label in labels & places.keys():
                places[label].add(reader.host_of(number))
    return {label: next(iter(hosts)) if len(hosts) == 1 else "" for label, hosts in places.items()}


def _keys(outputs: list[OutputStored], read: Read | None) -> tuple[int | None, Any, int | None]:
    """How many keys, the first of the most frequent ones, and its records."""
    found = None if read is None else keys_of(outputs, read)
    if found is None:
        return None, None, None
    top_key, top_records = max(found, key=itemgetter(1), default=(None, 0))
    return len(found), top_key, top_records


def shuffle_table(state: JobState) -> Table:
    """A row per piece of output that a task of a later stage reads; `stage` is the reading one.

    `to_host` is '' until the reading task first runs; of several runs the one that succeeded counts, else the latest.
    A piece that was lost before that run started was read from where it was stored anew.
    """
    rows: list[tuple[Any, ...]] = []
    for source, stage in pairwise(state.stages.values()):
        versions = source.versions()
        for number, inputs in enumerate(stage.tasks):
            run = stage.run_of(number)
            start_s = math.inf if run is None else run.start_s
            for piece in inputs.pieces:
                if piece.blob not in source.outputs:
                    continue
                first = source.outputs[piece.blob][0]
                stored = versions[first.task, first.label]
                read = next((output for lost_s, output in stored if lost_s > start_s), stored[-1][1])
                where = (read.host, "" if run is None else run.host)
                sizes = (read.n_records, read.n_bytes)
                rows.append((stage.stage.name, first.task, number, piece.label, *where, *sizes))
    return Table(SHUFFLE, rows)


def oob_table(state: JobState, values: OOBValues, start_s: float | None = None) -> Table:
    """A row per out-of-band result, in the order they were committed or dropped; `put_s` is when that happened.

    `value` is None for what was dropped, or overwritten later. `start_s` is the cluster time that counts as 0
    (None: the job's submission).
    """
    start_s = state.submitted_s if start_s is None else start_s
    latest = {entry.key: number for number, entry in enumerate(state.oob) if entry.state == "committed"}
    return Table(
        OOB,
        [
            (
                entry.key,
                values.get(entry.key) if latest.get(entry.key) == number else None,
                entry.n_bytes,
                entry.stage,
                entry.task,
                entry.attempt,
                entry.host,
                entry.time_s - start_s,
                entry.state,
            )
            for number, entry in enumerate(state.oob)
        ],
    )


def all_oob_table(log: Log | History, values: Mapping[str, OOBValues], until_s: float | None = None) -> Table:
    """The out-of-band results of all jobs that are in `values`, `job` first; times are of the cluster."""
    rows: list[tuple[Any, ...]] = []
    for job in events_of(log).jobs:
        if job not in values:
            continue
        state = job_state(log, job)
        if until_s is not None:
            if state.submitted_s > until_s:
                continue
            state = job_state(log, job, until_s - state.submitted_s)
        rows += [(job, *row) for row in oob_table(state, values[job], start_s=0.0).rows]
    return Table(("job", *OOB), rows)


def lines_table(lines: Iterable[Line], start_s: float = 0.0) -> Table:
    """A row per line of a story; `start_s` is the cluster time that counts as 0."""
    return Table(LOG, [(line.time_s - start_s, *line[1:]) for line in lines])


def job_lines(log: Log | History, job: str, until_s: float | None = None) -> Sequence[Line]:
    """The lines of a job's log, not to be changed."""
    lines = history_of(log).lines(job)
    if until_s is None or not lines:
        return lines
    start_s = lines[0].time_s
    return lines[: bisect_right(lines, until_s, key=lambda line: line.time_s - start_s)]


def nodes_table(log: Log | History, spec: ClusterSpec, until_s: float | None = None) -> Table:
    """A row per node of the cluster. `done`, `failed` and `data_errors` count runs; `speed` is the node's own by now.

    status: dead, blacklisted, slow or alive, the first that is true.
    """
    states = history_of(log).nodes(until_s)
    rows: list[tuple[Any, ...]] = []
    for node in spec.nodes:
        state = states.get(node.host, NodeState())
        counts = (state.busy, state.done, state.failed, state.data_errors)
        rows.append((node.host, node.slots, *counts, state.status, node.speed / state.slowness))
    return Table(NODES, rows)


def jobs_table(log: Log | History, until_s: float | None = None) -> Table:
    """A row per job, in the order of submission; `duration_s` of an active job is that until now."""
    rows: list[tuple[Any, ...]] = []
    events = events_of(log)
    now_s = until_s if until_s is not None else events[-1].time_s if len(events) else 0.0
    for job in events.jobs:
        start_s = next(events.of(job)).time_s
        if start_s > now_s:
            continue
        state = job_state(log, job, now_s - start_s)
        rows.append((job, state.status, state.progress, state.submitted_s, state.duration_s))
    return Table(JOBS, rows)
