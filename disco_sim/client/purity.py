"""Would a worker on another machine have what a job function uses? Checked by its byte code when a job is submitted."""

from __future__ import annotations

import builtins
import dis
import warnings
from collections.abc import Iterator
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

from disco_sim.error import PurityError
from disco_sim.node import worker
from disco_sim.runtime.program import is_installed

_LOADS = ("LOAD_GLOBAL", "LOAD_NAME")


def global_names(code: CodeType, line: int | None = None) -> Iterator[tuple[str, int]]:
    """The (name, line) of every global that `code` loads, nested functions too, in order.

    >>> def fun(entry):
    ...     return [len(word) for word in split(entry)]
    >>> [name for name, line in global_names(fun.__code__)]
    ['split', 'len']
    """
    line = code.co_firstlineno if line is None else line
    loaded: set[str] = set()
    for instruction in dis.get_instructions(code):
        if instruction.starts_line is not None:
            line = _line_of(instruction, line)
        if instruction.opname in _LOADS and instruction.argval not in loaded:
            loaded.add(instruction.argval)
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
                    stacklevel=6,
                )
            continue
        if name in extra or _is_builtin(name, bound):
            continue
        if isinstance(bound, ModuleType):
            aliases[name] = bound.__name__
            continue
        raise PurityError(
            f"{argument} function {function.__name__!r} uses {name!r} in line {line}, a "
            f"{_kind(bound)} of the notebook that a worker on another machine would not have. A job function knows "
            "its arguments, what it defines itself, modules, and the worker's names. Ways out: define or import "
            f"{name!r} inside the function; pass it as params=Params({name}={name}) and use params.{name}; put it in a "
            'module and name that in required_modules; or Disco(namespace="notebook") to allow it',
            function=function.__name__,
            name=name,
            line=line,
        )
    return aliases


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
    home = str(getattr(bound, "__module__", "") or "")
    return bound is getattr(builtins, name) or home.startswith(("IPython", "ipykernel"))


def _kind(bound: Any) -> str:
    if isinstance(bound, FunctionType):
        return "function"
    return "class" if isinstance(bound, type) else f"value of type {type(bound).__name__}"


def functions_in(thing: Any, depth: int = 0) -> Iterator[FunctionType]:
    """The functions that would travel with a parameter: itself, those of a partial, of a container, of a Params."""
    if depth > 6:
        return
    if type(thing) is FunctionType:
        if not is_installed(thing):
            yield thing
            for default in (*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()):
                yield from functions_in(default, depth + 1)
    elif isinstance(thing, partial):
        for part in (thing.func, *thing.args, *thing.keywords.values()):
            yield from functions_in(part, depth + 1)
    elif isinstance(thing, (list, tuple)):
        if len(thing) < 1000:
            for part in thing:
                yield from functions_in(part, depth + 1)
    elif isinstance(thing, dict):
        if len(thing) < 1000:
            for part in thing.values():
                yield from functions_in(part, depth + 1)
    elif hasattr(thing, "__getstate__") and type(thing).__name__ == "Params":
        for part in vars(thing).values():
            yield from functions_in(part, depth + 1)
