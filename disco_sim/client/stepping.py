"""A job one record at a time: its recorded runs are run again and traced, and nothing of the job is changed by it."""

from __future__ import annotations

import tempfile
from operator import index
from typing import TYPE_CHECKING, Any

from disco_sim.cluster.base import Cluster
from disco_sim.error import DiscoError
from disco_sim.model.trace import TracedMap, TracedReduce
from disco_sim.runtime.trace import trace
from disco_sim.views.stages import Run
from disco_sim.views.state import JobState
from disco_sim.views.stepper import steps_of
from disco_sim.views.unshuffled import unshuffled

if TYPE_CHECKING:
    from disco_sim.views.stepper_widget import Stepper

_FEW_RECORDS = 500
_SHAPES = (["map"], ["map", "reduce"], ["reduce"])


def stepper(cluster: Cluster, state: JobState, max_records: int) -> Stepper:
    """The widget that goes through the steps of a job.

    Raises:
        DiscoError: As in `traced_steps`.
    """
    told = traced_steps(cluster, state, max_records)
    from disco_sim.views.stepper_widget import Stepper

    return Stepper(told)


def few_steps(cluster: Cluster, state: JobState) -> dict[str, Any] | None:
    """The steps of a job for its report: None if they are more than a few, or cannot be told."""
    try:
        return traced_steps(cluster, state, _FEW_RECORDS)
    except Exception:
        return None


def traced_steps(cluster: Cluster, state: JobState, max_records: int) -> dict[str, Any]:
    """The steps of a job as plain data: the run that did each task is run again, with every call noted.

    Map tasks come in the order in which their runs started, reduce tasks by their number.

    Raises:
        DiscoError: If the job goes on, is no map and reduce, has too many records, or its data are no longer kept.
    """
    roles, shuffles = _roles(cluster, state)
    runs = {
        role: sorted(state.stages[stage].done.values(), key=lambda run: (run.start_s, run.number))
        for stage, role in roles.items()
        if stage in state.stages
    }
    runs["reduce"] = sorted(runs.get("reduce", ()), key=lambda run: run.task)
    limit = _checked(max_records)
    _check_count(state, limit, sum(run.records_in or 0 for done in runs.values() for run in done), "read")
    if state.is_dropped and runs["reduce"] and len(roles) > 1:
        raise DiscoError(
            f"the steps of job {state.job!r} cannot be shown: what its map tasks wrote was dropped when it ended; make "
            "the cluster with Disco(keep='all'), and run the job again",
            job=state.job,
        )
    # What a combiner took together was yielded before, and is counted while it is traced.
    _check_count(state, limit, sum(run.records_out or 0 for run in runs.get("map", ())), "yielded")
    maps: list[TracedMap] = []
    reduces: list[TracedReduce] = []
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="disco-sim-trace-") as folder:
        for run in (*runs.get("map", ()), *runs["reduce"]):
            traced = trace(cluster.work(state.job, run.stage, run.task, run.attempt), folder)
            if isinstance(traced, TracedMap):
                maps.append(traced)
                _check_count(state, limit, sum(one.n_pairs for one in maps), "yielded")
            else:
                reduces.append(unshuffled(traced, state, shuffles))
            if traced.sizes != _stored(state, run):
                notes.append(
                    f"{run.stage}:{run.task} gave something else than in its recorded run: its functions depend on "
                    "something outside of the job"
                )
    return steps_of(state, maps, reduces, notes)


def _roles(cluster: Cluster, state: JobState) -> tuple[dict[str, str], list[str]]:
    """What each stage of a job that can be stepped through does, map or reduce; and the stages that only join."""
    if state.status == "active":
        raise DiscoError(
            f"job {state.job!r} is active, and its steps can be shown when it has ended: wait() for it first",
            job=state.job,
        )
    request = cluster.jobs.facts(state.job).request
    known = getattr(request.program, "roles", {})
    roles = {stage.name: str(known.get(stage.name, "")) for stage in request.plan}
    shuffles = [name for name, role in roles.items() if role == "shuffle"]
    for name in shuffles:
        del roles[name]
    if list(roles.values()) not in _SHAPES:
        raise DiscoError(
            f"job {state.job!r} has the stages {', '.join(roles) or 'none'}; steps can be shown of jobs that map, "
            "reduce, or map and then reduce: job.story() tells of any task",
            job=state.job,
        )
    return roles, shuffles


def _checked(max_records: Any) -> int:
    try:
        limit = index(max_records)
    except TypeError:
        limit = 0
    if limit < 1:
        raise DiscoError(
            f"stepper(max_records={max_records!r}) was given; it is a whole number from 1 on", max_records=max_records
        )
    return limit


def _check_count(state: JobState, limit: int, count: int, did: str) -> None:
    if count > limit:
        what = "map and reduce tasks read" if did == "read" else "map function yielded"
        raise DiscoError(
            f"job {state.job!r} has too many steps to be gone through: its {what} {count:,} records, and "
            f"stepper(max_records={limit}) shows at most {limit:,}; run it on less input, such as the first lines, or "
            f"ask for stepper(max_records={count}): all goes to the page at once",
            job=state.job,
            n_records=count,
            max_records=limit,
        )


def _stored(state: JobState, run: Run) -> tuple[tuple[int, int, int], ...]:
    """(label, records, bytes) of what a run stored, as the log tells it."""
    return tuple(
        (output.label, output.n_records, output.n_bytes)
        for output in state.stages[run.stage].stored
        if output.task == run.task
    )
