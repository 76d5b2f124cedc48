"""Faults that had no effect on a job by the time it ended, and why: the text of the warning. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from disco_sim.error import nearest
from disco_sim.sim.fault import BadReplica, CrashRun, TaskFault, text_of
from disco_sim.store.facts import JobFacts
from disco_sim.tables import counted

_MOST_FAULTS = 10


def warning(facts: JobFacts, faults: Iterable[TaskFault], ended_s: float) -> str:
    """The warning about `faults` that had no effect on a job which ended at `ended_s`; '' if there are none.

    For a dead job only faults that could never have struck it are listed: others may simply not have had their turn.
    """
    listed = []
    for fault in faults:
        reason = _name_error(facts, fault)
        if not reason and facts.status == "ready":
            reason = _reason(facts, fault, ended_s)
        if reason:
            listed.append(f"{text_of(fault)} ({reason})")
    if not listed:
        return ""
    n_more = len(listed) - _MOST_FAULTS
    text = ", ".join(listed[:_MOST_FAULTS]) + (f" and {n_more} more" if n_more > 0 else "")
    rule = "a fault strikes only what a job has, so correct it, or give job= if it is meant for another job"
    return f"{counted(len(listed), 'fault')} had no effect: {text}; {rule}"


def _name_error(facts: JobFacts, fault: TaskFault) -> str:
    """Why a job cannot have a task of this name; '' if it has one, or may still get one."""
    stages = [stage.name for stage in facts.request.plan]
    if fault.stage not in stages:
        near = nearest(fault.stage, stages, most=1)
        known = f"near it: {near[0]!r}" if near else f"its stages: {', '.join(map(repr, stages)) or 'none'}"
        return f"the job has no stage {fault.stage!r}; {known}"
    tasks = facts.tasks.get(fault.stage)
    if tasks is None or fault.task < len(tasks):
        return ""
    numbers = {0: "", 1: ", number 0"}.get(len(tasks), f", 0 to {len(tasks) - 1}")
    return f"stage {fault.stage!r} has {counted(len(tasks), 'task')}{numbers}"


def _reason(facts: JobFacts, fault: TaskFault, ended_s: float) -> str:
    """Why a fault did not strike a task that finished."""
    key = fault.stage, fault.task
    name = f"{fault.stage}:{fault.task}"
    if isinstance(fault, CrashRun):
        n_runs = next(number for number in count() if (*key, number) not in facts.started)
        if fault.run >= n_runs:
            return f"{name} had {counted(n_runs, 'run')}"
        return f"run {fault.run} of {name} started before the fault was given"
    if isinstance(fault, BadReplica):
        pieces = facts.tasks[fault.stage][fault.task].pieces
        n_replicas = max((len(piece.replicas) for piece in pieces), default=0)
        if fault.replica >= n_replicas:
            return f"the input of {name} has {counted(n_replicas, 'replica')}"
        return f"{name} started before the fault was given"
    if fault.at_s is None:
        return f"{name} had stored its output before the fault was given"
    if fault.at_s > ended_s:
        return f"the job ended at {ended_s:.3f} s"
    return f"{name} had nothing stored at {fault.at_s:.3f} s"
