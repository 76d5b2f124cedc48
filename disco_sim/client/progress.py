"""What is seen of a job while `wait()` drives it: in a notebook, on a terminal, or as a few lines of text at its end.

The real clock decides how often is drawn, never what is left at the end.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from disco_sim.client.frontend import has_front_end
from disco_sim.cluster.base import Cluster
from disco_sim.model.events import Event, JobWarned, MessageSent, RunStarted, StageStarted
from disco_sim.model.plan import Plan

if TYPE_CHECKING:
    from disco_sim.views.progress import JobProgress
    from disco_sim.views.state import NodeStates

_PAUSE_S = 0.1
_PATIENCE_S = 1.0
_NOTHING = {"text/plain": "", "text/html": ""}


class Display(Protocol):
    """Where a job's progress is drawn; while the job goes on, not before `patience_s` real seconds have gone by."""

    patience_s: float

    def begin(self, shown: JobProgress) -> None:
        """The job is about to go on."""

    def draw(self, shown: JobProgress) -> None:
        """The job has gone on."""

    def give_way(self) -> None:
        """A line is about to be printed: by a job, or a warning."""

    def end(self, shown: JobProgress) -> None:
        """The job has ended, or is not driven any more."""


def display(mode: str) -> Display | None:
    """Where progress is drawn here, or None for nowhere: mode `progress` is shown everywhere, '' where one can look."""
    if has_front_end():
        return Page()
    if sys.stderr is None or sys.stderr.closed:
        return None
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return Terminal(sys.stderr, patience_s=0.0 if mode == "progress" else _PATIENCE_S)
    return Text(sys.stderr) if mode == "progress" else None


class Progress:
    """Follows one job while the driver drives it, and has it drawn at most ten times a real second."""

    def __init__(
        self,
        cluster: Cluster,
        hosts: NodeStates,
        job: str,
        plan: Plan,
        place: Display,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        from disco_sim.views.progress import JobProgress

        self._cluster = cluster
        self._shown = JobProgress(job, plan, cluster.spec.nodes, hosts)
        self._place = place
        self._clock = clock
        self._next_s = 0.0

    def begin(self) -> None:
        """Take in what has happened before, and begin to show."""
        for event in self._cluster.log.of(self._shown.job):
            self._shown.add(event)
        self._next_s = self._clock() + self._place.patience_s
        self._place.begin(self._shown)

    def __call__(self, event: Event) -> None:
        """Take in what has just happened."""
        if getattr(event, "job", None) == self._shown.job:
            self._shown.add(event)
        kind = type(event)
        # Between two starts of runs no job function was called, so that hardly any real time has gone by.
        if kind is RunStarted or kind is StageStarted:
            now_s = self._clock()
            if now_s >= self._next_s:
                self._next_s = now_s + _PAUSE_S
                self._shown.now_s = event.time_s
                self._place.draw(self._shown)
        elif kind is JobWarned or (isinstance(event, MessageSent) and event.level == "MSG"):
            self._place.give_way()

    def end(self) -> None:
        """Show how far the job has come."""
        self._shown.now_s = self._cluster.now_s
        self._place.end(self._shown)


class Page:
    """Under a notebook's cell: lines that change while the job goes on, and in their place an output that stays.

    Their own output begins and ends empty. So a notebook that is run again has the same outputs, whatever was drawn
    meanwhile, and the last state stands behind all that the job printed.
    """

    patience_s = 0.0

    def __init__(self) -> None:
        self._place: Any = None

    def begin(self, shown: JobProgress) -> None:
        """Show the first state."""
        self._place = _displayed(_NOTHING, display_id=True)
        self.draw(shown)

    def draw(self, shown: JobProgress) -> None:
        """Change what is shown."""
        if self._place is not None:
            self._place.update({"text/plain": shown.text(), "text/html": shown.html()}, raw=True)

    def give_way(self) -> None:
        """Nothing: what jobs print has a place of its own."""

    def end(self, shown: JobProgress) -> None:
        """Take that away, and leave the last state."""
        if self._place is not None:
            self._place.update(_NOTHING, raw=True)
        _displayed({"text/plain": shown.text(), "text/html": shown.html()})


def _displayed(bundle: dict[str, Any], **options: Any) -> Any:
    from IPython.display import display

    return display(bundle, raw=True, **options)  # type: ignore[no-untyped-call]


class Terminal:
    """Lines at the foot of a terminal, written over and over; what jobs print goes above them.

    A job that is over before they were ever drawn leaves nothing, unless `patience_s` is 0.
    """

    def __init__(self, stream: TextIO, patience_s: float = _PATIENCE_S) -> None:
        self.patience_s = patience_s
        self._stream = stream
        self._n_lines = 0
        self._is_wanted = patience_s == 0.0

    def begin(self, shown: JobProgress) -> None:
        """Nothing yet."""

    def draw(self, shown: JobProgress) -> None:
        """Write the lines over those that stand there."""
        size = shutil.get_terminal_size()
        # A line that wraps, or scrolls away, could not be written over.
        lines = [line[: size.columns - 1] for line in shown.text().splitlines()[: max(size.lines - 1, 1)]]
        self._write(self._erased() + "".join(f"{line}\n" for line in lines))
        self._n_lines, self._is_wanted = len(lines), True

    def give_way(self) -> None:
        """Take the lines away."""
        if self._n_lines:
            self._write(self._erased())
            self._n_lines = 0

    def end(self, shown: JobProgress) -> None:
        """Leave the last state, if anything was shown before."""
        if self._is_wanted:
            self.draw(shown)
        self._n_lines = 0

    def _erased(self) -> str:
        return f"\x1b[{self._n_lines}F\x1b[J" if self._n_lines else ""

    def _write(self, text: str) -> None:
        written(self._stream, text)


def written(stream: TextIO, text: str) -> None:
    """Write to a stream that may be closed, or know fewer letters: to look at a job must not end it."""
    with suppress(OSError, ValueError):
        stream.write(text)
        stream.flush()


class Text:
    """Plain lines, once, at the end."""

    patience_s = math.inf

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def begin(self, shown: JobProgress) -> None:
        """Nothing."""

    def draw(self, shown: JobProgress) -> None:
        """Nothing."""

    def give_way(self) -> None:
        """Nothing."""

    def end(self, shown: JobProgress) -> None:
        """Write how far the job has come."""
        written(self._stream, f"{shown.text()}\n")
