"""A recorded run once more, with every call of a job function noted.

The functions of the role are wrapped, and nothing else: runs that are not traced do not know of it. A wrapper calls
the function, notes, and gives on what came back, whether it is right or not, so that errors are those of the real run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from inspect import isgenerator
from typing import Any

from disco_sim import func
from disco_sim.error import DiscoError
from disco_sim.model.trace import Combined, Mapped, Placed, Stretch, Taken, Told, TracedMap, TracedReduce
from disco_sim.model.work import TaskOutcome, TaskWork
from disco_sim.runtime.context import TaskContext
from disco_sim.runtime.mapping import MapRole
from disco_sim.runtime.pairs import as_pair, name_of
from disco_sim.runtime.reducing import ReduceRole
from disco_sim.runtime.sandbox import shown
from disco_sim.runtime.task import compute, profile_key
from disco_sim.util import argcount

LONGEST = 200
"""How many characters of a value are kept."""

_ORDERS = {True: "sorted", "merge": "merged"}


def trace(work: TaskWork, folder: str) -> TracedMap | TracedReduce:
    """What a run does, call by call, when it is run again with `folder` (empty before and after) as its folder.

    What it prints and puts goes nowhere.

    Raises:
        DiscoError: If it fails this time.
        KeyboardInterrupt: When the user interrupts it.
    """
    tracers: list[_MapTracer | _ReduceTracer] = []

    def wrapped(role: Any, context: TaskContext) -> Any:
        tracer = _MapTracer(role, context) if isinstance(role, MapRole) else _ReduceTracer(role, context)
        tracers.append(tracer)
        return tracer.role

    outcome = compute(work, folder, wrapped)
    if outcome.failure is not None:
        raise DiscoError(
            f"{work.stage}:{work.task} of job {work.job!r} went well as run {work.attempt}, but failed when it was run "
            f"again to be traced: {outcome.failure.reason}; a run can be traced as long as all that it reads is there",
            job=work.job,
            stage=work.stage,
            task=work.task,
            reason=outcome.failure.reason,
        ) from outcome.failure.error
    return tracers[0].traced(work, outcome)


def _text(value: Any) -> str:
    return shown(value, LONGEST)


def _told(pair: tuple[Any, Any]) -> Told:
    return Told(_text(pair[0]), _text(pair[1]))


def _called(function: Any, calls: Callable[..., Any]) -> Callable[..., Any]:
    """`calls` under the name of the function that it stands for, which messages tell."""
    calls.__name__ = name_of(function)
    vars(calls)["__wrapped__"] = function
    return calls


def _passed_on(answer: Any, note: Callable[[tuple[Any, Any]], None], is_kept: bool = False) -> Any:
    """What a function gave, each pair noted before it goes on; what cannot be iterated is given on as it is.

    A generator that is left half way is closed while its task still runs; if it `is_kept`, anything that can be closed.
    """
    try:
        items = iter(answer)
    except TypeError:
        return answer

    def pairs() -> Iterator[Any]:
        try:
            for item in items:
                # A pair may be an iterator of two things, which can be taken apart only once.
                pair = as_pair(item)
                if pair is not None:
                    note(pair)
                yield item if pair is None else pair
        finally:
            if isgenerator(answer) or (is_kept and hasattr(answer, "close")):
                answer.close()

    return pairs()


class _Puts:
    """The out-of-band results of a run, as they come."""

    def __init__(self, context: TaskContext) -> None:
        self._results = context.results
        self._n_seen = 0

    def new(self, outcome: TaskOutcome | None = None) -> list[Told]:
        """Those that were put since it was asked last; with an `outcome`, those of it."""
        results = list(self._results.items() if outcome is None else outcome.oob)[self._n_seen :]
        self._n_seen += len(results)
        return [Told(_text(key), _text(value)) for key, value in results]


class _Init:
    """An init function, and how many records it took off."""

    def __init__(self, function: Callable[..., Any], context: TaskContext) -> None:
        self._function = function
        self._context = context
        self.n_taken = 0

    def call(self, records: Any, params: Any) -> None:
        self._function(records, params)
        self.n_taken = self._context.n_read


class _MapTracer:
    """Notes what a map run does; `role` is to be run in the place of the job's own."""

    def __init__(self, role: MapRole, context: TaskContext) -> None:
        self._role = role
        self._init = _Init(role.map_init, context)
        self._puts = _Puts(context)
        self._is_default = role.partition is func.default_partition
        self._records: list[Mapped] = []
        self._outside: list[Told] = []
        self._last: list[tuple[int, str, list[Told]]] = []
        self._label_of: dict[int, int] = {}  # by the ids of the combiner's buffers, which live as long as the run
        # Of the pair at hand: its partition, what the partition function said, and what the combiner did.
        self._place: tuple[int | None, str] = (None, "")
        self._combined: tuple[str, list[Told]] | None = None
        self.role = role._replace(
            map=_called(role.map, lambda record, params: self._map(record, params)),
            map_init=self._init.call,
            partition=_called(role.partition, lambda key, n, params: self._partition(key, n, params)),
            combiner=role.combiner and _called(role.combiner, lambda *arguments: self._combine(*arguments)),
        )

    def _map(self, record: Any, params: Any) -> Any:
        text = _text(record)
        self._outside += self._puts.new()
        answer = self._role.map(record, params)
        pairs: list[Placed] = []
        at_hand: list[Told] = []

        def end_pair() -> None:
            if at_hand:
                number, said = self._place
                combined = self._combined and Combined(number or 0, self._combined[0], tuple(self._combined[1]))
                pairs.append(Placed(at_hand.pop(), number, said, combined))

        def begin_pair(pair: tuple[Any, Any]) -> None:
            end_pair()
            at_hand.append(_told(pair))
            self._place, self._combined = (None, ""), None

        items = _passed_on(answer, begin_pair)
        if items is answer:
            return answer

        def whole() -> Iterator[Any]:
            try:
                yield from items
            finally:
                items.close()
            end_pair()
            self._records.append(Mapped(text, tuple(pairs), tuple(self._puts.new())))

        return whole()

    def _partition(self, key: Any, n: int, params: Any) -> Any:
        answer = self._role.partition(key, n, params)
        if self._is_default:
            # Modulo as much as an MD5 can be, the partition is the MD5.
            self._place = answer, f"{func.default_partition(key, 2**128, params):032x}"
        else:
            self._place = _whole(answer), _text(answer)
        return answer

    def _combine(self, key: Any, value: Any, buffer: Any, done: bool, params: Any) -> Any:
        assert self._role.combiner is not None
        before = _text(buffer) if done else ""
        answer = self._role.combiner(key, value, buffer, done, params)
        given: list[Told] = []
        if done:
            # A buffer without pairs is that of the next partition in order; others need not have one each.
            self._last.append((self._label_of.get(id(buffer), len(self._last)), before, given))
        else:
            self._label_of[id(buffer)] = self._place[0] or 0
            self._combined = _text(buffer), given
        return _passed_on(answer, lambda pair: given.append(_told(pair))) if answer else answer

    def traced(self, work: TaskWork, outcome: TaskOutcome) -> TracedMap:
        role = self._role
        return TracedMap(
            stage=work.stage,
            task=work.task,
            host=work.host,
            pieces=work.inputs,
            function=name_of(role.map),
            partition=name_of(role.partition),
            is_default_partition=self._is_default,
            n_partitions=role.partitions or 0,
            combiner="" if role.combiner is None else name_of(role.combiner),
            n_skipped=self._init.n_taken,
            records=tuple(self._records),
            last=tuple(Combined(number, buffer, tuple(given)) for number, buffer, given in self._last),
            puts=_without_profile((*self._outside, *self._puts.new(outcome)), work),
            sizes=_sizes(outcome),
        )


def _whole(answer: Any) -> int | None:
    """The label that an answer of a partition function is, by the laxer of the dialects' rules; None if it is none."""
    try:
        return int(answer)
    except (TypeError, ValueError, OverflowError):
        return None


class _ReduceTracer:
    """Notes what a reduce run does; `role` is to be run in the place of the job's own."""

    def __init__(self, role: ReduceRole, context: TaskContext) -> None:
        self._role = role
        self._context = context
        self._init = _Init(role.reduce_init, context)
        self._puts = _Puts(context)
        self._is_read = False
        # What was given and put before each pair was taken; the last one may come after all of them.
        self._stretches: list[tuple[list[Told], list[Told]]] = [([], [])]
        self._taken: list[tuple[Told, int | None]] = []
        self.role = role._replace(reduce_init=self._init.call, reduce=self._wrapper())

    def _wrapper(self) -> Callable[..., Any]:
        role = self._role

        def note(pair: tuple[Any, Any]) -> None:
            self._stretches[-1][0].append(_told(pair))

        def reduce(pairs: Iterable[Any], params: Any) -> Any:
            return _passed_on(role.reduce(self._pairs(pairs), params), note, is_kept=True)

        def reduce_to(pairs: Iterable[Any], out: Any, params: Any) -> Any:
            return role.reduce(self._pairs(pairs), _Out(out, note), params)

        # How many arguments it takes says how it is called, so the wrapper has to take as many.
        return _called(role.reduce, reduce if argcount(role.reduce) < 3 else reduce_to)

    def _pairs(self, records: Iterable[Any]) -> Iterator[Any]:
        for record in records:
            is_pair = type(record) is tuple and len(record) == 2
            read = self._context.read
            piece = read[-1].piece if read and not self._role.sort else None
            self._turn()
            self._taken.append((_told(record) if is_pair else Told(_text(record), ""), piece))
            yield record
        if not self._is_read:
            self._turn()
            self._is_read = True

    def _turn(self, outcome: TaskOutcome | None = None) -> None:
        """What is put and given from here on belongs to what comes now."""
        self._stretches[-1][1].extend(self._puts.new(outcome))
        self._stretches.append(([], []))

    def traced(self, work: TaskWork, outcome: TaskOutcome) -> TracedReduce:
        self._turn(outcome)
        before, *rest = [Stretch(tuple(given), _without_profile(puts, work)) for given, puts in self._stretches]
        return TracedReduce(
            stage=work.stage,
            task=work.task,
            label=work.label,
            host=work.host,
            pieces=work.inputs,
            function=name_of(self._role.reduce),
            order=_ORDERS.get(self._role.sort, "sorted" if self._role.sort else "arrival"),
            read=tuple(dict.fromkeys(read.piece for read in self._context.read)),
            n_skipped=self._init.n_taken,
            before=before,
            taken=tuple(Taken(*taken, *stretch) for taken, stretch in zip(self._taken, rest, strict=False)),
            after=rest[len(self._taken)] if self._is_read else Stretch(),
            is_read=self._is_read,
            sizes=_sizes(outcome),
        )


class _Out:
    """What a reduce function with three arguments writes to, noted as it is written."""

    def __init__(self, out: Any, note: Callable[[tuple[Any, Any]], None]) -> None:
        self._out = out
        self._note = note

    def add(self, key: Any, value: Any) -> None:
        self._out.add(key, value)
        self._note((key, value))


def _sizes(outcome: TaskOutcome) -> tuple[tuple[int, int, int], ...]:
    return tuple(
        (label, blob.n_records, blob.n_bytes) for label, blob in sorted(outcome.outputs, key=lambda one: one[0])
    )


def _without_profile(puts: Iterable[Told], work: TaskWork) -> tuple[Told, ...]:
    """The results that functions put: a profile is the system's own, and never the same twice."""
    return tuple(put for put in puts if put.key != repr(profile_key(work)))
