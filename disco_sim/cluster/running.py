"""Running jobs: the state that a cluster holds in memory in addition to the facts that the home keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from disco_sim.engine.base import Ahead
from disco_sim.model.events import RunStarted
from disco_sim.model.plan import Output
from disco_sim.model.work import Failure, TaskOutcome
from disco_sim.store.facts import JobFacts, RunKey, TaskKey
from disco_sim.store.outcomes import Computed

if TYPE_CHECKING:
    from disco_sim.cluster.coming import ComingRuns


@dataclass(slots=True)
class RunningRun:
    """A task run from the instruction that starts it until it ends: its start event, and its `activity` on the node.

    `outcome` is None until it is known. A dropped run is only waiting for its end event. `computed` is what the home
    learns about the task when the run succeeds; it is not kept (`is_kept`) if the run read its input from somewhere
    another run would not. `slowdown` follows from random noise and the node's speed; CPU time beyond `planned_cpu_s`
    is due to faults.
    """

    started: RunStarted
    pieces: tuple[Output, ...] = ()
    outcome: TaskOutcome | None = None
    computed: Computed | None = None
    is_kept: bool = True
    activity: Any = None
    slowdown: float = 1.0
    planned_cpu_s: float = 0.0
    is_dropped: bool = False

    @property
    def host(self) -> str:
        """The host name of its node."""
        return self.started.host


@dataclass(slots=True)
class RunningJob:
    """A job that was submitted to this cluster, and its runs.

    A job that `is_ending` is still active, but its end has been scheduled and no further run will start. `outcomes`
    holds what was computed for runs that have started and not succeeded yet, so that a lost run is not computed again.
    `losing` are finished tasks whose outputs are being lost at this instant. `alarms` are the job's entries in the
    clock; `ahead` are the stages whose runs an engine may compute before they start. `ended_by` is the failed run that
    ended the job, if any, and `failure` is why the last failed run failed.
    """

    facts: JobFacts
    is_ending: bool = False
    running: dict[RunKey, RunningRun] = field(default_factory=dict)
    outcomes: dict[TaskKey, Computed] = field(default_factory=dict)
    losing: set[TaskKey] = field(default_factory=set)
    alarms: list[int] = field(default_factory=list)
    ahead: dict[str, tuple[ComingRuns, Ahead]] = field(default_factory=dict)
    ended_by: RunKey | None = None
    failure: Failure | None = None

    def known(self, stage: str, task: int) -> Computed | None:
        """The outcome computed for a task earlier; None if the previous stage has stored other data since."""
        facts = self.facts
        found = self.outcomes.get((stage, task)) or facts.computed.get((stage, task))
        if found is not None and facts.altered:
            level = facts.stage_level(stage)
            if level and facts.request.plan[level - 1].name in facts.altered:
                return None
        return found
