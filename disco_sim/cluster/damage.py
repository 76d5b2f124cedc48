"""What faults do to the jobs of a cluster: runs that are lost, outputs that have to be made again, inputs gone bad."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from disco_sim.cluster import incidents, missed
from disco_sim.cluster.running import RunningJob, RunningRun
from disco_sim.cluster.works import Works
from disco_sim.model import events
from disco_sim.model.events import Event, LossCause
from disco_sim.model.keyed_random import draw
from disco_sim.model.plan import Output
from disco_sim.sim.clock import FIRST, NOW, Clock
from disco_sim.sim.faults import CrashRun, Faults, LoseOutput, TaskFault
from disco_sim.sim.machines import CPU, Machines
from disco_sim.store.facts import RunKey
from disco_sim.store.home import Blobs

MOST_TASKS_WITH_PHASES = 100_000
"""Runs of a stage with more tasks are logged without their phases, so that the log of a million fits in memory."""


class Damage:
    """Keeps the faults of a cluster and which of its nodes are dead; what follows from them happens in this instant."""

    def __init__(
        self, blobs: Blobs, jobs: Mapping[str, RunningJob], works: Works, machines: Machines, clock: Clock[Any]
    ) -> None:
        self.faults = Faults()
        self.has_faults = False
        self.dead: set[str] = set()
        self._blobs = blobs
        self._jobs = jobs
        self._works = works
        self._machines = machines
        self._clock = clock
        self._struck: set[tuple[Any, ...]] = set()
        self._stored: set[tuple[Any, ...]] = set()

    def add(self, faults: Faults) -> None:
        """Let more go wrong."""
        if not self.has_faults:
            self._stored.update(
                (job, stage, task)
                for job, live in self._jobs.items()
                for stage, done in live.facts.done.items()
                for task in done
            )
        self.faults += faults
        self.has_faults = bool(self.faults)

    # -- what is lost ------------------------------------------------------------------------------

    def node_died(self, event: events.NodeDied) -> None:
        """All that ran on the node is lost, and so is what tasks of active jobs had stored there."""
        if event.host in self.dead:
            return
        self.dead.add(event.host)
        for job, live in self._jobs.items():
            if live.facts.status != "active" or live.is_ending:
                continue
            for key, cause in list(incidents.runs_lost_with(live, event.host)):
                reason = f"{event.host} died"
                self.lose_run(job, key, reason if cause == "node" else f"input lost: {reason}", cause)
            for (stage, task), is_wanted in list(incidents.outputs_at(live, event.host)):
                if is_wanted:
                    self.lose_output(job, stage, task, f"{event.host} died")
                    continue
                # Nobody seems to need it; should somebody after all, the task runs again then.
                for output in live.facts.lose_unread(stage, task):
                    self._blobs.drop(output.blob, f"{event.host} died")

    def node_returned(self, event: events.NodeReturned) -> None:
        """The node is there again; what was lost with it is not."""
        self.dead.discard(event.host)

    def output_lost(self, event: events.OutputLost) -> None:
        """The task is not done any more, and runs that were reading its output are lost, too."""
        live = self._jobs[event.job]
        live.losing.discard((event.stage, event.task))
        lost = live.facts.lose_task(event.stage, event.task)
        for output in lost:
            self._blobs.drop(output.blob, f"it was lost: {event.reason}")
        reader = live.facts.next_stage(event.stage)
        if reader is not None and reader in live.facts.tasks:
            for key in list(incidents.runs_reading(live, reader, {output.blob for output in lost})):
                reason = f"input lost: what {event.stage}:{event.task} stored at {event.host}"
                self.lose_run(event.job, key, reason, "input")

    def run_started(self, event: events.RunStarted, pieces: tuple[Output, ...]) -> None:
        """Note which crashes and bad replicas meet this run, which reads `pieces`."""
        for fault in self.faults.of_run(*event[1:5]):
            if isinstance(fault, CrashRun) or any(fault.replica < len(piece.replicas) for piece in pieces):
                self._strike(fault)

    def run_finished(self, event: events.RunFinished) -> None:
        """Lose what a fault wants to be lost as soon as it was first stored, which is now."""
        task = event[1:4]
        if task in self._stored:
            return
        self._stored.add(task)
        for loss in self.faults.losses(event.job):
            if loss.at_s is None and (loss.stage, loss.task) == event[2:4]:
                self._lose_from(self._jobs[event.job], loss)

    def lose(self, loss: LoseOutput) -> None:
        """Let the output of a task be lost, if it is there, in every active job that the fault is about."""
        for job, live in self._jobs.items():
            if loss in self.faults.losses(job):
                self._lose_from(live, loss)

    def _lose_from(self, live: RunningJob, loss: LoseOutput) -> None:
        is_going_on = live.facts.status == "active" and not live.is_ending
        if is_going_on and loss.task in live.facts.done.get(loss.stage, ()):
            self._strike(loss)
            self.lose_output(live.facts.name, loss.stage, loss.task, "a fault wanted it")

    def lose_output(self, job: str, stage: str, task: int, reason: str) -> None:
        """Let what a done task stored be lost."""
        live = self._jobs[job]
        if (stage, task) not in live.losing:
            live.losing.add((stage, task))
            host = live.facts.done[stage][task].host
            # First of all: a stage that is on its way to be finished is not.
            now_s = self._clock.now_s
            self._clock.put(now_s, events.OutputLost(now_s, job, stage, task, host, reason), FIRST)

    def lose_run(self, job: str, key: RunKey, reason: str, cause: LossCause) -> None:
        """End a run from outside."""
        live = self._jobs[job]
        run = live.running.get(key)
        if run is None or run.is_dropped:
            return
        run.is_dropped = True
        where = (self._clock.now_s, job, *key, run.host)
        if run.activity is not None:
            self._machines.stop(run.activity)
            self.tell_phases(self._soon, where, run)
        n_puts = len(run.outcome.oob) if run.outcome is not None else 0
        self._soon(events.RunFailed(*where, "lost", reason, 0, 0, n_puts, self.delay_luck(job, key), cause))

    # -- what runs find ----------------------------------------------------------------------------

    def bad_inputs(self, run: events.RunStarted, pieces: tuple[Output, ...]) -> tuple[tuple[int, int, str], ...]:
        """(piece, replica, what is wrong) of what the run cannot read."""
        bad = incidents.bad_inputs(pieces, self.dead) if self.dead else ()
        if self.has_faults:
            bad += tuple(
                (piece, replica, f"the data is {what}")
                for replica, what in self.faults.bad_replicas(run.job, run.stage, run.task, run.attempt)
                for piece in range(len(pieces))
                if replica <= len(pieces[piece].alternatives)
            )
        return bad

    def reachable(self, pieces: tuple[Output, ...]) -> tuple[Output, ...]:
        """The pieces as they can be read while nodes are dead."""
        return incidents.without_hosts(pieces, self.dead) if self.dead else pieces

    def is_input_missing(self, live: RunningJob, stage: str, pieces: tuple[Output, ...]) -> bool:
        """Whether what a run reads was lost unnoticed, as everybody seemed to have read it; then it is made again."""
        level = live.facts.stage_level(stage)
        if not live.facts.lost or not level:
            return False
        missing = {piece.blob for piece in pieces if piece.blob not in self._blobs}
        before = live.facts.request.plan[level - 1].name
        for task in list(incidents.missing_tasks(live, before, missing)) if missing else ():
            self.lose_output(live.facts.request.name, before, task, "it is not there any more")
        return bool(missing)

    # -- what had no effect ------------------------------------------------------------------------

    def warning(self, live: RunningJob) -> str:
        """What the user of a job that has ended now should know of faults that struck no job so far; '' for nothing."""
        faults = [fault for fault in self.faults.of_job(live.facts.request.name) if not self._has_struck(fault)]
        return missed.warning(live.facts, faults, self._clock.now_s) if faults else ""

    def _strike(self, fault: TaskFault) -> None:
        # With its kind, for a crash and a loss of the same numbers are equal tuples.
        self._struck.add((type(fault), *fault))

    def _has_struck(self, fault: TaskFault) -> bool:
        return (type(fault), *fault) in self._struck

    # -- helpers -----------------------------------------------------------------------------------

    def tell_phases(self, tell: Callable[[Event], None], where: tuple[Any, ...], run: RunningRun) -> None:
        """Say what the time of a run that ends now went by with."""
        if len(self._jobs[where[1]].facts.tasks[where[2]]) <= MOST_TASKS_WITH_PHASES:
            slowdown = run.slowdown
            if run.activity.spent[CPU] > run.planned_cpu_s * (1 + 1e-9):  # by more than rounding
                slowdown *= run.activity.spent[CPU] / run.planned_cpu_s
            tell(events.PhasesPlayed._make((*where, *run.activity.spent, slowdown)))

    def delay_luck(self, job: str, key: RunKey) -> float:
        """The draw that the wait after this run is made from."""
        return draw(self._works.rules.seed, "delay", self._jobs[job].facts.request.serial, *key)

    def _soon(self, event: Event) -> None:
        self._clock.put(self._clock.now_s, event, NOW)
