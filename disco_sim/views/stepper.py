"""A job one record at a time: what map made of it, where each pair went and why, and what reduce did. Pure.

Steps are plain data, so that a page can go through them by itself: each is a dict whose `say` tells all of it in words,
and whose `kind` is one of start, record, pair, combine, puts, shuffle, take, rest and end. No text is longer than 200
characters but `say`. Pairs are lists of two texts, as Python writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from disco_sim.model.plan import Output
from disco_sim.model.trace import Combined, Mapped, Placed, Stretch, Taken, Told, TracedMap, TracedReduce
from disco_sim.tables import Table, counted, html, plain, table
from disco_sim.views.origins import Origins
from disco_sim.views.packing import exact
from disco_sim.views.render import Card, Section
from disco_sim.views.state import JobState

Step = dict[str, Any]

LONGEST = 200
_FIRST_STEPS = 30
_MOST_NAMED = 6

_ORDERS = {
    "arrival": "in the order in which they arrive, one piece after the other",
    "sorted": "sorted by key",
    "merged": "merged by key, for each piece is sorted already",
}


def steps_of(
    state: JobState, maps: Sequence[TracedMap], reduces: Sequence[TracedReduce], notes: Sequence[str] = ()
) -> dict[str, Any]:
    """All steps of a job, and what holds for all of them; `maps` and `reduces` come in the order they are shown in.

    `partitions` are the labels of the bins that pairs go to, in order; [None] is one output a task, [] a job without
    map. There are more than `n_partitions` where the dialect takes any number from a partition function.
    """
    steps = [_start(maps, reduces)]
    for traced in maps:
        steps += _map_steps(traced)
    origins = Origins(maps, [output for stage in state.stages.values() for output in stage.stored])
    is_partitioned = bool(maps) and maps[0].n_partitions > 0
    for reduce in reduces:
        has_one = is_partitioned and state.stages[reduce.stage].stage.grouping == "group_label"
        steps += _reduce_steps(reduce, origins, is_partitioned, has_one)
    steps.append(_end(state, maps, reduces))
    first = maps[0] if maps else None
    return {
        "job": state.job,
        "status": state.status,
        "map": first.function if first else "",
        "partition": first.partition if first else "",
        "is_default": first is not None and first.is_default_partition,
        "n_partitions": first.n_partitions if first else 0,
        "partitions": _bins(maps),
        "combiner": first.combiner if first else "",
        "reduce": reduces[0].function if reduces else "",
        "order": reduces[0].order if reduces else "",
        "notes": list(notes),
        "steps": steps,
    }


def _bins(maps: Sequence[TracedMap]) -> list[int | str | None]:
    """The partitions that there should be, and those that the partition function made up."""
    if not maps or not maps[0].n_partitions:
        return [None] if maps else []
    labels = set(range(maps[0].n_partitions))
    for traced in maps:
        placed = [pair for record in traced.records for pair in record.pairs]
        labels.update(pair.partition for pair in placed if pair.partition is not None)
        labels.update(label for label, *_ in traced.sizes)
    return [exact(label) for label in sorted(labels)]


def _exact(label: int | None) -> int | str | None:
    return None if label is None else exact(label)


def steps_card(told: Mapping[str, Any]) -> Card:
    """The first steps as a table, for where no page can go through them."""
    steps = told["steps"]
    shown = steps[:_FIRST_STEPS]
    rows = [(number, step.get("task", ""), step.get("host", ""), step["say"]) for number, step in enumerate(shown)]
    title = f"The first {len(shown)} of {counted(len(steps), 'step')}" if len(shown) < len(steps) else "All steps"
    words = {"what happens": lambda text: f'<div style="min-width:28em;white-space:pre-wrap">{html(text)}</div>'}
    grid = table(Table(("step", "task", "host", "what happens"), rows), "", max_rows=_FIRST_STEPS, drawn=words)
    lines = [f"  {number}. {plain(step['say'])}" for number, step in enumerate(shown)]
    facts = [("steps", str(len(steps)))]
    facts += [(name, told[name]) for name in ("map", "combiner", "partition", "reduce") if told[name]]
    facts += [("note", note) for note in told["notes"]]
    section = Section(title, grid, "\n".join(lines), is_open=True)
    return Card("Steps of job", told["job"], told["status"], tuple(facts), (section,))


# The steps of each kind


def _start(maps: Sequence[TracedMap], reduces: Sequence[TracedReduce]) -> Step:
    words = []
    if maps:
        one = maps[0]
        words.append(f"{counted(len(maps), 'map task')} {_call(maps)} {one.function} with each record")
        if one.n_partitions:
            words.append(f"{one.partition} says to which of {counted(one.n_partitions, 'partition')} each pair goes")
        else:
            words.append("pairs go to one output a task")
        if one.combiner:
            words.append(f"the combiner {one.combiner} shrinks what goes there")
    if reduces:
        words.append(f"{counted(len(reduces), 'reduce task')} {_call(reduces)} {reduces[0].function} with the pairs")
    return {"kind": "start", "say": f"{'; '.join(words)}." if words else "No task was done."}


def _call(tasks: Sequence[object]) -> str:
    return "calls" if len(tasks) == 1 else "call"


def _map_steps(traced: TracedMap) -> Iterator[Step]:
    place = {"task": f"{traced.stage}:{traced.task}", "host": traced.host}
    source = _cut(" ".join(piece.blob.replace("\n", "\\n") for piece in traced.pieces))
    for number, record in enumerate(traced.records, 1):
        yield _record(traced, record, number, source) | place
        for at, placed in enumerate(record.pairs):
            yield _pair(traced, placed, at) | place
    if not traced.records:
        say = f"{place['task']} on {traced.host} reads {source}: no record is in it for map."
        yield {
            "kind": "record",
            "input": source,
            "number": 0,
            "record": "",
            "pairs": [],
            "puts": [],
            "say": say,
        } | place
    for combined in traced.last:
        yield _combine(traced, combined) | place
    if traced.puts or traced.n_skipped:
        yield _puts(traced.puts, traced.n_skipped, "map") | place


def _record(traced: TracedMap, record: Mapped, number: int, source: str) -> Step:
    pairs = [placed.pair for placed in record.pairs]
    say = (
        f"{traced.stage}:{traced.task} on {traced.host} reads record {number} of {source}: "
        f"{_cut(record.record)}. {traced.function} yields {_named(pairs)}.{_said(record.puts)}"
    )
    return {
        "kind": "record",
        "input": source,
        "number": number,
        "record": _cut(record.record),
        "pairs": _plain(pairs),
        "puts": _plain(record.puts),
        "say": say,
    }


def _pair(traced: TracedMap, placed: Placed, at: int) -> Step:
    pair, key = _words(placed.pair), _cut(placed.pair.key)
    if placed.partition is None:
        say = f"{pair} goes to the output of the task: one output, no partition function."
    elif traced.is_default_partition:
        say = (
            f"{pair} goes to partition {placed.partition}: the MD5 of the key is {placed.answer}, "
            f"and that mod {traced.n_partitions} is {placed.partition}."
        )
    else:
        say = (
            f"{pair} goes to partition {placed.partition}: "
            f"{traced.partition}({key}, {traced.n_partitions}, params) is {_cut(placed.answer)}."
        )
    step: Step = {
        "kind": "pair",
        "at": at,
        "pair": _pair_of(placed.pair),
        "partition": _exact(placed.partition),
        "answer": _cut(placed.answer),
    }
    if placed.combined is not None:
        given = placed.combined.given
        say += f" There the combiner {traced.combiner} has now the buffer {_cut(placed.combined.buffer)}"
        say += f", and gives {_named(given)}." if given else "."
        step |= {"buffer": _cut(placed.combined.buffer), "given": _plain(given)}
    return step | {"say": say}


def _combine(traced: TracedMap, combined: Combined) -> Step:
    number = combined.partition if traced.n_partitions else None
    where = "" if number is None else f" of partition {number}"
    say = (
        f"{traced.stage}:{traced.task} has no more records. The combiner {traced.combiner} is called for the last time "
        f"with the buffer{where}, {_cut(combined.buffer)}, and gives {_named(combined.given)}."
    )
    return {
        "kind": "combine",
        "partition": _exact(number),
        "buffer": _cut(combined.buffer),
        "given": _plain(combined.given),
        "say": say,
    }


def _puts(puts: Sequence[Told], n_skipped: int, role: str) -> Step:
    say = f"{role}_init took {counted(n_skipped, 'record')} off before {role} began." if n_skipped else ""
    if puts:
        say = f"{say} Outside of {role}, in a reader or an init function:{_said(puts)}".strip()
    return {"kind": "puts", "puts": _plain(puts), "say": say}


def _reduce_steps(traced: TracedReduce, origins: Origins, is_partitioned: bool, has_one: bool) -> Iterator[Step]:
    place = {"task": f"{traced.stage}:{traced.task}", "host": traced.host}
    yield _shuffle(traced, origins, is_partitioned, has_one) | place
    if traced.n_skipped:
        yield _puts((), traced.n_skipped, "reduce") | place
    for number, (taken, source) in enumerate(zip(traced.taken, origins.of_pairs(traced), strict=True), 1):
        yield _take(traced, taken, number, _cut(source)) | place
    yield _rest(traced) | place


def _shuffle(traced: TracedReduce, origins: Origins, is_partitioned: bool, has_one: bool) -> Step:
    """What a task reads; it `has_one` partition, or all that there are, or there are none."""
    pieces = [traced.pieces[number] for number in traced.read] or traced.pieces
    partition = traced.label if has_one else None
    moved = [_moved(piece, origins, is_partitioned) for piece in pieces]
    task = f"{traced.stage}:{traced.task} on {traced.host}"
    if moved:
        named = [_moved_words(piece) for piece in moved[:_MOST_NAMED]]
        if len(moved) > _MOST_NAMED:
            named.append(f"{len(moved) - _MOST_NAMED} more")
        what = f"partition {partition}" if has_one else "all partitions" if is_partitioned else "its input"
        say = f"{task} reads {what} from {', '.join(named)}. {traced.function} gets the pairs {_ORDERS[traced.order]}."
    else:
        what = f"is for partition {partition}, which is empty" if has_one else "has nothing to read"
        say = f"{task} {what}: {traced.function} gets no pairs."
    say += _given(traced.before, "Before it takes the first pair, it gives")
    return {
        "kind": "shuffle",
        "partition": _exact(partition),
        "pieces": moved,
        "order": traced.order,
        "given": _plain(traced.before.given),
        "puts": _plain(traced.before.puts),
        "say": say,
    }


def _moved(piece: Output, origins: Origins, is_partitioned: bool) -> Step:
    """A piece on its way to reduce; how many records an input has is not known."""
    is_of_task = origins.is_of_task(piece)
    return {
        "from": _cut(origins.of_piece(piece)),
        "host": piece.host,
        "partition": exact(piece.label) if is_of_task and is_partitioned else None,
        "records": piece.n_records if is_of_task else None,
    }


def _moved_words(moved: Step) -> str:
    where = f" on {moved['host']}" if moved["host"] else ""
    return f"{moved['from']}{where}" + ("" if moved["records"] is None else f" ({counted(moved['records'], 'record')})")


def _take(traced: TracedReduce, taken: Taken, number: int, source: str) -> Step:
    say = f"{traced.function} takes pair {number}, {_words(taken.pair)}{f', from {source}' if source else ''}."
    say += _given(taken, "Then it gives") or " It gives nothing yet."
    return {
        "kind": "take",
        "number": number,
        "pair": _pair_of(taken.pair),
        "from": source,
        "given": _plain(taken.given),
        "puts": _plain(taken.puts),
        "say": say,
    }


def _rest(traced: TracedReduce) -> Step:
    if traced.is_read:
        say = f"There are no more pairs for {traced.function} in {traced.stage}:{traced.task}."
        say += _given(traced.after, "It gives") or " It has nothing more to give."
    else:
        say = f"{traced.function} in {traced.stage}:{traced.task} has ended without asking for more pairs."
    return {"kind": "rest", "given": _plain(traced.after.given), "puts": _plain(traced.after.puts), "say": say}


def _end(state: JobState, maps: Sequence[TracedMap], reduces: Sequence[TracedReduce]) -> Step:
    last: Sequence[TracedMap] | Sequence[TracedReduce] = reduces or maps
    if state.status == "dead":
        n_done = counted(len(maps) + len(reduces), "task")
        say = f"The job died: {_cut(state.reason) or 'no reason is known'}. Shown was what {n_done} did before."
    else:
        n_records = sum(n for one in last for _, n, _ in one.sizes)
        say = f"The job is ready: its last stage wrote {counted(n_records, 'record')}."
    return {"kind": "end", "say": say}


# Texts


def _cut(text: str) -> str:
    text = plain(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _pair_of(pair: Told) -> list[str]:
    return [_cut(pair.key), _cut(pair.value)]


def _plain(pairs: Iterable[Told]) -> list[list[str]]:
    return [_pair_of(pair) for pair in pairs]


def _words(pair: Told) -> str:
    return str(Told(_cut(pair.key), _cut(pair.value)))


def _named(pairs: Sequence[Told]) -> str:
    """Pairs in a sentence: the first few, and how many more."""
    if not pairs:
        return "nothing"
    named = [_words(pair) for pair in pairs[:_MOST_NAMED]]
    more = f" and {len(pairs) - _MOST_NAMED} more" if len(pairs) > _MOST_NAMED else ""
    return f"{counted(len(pairs), 'pair')}: {', '.join(named)}{more}"


def _given(stretch: Stretch | Taken, begin: str) -> str:
    given = f" {begin} {_named(stretch.given)}." if stretch.given else ""
    return given + _said(stretch.puts)


def _said(puts: Sequence[Told]) -> str:
    return "".join(f" put({_cut(put.key)}, {_cut(put.value)})." for put in puts)
