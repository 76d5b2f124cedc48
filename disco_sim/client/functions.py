"""Can a function be called as a job calls it?"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from disco_sim.error import DiscoError
from disco_sim.runtime.pairs import name_of
from disco_sim.runtime.sandbox import shown
from disco_sim.util import argcount


def check_function(argument: str, function: Any, counts: Sequence[int], form: str) -> None:
    """Make sure that `function` can be called with one of `counts` positional arguments."""
    if not callable(function):
        raise DiscoError(
            f"{argument}={shown(function)} was given, which cannot be called; {argument} is a function {form}",
            argument=argument,
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # a builtin that does not tell what it takes
        if len(counts) > 1:
            argcount(function)  # says that it must, for how it is called depends on it
        return
    for count in counts:
        try:
            signature.bind(*[None] * count)
        except TypeError:
            continue
        return
    name = name_of(function)
    is_method = next(iter(signature.parameters), "") == "self"
    raise DiscoError(
        f"{argument} function {name}{signature} was given; it is called with {' or '.join(map(str, counts))} "
        f"arguments: write it as {form}{', under @staticmethod in a class' * is_method}",
        argument=argument,
        function=name,
    )
