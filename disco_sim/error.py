"""Every exception of disco_sim.

The class of an error decides what happens to a failed task: a `DataError` (and Python's own OSError
and MemoryError) is tried again on another node, anything else ends the job. Facts are attributes of
the error, and errors survive pickling with facts and cause.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from disco_sim.tracebacks import entries_of, ipython_lines


def _travels(value: Any) -> bool:
    try:
        pickle.loads(pickle.dumps(value))
    except Exception:
        return False
    return True


def _rebuild(
    kind: type[DiscoError], args: tuple[Any, ...], facts: dict[str, Any], cause: BaseException | None
) -> DiscoError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(facts)
    error.__cause__ = cause
    return error


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
        facts = {name: value if _travels(value) else repr(value) for name, value in self.__dict__.items()}
        cause = self.__cause__
        if cause is not None and not _travels(cause):
            # An error class of a notebook, say: what can be read of it goes on.
            import traceback

            cause = DiscoError("".join(traceback.format_exception(cause)).rstrip())
        return _rebuild, (type(self), self.args, facts, cause)

    def _render_traceback_(self) -> list[str]:
        # IPython asks for this when the error ends a cell.
        return ipython_lines(self)

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


def near_jobs(name: str, jobs: Iterable[str]) -> str:
    """What to say of the unknown job `name`: which of `jobs`, the newest first, it may stand for.

    >>> near_jobs("count", ["count@503:490c0:25380", "parse@503:490c1:26d9"])
    'the jobs are: parse@503:490c1:26d9, count@503:490c0:25380'
    >>> near_jobs("count", ["count@1:2:3", "count@1:3:5", "parse@1:4:6", "top@1:4:7"])
    'near it: count@1:3:5, count@1:2:3; Disco.joblist() lists the jobs'
    """
    known = list(jobs)[::-1]
    prefix = name.partition("@")[0]
    if not known:
        return "no job is on record"
    if len(known) <= 3:
        return f"the jobs are: {', '.join(known)}"
    near = [job for job in known if job.partition("@")[0] == prefix][:3] or nearest(name, known)
    return f"near it: {', '.join(near)}; " * bool(near) + "Disco.joblist() lists the jobs"


class JobError(DiscoError):
    """A job that failed, was killed, is unknown, or was not ready in time.

    Its cause, when a job function raised, is that function's own exception. `job`, `stage`, `task`,
    `host`, `time_s`, `record` and `lines` (the user's own source lines) say where it happened.
    """

    draw: ClassVar[Callable[[JobError], dict[str, str]] | None] = None
    """How a notebook displays the error as a value; set by the part of disco_sim that can draw."""

    def __init__(self, error: Any, master: str | None = None, jobname: str | None = None, **facts: Any) -> None:
        if not isinstance(error, str) and isinstance(getattr(error, "name", None), str):
            # Disco 0.5 has it the other way round: JobError(job, message).
            error, master, jobname = master or "", None, error.name
        super().__init__(error, master=master, jobname=jobname, **facts)
        self.error = error

    def __str__(self) -> str:
        name = self.__dict__.get("jobname")
        return f"Job {name} failed: {self.args[0]}" if name else str(self.args[0])

    def _render_traceback_(self) -> list[str]:
        cause = self.__cause__
        # The message and the frames of the cause are in this error already, so it is not shown once more.
        frames = [] if cause is None else [entry.tb_frame for entry in entries_of(cause.__traceback__)]
        return ipython_lines(self, frames, cause)

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


class InvalidTag(DiscoError):
    """What was given as a tag is no name of one: `tag`. The same would be wrong everywhere, so no task tries again."""


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
