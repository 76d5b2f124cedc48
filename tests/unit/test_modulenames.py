"""The names of a module that travelling functions keep."""

from __future__ import annotations

import io
import pickle
from typing import Any

from disco_sim.runtime.modulenames import ModuleNames

CODE = """
import math
WORDS = {"a": [1]}
UNUSED = [1]
LOCK = __import__("threading").Lock()
LOCKED = [LOCK]
NUMBER = 3

def helper():
    return deeper() + WORDS["a"][0]

def deeper():
    def inner():
        return len(LOCKED)
    return NUMBER

def fun_map(entry, params):
    return [(math.sqrt(4), helper())]
"""


class Names(pickle.Pickler):
    """Functions are replaced by their names."""

    def persistent_id(self, obj: Any) -> str | None:
        return obj.__name__ if callable(obj) and hasattr(obj, "__code__") else None


class Unnamed(pickle.Unpickler):
    """And back."""

    def persistent_load(self, pid: Any) -> Any:
        return f"function {pid}"


def test_what_is_made_anew() -> None:
    """Containers and helpers that the function reaches are pickled; what it does not reach, or cannot be, is not."""
    module: dict[str, Any] = {}
    exec(CODE, module)
    names = ModuleNames(module)
    names.use(module["fun_map"].__code__)
    assert names.used >= {"math", "helper", "deeper", "WORDS", "LOCKED", "NUMBER"}
    assert "UNUSED" not in names.used
    names.pack(Names)
    assert names.state is not None
    copied = Unnamed(io.BytesIO(names.state)).load()
    assert copied == {"WORDS": {"a": [1]}, "helper": "function helper", "deeper": "function deeper"}


def test_names_are_those_of_the_moment() -> None:
    """What is bound later is not seen."""
    module: dict[str, Any] = {"NUMBER": 1}
    names = ModuleNames(module)
    module["NUMBER"] = 2
    assert names.names["NUMBER"] == 1


def test_nothing_to_copy() -> None:
    """A function that uses no container needs no state."""
    module: dict[str, Any] = {}
    exec("def fun_map(entry, params):\n    return [(entry, len(entry))]\n", module)
    names = ModuleNames(module)
    names.use(module["fun_map"].__code__)
    names.pack(Names)
    assert names.state is None
