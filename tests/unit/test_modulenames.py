"""The names of a module that travelling functions keep, and what is put back of it."""

from __future__ import annotations

import functools
from collections import Counter, defaultdict, deque
from typing import Any

import pytest

from disco_sim.runtime.modulenames import ModuleNames

WORDS: dict[str, Any] = {"a": [1], "b": {"c": {2}}}
SEEN = {"x"}
COUNTS: Any = Counter("aab")
LATEST: Any = deque([1], maxlen=3)
BY_KEY: Any = defaultdict(list, {"k": [1]})
BYTES = bytearray(b"ab")
CALLS: list[str] = []
NUMBER = 3
UNUSED = [1]
KEPT = {"words": WORDS}


def logged(function: Any) -> Any:
    @functools.wraps(function)
    def inner(*arguments: Any) -> Any:
        CALLS.append(function.__name__)
        return function(*arguments)

    return inner


@logged
def clean(text: str) -> str:
    SEEN.add(text)
    return text


class Store:
    @staticmethod
    def note(text: str) -> None:
        BY_KEY[text].append(1)


def cached(n: int) -> int:
    cached.memory[n] = n  # type: ignore[attr-defined]
    return n


cached.memory = {}  # type: ignore[attr-defined]


def appended(text: str, to: list[str] = CALLS) -> None:
    to.append(text)


def fun_map(entry: str, params: Any) -> Any:
    global NUMBER
    NUMBER += 1
    WORDS["a"].append(2)
    KEPT["words"]["b"]["c"].add(3)
    COUNTS[entry] += 1
    LATEST.append(entry)
    BYTES.extend(b"c")
    Store.note(entry)
    appended(entry)
    return [(clean(entry), cached(1))]


def test_all_is_put_back() -> None:
    """Whatever way a function came to a container, it has what it had before, and is the same object."""
    names = ModuleNames(globals())
    names.use(fun_map)
    objects = WORDS, SEEN, COUNTS, LATEST, BY_KEY, BYTES, CALLS
    before = repr(objects), NUMBER, cached.memory.copy()  # type: ignore[attr-defined]
    with names.restored():
        fun_map("new", None)
        assert (repr(objects), NUMBER, cached.memory) != before  # type: ignore[attr-defined]
        assert CALLS == ["new", "clean"]
    assert (repr(objects), NUMBER, cached.memory) == before  # type: ignore[attr-defined]
    assert objects[0] is KEPT["words"] is WORDS


def test_also_after_an_error() -> None:
    """A run that fails leaves nothing either."""
    names = ModuleNames(globals())
    names.use(fun_map)
    with pytest.raises(ValueError, match="broken"), names.restored():
        SEEN.clear()
        raise ValueError("broken")
    assert {"x"} == SEEN


def test_what_is_not_reached_stays_as_it_is_left() -> None:
    """Only what the functions may reach is looked at."""
    names = ModuleNames(globals())
    names.use(fun_map)
    with names.restored():
        UNUSED.append(2)
    assert UNUSED.pop() == 2


def test_names_are_those_of_the_moment() -> None:
    """What is bound later is not seen."""
    module: dict[str, Any] = {"NUMBER": 1}
    names = ModuleNames(module)
    module["NUMBER"] = 2
    assert names.names["NUMBER"] == 1
