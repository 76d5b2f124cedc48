"""What Disco's master answers about jobs and nodes, in the shapes of its documentation."""

from __future__ import annotations

import marshal
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from disco_sim.cluster.base import Cluster
from disco_sim.error import JobError
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.job import JobSpec
from disco_sim.runtime.sandbox import user_traceback

if TYPE_CHECKING:
    import pstats

_SIMULATED_DISK_BYTES = 64 * 2**30
_MOST_INPUTS = 100


def job_info(cluster: Cluster, job: str, username: str, inputs: list[str]) -> dict[str, Any]:
    """The facts of one job: `mapi` and `redi` are [waiting, running, done, failed] of its first and second stage."""
    from disco_sim.views.state import JobState
    from disco_sim.views.story import timestamp

    state = JobState.of(cluster.log, job)
    counters = {name: list(stage.counters) for name, stage in state.stages.items()}
    return {
        "timestamp": timestamp(state.submitted_s),
        "active": cluster.jobs.status(job),
        "mapi": counters.get("map", [0, 0, 0, 0]),
        "redi": counters.get("reduce", [0, 0, 0, 0]),
        "reduce": "reduce" in counters,
        "results": cluster.jobs.facts(job).results(),
        "inputs": inputs[:_MOST_INPUTS],
        "hosts": list(state.hosts),
        "username": username,
    }


def node_info(cluster: Cluster) -> dict[str, dict[str, Any]]:
    """Facts of every node by host name; `tasks` (job names) is there only while something runs on the node."""
    from disco_sim.views.state import JobState, NodeState, node_states

    states = node_states(cluster.log)
    busy: dict[str, list[str]] = {}
    for job in cluster.log.jobs:
        if cluster.jobs.status(job) == "active":
            for host in JobState.of(cluster.log, job).hosts:
                busy.setdefault(host, []).append(job)
    info: dict[str, dict[str, Any]] = {}
    for node in cluster.spec.nodes:
        state = states.get(node.host, NodeState())
        info[node.host] = {
            "job_ok": state.done,
            "data_error": state.data_errors,
            "error": state.failed,
            "max_workers": node.slots,
            "connected": not state.is_dead,
            "blacklisted": state.is_blacklisted,
            "diskfree": _SIMULATED_DISK_BYTES,
            "diskused": 0,
        }
        if node.host in busy:
            info[node.host]["tasks"] = busy[node.host]
    return info


def config_rows(spec: ClusterSpec) -> list[list[str]]:
    """The cluster as Disco's configuration table: [nodespec, slots], runs of numbered hosts as `node01:04`."""
    rows: list[list[str]] = []
    last: tuple[str, int, int, int] | None = None
    for node in spec.nodes:
        found = re.fullmatch(r"(.*?)(\d+)", node.host)
        if found is None:
            rows.append([node.host, str(node.slots)])
            last = None
            continue
        name, digits = found.groups()
        here = (name, len(digits), int(digits), node.slots)
        if last is not None and (last[0], last[1], last[2] + 1, last[3]) == here:
            rows[-1][0] = f"{rows[-1][0].partition(':')[0]}:{digits}"
        else:
            rows.append([node.host, str(node.slots)])
        last = here
    return rows


class _Profile:
    """One stored profile, in the form that pstats.Stats takes."""

    def __init__(self, data: bytes) -> None:
        self.stats = marshal.loads(data)

    def create_stats(self) -> None:
        """Nothing to do: the numbers are there."""


def profile_stats(cluster: Cluster, job: str, mode: str) -> pstats.Stats:
    """The profiles of a job's tasks, merged; `mode` picks a stage, such as `map`.

    Raises:
        JobError: If the job has none.
    """
    import pstats

    profiles = [
        _Profile(entry.value)
        for key, entry in cluster.oob.committed(job).items()
        if key.startswith(f"profile-{mode}") and isinstance(entry.value, bytes)
    ]
    if not profiles:
        raise JobError(
            f"No profile data{f' of stage {mode!r}' if mode else ''}; submit the job with profile=True",
            cluster.master,
            job,
        )
    return pstats.Stats(*profiles)  # type: ignore[arg-type]  # anything that has stats will do


def job_error(cluster: Cluster, job: str, spec_of: Callable[[str], JobSpec] | None = None) -> JobError | None:
    """Why a dead job died, with the user's own exception as cause; None for any other job.

    `spec_of` gives the parameters of a job, in whose functions it is looked for what a task did not find.
    """
    if cluster.jobs.status(job) != "dead":
        return None
    from disco_sim.client.advice import advice as advice_on
    from disco_sim.client.advice import job_functions
    from disco_sim.views.state import JobState

    found = cluster.failure(job)
    reason = JobState.of(cluster.log, job).reason
    if found is None:
        advice = "what it did until then stays in job.tasks, and job.resubmit() runs it again"
        return JobError(f"Status dead: {reason}; {advice}", cluster.master, job, reason=reason, advice=advice)
    failure, work = found
    state = JobState.of(cluster.log, job)
    run = next(
        run
        for run in reversed(state.runs)
        if (run.stage, run.task, run.attempt) == (work.stage, work.task, work.attempt)
    )
    time_s = (run.end_s or 0.0) - state.submitted_s
    name = f"{work.stage}:{work.task}"
    lines = [f"Status dead: task {name} failed on {work.host} at {time_s:.3f} s: {failure.reason}"]
    ended = reason if failure.reason not in reason else ""
    if ended:
        lines.append(f"  the job ended because: {ended}")
    if failure.record:
        lines.append(f"  record at hand: {failure.record}")
    lines += [f"  {line}" for line in failure.lines.splitlines()]
    advice = (
        f"job.story({name!r}) tells what happened to it, job.debug({name!r}) runs it again under pdb; finished tasks "
        "stay in job.tasks, and other jobs can run"
    )
    particular = advice_on(failure, work, [] if spec_of is None else job_functions(spec_of(job)))
    advice = f"{particular}; {advice}" if particular else advice
    lines.append(f"  What to do: {advice}")
    error = JobError(
        "\n".join(lines),
        cluster.master,
        job,
        job=job,
        stage=work.stage,
        task=work.task,
        task_id=work.task_id,
        run=work.attempt,
        host=work.host,
        time_s=time_s,
        reason=failure.reason,
        record=failure.record,
        lines=failure.lines,
        ended=ended,
        advice=advice,
    )
    # The frames of the cause are the user's: from there on a traceback is read, and a debugger walks.
    failure.error.__traceback__ = user_traceback(failure.error)
    error.__cause__ = failure.error
    return error.with_traceback(failure.error.__traceback__)
