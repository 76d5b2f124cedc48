"""Every exception of disco_sim; imports nothing of disco_sim.

The class of an error decides what happens to a failed task: a `DataError` (and Python's own OSError
and MemoryError) is tried again on another node, anything else ends the job. Facts are attributes of
the error, and errors survive pickling with facts and cause.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from types import FrameType, TracebackType
from typing import Any, ClassVar

_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep


def _rebuild(
    kind: type[DiscoError], args: tuple[Any, ...], facts: dict[str, Any], cause: BaseException | None
) -> DiscoError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(facts)
    error.__cause__ = cause
    return error


def cut_traceback(traceback: TracebackType | None, is_kept: Callable[[TracebackType], bool]) -> TracebackType | None:
    """The traceback with only the entries that are to be kept, in their order; None if there are none."""
    cut: TracebackType | None = None
    for entry in reversed(list(_entries(traceback))):
        if is_kept(entry):
            cut = TracebackType(cut, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return cut


def _entries(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _ipython_lines(error: BaseException, frames: Sequence[FrameType] = ()) -> list[str]:
    """What IPython shows of an error: frames of disco_sim left out, but for `frames`; its debugger walks no others."""
    from IPython.core.getipython import get_ipython

    error.__traceback__ = cut_traceback(
        error.__traceback__, lambda entry: entry.tb_frame in frames or not is_own(entry)
    )
    shell: Any = get_ipython()
    lines: list[str] = shell.InteractiveTB.structured_traceback(type(error), error, error.__traceback__)
    return lines


def shorten(error: BaseException) -> None:
    """Let IPython show an error that is none of ours, such as an interrupt, without the frames of disco_sim."""
    vars(error)["_render_traceback_"] = partial(_ipython_lines, error)


def is_own(entry: TracebackType) -> bool:
    """Whether an entry of a traceback is a frame of disco_sim."""
    return os.path.abspath(entry.tb_frame.f_code.co_filename).startswith(_OWN_FOLDER)


class DiscoError(Exception):
    """The base of all errors of disco_sim; keyword arguments become attributes of the error.

    >>> DiscoError("no such node", host="node09").host
    'node09'
    """

    def __init__(self, *args: Any, **facts: Any) -> None:
        super().__init__(*args)
        self.__dict__.update(facts)

    def __str__(self) -> str:
        # KeyError would show the repr of the message; a message is meant to be read.
        return Exception.__str__(self) if len(self.args) != 1 else str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, dict(self.__dict__), self.__cause__)

    def _render_traceback_(self) -> list[str]:
        # IPython asks for this when the error ends a cell.
        return _ipython_lines(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # And for this when the error is a cell's value.
        printer.text(f"{type(self).__name__}: {self}")

    def __getattr__(self, name: str) -> Any:
        # Facts are set per error; this only tells type checkers and readers that any fact may be asked for.
        raise AttributeError(f"{type(self).__name__} has no fact {name!r}; it has {sorted(self.__dict__)}")


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Up to `most` of the `known` names that look like `name`, the likest first: for "did you mean".

    >>> nearest("partition", ["partitions", "sort"])
    ['partitions']
    """
    import difflib  # only needed once something has gone wrong

    return difflib.get_close_matches(name, list(known), n=most, cutoff=0.5)


class JobError(DiscoError):
    """A job that failed, was killed, is unknown, or was not ready in time.

    Its cause, when a job function raised, is that function's own exception. `job`, `stage`, `task`,
    `host`, `time_s`, `record` and `lines` (the user's own source lines) say where it happened.
    """

    draw: ClassVar[Callable[[JobError], dict[str, str]] | None] = None
    """How a notebook displays the error as a value; set by the part of disco_sim that can draw."""

    def __init__(self, error: str, master: str | None = None, jobname: str | None = None, **facts: Any) -> None:
        super().__init__(error, master=master, jobname=jobname, **facts)
        self.error = error

    def __str__(self) -> str:
        name = self.__dict__.get("jobname")
        return f"Job {name} failed: {self.args[0]}" if name else str(self.args[0])

    def _render_traceback_(self) -> list[str]:
        cause = self.__cause__
        if cause is None or cause.__cause__ is not None or (cause.__context__ and not cause.__suppress_context__):
            return _ipython_lines(self)
        # The message and the frames of the cause are in this error already, so it is not shown once more.
        frames = [entry.tb_frame for entry in _entries(cause.__traceback__)]
        self.__cause__ = None
        try:
            return _ipython_lines(self, frames)
        finally:
            self.__cause__ = cause

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {} if JobError.draw is None else JobError.draw(self)


class DataError(DiscoError):
    """Data that is missing, corrupt or out of reach; the task is tried again on another node."""

    def __init__(self, msg: str, url: str = "", code: int | None = None, **facts: Any) -> None:
        super().__init__(msg, url=url, code=code, **facts)
        self.msg = msg

    def __str__(self) -> str:
        url = self.__dict__.get("url")
        return f"{self.args[0]} ({url})" if url else str(self.args[0])


class CommError(DataError):
    """A resource that could not be asked for; `code` is the HTTP status or None."""


class ModUtilImportError(DiscoError, ImportError):
    """A module that a job function needs and that cannot be found when the job is submitted."""


class OOBPutError(DiscoError, ValueError):
    """An out-of-band result that cannot be stored: its key, its value or its key's uniqueness is wrong."""


class OOBKeyError(DiscoError, KeyError):
    """An out-of-band key that the job does not have."""


class OOBLimitError(DiscoError):
    """One put() call more than a single run of a task may make."""


class OOBVisibilityError(DiscoError):
    """An out-of-band result that a task may not see, because tasks that run together are independent."""


class PartitionError(DiscoError, ValueError):
    """A key that has no partition: the partition function gave a number outside 0..n-1, or cannot take the key."""


class SortError(DiscoError, TypeError):
    """Keys of one partition that have no common order."""


class PurityError(DiscoError):
    """A job function that uses something a worker on another machine would not have."""


class InputError(DiscoError):
    """An input that cannot be used, found when the job is submitted."""
