"""A bar on a terminal that shows how far the running stages are; it appears only when a stage takes long."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO

import click

from disco_sim.model import events
from disco_sim.model.events import Event

if TYPE_CHECKING:
    # Its module is not among those that click promises to keep.
    from click._termui_impl import ProgressBar

_CLEAR_LINE = "\r\x1b[2K"


class Progress:
    """A listener for `Disco.listeners`: tasks done of all tasks of the running stages, of all jobs together.

    It looks at the clock only when a task is done, waits `patience_s` real seconds before it shows
    anything, and draws at most every `pause_s`. What jobs print goes above the bar.
    """

    def __init__(
        self, stream: TextIO, patience_s: float = 1.0, pause_s: float = 0.1, clock: Callable[[], float] = monotonic
    ) -> None:
        self._stream = stream
        self._patience_s = patience_s
        self._pause_s = pause_s
        self._clock = clock
        self._stages: dict[tuple[str, str], list[int]] = {}
        self._bar: ProgressBar[Any] | None = None
        self._is_drawn = False
        self._next_s = 0.0

    def __call__(self, event: Event) -> None:
        """Take in what has happened."""
        match event:
            case events.RunFinished():
                stage = self._stages.get((event.job, event.stage))
                if stage is not None:
                    stage[0] += 1
                    if self._clock() >= self._next_s:
                        self._draw()
            case events.MessageSent(level="MSG") if self._is_drawn:
                self._stream.write(_CLEAR_LINE)
                self._stream.flush()
                self._is_drawn = False
            case events.StageStarted():
                if not self._stages:
                    self._next_s = self._clock() + self._patience_s
                self._stages[event.job, event.stage] = [0, len(event.tasks)]
            case events.StageFinished():
                if self._bar is not None:
                    self._draw()
                self._end((event.job, event.stage))
            case events.JobDied():
                for key in [key for key in self._stages if key[0] == event.job]:
                    self._end(key)

    def close(self) -> None:
        """Leave the bar as it is, and the cursor on a line of its own."""
        if self._bar is not None:
            self._bar.render_finish()
            self._bar, self._is_drawn = None, False

    def _end(self, key: tuple[str, str]) -> None:
        self._stages.pop(key, None)
        if not self._stages:
            self.close()

    def _draw(self) -> None:
        self._next_s = self._clock() + self._pause_s
        n_tasks = sum(total for _, total in self._stages.values())
        n_done = min(sum(done for done, _ in self._stages.values()), n_tasks)
        names = ", ".join(dict.fromkeys(stage for _, stage in self._stages))
        if self._bar is None:
            self._bar = click.progressbar(length=n_tasks, label=names, file=self._stream, show_pos=True)
            self._bar.render_progress()
        self._bar.length, self._bar.label = n_tasks, names
        self._bar.update(n_done - self._bar.pos)
        self._is_drawn = True
