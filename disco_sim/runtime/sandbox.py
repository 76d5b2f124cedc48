"""Every run starts alike: own folder, seeded random numbers, virtual sleep, captured prints; all undone afterwards."""

from __future__ import annotations

import bdb
import cProfile
import importlib.util
import os
import shutil
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.machinery import ModuleSpec
from io import TextIOBase
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from disco_sim.error import DiscoError
from disco_sim.node import worker
from disco_sim.runtime.context import TaskContext
from disco_sim.runtime.context import shown as shown
from disco_sim.runtime.generators import Generators
from disco_sim.tracebacks import cut_traceback, installed_folders, is_own, is_own_file

if TYPE_CHECKING:
    import traceback

_MOST_LINES = 6
_WARNING = 30
"""The level that logging's root has when nobody has set one."""


_UNTOUCHED_NS = 20_100_900 * 10**9
"""When an empty folder was changed, as its time says until something is put into it: asking is sooner than looking."""


class _Lines(TextIOBase):
    """A text stream that sends every full line as a message of the task.

    A debugger that a job function has started talks to the user instead, on `screen`.
    """

    def __init__(self, context: TaskContext, screen: TextIO) -> None:
        self._context = context
        self._screen = screen
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if _is_debugged():
            return self._screen.write(text)
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._context.message("MSG", line)
        return len(text)

    def flush(self) -> None:
        if _is_debugged():
            self._screen.flush()

    def finish(self) -> None:
        """Send what is left without a line end."""
        if self._rest:
            self.write("\n")


class _NumpySeeder:
    """Seeds numpy's legacy generator when a run is the first in the process to import it.

    A finder of modules without Python's class for finders, which takes longer to load than the rest of this module.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname != "numpy.random":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_seed(module: Any) -> None:
                load(module)
                module.seed(self._seed)

            spec.loader.exec_module = load_and_seed  # type: ignore[method-assign]
        return spec


class _Logs:
    """What the root logger was like: a handler made in a task would write to that task for ever."""

    def __init__(self) -> None:
        root = self._root()
        self._handlers = [] if root is None else root.handlers[:]
        self._level = _WARNING if root is None else root.level

    def restore(self) -> None:
        """Make it so again."""
        root = self._root()
        if root is not None:
            root.handlers[:] = self._handlers
            root.setLevel(self._level)

    @staticmethod
    def _root() -> Any:
        # Not imported for this: where nobody has, there is nothing to restore.
        logging = sys.modules.get("logging")
        return None if logging is None else logging.root


class _Environment:
    """What the environment variables were like."""

    def __init__(self) -> None:
        self._environ: Any = os.environ
        # As Python keeps them: its mapping would decode each of them, which took a third of the time of a short run.
        self._now: Any = getattr(self._environ, "_data", self._environ)
        self._before = dict(self._now)

    def restore(self) -> None:
        """Make them so again."""
        os.environ = self._environ  # noqa: B003 - a run may have put another object there
        if self._now != self._before:
            decoded = getattr(self._environ, "decodevalue", str)
            before = {decoded(name): decoded(value) for name, value in self._before.items()}
            self._environ.clear()
            self._environ.update(before)


def _is_debugged() -> bool:
    return isinstance(getattr(sys.gettrace(), "__self__", None), bdb.Bdb)


@contextmanager
def sandbox(
    context: TaskContext, folder: str, files: Mapping[str, bytes], luck: int, is_quiet: bool = True
) -> Iterator[None]:
    """The surroundings of one run, in `folder`, which must be empty and is empty again afterwards.

    What the run prints becomes messages, unless `is_quiet` is False, as a debugger wants it. Random generators that are
    lent to it stay as it leaves them, until they are given back.

    Raises:
        DiscoError: If a task is computed inside a task.
    """
    if worker.running.get() is not None:
        raise DiscoError(
            "a job function tried to run a job of its own; a task holds its slot while it runs, so it cannot wait for "
            "other jobs: run one job after the other and chain them by their results"
        )
    real_sleep, real_exit, process = time.sleep, os._exit, os.getpid()
    home = _folder_now()
    environment, depth = _Environment(), sys.getrecursionlimit()
    path, argv = sys.path, sys.argv
    search_path, arguments = path[:], argv[:]
    lent = Generators.lent()
    generators, has_numpy = lent or Generators(), "numpy.random" in sys.modules
    seeder = _NumpySeeder(luck % 2**32)
    streams = sys.stdin, sys.stdout, sys.stderr
    hook, logs = sys.excepthook, _Logs()
    output = _Lines(context, sys.stdout)
    token = worker.running.set(context)

    def sleep(seconds: float, /) -> None:
        # Other threads of the process are no tasks, and sleep for real.
        if worker.running.get() is None:
            real_sleep(seconds)
        else:
            context.sleep(seconds)

    def end_worker(status: int) -> NoReturn:
        # A task is no process of its own here: what ends its worker must not end the notebook. A child's own end may.
        if worker.running.get() is None or os.getpid() != process:
            real_exit(status)
        raise SystemExit(status)

    try:
        _enter(folder, files)
        generators.seed(luck)
        if "decimal" in sys.modules:
            import decimal  # loaded already: its precision is that of the run's own context

            decimal.setcontext(decimal.DefaultContext.copy())
        if not has_numpy:
            sys.meta_path.insert(0, seeder)
        time.sleep = sleep  # type: ignore[assignment]
        os._exit = end_worker
        if is_quiet:
            sys.stdout = sys.stderr = output
        # Filters are put back, and what Python warns of once in a process it warns of once in a run.
        with warnings.catch_warnings():
            try:
                yield
            except BaseException:
                with suppress(DiscoError):  # what made the run fail is the error that counts
                    output.finish()
                raise
            output.finish()
    finally:
        # Nothing here fails for what a task may have done: what is behind it would not be put back.
        sys.stdin, sys.stdout, sys.stderr = streams
        sys.argv, sys.path, sys.excepthook = argv, path, hook
        argv[:], path[:] = arguments, search_path
        logs.restore()
        time.sleep, os._exit = real_sleep, real_exit
        worker.running.reset(token)
        if lent is None:
            generators.give_back()
        if seeder in sys.meta_path:
            sys.meta_path.remove(seeder)
        elif not has_numpy and "numpy.random" in sys.modules:
            sys.modules["numpy.random"].seed()
        environment.restore()
        sys.setrecursionlimit(depth)
        try:
            os.chdir(home)
        except FileNotFoundError:  # the run removed it
            os.chdir(os.sep)
        _empty(folder)


def _folder_now() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # somebody removed the folder that the process stands in
        return os.sep


def _enter(folder: str, files: Mapping[str, bytes]) -> None:
    try:
        os.chdir(folder)
    except FileNotFoundError:  # a run before removed it
        os.makedirs(folder)
        os.chdir(folder)
    for name, content in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


def _empty(folder: str) -> None:
    try:
        if os.stat(folder).st_mtime_ns == _UNTOUCHED_NS:
            return
        # Before it is looked into, so that what comes meanwhile is found after the next run.
        os.utime(folder, ns=(_UNTOUCHED_NS, _UNTOUCHED_NS))
        left = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with left:
        for entry in left:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)


def user_lines(error: BaseException) -> str:
    """The user's own source lines at `error`, innermost last, at most the last six; no folders of this machine.

    Lines of installed modules are left out, unless there are no others. Where the error itself has none, they are those
    of the error that it came from: a generator's StopIteration, say.
    """
    entries, behind = _told_frames(error), error.__cause__ or error.__context__
    while not entries and behind is not None:
        entries, behind = _told_frames(behind), behind.__cause__ or behind.__context__
    known = (*installed_folders(), "<frozen ")
    frames = [frame for frame in entries if not frame.filename.startswith(known)] or entries
    lines = [f"{frame.name}, line {frame.lineno}: {frame.line or ''}".rstrip() for frame in frames[-_MOST_LINES:]]
    if len(frames) > _MOST_LINES:
        lines.insert(0, "... (more calls before these)")
    return "\n".join(lines)


def _told_frames(error: BaseException) -> list[traceback.FrameSummary]:
    import traceback  # only needed once something has gone wrong

    return list(traceback.extract_tb(cut_traceback(error.__traceback__, lambda entry: not _is_machinery(entry))))


def told_traceback(error: BaseException) -> str:
    """The traceback of `error` as Python prints it, with the errors behind it, and without the frames of disco_sim."""
    import traceback

    told: traceback.TracebackException | None = traceback.TracebackException.from_exception(error)
    assert told is not None
    text_of = told
    while told is not None:
        told.stack[:] = [frame for frame in told.stack if not is_own_file(frame.filename)]
        told = told.__cause__ or (None if told.__suppress_context__ else told.__context__)
    return "".join(text_of.format())


def user_traceback(error: BaseException) -> TracebackType | None:
    """The traceback of `error`, from the user's first frame to the last, so that a debugger stops there.

    Where none is the user's: the last frame, of a function of ours that was used as a job function, say; None if the
    error is one of ours, which says all in its message.
    """
    entries = []
    entry = error.__traceback__
    while entry is not None:
        entries.append(entry)
        entry = entry.tb_next
    own = [number for number, one in enumerate(entries) if not _is_machinery(one)]
    if not own:
        return None if isinstance(error, DiscoError) or not entries else entries[-1]
    kept = entries[own[0] : own[-1] + 1]
    return cut_traceback(error.__traceback__, lambda entry: entry in kept)


def _is_machinery(entry: TracebackType) -> bool:
    """Whether a frame is of what runs job functions: disco_sim, or the profiler that it is asked to use."""
    return is_own(entry) or entry.tb_frame.f_code.co_filename == cProfile.__file__
