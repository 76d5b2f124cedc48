"""The map role of a task: records in, pairs out, each into the buffer of its partition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from inspect import isgenerator
from itertools import islice
from typing import Any, NamedTuple

from disco_sim import func
from disco_sim.error import DiscoError
from disco_sim.model.columns import KEY_TYPES
from disco_sim.model.work import Blob, TaskWork
from disco_sim.runtime.buffers import MANY_PAIRS, Room
from disco_sim.runtime.context import TaskContext
from disco_sim.runtime.external import begun
from disco_sim.runtime.inputs import Inputs, Opener, counted
from disco_sim.runtime.outputs import Sink, Sinks, is_default
from disco_sim.runtime.pairs import PLAIN, Pair, as_pair, is_plain, name_of
from disco_sim.runtime.placing import any_partition, checked_partition
from disco_sim.runtime.sandbox import shown


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

    room = opener.keep(Room(work))
    inputs = Inputs(work, context, opener, role.map_input_stream, role.map_reader, role.params)
    records = opener.keep(counted(inputs.batches(), context, say, role.status_interval, room.look))
    first = range(max(1, role.partitions)) if dialect.combiners_end_everywhere else ()
    sinks = Sinks(role.map_output_stream, role.map_writer, first, role.params, opener, room)
    role.map_init(records, role.params)
    external = begun(role.map, work, context, opener)
    placing = checked_partition if dialect.partitions_are_checked else any_partition
    place = placing(role.partition, role.partitions, role.params) if role.partitions else _only_one
    # Remembering a key's partition is right only for Disco's own function, which looks at nothing but the key.
    is_remembered = role.partition is func.default_partition or not role.partitions
    if role.combiner is func.sum_combiner and is_remembered:
        _sum(records, role, sinks, place, room)
    elif role.combiner is not None:
        _combine(records, role, role.combiner, sinks, place, room, is_remembered)
    elif is_remembered and is_default(role.map_output_stream, role.map_writer):
        _fill(records, role, sinks, place, room)
    else:
        for n, (key, value) in enumerate(opener.keep(_pairs(records, role)), 1):
            sinks[place(key, value)].add(key, value)
            if n % MANY_PAIRS == 0:
                room.look()
    if external is not None:
        external.finish()
    context.message("DONE", f"Done: {context.n_read} entries mapped")
    room.settle()
    outputs = [(number, sink.blob()) for number, sink in sorted(sinks.items())]
    return [(number, blob) for number, blob in outputs if blob.n_records or (number in first and not role.partitions)]


def _only_one(key: Any, value: Any) -> int:
    return 0


def _fill(
    records: Iterable[Any], role: MapRole, sinks: dict[int, Any], place: Callable[[Any, Any], int], room: Room
) -> None:
    """The hot loop: nothing of ours is called for a pair whose key has been seen."""
    function, params = role.map, role.params
    adders = room.remembered(lambda key: sinks[place(key, None)].adders(key))
    buffers = room.remembered(lambda key: sinks[place(key, None)])
    iterator: Iterator[Any] = iter(())
    try:
        for record in records:
            pairs = function(record, params)
            try:
                iterator = iter(pairs)
            except TypeError:
                raise _not_pairs(role, pairs, record) from None
            while True:
                for pair in islice(iterator, MANY_PAIRS):
                    if type(pair) is not tuple or len(pair) != 2:
                        pair = _checked(pair, role, record)
                    key, value = pair
                    if type(key) in KEY_TYPES and type(value) in PLAIN:
                        code, add_code, add_value = adders[key]
                        add_code(code)
                        add_value(value)
                    elif is_plain(key):
                        buffers[key].add(key, value)
                    else:
                        sinks[place(key, value)].add(key, value)
                for item in iterator:  # one record, and still more pairs
                    key, value = _checked(item, role, record)
                    sinks[place(key, value)].add(key, value)
                    room.look()
                    break
                else:
                    break
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
                yield item if type(item) is tuple and len(item) == 2 else _checked(item, role, record)
    except BaseException:
        _end(iterator)
        raise


def _end(iterator: Iterator[Any]) -> None:
    """End a generator that was left half way now, while its task still runs: its `finally` may put()."""
    if isgenerator(iterator):
        iterator.close()


def _combine(
    records: Iterable[Any],
    role: MapRole,
    combiner: Callable[..., Any],
    sinks: dict[int, Sink],
    place: Callable[[Any, Any], int],
    room: Room,
    is_remembered: bool,
) -> None:
    """Give every pair to the combiner with the buffer of its partition; only what comes back is written.

    What comes back stays in that partition, even if its key would go elsewhere. The last call, with
    done=True, is made once for every partition, empty ones too, as documented; else for those that got a pair.
    """
    buffers: defaultdict[int, dict[Any, Any]] = defaultdict(dict, {number: {} for number in sinks})
    numbers = room.remembered(lambda key: place(key, None))
    known = KEY_TYPES if is_remembered else frozenset[type]()
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

    for key, value in _pairs(records, role):
        number = numbers[key] if type(key) in known else place(key, value)
        combined = combiner(key, value, buffers[number], False, params)
        if combined is not None:
            write(sinks[number], combined)
    for number, buffer in sorted(buffers.items()):
        write(sinks[number], combiner(None, None, buffer, True, params))
        room.look()


def _sum(
    records: Iterable[Any], role: MapRole, sinks: dict[int, Sink], place: Callable[[Any, Any], int], room: Room
) -> None:
    """What `sum_combiner` does, without a call for every pair; equal keys have one partition, so one buffer will do."""
    sums: dict[Any, Any] = {}
    for key, value in _pairs(records, role):
        if type(key) not in KEY_TYPES:
            place(key, value)  # which refuses those that have no partition
        sums[key] = sums[key] + value if key in sums else value
    for n, (key, value) in enumerate(sums.items()):
        sinks[place(key, value)].add(key, value)
        if n % MANY_PAIRS == 0:
            room.look()


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


def _checked(answer: Any, role: MapRole, record: Any) -> Pair:
    """What map yielded, as a pair.

    Raises:
        DiscoError: If it is none.
    """
    pair = as_pair(answer)
    if pair is not None:
        return pair
    raise DiscoError(
        f"map function {name_of(role.map)!r} yielded {shown(answer)} for the record {shown(record)}, which is not a "
        "(key, value) pair: yield key, value, for instance yield word, 1; return a list of pairs, or dict.items()",
        function=name_of(role.map),
        answer=answer,
        record=record,
    )
