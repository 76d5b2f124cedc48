"""What an engine is: it answers what one task run produces, and nothing of when or where."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from disco_sim.model.work import TaskOutcome, TaskWork


class Engine(Protocol):
    """Computes task runs. The same work gives the same outcome on every engine."""

    def compute(self, work: TaskWork) -> TaskOutcome:
        """What the run produces; errors of job functions are in the outcome, only KeyboardInterrupt is raised."""


class Coming(Protocol):
    """The runs of a stage that have not started, made into work when they are asked for."""

    def take(self, may_guess: bool) -> tuple[TaskWork, bool] | None:
        """The work of the next task, and whether its host and replica are those that it will have; None if there is no
        task now. Only with `may_guess` those that are not known yet.
        """


class Ahead(Protocol):
    """The engine of one stage, which may have computed a run before it starts."""

    def compute(self, work: TaskWork) -> TaskOutcome:
        """What the run that starts now produces, as an engine's own `compute`."""

    def forget(self) -> None:
        """Nothing of the stage will be computed any more."""


@runtime_checkable
class Foresight(Protocol):
    """What an engine has beside `compute` that computes ahead of virtual time."""

    def expect(self, coming: Coming) -> Ahead:
        """A stage has started, and these are its runs; none of them is computed before the first one starts."""
