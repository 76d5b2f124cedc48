"""The reduce role of a task: the pairs of one partition, sorted or not, through the user's reduce function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import isgenerator
from itertools import chain
from typing import Any, NamedTuple

from disco_sim.error import DiscoError
from disco_sim.model.work import Blob, TaskWork
from disco_sim.runtime.context import TaskContext
from disco_sim.runtime.external import begun
from disco_sim.runtime.inputs import Inputs, Opener, counted
from disco_sim.runtime.outputs import Sink, open_sinks
from disco_sim.runtime.sandbox import shown
from disco_sim.runtime.shuffle import as_pair, merge_pairs, name_of, sort_pairs
from disco_sim.util import argcount

_RULE = (
    "a reduce function of two arguments, reduce(iter, params), yields (key, value) pairs; one of three, "
    "reduce(iter, out, params), writes them with out.add(key, value)"
)


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
        pieces = iter([merge_pairs(list(pieces))])
    elif role.sort:
        pieces = iter([sort_pairs(list(chain.from_iterable(pieces)))])
    records = opener.keep(counted(pieces, context, say, role.status_interval))
    (sink,) = open_sinks(role.reduce_output_stream, role.reduce_writer, [work.label], role.params, opener)
    role.reduce_init(records, role.params)
    begun(role.reduce, work, context, opener)
    if argcount(role.reduce) < 3:
        _write(role, opener.keep(role.reduce(records, role.params)), sink)
    elif isgenerator(role.reduce(records, _Out(sink), role.params)):
        raise DiscoError(
            f"reduce function {name_of(role.reduce)!r} takes three arguments and yields, so none of it has run: "
            f"{_RULE}",
            function=name_of(role.reduce),
        )
    context.message("DONE", f"Done: {context.n_read} entries reduced")
    return [(work.label, sink.blob())]


def _write(role: ReduceRole, answer: Any, sink: Sink) -> None:
    name = name_of(role.reduce)
    try:
        pairs = iter(answer)
    except TypeError:
        raise DiscoError(
            f"reduce function {name!r} returned {shown(answer)}; {_RULE}", function=name, answer=answer
        ) from None
    for item in pairs:
        pair = as_pair(item)
        if pair is None:
            raise DiscoError(
                f"reduce function {name!r} yielded {shown(item)}, which is not a pair; {_RULE}",
                function=name,
                answer=item,
            )
        sink.add(*pair)
