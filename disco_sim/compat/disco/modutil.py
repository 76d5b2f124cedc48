"""Which modules job functions use, and which of those have to travel with a job: for `required_modules`."""

from __future__ import annotations

import ast
import builtins
import dis
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from types import CodeType, ModuleType
from typing import Any

from disco_sim.error import ModUtilImportError, nearest
from disco_sim.node import worker

__all__ = ["ModUtilImportError", "find_modules", "locate_modules", "parse_function", "recurse_module", "user_paths"]

_ATTRIBUTE_LOADS = ("LOAD_ATTR", "LOAD_METHOD")
_WORKER_NAMES = frozenset((*worker.__all__, "Task"))


def user_paths() -> list[str]:
    """The folders whose modules are the user's: those of PYTHONPATH, and the current one, last."""
    folders = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return list(dict.fromkeys((*folders, os.getcwd())))


def parse_function(function: Any) -> list[str]:
    """The modules that a function uses by a global name and an attribute of it, as in `random.choice`, in that order.

    A global that is a module counts under the module's own name, a name that is bound nowhere as a module of that
    name; anything else, such as a constant, is none. Functions inside the function count as well.

    >>> def fun_map(entry, params):
    ...     return [(os.path.basename(entry), [math.pi for _ in entry])]
    >>> parse_function(fun_map)
    ['os', 'math']
    """
    while isinstance(function, partial):
        function = function.func
    names: dict[str, None] = {}
    for name in _used_names(getattr(function, "__code__", None)):
        bound = function.__globals__.get(name)
        if isinstance(bound, ModuleType):
            names[bound.__name__] = None
        elif name not in function.__globals__ and not hasattr(builtins, name):
            names[name] = None
    return list(names)


def _used_names(code: CodeType | None) -> Iterator[str]:
    if code is None:
        return
    before: dis.Instruction | None = None
    for instruction in dis.get_instructions(code):
        if instruction.opname in _ATTRIBUTE_LOADS and before is not None and before.opname == "LOAD_GLOBAL":
            yield before.argval
        before = instruction
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _used_names(constant)


def find_modules(
    functions: Iterable[Any],
    send_modules: bool = True,
    recurse: bool = True,
    exclude: Iterable[str] = ("Task",),
    job_path: str | None = None,
) -> list[str | tuple[str, str]]:
    """The modules that the functions use, as `required_modules` takes them: names, and (name, path) of user modules.

    Without `send_modules` they are all names. `exclude` are names that are none; the names of a worker never are.
    `job_path`, a folder, counts as one of the user's.

    Raises:
        ModUtilImportError: If one of them cannot be found.
    """
    found: dict[str, None] = {}
    for function in functions:
        for name in parse_function(function):
            if name not in _WORKER_NAMES and name not in exclude:
                found[name] = None
    located = locate_modules(found, recurse, include_sys=True, folders=[job_path] if job_path else [])
    return located if send_modules else [entry if isinstance(entry, str) else entry[0] for entry in located]


def locate_modules(
    modules: Iterable[str], recurse: bool = True, include_sys: bool = False, folders: Iterable[str] = ()
) -> list[str | tuple[str, str]]:
    """The (name, path) of those modules that are the user's, in one of `user_paths` or of `folders`.

    With `recurse` what these import is located too; with `include_sys` the others are in the list by their names.

    Raises:
        ModUtilImportError: If one of them cannot be found.
    """
    places = [*map(os.path.abspath, folders), *user_paths()]
    located: dict[str, str | None] = {}
    for name in modules:
        _locate(name, places, recurse, located)
    return [name if path is None else (name, path) for name, path in located.items() if path is not None or include_sys]


def recurse_module(module: str, path: str) -> list[str | tuple[str, str]]:
    """The user's modules that the file of a module imports, directly or not, as `locate_modules` gives them."""
    located: dict[str, str | None] = {module: path}
    _recurse(path, [os.path.dirname(os.path.abspath(path)), *user_paths()], located)
    return [(name, found) for name, found in located.items() if found is not None and name != module]


def _locate(name: str, places: list[str], recurse: bool, located: dict[str, str | None], wanted: bool = True) -> None:
    if name in located:
        return
    path = _user_file(name, places)
    if path is None and not (name in sys.modules or _is_known(name)):
        if not wanted:  # an import of a user's module that may be in a try statement
            return
        near = nearest(name, sys.stdlib_module_names)
        raise ModUtilImportError(
            f"A job function uses {name!r} like a module, and there is no module of that name"
            f"{f' (near it: {near[0]})' if near else ''}; import it inside the function, or name all modules: "
            "required_modules=[...]",
            module=name,
        )
    located[name] = path
    if path is not None and recurse:
        _recurse(path, places, located)


def _recurse(path: str, places: list[str], located: dict[str, str | None]) -> None:
    for name in _imports_of(path):
        if _user_file(name, places) is not None:
            _locate(name, places, True, located, wanted=False)


def _user_file(name: str, places: list[str]) -> str | None:
    for place in places:
        path = os.path.join(place, *name.split("."))
        for file in (path + ".py", os.path.join(path, "__init__.py")):
            if os.path.isfile(file):
                return file
    return None


def _is_known(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _imports_of(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            tree = ast.parse(file.read(), path)
    except (OSError, SyntaxError, ValueError) as error:
        raise ModUtilImportError(
            f"The module in {path!r} cannot be read: {error}; correct it, or leave it out of required_modules"
        ) from error
    names: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(dict.fromkeys(alias.name for alias in node.names))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names[node.module] = None
            names.update(dict.fromkeys(f"{node.module}.{alias.name}" for alias in node.names))
    return list(names)
