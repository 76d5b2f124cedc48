"""Tracebacks without the frames of disco_sim, so that users see and debug their own functions.

Knows nothing of what the errors mean.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from types import FrameType, TracebackType
from typing import Any

_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
_MOST_ENTRIES, _ENDS = 40, 10


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


def ipython_lines(
    error: BaseException, frames: Sequence[FrameType] = (), is_told: BaseException | None = None
) -> list[str]:
    """What IPython shows of an error: frames of disco_sim left out, but for `frames`; its debugger walks no others.

    Of the errors behind it those are left out that happened where no code of the user ran, and `is_told`.
    """
    from IPython.core.getipython import get_ipython

    error.__traceback__ = cut_traceback(
        error.__traceback__, lambda entry: entry.tb_frame in frames or not is_own(entry)
    )
    shell: Any = get_ipython()
    with short_chain(error, is_told):
        shown = _ends(error.__traceback__)
        lines: list[str] = shell.InteractiveTB.structured_traceback(type(error), error, shown)
    return lines


@contextmanager
def short_chain(error: BaseException, is_told: BaseException | None) -> Iterator[None]:
    """Within it, the errors behind `error` are those that tell the user something."""
    before: list[tuple[BaseException, BaseException | None, bool]] = []
    seen = {id(error)}
    last: BaseException | None = error
    while last is not None:
        behind = next_behind = _behind(last)
        while next_behind is not None and (next_behind is is_told or not _is_users(next_behind)):
            next_behind = _behind(next_behind)
        if next_behind is not None and id(next_behind) in seen:
            next_behind = None
        if next_behind is not behind:
            before.append((last, last.__cause__, last.__suppress_context__))
            last.__cause__ = next_behind
        if next_behind is not None:
            seen.add(id(next_behind))
            next_behind.__traceback__ = cut_traceback(next_behind.__traceback__, lambda entry: not is_own(entry))
        last = next_behind
    try:
        yield
    finally:
        for one, cause, is_suppressed in before:
            one.__cause__, one.__suppress_context__ = cause, is_suppressed


def _behind(error: BaseException) -> BaseException | None:
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _is_users(error: BaseException) -> bool:
    """Whether code of the user ran where the error happened; also if that is not known."""
    entries = list(entries_of(error.__traceback__))
    known = ("<frozen ", *installed_folders())
    return not entries or any(
        not is_own(entry) and not entry.tb_frame.f_code.co_filename.startswith(known) for entry in entries
    )


def _ends(traceback: TracebackType | None) -> TracebackType | None:
    """The first and the last entries of a traceback that is very long, as a recursion without end has one."""
    entries = list(entries_of(traceback))
    if len(entries) <= _MOST_ENTRIES:
        return traceback
    kept = entries[:_ENDS] + entries[-_ENDS:]
    return cut_traceback(traceback, lambda entry: entry in kept)


def shorten(error: BaseException) -> None:
    """Let IPython show an error that is none of ours, such as an interrupt, without the frames of disco_sim."""
    vars(error)["_render_traceback_"] = partial(ipython_lines, error)


@cache
def installed_folders() -> tuple[str, ...]:
    """The folders of the standard library and of site-packages, each with a separator at its end."""
    import sysconfig  # slow to load, and most jobs do without

    paths = sysconfig.get_paths()
    return tuple(os.path.join(paths[name], "") for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def is_own(entry: TracebackType) -> bool:
    """Whether an entry of a traceback is a frame of disco_sim."""
    return is_own_file(entry.tb_frame.f_code.co_filename)


def is_own_file(path: str) -> bool:
    """Whether code that is said to be of a file is of disco_sim."""
    return os.path.abspath(path).startswith(_OWN_FOLDER)
