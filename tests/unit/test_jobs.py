"""An active job as the scheduler sees it: which stage is open, how much may run, and which runs go on."""

from __future__ import annotations

from disco_sim.model.events import DropRun
from disco_sim.model.job import Limits
from disco_sim.model.plan import Stage
from disco_sim.sim.jobs import ActiveJob
from disco_sim.sim.tasks import Task

PLAN = (Stage("x", "split"), Stage("y", "group_all"))


def job(limits=None):
    """A job whose two stages have begun, with two tasks and one."""
    made = ActiveJob("j", 0, PLAN, limits or Limits())
    for stage, n_tasks in (("x", 2), ("y", 1)):
        made.begin(stage, [Task(number, ("a",), ("a",)) for number in range(n_tasks)])
    return made


def test_the_open_stage():
    """It is the first that is not complete, and the newest when all are; before any, one in which nothing waits."""
    assert ActiveJob("j", 0, PLAN, Limits()).open.n_queued == 0
    made = job()
    x, y = made.stages.values()
    assert (made.open, made.newest) == (x, y)
    for n_left, opened in ((0, y), (1, x)):
        x.n_left = n_left
        made.reopen()
        assert made.open is opened
    x.n_left = y.n_left = 0
    made.reopen()
    assert made.open is y


def test_only_the_first_stage_is_forced():
    """force_local and force_remote hold for the first stage only, as in Disco."""
    for limits in (Limits(force_local=True), Limits(force_remote=True)):
        x, y = job(limits).stages.values()
        assert (x.is_forced, y.is_forced) == (True, False)
        assert [x.may_run(x.tasks[0], host) for host in "ab"] == [limits.force_local, limits.force_remote]
        assert all(y.may_run(y.tasks[0], host) for host in "ab")


def test_max_cores():
    """A job has room while it has fewer runs than it may, in all stages together."""
    made = job(Limits(max_cores=2))
    made.running["x", 0, 0] = ("a", 0, 0, 0.0)
    assert made.has_room
    made.running["y", 0, 0] = ("a", 1, 0, 0.0)
    assert not made.has_room


def test_runs_that_are_dropped():
    """A run that is dropped has its slot until it is lost, but does not go on."""
    made = job()
    made.open.tasks[0].attempts = 3
    made.running.update({("x", 0, 0): ("a", 0, 0, 0.0), ("x", 0, 2): ("b", 0, 0, 0.0)})
    assert made.runs_of("x", made.open.tasks[0]) == [("x", 0, 0), ("x", 0, 2)]
    assert made.drop(("x", 0, 2), "why not") == DropRun("j", "x", 0, 2, "b", "why not")
    assert made.runs_of("x", made.open.tasks[0]) == [("x", 0, 0)]
    assert len(made.running) == 2


def test_the_end():
    """When a job ends, nothing of it waits, and no stage of it is left."""
    made = job()
    made.open.queue(made.open.tasks[0], ("a",))
    made.end()
    assert (made.is_ended, made.open.n_queued, made.stages) == (True, 0, {})
