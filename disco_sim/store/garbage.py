"""How often Python searches for unreachable objects, where many are made that all stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Within it, Python searches for unreachable circles of objects less often.

    Whoever makes or reads a long log makes no such circles, but so many objects that the searches would take as long as
    all the rest.
    """
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
