"""Second runs of slow tasks: when, where, and what becomes of both."""

from __future__ import annotations

import statistics
from collections import Counter

import pytest

from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import DelayTask, DropRun, EndJob, FinishStage, RunStarted, StartRun, WatchCopies
from disco_sim.model.job import Limits
from disco_sim.model.plan import Stage
from disco_sim.sim.copies import MOMENT_S, Pace
from tests.unit.desk import Desk, World, run

PLAN = (Stage("x", "split"),)


def copying(*homes, nodes=(("a", 2), ("b", 2)), limits=None):
    """A desk whose job has begun, its runs at 0.0."""
    desk = Desk(*nodes, has_copies=True)
    desk.submit(plan=PLAN, limits=limits)
    desk.begin(*homes)
    return desk


def watch(wait_s):
    return WatchCopies("j", "x", pytest.approx(wait_s + MOMENT_S, abs=1e-9))


def test_the_median_of_durations():
    """It is that of all durations, however many."""
    pace, durations = Pace(), [(7 * number) % 31 / 3 for number in range(60)]
    for number, seconds in enumerate(durations, 1):
        pace.add(seconds)
        assert pace.median_s == pytest.approx(statistics.median(durations[:number]))


def test_off_by_default():
    """Without has_copies no task runs twice at once, as in Disco."""
    desk = Desk(("a", 2), ("b", 2))
    desk.submit(plan=PLAN)
    desk.begin([], [], [])
    assert desk.done(0, "a", at=1.0) == []
    assert desk.done(1, "b", at=100.0) == []
    assert desk.looked(200.0) == []


def test_a_slow_run_gets_a_second_one():
    """Half of the tasks are done and one takes more than 1.5 medians: it is started once more, on another node."""
    desk = copying([], [], [], [])
    assert desk.done(0, "a", at=10.0) == []
    assert desk.done(1, "b", at=10.0) == [watch(5.0)]
    assert desk.done(2, "a", at=12.0) == []
    assert desk.looked(15.0 + MOMENT_S) == [run(3, "a", 0, attempt=1)]


def test_exactly_as_long_is_not_slow():
    """A run is slow when it lasted longer than 1.5 medians, and it is looked at a moment after that."""
    desk = copying([], [])
    assert desk.done(0, "a", at=2.0) == [watch(1.0)]
    assert desk.looked(3.0) == []
    assert desk.looked(3.0 + MOMENT_S) == [run(1, "a", 0, attempt=1)]


def test_not_before_half_of_the_tasks_are_done():
    """However slow a run is, half of the stage's tasks have to be done first."""
    desk = copying([], [], [], nodes=(("a", 4), ("b", 4)))
    assert desk.done(0, "a", at=1.0) == []
    assert desk.looked(100.0) == []
    assert desk.done(1, "b", at=100.0) == [run(2, "b", 0, attempt=1)]


def test_not_while_a_task_waits():
    """No second run while a task of the stage waits for the end of its delay; then it goes before them."""
    desk = copying(*[[]] * 6, nodes=(("a", 3), ("b", 3)))
    for task, host in ((0, "a"), (1, "b"), (2, "a")):
        desk.done(task, host, at=1.0)
    assert desk.failed(4, "a", at=1.0) == [DelayTask("j", "x", 4, 1, "a", 2.0)]
    assert desk.looked(50.0) == []
    again, *copies = desk.requeued(4, at=50.0)
    assert again == run(4, "b", 0, attempt=1)
    assert copies == [run(3, "a", 0, attempt=1), run(5, "a", 1, attempt=1)]


def test_not_while_a_task_waits_for_a_slot():
    """No second run while a task of the stage waits for a slot, though one is free that it may not have."""
    desk = Desk(("a", 1), ("b", 1), has_copies=True)
    desk.submit(plan=PLAN, limits=Limits(force_local=True))
    desk.begin(["b"], ["a", "b"], ["b"])
    desk.done(0, "b", at=1.0)
    desk.done(1, "a", at=1.0)
    assert desk.looked(50.0) == []


def test_only_on_another_node():
    """With free slots only where the first run is, there is no second one; when another comes free there is."""
    desk = copying(["a"], ["a"], ["b"], nodes=(("a", 2), ("b", 1)))
    desk.submit("k", 1)
    desk.done(2, "b", at=1.0)
    assert desk.begin([], job="k", at=1.0) == [run(0, "b", 0, job="k")]
    desk.done(0, "a", at=1.0)
    assert desk.looked(10.0) == []
    assert desk.done(0, "b", job="k", at=11.0) == [FinishStage("k", "x"), run(1, "b", 0, attempt=1)]


def test_not_where_it_failed():
    """A second run keeps off the nodes where the task failed, and goes to a home of the task if it can."""
    desk = copying(["a"], ["b"], ["a", "c"], nodes=(("a", 2), ("b", 1), ("c", 1)))
    desk.failed(2, "c", at=0.0)
    desk.requeued(2, at=0.0)
    desk.done(0, "a", at=1.0)
    desk.done(1, "b", at=1.0)
    # It runs on a again, where its other replica is; c would be its home, but it failed there.
    assert desk.looked(10.0) == [run(2, "b", 0, attempt=2)]


def test_at_home_if_it_can():
    """A second run goes to another home of the task, and reads the replica there."""
    desk = copying(["c"], ["a", "c"], nodes=(("a", 1), ("b", 1), ("c", 1)))
    assert desk.done(0, "c", at=1.0) == [watch(0.5)]
    assert desk.looked(10.0) == [run(1, "c", 0, attempt=1, replica=1)]


def test_never_more_than_two_runs():
    """A task that has a second run gets no third one, however slow both are."""
    desk = copying([], [], nodes=(("a", 1), ("b", 1), ("c", 1)))
    desk.done(0, "a", at=1.0)
    desk.looked(2.0)
    assert desk.looked(500.0) == []


def test_max_cores_holds_for_second_runs():
    """A job that has as many runs as it may gets no second one."""
    desk = copying([], [], limits=Limits(max_cores=2))
    desk.done(0, "a", at=1.0)
    desk.looked(2.0)
    one = copying([], [], limits=Limits(max_cores=1))
    one.done(0, "a", at=1.0)
    assert one.looked(500.0) == []


def test_the_faster_run_counts():
    """When one of two runs ends well, the other is dropped, and the task is done once, whatever still comes of it."""
    for faster, host, slower, other in ((0, "b", 1, "a"), (1, "a", 0, "b")):
        desk = copying([], [])
        desk.done(0, "a", at=1.0)
        desk.looked(2.0)
        drop = DropRun("j", "x", 1, slower, other, "another run of the task was faster")
        assert desk.done(1, host, attempt=faster, at=3.0) == [drop, FinishStage("j", "x")]
        assert desk.failed(1, other, "lost", attempt=slower, at=3.0) == []
        assert desk.finished(at=3.0) == [events.FinishJob("j")]


def test_both_runs_end_in_the_same_instant():
    """The second end of a task that is done counts for nothing."""
    desk = copying([], [], [], [])
    for task, host in ((0, "a"), (1, "b"), (2, "a")):
        desk.done(task, host, at=1.0)
    desk.looked(2.0)
    assert FinishStage("j", "x") in desk.done(3, "b", at=3.0)
    assert desk.done(3, "a", attempt=1, at=3.0) == []


def test_a_failure_of_a_run_of_a_done_task():
    """A run that fails when its task is done does no harm."""
    desk = copying([], [])
    desk.done(0, "a", at=1.0)
    desk.looked(2.0)
    desk.done(1, "b", at=3.0)
    assert desk.failed(1, "a", "fatal", attempt=1, at=3.0) == []


def test_one_of_two_runs_fails():
    """The other goes on, and the task waits for nothing; the failure counts, and the slow one may get another."""
    desk = copying([], [], nodes=(("a", 1), ("b", 1), ("c", 1)))
    desk.done(0, "a", at=1.0)
    desk.looked(2.0)
    assert desk.failed(1, "a", attempt=1, at=3.0) == [run(1, "c", 0, attempt=2)]
    assert desk.failed(1, "b", attempt=0, at=3.0) == []
    assert desk.failed(1, "c", attempt=2, at=3.0) == [DelayTask("j", "x", 1, 3, "c", 4.0)]


def test_failures_of_both_runs_count():
    """Two runs that fail are two failures."""
    desk = Desk(("a", 1), ("b", 1), has_copies=True, max_failures=1)
    desk.submit(plan=PLAN)
    desk.begin([], [])
    desk.done(0, "a", at=1.0)
    desk.looked(2.0)
    assert desk.failed(1, "a", attempt=1, at=3.0) == []
    (order,) = desk.failed(1, "b", at=3.0)
    assert order == EndJob("j", "Task x:1 failed 2 times. At most 1 failures are allowed.")


def test_one_of_two_runs_is_lost():
    """When a node dies, the run on the other one goes on."""
    desk = copying([], [])
    desk.done(0, "a", at=1.0)
    desk.looked(2.0)
    desk.died("b", at=3.0)
    assert desk.failed(1, "b", "lost", cause="node", at=3.0) == []
    assert desk.done(1, "a", attempt=1, at=4.0) == [FinishStage("j", "x")]


def test_the_end_of_a_job_drops_each_run_once():
    """A run that is being dropped already is not dropped again when the job ends in the same instant."""
    desk = copying([], [], [], [])
    for task, host in ((0, "a"), (1, "b"), (2, "a")):
        desk.done(task, host, at=1.0)
    desk.looked(2.0)
    assert len(desk.done(3, "b", at=3.0)) == 2
    assert desk.tell(events.JobKillAsked(3.0, "j", "killed")) == [EndJob("j", "killed")]
    assert desk.failed(3, "a", "lost", attempt=1, at=3.0) == []
    assert desk.scheduler.waiting == ()


def test_an_output_is_lost_while_the_slower_run_is_being_dropped():
    """The task runs once more, and the end of the dropped run starts no other."""
    desk = copying([], [], nodes=(("a", 1), ("b", 1), ("c", 1)))
    desk.done(0, "a", at=1.0)
    desk.looked(2.0)
    assert desk.done(1, "b", at=3.0)[1] == FinishStage("j", "x")
    assert desk.output_lost(1, "b", at=3.0) == [run(1, "b", 0, attempt=2)]
    assert desk.failed(1, "a", "lost", attempt=1, at=3.0) == [watch(1.5 * 2.0)]
    assert desk.finished(at=3.0) == []


def test_watches_do_not_flood():
    """One look is asked for at a time, unless it would come much too late for what runs by now."""
    desk = copying(*[[]] * 6, nodes=(("a", 3), ("b", 3)))
    assert desk.done(0, "a", at=10.0) == []
    assert desk.done(1, "b", at=10.0) == []
    assert desk.done(2, "a", at=10.0) == [watch(5.0)]
    assert desk.done(3, "b", at=10.5) == []
    assert desk.done(4, "a", at=11.0) == []
    orders = desk.looked(15.0 + MOMENT_S)
    assert [type(order) for order in orders] == [StartRun]


def test_no_watch_without_a_place():
    """Nobody looks at runs that could have no second one: here the only free slots are where the first run is."""
    desk = copying(["a"], ["a"], ["b"], nodes=(("a", 3), ("b", 1)))
    assert desk.done(0, "a", at=1.0) == []
    desk.submit("k", 1)
    assert desk.begin(["b"], job="k", at=1.0) == [run(0, "a", 0, job="k")]
    assert desk.done(2, "b", at=1.0) == [watch(0.5)]
    alone = copying([], [], nodes=(("a", 3),))
    assert alone.done(0, "a", at=1.0) == []


def test_a_median_that_sinks():
    """A look that would come much too late for the median that is known by now is asked for once more, earlier."""
    desk = copying([], [], [], [], nodes=(("a", 3), ("b", 3), ("c", 3)))
    for task, host in ((2, "c"), (3, "a")):
        desk.failed(task, host, at=9.0)
        desk.requeued(task, at=9.0)
    assert desk.done(0, "a", at=10.0) == []
    assert desk.done(1, "b", at=10.0) == [watch(9.0 + 1.5 * 10.0 - 10.0)]
    assert desk.done(2, "b", attempt=1, at=10.5) == []
    # What task 0 had stored is lost and made again, in half a second.
    assert desk.output_lost(0, at=10.5) == [run(0, "a", 0, attempt=1)]
    assert desk.done(0, "a", attempt=1, at=11.0) == [watch(9.0 + 1.5 * 5.75 - 11.0)]


def test_a_look_at_what_is_over():
    """A look that comes when its job is over, or at a stage that is not open, starts nothing."""
    desk = copying([], [])
    assert desk.looked(1.0, job="k") == []
    assert desk.looked(1.0, stage="y") == []
    desk.done(0, "a", at=1.0)
    desk.tell(events.JobKillAsked(1.0, "j", "killed"))
    assert desk.looked(2.0) == []


def test_a_straggler_in_a_world():
    """A run that takes ten times as long is overtaken by its second one, and the stage ends much earlier."""

    def end_of(started):
        return (100.0 if started.task == 5 and started.attempt == 0 else 10.0), None

    ends = {}
    for has_copies in (False, True):
        world = World(ClusterSpec.of(4, 2), end_of, has_copies=has_copies)
        world.submit("j", 0, PLAN, 16)
        log = world.play()
        ends[has_copies] = next(event.time_s for event in log if isinstance(event, events.JobFinished))
        runs = Counter(event.task for event in log if isinstance(event, RunStarted))
        assert runs == Counter(range(16)) + Counter({5: has_copies})
    # Until 20 s a task waits for a slot; then the copy starts, and the last task of all.
    assert ends == {False: 100.0, True: 30.0}


def test_copies_of_many_stragglers_in_a_world():
    """Every task is done, none has more than two runs at once, and no more looks are asked for than runs started."""
    world = World(
        ClusterSpec.of(10, 4), lambda started: (1.0 + (started.task * 7919 % 100) ** 2 / 500, None), has_copies=True
    )
    world.submit("j", 0, PLAN, 1000)
    log = world.play(check=False)
    counts = Counter(type(event) for event in log)
    assert counts[events.JobFinished] == 1
    assert counts[events.CopiesDue] <= 40
    assert counts[events.RunStarted] > 1000
