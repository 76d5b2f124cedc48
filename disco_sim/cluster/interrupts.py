"""Ctrl-C while a cluster moves: it reaches the user's code at once, and the loop only between two events."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """Holds Ctrl-C back while an event happens, so that no event is half done.

    Only in the main thread, and only where Ctrl-C has its usual meaning; elsewhere it does nothing.
    """

    def __init__(self) -> None:
        self._is_open = False
        self._came = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within it a Ctrl-C waits for the next `let_through`, or for the end.

        Raises:
            KeyboardInterrupt: At the end, when one waited.
        """
        usual = signal.default_int_handler
        if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not usual:
            yield
            return
        signal.signal(signal.SIGINT, self._handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, usual)
        self._raise_what_waits()

    @contextmanager
    def let_through(self) -> Iterator[None]:
        """Within it a Ctrl-C is raised at once, and one that waits is raised at the start."""
        self._raise_what_waits()
        self._is_open = True
        try:
            yield
        finally:
            self._is_open = False

    def _raise_what_waits(self) -> None:
        if self._came:
            self._came = False
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._is_open:
            signal.default_int_handler(number, frame)
        self._came = True
