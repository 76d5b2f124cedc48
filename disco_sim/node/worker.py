"""The namespace that job functions run in: out-of-band results, facts of the running task, and all of func.

Every public name here is visible without import in every job function, and can also be imported.
Module-level state is two things: the running task, and the open masters of this process.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, NoReturn, Protocol
from weakref import WeakValueDictionary

from disco_sim import func
from disco_sim.error import DataError, DiscoError, OOBKeyError, OOBVisibilityError
from disco_sim.func import *  # noqa: F403
from disco_sim.util import kvgroup

__all__ = [
    "data_err", "err", "get", "kvgroup", "msg", "put",
    "this_host", "this_inputs", "this_master", "this_name", "this_partition",
]  # fmt: skip
__all__ += func.__all__

_NO_DEFAULT: Any = object()


class RunningTask(Protocol):
    """What a running task can be asked."""

    def put(self, key: str, value: str | bytes) -> None: ...
    def get(self, key: str, job: str | None, has_default: bool = False) -> str | bytes | None: ...
    def message(self, level: str, text: str) -> None: ...
    @property
    def is_interruptible(self) -> bool: ...
    @property
    def name(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def master(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def inputs(self) -> list[Any]: ...


running: ContextVar[RunningTask | None] = ContextVar("running", default=None)
masters: WeakValueDictionary[str, Any] = WeakValueDictionary()


def _task(call: str, instead: str) -> RunningTask:
    task = running.get()
    if task is None:
        raise DiscoError(
            f"{call} was called outside a task; it works only inside job functions (map, reduce, readers, "
            f"init, combiner, partition) while their task runs, and not in threads that they start. {instead}",
            call=call,
        )
    return task


def put(key: str, value: str | bytes) -> None:
    """Store an out-of-band result `value` under `key`; it becomes visible when this run of the task ends well.

    `key` is unique in its job: 1 to 256 of the characters A-Z a-z 0-9 _ - : @. `value` is str or bytes
    and comes back as the same type. One run may put 1000 results (Disco's documented limit; all its
    functions count together). Meant for statistics about the output, not for the output itself.

    Raises:
        OOBPutError: For a wrong key or value, or a key this run has put before.
        OOBLimitError: At the 1001st call of one run.
    """
    _task(f"put({key!r}, ...)", "To read results outside tasks, use Disco.oob_get(name, key) or job.oob[key].").put(
        key, value
    )


def get(key: str, job: Any = None, default: Any = _NO_DEFAULT) -> Any:
    """The out-of-band result `key` of this job's stages before this one, or of another finished `job`.

    `job` is a job name or a Job. What tasks of the same stage put cannot be read, for they run at the same
    time. With `default`, a key that is missing gives it instead of an error; a key that another task of
    the same stage put counts as missing too, for whether it is there yet is a matter of timing.

    Raises:
        OOBKeyError: If there is no such key and no default.
        OOBVisibilityError: If the result is not for this task to see.
        DiscoError: If there is no such job.
    """
    task = _task(f"get({key!r})", "Use Disco.oob_get(name, key) or job.oob[key] instead.")
    try:
        has_default = default is not _NO_DEFAULT
        found = task.get(key, None if job is None else str(getattr(job, "name", job)), has_default)
        return default if found is None and has_default else found
    except OOBKeyError:
        if default is _NO_DEFAULT:
            raise
    except OOBVisibilityError as error:
        if default is _NO_DEFAULT or not getattr(error, "is_missing", False):
            raise
    return default


def this_partition() -> int:
    """In map the task's own number, 0 .. number of map tasks - 1; in reduce the number of the partition it reads."""
    return _task("this_partition()", "Outside, job.tasks shows the partition of every task.").partition


def this_host() -> str:
    """The host name of the node that runs this task."""
    return _task("this_host()", "Outside, job.tasks shows where every task ran.").host


def this_master() -> str:
    """Host name and port of the master, such as `master:8989`."""
    return _task("this_master()", "Outside, use disco.master.").master


def this_inputs() -> list[Any]:
    """The inputs of this task: URLs as they were given to the job, or those of the stage before."""
    return _task("this_inputs()", "Outside, job.jobinfo()['inputs'] lists the inputs.").inputs


def this_name() -> str:
    """The full name of the job that this task belongs to."""
    return _task("this_name()", "Outside, use job.name.").name


def msg(message: Any) -> None:
    """Send a line to the job's events and log."""
    _task("msg(...)", "Outside, use print.").message("MSG", str(message))


def err(message: Any) -> NoReturn:
    """End the job with an error: raises DiscoError, which is not tried again."""
    _task("err(...)", "Outside, raise an exception of your own.")
    raise DiscoError(str(message))


def data_err(message: Any, url: str = "") -> NoReturn:
    """Say that the data of this task is bad: raises DataError, so the task is tried again on another node."""
    _task("data_err(...)", "Outside, raise DataError.")
    raise DataError(str(message), str(url))


_NAMES = {name: globals()[name] for name in __all__}


def names() -> dict[str, Any]:
    """Every name that a job function sees without import, as a dict of the caller's own."""
    return dict(_NAMES)


def namespace() -> dict[str, Any]:
    """Fresh globals for job functions: every name that they see without import, and `__name__`."""
    return {**_NAMES, "__name__": __name__}
