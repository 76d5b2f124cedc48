"""The scheduler: events in, instructions out. Every test ends by checking its invariants."""

from __future__ import annotations

import pytest

from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec, Node
from disco_sim.model.events import DelayTask, DropRun, EndJob, FinishJob, FinishStage, StartRun, StartStage
from disco_sim.model.job import Limits
from disco_sim.model.plan import Output, Stage, TaskInputs
from disco_sim.sim.scheduler import Scheduler

PLAN = (Stage("x", "split"), Stage("y", "group_all"))


class Desk:
    """A scheduler and short ways to tell it what happened."""

    def __init__(self, *nodes, max_failures=3):
        self.scheduler = Scheduler(ClusterSpec(tuple(Node(*node) for node in nodes)), max_failures)

    def tell(self, event):
        orders = self.scheduler.handle(event)
        self.scheduler.check()
        return list(orders)

    def submit(self, job="j", serial=0, plan=PLAN, limits=None):
        return self.tell(events.JobSubmitted(0.0, job, serial, plan, 0, limits or Limits()))

    def begin(self, *homes, job="j", stage="x"):
        """A stage begins; each task is given as the hosts of its one input's replicas, or () for no input."""
        tasks = []
        for places in homes:
            others = tuple((host, "u") for host in places[1:])
            pieces = (Output(0, places[0], 0, 0, "u", others),) if places else ()
            tasks.append(TaskInputs(0, tuple(places), pieces))
        return self.tell(events.StageStarted(0.0, job, stage, tuple(tasks)))

    def done(self, task, host, job="j", stage="x", attempt=0):
        return self.tell(events.RunFinished(1.0, job, stage, task, attempt, host, 0, 0, 0, 0, 0))

    def failed(self, task, host, kind="data", job="j", stage="x", attempt=0, luck=0.0, reason="oops"):
        return self.tell(events.RunFailed(1.0, job, stage, task, attempt, host, kind, reason, 0, 0, 0, luck))

    def requeued(self, task, job="j", stage="x"):
        return self.tell(events.TaskRequeued(2.0, job, stage, task))


@pytest.fixture
def desk():
    """Two nodes, a with two slots and b with one."""
    desk = Desk(("a", 2), ("b", 1))
    yield desk
    desk.scheduler.check()


def run(task, host, slot, *, job="j", stage="x", attempt=0, replica=0):
    return StartRun(job, stage, task, attempt, host, slot, replica)


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


def test_fairness(desk):
    """The job with the fewest running tasks goes first, the older of equals."""
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
    desk.scheduler._jobs["j"].running[1, 0] = ("a", 0)
    with pytest.raises(AssertionError, match="slots of a are"):
        desk.scheduler.check()
    desk.scheduler._jobs["j"].running[1, 0] = ("a", 1)
