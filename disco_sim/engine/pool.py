"""The worker processes of an engine, from the side of this process, which acts only while it waits for a run's end."""

from __future__ import annotations

import pickle
import shutil
import tempfile
import threading
from collections import OrderedDict, deque
from types import SimpleNamespace
from typing import Any, NamedTuple
from weakref import ref

from disco_sim.engine import parcel
from disco_sim.engine.ahead import Run, Stage
from disco_sim.engine.process import Died, WorkerProcess, check_platform
from disco_sim.error import DiscoError
from disco_sim.model.work import Failure, TaskOutcome
from disco_sim.node import worker

_MOST_AT_HAND = 2
"""How many runs a process has: the one that it computes, and the next."""

_LOOK_S = 1.0
"""Real seconds of silence after which it is looked whether a process is gone."""

_MOST_PROGRAMS = 32

_WAITING: Any = SimpleNamespace(is_interruptible=True)
"""Stands for a task while this process waits for one, so that Ctrl-C reaches it at once."""


class SentProgram(NamedTuple):
    """A job's program under a number; `data` is None if it cannot leave this process."""

    number: int
    program: Any
    data: bytes | None


class Pool:
    """Up to `n` processes that compute runs: those that are waited for, and between them the next ones of `stages`.

    No thread of its own listens to them. What the processes ask, and how their runs end, is taken while `compute` or
    `wait` is waiting for one of them.

    Raises:
        DiscoError: Where there are no such processes.
    """

    def __init__(self, n: int) -> None:
        check_platform()
        self._n = n
        self._lock = threading.RLock()
        self._processes: list[WorkerProcess] = []
        self._stages: list[ref[Stage]] = []
        self._ungiven: deque[Run] = deque()
        self._programs: OrderedDict[int, SentProgram] = OrderedDict()
        self._n_programs = 0
        self._surroundings: parcel.Surroundings | None = None
        self._folder = ""

    def takes(self, program: Any) -> bool:
        """Whether a program can be sent to worker processes."""
        with self._lock:
            return self._program(program).data is not None

    def compute(self, run: Run) -> None:
        """Let a run that starts now be computed; returns when it has ended.

        Raises:
            KeyboardInterrupt: When the user interrupts it.
            DiscoError: If no process can be started.
        """
        with self._lock:
            self._look_around()
            self._ungiven.appendleft(run)
            self._serve(run)

    def add(self, stage: Stage) -> None:
        """Compute runs of a stage, from the next call of `compute` or `wait` on."""
        with self._lock:
            self._look_around()
            self._stages = [one for one in self._stages if one() is not None]
            self._stages.append(ref(stage))

    def wait(self, run: Run) -> bool:
        """Let go on, as `compute` does, until a run of a stage has ended; whether this process is still as it saw it.

        Between two steps the user may have changed the environment or the search path.
        """
        with self._lock:
            self._look_around()
            self._serve(run)
            return run.surroundings == self._surroundings

    def withdraw(self, stage: Stage) -> None:
        """Compute no more of a stage; what computes one of its runs is ended."""
        with self._lock:
            self._stages = [one for one in self._stages if one() not in (stage, None)]
            self._ungiven = deque(run for run in self._ungiven if not run.is_of(stage))
            for process in self._processes[:]:
                if any(run.is_of(stage) for run in process.at_hand):
                    self._ungiven.extend(run for run in process.at_hand if not run.is_of(stage))
                    self._end(process)

    def end(self) -> None:
        """End all processes, and remove their folders; the programs that they knew are remembered no more."""
        with self._lock:
            self._end_all()
            self._programs.clear()
            if self._folder:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder = ""

    # -- waiting, and what is done meanwhile -------------------------------------------------------

    def _serve(self, run: Run) -> None:
        try:
            token = worker.running.set(_WAITING)
            try:
                while not run.is_ended:
                    self._give_all()
                    self._listen()
            finally:
                worker.running.reset(token)
        except BaseException as error:
            # Where it was interrupted is not known, so what the processes know and say cannot be, either.
            self._lose_all()
            self._end_all()
            if isinstance(error, KeyboardInterrupt):
                raise KeyboardInterrupt from None  # it happened to the run, and not in the frames that wait for it
            raise

    def _give_all(self) -> None:
        while self._ungiven:
            self._give(self._ungiven.popleft())
        while self._has_room and (run := self._next()) is not None:
            self._give(run)

    @property
    def _has_room(self) -> bool:
        processes = self._processes
        return len(processes) < self._n or any(len(process.at_hand) < _MOST_AT_HAND for process in processes)

    def _next(self) -> Run | None:
        """The next run of a stage that this thread moves; the others change while they are looked at."""
        for one in self._stages:
            stage = one()
            if stage is None or stage.thread != threading.get_ident():
                continue
            run = stage.next()
            if run is not None and self._program(run.work.program).data is not None:
                return run
            if run is not None:
                run.is_ended = stage.is_over = True
        return None

    def _give(self, run: Run) -> None:
        if self._program(run.work.program).data is None:  # refused, since the run was queued
            run.is_ended = True
            return
        process = min(self._processes, key=lambda process: len(process.at_hand), default=None)
        if process is None or (process.at_hand and len(self._processes) < self._n):
            process = self._start()
        try:
            process.give(run, self._message(run, process))
        except Died:
            self._bury(process, is_begun=len(process.at_hand) > 1)

    def _listen(self) -> None:
        from multiprocessing.connection import wait

        ready = wait([process.connection for process in self._processes], _LOOK_S)
        for process in self._processes[:]:
            if process.connection in ready:
                try:
                    self._hear(process)
                except Died:
                    self._bury(process)
            elif not ready and process.is_gone:
                self._bury(process)

    def _hear(self, process: WorkerProcess) -> None:
        kind, *said = process.hear()
        if kind == parcel.READY:
            process.is_ready = True
        elif kind == parcel.ASK:
            process.answer(*process.at_hand[0].ask(*said))
        else:
            run: Run = process.done()
            run.is_ended = True
            if kind == parcel.OUTCOME:
                run.outcome = parcel.opened_outcome(*said)
            elif kind == parcel.RAISED:
                run.error = parcel.opened(*said)
            elif kind == parcel.REFUSED:
                key = id(run.work.program)
                self._programs[key] = self._program(run.work.program)._replace(data=None)
            elif kind == parcel.STOPPED:
                run.guess_no_more()
            process.send()

    # -- processes ---------------------------------------------------------------------------------

    def _start(self) -> WorkerProcess:
        if not self._folder:
            self._folder = tempfile.mkdtemp(prefix="disco-sim-")
        process = WorkerProcess(tempfile.mkdtemp(dir=self._folder))
        self._processes.append(process)
        return process

    def _end(self, process: WorkerProcess) -> None:
        self._processes.remove(process)
        process.end()

    def _end_all(self) -> None:
        for process in self._processes[:]:
            self._end(process)
            self._lose(process.at_hand)
        self._lose(self._ungiven)

    def _lose_all(self) -> None:
        """Let nobody wait for a run that was on its way to a process, and is in no queue."""
        for one in self._stages:
            if (stage := one()) is not None:
                stage.lose()

    def _lose(self, runs: deque[Run]) -> None:
        """Nobody will know how they would have come out."""
        for run in runs:
            run.is_ended = True
        runs.clear()

    def _bury(self, process: WorkerProcess, is_begun: bool = True) -> None:
        """A process has died: so has the run that it computed, if it has begun; it gives back the others."""
        self._processes.remove(process)
        how = process.why_gone()
        runs = process.at_hand
        if not process.is_ready:
            self._lose(runs)
            raise DiscoError(
                f"a worker process of this engine could not be started: {how}; why stands on the standard error of "
                "this process: leave engine= out until it is mended",
                how=how,
            )
        if runs and is_begun:
            run = runs.popleft()
            run.is_ended = True
            reason = f"Worker process died: {how}"
            error = DiscoError(f"{reason}; the task may have taken more memory than there is", how=how)
            run.outcome = TaskOutcome(failure=Failure("crash", reason, error))
        self._ungiven.extendleft(reversed(runs))

    # -- what is sent ------------------------------------------------------------------------------

    def _look_around(self) -> None:
        now = parcel.Surroundings.now()
        if now != self._surroundings:
            self._surroundings = now

    def _message(self, run: Run, process: WorkerProcess) -> bytes:
        program = self._program(run.work.program)
        is_new = program.number not in process.programs
        process.programs.add(program.number)
        surroundings = None if process.surroundings is self._surroundings else self._surroundings
        process.surroundings = run.surroundings = self._surroundings
        dropped = tuple(process.programs.difference(known.number for known in self._programs.values()))
        process.programs.difference_update(dropped)
        message = (
            parcel.WORK,
            parcel.facts_sent(run.work),
            run.is_sure,
            program.number,
            program.data if is_new else None,
            dropped,
            run.along(),
            surroundings,
        )
        return pickle.dumps(message, pickle.HIGHEST_PROTOCOL)

    def _program(self, program: Any) -> SentProgram:
        """A program's number and what is sent of it; those of the last jobs are remembered."""
        known = self._programs.get(id(program))
        if known is None:
            self._n_programs += 1
            known = self._programs[id(program)] = SentProgram(self._n_programs, program, parcel.packed_program(program))
            if len(self._programs) > _MOST_PROGRAMS:
                self._programs.popitem(last=False)
        self._programs.move_to_end(id(program))
        return known
