"""One task: which failures are forgiven, how long it waits, and which replica it reads."""

from __future__ import annotations

import pytest

from disco_sim.model.events import RunFailed
from disco_sim.model.plan import Output, TaskInputs
from disco_sim.sim.tasks import Task


def failed(kind="data", host="a"):
    return RunFailed(0.0, "j", "x", 3, 0, host, kind, "oops", 0, 0, 0, 0.0)


def test_a_task_of_its_inputs():
    """Hosts are those of the cluster, and replicas those of a single piece, wherever they are."""
    piece = Output(0, "a", 0, 0, "u", (("elsewhere", "u"), ("b", "u")))
    task = Task.of(7, TaskInputs(0, ("a", "elsewhere", "b"), (piece,)), {"a", "b"})
    assert (task.number, task.hosts, task.replicas, task.replica) == (7, ("a", "b"), ("a", "elsewhere", "b"), 0)
    assert Task.of(0, TaskInputs(0, ("a",), (piece, piece)), {"a"}).replicas == ()
    assert Task.of(0, TaskInputs(0, (), ()), {"a"}).replicas == ()


def test_failures_are_counted():
    """As many as are forgiven, and the next one is the end."""
    task = Task(3, (), ())
    assert [task.fail(failed(), 0, 2) for _ in range(2)] == [None, None]
    assert task.fail(failed(), 0, 2) == "Task x:3 failed 3 times. At most 2 failures are allowed."


def test_failures_that_end_a_job():
    """A fatal failure, and a second one for want of memory."""
    task = Task(3, (), ())
    assert task.fail(failed("memory"), 0, 9) is None
    assert task.fail(failed("memory"), 0, 9) == "x:3 ran out of memory twice, the second time on a"
    assert task.fail(failed("fatal"), 0, 9) == "x:3 failed on a: oops"


@pytest.mark.parametrize(
    ("failures", "losses", "luck", "wait_s"), [(1, 0, 0.0, 2.0), (2, 3, 0.5, 21.0), (59, 9, 0.99, 90.0)]
)
def test_waits(failures, losses, luck, wait_s):
    """A second for each failure and loss, up to 60, and 1 to 30 by luck."""
    assert Task(0, (), (), failures=failures, losses=losses).wait_s(luck) == wait_s


@pytest.mark.parametrize("kind", ["data", "crash"])
def test_replicas_take_turns(kind):
    """The next replica is one that has not failed, until all have; then they are all open again."""
    task = Task(3, (), ("a", "b", "c"))
    read = []
    for _ in range(7):
        read.append(task.replica)
        task.fail(failed(kind), task.replica, 99)
    assert read == [0, 1, 2, 0, 1, 2, 0]


def test_a_copy_reads_another_replica_than_the_one_that_failed():
    """It is the replica that the failed run read which has failed, not the one that would be next."""
    task = Task(3, (), ("a", "b", "c"))
    task.fail(failed(), 1, 99)
    assert (task.failed_replicas, task.replica) == ({1}, 2)
    task.fail(failed(), 0, 99)
    assert (task.failed_replicas, task.replica) == ({0, 1}, 2)


def test_memory_leaves_the_replica():
    """Want of memory says nothing of the replica, but the node is avoided."""
    task = Task(3, (), ("a", "b"))
    task.fail(failed("memory"), 0, 9)
    assert (task.replica, task.failed_replicas, task.blacklist) == (0, frozenset(), {"a"})


def test_replicas_at_a_host():
    """A host may have several replicas, or only failed ones, or none."""
    task = Task(0, (), ("a", "b", "a"), replica=1, failed_replicas=frozenset({0}))
    assert [task.replica_at(host) for host in "abc"] == [2, 1, None]
    task.read_at("c")
    assert task.replica == 1
    task.read_at("a")
    assert task.replica == 2


def test_replicas_on_dead_nodes():
    """A replica on a dead node gives way to one that is not, has not failed, and comes next; if there is one."""
    task = Task(0, (), ("a", "b", "c", "d"), failed_replicas=frozenset({1}))
    task.avoid({"b"})
    assert task.replica == 0
    task.avoid({"a", "c"})
    assert task.replica == 3
    task.avoid({"a", "c", "d"})
    assert task.replica == 3
