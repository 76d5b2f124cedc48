"""Virtual time: a heap of (time, priority, serial, event). Knows nothing about what the events mean."""

from __future__ import annotations

import heapq
import math
from typing import Generic, TypeVar

EventType = TypeVar("EventType")

FIRST, NOW, LATER = -1, 0, 1


class Clock(Generic[EventType]):
    """Events that will happen, handed out in order of time, then priority, then the order they were put in.

    >>> clock = Clock[str]()
    >>> _ = clock.put(2.0, "second"); _ = clock.put(1.0, "first")
    >>> clock.pop(), clock.now_s, clock.pop(until_s=1.5)
    ('first', 1.0, None)
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self._heap: list[tuple[float, int, int, EventType]] = []
        self._waiting: set[int] = set()
        self._serial = 0

    def put(self, time_s: float, event: EventType, priority: int = LATER) -> int:
        """Let `event` happen at `time_s`; returns a serial by which it can be withdrawn.

        Raises:
            ValueError: If `time_s` is in the past: time never goes back.
        """
        if not time_s >= self.now_s:
            raise ValueError(f"event at {time_s} s, but it is {self.now_s} s already; time never goes back")
        self._serial += 1
        heapq.heappush(self._heap, (time_s, priority, self._serial, event))
        self._waiting.add(self._serial)
        return self._serial

    def withdraw(self, serial: int) -> None:
        """Let the event of `serial` not happen; one that has happened stays."""
        self._waiting.discard(serial)

    def pop(self, until_s: float = math.inf) -> EventType | None:
        """The next event, after moving time to it; None (and time stays) when there is none up to `until_s`."""
        self._drop_withdrawn()
        if not self._heap or self._heap[0][0] > until_s:
            return None
        time_s, _, serial, event = heapq.heappop(self._heap)
        self._waiting.discard(serial)
        self.now_s = time_s
        return event

    def move_to(self, time_s: float) -> None:
        """Let time pass until `time_s`, at which or before which nothing happens."""
        self._drop_withdrawn()
        if self._heap and self._heap[0][0] < time_s:
            raise ValueError(f"an event at {self._heap[0][0]} s would be skipped by moving to {time_s} s")
        self.now_s = max(self.now_s, time_s)

    def __len__(self) -> int:
        return len(self._waiting)

    def _drop_withdrawn(self) -> None:
        while self._heap and self._heap[0][2] not in self._waiting:
            heapq.heappop(self._heap)
