"""Would a worker on another machine have what a job function uses? Checked by its byte code when a job is submitted."""

from __future__ import annotations

import builtins
import dis
import importlib.util
import sys
import warnings
from collections.abc import Iterator
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from disco_sim.error import ModUtilImportError, PurityError
from disco_sim.node import worker
from disco_sim.runtime.pairs import name_of
from disco_sim.runtime.program import is_installed, is_installed_module

_LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_OF_EVERY_MODULE = ("__name__", "__builtins__")


def global_names(code: CodeType, line: int | None = None) -> Iterator[tuple[str, int]]:
    """The (name, line) of every global that `code` loads, nested functions and classes too, in order.

    >>> def fun(entry):
    ...     return [len(word) for word in split(entry)]
    >>> [name for name, line in global_names(fun.__code__)]
    ['split', 'len']
    """
    line = code.co_firstlineno if line is None else line
    instructions = list(dis.get_instructions(code))
    # What the body of a class binds, it finds itself; and every namespace has its own __name__.
    known = {one.argval for one in instructions if one.opname == "STORE_NAME"} | set(_OF_EVERY_MODULE)
    for instruction in instructions:
        if instruction.starts_line is not None:
            line = _line_of(instruction, line)
        if instruction.opname in _LOADS and instruction.argval not in known:
            known.add(instruction.argval)
            yield instruction.argval, line
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from global_names(constant)


def _line_of(instruction: dis.Instruction, line: int) -> int:
    # Python 3.13 made starts_line a bool beside line_number.
    number = getattr(instruction, "line_number", instruction.starts_line)
    return number if isinstance(number, int) and not isinstance(number, bool) else line


def module_aliases(function: FunctionType, argument: str, extra: frozenset[str] = frozenset()) -> dict[str, str]:
    """The modules that `function` uses under names of the notebook: {name: module}; `extra` names are fine too.

    Raises:
        PurityError: If it has a closure, or loads a name that the notebook binds to anything but a module.
        ModUtilImportError: If it uses a module that cannot be imported.
    """
    names = worker.names()
    _refuse_closure(function, argument)
    aliases: dict[str, str] = {}
    for name, line in global_names(function.__code__):
        bound = function.__globals__.get(name, names)
        if bound is names:  # bound nowhere but perhaps in the worker: Python tells at run time
            continue
        if name in names:
            if bound is not names[name]:
                warnings.warn(
                    f"{argument} function {function.__name__!r} uses {name!r}, which the notebook defines too; in a "
                    f"task it is the worker's own {name!r}: rename yours",
                    RuntimeWarning,
                    stacklevel=7,
                )
            continue
        if name in extra or _is_builtin(name, bound):
            continue
        if isinstance(bound, ModuleType):
            if not is_importable(bound.__name__):
                raise ModUtilImportError(
                    f"{argument} function {function.__name__!r} uses module {bound.__name__!r} in line {line}, which "
                    "cannot be imported by that name; write it to a file and give "
                    f"required_modules=[({bound.__name__!r}, 'path/to/it.py')]",
                    module=bound.__name__,
                )
            aliases[name] = bound.__name__
            continue
        raise PurityError(
            f"{argument} function {function.__name__!r} uses {name!r} in line {line}, a "
            f"{_kind(bound)} of the notebook that a worker on another machine would not have. A job function knows "
            "its arguments, what it defines itself, modules, and the worker's names. Ways out: "
            f"{_inside(name, bound)} inside the function; pass it as params=Params({name}={name}) and use "
            f"params.{name}; put it in a "
            'module and name that in required_modules; or Disco(namespace="notebook") to allow it',
            function=function.__name__,
            name=name,
            line=line,
        )
    return aliases


def modules_of(function: FunctionType) -> dict[str, str]:
    """The modules that `function` uses under names of the notebook, {name: module}, as far as they can be imported.

    A name that is bound nowhere stands for the module of that name if there is one, as in Disco.
    """
    names = worker.names()
    found: dict[str, str] = {}
    for name, _ in global_names(function.__code__):
        bound = function.__globals__.get(name, names)
        module = name if bound is names else getattr(bound, "__name__", "") if isinstance(bound, ModuleType) else ""
        if name not in names and not hasattr(builtins, name) and module and is_importable(module):
            found[name] = module
    return found


def _refuse_closure(function: FunctionType, argument: str) -> None:
    if function.__closure__:
        free = ", ".join(map(repr, function.__code__.co_freevars))
        raise PurityError(
            f"{argument} function {function.__name__!r} (line {function.__code__.co_firstlineno}) is a closure over "
            f"{free}; functions travel as code, without what surrounds them. Ways out: functools.partial, params="
            'Params(...), or Disco(namespace="notebook") to allow it',
            function=function.__name__,
            name=function.__code__.co_freevars[0],
            line=function.__code__.co_firstlineno,
        )


def _is_builtin(name: str, bound: Any) -> bool:
    """Whether the notebook's object is the builtin itself, or IPython's stand-in for it."""
    if not hasattr(builtins, name):
        return False
    builtin = getattr(builtins, name)
    home = str(getattr(bound, "__module__", "") or "")
    # IPython's open() wraps the real one, and says it is of the same module.
    return builtin in (bound, getattr(bound, "__wrapped__", None)) or home.startswith(("IPython", "ipykernel"))


def _inside(name: str, bound: Any) -> str:
    """How a function gets by itself what the notebook calls `name`."""
    home, own_name = getattr(bound, "__module__", None), getattr(bound, "__name__", None)
    if not is_installed_module(home) or getattr(sys.modules[str(home)], str(own_name), None) is not bound:
        return f"define or import {name!r}"
    return f"write 'from {home} import {own_name}{f' as {name}' * (name != own_name)}'"


def _kind(bound: Any) -> str:
    if isinstance(bound, (FunctionType, BuiltinFunctionType)):
        return "function"
    return "class" if isinstance(bound, type) else f"value of type {type(bound).__name__}"


def is_importable(module: str) -> bool:
    """Whether a module can be imported by its name, also on a node."""
    if module == "__main__":
        return False
    if module in sys.modules:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def refuse_bound(argument: str, thing: Any) -> None:
    """Make sure that what is called as a job function is a function, which travels, or comes from an installed module.

    Raises:
        PurityError: For a method, a class or a callable object of the notebook: they travel by name only.
    """
    while isinstance(thing, partial):
        thing = thing.func
    if isinstance(thing, FunctionType):
        return
    home = thing.__func__ if isinstance(thing, MethodType) else thing
    if is_installed(home) if isinstance(home, FunctionType) else is_installed_module(_home_of(home)):
        return
    kind = "method" if isinstance(thing, MethodType) else "class" if isinstance(thing, type) else "callable object"
    raise PurityError(
        f"{argument} is {name_of(thing)!r}, a {kind} of the notebook; only functions travel to the nodes, as code, and "
        "see the worker's names there. Ways out: a function (def) or a @staticmethod that gets what it needs by "
        'params=Params(...); or Disco(namespace="notebook") to allow it',
        function=name_of(thing),
        name=name_of(thing),
        line=None,
    )


def _home_of(thing: Any) -> str | None:
    """The module that a builtin, a class or an object belongs to."""
    home = getattr(thing, "__module__", None) or type(thing).__module__
    return home if isinstance(home, str) else None
