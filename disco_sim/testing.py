"""Help for people's own tests: run job functions on a small simulated cluster and get the results as a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from disco_sim.core import Disco, result_iterator
from disco_sim.error import InputError
from disco_sim.runtime.sandbox import shown

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
        if "input" not in parameters:
            if isinstance(records, (str, bytes)):
                raise InputError(
                    f"run(..., {shown(records)}) was called; records are a list or another iterable of what map gets, "
                    f"one after the other: [{shown(records)}]",
                    input=records,
                )
            found = list(records)
            parameters["input"] = disco.split(found, max(1, min(_INPUTS, len(found))))
        name = parameters.pop("name", "test")
        job = disco.new_job(name=name, map=map, reduce=reduce, **parameters)
        return list(result_iterator(job.wait()))
