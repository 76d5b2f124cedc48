"""One recorded run again, under a debugger, with nothing of the job changed by it."""

from __future__ import annotations

import bdb
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from types import CodeType, FrameType
from typing import Any

from disco_sim.error import DiscoError
from disco_sim.model.work import TaskWork
from disco_sim.runtime.external import is_external
from disco_sim.runtime.sandbox import user_traceback
from disco_sim.runtime.task import compute
from disco_sim.runtime.task import debug as compute_again


def debug(work: TaskWork) -> None:
    """Compute `work` again; stop where the user's function fails, or else at its first line.

    Raises:
        DiscoError: If it runs an external program.
    """
    task = f"{work.stage}:{work.task} on {work.host}"
    if is_external(work):
        raise DiscoError(
            f"{task} runs an external program, where Python's debugger cannot go; print to its standard error: each "
            "line is a message of the task, which job.story() tells",
            stage=work.stage,
            task=work.task,
        )
    with tempfile.TemporaryDirectory(prefix="disco-sim-debug-") as folder:
        outcome = compute(work, folder)
    failure = outcome.failure
    if failure is not None:
        place = user_traceback(failure.error)
        if place is not None:
            print(f"{task} fails: {failure.reason}")
            stopper = debugger()
            stopper.reset()
            traced_before = sys.gettrace()
            try:
                stopper.interaction(None, place)
            finally:
                sys.settrace(traced_before)
            return
        print(f"{task} fails after the function has returned: {failure.reason}")
    trap = _Trap()
    traced_before = sys.gettrace()
    with tempfile.TemporaryDirectory(prefix="disco-sim-debug-") as folder:
        try:
            compute_again(work, folder, trap.arm)
        except bdb.BdbQuit:
            pass
        except Exception:
            if failure is None:
                raise
        finally:
            sys.settrace(traced_before)
    if not trap.has_stopped:
        why = "has no lines of Python to stop at" if trap.code is None else "is not called: there are no records for it"
        print(f"The {work.stage} function of {task} {why}")


def debugger() -> Any:
    """IPython's debugger in a notebook or IPython shell, else pdb."""
    shell = None
    if "IPython" in sys.modules:
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
    if shell is not None:
        return shell.debugger_cls()
    import pdb

    return pdb.Pdb()


class _Trap:
    """Lets everything run freely until one function is called, and hands over to a debugger there, once."""

    def __init__(self) -> None:
        self.code: CodeType | None = None
        self.has_stopped = False

    def arm(self, function: Callable[..., Any]) -> None:
        """Wait for the next call of `function`."""
        self.code = _code_of(function)
        if self.code is not None:
            sys.settrace(self._on_call)

    def _on_call(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event != "call" or frame.f_code is not self.code:
            return None
        self.has_stopped = True
        stopper = debugger()
        # After a reset the first line of the first call stops it; frames below this one are not traced.
        stopper.reset()
        sys.settrace(stopper.trace_dispatch)
        return stopper.trace_dispatch(frame, event, argument)


def _code_of(function: Any) -> CodeType | None:
    """The code that a call of `function` runs: that of a partial's function, of a method, of an object's __call__."""
    while isinstance(function, partial):
        function = function.func
    if not hasattr(function, "__code__") and not isinstance(function, type):
        function = type(function).__call__
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None
