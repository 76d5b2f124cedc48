"""The reduce role of a task: the pairs of one partition, sorted or not, through the user's reduce function."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from disco_sim.error import DiscoError
from disco_sim.model.work import Blob, TaskWork
from disco_sim.runtime.context import TaskContext
from disco_sim.runtime.inputs import Inputs, Opener, counted
from disco_sim.runtime.outputs import Sink, open_sinks
from disco_sim.runtime.sandbox import shown
from disco_sim.runtime.shuffle import sort_pairs
from disco_sim.util import argcount


class ReduceRole(NamedTuple):
    """The parameters of a job that its reduce tasks need."""

    reduce: Callable[..., Any]
    reduce_init: Callable[..., Any]
    reduce_reader: Callable[..., Any] | None
    reduce_input_stream: tuple[Callable[..., Any], ...]
    reduce_output_stream: tuple[Callable[..., Any], ...]
    reduce_writer: Callable[..., Any] | None
    sort: bool | str
    params: Any
    status_interval: int


class _Out:
    """What a reduce function with three arguments writes to."""

    def __init__(self, sink: Sink) -> None:
        self.add = sink.add


def run_reduce(role: ReduceRole, work: TaskWork, context: TaskContext, opener: Opener) -> list[tuple[int, Blob]]:
    """Reduce the task's partition; its one output, labelled with the partition.

    A reduce function of two arguments gives pairs back; one of three writes them with out.add(key, value).
    """

    def say(n: int) -> None:
        context.message("SYS", f"{n} entries reduced")

    inputs = Inputs(work, context, opener, role.reduce_input_stream, role.reduce_reader, role.params)
    pieces: Iterator[Any] = inputs.pieces()
    if role.sort == "merge":
        pieces = iter([heapq.merge(*pieces, key=itemgetter(0))])
    elif role.sort:
        pieces = iter([sort_pairs(list(chain.from_iterable(pieces)))])
    records = counted(pieces, context, say, role.status_interval)
    (sink,) = open_sinks(role.reduce_output_stream, role.reduce_writer, 1, role.params)
    role.reduce_init(records, role.params)
    if argcount(role.reduce) < 3:
        _write(role, role.reduce(records, role.params), sink)
    else:
        role.reduce(records, _Out(sink), role.params)
    context.message("DONE", f"Done: {context.n_read} entries reduced")
    return [(work.label, sink.blob())]


def _write(role: ReduceRole, answer: Any, sink: Sink) -> None:
    name = getattr(role.reduce, "__name__", type(role.reduce).__name__)
    rule = (
        "a reduce function of two arguments yields (key, value) pairs; one of three, reduce(iter, out, params), "
        "writes them with out.add(key, value)"
    )
    try:
        pairs = iter(answer)
    except TypeError:
        raise DiscoError(f"reduce function {name!r} returned {shown(answer)}; {rule}", answer=answer) from None
    for pair in pairs:
        try:
            key, value = pair
        except (TypeError, ValueError):
            raise DiscoError(
                f"reduce function {name!r} yielded {shown(pair)}, which is not a pair; {rule}", answer=pair
            ) from None
        sink.add(key, value)
