"""A Python script, run in this process as `python SCRIPT ARGS` would run it, and not over before it is left."""

from __future__ import annotations

import atexit
import builtins
import io
import os
import pkgutil
import runpy
import sys
import threading
import traceback
import zipfile
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any, Self

from disco_sim.runtime.program import is_installed_module


class Script:
    """A script with its arguments: within it, sys.argv, sys.path and the module __main__ are those of the script.

    `run` executes it and `end` does what Python does when a script is through. Objects of the script's own classes can
    be read until it is left.
    """

    def __init__(self, path: str, arguments: tuple[str, ...] = ()) -> None:
        self.path = path
        self._arguments = arguments
        self._main = ModuleType("__main__")
        self._asked: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = []

    def __enter__(self) -> Self:
        self._before = sys.argv, sys.path[:], sys.modules["__main__"], atexit.register, atexit.unregister
        self._threads = set(threading.enumerate())
        sys.argv = [self.path, *self._arguments]
        sys.path.insert(0, os.path.dirname(os.path.abspath(self.path)))
        atexit.register, atexit.unregister = self._register, self._unregister
        vars(self._main).update(__file__=os.path.abspath(self.path), __builtins__=builtins, __cached__=None)
        sys.modules["__main__"] = self._main
        return self

    def __exit__(self, *_: object) -> None:
        argv, path, main, atexit.register, atexit.unregister = self._before
        sys.argv, sys.path[:], sys.modules["__main__"] = argv, path, main

    def run(self) -> None:
        """Execute the script; what it raises gets out."""
        if zipfile.is_zipfile(self.path):
            vars(self._main).update(runpy.run_path(self.path, run_name="__main__"))
        else:
            exec(self._code(), vars(self._main))

    def end(self) -> None:
        """Wait for the threads that the script has started, and call what it gave to atexit, the latest first.

        Daemons are not waited for. An error of such a function is printed, and the next one called.
        """
        while threads := [
            one
            for one in threading.enumerate()
            if one not in self._threads and not one.daemon and one is not threading.current_thread()
        ]:
            for thread in threads:
                thread.join()
        while self._asked:
            function, arguments, options = self._asked.pop()
            try:
                function(*arguments, **options)
            except SystemExit:
                pass
            except Exception as error:
                told = traceback.TracebackException.from_exception(error)
                told.stack[:] = told.stack[1:]  # all but this call
                print("Error in an atexit function:", *told.format(), sep="\n", end="", file=sys.stderr)

    def _code(self) -> CodeType:
        with io.open_code(self.path) as file:
            code: CodeType | None = pkgutil.read_code(file)  # of a .pyc file
        if code is None:
            with io.open_code(self.path) as file:
                code = compile(file.read(), self.path, "exec", dont_inherit=True)
        return code

    def _register(self, function: Any, /, *arguments: Any, **options: Any) -> Any:
        # What installed modules ask for, the process's own end is meant by.
        if is_installed_module(sys._getframe(1).f_globals.get("__name__")):
            return self._before[3](function, *arguments, **options)
        self._asked.append((function, arguments, options))
        return function

    def _unregister(self, function: Any) -> None:
        self._asked = [one for one in self._asked if one[0] != function]
        self._before[4](function)
