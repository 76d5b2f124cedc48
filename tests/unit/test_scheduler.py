"""The scheduler: events in, instructions out. Every test ends by checking its invariants."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from disco_sim.error import DiscoError
from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec, Node
from disco_sim.model.events import DelayTask, DropRun, EndJob, FinishJob, FinishStage, StartStage
from disco_sim.model.job import Limits
from disco_sim.model.plan import Stage
from disco_sim.sim.scheduler import Scheduler
from tests.unit.desk import PLAN, Desk, World, run


@pytest.fixture
def desk():
    """Two nodes, a with two slots and b with one."""
    desk = Desk(("a", 2), ("b", 1))
    yield desk
    desk.scheduler.check()


def test_the_life_of_a_job(desk):
    """Each stage is started, its tasks run, it is finished; after the last stage the job is."""
    assert desk.submit() == [StartStage("j", "x")]
    assert desk.begin(["a"], ["b"]) == [run(0, "a", 0), run(1, "b", 0)]
    assert desk.done(0, "a") == []
    assert desk.done(1, "b") == [FinishStage("j", "x")]
    assert desk.tell(events.StageFinished(1.0, "j", "x")) == [StartStage("j", "y")]
    assert desk.begin([], stage="y") == [run(0, "a", 0, stage="y")]
    assert desk.done(0, "a", stage="y") == [FinishStage("j", "y")]
    assert desk.tell(events.StageFinished(2.0, "j", "y")) == [FinishJob("j")]
    assert desk.scheduler.waiting == ()


def test_a_job_without_stages_is_ready_at_once(desk):
    """A plan of no stages is done when it is submitted."""
    assert desk.submit(plan=()) == [FinishJob("j")]


def test_a_stage_without_tasks_is_done_at_once(desk):
    """A stage whose grouping gives no tasks is finished when it starts."""
    desk.submit()
    assert desk.begin() == [FinishStage("j", "x")]


def test_barrier(desk):
    """The next stage starts only when the last task of this one has ended, not when it alone still runs."""
    desk.submit()
    desk.begin(["a"], ["a"])
    assert desk.done(1, "a") == []
    assert desk.done(0, "a") == [FinishStage("j", "x")]


def test_slots(desk):
    """No more runs than slots, the lowest free slot first; who waits is started when a slot is free."""
    desk.submit()
    assert desk.begin(*[["a"]] * 4) == [run(0, "a", 0), run(1, "a", 1), run(2, "b", 0)]
    assert desk.scheduler.waiting == ("j",)
    assert desk.done(0, "a") == [run(3, "a", 0)]
    assert desk.scheduler.waiting == ()


def test_the_least_loaded_node_first(desk):
    """Tasks at home nowhere go to the node with the fewest runs, the first of equals."""
    desk.submit()
    assert desk.begin([], [], []) == [run(0, "a", 0), run(1, "b", 0), run(2, "a", 1)]


def test_at_home_before_anywhere_else(desk):
    """A task runs at home when a slot is free there, though another node is less loaded; then those without a home."""
    desk.submit()
    assert desk.begin([], ["b"], ["a"]) == [run(2, "a", 0), run(1, "b", 0), run(0, "a", 1)]


def test_a_task_is_moved_only_to_an_idle_node():
    """A task is moved away from home only to a node at which no task of any job waits for the next free slot."""
    desk = Desk(("a", 1), ("b", 1))
    desk.submit("j", 0)
    desk.submit("k", 1)
    assert desk.begin(["a"], ["b"], ["b"], job="j") == [run(0, "a", 0), run(1, "b", 0)]
    assert desk.begin(["a"], job="k") == []
    # k has fewer tasks running than j, but the slot at b is for j's task that waits there.
    assert desk.done(1, "b") == [run(2, "b", 0)]


def test_tasks_above_max_cores_reserve_no_node(desk):
    """A task that may not start, as its job has enough running, keeps no other job's task from the node it is at."""
    desk.submit("j", 0, limits=Limits(max_cores=1))
    desk.submit("k", 1)
    assert desk.begin(["a"], ["a"], job="j") == [run(0, "a", 0)]
    assert desk.begin(["b"], ["b"], job="k") == [run(0, "b", 0, job="k"), run(1, "a", 1, job="k")]


def test_slots_that_come_free_together_go_round(desk):
    """What was started in a second counts at once, so a new job gets the first free slot and the old one the next."""
    desk.submit("j", 0)
    desk.submit("k", 1)
    assert desk.begin([], [], [], [], job="j") == [run(0, "a", 0), run(1, "b", 0), run(2, "a", 1)]
    assert desk.begin([], [], job="k") == []
    assert desk.done(0, "a") == [run(0, "a", 0, job="k")]
    assert desk.done(1, "b") == [run(3, "b", 0)]
    assert desk.done(2, "a") == [run(1, "a", 1, job="k")]


def test_replicas(desk):
    """A run reads the replica at whose node the task waited."""
    desk.submit()
    assert desk.begin(["b"], ["b", "a"]) == [run(1, "a", 0, replica=1), run(0, "b", 0)]


def test_a_failed_task_waits_and_goes_elsewhere(desk):
    """A data failure is delayed by min(failures, 60) + 1..30 seconds, and tried again on another node."""
    desk.submit()
    desk.begin(["a"])
    assert desk.failed(0, "a", luck=0.0) == [DelayTask("j", "x", 0, 1, "a", 2.0)]
    assert desk.requeued(0) == [run(0, "b", 0, attempt=1)]
    assert desk.failed(0, "b", attempt=1, luck=0.999) == [DelayTask("j", "x", 0, 2, "b", 32.0)]


def test_delays_grow_up_to_a_minute():
    """The delay grows with each failure of the task and stops growing at 60."""
    desk = Desk(("a", 1), max_failures=100)
    desk.submit()
    desk.begin([])
    waits = []
    for attempt in range(70):
        (order,) = desk.failed(0, "a", attempt=attempt, luck=0.5)
        waits.append(order.wait_s)
        desk.requeued(0)
    assert waits == [min(failures, 60) + 16.0 for failures in range(1, 71)]


def test_the_private_blacklist_starts_anew(desk):
    """When a task has failed on every node, all of them are open to it again; so is the only one."""
    desk.submit()
    desk.begin(["a"])
    desk.failed(0, "a")
    assert desk.requeued(0) == [run(0, "b", 0, attempt=1)]
    desk.failed(0, "b", attempt=1)
    assert desk.requeued(0) == [run(0, "a", 0, attempt=2)]
    alone = Desk(("a", 1))
    alone.submit()
    alone.begin(["a"])
    alone.failed(0, "a")
    assert alone.requeued(0) == [run(0, "a", 0, attempt=1)]


@pytest.mark.parametrize("max_failures", [0, 1, 3])
def test_max_failures(max_failures):
    """max_failures failed runs of a task are forgiven; one more ends the job."""
    desk = Desk(("a", 1), max_failures=max_failures)
    desk.submit()
    desk.begin([])
    for attempt in range(max_failures):
        assert isinstance(desk.failed(0, "a", attempt=attempt)[0], DelayTask)
        assert desk.requeued(0) == [run(0, "a", 0, attempt=attempt + 1)]
    ended = desk.failed(0, "a", attempt=max_failures)[-1]
    assert ended.reason.startswith(
        f"Task x:0 failed {max_failures + 1} times. At most {max_failures} failures are allowed."
    )


def test_failures_of_different_tasks_do_not_add_up(desk):
    """The limit is of each task."""
    desk = Desk(("a", 2), max_failures=1)
    desk.submit()
    desk.begin([], [])
    assert isinstance(desk.failed(0, "a")[0], DelayTask)
    assert isinstance(desk.failed(1, "a")[0], DelayTask)


def test_a_fatal_failure_ends_the_job(desk):
    """A fatal failure ends the job at once; its other runs are dropped, its waiting tasks forgotten."""
    desk.submit()
    desk.begin(["a"], ["a"], ["a"], ["a"])
    assert desk.failed(0, "a", "fatal") == [
        DropRun("j", "x", 1, 0, "a", "job ended"),
        DropRun("j", "x", 2, 0, "b", "job ended"),
        EndJob("j", "x:0 failed on a: oops"),
    ]
    assert desk.failed(1, "a", "lost") == []
    assert desk.failed(2, "b", "lost") == []
    assert desk.requeued(3) == []
    assert desk.tell(events.StageFinished(3.0, "j", "x")) == []


def test_memory_is_forgiven_once(desk):
    """A task may run out of memory once; the second time ends the job, also with another failure in between."""
    desk.submit()
    desk.begin([], [])
    assert isinstance(desk.failed(0, "a", "memory")[0], DelayTask)
    assert isinstance(desk.failed(1, "b", "memory")[0], DelayTask)
    assert desk.requeued(0) == [run(0, "b", 0, attempt=1)]
    assert isinstance(desk.failed(0, "b", "data", attempt=1)[0], DelayTask)
    assert desk.requeued(0) == [run(0, "a", 0, attempt=2)]
    orders = desk.failed(0, "a", "memory", attempt=2)
    assert orders == [EndJob("j", "x:0 ran out of memory twice, the second time on a")]


def test_the_slots_of_a_dead_job_are_given_on(desk):
    """Slots of dropped runs go to other jobs when the runs are gone, not before."""
    desk.submit("j", 0)
    desk.submit("k", 1)
    desk.begin([], [], [], job="j")
    desk.begin([], [], job="k")
    assert desk.failed(0, "a", "fatal")[-1] == run(0, "a", 0, job="k")
    assert desk.failed(1, "b", "lost") == [run(1, "b", 0, job="k")]


def test_kill(desk):
    """A killed job's runs are dropped; killing again, or what is no job, does nothing."""
    desk.submit()
    desk.begin(["a"], ["b"], ["b"])
    kill = events.JobKillAsked(1.0, "j", "killed")
    assert desk.tell(kill) == [
        DropRun("j", "x", 0, 0, "a", "killed"),
        DropRun("j", "x", 1, 0, "b", "killed"),
        DropRun("j", "x", 2, 0, "a", "killed"),
        EndJob("j", "killed"),
    ]
    assert desk.tell(kill) == []
    for task, host in ((0, "a"), (1, "b"), (2, "a")):
        assert desk.failed(task, host, "lost") == []
    assert desk.tell(kill) == []
    assert desk.failed(0, "a", "lost") == []


def test_kill_between_stages(desk):
    """A job that is killed when nothing of it runs is over at once, and what was on its way is ignored."""
    desk.submit()
    desk.begin(["a"])
    desk.done(0, "a")
    assert desk.tell(events.JobKillAsked(1.0, "j", "killed")) == [EndJob("j", "killed")]
    assert desk.tell(events.StageFinished(1.0, "j", "x")) == []
    assert desk.begin(["a"], stage="y") == []


def test_a_blacklisted_node_gets_nothing(desk):
    """A blacklisted node keeps its runs and gets no new ones; whitelisted, it gets what waits."""
    desk.submit()
    assert desk.begin(["a"], ["b"]) == [run(0, "a", 0), run(1, "b", 0)]
    assert desk.tell(events.NodeBlacklisted(1.0, "a")) == []
    desk.submit("k", 1)
    assert desk.begin(["a"], job="k") == []
    assert desk.done(0, "a") == []
    assert desk.tell(events.NodeWhitelisted(2.0, "a")) == [run(0, "a", 0, job="k")]
    assert desk.tell(events.NodeBlacklisted(2.0, "b")) == []
    assert desk.tell(events.NodeWhitelisted(2.0, "b")) == []


def test_blacklisting_counts_for_the_private_blacklist(desk):
    """A task that failed everywhere it still could run may run where it failed again."""
    desk.submit()
    desk.begin(["a"])
    desk.failed(0, "a")
    desk.tell(events.NodeBlacklisted(1.0, "b"))
    assert desk.requeued(0) == [run(0, "a", 0, attempt=1)]


def test_force_local_without_a_home(desk):
    """A job that must run at home and has none there ends, with the way out; nothing of it is started."""
    desk.submit(limits=Limits(force_local=True))
    assert desk.begin(["a"], ["elsewhere"]) == [
        EndJob(
            "j",
            "task x:1 has no node it may run on: force_local is on and its input is at no node of the cluster; take "
            "the flag out of scheduler={...} or add nodes",
        )
    ]


def test_force_remote_with_homes_everywhere(desk):
    """A job that must run away from its input and whose input is everywhere ends."""
    desk.submit(limits=Limits(force_remote=True))
    (order,) = desk.begin(["a", "b"])
    assert "force_remote is on and its input is at a, b" in order.reason


def test_force_local_goes_back_home_after_a_failure(desk):
    """A task that may run on one node only is tried again there."""
    desk.submit(limits=Limits(force_local=True))
    desk.begin(["b"])
    desk.failed(0, "b")
    assert desk.requeued(0) == [run(0, "b", 0, attempt=1)]


def test_other_events_ask_for_nothing(desk):
    """Messages, outputs and ends of jobs are no concern of the scheduler."""
    assert desk.tell(events.MessageSent(0.0, "j", "x", 0, 0, "a", "MSG", "hello")) == []
    assert desk.tell(events.JobDied(0.0, "j", "x")) == []


def test_check_finds_a_slot_that_is_held_twice(desk):
    """The invariants do fail when two runs hold one slot."""
    desk.submit()
    desk.begin(["a"], ["a"])
    runs = desk.scheduler._jobs["j"].running
    runs["x", 1, 0] = ("a", 0, 0, 0.0)
    with pytest.raises(AssertionError, match="slots of a are"):
        desk.scheduler.check()
    runs["x", 1, 0] = ("a", 1, 0, 0.0)


def test_check_finds_a_wrong_count(desk):
    """The invariants do fail when tasks are left and none is counted."""
    desk.submit()
    desk.begin(["a"], ["a"])
    stage = desk.scheduler._jobs["j"].open
    stage.n_left = 1
    with pytest.raises(AssertionError, match="x has 1 tasks left"):
        desk.scheduler.check()
    stage.n_left = 2


def test_an_unknown_policy(desk):
    """A policy that does not exist is refused."""
    with pytest.raises(DiscoError, match=r"policy='fare' was given.*'fair', 'fifo'"):
        Desk(("a", 1), policy="fare")


def test_what_is_not_there_any_more(desk):
    """Events of jobs that are over, and of stages and runs that never were, ask for nothing."""
    desk.submit()
    desk.begin(["a"])
    assert desk.requeued(0) == []
    assert desk.requeued(0, stage="y") == []
    assert desk.finished("y") == []
    assert desk.output_lost(0, job="k") == []
    assert desk.failed(0, "a", "lost", attempt=7) == []
    desk.tell(events.JobKillAsked(1.0, "j", "killed"))
    assert desk.begin([], stage="y") == []
    assert desk.done(0, "a") == []
    assert desk.output_lost(0) == []


# -- replicas --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["data", "crash"])
def test_another_replica_after_a_failure(kind):
    """After a data failure, or a crash, a task waits where a replica is that has not failed, and reads that."""
    desk = Desk(("a", 1), ("b", 1), ("c", 1))
    desk.submit()
    assert desk.begin(["a", "c"]) == [run(0, "a", 0)]
    assert desk.failed(0, "a", kind) == [DelayTask("j", "x", 0, 1, "a", 2.0)]
    assert desk.requeued(0) == [run(0, "c", 0, attempt=1, replica=1)]
    # Both have failed now, so both may be read again, and the task is at home where it has not failed: nowhere.
    assert desk.failed(0, "c", kind, attempt=1) == [DelayTask("j", "x", 0, 2, "c", 3.0)]
    assert desk.requeued(0) == [run(0, "b", 0, attempt=2, replica=0)]


def test_a_replica_elsewhere():
    """A replica that is at no node of the cluster is read from anywhere, once the one at home has failed."""
    desk = Desk(("a", 1), max_failures=10)
    desk.submit()
    assert desk.begin(["a", "elsewhere", "a"]) == [run(0, "a", 0)]
    replicas = []
    for attempt in range(4):
        desk.failed(0, "a", attempt=attempt)
        replicas.append(desk.requeued(0)[0].replica)
    assert replicas == [2, 1, 0, 2]


def test_a_memory_failure_is_no_failure_of_a_replica(desk):
    """A task that ran out of memory reads the same replica again, if it is at home at no other."""
    desk.submit()
    desk.begin(["a", "elsewhere"])
    desk.failed(0, "a", "memory")
    assert desk.requeued(0) == [run(0, "b", 0, attempt=1, replica=0)]


def test_no_replica_of_a_dead_node(desk):
    """What is on a dead node is not read from there, when another replica is left."""
    desk.submit()
    desk.begin([], [], [])
    desk.submit("k", 1)
    desk.begin(["a", "elsewhere"], job="k")
    desk.died("a")
    assert desk.done(1, "b") == [run(0, "b", 0, job="k", replica=1)]


# -- lost runs -------------------------------------------------------------------------------------


def test_a_lost_run_is_no_failure():
    """A task whose run was lost waits like a failed one, but may run there again, and be lost any number of times."""
    desk = Desk(("a", 1), ("b", 1), max_failures=0)
    desk.submit()
    desk.begin(["a"])
    for attempt in range(5):
        delay = DelayTask("j", "x", 0, 0, "a", attempt + 2.0)
        assert desk.failed(0, "a", "lost", attempt=attempt, cause="node") == [delay]
        assert desk.requeued(0) == [run(0, "a", 0, attempt=attempt + 1)]
    ended = desk.failed(0, "a", "data", attempt=5)[-1]
    assert ended.reason == "Task x:0 failed 1 times. At most 0 failures are allowed."


def test_losses_and_failures_lengthen_the_wait_together(desk):
    """The wait grows with each failure and each loss, and says the failures alone."""
    desk.submit()
    desk.begin(["a"])
    desk.failed(0, "a", "data")
    desk.requeued(0)
    assert desk.failed(0, "b", "lost", attempt=1, luck=0.5) == [DelayTask("j", "x", 0, 1, "b", 18.0)]


def test_a_run_whose_input_was_lost_waits_at_once(desk):
    """A task that was reading what is lost needs no delay: it waits for that anyway, or there is another replica."""
    desk.submit()
    desk.begin(["a"])
    assert desk.failed(0, "a", "lost", cause="input") == [run(0, "a", 0, attempt=1)]


@pytest.mark.parametrize("cause", ["", "node", "scheduler"])
def test_no_wording_decides_what_follows_a_loss(desk, cause):
    """Whether a lost run waits follows from its cause, whatever its reason says."""
    desk.submit()
    desk.begin(["a"])
    event = events.RunFailed(1.0, "j", "x", 0, 0, "a", "lost", "input lost: in words only", 0, 0, 0, 0.0, cause)
    assert [type(order) for order in desk.tell(event)] == [DelayTask]


# -- nodes -----------------------------------------------------------------------------------------


def test_a_dead_node_gets_nothing(desk):
    """Tasks that wait at a node that dies wait elsewhere; its runs are lost one by one, and free no slot."""
    desk.submit()
    assert desk.begin(*[["a"]] * 4) == [run(0, "a", 0), run(1, "a", 1), run(2, "b", 0)]
    assert desk.died("a") == []
    assert desk.scheduler.usable == ("b",)
    assert desk.scheduler.dead == ("a",)
    assert [type(order) for order in desk.failed(0, "a", "lost")] == [DelayTask]
    assert [type(order) for order in desk.failed(1, "a", "lost")] == [DelayTask]
    assert desk.done(2, "b") == [run(3, "b", 0)]
    assert desk.requeued(0) == []
    assert desk.returned("a") == [run(0, "a", 0, attempt=1)]
    assert desk.requeued(1) == [run(1, "a", 1, attempt=1)]


def test_tasks_of_a_dead_node_wait_at_another_replica(desk):
    """A task that waited at a node that dies waits at the node of another replica, and reads that."""
    desk.submit()
    assert desk.begin(["a"], ["a"], ["b"], ["a", "b"]) == [run(0, "a", 0), run(2, "b", 0), run(1, "a", 1)]
    desk.died("a")
    assert desk.done(2, "b") == [run(3, "b", 0, replica=1)]


def test_a_node_that_returns_is_home_again():
    """A task that waits nowhere, as its home was dead, waits there again, and goes before those at home nowhere."""
    desk = Desk(("a", 1), ("b", 1))
    desk.submit()
    assert desk.begin(["b"], ["a"], [], ["a"]) == [run(1, "a", 0), run(0, "b", 0)]
    desk.died("a")
    desk.failed(1, "a", "lost")
    assert desk.returned("a") == [run(3, "a", 0)]
    assert desk.done(0, "b") == [run(2, "b", 0)]


def test_dead_and_blacklisted(desk):
    """A node that is dead and blacklisted needs both lifted, in any order, and each counts once."""
    for lift in ([events.NodeReturned, events.NodeWhitelisted], [events.NodeWhitelisted, events.NodeReturned]):
        desk.died("a")
        desk.tell(events.NodeBlacklisted(1.0, "a"))
        assert desk.scheduler.usable == ("b",)
        desk.tell(lift[0](1.0, "a"))
        desk.tell(lift[0](1.0, "a"))
        assert desk.scheduler.usable == ("b",)
        desk.tell(lift[1](1.0, "a"))
        assert desk.scheduler.usable == ("a", "b")


def test_a_node_that_is_not_there(desk):
    """What happens to hosts that the cluster has not changes nothing."""
    for kind in (events.NodeDied, events.NodeReturned, events.NodeBlacklisted, events.NodeWhitelisted):
        assert desk.tell(kind(1.0, "elsewhere")) == []
    assert desk.scheduler.usable == ("a", "b")


def test_death_counts_for_the_private_blacklist():
    """A task that failed everywhere but on a node that dies may run where it failed again, also if it waits already."""
    desk = Desk(("a", 1), ("b", 1))
    desk.submit()
    desk.begin(["a"], ["b"], ["b"])
    desk.failed(0, "a")
    desk.requeued(0)
    assert desk.scheduler.waiting == ("j",)
    assert desk.died("b") == []
    desk.failed(2, "a", "lost")
    assert desk.scheduler.waiting == ()


def test_a_node_dies_in_the_first_stage():
    """The lost task runs elsewhere after a delay, and the second stage starts when all are done."""
    desk = Desk(("a", 1), ("b", 1))
    desk.submit()
    desk.begin(["a"], ["b"])
    assert desk.died("a") == []
    assert desk.failed(0, "a", "lost", cause="node", luck=0.0) == [DelayTask("j", "x", 0, 0, "a", 2.0)]
    assert desk.done(1, "b") == []
    assert desk.requeued(0) == [run(0, "b", 0, attempt=1)]
    assert desk.done(0, "b", attempt=1) == [FinishStage("j", "x")]


def test_a_node_dies_in_the_second_stage():
    """What the first stage had stored there is made again, while the second stage's lost tasks wait for it."""
    desk = Desk(("a", 1), ("b", 1))
    second_stage(desk, 2)
    assert desk.died("b", at=2.0) == []
    assert desk.failed(1, "b", "lost", stage="y", cause="node", at=2.0) == [DelayTask("j", "y", 1, 0, "b", 2.0)]
    assert desk.output_lost(1, "b", at=2.0) == []
    # The run on a reads what is lost; the first stage's task gets its slot before it.
    assert desk.failed(0, "a", "lost", stage="y", cause="input", at=2.0) == [run(1, "a", 0, attempt=1)]
    assert desk.requeued(1, stage="y", at=4.0) == []
    assert desk.done(1, "a", attempt=1, at=5.0) == [run(0, "a", 0, stage="y", attempt=1)]
    assert desk.done(0, "a", stage="y", attempt=1, at=6.0) == [run(1, "a", 0, stage="y", attempt=1)]
    assert desk.done(1, "a", stage="y", attempt=1, at=7.0) == [FinishStage("j", "y")]
    assert desk.finished("y") == [FinishJob("j")]


# -- several stages at once ------------------------------------------------------------------------


def second_stage(desk, n_tasks, homes=(["a"], ["b"])):
    """A job in its second stage, whose tasks have started."""
    desk.submit()
    desk.begin(*homes)
    for task, (host,) in enumerate(homes):
        desk.done(task, host)
    desk.finished()
    return desk.begin(*[[]] * n_tasks, stage="y")


def test_an_output_that_is_lost_is_made_again(desk):
    """A done task whose output is lost runs again at once, with a new attempt, and counts as left until it is done."""
    desk.submit()
    desk.begin(["a"], ["b"])
    desk.done(0, "a")
    assert desk.output_lost(0) == [run(0, "a", 0, attempt=1)]
    assert desk.done(1, "b") == []
    assert desk.done(0, "a", attempt=1) == [FinishStage("j", "x")]


def test_an_output_of_a_task_that_is_not_done(desk):
    """What was lost of a task that runs or waits again changes nothing."""
    desk.submit()
    desk.begin(["a"], ["a"], ["a"], ["a"])
    assert desk.output_lost(0) == []
    assert desk.output_lost(3) == []
    desk.failed(1, "a", "data")
    assert desk.output_lost(1) == []
    assert desk.output_lost(0, stage="y") == []


def test_later_stages_wait_for_earlier_ones(desk):
    """While a task of an earlier stage runs again, runs of later stages go on and none starts."""
    assert second_stage(desk, 5) == [run(0, "a", 0, stage="y"), run(1, "b", 0, stage="y"), run(2, "a", 1, stage="y")]
    assert desk.output_lost(0) == []
    assert desk.done(1, "b", stage="y") == [run(0, "b", 0, attempt=1)]
    assert desk.done(0, "a", stage="y") == []
    assert desk.scheduler.waiting == ()
    # The first stage is complete again: that is not told once more, and the second goes on.
    assert desk.done(0, "b", attempt=1) == [run(3, "b", 0, stage="y"), run(4, "a", 0, stage="y")]
    for task, host in ((2, "a"), (3, "b")):
        assert desk.done(task, host, stage="y") == []
    assert desk.done(4, "a", stage="y") == [FinishStage("j", "y")]


def test_a_later_stage_is_complete_before_an_earlier_one(desk):
    """A stage is finished only when all before it are complete, whichever task is the last."""
    second_stage(desk, 1)
    assert desk.output_lost(1, "b") == [run(1, "b", 0, attempt=1)]
    assert desk.done(0, "a", stage="y") == []
    assert desk.done(1, "b", attempt=1) == [FinishStage("j", "y")]


def test_three_stages_lose_outputs():
    """Outputs that are lost one stage before the other are made again in the order of the stages."""
    desk = Desk(("a", 1))
    desk.submit(plan=(*PLAN, Stage("z", "split")))
    for stage in "xy":
        desk.begin([], stage=stage)
        desk.done(0, "a", stage=stage)
        desk.finished(stage)
    assert desk.begin([], [], stage="z") == [run(0, "a", 0, stage="z")]
    assert desk.output_lost(0, stage="y") == []
    assert desk.output_lost(0, stage="x") == []
    assert desk.done(0, "a", stage="z") == [run(0, "a", 0, attempt=1)]
    assert desk.done(0, "a", attempt=1) == [run(0, "a", 0, stage="y", attempt=1)]
    assert desk.done(0, "a", stage="y", attempt=1) == [run(1, "a", 0, stage="z")]


def test_an_output_is_lost_while_its_stage_is_being_finished(desk):
    """Between FinishStage and StageFinished: the next stage does not start, and the stage is finished once more."""
    desk.submit()
    desk.begin(["a"], ["b"])
    desk.done(0, "a")
    assert desk.done(1, "b") == [FinishStage("j", "x")]
    assert desk.output_lost(0) == [run(0, "a", 0, attempt=1)]
    assert desk.finished() == []
    assert desk.done(0, "a", attempt=1) == [FinishStage("j", "x")]
    assert desk.finished() == [StartStage("j", "y")]


def test_an_output_is_lost_while_the_last_stage_is_being_finished(desk):
    """A job is not ready while what its last stage stored is lost."""
    desk.submit(plan=PLAN[:1])
    desk.begin(["a"])
    assert desk.done(0, "a") == [FinishStage("j", "x")]
    assert desk.output_lost(0) == [run(0, "a", 0, attempt=1)]
    assert desk.finished() == []
    assert desk.done(0, "a", attempt=1) == [FinishStage("j", "x")]
    assert desk.finished() == [FinishJob("j")]
    assert desk.output_lost(0) == []


def test_an_output_is_lost_before_the_next_stage_has_begun(desk):
    """Between StageFinished and StageStarted: the tasks of the next stage wait until the output is there again."""
    desk.submit()
    desk.begin(["a"])
    desk.done(0, "a")
    assert desk.finished() == [StartStage("j", "y")]
    assert desk.output_lost(0) == [run(0, "a", 0, attempt=1)]
    assert desk.begin([], [], stage="y") == []
    assert desk.done(0, "a", attempt=1) == [run(0, "a", 0, stage="y"), run(1, "b", 0, stage="y")]


def test_an_empty_stage_begins_while_an_output_is_lost(desk):
    """A stage without tasks is finished when all before it are complete, not at once."""
    desk.submit()
    desk.begin(["a"])
    desk.done(0, "a")
    desk.finished()
    desk.output_lost(0)
    assert desk.begin(stage="y") == []
    assert desk.done(0, "a", attempt=1) == [FinishStage("j", "y")]
    assert desk.finished("y") == [FinishJob("j")]


def test_an_output_is_lost_twice(desk):
    """An output may be lost again while its stage is still being finished, and then again."""
    desk.submit()
    desk.begin(["a"])
    for attempt in range(3):
        assert desk.done(0, "a", attempt=attempt) == [FinishStage("j", "x")]
        assert desk.output_lost(0) == [run(0, "a", 0, attempt=attempt + 1)]
        assert desk.finished() == []


def test_runs_of_all_stages_count_for_max_cores(desk):
    """max_cores counts what runs of the job in any stage, and a job that ends drops all of it."""
    desk.submit(limits=Limits(max_cores=1))
    desk.begin(["a"])
    desk.done(0, "a")
    desk.finished()
    assert desk.begin([], [], stage="y") == [run(0, "a", 0, stage="y")]
    assert desk.output_lost(0) == []
    assert desk.done(0, "a", stage="y") == [run(0, "a", 0, attempt=1)]
    assert desk.tell(events.JobKillAsked(2.0, "j", "killed"))[0] == DropRun("j", "x", 0, 1, "a", "killed")


def test_force_flags_when_the_first_stage_runs_again():
    """A task of the first stage that runs again is forced as before; the second stage is not."""
    desk = Desk(("a", 1), ("b", 1))
    desk.submit(limits=Limits(force_local=True))
    desk.begin(["b"])
    desk.done(0, "b")
    desk.finished()
    assert desk.begin(["b"], ["b"], stage="y") == [run(0, "b", 0, stage="y"), run(1, "a", 0, stage="y")]
    assert desk.output_lost(0) == []
    assert desk.done(1, "a", stage="y") == []
    assert desk.done(0, "b", stage="y") == [run(0, "b", 0, attempt=1)]


# -- stuck jobs ------------------------------------------------------------------------------------


def test_why_a_job_is_stuck_without_nodes(desk):
    """With no node left, the sentence names them and what is wrong with them."""
    desk.submit()
    desk.died("a")
    desk.tell(events.NodeBlacklisted(1.0, "b"))
    desk.begin(["a"])
    assert desk.scheduler.why_stuck("j") == "a, b are dead or blacklisted and none returns"
    desk.tell(events.NodeWhitelisted(1.0, "b"))
    desk.died("b")
    desk.failed(0, "b", "lost", cause="input")
    assert desk.scheduler.why_stuck("j") == "a, b are dead and none returns"


def test_why_a_forced_job_is_stuck(desk):
    """A task that may run on dead nodes only is named, and why it may not run elsewhere."""
    desk.submit(limits=Limits(force_local=True))
    desk.died("b")
    desk.begin(["a"], ["b"])
    assert desk.scheduler.why_stuck("j") == "task x:1 may only run on b (force_local), which is dead"
    desk.submit("k", 1, limits=Limits(force_remote=True))
    desk.begin(["a"], job="k")
    assert desk.scheduler.why_stuck("k") == "task x:0 may not run on a (force_remote), and b is dead"


def test_why_a_job_waits_for_ever(desk):
    """When tasks could start, something else does not end; and one that waits for nothing says so."""
    desk.submit()
    assert desk.scheduler.why_stuck("j") == "no task of the job waits"
    desk.begin([], [], [], [])
    assert desk.scheduler.why_stuck("j") == "task x:0 runs on a and does not end"
    desk.submit("k", 1)
    desk.begin([], [], job="k")
    assert desk.scheduler.why_stuck("k") == "2 tasks wait for a slot and none comes free"
    assert desk.scheduler.why_stuck("l") == "the job has ended"


# -- anything that may go wrong --------------------------------------------------------------------


class Unlucky(World):
    """A world in which outputs may also be lost at the most awkward moments."""

    def __init__(self, luck, *args, **options):
        super().__init__(*args, **options)
        self._luck = luck

    def _lose_something(self, job):
        mine = [task for task in self._stored if task[0] == job]
        if mine and self._luck.random() < 0.3:
            task = self._luck.choice(mine)
            self._soon(events.OutputLost, *task, self._stored.pop(task), "bad luck")

    def _FinishStage(self, order):
        self._lose_something(order.job)
        super()._FinishStage(order)
        self._lose_something(order.job)

    def _StartStage(self, order):
        self._lose_something(order.job)
        super()._StartStage(order)
        self._lose_something(order.job)

    def _DropRun(self, order):
        super()._DropRun(order)
        self._lose_something(order.job)


def unlucky(seed):
    """Jobs on a cluster where runs fail, nodes die or are blacklisted for a while, and outputs are lost; options."""
    luck = random.Random(seed)
    nodes = tuple(Node(f"n{number}", luck.randint(1, 3)) for number in range(luck.randint(1, 5)))
    hosts = [node.host for node in nodes]
    options = {
        "policy": luck.choice(["fair", "fifo"]),
        "has_copies": luck.random() < 0.6,
        "max_failures": luck.choice([1, 3, 10]),
    }

    def end_of(started):
        kind = luck.choice(["data", "data", "data", "crash", "memory", "fatal"]) if luck.random() < 0.1 else None
        return luck.choice([0.0, 1.0, 1.0, 1.0, 1.5, 2.0, luck.uniform(0, 9)]), kind

    homes = [tuple(luck.sample([*hosts, "elsewhere"], luck.randint(0, min(len(hosts), 3)))) for _ in range(7)]
    world = Unlucky(luck, ClusterSpec(nodes), end_of, homes, **options)
    for serial in range(luck.randint(1, 4)):
        plan = tuple(Stage(f"s{number}", "split") for number in range(luck.randint(0, 3)))
        forced = luck.choice([(False, False)] * 4 + [(True, False), (False, True)])
        limits = Limits(luck.choice([1, 2, 100]), *forced)
        world.submit(f"j{serial}", serial, plan, luck.randint(0, 8), limits, luck.choice([0.0, 1.0, 5.5]))
    for _ in range(luck.randint(0, 6)):
        host, begin_s = luck.choice(hosts), luck.choice([0.0, 1.0, 2.0, luck.uniform(0, 40)])
        end_s = begin_s + luck.choice([1.0, luck.uniform(0, 20), 100.0])
        for kinds in [(events.NodeDied, events.NodeReturned), (events.NodeBlacklisted, events.NodeWhitelisted)]:
            if luck.random() < 0.6:
                world.clock.put(begin_s, kinds[0](begin_s, host))
                world.clock.put(end_s, kinds[1](end_s, host))
    return world, options


def assert_orders_are_right(world, n_runs):
    """No run on a node that is away, of a done task, one too many, or before all earlier stages are complete."""
    away = Counter()
    left, runs = {}, Counter()
    for event, orders in zip(world.log, world.orders, strict=True):
        if isinstance(event, events.StageStarted):
            left.setdefault(event.job, {})[event.stage] = set(range(len(event.tasks)))
        elif isinstance(event, (events.RunFinished, events.RunFailed)):
            runs[event[1:4]] -= 1
            if isinstance(event, events.RunFinished):
                left[event.job][event.stage].discard(event.task)
        elif isinstance(event, events.OutputLost):
            left[event.job][event.stage].add(event.task)
        elif isinstance(event, (events.NodeDied, events.NodeBlacklisted)):
            away[type(event), event.host] = 1
        elif isinstance(event, events.NodeReturned):
            away[events.NodeDied, event.host] = 0
        elif isinstance(event, events.NodeWhitelisted):
            away[events.NodeBlacklisted, event.host] = 0
        for order in orders:
            if isinstance(order, events.StartRun):
                runs[order[:3]] += 1
                assert runs[order[:3]] <= n_runs
                assert not away[events.NodeDied, order.host] and not away[events.NodeBlacklisted, order.host]
                stages = list(left[order.job])
                assert order.task in left[order.job][order.stage]
                assert not any(left[order.job][stage] for stage in stages[: stages.index(order.stage)])
            elif isinstance(order, (FinishStage, FinishJob)):
                assert not any(left.get(order.job, {}).values())


@pytest.mark.parametrize("seeds", [range(first, first + 50) for first in range(0, 400, 50)], ids=str)
def test_whatever_goes_wrong(seeds):
    """Every job ends once, no order is wrong, and a fresh scheduler says the same to the same events."""
    for seed in seeds:
        world, options = unlucky(seed)
        log = world.play()
        assert_orders_are_right(world, 2 if options["has_copies"] else 1)
        ends = Counter(event.job for event in log if isinstance(event, (events.JobFinished, events.JobDied)))
        assert ends == Counter(event.job for event in log if isinstance(event, events.JobSubmitted))
        again = Scheduler(world.spec, **options)
        assert [again.handle(event) for event in log] == world.orders
