"""Every run starts alike: own folder, seeded random numbers, virtual sleep, captured prints; all undone afterwards."""

from __future__ import annotations

import os
import random
import re
import shutil
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import TextIOBase
from types import TracebackType
from typing import Any

from disco_sim.error import DiscoError
from disco_sim.node import worker
from disco_sim.runtime.context import TaskContext

_OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class _Lines(TextIOBase):
    """A text stream that sends every full line as a message of the task."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._context.message("MSG", line)
        return len(text)

    def finish(self) -> None:
        """Send what is left without a line end."""
        if self._rest:
            self.write("\n")


@contextmanager
def sandbox(
    context: TaskContext, folder: str, files: Mapping[str, bytes], luck: int, is_quiet: bool = True
) -> Iterator[None]:
    """The surroundings of one run, in `folder`, which must be empty and is empty again afterwards.

    What the run prints becomes messages, unless `is_quiet` is False, as a debugger wants it.

    Raises:
        DiscoError: If a task is computed inside a task.
    """
    if worker.running.get() is not None:
        raise DiscoError(
            "a job function tried to run a job of its own; a task holds its slot while it runs, so it cannot wait for "
            "other jobs: run one job after the other and chain them by their results"
        )
    real_sleep = time.sleep
    home = _folder_now()
    environment = os.environ.copy()
    state = random.getstate()
    numpy = sys.modules.get("numpy.random")
    numpy_state = numpy.get_state() if numpy is not None else None
    streams = sys.stdout, sys.stderr
    output = _Lines(context)
    token = worker.running.set(context)

    def sleep(seconds: float, /) -> None:
        # Other threads of the process are no tasks, and sleep for real.
        if worker.running.get() is None:
            real_sleep(seconds)
        else:
            context.sleep(seconds)

    try:
        _write(folder, files)
        os.chdir(folder)
        random.seed(luck)
        if numpy is not None:
            numpy.seed(luck % 2**32)
        time.sleep = sleep  # type: ignore[assignment]
        if is_quiet:
            sys.stdout = sys.stderr = output
        yield
    finally:
        sys.stdout, sys.stderr = streams
        time.sleep = real_sleep
        output.finish()
        worker.running.reset(token)
        random.setstate(state)
        if numpy is not None:
            numpy.set_state(numpy_state)
        if os.environ != environment:
            os.environ.clear()
            os.environ.update(environment)
        os.chdir(home)
        _empty(folder)


def _folder_now() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # somebody removed the folder that the process stands in
        return os.sep


def _write(folder: str, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


def _empty(folder: str) -> None:
    with os.scandir(folder) as left:
        for entry in left:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)


def _is_own(filename: str) -> bool:
    return os.path.abspath(filename).startswith(_OWN_FOLDER)


def user_lines(error: BaseException) -> str:
    """The user's own source lines at `error`, innermost last; our own frames and folders of this machine left out."""
    return "\n".join(
        f"{frame.name}, line {frame.lineno}: {frame.line or ''}".rstrip()
        for frame in traceback.extract_tb(error.__traceback__)
        if not _is_own(frame.filename)
    )


def user_traceback(error: BaseException) -> TracebackType | None:
    """The traceback of `error`, cut behind the user's last frame, so that a debugger stops there."""
    entries = []
    entry = error.__traceback__
    while entry is not None:
        entries.append(entry)
        entry = entry.tb_next
    own = [number for number, one in enumerate(entries) if not _is_own(one.tb_frame.f_code.co_filename)]
    cut: TracebackType | None = None
    for one in reversed(entries[: own[-1] + 1] if own else entries):
        cut = TracebackType(cut, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return cut


def shown(value: Any, limit: int = 120) -> str:
    """The repr of a user's value, cut to `limit` characters; never an error, never a memory address."""
    try:
        text = repr(value)
    except Exception as error:
        text = f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    return text if len(text) <= limit else text[: limit - 3] + "..."
