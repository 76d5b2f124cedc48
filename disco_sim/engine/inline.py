"""The engine that computes in this very thread, so that pdb, %debug and Ctrl-C reach the user's functions."""

from __future__ import annotations

import shutil
import weakref
from tempfile import mkdtemp

from disco_sim.model.work import TaskOutcome, TaskWork
from disco_sim.runtime.task import compute


class Inline:
    """Computes each task run on the calling thread, in a folder that is removed with the engine."""

    def __init__(self) -> None:
        self._folder: str | None = None

    def compute(self, work: TaskWork) -> TaskOutcome:
        """What the run produces."""
        return compute(work, self.folder)

    @property
    def folder(self) -> str:
        """The empty folder that runs have as their current folder."""
        if self._folder is None:
            self._folder = mkdtemp(prefix="disco-sim-")
            weakref.finalize(self, shutil.rmtree, self._folder, True)
        return self._folder

    def __repr__(self) -> str:
        return "Inline()"
