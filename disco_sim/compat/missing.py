"""What is said of a name that a module of `disco` does not have: in the words of old code, and where the name is."""

from __future__ import annotations

import dis
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from types import FrameType, ModuleType
from typing import Any

from disco_sim.error import nearest

_HOMES = (
    "core", "util", "ddfs", "func", "error", "job", "worker.classic.func", "worker.classic.worker",
    "worker.pipeline.worker", "worker.task_io", "task", "settings", "comm", "fileutils", "test",
)  # fmt: skip
"""Modules in which a name is looked for, those that scripts import most first."""

_IMPORT_FROM = dis.opmap["IMPORT_FROM"]


class Missing:
    """A module's `__getattr__` while it is known as `told`, such as disco.util; `own` is the one that it had before."""

    def __init__(self, module: ModuleType, told: str, own: Any = None) -> None:
        self._module = module
        self._told = told
        self._own = own

    def __call__(self, name: str) -> Any:
        """What the module's own `__getattr__` gives.

        Raises:
            ImportError: If it gives nothing, to `from disco.util import name`.
            AttributeError: If it gives nothing, to anybody else.
        """
        if self._own is not None:
            try:
                return self._own(name)
            except AttributeError:
                pass
        caller = sys._getframe(1)
        if name.startswith("__") or caller.f_code.co_filename.startswith("<frozen "):
            # Asked by Python itself, which does not read what it is told.
            raise AttributeError(f"module {self._told!r} has no attribute {name!r}")
        if _is_from_import(caller):
            raise ImportError(f"cannot import name {name!r} from {self._told!r}{self._advice(name)}", name=self._told)
        raise AttributeError(f"module {self._told!r} has no attribute {name!r}{self._advice(name)}")

    def _advice(self, name: str) -> str:
        if name in {one.name for one in pkgutil.iter_modules(getattr(self._module, "__path__", ()))}:
            return f"; it is a module that has to be imported: import {self._told}.{name}"
        package = self._told.partition(".")[0]
        for home, names in _names_of_homes(self._module):
            if name in names:
                return f"; it is in {package}.{home}: from {package}.{home} import {name}"
        near = nearest(name, [one for one in vars(self._module) if not one.startswith("_")], most=1)
        return f"; did you mean {near[0]!r}?" if near else ""


def tell(module: ModuleType, told: str) -> None:
    """Let a module say what it does not have as the module `told`, which it is imported as."""
    own = vars(module).get("__getattr__")
    if not isinstance(own, Missing):
        vars(module)["__getattr__"] = Missing(module, told, own)


def _is_from_import(frame: FrameType) -> bool:
    """Whether a frame is at the import of a name from a module."""
    return frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == _IMPORT_FROM


def _names_of_homes(asked: ModuleType) -> Iterator[tuple[str, frozenset[str]]]:
    face = f"{__name__.rpartition('.')[0]}.disco"
    for home in _HOMES:
        module = importlib.import_module(f"{face}.{home}")
        if module is not asked:
            public = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
            yield home, frozenset(public)
