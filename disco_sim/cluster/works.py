"""Builds the work of a run from what the home keeps of its job: before, at, or any time after the start of the run."""

from __future__ import annotations

from disco_sim.cluster.memory import MemoryBudget
from disco_sim.error import DiscoError
from disco_sim.model.keyed_random import draw_integer
from disco_sim.model.plan import NODE_GROUPINGS
from disco_sim.model.rules import Rules
from disco_sim.model.work import TaskWork
from disco_sim.store.facts import JobFacts, RunKey, StartedRun
from disco_sim.store.home import Home
from disco_sim.store.view import RunView


class Works:
    """Builds `TaskWork` values. `rules` are the cluster's; `budget` limits memory, or is None for no limit."""

    def __init__(self, home: Home, master: str, rules: Rules, budget: MemoryBudget | None) -> None:
        self.rules = rules
        self.budget = budget
        self._home = home
        self._master = master

    def of_run(self, job: str, run: RunKey) -> TaskWork:
        """The work of a run that has started, rebuilt as it was.

        Raises:
            DiscoError: If there is no such job or run.
        """
        facts = self._home.jobs.facts(job)
        started = facts.started.get(run)
        if started is None:
            runs = ", ".join(f"{name}:{number} run {attempt}" for name, number, attempt in facts.started) or "none"
            raise DiscoError(f"job {job!r} has no run {run[2]} of task {run[0]}:{run[1]}; its runs are: {runs}")
        return self.of_started(facts, run, started)

    def of_started(self, facts: JobFacts, run: RunKey, started: StartedRun) -> TaskWork:
        """The work of a run that started, or will start, on this host with this replica at this OOB moment."""
        stage, task, attempt = run
        host, replica, moment = started
        rules, request = self.rules, facts.request
        job, plan, tasks = request.name, request.plan, facts.tasks[stage]
        level = facts.stage_level(stage)
        grouping, group = plan[level].grouping, tasks[task]
        return TaskWork(
            job=job,
            serial=request.serial,
            stage=stage,
            task=task,
            attempt=attempt,
            n_tasks=len(tasks),
            # Tasks that split their input are identified by number, the others by what they group.
            label=task if grouping == "split" else group.label,
            host=host,
            master=self._master,
            program=request.program,
            inputs=group.pieces,
            replica=replica,
            store=RunView(self._home.blobs, self._home.oob, job, stage, level, task, moment),
            # The attempt is no part of it: a retry computes what the first run would have.
            luck=draw_integer(rules.seed, "run", request.serial, stage, task),
            oob_limit=rules.oob_limit,
            shuffle_order=rules.shuffle_order if level else "task",
            bad=facts.bad.get(run, ()),
            grouping=grouping,
            group_label=group.label,
            group_host=group.hosts[0] if group.hosts and grouping in NODE_GROUPINGS else "",
            task_id=task + facts.first_of(stage),
            memory=None if self.budget is None else self.budget.of_run(facts.memory_bytes, len(plan), len(tasks)),
        )
