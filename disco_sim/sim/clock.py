"""Virtual time: what will happen, in order of (time, priority, serial). Knows nothing about what the events mean."""

from __future__ import annotations

import math
from collections import deque
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

EventType = TypeVar("EventType")

FIRST, NOW, LATER = -1, 0, 1

_FEW = 64


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
        # What was put at the present time with priority NOW. It needs no heap: of the same time and priority, those
        # in the heap were put when this time was still to come, so they go first, and these follow as they came.
        self._now: deque[tuple[int, EventType]] = deque()
        # Serials that are not to happen. Some may have happened already; `withdraw` sees to it that they do not stay.
        self._withdrawn: set[int] = set()
        self._serial = 0

    def put(self, time_s: float, event: EventType, priority: int = LATER) -> int:
        """Let `event` happen at `time_s`; returns a serial by which it can be withdrawn.

        Raises:
            ValueError: If `time_s` is in the past: time never goes back.
        """
        self._serial = serial = self._serial + 1
        if time_s > self.now_s:
            heappush(self._heap, (time_s, priority, serial, event))
        elif time_s != self.now_s:
            raise ValueError(f"event at {time_s} s, but it is {self.now_s} s already; time never goes back")
        elif priority == NOW:
            self._now.append((serial, event))
        else:
            heappush(self._heap, (time_s, priority, serial, event))
        return serial

    def withdraw(self, serial: int) -> None:
        """Let the event of `serial` not happen; one that has happened stays."""
        self._withdrawn.add(serial)
        # A sweep costs as much as there are entries, so it waits until there are half as many withdrawals.
        if len(self._withdrawn) > _FEW + (len(self._heap) + len(self._now)) // 2:
            self._sweep()

    def pop(self, until_s: float = math.inf) -> EventType | None:
        """The next event, after moving time to it; None (and time stays) when there is none up to `until_s`."""
        heap, withdrawn = self._heap, self._withdrawn
        while True:
            if self._now and not (heap and heap[0] < (self.now_s, LATER)):
                if self.now_s > until_s:
                    return None
                serial, event = self._now.popleft()
                if not withdrawn or serial not in withdrawn:
                    return event
            elif heap and heap[0][0] <= until_s:
                time_s, _, serial, event = heappop(heap)
                if not withdrawn or serial not in withdrawn:
                    self.now_s = time_s
                    return event
            else:
                return None
            withdrawn.remove(serial)

    @property
    def next_s(self) -> float:
        """The time of the next event, math.inf when there is none."""
        heap, now, withdrawn = self._heap, self._now, self._withdrawn
        while now and now[0][0] in withdrawn:
            withdrawn.remove(now.popleft()[0])
        if now:
            return self.now_s
        while heap and heap[0][2] in withdrawn:
            withdrawn.remove(heappop(heap)[2])
        return heap[0][0] if heap else math.inf

    def move_to(self, time_s: float) -> None:
        """Let time pass until `time_s`, at which or before which nothing happens."""
        if self.next_s < time_s:
            raise ValueError(f"an event at {self.next_s} s would be skipped by moving to {time_s} s")
        self.now_s = max(self.now_s, time_s)

    def __len__(self) -> int:
        self._sweep()
        return len(self._heap) + len(self._now)

    def _sweep(self) -> None:
        """Drop all entries that are withdrawn, and all withdrawals: those left are of what happened already."""
        if self._withdrawn:
            self._heap[:] = [entry for entry in self._heap if entry[2] not in self._withdrawn]
            heapify(self._heap)
            self._now = deque(entry for entry in self._now if entry[0] not in self._withdrawn)
            self._withdrawn.clear()
