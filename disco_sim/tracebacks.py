"""Tracebacks without the frames of disco_sim, so that users see and debug their own functions.

Knows nothing of what the errors mean.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import FrameType, TracebackType
from typing import Any

_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep


def cut_traceback(traceback: TracebackType | None, is_kept: Callable[[TracebackType], bool]) -> TracebackType | None:
    """The traceback with only the entries that are to be kept, in their order; None if there are none."""
    cut: TracebackType | None = None
    for entry in reversed(list(entries_of(traceback))):
        if is_kept(entry):
            cut = TracebackType(cut, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return cut


def entries_of(traceback: TracebackType | None) -> Iterator[TracebackType]:
    """The entries of a traceback, the outermost first."""
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def ipython_lines(error: BaseException, frames: Sequence[FrameType] = ()) -> list[str]:
    """What IPython shows of an error: frames of disco_sim left out, but for `frames`; its debugger walks no others."""
    from IPython.core.getipython import get_ipython

    error.__traceback__ = cut_traceback(
        error.__traceback__, lambda entry: entry.tb_frame in frames or not is_own(entry)
    )
    shell: Any = get_ipython()
    lines: list[str] = shell.InteractiveTB.structured_traceback(type(error), error, error.__traceback__)
    return lines


def shorten(error: BaseException) -> None:
    """Let IPython show an error that is none of ours, such as an interrupt, without the frames of disco_sim."""
    vars(error)["_render_traceback_"] = partial(ipython_lines, error)


def is_own(entry: TracebackType) -> bool:
    """Whether an entry of a traceback is a frame of disco_sim."""
    return os.path.abspath(entry.tb_frame.f_code.co_filename).startswith(_OWN_FOLDER)
