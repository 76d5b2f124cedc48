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
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from types import CodeType, FunctionType, ModuleType, NoneType
from typing import Any

from disco_sim.error import DiscoError
from disco_sim.model.dialect import DOCUMENTED, Dialect
from disco_sim.node import worker
from disco_sim.runtime.modulenames import ModuleNames
from disco_sim.tracebacks import installed_folders

_OWN_PACKAGE = __name__.partition(".")[0]

_PLAIN = (NoneType, bool, int, float, str, bytes)


def is_installed_module(name: str | None) -> bool:
    """Whether a loaded module is an installed one: of the standard library, site-packages or disco_sim."""
    module = sys.modules.get(name or "")
    if name is None or module is None or name == "__main__":
        return False
    path = getattr(module, "__file__", None)
    return path is None or name.partition(".")[0] == _OWN_PACKAGE or path.startswith(installed_folders())


def is_installed(function: FunctionType) -> bool:
    """Whether `function` can be found by its name in an installed module, on a node as well as here."""
    if not is_installed_module(function.__module__):
        return False
    found: Any = sys.modules[function.__module__]
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is function


@dataclass(frozen=True)
class FunctionCode:
    """A shipped function: its code, its defaults (pickled: each run has its own), its cells if it keeps them.

    `own_globals` are names that it keeps: a notebook's as they are when it runs, a module's as they were when it left.
    """

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

    `roles` says of each stage what it does: `map`, `reduce`, `shuffle` or `pipeline`. `constants` are the parameters
    that no run could change; `payload` are the others, pickled one behind the other, with `functions` as places.
    `folder` is where the job was submitted, from which paths of inputs are seen. `namespace` returns the globals that
    the functions run with. `kept` are the modules whose names some functions keep.
    """

    roles: Mapping[str, str]
    functions: tuple[FunctionCode, ...]
    payload: bytes
    constants: Mapping[str, Any] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[ModuleSource, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    folder: str = ""
    dialect: Dialect = DOCUMENTED
    namespace: Callable[[], dict[str, Any]] = worker.namespace
    kept: tuple[ModuleNames, ...] = ()

    def load(self) -> dict[str, Any]:
        """The job's parameters with their functions, all made anew, sharing one fresh namespace."""
        names = self.namespace()
        names["__builtins__"] = builtins
        for alias, module in self.aliases.items():
            names[alias] = importlib.import_module(module)
        for wanted in self.modules:
            names[wanted.name.rpartition(".")[2]] = importlib.import_module(wanted.name)
        unpickler = _Unpickler(self.payload, self.functions, names, {}, is_own_first=not self.dialect.names_are_checked)
        parameters = dict(self.constants)
        while (packed := unpickler.load()) is not None:
            name, parameters[name] = packed
        return parameters

    @property
    def pack(self) -> bytes:
        """All parameters, pickled one behind the other, with the functions as places."""
        constants = [pickle.dumps(entry, pickle.HIGHEST_PROTOCOL) for entry in self.constants.items()]
        return b"".join((*constants, self.payload))

    def modules_present(self) -> AbstractContextManager[None]:
        """Within it, the modules that travelled with the job can be imported; afterwards they are gone again.

        What is changed meanwhile in the modules whose names functions keep is put back.
        """
        return self._modules_present() if self.modules or self.kept else nullcontext()

    @contextmanager
    def _modules_present(self) -> Iterator[None]:
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
            with ExitStack() as restored:
                for module_names in self.kept:
                    restored.enter_context(module_names.restored())
                yield
        finally:
            for name, module_before in before.items():
                if module_before is None:
                    sys.modules.pop(name, None)
                else:
                    sys.modules[name] = module_before


class Shipment:
    """Job parameters being packed, one behind the other; what several of them share stays shared.

    With `keep_names` functions keep the names and cells of their notebook; they, and those that are given the names of
    their module, cannot leave this process.
    """

    def __init__(self, keep_names: bool = False) -> None:
        self._keep_names = keep_names
        self._is_of_module = False
        self._modules: dict[int, ModuleNames] = {}
        self._file = io.BytesIO()
        self._functions: list[FunctionCode] = []
        self._sources: list[FunctionType] = []
        self._pickler = _Pickler(self._file, self._place)
        self._constants: dict[str, Any] = {}

    def add(self, name: str, value: Any, with_module: bool = False) -> list[FunctionType]:
        """Pack a parameter; the functions that travel with it for the first time, with their module's names if asked.

        Raises:
            DiscoError: If something in it cannot be pickled.
        """
        if _is_constant(value):
            self._constants[name] = value
            return []
        n_before = len(self._sources)
        self._is_of_module = with_module
        try:
            self._pickler.dump((name, value))
        except Exception as error:
            raise DiscoError(
                f"job parameter {name!r} cannot be sent to the nodes: {error}; parameters, what they hold and the "
                "default arguments of functions travel by pickle: make such objects inside the job function, for "
                "instance in map_init",
                argument=name,
            ) from error
        finally:
            self._is_of_module = False
        return self._sources[n_before:]

    def packed(self) -> tuple[tuple[FunctionCode, ...], bytes, dict[str, Any]]:
        """`functions`, `payload` and `constants` of a Program."""
        self._pickler.dump(None)
        return tuple(self._functions), self._file.getvalue(), self._constants

    @property
    def kept(self) -> tuple[ModuleNames, ...]:
        """The modules whose names functions keep."""
        return tuple(self._modules.values())

    def _place(self, function: FunctionType) -> int:
        """The place of a function among all that travel; its default arguments are packed at once."""
        defaults = None
        if function.__defaults__ or function.__kwdefaults__:
            file = io.BytesIO()
            _Pickler(file, self._place).dump((function.__defaults__, function.__kwdefaults__))
            defaults = file.getvalue()
        shipped = FunctionCode(function.__code__, function.__qualname__, defaults)
        if self._is_of_module:
            own = function.__globals__
            module = self._modules.setdefault(id(own), ModuleNames(own))
            module.use(function)
            shipped = replace(shipped, closure=function.__closure__, own_globals=module.names)
        elif self._keep_names:
            shipped = replace(shipped, closure=function.__closure__, own_globals=function.__globals__)
        self._functions.append(shipped)
        self._sources.append(function)
        return len(self._functions) - 1


def _is_constant(value: Any) -> bool:
    """Whether a run gets the same object as all others, for it is plain, an installed function, or a tuple of such."""
    if type(value) is tuple:
        return all(map(_is_constant, value))
    return type(value) in _PLAIN or (type(value) is FunctionType and is_installed(value))


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, place: Callable[[FunctionType], int]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._place = place
        self._seen: dict[FunctionType, int] = {}

    def persistent_id(self, obj: Any) -> int | None:
        if type(obj) is not FunctionType or is_installed(obj):
            return None
        if obj not in self._seen:
            self._seen[obj] = self._place(obj)
        return self._seen[obj]


class _Unpickler(pickle.Unpickler):
    """Makes functions anew in the namespace `names`; those that keep a module's names share one for each module.

    Where both have a name, it is the module's if `is_own_first`.
    """

    def __init__(
        self,
        data: bytes,
        functions: tuple[FunctionCode, ...],
        names: dict[str, Any],
        modules: dict[int, dict[str, Any]],
        is_own_first: bool = False,
    ) -> None:
        super().__init__(io.BytesIO(data))
        self._functions = functions
        self._names = names
        self._modules = modules
        self._is_own_first = is_own_first
        self._made: dict[int, FunctionType] = {}

    def persistent_load(self, pid: Any) -> FunctionType:
        function = self._made.get(pid)
        if function is None:
            shipped = self._functions[pid]
            names = self._names
            own = shipped.own_globals
            if own is not None:
                if id(own) not in self._modules:
                    self._modules[id(own)] = {**self._names, **own} if self._is_own_first else {**own, **self._names}
                names = self._modules[id(own)]
            function = FunctionType(shipped.code, names, shipped.code.co_name, None, shipped.closure)
            function.__qualname__ = shipped.qualname
            if shipped.defaults is not None:
                function.__defaults__, function.__kwdefaults__ = self._again(shipped.defaults)
            self._made[pid] = function
        return function

    def _again(self, data: bytes) -> Any:
        return _Unpickler(data, self._functions, self._names, self._modules, self._is_own_first).load()
