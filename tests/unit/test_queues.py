"""The waiting tasks of one job: where they wait, and which a free slot gets."""

from __future__ import annotations

from disco_sim.model.job import Limits
from disco_sim.model.plan import Stage
from disco_sim.sim.queues import JobQueues, Task

HOSTS = ("a", "b", "c")


def queues(*tasks, hosts=HOSTS, limits=None):
    """A job whose tasks are all queued; each is given as the hosts of its input's replicas."""
    job = JobQueues("job", 0, (Stage("x", "split"), Stage("y", "group_all")), limits or Limits())
    job.begin([Task(number, homes, homes) for number, homes in enumerate(tasks)])
    for task in job.tasks:
        job.queue(task, hosts)
    return job


def taken(job, host, may_steal=False):
    takers = [job.take_local, job.take_anywhere, job.take_away][: 2 + may_steal]
    return next((task.number for take in takers if (task := take(host)) is not None), None)


def test_a_task_waits_at_its_home():
    """A free slot gets a task that is at home there, the longest waiting first."""
    job = queues(("b",), ("a",), ("a",))
    assert [taken(job, "a"), taken(job, "a"), taken(job, "a")] == [1, 2, None]
    assert taken(job, "b") == 0
    assert job.n_queued == 0


def test_a_task_without_a_home_runs_anywhere():
    """A task that is at home nowhere comes after those at home on the node."""
    job = queues((), ("a",))
    assert [taken(job, "a"), taken(job, "a")] == [1, 0]


def test_stealing_from_the_longest_queue():
    """A slot that may steal takes from the longest queue, and only when nothing else is there."""
    job = queues(("a",), ("b",), ("b",), ())
    assert taken(job, "c") == 3
    assert taken(job, "c") is None
    assert [taken(job, "c", may_steal=True) for _ in range(4)] == [1, 0, 2, None]


def test_replicas_share_the_load():
    """A task with replicas waits at, and reads from, the node with the fewest waiting, then running, tasks."""
    job = queues(("a",), ("a", "b"), ("a", "b"), ("b", "c"))
    assert [task.replica for task in job.tasks] == [0, 1, 0, 1]
    assert {host: len(waiting) for host, waiting in job.local.items()} == {"a": 2, "b": 1, "c": 1}
    job = queues()
    job.running = {(8, 0): ("a", 0), (9, 0): ("b", 0), (10, 0): ("b", 1)}
    task = Task(0, ("b", "a"), ("b", "a"))
    job.queue(task, HOSTS)
    assert (list(job.local), task.replica) == (["a"], 1)


def test_unavailable_homes():
    """A task whose homes are not available, or where it failed, waits for any node."""
    job = queues(("a",), hosts=("b", "c"))
    assert (len(job.anywhere), job.local) == (1, {})
    job = queues()
    job.queue(Task(0, ("a", "b"), ("a", "b"), blacklist={"a"}), HOSTS)
    assert list(job.local) == ["b"]


def test_private_blacklist():
    """A task does not run where it failed; the next one in the queue does."""
    job = queues()
    for number, blacklist in enumerate(({"a"}, set())):
        job.queue(Task(number, (), (), blacklist=blacklist), HOSTS)
    assert [taken(job, "a", may_steal=True) for _ in range(2)] == [1, None]
    assert taken(job, "b") == 0


def test_the_longest_waiting_first_among_groups():
    """Tasks that failed on different nodes wait in one order: a node gets the first of those it may run."""
    job = queues()
    for number, blacklist in enumerate(({"a"}, {"b"}, set(), {"a"})):
        job.queue(Task(number, (), (), blacklist=blacklist), HOSTS)
    assert [taken(job, "a"), taken(job, "b"), taken(job, "c"), taken(job, "a"), taken(job, "c")] == [1, 0, 2, None, 3]


def test_a_blocked_queue_is_not_searched():
    """A node on which thousands of waiting tasks failed is told so at once, not task by task."""
    job = queues()
    asked = []
    job.may_run = lambda task, host: asked.append(task.number) or host not in task.blacklist
    for number in range(1000):
        job.queue(Task(number, (), (), blacklist={"a"}), HOSTS)
    assert job.take_anywhere("a") is None
    assert len(asked) == 1


def test_max_cores():
    """No task may start while the job has as many running as it may, or when none waits."""
    job = queues((), (), limits=Limits(max_cores=1))
    assert job.may_start
    job.running[0, 0] = ("a", 0)
    assert not job.may_start
    job.running.clear()
    assert [taken(job, "a"), job.may_start, taken(job, "a"), job.may_start] == [0, True, 1, False]


def test_force_local():
    """With force_local a task of the first stage runs at home only, and is never moved."""
    job = queues(("a",), limits=Limits(force_local=True))
    assert [taken(job, "b", may_steal=True), taken(job, "a")] == [None, 0]
    away = queues(("a",), hosts=("b",), limits=Limits(force_local=True))
    assert [taken(away, "b", may_steal=True), taken(away, "a")] == [None, 0]


def test_force_remote():
    """With force_remote a task of the first stage runs only where its input is not."""
    job = queues(("a", "b"), limits=Limits(force_remote=True))
    assert [taken(job, host) for host in HOSTS] == [None, None, 0]


def test_force_flags_hold_for_the_first_stage_only():
    """Later stages are not bound by force_local and force_remote."""
    for limits in (Limits(force_local=True), Limits(force_remote=True)):
        job = queues(limits=limits)
        job.stage = 1
        assert all(job.may_run(Task(0, ("a",), ("a",)), host) for host in HOSTS)


def test_the_end():
    """When a job ends, nothing of it waits."""
    job = queues(("a",), ())
    job.end()
    assert (job.is_ended, job.n_queued, taken(job, "a", may_steal=True)) == (True, 0, None)


def test_leaving_a_node():
    """Tasks that wait at a node that takes none any more wait at another replica's node, or nowhere."""
    job = JobQueues("j", 0, (Stage("x", "split"),), Limits(force_local=True))
    tasks = [Task(0, ("a", "b"), ("a", "b")), Task(1, ("a",), ("a",))]
    job.begin(tasks)
    for task in tasks:
        job.queue(task, {"a"})
    job.leave("a", {"b"})
    assert job.n_queued == 2
    assert (job.take_local("b"), tasks[0].replica) == (tasks[0], 1)
    assert job.take_anywhere("b") is None
    assert job.take_anywhere("a") is tasks[1]
