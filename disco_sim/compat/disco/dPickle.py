"""Pickling with functions: Disco's way to send job functions to its nodes, as bare code and default arguments."""

from __future__ import annotations

import builtins
import io
import marshal
import pickle
from types import FunctionType
from typing import Any

from disco_sim.runtime.program import is_installed

__all__ = ["dump", "dumps", "load", "loads", "pack", "unpack"]

PROTOCOL = 2


def dumps(value: Any, protocol: int = PROTOCOL) -> bytes:
    """The pickle of a value in which functions are code and defaults; those of installed modules go by name.

    Functions inside containers, in functools.partial and among default arguments go along; classes go by name. A
    function's globals and annotations do not travel.

    >>> from functools import partial
    >>> loads(dumps(partial(lambda a, b=2: a + b, 5)))()
    7

    Raises:
        TypeError: If a function is a closure.
    """
    file = io.BytesIO()
    dump(value, file, protocol)
    return file.getvalue()


def loads(data: bytes, globals: dict[str, Any] | None = None) -> Any:
    """The value that `dumps` packed, with functions that see `globals` and the builtins.

    Without `globals` each call has a namespace of its own, which all its functions share. Only for data you trust.
    """
    return load(io.BytesIO(data), globals)


def dump(value: Any, file: Any, protocol: int = PROTOCOL) -> None:
    """Write what `dumps` gives to a binary file."""
    _Pickler(file, protocol).dump(value)


def load(file: Any, globals: dict[str, Any] | None = None) -> Any:
    """Read from a binary file what `dump` wrote there."""
    names: Any = {} if globals is None else globals
    names.setdefault("__builtins__", builtins)
    return _Unpickler(file, names).load()


pack, unpack = dumps, loads


class _Pickler(pickle.Pickler):
    def __init__(self, file: Any, protocol: int) -> None:
        super().__init__(file, protocol)
        self._protocol = protocol
        self._packed: dict[FunctionType, bytes] = {}

    def persistent_id(self, obj: Any) -> bytes | None:
        if type(obj) is not FunctionType or is_installed(obj):
            return None
        if obj not in self._packed:
            self._packed[obj] = self._function(obj)
        return self._packed[obj]

    def _function(self, function: FunctionType) -> bytes:
        if function.__closure__:
            raise TypeError(
                f"function {function.__name__!r} must not have closures, and it is one over "
                f"{', '.join(function.__code__.co_freevars)}: functools.partial can hold what it needs"
            )
        defaults = dumps((function.__defaults__, function.__kwdefaults__), self._protocol)
        return marshal.dumps((function.__code__, function.__qualname__, defaults))


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, names: dict[str, Any]) -> None:
        super().__init__(file)
        self._names = names
        self._made: dict[bytes, FunctionType] = {}

    def persistent_load(self, pid: Any) -> FunctionType:
        if pid not in self._made:
            code, qualname, defaults = marshal.loads(pid)
            function = FunctionType(code, self._names, code.co_name)
            function.__qualname__ = qualname
            function.__defaults__, function.__kwdefaults__ = loads(defaults, self._names)
            self._made[pid] = function
        return self._made[pid]
