r"""Disco 0.3's events, which a worker writes to its stderr for the master to read.

The text of one is `**<TYPE> YY/MM/DD HH:MM:SS TAGS`, a line of its own, then the message, then `<>**`.
"""

from __future__ import annotations

import re
import sys
from datetime import datetime
from typing import Any, ClassVar

from disco_sim.error import DiscoError
from disco_sim.node.worker import running
from disco_sim.views.story import EPOCH

__all__ = [
    "AnnouncePID", "DataUnavailable", "Event", "JobFailed", "Message", "OOBData", "OutputURL", "Status", "TaskFailed",
    "WorkerDone", "parse",
]  # fmt: skip

_FORM = re.compile(r"\*\*<(?P<type>\w+)> (?P<time>\S+ \S+) ?(?P<tags>[^\n]*)\n(?P<message>.*?)\n?<>\*\*", re.DOTALL)


class Event:
    """Something that a worker tells its master; `str()` of it is the text that says so.

    It is stamped with `time`; without one with the beginning of virtual time, for a task has no clock.
    """

    type: ClassVar[str] = "EV"
    tag_list: ClassVar[tuple[str, ...]] = ()

    def __init__(self, message: Any = "", tags: tuple[str, ...] | None = None, time: datetime = EPOCH) -> None:
        self.message = message
        self.tags = self.tag_list if tags is None else tuple(tags)
        self.time = time

    @property
    def timestamp(self) -> str:
        """Date and time, as `10/09/01 00:00:00`."""
        return self.time.strftime("%y/%m/%d %H:%M:%S")

    def send(self) -> None:
        """Tell it: in a task as a line of the job's events, elsewhere on stderr."""
        task = running.get()
        if task is None:
            sys.stderr.write(f"{self}\n")
        else:
            task.message(self.level, str(self.message))

    @property
    def level(self) -> str:
        """The level of the line in the job's events."""
        return "MSG"

    def __str__(self) -> str:
        return f"**<{self.type}> {self.timestamp} {' '.join(self.tags)}\n{self.message}\n<>**"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class Message(Event):
    """A line of the user's, as msg() sends it."""

    type = "MSG"


class Status(Event):
    """How far a task is."""

    type = "STA"


class AnnouncePID(Event):
    """The process of a worker: the first thing it tells."""

    type = "PID"


class DataUnavailable(Event):
    """Data that cannot be had, with its URL as the tag: the task is tried again."""

    type = "DAT"

    def __init__(self, message: Any = "", url: str = "", time: datetime = EPOCH) -> None:
        super().__init__(message, (url,) if url else (), time)

    @property
    def level(self) -> str:
        """The level of the line in the job's events."""
        return "WARN"


class TaskFailed(Event):
    """An error that ends the job."""

    type = "ERR"

    @property
    def level(self) -> str:
        """The level of the line in the job's events."""
        return "ERROR"


JobFailed = TaskFailed


class OutputURL(Event):
    """Where a result of the task is."""

    type = "OUT"


class OOBData(Event):
    """The key of an out-of-band result, which a worker told until Disco 0.3."""

    type = "OOB"


class WorkerDone(Event):
    """The task has ended well: the last thing a worker tells."""

    type = "END"


_TYPES: dict[str, type[Event]] = {
    kind.type: kind
    for kind in (Message, Status, AnnouncePID, DataUnavailable, TaskFailed, OutputURL, OOBData, WorkerDone)
}


def parse(text: str) -> list[Event]:
    """The events in what a worker wrote, in order; other text between them is left out. Not in Disco itself.

    >>> parse(str(Message("the cat")) + "noise" + str(DataUnavailable("gone", "raw://x")))
    [Message('the cat'), DataUnavailable('gone')]

    Raises:
        DiscoError: If an event has no valid time.
    """
    events = []
    for found in _FORM.finditer(text):
        try:
            time = datetime.strptime(found["time"], "%y/%m/%d %H:%M:%S")
        except ValueError as error:
            raise DiscoError(f"An event has the time {found['time']!r}, which is not YY/MM/DD HH:MM:SS") from error
        kind = _TYPES.get(found["type"], Event)
        tags = tuple(found["tags"].split())
        event = kind.__new__(kind)
        Event.__init__(event, found["message"], tags, time)
        events.append(event)
    return events
