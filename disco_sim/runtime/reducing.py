"""The reduce role of a task: the pairs of one partition, sorted or not, through the user's reduce function."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isgenerator
from typing import Any, NamedTuple

from disco_sim.error import DiscoError
from disco_sim.model.work import Blob, TaskWork
from disco_sim.runtime.buffers import MANY_PAIRS, Room
from disco_sim.runtime.context import TaskContext
from disco_sim.runtime.external import begun
from disco_sim.runtime.grouped import Grouped
from disco_sim.runtime.inputs import Inputs, Opener, counted
from disco_sim.runtime.outputs import Sink, Watched, open_sinks
from disco_sim.runtime.pairs import as_pair, name_of
from disco_sim.runtime.sandbox import shown
from disco_sim.runtime.sorting import Sorting, merge_pairs
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


def run_reduce(role: ReduceRole, work: TaskWork, context: TaskContext, opener: Opener) -> list[tuple[int, Blob]]:
    """Reduce the task's partition; its one output, labelled with the partition.

    A reduce function of two arguments gives pairs back; one of three writes them with out.add(key, value).
    """

    def say(n: int) -> None:
        context.message("SYS", f"{n} entries reduced")

    room = Room(work)
    inputs = Inputs(work, context, opener, role.reduce_input_stream, role.reduce_reader, role.params)
    groups = None
    batches = inputs.batches()
    if role.sort == "merge":
        batches = iter((merge_pairs([inputs.records_of(number) for number in inputs.numbers()]),))
    elif role.sort:
        sorting = Sorting(work)
        sorting.add(batches)
        groups = sorting.groups()
        batches = sorting.batches() if groups is None else iter(())
    if groups is None:
        records: Any = counted(batches, context, say, role.status_interval, room.look)
    else:
        records = Grouped(groups, sorting.has_whole_groups, context, say, role.status_interval, room.look)
    opener.keep(records)
    (sink,) = open_sinks(role.reduce_output_stream, role.reduce_writer, [work.label], role.params, opener, room)
    role.reduce_init(records, role.params)
    begun(role.reduce, work, context, opener)
    if argcount(role.reduce) < 3:
        _write(role, opener.keep(role.reduce(records, role.params)), sink, room)
    elif isgenerator(role.reduce(records, Watched(sink, room), role.params)):
        raise DiscoError(
            f"reduce function {name_of(role.reduce)!r} takes three arguments and yields, so none of it has run: "
            f"{_RULE}",
            function=name_of(role.reduce),
        )
    context.message("DONE", f"Done: {context.n_read} entries reduced")
    room.settle()
    return [(work.label, sink.blob())]


def _write(role: ReduceRole, answer: Any, sink: Sink, room: Room) -> None:
    name = name_of(role.reduce)
    try:
        pairs = iter(answer)
    except TypeError:
        raise DiscoError(
            f"reduce function {name!r} returned {shown(answer)}; {_RULE}", function=name, answer=answer
        ) from None
    for n, item in enumerate(pairs, 1):
        pair = item if type(item) is tuple and len(item) == 2 else as_pair(item)
        if pair is None:
            raise DiscoError(
                f"reduce function {name!r} yielded {shown(item)}, which is not a pair; {_RULE}",
                function=name,
                answer=item,
            )
        sink.add(*pair)
        if n % MANY_PAIRS == 0:
            room.look()
