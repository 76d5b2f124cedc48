"""What an engine is: it answers what one task run produces, and nothing of when or where."""

from __future__ import annotations

from typing import Protocol

from disco_sim.model.work import TaskOutcome, TaskWork


class Engine(Protocol):
    """Computes task runs. The same work gives the same outcome on every engine."""

    def compute(self, work: TaskWork) -> TaskOutcome:
        """What the run produces; errors of job functions are in the outcome, only KeyboardInterrupt is raised."""
