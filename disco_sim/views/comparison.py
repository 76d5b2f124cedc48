"""Two jobs side by side, as plain rows. Times are virtual seconds; what is not known is None."""

from __future__ import annotations

from typing import Any

from disco_sim.error import DiscoError
from disco_sim.tables import Table
from disco_sim.views.stages import PHASES, Run
from disco_sim.views.state import JobState

COMPARE = (
    *("stage", "task", "host", "other_host", "runs", "other_runs"),
    *("duration_s", "other_duration_s", "difference_s", "records_in", "other_records_in"),
)
COMPARE_PHASES = ("stage", "phase", "seconds", "other_seconds", "difference_s")


def compare_table(state: JobState, other: JobState, by: str = "task") -> Table:
    """A row per task of either job, or `by` phase: the seconds of each phase of each stage, all runs together.

    Stages are in the order of the first job, then the other's own. What a job does not have, or the log not tell, is
    None.

    Raises:
        DiscoError: If `by` is anything else.
    """
    if by not in ("task", "phase"):
        raise DiscoError(f"compare(..., by={by!r}) was asked for; jobs are compared by='task' or by='phase'", by=by)
    return _compared_tasks(state, other) if by == "task" else _compared_phases(state, other)


def _compared_tasks(state: JobState, other: JobState) -> Table:
    sides = [_tasks_by_name(state), _tasks_by_name(other)]
    rows: list[tuple[Any, ...]] = []
    for stage, task in dict.fromkeys([*sides[0], *sides[1]]):
        (host, runs, took_s, records), (host_2, runs_2, took_2_s, records_2) = (
            side.get((stage, task), (None, None, None, None)) for side in sides
        )
        difference_s = None if took_s is None or took_2_s is None else took_2_s - took_s
        rows.append((stage, task, host, host_2, runs, runs_2, took_s, took_2_s, difference_s, records, records_2))
    return Table(COMPARE, rows)


def _tasks_by_name(state: JobState) -> dict[tuple[str, int], tuple[str, int, float | None, int | None]]:
    """Of each task the host that did it, the number of its runs, its seconds from first start to end, its records.

    A task that is not done is told by its latest run.
    """
    tasks: dict[tuple[str, int], list[Run]] = {}
    for run in state.runs_by_task:
        tasks.setdefault((run.stage, run.task), []).append(run)
    found: dict[tuple[str, int], tuple[str, int, float | None, int | None]] = {}
    for (stage, task), runs in tasks.items():
        run = state.stages[stage].run_of(task) or runs[-1]
        took_s = None if run.end_s is None else run.end_s - runs[0].start_s
        found[stage, task] = (run.host, len(runs), took_s, run.records_in)
    return found


def _compared_phases(state: JobState, other: JobState) -> Table:
    sides = [_seconds_by_phase(state), _seconds_by_phase(other)]
    rows: list[tuple[Any, ...]] = []
    for stage in dict.fromkeys([*state.stages, *other.stages]):
        for phase in PHASES:
            took_s, took_2_s = (side.get((stage, phase)) for side in sides)
            difference_s = None if took_s is None or took_2_s is None else took_2_s - took_s
            rows.append((stage, phase, took_s, took_2_s, difference_s))
    return Table(COMPARE_PHASES, rows)


def _seconds_by_phase(state: JobState) -> dict[tuple[str, str], float]:
    """The seconds of each phase of the stages whose phases the log tells."""
    found: dict[tuple[str, str], float] = {}
    for run in state.runs:
        if run.phases is None:
            continue
        for phase in PHASES:
            found.setdefault((run.stage, phase), 0.0)
        for phase, seconds in run.phases.parts:
            found[run.stage, phase] += seconds
    return found
