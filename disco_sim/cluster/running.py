"""Jobs while they run: what a cluster has in memory beside the facts that their home keeps."""

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
    """A run from the moment it was ordered to its end: its start, and the `activity` that it is on its node.

    `outcome` is None until it is known; a dropped run only waits for its end to be told. `computed` is what is learned
    of its task when it ends well: it is not kept if what was read is not what another run would read. `slowdown` is by
    luck and the node's speed; faults slow it down beyond `planned_cpu_s`.
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
        """The node it is on."""
        return self.started.host


@dataclass(slots=True)
class RunningJob:
    """A job of this session, and its runs.

    A job that `is_ending` is still active, but its end is ordered and nothing of it will run again. `outcomes` are
    those of tasks whose run has started and not ended well, so that a lost run need not be computed again. `losing` are
    done tasks whose outputs are lost in this very instant. `alarms` are what the clock has of the job, `ahead` the
    stages of which an engine may compute runs before they start. `ended_by` is the failed run that ends the job,
    if one does, and `failure` that of the last run that failed.
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
        """What is known of a task's outcome, if it was computed from what the stage before has stored now."""
        facts = self.facts
        found = self.outcomes.get((stage, task)) or facts.computed.get((stage, task))
        if found is not None and facts.altered:
            level = facts.stage_level(stage)
            if level and facts.request.plan[level - 1].name in facts.altered:
                return None
        return found
