"""The runs of worker processes: what each was given, what it asked, and whether what came out holds where it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from threading import get_ident
from typing import Any, Protocol
from weakref import ref

from disco_sim.engine import parcel
from disco_sim.engine.base import Coming
from disco_sim.error import DataError
from disco_sim.model.work import Blob, TaskOutcome, TaskWork
from disco_sim.runtime.inputs import STORED_SCHEMES
from disco_sim.util import schemesplit

_ALONG_BYTES = 1 << 14
"""Input up to here is sent along with a run."""

_BEHIND_BYTES = 1 << 20
"""Of more input, pieces of this size altogether are sent when the first of them is asked for."""

_DIFFERS = ("host", "attempt", "replica")
_SAME = tuple(parcel.FACTS.index(name) for name in parcel.FACTS if name not in _DIFFERS)


@dataclass(slots=True, eq=False)
class Run:
    """One run that a worker process computes; `is_sure` says that its work is what it will be when it starts.

    `blobs` are the pieces of input that it got before its start, asked for or sent along, by URL, or the error instead
    of one; `places` are the numbers of its input by URL. `surroundings` are what it was sent of this process, None
    before that. When it `is_ended` it has an `outcome`, or an `error` that is to be raised, or neither, if it could not
    be computed so.
    """

    work: TaskWork
    is_sure: bool = True
    stage: ref[Stage] | None = None
    blobs: dict[str, Blob | Exception] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    surroundings: parcel.Surroundings | None = None
    is_ended: bool = False
    outcome: TaskOutcome | None = None
    error: BaseException | None = None

    def is_of(self, stage: Stage) -> bool:
        """Whether it is computed ahead of its start, in this stage."""
        return self.stage is not None and self.stage() is stage

    def guess_no_more(self) -> None:
        """What was guessed of the run was of no use: it is not tried again for others of its stage."""
        stage = None if self.is_sure or self.stage is None else self.stage()
        if stage is not None:
            stage.may_guess = False

    def along(self) -> dict[str, Blob]:
        """The input that is sent along with the run, by URL: all of it if it is small."""
        is_small = sum(piece.n_bytes for piece in self.work.inputs) <= _ALONG_BYTES
        return self._pieces(0, _ALONG_BYTES) if is_small else {}

    def ask(self, question: str, arguments: tuple[Any, ...]) -> tuple[int, Any, dict[str, Blob]]:
        """What the stores answer to the run, and what it will ask for next: the pieces of input behind this one."""
        answer = _answer(self.work, question, arguments)
        if self.stage is not None and question == "blob":
            self.blobs[arguments[0]] = answer
        if isinstance(answer, Exception):
            return parcel.ERROR, parcel.sealed(answer), {}
        if question != "blob":
            return parcel.ANSWER, answer, {}
        if not self.places:
            self.places = {piece.blob: number for number, piece in enumerate(self.work.inputs)}
        place = self.places.get(arguments[0])
        return parcel.ANSWER, answer, {} if place is None else self._pieces(place + 1, _BEHIND_BYTES - answer.n_bytes)

    def _pieces(self, first: int, most_bytes: int) -> dict[str, Blob]:
        """Stored pieces of input from the `first` on, up to a size."""
        found: dict[str, Blob] = {}
        for piece in islice(self.work.inputs, first, None):
            if schemesplit(piece.blob)[0] not in STORED_SCHEMES:
                continue
            try:
                blob = self.work.store.blob(piece.blob)
            except DataError:
                break
            most_bytes -= blob.n_bytes
            if most_bytes < 0:
                break
            found[piece.blob] = blob
        if self.stage is not None:
            self.blobs.update(found)
        return found

    def holds(self, work: TaskWork) -> bool:
        """Whether the run that starts now with this work would come out the same.

        Its facts and the pieces of input that were sent are the same, and so is what its outcome depends on beside
        them. Without an outcome, nothing is known of that.
        """
        mine, its = parcel.facts_of(self.work), parcel.facts_of(work)
        if self.outcome is None or self.work.program is not work.program:
            return False
        return (
            all(mine[number] == its[number] for number in _SAME)
            and self.outcome.depends_on.hold(work)
            and all(_is_like(_answer(work, "blob", (url,)), blob) for url, blob in self.blobs.items())
        )


def _answer(work: TaskWork, question: str, arguments: tuple[Any, ...]) -> Any:
    try:
        return getattr(work.store, question)(*arguments)
    except Exception as error:
        return error


def _is_like(one: Any, other: Any) -> bool:
    if isinstance(one, Exception):
        return type(one) is type(other) and str(one) == str(other)
    return bool(one == other)


class RunsAhead(Protocol):
    """What computes the runs of stages."""

    def add(self, stage: Stage) -> None:
        """Compute runs of a stage."""

    def wait(self, run: Run) -> bool:
        """Return when a run has ended; whether what it saw of this process is still so."""

    def withdraw(self, stage: Stage) -> None:
        """Compute no more of a stage."""


class Stage:
    """A stage whose runs worker processes compute before they start, as far as that is possible.

    `compute` is the engine's own. Nothing is guessed any more when a guess was of no use once, and when the stage
    `is_over` nothing at all is computed ahead. `thread` is the one that its cluster is moved by.
    """

    def __init__(self, coming: Coming, compute: Callable[[TaskWork], TaskOutcome], pool: RunsAhead) -> None:
        self.may_guess = True
        self.is_over = False
        self.thread = get_ident()
        self._coming = coming
        self._compute = compute
        self._pool = pool
        self._runs: dict[int, Run] = {}
        pool.add(self)

    def next(self) -> Run | None:
        """The next run to compute; None if there is none now."""
        taken = None if self.is_over else self._coming.take(self.may_guess)
        if taken is None:
            return None
        work, is_sure = taken
        run = self._runs[work.task] = Run(work, is_sure, ref(self))
        return run

    def compute(self, work: TaskWork) -> TaskOutcome:
        """What the run that starts now produces."""
        self.thread = get_ident()
        run = self._runs.get(work.task)
        if run is None:
            return self._compute(work)
        try:
            is_now = self._pool.wait(run)
        finally:
            self._runs.pop(work.task, None)
        if not is_now:
            return self._compute(work)
        if run.outcome is None or not run.holds(work):
            run.guess_no_more()
            return self._compute(work)
        return run.outcome

    def lose(self) -> None:
        """What is computed of the stage at this moment will not be known."""
        for run in list(self._runs.values()):
            run.is_ended = True

    def forget(self) -> None:
        """Nothing of the stage will be computed any more."""
        self.is_over = True
        self._runs.clear()
        self._pool.withdraw(self)
