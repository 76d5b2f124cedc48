"""Which job goes first: Disco's rules by the numbers, and the shares of a cluster that come of them."""

from __future__ import annotations

from collections import Counter

import pytest

from disco_sim.error import DiscoError
from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.job import Limits
from disco_sim.model.plan import Stage
from disco_sim.sim.jobs import ActiveJob
from disco_sim.sim.policies import ALPHA, Fair, policy_of
from tests.unit.desk import Desk, World, run

PLAN = (Stage("x", "split"),)


def jobs(*n_running):
    """Active jobs, of each of which some run."""
    made = []
    for serial, n in enumerate(n_running):
        job = ActiveJob(f"j{serial}", serial, PLAN, Limits())
        job.running.update({("x", task, 0): ("a", task, 0, 0.0) for task in range(n)})
        made.append(job)
    return made


def fair(n_slots, made):
    policy = Fair(n_slots)
    for job in made:
        policy.add(job)
    return policy


def shares(n_jobs, seconds, until_s=1000.0, n_slots=10, first=None, **options):
    """How many runs of each job started until then, when job k's runs take `seconds[k]`."""
    world = World(ClusterSpec.of(1, n_slots), lambda started: (seconds[int(started.job[1:])], None), **options)
    for serial in range(n_jobs):
        world.submit(f"j{serial}", serial, PLAN, 20_000, first if serial == 0 else None)
    log = world.play(until_s, check=False)
    return Counter(event.job for event in log if isinstance(event, events.RunStarted))


@pytest.mark.parametrize("name", ["Fair", "", None, ["fair"], "lifo"])
def test_an_unknown_policy(name):
    """A policy that does not exist is refused, with the names of those that do, and is a fact of the error."""
    with pytest.raises(DiscoError, match="'fair', 'fifo'") as caught:
        policy_of(name, 1)
    assert caught.value.policy == name


def test_the_deficit_of_a_second():
    """Each full second moves the priority by ALPHA to what the job has above its fair share of all slots."""
    made = jobs(3, 1)
    policy = fair(4, made)
    policy.pass_time(1.0)
    assert [policy.priority(job) for job in made] == pytest.approx([ALPHA * (3 / 4 - 1 / 2), ALPHA * (1 / 4 - 1 / 2)])
    assert policy.order(made) == [made[1], made[0]]


@pytest.mark.parametrize("seconds", [1, 2, 60, 5000])
def test_seconds_that_pass_together(seconds):
    """Many seconds at once count as one after the other."""
    made = jobs(3, 0, 1)
    policy = fair(7, made)
    policy.pass_time(float(seconds))
    for job, n_running in zip(made, (3, 0, 1), strict=True):
        priority = 0.0
        for _ in range(seconds):
            priority = ALPHA * (n_running / 7 - 1 / 3) + (1 - ALPHA) * priority
        assert policy.priority(job) == pytest.approx(priority)


def test_only_full_seconds_count():
    """Priorities change at full seconds, whenever events are."""
    made = jobs(1, 0)
    policy = fair(1, made)
    policy.pass_time(1.0)
    once = policy.priority(made[0])
    assert policy.next_s == 2.0
    policy.pass_time(3.99)
    assert policy.next_s == 4.0
    three = fair(1, made)
    three.pass_time(3.0)
    assert policy.priority(made[0]) == pytest.approx(three.priority(made[0]))
    assert once < policy.priority(made[0])


def test_what_is_started_counts_until_the_next_second():
    """Each run that is started adds one slot's worth to the priority, until the next full second."""
    made = jobs(0, 0)
    policy = fair(8, made)
    made[0].n_started += 3
    assert [policy.priority(job) for job in made] == [3 / 8, 0.0]
    policy.pass_time(1.5)
    assert [policy.priority(job) for job in made] == pytest.approx([-ALPHA / 2, -ALPHA / 2])


def test_a_job_that_is_dropped_leaves_larger_shares():
    """Shares are of the active jobs alone."""
    made = jobs(2, 2)
    policy = fair(4, made)
    policy.drop(made[1])
    policy.pass_time(1.0)
    assert policy.priority(made[0]) == pytest.approx(ALPHA * (2 / 4 - 1))


def test_equals_go_by_their_serial():
    """Of jobs with the same priority the one with the lower serial goes first."""
    made = jobs(1, 1, 1)
    assert fair(3, made).order(made[::-1]) == made


def test_fifo_keeps_the_order_of_submission():
    """What runs and how much time passes is nothing to fifo."""
    made = jobs(5, 0)
    policy = policy_of("fifo", 5)
    for job in made:
        policy.add(job)
    policy.pass_time(1000.0)
    policy.drop(made[1])
    assert policy.order(made) == made


def test_fair_shares_go_round():
    """Jobs that are alike have as many runs as each other, but for what the first had before the others came."""
    started = shares(5, [1.0] * 5)
    assert all(n == pytest.approx(2000, abs=10) for n in started.values())
    assert len(started) == 5


def test_long_runs_count_for_what_they_hold():
    """A job whose runs take longer starts fewer: what it holds at each second counts, beside what it starts in it."""
    started = shares(2, [1.0, 2.0], until_s=2000.0)
    assert 1.1 < started["j0"] / started["j1"] < 1.5


def test_a_job_that_wants_less_leaves_the_rest():
    """What a job may not use is shared by the others."""
    started = shares(3, [1.0] * 3, until_s=500.0, first=Limits(max_cores=1))
    assert started["j0"] == pytest.approx(500, abs=2)
    assert started["j1"] == pytest.approx(started["j2"], rel=0.02)
    assert sum(started.values()) == pytest.approx(5000, abs=20)


def test_a_new_job_gets_the_next_slots():
    """A job that comes while another has the whole cluster gets its turn at once, and more from the next second on."""
    desk = Desk(("a", 4))
    desk.submit("j", 0)
    desk.begin(*[[]] * 40, job="j")
    desk.submit("k", 1, at=2.5)
    assert desk.begin(*[[]] * 4, job="k", at=2.5) == []
    assert desk.done(0, "a", at=2.5) == [run(4, "a", 0)]
    assert desk.done(1, "a", at=2.5) == [run(0, "a", 1, job="k")]
    assert desk.done(2, "a", at=3.5) == [run(1, "a", 2, job="k")]


def test_fifo_starves_later_jobs():
    """Later jobs get no slot as long as an earlier one has a task for it, and all of them when it has none."""
    world = World(ClusterSpec.of(1, 2), lambda started: (1.0, None), policy="fifo")
    for serial, n_tasks in enumerate((6, 4)):
        world.submit(f"j{serial}", serial, PLAN, n_tasks)
    started = [event.job for event in world.play() if isinstance(event, events.RunStarted)]
    assert started == ["j0"] * 6 + ["j1"] * 4
    assert shares(2, [1.0] * 2, until_s=100.0, policy="fifo")["j1"] == 0


def test_fifo_gives_later_jobs_what_earlier_ones_cannot_use():
    """A slot that no task of an earlier job may have goes to a later one."""
    desk = Desk(("a", 1), ("b", 1), policy="fifo")
    desk.submit("j", 0, limits=Limits(force_local=True))
    desk.submit("k", 1)
    assert desk.begin(["a"], ["a"], job="j") == [run(0, "a", 0)]
    assert desk.begin([], [], job="k") == [run(0, "b", 0, job="k")]
    assert desk.done(0, "a") == [run(1, "a", 0)]
    orders = desk.done(1, "a")
    assert orders == [events.FinishStage("j", "x"), run(1, "a", 0, job="k")]
