"""The waiting tasks of a stage: where they wait, and which a free slot gets."""

from __future__ import annotations

from disco_sim.model.job import Limits
from disco_sim.sim.queues import StageQueues, Waiting
from disco_sim.sim.tasks import DELAYED, WAITING, Task

HOSTS = ("a", "b", "c")


def queues(*tasks, hosts=HOSTS, limits=None, running=None):
    """A stage whose tasks are all queued; each is given as the hosts of its input's replicas."""
    made = [Task(number, homes, homes) for number, homes in enumerate(tasks)]
    stage = StageQueues("x", made, {} if running is None else running, limits or Limits())
    for task in made:
        stage.queue(task, hosts)
    return stage


def taken(stage, host, may_steal=False):
    takers = [stage.take_local, stage.take_anywhere, stage.take_away][: 2 + may_steal]
    return next((task.number for take in takers if (task := take(host)) is not None), None)


def test_a_task_waits_at_its_home():
    """A free slot gets a task that is at home there, the longest waiting first."""
    stage = queues(("b",), ("a",), ("a",))
    assert [taken(stage, "a"), taken(stage, "a"), taken(stage, "a")] == [1, 2, None]
    assert taken(stage, "b") == 0
    assert stage.n_queued == 0


def test_a_task_without_a_home_runs_anywhere():
    """A task that is at home nowhere comes after those at home on the node."""
    stage = queues((), ("a",))
    assert [taken(stage, "a"), taken(stage, "a")] == [1, 0]


def test_stealing_from_the_longest_queue():
    """A slot that may steal takes from the longest queue, and only when nothing else is there."""
    stage = queues(("a",), ("b",), ("b",), ())
    assert taken(stage, "c") == 3
    assert taken(stage, "c") is None
    assert [taken(stage, "c", may_steal=True) for _ in range(4)] == [1, 0, 2, None]


def test_replicas_share_the_load():
    """A task with replicas waits at, and reads from, the node with the fewest waiting, then running, tasks."""
    stage = queues(("a",), ("a", "b"), ("a", "b"), ("b", "c"))
    assert [task.replica for task in stage.tasks] == [0, 1, 0, 1]
    assert {host: waiting.n for host, waiting in stage.local.items()} == {"a": 2, "b": 1, "c": 1}
    stage = queues(
        running={("w", 8, 0): ("a", 0, 0, 0.0), ("w", 9, 0): ("b", 0, 0, 0.0), ("w", 10, 0): ("b", 1, 0, 0.0)}
    )
    task = Task(0, ("b", "a"), ("b", "a"))
    stage.queue(task, HOSTS)
    assert (list(stage.local), task.replica) == (["a"], 1)


def test_unavailable_homes():
    """A task whose homes are not available, or where it failed, waits for any node."""
    stage = queues(("a",), hosts=("b", "c"))
    assert (stage.anywhere.n, stage.local) == (1, {})
    stage = queues()
    stage.queue(Task(0, ("a", "b"), ("a", "b"), blacklist=frozenset("a")), HOSTS)
    assert list(stage.local) == ["b"]


def test_private_blacklist():
    """A task does not run where it failed; the next one in the queue does."""
    stage = queues()
    for number, blacklist in enumerate((frozenset("a"), frozenset())):
        stage.queue(Task(number, (), (), blacklist=blacklist), HOSTS)
    assert [taken(stage, "a", may_steal=True) for _ in range(2)] == [1, None]
    assert taken(stage, "b") == 0


def test_the_longest_waiting_first_among_groups():
    """Tasks that failed on different nodes wait in one order: a node gets the first of those it may run."""
    stage = queues()
    for number, blacklist in enumerate(map(frozenset, ("a", "b", "", "a"))):
        stage.queue(Task(number, (), (), blacklist=blacklist), HOSTS)
    assert [taken(stage, "a"), taken(stage, "b"), taken(stage, "c"), taken(stage, "a"), taken(stage, "c")] == [
        1,
        0,
        2,
        None,
        3,
    ]


def test_a_blocked_queue_is_not_searched():
    """A node on which thousands of waiting tasks failed is told so at once, not task by task."""
    stage = queues()
    for number in range(1000):
        stage.queue(Task(number, (), (), blacklist=frozenset("a")), HOSTS)
    asked = []
    stage.may_run = lambda task, host: asked.append(task.number) or host not in task.blacklist
    assert stage.take_anywhere("a") is None
    assert len(asked) == 1


def test_force_local():
    """With force_local a task of the first stage runs at home only, and is never moved."""
    stage = queues(("a",), limits=Limits(force_local=True))
    assert [taken(stage, "b", may_steal=True), taken(stage, "a")] == [None, 0]
    away = queues(("a",), hosts=("b",), limits=Limits(force_local=True))
    assert [taken(away, "b", may_steal=True), taken(away, "a")] == [None, 0]


def test_force_remote():
    """With force_remote a task of the first stage runs only where its input is not."""
    stage = queues(("a", "b"), limits=Limits(force_remote=True))
    assert [taken(stage, host) for host in HOSTS] == [None, None, 0]


def test_leaving_a_node():
    """Tasks that wait at a node that takes none any more wait at another replica's node, or nowhere."""
    stage = queues(("a", "b"), ("a",), hosts={"a"}, limits=Limits(force_local=True))
    stage.leave("a", {"b"})
    assert stage.n_queued == 2
    assert (stage.take_local("b"), stage.tasks[0].replica) == (stage.tasks[0], 1)
    assert stage.take_anywhere("b") is None
    assert stage.take_anywhere("a") is stage.tasks[1]


def test_entering_a_node():
    """Tasks that are at home at a node that takes tasks again wait there, in their order, and the others as before."""
    stage = queues(("b",), ("a",), (), ("b", "a"), ("c",), hosts={"c"})
    stage.enter("a", {"a", "c"})
    assert [taken(stage, "a"), taken(stage, "a")] == [1, 3]
    assert [taken(stage, "c"), taken(stage, "c"), taken(stage, "c")] == [4, 0, 2]
    assert stage.n_queued == 0


def test_all_nodes_are_open_when_a_task_failed_on_each():
    """A private blacklist that covers all usable nodes is emptied: when the task is queued, and when a node leaves."""
    stage = queues()
    task = Task(0, (), (), blacklist=frozenset("ab"))
    stage.queue(task, ("a", "b"))
    assert task.blacklist == frozenset()
    task = Task(1, (), (), blacklist=frozenset("a"))
    stage.queue(task, ("a", "b"))
    assert task.blacklist == {"a"}
    stage.leave("b", ("a",))
    assert task.blacklist == frozenset()
    assert [taken(stage, "a"), taken(stage, "a")] == [0, 1]


def test_forced_tasks_fail_everywhere_they_may_run():
    """With force_local it is the homes that a private blacklist has to cover."""
    stage = queues(limits=Limits(force_local=True))
    task = Task(0, ("a", "b"), ("a", "b"), blacklist=frozenset("ab"))
    stage.queue(task, HOSTS)
    assert task.blacklist == frozenset()


def test_a_replica_that_failed_is_no_home():
    """A task waits at a home whose replica has not failed, and anywhere when there is none."""
    stage = queues()
    task = Task(0, ("a", "b"), ("a", "b"), failed_replicas=frozenset({0}))
    stage.queue(task, HOSTS)
    assert (list(stage.local), task.replica) == (["b"], 1)
    stage = queues()
    stage.queue(Task(0, ("a",), ("a", "elsewhere"), replica=1, failed_replicas=frozenset({0})), HOSTS)
    assert (list(stage.local), stage.anywhere.n) == ([], 1)


def test_a_delay():
    """A task that is delayed is in no queue until it is resumed."""
    stage = queues((), ())
    (first, second) = stage.tasks
    assert stage.take_anywhere("a") is first
    stage.delay(first)
    assert (first.state, stage.n_delayed, stage.n_queued) == (DELAYED, 1, 1)
    stage.resume(first, HOSTS)
    assert (first.state, stage.n_delayed, stage.n_queued) == (WAITING, 0, 2)
    assert [stage.take_anywhere("a"), stage.take_anywhere("a")] == [second, first]


def test_an_undone_task_is_left_again():
    """A task whose outputs are lost counts as left, and waits."""
    stage = queues(())
    stage.n_left -= 1
    stage.undo(stage.take_anywhere("a"), HOSTS)
    assert (stage.n_left, stage.n_queued) == (1, 1)


def test_moved_tasks_come_from_the_queue_that_is_longest_now():
    """Queues that grew or shrank since the last task was moved are compared as they are."""
    stage = queues(("a",), ("a",), ("a",), ("b",), ("b",))
    assert taken(stage, "c", may_steal=True) == 0
    assert [taken(stage, "a"), taken(stage, "a")] == [1, 2]
    assert taken(stage, "c", may_steal=True) == 3
    for number in (5, 6):
        stage.queue(Task(number, ("a",), ("a",)), HOSTS)
    assert [taken(stage, "c", may_steal=True) for _ in range(3)] == [5, 4, 6]


def test_the_longest_queue_may_be_closed():
    """When no task of the longest queue may run at a node, one of the next longest does."""
    stage = queues()
    for number in range(3):
        stage.queue(Task(number, ("a",), ("a",), blacklist=frozenset("c")), HOSTS)
    stage.queue(Task(3, ("b",), ("b",)), HOSTS)
    assert [taken(stage, "c", may_steal=True), taken(stage, "c", may_steal=True)] == [3, None]
    assert taken(stage, "b", may_steal=True) == 0


def test_pulling_keeps_the_order():
    """What is pulled comes in the order it waited in, over all groups, and what stays keeps its place."""
    waiting = Waiting()
    tasks = [Task(number, (), ()) for number in range(6)]
    for task in tasks:
        waiting.add(task, task.number % 2)
    assert [task.number for task in waiting.pull(lambda task: task.number in (1, 2, 4, 5))] == [1, 2, 4, 5]
    assert waiting.n == 2
    assert [waiting.take("a", lambda task, host: True).number for _ in range(2)] == [0, 3]
    assert waiting.pull(lambda task: True) == []
