"""Every exception of disco_sim; imports nothing.

The class of an error decides what happens to a failed task: a `DataError` (and Python's own OSError
and MemoryError) is tried again on another node, anything else ends the job. Facts are attributes of
the error, and errors survive pickling with facts and cause.
"""

from __future__ import annotations

from typing import Any


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
        return _rebuild, (type(self), self.args, dict(self.__dict__), self.__cause__)

    def __getattr__(self, name: str) -> Any:
        # Facts are set per error; this only tells type checkers and readers that any fact may be asked for.
        raise AttributeError(f"{type(self).__name__} has no fact {name!r}; it has {sorted(self.__dict__)}")


class JobError(DiscoError):
    """A job that failed, was killed, is unknown, or was not ready in time.

    Its cause, when a job function raised, is that function's own exception. `job`, `stage`, `task`,
    `host`, `time_s`, `record` and `lines` (the user's own source lines) say where it happened.
    """

    def __init__(self, error: str, master: str | None = None, jobname: str | None = None, **facts: Any) -> None:
        super().__init__(error, master=master, jobname=jobname, **facts)
        self.error = error

    def __str__(self) -> str:
        name = self.__dict__.get("jobname")
        return f"Job {name} failed: {self.args[0]}" if name else str(self.args[0])


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
