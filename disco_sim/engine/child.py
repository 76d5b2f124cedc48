"""A worker process from inside: it computes the runs that it is sent, one after the other, until nobody is there."""

from __future__ import annotations

import bdb
import os
import pickle
import signal
import sys
import threading
from collections import deque
from multiprocessing.connection import Connection
from typing import Any, NoReturn
from weakref import WeakValueDictionary

from disco_sim.engine import parcel
from disco_sim.error import DiscoError
from disco_sim.model.work import Blob, Failure, TaskOutcome, TaskWork
from disco_sim.node import worker
from disco_sim.runtime.task import compute
from disco_sim.store.garbage import seldom_collecting

_LOOK_S = 1.0
"""Real seconds after which it is looked again whether the parent is there."""

_NO_DEBUGGER = (
    "a debugger was started in a worker process, where it has no keyboard and no screen; job.debug() runs a task again "
    "in this process, and Disco() without engine= runs all tasks here"
)


def main(number: int, folder: str) -> None:
    """Serve the process at the other end of the socket with this number; `folder` is an empty one for its runs."""
    os.set_inheritable(number, False)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    desk = _Desk(Connection(number), folder)
    sys.breakpointhook = _no_debugger
    masters: Any = worker.masters
    masters.__class__ = _Elsewhere
    masters.desk = desk
    with seldom_collecting():
        desk.serve()


def _end_with(parent: int) -> None:
    """End this process, and what it has started, once its parent is gone: a run that never ends would not notice."""
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(_LOOK_S)
    os.killpg(os.getpid(), signal.SIGKILL)


class _Early(BaseException):
    """Ends a run that cannot be computed to its end here. It is no Exception, as functions catch those."""


class _Desk:
    """Takes what is sent, and answers. `ends` is why the run at hand is of no use any more, empty while it may be."""

    def __init__(self, connection: Connection, folder: str) -> None:
        self._connection = connection
        self._folder = folder
        self._works: deque[tuple[Any, ...]] = deque()
        self._programs: dict[int, Any] = {}
        self._ends: list[int] = []

    def serve(self) -> None:
        """Compute what comes until the other end is closed."""
        try:
            self._say(parcel.READY)
            while True:
                if not self._works:
                    self._take()
                self._connection.send_bytes(_packed(self._computed(*self._works.popleft())))
        except (EOFError, OSError):
            return  # nobody is there any more

    def ask(self, question: str, *arguments: Any) -> tuple[Any, dict[str, Blob]]:
        """What the stores answer, and what came with it."""
        try:
            data = pickle.dumps((parcel.ASK, question, arguments), pickle.HIGHEST_PROTOCOL)
        except Exception:
            self.stop(parcel.REFUSED)
        self._connection.send_bytes(data)
        while (answer := self._take()) is None:
            pass
        kind, found, blobs = answer
        if kind == parcel.ERROR:
            raise parcel.opened(found)
        return found, blobs

    def stop(self, why: int) -> NoReturn:
        """End the run at hand; what it does after all, as it may catch everything, does not count."""
        self._ends.append(why)
        raise _Early

    def _say(self, *message: Any) -> None:
        self._connection.send_bytes(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))

    def _take(self) -> tuple[Any, ...] | None:
        """The next answer; None if it was a work instead, which is kept for later."""
        kind, *rest = pickle.loads(self._connection.recv_bytes())
        if kind == parcel.WORK:
            self._works.append(tuple(rest))
            return None
        return kind, *rest

    def _computed(
        self,
        facts: tuple[Any, ...],
        is_sure: bool,
        number: int,
        program: bytes | None,
        dropped: tuple[int, ...],
        blobs: dict[str, Blob],
        surroundings: parcel.Surroundings | None,
    ) -> tuple[Any, ...]:
        """How a run comes out, as it is said."""
        if surroundings is not None:
            surroundings.apply()
        for other in dropped:
            self._programs.pop(other, None)
        if program is not None:
            try:
                self._programs[number] = parcel.unpacked_program(program)
            except Exception:
                self._programs[number] = None
        if self._programs[number] is None:
            return (parcel.REFUSED,)
        kind = TaskWork if is_sure else _Unplaced
        store = _Store(self, blobs)
        work = kind(**dict(zip(parcel.FACTS, facts, strict=True)), program=self._programs[number], store=store)
        self._ends.clear()
        try:
            outcome = compute(work, self._folder)
        except bdb.BdbQuit:
            outcome = TaskOutcome(failure=Failure("fatal", f"DiscoError: {_NO_DEBUGGER}", DiscoError(_NO_DEBUGGER)))
        except BaseException as error:
            return (self._ends[0],) if self._ends else (parcel.RAISED, parcel.sealed(error))
        if self._ends:
            return (self._ends[0],)
        if outcome.failure is not None and not _loads(work.program, store):
            return (parcel.REFUSED,)
        return (parcel.OUTCOME, *parcel.sealed_outcome(outcome))


def _packed(end: tuple[Any, ...]) -> bytes:
    """How a run came out, ready to be said; what cannot travel has to be computed at the other end."""
    try:
        return pickle.dumps(end, pickle.HIGHEST_PROTOCOL)
    except Exception:
        if end[0] == parcel.OUTCOME:
            parcel.opened_outcome(*end[1:])  # so that its files are owned again, and go with it
        return pickle.dumps((parcel.REFUSED,))


def _loads(program: Any, store: _Store) -> bool:
    """Whether everything that a program and the records it has read refer to is there: classes of a notebook are not.

    The records are asked for once more, as few runs fail, and the others need not keep theirs until they end.
    """
    try:
        with program.modules_present():
            program.load()
            for url in tuple(store.pickled):
                pickle.loads(store.blob(url).data)
    except Exception:
        return False
    return True


class _Store:
    """The stores, which are with the process at the other end; `blobs` were sent along, and are read once.

    `pickled` are the URLs of those that were read and have objects of any classes in them.
    """

    def __init__(self, desk: _Desk, blobs: dict[str, Blob]) -> None:
        self.desk = desk
        self.pickled: list[str] = []
        self._blobs = blobs

    def blob(self, url: str) -> Blob:
        """The data stored under `url`."""
        blob = self._blobs.pop(url, None)
        if blob is None:
            blob, more = self.desk.ask("blob", url)
            self._blobs.update(more)
        if blob.form == "pickled":
            self.pickled.append(url)
        return blob

    def oob(self, key: str, job: str | None) -> str | bytes:
        """A committed out-of-band result."""
        found: str | bytes = self.desk.ask("oob", key, job)[0]
        return found

    def latest_oob(self, key: str) -> str | bytes | None:
        """What was put last."""
        found: str | bytes | None = self.desk.ask("latest_oob", key)[0]
        return found


class _Unplaced(TaskWork):
    """The work of a run that has no host yet."""

    __slots__ = ()
    store: _Store

    def _stop(self) -> NoReturn:
        self.store.desk.stop(parcel.STOPPED)

    host = property(_stop, lambda self, host: None)


class _Elsewhere(WeakValueDictionary[str, Any]):
    """The open Discos, which are in the process at the other end: a run that needs one has to be computed there."""

    desk: _Desk

    def _refuse(self, *_: Any) -> NoReturn:
        self.desk.stop(parcel.REFUSED)

    __iter__ = __len__ = __contains__ = __getitem__ = __setitem__ = _refuse
    get = items = keys = values = pop = setdefault = _refuse  # type: ignore[assignment]


def _no_debugger(*_: Any, **__: Any) -> None:
    if os.environ.get("PYTHONBREAKPOINT") != "0":
        raise DiscoError(_NO_DEBUGGER)
