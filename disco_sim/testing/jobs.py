"""A job on a small simulated cluster of its own: its results as a list, or the whole job to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from disco_sim.core import Disco, Job, result_iterator
from disco_sim.error import InputError, JobError
from disco_sim.model.cluster import DEFAULT_SLOTS, ClusterSpec
from disco_sim.runtime.sandbox import shown
from disco_sim.sim.costs import Costs
from disco_sim.sim.faults import Faults

_NODES = 2
_INPUTS = 4


def run(
    map: Callable[..., Any] | None,
    reduce: Callable[..., Any] | None = None,
    records: Iterable[Any] = (),
    **parameters: Any,
) -> list[tuple[Any, Any]]:
    """All (key, value) results of a job over `records`, in the order of their partitions.

    The records reach `map` as they are, spread in order over up to four inputs and so over several tasks
    on two nodes, as on a real cluster. `parameters` are job parameters, such as `partitions=3`,
    `combiner=...` or `params=Params(...)`; `input=[...]` stands for `records`, and is read as in a job.

    >>> def fun_map(line, params):
    ...     for word in line.split():
    ...         yield word, 1
    >>> def fun_reduce(pairs, params):
    ...     for word, counts in kvgroup(sorted(pairs)):
    ...         yield word, sum(counts)
    >>> run(fun_map, fun_reduce, ["to be", "or not to be"])
    [('be', 2), ('not', 1), ('or', 1), ('to', 2)]

    Raises:
        JobError: If a job function fails; its cause is that function's own exception.
        InputError: If `records` is one text, not a list of them.
        PurityError: If a function uses what a worker would not have, such as a variable of the test.
    """
    with Disco(nodes=_NODES) as disco:
        job = _submitted(disco, "run", map, reduce, records, parameters)
        return list(result_iterator(job.wait(show=False)))


def simulate(
    map: Callable[..., Any] | None,
    reduce: Callable[..., Any] | None = None,
    records: Iterable[Any] = (),
    *,
    faults: Faults | None = None,
    nodes: int | str | ClusterSpec = _NODES,
    slots: int = DEFAULT_SLOTS,
    costs: Costs | None = None,
    seed: int = 0,
    speculative: bool = False,
    **parameters: Any,
) -> Job:
    """A job over `records`, as `run` makes it, when it has ended: to be looked at, whatever became of it.

    The cluster is a Disco made for it, with these nodes, costs and faults; for other options make a Disco yourself.
    That Disco, `job.disco`, is closed already, so tests leave no open one behind, and every one of them gets the same
    master and the same job names, and so logs that can be compared. All of the job can still be read: its tables,
    `job.output()`, `job.oob`, `job.disco.nodes`, `job.story(...)`, `job.what_if(...)`. A job that died is no error
    here: `job.status` tells, and `job.error` why.

    >>> from disco_sim import Faults
    >>> job = simulate(lambda line, params: [(line, 1)], records=["a", "b"], faults=Faults().crash("map:1"))
    >>> job.tasks[["task", "run", "status"]].values.tolist()
    [[0, 0, 'done'], [1, 0, 'failed'], [1, 1, 'done']]
    >>> job.output().key.tolist()
    ['a', 'b']

    Raises:
        InputError: If `records` is one text, not a list of them.
        PurityError: If a function uses what a worker would not have, such as a variable of the test.
        DiscoError: For a cluster, faults or parameters that cannot be.
    """
    with Disco(nodes=nodes, slots=slots, seed=seed, costs=costs, faults=faults, speculative=speculative) as disco:
        job = _submitted(disco, "simulate", map, reduce, records, parameters)
        try:
            job.wait(show=False)
        except JobError:
            if job.status != "dead":
                raise
        return job


def _submitted(
    disco: Disco,
    call: str,
    map: Callable[..., Any] | None,
    reduce: Callable[..., Any] | None,
    records: Iterable[Any],
    parameters: dict[str, Any],
) -> Job:
    """The job that `run` or `simulate` was asked for, submitted."""
    if "input" not in parameters:
        if isinstance(records, (str, bytes)):
            raise InputError(
                f"{call}(..., {shown(records)}) was called; records are a list or another iterable of what map gets, "
                f"one after the other: [{shown(records)}]",
                input=records,
            )
        found = list(records)
        parameters["input"] = disco.split(found, max(1, min(_INPUTS, len(found))))
    name = parameters.pop("name", "test")
    return disco.new_job(name=name, map=map, reduce=reduce, **parameters)
