"""The pipeline role of a task: a user's stage, with its functions called in Disco's order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from inspect import isgenerator
from itertools import chain
from typing import Any, NamedTuple

from disco_sim import func
from disco_sim.error import DiscoError
from disco_sim.model.work import Blob, TaskWork
from disco_sim.pipeline import Stage, TaskInfo
from disco_sim.runtime.buffers import Room
from disco_sim.runtime.context import TaskContext
from disco_sim.runtime.inputs import Inputs, Opener, counted
from disco_sim.runtime.outputs import Sink, Watched, open_sinks
from disco_sim.runtime.pairs import name_of
from disco_sim.runtime.placing import is_label
from disco_sim.runtime.sandbox import shown
from disco_sim.runtime.sorting import Sorting

_OUTPUT_CHAIN = (func.map_output_stream, func.disco_output_stream)


class PipelineRole(NamedTuple):
    """What a task of a pipeline's stage needs; `reader` reads inputs where the stage has no input chain of its own."""

    stage: Stage
    reader: Callable[..., Any] | None
    params: Any
    status_interval: int


class Interface:
    """What the functions of a stage get of their task: `output(label)` to write to, and `taskinfo`."""

    def __init__(
        self, stage: Stage, work: TaskWork, context: TaskContext, opener: Opener, room: Room, params: Any
    ) -> None:
        self._stage = stage
        self._work = work
        self._context = context
        self._opener = opener
        self._room = room
        self._params = params
        self._sinks: dict[int, tuple[Sink, Watched]] = {}

    def output(self, label: int) -> Watched:
        """The output of the task with this label, which has add(key, value); opened when it is asked for first.

        Raises:
            DiscoError: If the label is no whole number, or has more than 600 digits.
        """
        if type(label) is not int or not is_label(label):
            given = shown(label) if type(label) is not int else "a number of more than 600 digits"
            raise DiscoError(
                f"interface.output({given}) of stage {self._stage.name!r} was asked for; a label is a whole "
                "number (int) of at most 600 digits: it says which task of the next stage gets the pair",
                label=label,
            )
        if label not in self._sinks:
            own = tuple(self._stage.output_chain) or _OUTPUT_CHAIN
            (sink,) = open_sinks(own, None, [label], self._params, self._opener, self._room)
            self._sinks[label] = sink, Watched(sink, self._room)
        return self._sinks[label][1]

    @property
    def taskinfo(self) -> TaskInfo:
        """The job, host, stage, group and label of the task."""
        work = self._work
        group = (work.group_label, work.group_host)
        return TaskInfo(work.job, self._context.host, work.stage, group, work.group_label)

    def __repr__(self) -> str:
        return f"Interface({self._work.stage}:{self._work.task}, labels {sorted(self._sinks)})"

    def blobs(self) -> list[tuple[int, Blob]]:
        """What was written, by label."""
        return [(label, sink.blob()) for label, (sink, _) in sorted(self._sinks.items())]


class Input:
    """One input of a stage, read once: what the stage's input chain makes of it, lines in a first stage, then pairs."""

    def __init__(self, records: Iterator[Any], label: int) -> None:
        self._records = records
        self._label = label

    def __iter__(self) -> Iterator[Any]:
        return self._records

    def __next__(self) -> Any:
        return next(self._records)

    def __repr__(self) -> str:
        return f"Input(label {self._label})"


def run_pipeline(role: PipelineRole, work: TaskWork, context: TaskContext, opener: Opener) -> list[tuple[int, Blob]]:
    """Run the stage's functions over the inputs of one task; the (label, blob) of each output that was opened."""
    stage, params = role.stage, role.params

    def say(n: int) -> None:
        context.message("SYS", f"{n} entries processed")

    inputs = Inputs(work, context, opener, *_chain(role), params)
    room = Room(work)
    interface = Interface(stage, work, context, opener, room, params)
    state = _called(stage.init, stage, interface, params)
    by_label: dict[int, list[int]] = {}
    for number in inputs.numbers():
        by_label.setdefault(work.inputs[number].label, []).append(number)
    for label in stage.input_hook(state, list(by_label)):
        for batches in _pieces(stage, work, inputs, by_label.get(label, ())):
            records = opener.keep(counted(batches, context, say, role.status_interval, room.look))
            _called(stage.process, stage, interface, state, label, Input(records, label))
    _called(stage.done, stage, interface, state)
    context.message("DONE", f"Done: {context.n_read} entries processed")
    room.settle()
    return interface.blobs()


def _chain(role: PipelineRole) -> tuple[tuple[Callable[..., Any], ...], Callable[..., Any] | None]:
    own = tuple(role.stage.input_chain)
    return (own, None) if own else ((func.map_input_stream,), role.reader)


def _pieces(stage: Stage, work: TaskWork, inputs: Inputs, numbers: Iterable[int]) -> Iterator[Iterator[Any]]:
    """What the process function is called with, in batches: each input with the label, or all of them at once."""
    if not stage.combine:
        return map(inputs.batches_of, numbers)
    together = chain.from_iterable(map(inputs.batches_of, numbers))
    return iter((_sorted(work, together) if stage.sort else together,))


def _sorted(work: TaskWork, batches: Iterator[Any]) -> Iterator[Any]:
    sorting = Sorting(work)
    sorting.add(batches)
    yield from sorting.batches()


def _called(function: Callable[..., Any] | None, stage: Stage, *arguments: Any) -> Any:
    if function is None:
        return None
    answer = function(*arguments)
    if isgenerator(answer):
        raise DiscoError(
            f"function {name_of(function)!r} of stage {stage.name!r} yields, so none of it has run; a stage writes by "
            "interface.output(label).add(key, value)",
            function=name_of(function),
            stage=stage.name,
        )
    return answer
