"""Recorded events of bugs that were, and the instructions that are right; one test a bug."""

from __future__ import annotations

from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import (
    DelayTask,
    EndJob,
    JobSubmitted,
    RunFailed,
    RunFinished,
    StageStarted,
    StartRun,
    StartStage,
    TaskRequeued,
)
from disco_sim.model.job import Limits
from disco_sim.model.plan import Output, Stage, TaskInputs
from disco_sim.sim.scheduler import Scheduler

PLAN = (Stage("map", "split"),)


def at(host, number=0):
    return TaskInputs(0, (host,), (Output(0, host, 0, 0, f"raw://{number}"),))


def instructions(spec, *recorded):
    """What a fresh scheduler says to each event; its invariants hold after each."""
    scheduler = Scheduler(ClusterSpec.parse(spec))
    said = []
    for event in recorded:
        said.append(list(scheduler.handle(event)))
        scheduler.check()
    return said


def test_an_idle_node_took_a_task_from_a_node_that_could_run_it():
    """A task whose own node has a free slot runs there, though another node is free too and stands before it."""
    said = instructions(
        "node01 x1, node02 x1",
        JobSubmitted(0.0, "a", 0, PLAN, 1, Limits()),
        StageStarted(0.0, "a", "map", (at("node02"),)),
    )
    assert said == [[StartStage("a", "map")], [StartRun("a", "map", 0, 0, "node02", 0, 0)]]


def test_a_data_failure_made_the_scheduler_forget_a_memory_failure():
    """Memory, data, memory: the second failure for want of memory ends the job."""
    said = instructions(
        "node01 x1",
        JobSubmitted(0.0, "a", 0, PLAN, 1, Limits()),
        StageStarted(0.0, "a", "map", (at("node01"),)),
        RunFailed(0.5, "a", "map", 0, 0, "node01", "memory", "MemoryError", 0, 0, 0, 0.0),
        TaskRequeued(2.5, "a", "map", 0),
        RunFailed(3.0, "a", "map", 0, 1, "node01", "data", "OSError", 0, 0, 0, 0.0),
        TaskRequeued(6.0, "a", "map", 0),
        RunFailed(6.5, "a", "map", 0, 2, "node01", "memory", "MemoryError", 0, 0, 0, 0.0),
    )
    assert said[2:] == [
        [DelayTask("a", "map", 0, 1, "node01", 2.0)],
        [StartRun("a", "map", 0, 1, "node01", 0, 0)],
        [DelayTask("a", "map", 0, 2, "node01", 3.0)],
        [StartRun("a", "map", 0, 2, "node01", 0, 0)],
        [EndJob("a", "map:0 ran out of memory twice, the second time on node01")],
    ]


def test_a_job_that_was_due_lost_its_turn_to_a_task_at_home():
    """The job with the fewest running tasks goes first, before another job's task that is at home at the free slot."""
    said = instructions(
        "node01 x1, node02 x1",
        JobSubmitted(0.0, "a", 0, PLAN, 3, Limits()),
        StageStarted(0.0, "a", "map", (at("node01"), at("node02"), at("node01"))),
        JobSubmitted(0.0, "b", 1, PLAN, 1, Limits()),
        StageStarted(0.0, "b", "map", (TaskInputs(0, (), ()),)),
        RunFinished(0.5, "a", "map", 0, 0, "node01", 0, 0, 0, 0, 0),
    )
    assert said[-1] == [StartRun("b", "map", 0, 0, "node01", 0, 0)]
