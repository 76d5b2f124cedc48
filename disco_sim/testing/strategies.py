"""Strategies for Hypothesis: clusters, costs, records, and plans of faults that a job survives.

Hypothesis is loaded when one of them is called, so this module can be imported where it is not installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from disco_sim.core import Job
from disco_sim.error import DiscoError
from disco_sim.model.cluster import ClusterSpec, Node
from disco_sim.model.taskname import USUAL_TASKS
from disco_sim.sim.costs import Costs
from disco_sim.sim.faultluck import MOST_FAILURES
from disco_sim.sim.faults import Faults

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

Task = tuple[str, int]

_WORDS = ("a", "b", "to", "be", "or", "not", "x1", "42", "ä", "Ω", "don't", "zebra" * 6)

_STEPS = 1000
"""Times are whole steps of a thousandth of a plan's length, which are short to read."""


def clusters(
    max_nodes: int = 4, max_slots: int = 3, speeds: Sequence[float] = (1.0, 0.5, 2.0)
) -> SearchStrategy[ClusterSpec]:
    """Clusters of 1 to `max_nodes` nodes, each with 1 to `max_slots` slots and one of the `speeds`."""
    _check_installed("clusters")
    from hypothesis import strategies as st

    machines = st.tuples(st.integers(1, max_slots), st.sampled_from(speeds))
    return st.lists(machines, min_size=1, max_size=max_nodes).map(
        lambda found: ClusterSpec(tuple(Node(f"node{number:02d}", *one) for number, one in enumerate(found, 1)))
    )


def costs(with_luck: bool = True) -> SearchStrategy[Costs]:
    """Costs at which runs over a few records take seconds, so that faults fall into them; some prices are 0.

    `with_luck`: some have noise, stragglers and nodes of different speed.
    """
    _check_installed("costs")
    from hypothesis import strategies as st

    prices = {
        "startup_s": st.sampled_from([0.5, 0.0, 2.0]),
        "cpu_task_s": st.sampled_from([0.0, 0.25]),
        "cpu_record_s": st.sampled_from([0.125, 0.0, 1.0]),
        "cpu_byte_s": st.sampled_from([0.0, 0.01]),
        "disk_bytes_s": st.sampled_from([100.0, 7.0, float("inf")]),
        "port_bytes_s": st.sampled_from([50.0, 3.0, float("inf")]),
        "latency_s": st.sampled_from([0.001, 0.0]),
    }
    if with_luck:
        prices |= {
            "noise": st.sampled_from([0.0, 0.3]),
            "straggler_share": st.sampled_from([0.0, 0.2]),
            "node_noise": st.sampled_from([0.0, 0.2]),
        }
    # So few flows that are shared exactly are exceeded now and then.
    return st.builds(Costs, exact_flows=st.sampled_from([500, 3]), **prices)


def records(kind: str = "lines", max_size: int = 12) -> SearchStrategy[list[Any]]:
    """Lists of what map functions are called with: `lines` of words, or `pairs` of a word and a whole number.

    The words are a few, so that keys repeat; some lines are empty.
    """
    _check_installed("records")
    from hypothesis import strategies as st

    words = st.sampled_from(_WORDS)
    kinds: dict[str, SearchStrategy[Any]] = {
        "lines": st.lists(words, max_size=5).map(" ".join),
        "pairs": st.tuples(words, st.integers(-9, 99)),
    }
    if kind not in kinds:
        raise DiscoError(f"records({kind!r}) was called; kind is one of {', '.join(map(repr, kinds))}", kind=kind)
    return st.lists(kinds[kind], max_size=max_size)


def fault_plans(
    nodes: int | ClusterSpec, *jobs: Job, until: float | None = None, max_size: int = 6
) -> SearchStrategy[Faults]:
    """Plans of up to `max_size` faults that a job survives, by the rules of `Faults.random`, on a cluster of `nodes`.

    `jobs` have run without faults: the plans are about their tasks and fall into the time that they took. Without any,
    they are about the tasks that many jobs have, and 20 s long. `until` sets another length. Plans shrink to fewer
    and earlier faults.

    >>> from hypothesis import given, settings
    >>> from disco_sim.testing import simulate
    >>> def fun_map(line, params):
    ...     yield line, 1
    >>> calm = simulate(fun_map, records=["a", "b"])
    >>> @settings(max_examples=10, database=None)
    ... @given(fault_plans(2, calm))
    ... def test_faults_do_not_change_the_answer(faults):
    ...     assert simulate(fun_map, records=["a", "b"], faults=faults).output().equals(calm.output())
    >>> test_faults_do_not_change_the_answer()

    Raises:
        DiscoError: If Hypothesis is not installed.
    """
    _check_installed("fault_plans")
    from hypothesis import strategies as st

    spec = ClusterSpec.of(nodes) if isinstance(nodes, int) else nodes
    tasks = _tasks_of(jobs)
    until_s = max(map(_duration_s, jobs), default=20.0) if until is None else until
    return st.composite(_plan)(spec.hosts, tasks, until_s, max_size)


def _plan(draw: DrawFn, hosts: tuple[str, ...], tasks: dict[Task, bool], until_s: float, max_size: int) -> Faults:
    """One plan; of each task is known whether it is of a first stage, whose outputs may be lost."""
    from hypothesis import strategies as st

    def seconds(least: int, most: int = _STEPS) -> float:
        return until_s * draw(st.integers(least, most)) / _STEPS

    def one_of(choices: Sequence[Any]) -> Any:
        return draw(st.sampled_from(choices))

    survivor = one_of(hosts)
    mortal = [host for host in hosts if host != survivor]
    dead: dict[str, float] = {}
    lasting = [task for task, is_first in tasks.items() if is_first]
    # What makes a task fail already: a plan may let runs of one task fail at two things at most.
    failing: dict[Task, list[str]] = {task: [] for task in tasks}
    plan = Faults()
    kinds = ("slow", "crash", "corrupt", "missing", "kill", "restore", "lose", "cut")
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=max_size)):
        patient = [task for task, failures in failing.items() if len(failures) < MOST_FAILURES]
        if kind == "slow":
            at_s = seconds(0, _STEPS - 1)
            until = draw(st.sampled_from([None, until_s]))
            plan = plan.slow(one_of(hosts), one_of([2.0, 1.5, 8.0]), at_s, until)
        elif kind == "kill" and mortal:
            host = one_of(mortal)
            mortal.remove(host)
            dead[host] = seconds(0, _STEPS - 1)
            plan = plan.kill(host, dead[host])
        elif kind == "restore" and dead:
            host = one_of(list(dead))
            died_s = dead.pop(host)
            plan = plan.restore(host, died_s + (until_s - died_s) * draw(st.integers(1, 9)) / 9)
        elif kind == "cut" and len(hosts) > 1:
            n_hosts = draw(st.integers(1, len(hosts) - 1))
            at_s = seconds(0, _STEPS - 1)
            plan = plan.cut(hosts[:n_hosts], at_s, at_s + (until_s - at_s) * draw(st.integers(1, 9)) / 9)
        elif kind == "lose" and lasting:
            stage, number = task = one_of(lasting)
            lasting.remove(task)
            plan = plan.lose(f"{stage}:{number}", one_of([None, seconds(1)]))
        elif kind in ("crash", "corrupt", "missing") and patient:
            stage, number = task = one_of(patient)
            what = "run" if kind == "crash" else "replica"
            which = one_of([which for which in range(2) if f"{what} {which}" not in failing[task]])
            failing[task].append(f"{what} {which}")
            given = {"run": which} if kind == "crash" else {"replica": which, "runs": 1}
            plan = getattr(plan, kind)(f"{stage}:{number}", **given)
    return plan


def _tasks_of(jobs: Sequence[Job]) -> dict[Task, bool]:
    """All tasks of the jobs, each with whether it is of a first stage."""
    if not jobs:
        return {task: task[0] == USUAL_TASKS[0][0] for task in USUAL_TASKS}
    tasks: dict[Task, bool] = {}
    for job in jobs:
        record = job.disco.cluster.jobs.facts(job.name)
        for level, stage in enumerate(record.request.plan):
            for number in range(len(record.tasks.get(stage.name, ()))):
                tasks[stage.name, number] = level == 0
    return tasks


def _duration_s(job: Job) -> float:
    """How long a job took; a plan needs some length."""
    times = [event.time_s for event in job.disco.cluster.log.of(job.name)]
    return max(times[-1] - times[0], 1.0)


def _check_installed(call: str) -> None:
    try:
        import hypothesis  # noqa: F401 - whether it can be imported is the question
    except ImportError as error:
        raise DiscoError(
            f"strategies.{call}() was called, but Hypothesis is not installed, and strategies are made with it: pip "
            "install hypothesis, or do without: Faults.random(seed, nodes) makes plans of faults by luck"
        ) from error
