"""Where runs draw random numbers: from Python's own generator and numpy's legacy one, which the user has lent."""

from __future__ import annotations

import random
import sys
from contextvars import ContextVar, Token
from typing import Any


class Generators:
    """Keeps the states that the user's generators had before the first run that drew from them, until `give_back`.

    A state is 625 numbers, so to keep and put it back takes as long as the rest of a short run's surroundings. Whoever
    has many runs computed lends the generators to all of them, by computing them within `with generators`, and gives
    them back before any code of the user's own is called.
    """

    def __init__(self) -> None:
        self._python: Any = None
        self._numpy: Any = None
        self._token: Token[Generators | None] | None = None

    @staticmethod
    def lent() -> Generators | None:
        """Those that are lent to the run that is computed now; None if it has to give back what it borrows itself."""
        return _lent.get()

    def seed(self, luck: int) -> None:
        """Let a run draw by its `luck`."""
        if self._python is None:
            self._python = random.getstate()
        random.seed(luck)
        numpy = sys.modules.get("numpy.random")
        if numpy is not None:
            if self._numpy is None:
                self._numpy = numpy, numpy.get_state()
            numpy.seed(luck % 2**32)

    def give_back(self) -> None:
        """Let the generators go on where the user left them."""
        if self._python is not None:
            random.setstate(self._python)
            self._python = None
        if self._numpy is not None:
            numpy, state = self._numpy
            numpy.set_state(state)
            self._numpy = None

    def __enter__(self) -> None:
        self._token = _lent.set(self)

    def __exit__(self, *_: object) -> None:
        assert self._token is not None
        _lent.reset(self._token)


_lent: ContextVar[Generators | None] = ContextVar("lent", default=None)
