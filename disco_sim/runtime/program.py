"""How job functions travel: as code and data, without their globals, built anew in a fresh namespace for each run.

As Disco does it, a function is shipped as bare code; what it finds at the other end is the worker's
namespace. Functions of installed modules travel by name, everything else by value.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import io
import marshal
import pickle
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import Any

from disco_sim.error import DiscoError
from disco_sim.node import worker

_OWN_PACKAGE = __name__.partition(".")[0]
_INSTALLED = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def is_installed(function: FunctionType) -> bool:
    """Whether `function` belongs to an installed module (the standard library, site-packages, disco_sim)."""
    module = sys.modules.get(function.__module__ or "")
    if module is None or "<locals>" in function.__qualname__ or function.__module__ == "__main__":
        return False
    path = getattr(module, "__file__", None)
    if path is not None and function.__module__.partition(".")[0] != _OWN_PACKAGE and not path.startswith(_INSTALLED):
        return False
    found: Any = module
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is function


@dataclass(frozen=True)
class FunctionCode:
    """A shipped function: its code, its defaults (pickled, so that each run has its own), its cells if it keeps them."""

    code: CodeType
    qualname: str
    defaults: bytes | None
    closure: tuple[Any, ...] | None = None
    own_globals: dict[str, Any] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        if self.closure or self.own_globals is not None:
            raise pickle.PicklingError(f"{self.qualname} keeps its notebook's names, so it cannot leave this process")
        return _function_code, (marshal.dumps(self.code), self.qualname, self.defaults)


def _function_code(code: bytes, qualname: str, defaults: bytes | None) -> FunctionCode:
    return FunctionCode(marshal.loads(code), qualname, defaults)


@dataclass(frozen=True)
class ModuleSource:
    """A module that is needed by name, with its source and where that was read from, when it travels along."""

    name: str
    source: str | None = None
    path: str = ""


@dataclass(frozen=True)
class Program:
    """Everything the runtime needs of a job: functions, parameters, modules and files, frozen at submit.

    `roles` says of each stage what it does: `map` or `reduce`. `folder` is where the job was submitted,
    from which paths of inputs are seen.
    """

    roles: Mapping[str, str]
    functions: tuple[FunctionCode, ...]
    payload: bytes
    aliases: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[ModuleSource, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    folder: str = ""

    def load(self) -> dict[str, Any]:
        """The job's parameters with their functions, all made anew, sharing one fresh namespace."""
        names = worker.names()
        names["__builtins__"] = builtins
        names["__name__"] = worker.__name__
        for alias, module in self.aliases.items():
            names[alias] = importlib.import_module(module)
        for wanted in self.modules:
            names[wanted.name.rpartition(".")[2]] = importlib.import_module(wanted.name)
        parameters: dict[str, Any] = _Unpickler(self.payload, self.functions, names).load()
        return parameters

    @contextmanager
    def modules_present(self) -> Iterator[None]:
        """Within it, the modules that travelled with the job can be imported; afterwards they are gone again."""
        before: dict[str, ModuleType | None] = {}
        try:
            for shipped in self.modules:
                if shipped.source is None:
                    continue
                before[shipped.name] = sys.modules.get(shipped.name)
                spec = importlib.util.spec_from_loader(shipped.name, loader=None, origin=shipped.path)
                assert spec is not None
                module = importlib.util.module_from_spec(spec)
                module.__file__ = shipped.path
                sys.modules[shipped.name] = module
                exec(compile(shipped.source, shipped.path, "exec"), module.__dict__)
            yield
        finally:
            for name, module_before in before.items():
                if module_before is None:
                    sys.modules.pop(name, None)
                else:
                    sys.modules[name] = module_before


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, functions: list[FunctionCode], keep_names: bool) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._functions = functions
        self._keep_names = keep_names
        self._seen: dict[FunctionType, int] = {}

    def persistent_id(self, obj: Any) -> int | None:
        if type(obj) is not FunctionType or is_installed(obj):
            return None
        if obj not in self._seen:
            defaults = None
            if obj.__defaults__ or obj.__kwdefaults__:
                defaults = ship((obj.__defaults__, obj.__kwdefaults__), self._functions, self._keep_names)
            self._functions.append(
                FunctionCode(
                    obj.__code__,
                    obj.__qualname__,
                    defaults,
                    obj.__closure__ if self._keep_names else None,
                    obj.__globals__ if self._keep_names else None,
                )
            )
            self._seen[obj] = len(self._functions) - 1
        return self._seen[obj]


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, functions: tuple[FunctionCode, ...], names: dict[str, Any]) -> None:
        super().__init__(io.BytesIO(data))
        self._functions = functions
        self._names = names
        self._made: dict[int, FunctionType] = {}

    def persistent_load(self, pid: Any) -> FunctionType:
        function = self._made.get(pid)
        if function is None:
            shipped = self._functions[pid]
            names = self._names if shipped.own_globals is None else {**shipped.own_globals, **self._names}
            function = FunctionType(shipped.code, names, shipped.code.co_name, None, shipped.closure)
            function.__qualname__ = shipped.qualname
            if shipped.defaults is not None:
                function.__defaults__, function.__kwdefaults__ = _Unpickler(
                    shipped.defaults, self._functions, self._names
                ).load()
            self._made[pid] = function
        return function


def ship(thing: Any, functions: list[FunctionCode], keep_names: bool = False) -> bytes:
    """A pickle of `thing` in which functions are replaced by their places in `functions`, which grows.

    Raises:
        DiscoError: If something in it cannot be pickled, with its type.
    """
    file = io.BytesIO()
    try:
        _Pickler(file, functions, keep_names).dump(thing)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise DiscoError(
            f"a job parameter cannot be sent to the nodes: {error}; parameters, defaults and values travel by pickle: "
            "make such objects inside the job function, for instance in map_init"
        ) from error
    return file.getvalue()
