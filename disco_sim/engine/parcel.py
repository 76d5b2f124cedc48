"""What crosses between this process and its worker processes, in a form that does, and what it is made into there."""

from __future__ import annotations

import linecache
import os
import pickle
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any, NamedTuple

from disco_sim.error import DiscoError
from disco_sim.model.work import TaskOutcome, TaskWork
from disco_sim.pairfiles import FiledPairs, PairFile
from disco_sim.runtime.context import reason_of

READY, ASK, OUTCOME, RAISED, STOPPED, REFUSED = range(6)
"""What a worker process says: that it is there; a question to the stores; how a run came out: with an outcome, with an
error that `compute` raised, not at all, as it asked where it is and has no host yet, or as it cannot be computed there.
"""

WORK, ANSWER, ERROR = range(3)
"""What it is told: a run to compute; the answer to its question, or an error that is the answer."""

FACTS = tuple(field.name for field in fields(TaskWork) if field.name not in ("program", "store"))
"""Those fields of a work that are plain values."""

facts_of = attrgetter(*FACTS)

_SENT_BYTES = 1 << 16
"""What a run stores is sent up to here, and left in files above it, which nobody reads but who needs the pairs."""


class Surroundings(NamedTuple):
    """What of this process job functions see, though nobody gives it to them."""

    path: tuple[str, ...]
    arguments: tuple[str, ...]
    environment: dict[str, str]
    depth: int
    filters: bytes
    finders: bytes

    @classmethod
    def now(cls) -> Surroundings:
        """Those of this process as they are now."""
        finders = [finder for finder in sys.meta_path if _is_own(finder)]
        return cls(
            tuple(sys.path),
            tuple(sys.argv),
            dict(os.environ),
            sys.getrecursionlimit(),
            _dumped(warnings.filters),
            _dumped(finders),
        )

    def apply(self) -> None:
        """Make this process, which has no others, have them."""
        sys.path[:] = self.path
        sys.argv[:] = self.arguments
        os.environ.clear()
        os.environ.update(self.environment)
        sys.setrecursionlimit(self.depth)
        warnings.resetwarnings()
        for entry in reversed(_loaded(self.filters)):
            warnings.filters.insert(0, entry)  # type: ignore[attr-defined]  # a list, which only typeshed does not say
        sys.meta_path[:] = [*_loaded(self.finders), *(finder for finder in sys.meta_path if not _is_own(finder))]


def _is_own(finder: Any) -> bool:
    """Whether a finder of modules is of disco_sim, so that a worker process has its class, too."""
    return type(finder).__module__.partition(".")[0] == __name__.partition(".")[0]


def _dumped(entries: Sequence[Any]) -> bytes:
    """Those of `entries` that can travel, one behind the other."""
    parts = []
    for entry in entries:
        with suppress(Exception):
            parts.append(pickle.dumps(entry))
    return pickle.dumps(parts)


def _loaded(data: bytes) -> list[Any]:
    found = []
    for part in pickle.loads(data):
        with suppress(Exception):
            found.append(pickle.loads(part))
    return found


# -- programs --------------------------------------------------------------------------------------


def packed_program(program: Any) -> bytes | None:
    """A job's program with the source lines of cells that its functions are from; None if it cannot leave the process.

    The lines are what tells of errors, and a cell is no file that somebody else could read.
    """
    names = {function.code.co_filename for function in getattr(program, "functions", ())}
    lines = {name: linecache.getlines(name) for name in sorted(names) if not os.path.exists(name)}
    try:
        return pickle.dumps((program, lines), pickle.HIGHEST_PROTOCOL)
    except Exception:
        return None


def unpacked_program(data: bytes) -> Any:
    """The program, whose cells have their lines from here on."""
    program, cells = pickle.loads(data)
    for name, lines in cells.items():
        # Without a time of change it is no file, and stays.
        linecache.cache[name] = sum(map(len, lines)), None, lines, name
    return program


# -- outcomes and errors ---------------------------------------------------------------------------


class SealedError(NamedTuple):
    """An error that can travel; `text` stands for it where its class is not known.

    `name` is what an error has beside its arguments and leaves behind: the name that was not found. `cause` and
    `context` are places in the tuple that it is in.
    """

    data: bytes
    text: str
    name: str | None
    cause: int | None
    context: int | None
    is_suppressed: bool


Sealed = tuple[SealedError, ...]
"""An error, which is the first, and all those behind it, each once, as they are often behind several or in a circle."""


def sealed(error: BaseException) -> Sealed:
    """An error, ready to travel."""
    errors = [error]
    places = {id(error): 0}

    def place(behind: BaseException | None) -> int | None:
        if behind is None:
            return None
        if id(behind) not in places:
            places[id(behind)] = len(errors)
            errors.append(behind)
        return places[id(behind)]

    # The list grows while it is gone through.
    return tuple(_sealed(one, place(one.__cause__), place(one.__context__)) for one in errors)


def _sealed(error: BaseException, cause: int | None, context: int | None) -> SealedError:
    data = b""
    with suppress(Exception):
        data = pickle.dumps(error)
    name = error.name if isinstance(error, (NameError, AttributeError)) else None
    return SealedError(data, reason_of(error), name, cause, context, error.__suppress_context__)


def opened(sealed: Sealed) -> BaseException:
    """The error that has travelled; one whose class is not here is a DiscoError that says its type and message."""
    errors = [_opened(one) for one in sealed]
    for error, (*_, cause, context, is_suppressed) in zip(errors, sealed, strict=True):
        error.__cause__ = None if cause is None else errors[cause]
        error.__context__ = None if context is None else errors[context]
        error.__suppress_context__ = is_suppressed
    return errors[0]


def _opened(sealed: SealedError) -> BaseException:
    error: BaseException | None = None
    with suppress(Exception):
        error = pickle.loads(sealed.data)
    if not isinstance(error, BaseException):
        return DiscoError(
            f"{sealed.text} (an error that cannot leave its worker process; with the engine Inline() it can be had)"
        )
    if isinstance(error, (NameError, AttributeError)) and sealed.name is not None:
        error.name = sealed.name
    return error


def facts_sent(work: TaskWork) -> tuple[Any, ...]:
    """The facts of a work as a worker process gets them."""
    if work.memory is not None:
        work = replace(work, memory=work.memory._replace(sent_bytes=_SENT_BYTES))
    return facts_of(work)


def sealed_outcome(outcome: TaskOutcome) -> tuple[TaskOutcome, Sealed | None]:
    """An outcome, ready to travel; its files are no longer of this process."""
    failure = outcome.failure
    if failure is None:
        for file in _files(outcome):
            file.disown()
        return outcome, None
    return replace(outcome, failure=replace(failure, error=DiscoError())), sealed(failure.error)


def _files(outcome: TaskOutcome) -> Iterator[PairFile]:
    """The files that the outputs are in."""
    for _, blob in outcome.outputs:
        if blob.form == "columns":
            yield from (batch.file for batch in blob.data if isinstance(batch, FiledPairs))


def opened_outcome(outcome: TaskOutcome, error: Sealed | None) -> TaskOutcome:
    """The outcome that has travelled. Its error has left its frames behind, and has them as a note."""
    failure = outcome.failure
    if failure is None or error is None:
        for file in _files(outcome):
            file.own()
        return outcome
    found = opened(error)
    if failure.trace:
        found.add_note(f"In a worker process:\n{failure.trace.rstrip()}")
    return replace(outcome, failure=replace(failure, error=found))
