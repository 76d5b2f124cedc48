"""Compute one run of one task: load its program into a fresh namespace, run its role, say how it went."""

from __future__ import annotations

import bdb
import cProfile
import marshal
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import Any, Literal

from disco_sim.error import DataError, DiscoError, OOBPutError
from disco_sim.model.dialect import Dialect
from disco_sim.model.work import Blob, Counts, Failure, Message, TaskOutcome, TaskWork
from disco_sim.runtime.context import TaskContext, reason_of
from disco_sim.runtime.inputs import Opener
from disco_sim.runtime.joining import run_shuffle
from disco_sim.runtime.mapping import MapRole, run_map
from disco_sim.runtime.program import Program
from disco_sim.runtime.reducing import ReduceRole, run_reduce
from disco_sim.runtime.sandbox import sandbox, shown, told_traceback, user_lines
from disco_sim.runtime.staging import PipelineRole, run_pipeline

_ROLES: dict[str, tuple[Any, Callable[..., list[tuple[int, Blob]]]]] = {
    "map": (MapRole, run_map),
    "reduce": (ReduceRole, run_reduce),
    "pipeline": (PipelineRole, run_pipeline),
}
"""What stages that call functions can be; the fields of a role are the job's parameters of those names."""

Wrapped = Callable[[Any, TaskContext], Any]
"""Gives a role in the place of another one, for a run in a context."""

# Not every platform can tell the CPU seconds of one thread.
_cpu_clock_s: Callable[[], float] = getattr(time, "thread_time", time.process_time)


class _Watch:
    """The real CPU seconds that this thread, not others, worked inside the `with` block."""

    cpu_s = 0.0

    def __enter__(self) -> None:
        self._start_s = _cpu_clock_s()

    def __exit__(self, *_: object) -> None:
        self.cpu_s = _cpu_clock_s() - self._start_s


def compute(work: TaskWork, folder: str, wrapped: Wrapped | None = None) -> TaskOutcome:
    """What a run produces, with `folder` (empty before and after) as its current folder.

    Whatever a job function raises is in the outcome. OSError, DataError and MemoryError can be tried again, and where a
    dialect says so sys.exit; anything else ends the job. `wrapped` gives the role that is run in the place of the job's
    own, for those who want to see what its functions do.

    Raises:
        KeyboardInterrupt: When the user interrupts it.
    """
    # In a context of its own, so that what a run sets there, the precision of decimals, say, is gone with it.
    return copy_context().run(_compute, work, folder, wrapped)


def _compute(work: TaskWork, folder: str, wrapped: Wrapped | None) -> TaskOutcome:
    program: Program = work.program
    context = TaskContext(work)
    opener = Opener(work.store.blob, program.folder, program.dialect)
    outputs: list[tuple[int, Blob]] = []
    failure: Failure | None = None
    watch = _Watch()
    try:
        with sandbox(context, folder, program.files, work.luck), watch:
            try:
                context.is_interruptible = True
                outputs = _run(work, program, context, opener, wrapped=wrapped)
            except BaseException:
                context.is_interruptible = False
                with suppress(Exception):
                    opener.close()  # what made the run fail is the error that counts
                raise
            context.is_interruptible = False
            opener.close()
    except (KeyboardInterrupt, bdb.BdbQuit):
        raise
    except BaseException as error:
        failure = _failure(error, context, program.dialect)
    return _outcome(context, outputs, failure, watch.cpu_s)


def debug(work: TaskWork, folder: str, arm: Callable[..., Any]) -> None:
    """Compute a run again; errors are raised, prints are shown. `arm` gets the user's function before it is called."""
    copy_context().run(_debug, work, folder, arm)


def _debug(work: TaskWork, folder: str, arm: Callable[..., Any]) -> None:
    program: Program = work.program
    context = TaskContext(work)
    opener = Opener(work.store.blob, program.folder, program.dialect)
    with sandbox(context, folder, program.files, work.luck, is_quiet=False):
        try:
            _run(work, program, context, opener, arm)
        finally:
            opener.close()


def _run(
    work: TaskWork,
    program: Program,
    context: TaskContext,
    opener: Opener,
    arm: Callable[..., Any] | None = None,
    wrapped: Wrapped | None = None,
) -> list[tuple[int, Blob]]:
    name = program.roles[work.stage]
    if name == "shuffle":
        if arm is not None:
            raise DiscoError(
                f"task {work.stage}:{work.task} joins what a node holds and calls no function of the job: there is "
                "nothing to debug; name a task of another stage",
                stage=work.stage,
                task=work.task,
            )
        return run_shuffle(work, context)
    with program.modules_present():
        parameters = program.load()
        role_class, run = _ROLES[name]
        if name == "pipeline":
            parameters["stage"] = parameters[f"pipeline {work.stage}"]
            parameters["reader"] = parameters[f"reader {work.stage}"]
        if arm is not None:
            arm(parameters["stage"].process or parameters["stage"].done if name == "pipeline" else parameters[name])
        role = role_class._make(map(parameters.__getitem__, role_class._fields))
        if wrapped is not None:
            role = wrapped(role, context)
        if not parameters.get("profile"):
            return run(role, work, context, opener)
        profiler = cProfile.Profile()
        outputs: list[tuple[int, Blob]] = profiler.runcall(run, role, work, context, opener)
        profiler.create_stats()
        # The profile is the system's own result, so it does not count as one of the task's put() calls.
        key = profile_key(work)
        if key in context.results:
            raise OOBPutError(
                f"OOB key {key!r} was put by task {work.stage}:{work.task}, but profile=True stores the task's profile "
                "under that key: use another key",
                key=key,
            )
        context.results[key] = marshal.dumps(profiler.stats)
        return outputs


def _outcome(
    context: TaskContext, outputs: list[tuple[int, Blob]], failure: Failure | None, cpu_s: float
) -> TaskOutcome:
    n_read = context.n_read
    return TaskOutcome(
        outputs=() if failure else tuple(outputs),
        oob=tuple(context.results.items()),
        messages=tuple(
            [Message(sent.n_read / n_read if n_read else 0.0, sent.level, sent.text) for sent in context.messages]
        ),
        counts=Counts(
            records_in=n_read,
            records_out=sum([blob.n_records for _, blob in outputs]),
            bytes_out=sum([blob.n_bytes for _, blob in outputs]),
            slept_s=context.slept_s,
            read=tuple(context.read),
            cpu_s=cpu_s,
        ),
        failure=failure,
        depends_on=context.depends_on,
    )


def _failure(error: BaseException, context: TaskContext, dialect: Dialect) -> Failure:
    kind: Literal["data", "crash", "memory", "fatal"] = "fatal"
    if isinstance(error, MemoryError) and dialect.memory_is_short_once:
        kind = "memory"
    elif isinstance(error, (DataError, OSError, MemoryError)):
        kind = "data"
    elif isinstance(error, SystemExit) and dialect.exits_are_retried:
        kind = "crash"
    return Failure(
        kind=kind,
        reason=f"exit code: {exit_code(error)}" if kind == "crash" else reason_of(error),
        error=error,
        trace=told_traceback(error),
        lines=user_lines(error),
        record="" if context.record is None else shown(context.record),
    )


def profile_key(work: TaskWork) -> str:
    """The key under which the profile of a task is put."""
    dialect: Dialect = work.program.dialect
    return f"profile-{work.uid if dialect.profiles_are_by_uid else f'{work.stage}-{work.task}'}"


def exit_code(error: BaseException) -> int:
    """The status a process would have ended with by a SystemExit."""
    code = getattr(error, "code", None)
    return code if isinstance(code, int) else int(code is not None)
