"""The simulated cluster: the only loop. It takes an event from the clock, writes it down, asks the scheduler, obeys.

It knows plans, stages, tasks and labels, and nothing of what the job functions are.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from disco_sim.cluster.coming import ComingRuns
from disco_sim.cluster.course import CRASH_AT, crashed, end_of, message_warning
from disco_sim.cluster.damage import Damage
from disco_sim.cluster.memory import MemoryBudget
from disco_sim.cluster.running import RunningJob, RunningRun
from disco_sim.cluster.works import Works
from disco_sim.engine.base import Engine, Foresight
from disco_sim.error import DiscoError
from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event
from disco_sim.model.job import JobRequest
from disco_sim.model.plan import Output, group
from disco_sim.model.rules import Rules
from disco_sim.model.work import Failure, TaskOutcome, TaskWork
from disco_sim.sim.clock import FIRST, NOW, Clock
from disco_sim.sim.costs import Costs, Phase
from disco_sim.sim.faults import Faults, LoseOutput
from disco_sim.sim.machines import Activity, Ended, Machines, steps_of
from disco_sim.sim.network import Network
from disco_sim.sim.scheduler import Scheduler
from disco_sim.store.facts import DoneTask, FailureText, JobFacts, TaskKey
from disco_sim.store.garbage import seldom_collecting
from disco_sim.store.home import Home, MemoryHome
from disco_sim.store.oob import COMMITTED, DROPPED, OOBEntry
from disco_sim.store.outcomes import Computed
from disco_sim.store.retention import drop_intermediates, forget_job, save_results
from disco_sim.tables import counted

_HAPPENS: dict[type[Any], Callable[..., Event]] = {
    events.FinishStage: events.StageFinished,
    events.FinishJob: events.JobFinished,
    events.EndJob: events.JobDied,
}
"""Instructions that need nothing but to happen: the event has the same fields behind its time."""

_ENDS = frozenset({events.JobFinished, events.JobDied})


class SimulatedCluster:
    """Runs plans in virtual time on nodes that exist only here.

    The code of a task run is computed at its start event; what it produced becomes visible, output and
    out-of-band results together, at its virtual end. An outcome that was computed once is used again when the task has
    to run again and nothing that its code asked for is different. `rules` hold for all jobs, `faults` happen to the
    nodes and the jobs. Pairs beyond `memory_bytes` go to the disk; None is no limit. All that happens and is produced
    is kept in `home`, None for one in memory. With `tell`, that is told of every event, and the log stays empty.
    """

    def __init__(
        self,
        spec: ClusterSpec,
        engine: Engine,
        *,
        master: str = "master:8989",
        rules: Rules | None = None,
        costs: Costs | None = None,
        faults: Faults | None = None,
        memory_bytes: int | None = None,
        home: Home | None = None,
        tell: Callable[[Event], None] | None = None,
    ) -> None:
        self.spec = spec
        self.master = master
        self.engine = engine
        self._foresight = engine if isinstance(engine, Foresight) else None
        self.costs = costs or Costs()
        self.home: Home = MemoryHome() if home is None else home
        self.home.open(master)
        self.log, self.jobs, self.blobs = self.home.log, self.home.jobs, self.home.blobs
        self.oob, self.tags = self.home.oob, self.home.tags
        self._tell = tell or self.log.append
        self.memory_bytes = memory_bytes
        self._budget = None if memory_bytes is None else MemoryBudget(memory_bytes)
        self._works = Works(self.home, master, rules or Rules(), self._budget)
        self._jobs: dict[str, RunningJob] = {}
        self._nodes = {node.host: node for node in spec.nodes}
        self._clock: Clock[Any] = Clock()
        self._machines = Machines(spec.hosts, self.costs, self._clock)
        self._how_shared = self.sharing = self._machines.network.how
        self._follow(self._works.rules)
        self._damage = Damage(self.blobs, self._jobs, self._works, self._machines, self._clock)
        self._asked: deque[Event] = deque()
        self._is_moved = False
        if faults is not None:
            self.add_faults(faults)

    # -- the face of a cluster -----------------------------------------------------------------

    @property
    def rules(self) -> Rules:
        """What holds for all jobs."""
        return self._works.rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        """Replace the rules for all jobs.

        Raises:
            DiscoError: If any event has happened already under the current rules.
        """
        if rules == self.rules:
            return
        if len(self.log):
            changed = [name for name in Rules._fields if getattr(rules, name) != getattr(self.rules, name)]
            n_events = counted(len(self.log), "event")
            raise DiscoError(
                f"{', '.join(changed)} cannot be changed: the cluster of {self.master} has {n_events} in its log, and "
                "its rules hold for all of its jobs; give them to the first Disco of a cluster, or make another one"
            )
        self._follow(rules)

    def _follow(self, rules: Rules) -> None:
        self._works.rules = rules
        self.speeds = {node.host: self.costs.node_speed(rules.seed, node) for node in self.spec.nodes}
        self._scheduler = Scheduler(self.spec, rules.max_failures, rules.policy, rules.speculative)

    @property
    def now_s(self) -> float:
        """The virtual time."""
        return self._clock.now_s

    @property
    def faults(self) -> Faults:
        """What went wrong, and will."""
        return self._damage.faults

    def submit(self, request: JobRequest, computed: Mapping[TaskKey, Computed] | None = None) -> None:
        """Take a job: its submission happens now, everything else when the cluster next moves.

        `computed` are outcomes that are known already, from another cluster.
        """
        port = self.master.rpartition(":")[2]
        facts = self.jobs.begin(request, port, self._memory_of_job(), computed or {})
        self._jobs[request.name] = RunningJob(facts)
        self.oob.open(request.name, request.oob_is_unique)
        self._happen(
            events.JobSubmitted(
                self.now_s, request.name, request.serial, request.plan, len(request.inputs), request.limits
            )
        )
        self.home.commit(self.now_s)

    def work(self, job: str, stage: str, task: int, attempt: int) -> TaskWork:
        """The work of a run that has started, made again as it was.

        Raises:
            DiscoError: If there is no such job or run.
        """
        return self._works.of_run(job, (stage, task, attempt))

    def failure(self, job: str) -> tuple[Failure, TaskWork] | None:
        """Why a job died, with the work of the run that ended it; None when no run did.

        Of a job of an earlier session only the text of the failure is known.
        """
        facts = self.jobs.facts(job)
        if facts.ended_by is None:
            return None
        live = self._jobs.get(job)
        failure = facts.failures[facts.ended_by].again() if live is None or live.failure is None else live.failure
        return failure, self._works.of_run(job, facts.ended_by)

    def forget(self, job: str, with_data: bool, now: bool = True) -> None:
        """Drop the record of a job that has ended, and, `with_data`, all it stored: now, or with the next `ddfs.gc()`.

        A job that is not there is left alone.

        Raises:
            DiscoError: If the job is active.
        """
        forget_job(self.home, job, with_data, now)
        if with_data and now:
            self._jobs.pop(job, None)
        self.home.commit(self.now_s)

    def close(self) -> None:
        """Keep what has happened; the cluster can still be looked at."""
        self.home.commit(self.now_s)
        self.home.close()

    def ask(self, event: Event) -> None:
        """Ask for a kill or a node's blacklisting; taken before the next thing happens, from any thread."""
        self._asked.append(event)

    def add_faults(self, faults: Faults) -> None:
        """Let more go wrong from now on.

        Raises:
            DiscoError: For a host that is not there, or a time in the past.
        """
        faults.check(self.spec, self.now_s)
        self._damage.add(faults)
        for event in faults.events(self.spec):
            self.ask(event)
        for fault in faults:
            if isinstance(fault, LoseOutput) and fault.at_s is not None:
                self._clock.put(fault.at_s, fault, FIRST)

    def advance(self, until_s: float = math.inf) -> bool:
        """Let the next thing happen, not later than `until_s`; whether anything did. What it was stands in the log.

        Raises:
            KeyboardInterrupt: When the user interrupts a run: its job is dead, everything else goes on next time.
        """
        return self._move(until_s, is_step=True)

    def finish(self) -> None:
        """Let everything happen."""
        with seldom_collecting():
            self._move(math.inf, is_step=False)

    # -- the loop ------------------------------------------------------------------------------

    def _move(self, until_s: float, is_step: bool) -> bool:
        """Let things happen up to `until_s`, in a step only until an event has happened; whether anything did."""
        clock, machines, home = self._clock, self._machines, self.home
        self._is_moved = False
        while not (is_step and self._is_moved):
            if self._asked:
                self._take_requests()
            if home.is_due:
                home.commit(clock.now_s)
            if machines.is_unsettled:
                machines.settle()
                if machines.network.how != self._how_shared:
                    self._tell_sharing()
                    continue
            taken = clock.pop(until_s)
            if isinstance(taken, Activity):
                self._go_on(taken)
            elif isinstance(taken, Network):
                for activity in machines.arrived():
                    self._go_on(activity)
            elif isinstance(taken, LoseOutput):
                self._damage.lose(taken)
            elif taken is not None:
                self._happen(taken)
                if type(taken) in _ENDS:
                    home.commit(clock.now_s)
            elif until_s < math.inf:
                clock.move_to(until_s)
                break
            elif not self._end_stuck_jobs():
                break
        return self._is_moved

    def _take_requests(self) -> None:
        while self._asked:
            event = self._asked.popleft()
            time_s = max(event.time_s, self._clock.now_s)
            self._clock.put(time_s, event._replace(time_s=time_s), FIRST)

    def _happen(self, event: Event) -> None:
        self._is_moved = True
        self._tell(event)
        effect = _EFFECTS.get(type(event))
        if effect is not None:
            effect(self, event)
        for order in self._scheduler.handle(event):
            kind = type(order)
            if kind in _HAPPENS:
                if kind is not events.FinishStage:
                    self._jobs[order.job].is_ending = True
                if kind is events.EndJob and isinstance(event, events.RunFailed):
                    self._jobs[order.job].ended_by = event[2:5]
                self._soon(_HAPPENS[kind](self._clock.now_s, *order))
            else:
                _OBEY[kind](self, order)

    def _soon(self, event: Event) -> None:
        self._clock.put(self._clock.now_s, event, NOW)

    def _go_on(self, activity: Activity) -> None:
        """Let a run go on until it needs time again."""
        while True:
            step = self._machines.go_on(activity)
            if isinstance(step, Phase):
                return
            if isinstance(step, Ended):
                run, activity.owner = activity.owner, None  # a circle would stay in memory until it is searched for
                self._end(run)
                return
            where = (self._clock.now_s, *activity.owner.started[1:6])
            self._happen(events.MessageSent._make((*where, step.level, step.text)))

    def _end(self, run: RunningRun) -> None:
        """A run has done all it does: it finishes, or fails."""
        outcome = run.outcome
        assert outcome is not None
        where = (self._clock.now_s, *run.started[1:6])
        if outcome.messages:
            text = message_warning(outcome.messages, self._clock.now_s - run.started.time_s)
            if text:
                self._happen(events.MessageSent(*where, "WARN", text))
        self._damage.tell_phases(self._tell, where, run)
        end = end_of(where, outcome)
        if outcome.oob and isinstance(end, events.RunFinished):
            error = self.oob.conflict(*end[1:4], [key for key, _ in outcome.oob])
            if error is not None:
                # Another task has taken an out-of-band key: that is a failure of this one.
                failure = Failure("fatal", f"{type(error).__name__}: {error}", error)
                run.outcome = TaskOutcome(oob=outcome.oob, counts=outcome.counts, failure=failure)
                end = end_of(where, run.outcome)
        if isinstance(end, events.RunFailed):
            end = end._replace(luck=self._damage.delay_luck(end.job, end[2:5]))
        self._happen(end)

    def _end_stuck_jobs(self) -> bool:
        """End the jobs that can never go on, when nothing will happen any more; whether there were any.

        While somebody keeps a node blacklisted they stay, for it may be whitelisted.
        """
        if len(self._scheduler.usable) + len(self._damage.dead) < len(self.spec.nodes):
            return False
        stuck = [name for name, live in self._jobs.items() if live.facts.status == "active"]
        for name in stuck:
            self._soon(events.JobKillAsked(self.now_s, name, self._scheduler.why_stuck(name)))
        return bool(stuck)

    # -- what happened, and what it does ---------------------------------------------------------

    def _on_stage_started(self, event: events.StageStarted) -> None:
        live = self._jobs[event.job]
        live.facts.start_stage(event.stage, event.tasks)
        if self._foresight is not None and live.facts.status == "active":
            coming = ComingRuns(self._works, self.oob, live, event.stage)
            live.ahead[event.stage] = coming, self._foresight.expect(coming)

    def _on_run_started(self, event: events.RunStarted) -> None:
        live = self._jobs[event.job]
        key = event[2:5]
        run = live.running[key]
        facts = live.facts
        facts.start_run(key, (event.host, event.replica, self.oob.moment))
        pieces = facts.tasks[event.stage][event.task].pieces
        if self._damage.has_faults:
            self._damage.run_started(event, pieces)
        if run.is_dropped:
            return  # dropped in the very instant of its start
        run.pieces = pieces
        if facts.lost and self._damage.is_input_missing(live, event.stage, pieces):
            return
        outcome = self._outcome(live, event, run)
        stop = None
        if self._damage.has_faults and outcome.failure is None and self.faults.crashes(*event[1:5]):
            stop = CRASH_AT
        costs, speed = self.costs, self.speeds[event.host]
        factor = costs.run_factor(self._works.rules.seed, facts.request.serial, *key)
        phases = costs.phases(
            outcome.counts, self._damage.reachable(pieces), self._nodes[event.host], factor=factor, speed=speed
        )
        run.outcome = outcome if stop is None else crashed(outcome)
        run.slowdown = factor / speed
        run.planned_cpu_s = phases[-1 if phases[-1].kind == "cpu" else -2].amount
        run.activity = Activity(event.host, steps_of(phases, outcome.messages, stop), run)
        self._go_on(run.activity)

    def _outcome(self, live: RunningJob, event: events.RunStarted, run: RunningRun) -> TaskOutcome:
        """What the run will turn out to have produced: what is known of its task, if that holds here, or computed."""
        damage, pieces = self._damage, run.pieces
        bad = damage.bad_inputs(event, pieces) if damage.has_faults or damage.dead else ()
        known = live.known(event.stage, event.task)
        facts, key = live.facts, event[2:5]
        make_work = partial(self._works.of_started, facts, key, facts.started[key])
        if known is not None and not bad and known.holds(pieces, make_work):
            run.computed = known
            return known.outcome
        if bad:
            self.jobs.find_bad(event.job, key, bad)
        work = make_work()
        try:
            if event.stage in live.ahead:
                outcome = live.ahead[event.stage][1].compute(work)
            else:
                outcome = self.engine.compute(work)
        except BaseException as error:
            # An interrupt, a debugger that was quit, an engine that broke: nobody knows what the run would produce.
            is_interrupt = isinstance(error, KeyboardInterrupt)
            reason = "interrupted" if is_interrupt else f"engine could not compute a run: {type(error).__name__}"
            self._clock.put(self.now_s, events.JobKillAsked(self.now_s, event.job, reason), FIRST)
            # The end is played out at once, so that the job is dead when the user gets the prompt back.
            while live.facts.status == "active":
                self.advance(self.now_s)
            raise
        if outcome.failure is None:
            # What was read from elsewhere, as the usual replica is bad, is not what another run would do.
            run.computed, run.is_kept = Computed(outcome, pieces), not bad
            if run.is_kept:
                live.outcomes[event.stage, event.task] = run.computed
        return outcome

    def _on_run_finished(self, event: events.RunFinished) -> None:
        live = self._jobs[event.job]
        facts, task = live.facts, (event.stage, event.task)
        run = live.running.pop(event[2:5])
        outcome, computed = run.outcome, run.computed
        assert outcome is not None and computed is not None
        self._store(facts, event, outcome)
        known = live.outcomes.pop(task, None)
        if known is not None and known is not computed:
            self.jobs.learn(event.job, *task, known)  # of a run that was lost, before one that read something else
        if facts.computed.get(task) is not computed:
            self.jobs.learn(event.job, *task, computed, run.is_kept)
        if outcome.oob:
            self._put(facts, event, outcome, COMMITTED)
        if facts.lost and task in facts.lost and not facts.replace_lost(*task):
            reason = (
                f"task {event.stage}:{event.task} had to run again and stored other partitions than before; what a "
                "task stores must not depend on where and when it runs"
            )
            self._soon(events.JobKillAsked(self.now_s, event.job, reason))
        if self._damage.has_faults:
            self._damage.run_finished(event)

    def _store(self, facts: JobFacts, run: events.RunFinished, outcome: TaskOutcome) -> None:
        """Store the outputs of a run that ended well, which are then those of its task."""
        outputs = outcome.outputs
        if len(outputs) > 1:
            outputs = tuple(sorted(outputs, key=lambda output: output[0]))
        kept: list[Output] = []
        for label, blob in outputs:
            url = f"disco://{facts.folder(run.host)}/{run.stage}-{run.task}-{label}"
            self.blobs.put(url, blob)
            kept.append(Output(label, run.host, blob.n_records, blob.n_bytes, url))
        facts.finish_task(run.stage, run.task, DoneTask(run.host, tuple(kept), run.time_s))
        for output in kept:
            self._tell(events.OutputStored(*run[:6], output.label, output.n_records, output.n_bytes, output.blob))

    def _put(
        self, facts: JobFacts, run: events.RunFinished | events.RunFailed, outcome: TaskOutcome, state: str
    ) -> None:
        """Store the out-of-band results of a run that has ended as committed or dropped.

        A task that runs again, because its output was lost, commits nothing a second time where keys are unique.
        """
        level = facts.stage_level(run.stage)
        is_once = state == COMMITTED and facts.request.oob_is_unique
        entries = [
            OOBEntry(key, value, run.stage, level, run.task, run.attempt, run.host, run.time_s, state)
            for key, value in outcome.oob
            if not (is_once and self.oob.is_committed(run.job, key))
        ]
        self.oob.add(run.job, entries)
        for entry in entries:
            self._tell(events.OOBStored._make((*run[:6], entry.key, entry.n_bytes, state)))

    def _on_run_failed(self, event: events.RunFailed) -> None:
        live = self._jobs[event.job]
        outcome = live.running.pop(event[2:5]).outcome
        if outcome is None:
            return
        if outcome.failure is not None and event.kind != "lost":
            self.jobs.fail(event.job, event[2:5], FailureText.of(outcome.failure))
            if live.ended_by is None:
                live.failure = outcome.failure
        if outcome.oob:
            self._put(live.facts, event, outcome, DROPPED)

    def _on_stage_finished(self, event: events.StageFinished) -> None:
        live = self._jobs[event.job]
        live.facts.finish_stage(event.stage)
        _, ahead = live.ahead.pop(event.stage, (None, None))
        if ahead is not None:
            ahead.forget()

    def _on_job_finished(self, event: events.JobFinished) -> None:
        self._end_job(event.job, "ready")

    def _on_job_died(self, event: events.JobDied) -> None:
        self._end_job(event.job, "dead")

    def _end_job(self, job: str, status: str) -> None:
        live = self._jobs[job]
        for serial in live.alarms:
            self._clock.withdraw(serial)
        while live.ahead:
            live.ahead.popitem()[1][1].forget()
        live.outcomes.clear()
        self.jobs.end(job, status, self.now_s, live.ended_by)
        self.oob.end(job)
        if status == "ready":
            save_results(self.home, live.facts)
        if self.rules.keep == "results" and drop_intermediates(self.home, live.facts):
            self._tell(events.OutputsDropped(self.now_s, job))
        warning = self._damage.warning(live) if self._damage.has_faults else ""
        if warning:
            self._tell(events.JobWarned(self.now_s, job, warning))

    # -- what the scheduler asked for ------------------------------------------------------------

    def _start_stage(self, order: events.StartStage) -> None:
        live = self._jobs[order.job]
        stage = next(stage for stage in live.facts.request.plan if stage.name == order.stage)
        tasks = group(stage.grouping, stage.labels, live.facts.before(stage.name))
        self._soon(events.StageStarted(self.now_s, order.job, order.stage, tasks))

    def _start_run(self, order: events.StartRun) -> None:
        started = events.RunStarted(self._clock.now_s, *order)
        live = self._jobs[order.job]
        run = live.running[order[1:4]] = RunningRun(started)
        if order.stage in live.ahead:
            live.ahead[order.stage][0].order(run)
        self._clock.put(started.time_s, started, NOW)

    def _delay_task(self, order: events.DelayTask) -> None:
        self._soon(events.TaskDelayed(self.now_s, *order))
        time_s = self.now_s + order.wait_s
        requeued = events.TaskRequeued(time_s, order.job, order.stage, order.task)
        self._jobs[order.job].alarms.append(self._clock.put(time_s, requeued))

    def _watch_copies(self, order: events.WatchCopies) -> None:
        time_s = self.now_s + order.wait_s
        due = events.CopiesDue(time_s, order.job, order.stage)
        self._jobs[order.job].alarms.append(self._clock.put(time_s, due))

    # -- helpers of the above ----------------------------------------------------------------------

    def _memory_of_job(self) -> int:
        """What the outputs of a new job may take in memory."""
        if self._budget is None:
            return 0
        promised_bytes = sum(live.facts.memory_bytes for live in self._jobs.values() if live.facts.status == "active")
        return self._budget.of_job(self.blobs.held_bytes, promised_bytes)

    def _tell_sharing(self) -> None:
        network = self._machines.network
        self._how_shared = network.how
        if network.how == "ports":
            self.sharing = "ports"  # for good: what was timed in that way is a part of all that follows
        self._happen(events.NetworkShared(self.now_s, network.how, network.n_flows))


# Tables of the class and not of each cluster: a cluster that held its own methods would be a circle, and all that it
# keeps would stay in memory until Python searches for such.

_EFFECTS: dict[type[Any], Callable[[SimulatedCluster, Any], None]] = {
    events.StageStarted: SimulatedCluster._on_stage_started,
    events.RunStarted: SimulatedCluster._on_run_started,
    events.RunFinished: SimulatedCluster._on_run_finished,
    events.RunFailed: SimulatedCluster._on_run_failed,
    events.OutputLost: lambda cluster, event: cluster._damage.output_lost(event),
    events.StageFinished: SimulatedCluster._on_stage_finished,
    events.JobFinished: SimulatedCluster._on_job_finished,
    events.JobDied: SimulatedCluster._on_job_died,
    events.NodeDied: lambda cluster, event: cluster._damage.node_died(event),
    events.NodeReturned: lambda cluster, event: cluster._damage.node_returned(event),
    events.NodeSlowed: lambda cluster, event: cluster._machines.slow(event.host, event.factor),
    events.NetworkCut: lambda cluster, event: cluster._machines.cut(event.one, event.other),
    events.NetworkHealed: lambda cluster, event: cluster._machines.heal(event.one, event.other),
}
"""What an event does to the machines and to what is kept."""

_OBEY: dict[type[Any], Callable[[SimulatedCluster, Any], None]] = {
    events.StartStage: SimulatedCluster._start_stage,
    events.StartRun: SimulatedCluster._start_run,
    events.DelayTask: SimulatedCluster._delay_task,
    events.WatchCopies: SimulatedCluster._watch_copies,
    events.DropRun: lambda cluster, order: cluster._damage.lose_run(order.job, order[1:4], order.reason, "scheduler"),
}
"""How an instruction is obeyed."""
