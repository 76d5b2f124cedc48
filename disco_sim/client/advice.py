"""What to do about a failure, where it is one that many people meet; a sentence each."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import partial
from types import FunctionType
from typing import Any

from disco_sim.model.job import JobSpec
from disco_sim.model.work import Failure, TaskWork
from disco_sim.pipeline import PipelineStage, Stage

_IN_STAGES = {
    "put": "put",
    "get": "get",
    "this_name": "jobname",
    "this_master": "master",
    "this_host": "host",
    "this_partition": "group_label",
    "this_inputs": "inputs",
    "Task": "",
}
"""Names of Disco's classic worker, and the attributes of `worker.active_task` that functions of stages have instead."""

_BYTES_AND_TEXT = re.compile(
    r"\bbytes\b.*\bstr\b|\bstr\b.*\bbytes\b|string pattern on a bytes|bytes pattern on a string"
)
_OWN_WORDS = re.compile(r": put\(")
_BYTES = re.compile(r"b['\"]")


def advice(failure: Failure, work: TaskWork, functions: Iterable[FunctionType] = ()) -> str:
    """What to do about the failure of a task, in one sentence without its end; '' where nothing particular is known.

    `functions` are the job's own, as they were given: what they saw where they were defined is no longer there in the
    task.
    """
    error = failure.error
    is_checked = work.program.dialect.names_are_checked
    if isinstance(error, FileNotFoundError):
        return _of_file(error, work)
    if isinstance(error, NameError) and not is_checked:
        return _of_name(error.name or "", work, functions)
    if isinstance(error, TypeError) and "arg 5 (closure) must be tuple" in failure.reason:
        return _of_closure(work)
    text = failure.reason  # errors of users may have no text at all
    is_mixed = isinstance(error, TypeError) and _BYTES_AND_TEXT.search(text) and not _OWN_WORDS.search(text)
    if is_mixed and _BYTES.match(failure.record) and not work.program.dialect.lines_are_text:
        return (
            "lines of files are bytes in Disco 0.5: line.decode() makes text of one, map_reader=map_line_reader of "
            "all, and disco-sim run --dialect documented is for code of Disco 0.3"
        )
    return ""


def job_functions(spec: JobSpec) -> list[FunctionType]:
    """The functions among the parameters of a job, those in functools.partial, lists and stages too."""
    return list(_functions_in([value for value in vars(spec).values() if not isinstance(value, (str, bytes, dict))]))


def _functions_in(value: Any) -> Iterator[FunctionType]:
    if isinstance(value, FunctionType):
        yield value
    elif isinstance(value, partial):
        yield from _functions_in([value.func, *value.args, *value.keywords.values()])
    elif isinstance(value, PipelineStage):
        yield from _functions_in(value.stage)
    elif isinstance(value, Stage):
        yield from _functions_in(list(vars(value).values()))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _functions_in(one)


def _of_file(error: FileNotFoundError, work: TaskWork) -> str:
    path = error.filename
    if not isinstance(path, str) or os.path.isabs(path):
        return ""
    place = f"puts it at {f'lib/{path}'!r}" if work.program.dialect.files_are_in_lib else "puts the file there"
    return f"a task runs in an empty folder of its own, required_files=[{path!r}] {place}, or make it an input"


def _of_name(name: str, work: TaskWork, functions: Iterable[FunctionType]) -> str:
    if work.program.roles.get(work.stage) == "pipeline" and name in _IN_STAGES:
        instead = ".".join(filter(None, ("worker.active_task", _IN_STAGES[name])))
        return f"functions of pipeline stages do not see {name!r}: write {instead}"
    if any(name in function.__globals__ for function in functions):
        return (
            f"{name!r} is defined in your script, but a worker gets the function's code alone: define or import it "
            "inside, pass it in params, or put the function into a class of Job"
        )
    return ""


def _of_closure(work: TaskWork) -> str:
    for function in work.program.functions:
        if function.code.co_freevars and function.closure is None:
            free = function.code.co_freevars
            return (
                f"{function.qualname!r} is a closure over {', '.join(map(repr, free))}, and a worker gets its code "
                f"alone: make {'it an argument' if len(free) == 1 else 'them arguments'} and use functools.partial, or "
                "params"
            )
    return ""
