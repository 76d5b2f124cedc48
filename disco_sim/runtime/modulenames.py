"""The names of a user's module that functions of a class keep: as they were at submission, and new for each run.

On a real cluster the module is imported anew by every task's process, so nothing that a task changes in it lasts.
"""

from __future__ import annotations

import io
import pickle
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

_COPIED = (list, dict, set, bytearray, deque, Counter, defaultdict, OrderedDict)
"""Exact types of what a run gets a copy of. Objects of other types are shared, as modules and classes are."""


class ModuleNames:
    """The names of one module; `used` are those that its travelling functions may ask for.

    `state` is a pickle of the containers and helper functions among them, to be made anew in each run; None without.
    """

    def __init__(self, live: dict[str, Any]) -> None:
        self._live = live
        self.names = dict(live)
        self.used: set[str] = set()
        self.state: bytes | None = None

    def use(self, code: CodeType) -> None:
        """Note the names that `code` may load, and what functions of the module behind them may load."""
        for name in _names_of(code):
            if name in self.used or name not in self.names:
                continue
            self.used.add(name)
            value = self.names[name]
            if self._is_helper(value):
                self.use(value.__code__)

    def pack(self, pickler: Callable[[io.BytesIO], pickle.Pickler]) -> None:
        """Pickle what each run gets anew; what cannot be pickled is shared."""
        copied = {
            name: self.names[name]
            for name in sorted(self.used)
            if type(self.names[name]) in _COPIED or self._is_helper(self.names[name])
        }
        for chosen in (copied, {name: value for name, value in copied.items() if _travels(value, pickler)}):
            if not chosen:
                return
            file = io.BytesIO()
            try:
                pickler(file).dump(chosen)
            except Exception:
                continue
            self.state = file.getvalue()
            return

    def _is_helper(self, value: Any) -> bool:
        return isinstance(value, FunctionType) and value.__globals__ is self._live and not value.__closure__


def _names_of(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_of(constant)


def _travels(value: Any, pickler: Callable[[io.BytesIO], pickle.Pickler]) -> bool:
    try:
        pickler(io.BytesIO()).dump(value)
    except Exception:
        return False
    return True
