"""The names of a user's module that functions of a class keep, and what is put back of it after each run.

On a real cluster the module is imported anew by every task's process, so nothing that a task changes in it lasts.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import CodeType, FunctionType
from typing import Any

_DICTS = (dict, Counter, defaultdict, OrderedDict)
_LISTS = (list, deque, bytearray)
_RESTORED = frozenset((*_DICTS, *_LISTS, set))
"""Exact types of what is put back. Other objects are left as a run leaves them, as are attributes of classes."""


class ModuleNames:
    """The names of one module as they are now; `use` tells which of them travelling functions may reach.

    What functions reach stays one object for everybody, so that it is the same by whatever way they come to it.
    """

    def __init__(self, live: dict[str, Any]) -> None:
        self._live = live
        self.names = dict(live)
        self._reached: set[str] = set()
        self._containers: dict[int, Any] = {}
        self._nesting: set[int] = set()
        self._seen: set[int] = set()

    def use(self, function: FunctionType) -> None:
        """Note what a function may reach: by its code, its defaults, its cells and its own attributes."""
        if id(function) in self._seen:
            return
        self._seen.add(id(function))
        for name in _names_of(function.__code__):
            if name in self.names and name not in self._reached:
                self._reached.add(name)
                self._reach(self.names[name])
        cells = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
        for value in (*(function.__defaults__ or ()), *cells, *vars(function).values()):
            self._reach(value)

    def _reach(self, value: Any) -> None:
        if type(value) in _RESTORED:
            self._containers[id(value)] = value
            if _has_containers(value):
                self._nesting.add(id(value))
        elif isinstance(value, (staticmethod, classmethod)):
            self._reach(value.__func__)
        elif isinstance(value, FunctionType):
            if value.__globals__ is self._live:
                self.use(value)
        elif id(value) not in self._seen and getattr(value, "__module__", None) == self._live.get("__name__"):
            # A class of the module, or an object of one: its functions may be called.
            self._seen.add(id(value))
            kind = value if isinstance(value, type) else type(value)
            for attribute in vars(kind).values():
                if isinstance(attribute, (FunctionType, staticmethod, classmethod)):
                    self._reach(attribute)

    @contextmanager
    def restored(self) -> Iterator[None]:
        """After it, the containers have what they had before, and the names of the module mean what they meant."""
        flat = [one for one in self._containers.values() if id(one) not in self._nesting]
        nesting = [one for one in self._containers.values() if id(one) in self._nesting]
        before = [(container, _copy(container)) for container in (*flat, *_nested(nesting))]
        bound = {name: self._live[name] for name in self._reached if name in self._live}
        try:
            yield
        finally:
            self._live.update(bound)
            for container, copied in before:
                _put_back(container, copied)


def _names_of(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_of(constant)


def _is_filled(cell: Any) -> bool:
    with suppress(ValueError):
        return cell.cell_contents is not cell
    return False


def _nested(containers: Any) -> Iterator[Any]:
    """The containers, and those in them at any depth, each once."""
    seen: set[int] = set()
    waiting = list(containers)
    while waiting:
        container = waiting.pop()
        if id(container) in seen:
            continue
        seen.add(id(container))
        yield container
        inner = container.values() if isinstance(container, dict) else container
        waiting += [value for value in inner if type(value) in _RESTORED]


def _has_containers(container: Any) -> bool:
    """Whether a container had others in it when it was shipped; large tables are not searched for them in every run."""
    inner = container.values() if isinstance(container, dict) else container
    return not _RESTORED.isdisjoint(map(type, inner))


def _copy(container: Any) -> Any:
    return (
        dict(container)
        if isinstance(container, dict)
        else set(container)
        if isinstance(container, set)
        else [*container]
    )


def _put_back(container: Any, copied: Any) -> None:
    # Comparing is quick where nothing was changed, for objects that are the same one are equal without being asked.
    with suppress(Exception):
        if (container if isinstance(container, (dict, set)) else [*container]) == copied:
            return
    container.clear()
    if isinstance(container, dict):
        dict.update(container, copied)  # a Counter's own would add
    elif isinstance(container, set):
        container.update(copied)
    else:
        container.extend(copied)
