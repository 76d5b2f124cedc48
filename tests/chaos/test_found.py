"""What chaos has found, each as small as it can be: one test for each bug that was."""

from __future__ import annotations

from disco_sim.model import events
from disco_sim.sim.costs import Costs
from disco_sim.sim.faults import Faults
from disco_sim.store.results import index_of
from disco_sim.testing import check_invariants
from tests.clusters import TWO_STAGES, at_home, cluster, failure, finish, outcome, pairs, request


def both_labels(work):
    return outcome((0, pairs(("a", work.task))), (1, pairs(("b", work.task))))


def reading(work):
    """Task 0 is quick, task 1 slow; both read all that they are given."""
    for piece in work.inputs:
        work.store.blob(piece.blob)
    return outcome((work.label, pairs(("c", work.label))), slept_s=10.0 * work.task)


def test_a_done_task_forgot_what_was_made_again_elsewhere():
    """A task whose own output is lost reads what the stage before made again while it was done.

    node03 dies when second:0 is done, and first:1 runs again for second:1 alone; then second:0 is lost with node01.
    """
    computer = cluster(3, faults=Faults().kill("node03", at=2.0).kill("node01", at=5.0))
    script = {"first": both_labels, "second": reading}
    computer.submit(request(plan=TWO_STAGES, inputs=at_home("node01", "node03"), script=script))
    check_invariants(finish(computer), computer.spec)
    assert computer.jobs.status("job") == "ready"


def test_a_job_that_had_finished_was_looked_at_once_more():
    """Nothing happens of a job that has finished: no look at its runs is due any more."""
    computer = cluster(2, speculative=True)
    computer.submit(request(inputs=2, script={"first": lambda work: outcome(slept_s=0.1 * work.task)}))
    log = finish(computer)
    check_invariants(log, computer.spec)
    assert isinstance(log[-1], events.JobFinished)


def fails_at_once_then_sleeps(work):
    return failure() if (work.task, work.attempt) == (0, 0) else outcome(slept_s=5.0)


def test_a_run_that_took_no_time_ended_before_it_started():
    """The scheduler hears of a run's start before its end, also when both are in one instant; copies rely on it."""
    computer = cluster(2, speculative=True, costs=Costs(startup_s=0.0))
    computer.submit(request(inputs=2, script={"first": fails_at_once_then_sleeps}))
    while computer.jobs.status("job") == "active":
        computer.advance()
    assert computer.jobs.status("job") == "ready"


def test_results_were_lost_when_the_last_stage_was_about_to_finish():
    """A node that dies in the very instant in which the last task is done takes results along: they are made anew."""
    computer = cluster(2, slots=2, costs=Costs(startup_s=0.0, cpu_record_s=0.0, cpu_byte_s=0.0, latency_s=0.0))
    script = {"first": both_labels, "second": reading}
    computer.submit(request(plan=TWO_STAGES, inputs=at_home("node01", "node01"), script=script))
    end_s = finish(computer)[-1].time_s
    for host in ("node01", "node02"):
        again = cluster(2, slots=2, costs=computer.costs, faults=Faults().kill(host, at=end_s))
        again.submit(request(plan=TWO_STAGES, inputs=at_home("node01", "node01"), script=script))
        check_invariants(finish(again), again.spec)
        urls = [blob for url in again.jobs.facts("job").results() for _, blob in index_of(again.jobs, url)]
        assert [again.blobs.get(url).n_records for url in urls] == [1, 1]


def test_results_were_lost_when_the_end_of_the_job_was_ordered():
    """What dies between the end of the last stage and that of the job takes nothing along: the job has ended."""
    for kind in (events.RunFinished, events.StageFinished):
        computer = cluster(1, slots=2)
        computer.submit(request(plan=TWO_STAGES, inputs=2, script={"first": both_labels, "second": reading}))
        n_wanted = 2 if kind is events.RunFinished else 1
        while sum(isinstance(event, kind) and event.stage == "second" for event in computer.log) < n_wanted:
            computer.advance()
        computer.add_faults(Faults().kill("node01", at=computer.now_s).restore("node01", at=computer.now_s + 1.0))
        check_invariants(finish(computer), computer.spec)
        urls = [blob for url in computer.jobs.facts("job").results() for _, blob in index_of(computer.jobs, url)]
        assert [computer.blobs.get(url).n_records for url in urls] == [1, 1]
