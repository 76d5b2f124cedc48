"""One recorded run again, under a debugger, with nothing of the job changed by it."""

from __future__ import annotations

import bdb
import sys
import tempfile
from functools import partial
from typing import Any

from disco_sim.model.work import TaskWork
from disco_sim.runtime.sandbox import user_traceback
from disco_sim.runtime.task import debug as compute_again


def debugger() -> Any:
    """IPython's debugger in a notebook or IPython shell, else pdb."""
    if "IPython" in sys.modules:
        from IPython import get_ipython

        shell = get_ipython()
        if shell is not None:
            return shell.debugger_cls()
    import pdb

    return pdb.Pdb()


def debug(work: TaskWork) -> None:
    """Compute `work` again; stop where the user's function fails, or else at its first line."""
    stopper = debugger()
    with tempfile.TemporaryDirectory(prefix="disco-sim-debug-") as folder:
        try:
            compute_again(work, folder, lambda function: None)
        except Exception as error:
            stopper.reset()
            stopper.interaction(None, user_traceback(error))
            return
    traced_before = sys.gettrace()

    def stop_in(function: Any) -> None:
        while isinstance(function, partial):
            function = function.func
        code = getattr(function, "__code__", None)
        if code is None:
            return
        stopper.reset()
        # Everything from here on runs on, but for the first line of the user's function.
        stopper.botframe = sys._getframe()
        stopper.set_break(code.co_filename, code.co_firstlineno, temporary=True, funcname=code.co_name)
        stopper.set_continue()
        sys.settrace(stopper.trace_dispatch)

    with tempfile.TemporaryDirectory(prefix="disco-sim-debug-") as folder:
        try:
            compute_again(work, folder, stop_in)
        except bdb.BdbQuit:
            pass
        finally:
            sys.settrace(traced_before)
