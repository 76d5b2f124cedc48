"""The engine that computes in worker processes, several runs at a time, with the answers and the timeline of Inline."""

from __future__ import annotations

import os
import weakref

from disco_sim.engine.ahead import Run, Stage
from disco_sim.engine.base import Ahead, Coming
from disco_sim.engine.inline import Inline
from disco_sim.engine.pool import Pool
from disco_sim.error import DiscoError
from disco_sim.model.work import TaskOutcome, TaskWork
from disco_sim.node import worker


class Processes:
    """Computes task runs in `workers` processes of this machine, which start when they are needed, and live on.

    Log, messages, virtual times and results are those of `Inline`. A run is computed before its virtual start where
    nothing that it asks for can be different then. What cannot leave this process is computed in it: functions that
    keep their notebook's names, objects of classes that a notebook has, and functions that use an open Disco. A worker
    process that dies is a failed run, which is tried again on another node. Any number of Discos can share an engine.

    >>> from disco_sim import Disco, result_iterator
    >>> def fun_map(line, params):
    ...     yield line, len(line)
    >>> with Processes(workers=2) as engine, Disco(engine=engine) as disco:
    ...     job = disco.new_job(name="lengths", input=["raw://to", "raw://be!"], map=fun_map)
    ...     list(result_iterator(job.wait()))
    [('to', 2), ('be!', 3)]

    Raises:
        DiscoError: For a wrong number, or where there are no such processes, as on Windows.
    """

    def __init__(self, workers: int = 2) -> None:
        if type(workers) is not int or workers < 1:
            raise DiscoError(
                f"Processes(workers={workers!r}) was called; workers is how many processes compute at the same time, a "
                "whole number from 1 on: take the number of cores that you can spare"
            )
        self.workers = workers
        self._inline = Inline()
        self._pool = Pool(workers)
        weakref.finalize(self, _end, self._pool, os.getpid())

    def compute(self, work: TaskWork) -> TaskOutcome:
        """What the run produces.

        Raises:
            DiscoError: If worker processes cannot be started.
        """
        # A task inside a task is an error, which is the same everywhere only if it is computed in the same way.
        if worker.running.get() is None and self._pool.takes(work.program):
            run = Run(work)
            self._pool.compute(run)
            if run.error is not None:
                raise run.error
            if run.outcome is not None:
                return run.outcome
        return self._inline.compute(work)

    def expect(self, coming: Coming) -> Ahead:
        """A stage has started, and these are its runs."""
        return Stage(coming, self.compute, self._pool)

    def close(self) -> None:
        """End the worker processes; where the engine is used again, others start."""
        self._pool.end()

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Processes(workers={self.workers})"


def _end(pool: Pool, process: int) -> None:
    # A copy of this process that somebody forked has no worker processes of its own.
    if os.getpid() == process:
        pool.end()
