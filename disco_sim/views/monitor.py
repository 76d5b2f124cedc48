"""The console monitor: Disco's DISCO_EVENTS, one printed line per line of the story, and status lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Protocol, TextIO

from disco_sim.model.events import Event
from disco_sim.views.state import JobState
from disco_sim.views.story import Story

_RESET = "\x1b[0m"
_RED, _MAGENTA = "\x1b[31m", "\x1b[35m"
_COLOURS = {"ERROR": _RED, "FATAL": _RED, "WARN": _MAGENTA, "WARNING": _MAGENTA, "READY": "\x1b[37;42m"}
_CYAN, _GREEN, _BLUE, _ON_BLUE = "\x1b[36m", "\x1b[32m", "\x1b[34m", "\x1b[37;44m"
_HOST_WIDTH = 10


class Told(Protocol):
    """A line of a job's log: what it is about, and as Disco's record (timestamp, host, text)."""

    @property
    def level(self) -> str: ...
    @property
    def record(self) -> tuple[str, str, str]: ...


class Teller(Protocol):
    """Words the events of one job, given one after the other."""

    def tell(self, event: Event) -> Sequence[Told]:
        """The lines that tell `event`, often none."""

    def status(self, state: JobState) -> str:
        """How far the job is, in one line; '' for one that has no stage yet."""


class _Documented(Story):
    """Words events, and how far a job is, as the documentation does."""

    def status(self, state: JobState) -> str:
        return status_line(state)


class Monitor:
    """Prints what happens, event by event. Modes as in Disco's DISCO_EVENTS:

    - '': nothing.
    - `json`: one JSON list [timestamp, host, text] a line, on `stream_out`.
    - `nocolor` or `text`: plain text with status lines, on `stream_err`.
    - `ansi`: the same in colour. Any other mode is `ansi` on a terminal and `text` elsewhere.

    A status line is printed when virtual time moves on and the numbers have changed, so what happens at one time gives
    one. Streams that are not given are the standard ones of the moment. `teller` gives for each job's name what words
    its events.
    """

    def __init__(
        self,
        mode: str,
        stream_out: TextIO | None = None,
        stream_err: TextIO | None = None,
        teller: Callable[[str], Teller] = lambda job: _Documented(),
    ) -> None:
        self._mode = mode
        self._out = stream_out
        self._err = stream_err
        self._teller = teller
        self._stories: dict[str, Teller] = {}
        self._states: dict[str, JobState] = {}
        self._shown: dict[str, str] = {}
        self._now_s = 0.0

    def show(self, job: str, event: Event) -> None:
        """Print what `event` of `job` says; events of several jobs may come in turn."""
        if not self._mode:
            return
        if event.time_s > self._now_s:
            self.flush()
            self._now_s = event.time_s
        if job not in self._stories:
            self._stories[job], self._states[job] = self._teller(job), JobState(job)
            if self._is_colourful:
                self._print(f"{_ON_BLUE}{job}:{_RESET}")
        state = self._states[job]
        state.add(event)
        for line in self._stories[job].tell(event):
            self._print(self._line(line))
        if state.status != "active":
            self.flush()

    def flush(self) -> None:
        """Print the status of each job whose numbers have changed since they were printed."""
        if self._mode == "json":
            return
        for job, state in self._states.items():
            status = self._stories[job].status(state)
            if status and status != self._shown.get(job):
                self._shown[job] = status
                self._print(f"{_CYAN}{status}{_RESET}" if self._is_colourful else status)

    @property
    def _is_colourful(self) -> bool:
        if self._mode in ("json", "nocolor", "text"):
            return False
        return self._mode == "ansi" or (self._err or sys.stderr).isatty()

    def _line(self, line: Told) -> str:
        time, host, text = line.record
        if self._mode == "json":
            return json.dumps([time, host, text])
        if not self._is_colourful:
            return f"{time} {host} {text}"
        colour = _COLOURS.get(line.level)
        text = f"{colour}{text}{_RESET}" if colour else text
        return f"{_GREEN}{time}{_RESET} {_BLUE}{host:<{_HOST_WIDTH}}{_RESET} {text}"

    def _print(self, text: str) -> None:
        stream = (self._out or sys.stdout) if self._mode == "json" else (self._err or sys.stderr)
        stream.write(f"{text}\n")


def status_line(state: JobState) -> str:
    """Disco's status line, of the latest stage that had any run; '' for a job that has no stage yet.

    `failed` counts failed runs, so the four numbers need not add up to the tasks.
    """
    stage = state.latest_stage
    if stage is None:
        return ""
    waiting, running, done, failed = stage.counters
    return f"Status: [{stage.stage.name}] {waiting} waiting, {running} running, {done} done, {failed} failed"
