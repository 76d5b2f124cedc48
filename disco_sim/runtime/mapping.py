"""The map role of a task: records in, pairs out, each into the buffer of its partition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from inspect import isgenerator
from typing import Any, NamedTuple

from disco_sim import func
from disco_sim.error import DiscoError
from disco_sim.model.work import Blob, TaskWork
from disco_sim.runtime.context import TaskContext
from disco_sim.runtime.external import begun
from disco_sim.runtime.inputs import Inputs, Opener, counted
from disco_sim.runtime.outputs import Sink, Sinks, is_default
from disco_sim.runtime.sandbox import shown
from disco_sim.runtime.shuffle import (
    PLAIN,
    Appends,
    Buffers,
    any_partition,
    as_pair,
    checked_partition,
    is_plain,
    name_of,
)


class MapRole(NamedTuple):
    """The parameters of a job that its map tasks need."""

    map: Callable[..., Any]
    map_init: Callable[..., Any]
    map_reader: Callable[..., Any] | None
    map_input_stream: tuple[Callable[..., Any], ...]
    map_output_stream: tuple[Callable[..., Any], ...]
    map_writer: Callable[..., Any] | None
    combiner: Callable[..., Any] | None
    partition: Callable[..., Any]
    partitions: int
    params: Any
    status_interval: int


def run_map(role: MapRole, work: TaskWork, context: TaskContext, opener: Opener) -> list[tuple[int, Blob]]:
    """Map every record of the task's input; the (partition, blob) of each output.

    Without partitions there is one output, and the partition function is not called.
    """
    dialect = work.program.dialect

    def say(n: int) -> None:
        context.message("SYS", f"{n} entries mapped")

    inputs = Inputs(work, context, opener, role.map_input_stream, role.map_reader, role.params)
    records = opener.keep(counted(inputs.pieces(), context, say, role.status_interval))
    first = range(max(1, role.partitions)) if dialect.combiners_end_everywhere else ()
    sinks = Sinks(role.map_output_stream, role.map_writer, first, role.params, opener)
    role.map_init(records, role.params)
    external = begun(role.map, work, context, opener)
    placing = checked_partition if dialect.partitions_are_checked else any_partition
    place = placing(role.partition, role.partitions, role.params) if role.partitions else _only_one
    # Remembering a key's partition is right only for Disco's own function, which looks at nothing but the key.
    is_remembered = role.partition is func.default_partition or not role.partitions
    if role.combiner is None and is_remembered and is_default(role.map_output_stream, role.map_writer):
        _fill(records, role, sinks, place)
    else:
        pairs = opener.keep(_pairs(records, role))
        if role.combiner is not None:
            _combine(pairs, role, role.combiner, sinks, place)
        else:
            for key, value in pairs:
                sinks[place(key, value)].add(key, value)
    if external is not None:
        external.finish()
    context.message("DONE", f"Done: {context.n_read} entries mapped")
    outputs = [(number, sink.blob()) for number, sink in sorted(sinks.items())]
    return [(number, blob) for number, blob in outputs if blob.n_records or (number in first and not role.partitions)]


def _only_one(key: Any, value: Any) -> int:
    return 0


def _fill(records: Iterable[Any], role: MapRole, sinks: Any, place: Callable[[Any, Any], int]) -> None:
    """The hot loop: nothing of ours is called for a pair whose key has been seen."""
    function, params = role.map, role.params
    buffers = Buffers(sinks, place)
    appends = Appends(buffers)
    iterator: Iterator[Any] = iter(())
    try:
        for record in records:
            pairs = function(record, params)
            try:
                iterator = iter(pairs)
            except TypeError:
                raise _not_pairs(role, pairs, record) from None
            for pair in iterator:
                if type(pair) is not tuple or len(pair) != 2:
                    item, pair = pair, as_pair(pair)
                    if pair is None:
                        raise _not_a_pair(role, item, record)
                key, value = pair
                if type(key) in PLAIN and type(value) in PLAIN:
                    appends[key]((key, value))
                elif is_plain(key):
                    buffers[key].add(key, value)
                else:
                    sinks[place(key, value)].add(key, value)
    except BaseException:
        _end(iterator)
        raise


def _pairs(records: Iterable[Any], role: MapRole) -> Iterator[tuple[Any, Any]]:
    """Every pair that the map function yields."""
    iterator: Iterator[Any] = iter(())
    try:
        for record in records:
            pairs = role.map(record, role.params)
            try:
                iterator = iter(pairs)
            except TypeError:
                raise _not_pairs(role, pairs, record) from None
            for item in iterator:
                pair = as_pair(item)
                if pair is None:
                    raise _not_a_pair(role, item, record)
                yield pair
    except BaseException:
        _end(iterator)
        raise


def _end(iterator: Iterator[Any]) -> None:
    """End a generator that was left half way now, while its task still runs: its `finally` may put()."""
    if isgenerator(iterator):
        iterator.close()


def _combine(
    pairs: Iterator[tuple[Any, Any]],
    role: MapRole,
    combiner: Callable[..., Any],
    sinks: Any,
    place: Callable[[Any, Any], int],
) -> None:
    """Give every pair to the combiner with the buffer of its partition; only what comes back is written.

    What comes back stays in that partition, even if its key would go elsewhere. The last call, with
    done=True, is made once for every partition, empty ones too, as documented; else for those that got a pair.
    """
    buffers: defaultdict[int, dict[Any, Any]] = defaultdict(dict, {number: {} for number in sinks})
    params = role.params

    def write(sink: Sink, combined: Any) -> None:
        try:
            items = iter(combined or ())
        except TypeError:
            raise _not_combined(combiner, combined) from None
        for item in items:
            pair = as_pair(item)
            if pair is None:
                raise _not_combined(combiner, item)
            sink.add(*pair)

    for key, value in pairs:
        number = place(key, value)
        combined = combiner(key, value, buffers[number], False, params)
        if combined is not None:
            write(sinks[number], combined)
    for number, buffer in sorted(buffers.items()):
        write(sinks[number], combiner(None, None, buffer, True, params))


def _not_combined(combiner: Callable[..., Any], answer: Any) -> DiscoError:
    return DiscoError(
        f"combiner {name_of(combiner)!r} gave {shown(answer)}; it must return None or an iterable of (key, value) "
        "pairs: return buffer.items() when done is true",
        function=name_of(combiner),
        answer=answer,
    )


def _not_pairs(role: MapRole, answer: Any, record: Any) -> DiscoError:
    return DiscoError(
        f"map function {name_of(role.map)!r} returned {shown(answer)} for the record {shown(record)}; it must return "
        "an iterable of (key, value) pairs: yield key, value, or return a list of pairs ([] for none)",
        function=name_of(role.map),
        answer=answer,
        record=record,
    )


def _not_a_pair(role: MapRole, answer: Any, record: Any) -> DiscoError:
    return DiscoError(
        f"map function {name_of(role.map)!r} yielded {shown(answer)} for the record {shown(record)}, which is not a "
        "(key, value) pair: yield key, value, for instance yield word, 1; return a list of pairs, or dict.items()",
        function=name_of(role.map),
        answer=answer,
        record=record,
    )
