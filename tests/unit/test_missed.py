"""Faults of tasks that had no effect: when a job warns of them, and with which reason."""

from __future__ import annotations

import json
import pickle

import pytest

from disco_sim import Costs, Disco, Faults, JobError
from disco_sim.model import events
from disco_sim.sim.fault import text_of
from disco_sim.testing import check_invariants, simulate
from tests.clusters import TWO_STAGES, cluster, failure, finish, of_kind, outcome, pairs, request

RULE = "a fault strikes only what a job has, so correct it, or give job= if it is meant for another job"


def fun_map(line, params):
    yield line, 1


def copied(pairs, params):
    yield from pairs


def stored(work):
    """A run of a second that stores a pair for each of two labels."""
    return outcome((0, pairs(("a", 1))), (1, pairs(("b", 2))), slept_s=1.0)


def warnings_of(computer):
    """The texts of the warnings so far, by job."""
    return {event.job: event.text for event in of_kind(computer.log, events.JobWarned)}


def warning(faults):
    """The warning of a job of two stages, of two tasks each, that ran for a second on two nodes, without its rule."""
    computer = cluster(2, costs=Costs(startup_s=0.0), faults=faults)
    computer.submit(request("job", plan=TWO_STAGES, inputs=2, script={"first": stored}))
    finish(computer)
    return warnings_of(computer)["job"].removesuffix(f"; {RULE}")


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        (Faults().crash("frist:0"), "the job has no stage 'frist'; near it: 'first'"),
        (Faults().corrupt("mapping:0"), "the job has no stage 'mapping'; its stages: 'first', 'second'"),
        (Faults().lose("second:2"), "stage 'second' has 2 tasks, 0 to 1"),
        (Faults().crash("first:1", run=1), "first:1 had 1 run"),
        (Faults().missing("first:0", replica=1), "the input of first:0 has 1 replica"),
        (Faults().lose("first:1", at=0.5), "first:1 had nothing stored at 0.500 s"),
        (Faults().lose("first:1", at=90.0), "the job ended at 1.000 s"),
    ],
)
def test_a_job_warns_of_a_fault_without_effect(faults, reason):
    """A fault that names a stage, task, run or replica that is not there, or a wrong time, is told with its reason."""
    (fault,) = faults
    assert warning(faults) == f"1 fault had no effect: {text_of(fault)} ({reason})"


def test_a_job_of_one_task_or_none():
    """The numbers of a stage's tasks are told as they are: one, or none; so are a plan's stages."""
    computer = cluster(1, faults=Faults().crash("first:1"))
    computer.submit(request("one", inputs=1))
    computer.submit(request("none", inputs=0))
    computer.submit(request("empty", plan=(), inputs=1))
    finish(computer)
    assert warnings_of(computer) == {
        "one": f"1 fault had no effect: crash('first:1') (stage 'first' has 1 task, number 0); {RULE}",
        "none": f"1 fault had no effect: crash('first:1') (stage 'first' has 0 tasks); {RULE}",
        "empty": f"1 fault had no effect: crash('first:1') (the job has no stage 'first'; its stages: none); {RULE}",
    }


def test_the_warning_comes_last():
    """The warning is the last event of its job, in the instant of its end, and moves nothing."""
    computer = cluster(1, faults=Faults().crash("frist:0"), keep="results")
    computer.submit(request(plan=TWO_STAGES, script={"first": stored}))
    log = finish(computer)
    assert [type(event) for event in log[-3:]] == [events.JobFinished, events.OutputsDropped, events.JobWarned]
    assert log[-1].time_s == log[-3].time_s == computer.now_s
    plain = cluster(1, keep="results")
    plain.submit(request(plan=TWO_STAGES, script={"first": stored}))
    assert finish(plain) == log[:-1]
    assert pickle.loads(pickle.dumps(log[-1])) == log[-1]


def test_a_fault_that_struck_is_not_told_again():
    """A fault that has struck one job is no mistake, so later jobs that it cannot strike do not warn of it."""
    faults = Faults().crash("first:1").corrupt("first:2", runs=1).lose("first:3").lose("first:0", at=2.0)
    computer = cluster(2, faults=faults)
    computer.submit(request("large", inputs=4, script={"first": stored}))
    finish(computer)
    computer.submit(request("small", inputs=1))
    finish(computer)
    assert warnings_of(computer) == {}


def test_a_crash_is_not_taken_for_a_loss():
    """A crash of run 0 that struck says nothing of a loss at 0 s, though their numbers are the same."""
    told = warning(Faults().crash("first:0", run=0).lose("first:0", at=0.0))
    assert told == "1 fault had no effect: lose('first:0', at=0.0) (first:0 had nothing stored at 0.000 s)"


def test_a_loss_waits_for_what_is_first_stored():
    """Where run 0 fails, a loss strikes what the next run stores, and is not told."""
    computer = cluster(2, faults=Faults().crash("first:0").lose("first:0"))
    computer.submit(request(inputs=1, script={"first": stored}))
    log = finish(computer)
    assert [(event.task, event.reason) for event in of_kind(log, events.OutputLost)] == [(0, "a fault wanted it")]
    assert [event.attempt for event in of_kind(log, events.RunFinished)] == [1, 2]
    assert warnings_of(computer) == {}


def test_a_loss_in_one_job_leaves_the_others_alone():
    """What a job stores first is lost when it is stored, once in each job, whatever other jobs store then."""
    computer = cluster(4, faults=Faults().lose("first:0"))
    for name, seconds in (("quick", (1.0, 30.0)), ("slow", (9.0, 30.0))):
        script = {"first": lambda work, seconds=seconds: outcome((0, pairs(("a", 1))), slept_s=seconds[work.task])}
        computer.submit(request(name, inputs=2, script=script))
    log = finish(computer)
    assert [event.job for event in of_kind(log, events.OutputLost)] == ["quick", "slow"]


def test_what_was_stored_before_a_loss_was_given_stays():
    """A loss that is given when its task has stored something has no effect, also if the task runs again later."""
    computer = cluster(2)
    script = {"first": lambda work: outcome((0, pairs(("a", 1))), slept_s=1.0 if work.task == 0 else 40.0)}
    computer.submit(request(inputs=2, script=script))
    finish(computer, 5.0)
    computer.add_faults(Faults().lose("first:0").lose("first:0", at=6.0))
    log = finish(computer)
    assert len(of_kind(log, events.OutputLost)) == 1


def test_a_fault_strikes_while_another_job_ends():
    """What has struck a job that still goes on is not told when another one ends."""
    computer = cluster(2, faults=Faults().crash("first:1"))
    computer.submit(request("long", inputs=2, script={"first": stored}))
    computer.submit(request("short", inputs=1))
    finish(computer)
    assert warnings_of(computer) == {}


def test_a_fault_for_another_job_is_not_told():
    """A job does not warn of faults that are for a job of another name."""
    computer = cluster(
        1, faults=Faults().crash("frist:0", job="other").crash("frist:0", job="job").lose("x:1", job="j")
    )
    computer.submit(request("job@1"))
    finish(computer)
    assert [text.count("frist") for text in warnings_of(computer).values()] == [2]
    assert "crash('frist:0', job='job') (" in warnings_of(computer)["job@1"]


def test_a_plan_for_a_later_job():
    """A fault that is meant for a later job strikes it, and that job does not warn; an earlier one does."""
    computer = cluster(2, faults=Faults().crash("second:1"))
    computer.submit(request("early"))
    finish(computer)
    computer.submit(request("late", plan=TWO_STAGES, script={"first": stored}))
    log = finish(computer)
    assert list(warnings_of(computer)) == ["early"]
    assert [event.job for event in of_kind(log, events.RunFailed)] == ["late"]


def test_a_dead_job_warns_of_what_is_impossible():
    """A job that died tells only stages that it has not and tasks that a started stage has not."""
    faults = Faults().crash("frist:0").crash("first:7").crash("first:0", run=3).lose("first:0").corrupt("second:9")
    computer = cluster(1, faults=faults)
    computer.submit(request(plan=TWO_STAGES, script={"first": lambda work: failure("fatal")}))
    finish(computer)
    assert computer.jobs.status("job") == "dead"
    assert warnings_of(computer)["job"] == (
        "2 faults had no effect: crash('frist:0') (the job has no stage 'frist'; near it: 'first'), "
        f"crash('first:7') (stage 'first' has 1 task, number 0); {RULE}"
    )


def test_faults_of_nodes_are_not_told():
    """Faults of nodes and the network happen by themselves, so no job warns of them."""
    computer = cluster(
        2, faults=Faults().kill("node02", at=500.0).slow("node01", 2.0).cut("node01", at=600.0, until=700.0)
    )
    computer.submit(request())
    finish(computer)
    assert warnings_of(computer) == {}


def test_a_fault_that_came_too_late():
    """A fault that was given after its run had started is told with that as its reason."""
    computer = cluster(1, costs=Costs(startup_s=0.0))
    computer.submit(request(inputs=2, script={"first": stored}))
    finish(computer, 1.5)
    computer.add_faults(Faults().crash("first:0").corrupt("first:0").lose("first:0"))
    finish(computer)
    assert warnings_of(computer)["job"] == (
        "3 faults had no effect: crash('first:0') (run 0 of first:0 started before the fault was given), "
        "corrupt('first:0') (first:0 started before the fault was given), "
        f"lose('first:0') (first:0 had stored its output before the fault was given); {RULE}"
    )


def test_a_long_list_is_cut():
    """Ten faults are listed, of more there is only the number."""
    faults = Faults()
    for number in range(25):
        faults = faults.crash(f"x:{number}")
    computer = cluster(1, faults=faults)
    computer.submit(request())
    finish(computer)
    text = warnings_of(computer)["job"]
    assert text.startswith("25 faults had no effect: crash('x:0') (")
    assert text.count("crash(") == 10
    assert text.endswith(f") and 15 more; {RULE}")


def test_a_warning_is_told_wherever_a_job_is_looked_into():
    """The log, the events as text, and the card of a job tell its warning; its tasks' stories do not."""
    job = simulate(fun_map, copied, ["a", "b"], faults=Faults().crash("prase:3"))
    text = (
        f"1 fault had no effect: crash('prase:3') (the job has no stage 'prase'; its stages: 'map', 'reduce'); {RULE}"
    )
    last = job.log.iloc[-1]
    assert (last.host, last.level, last.message) == ("master", "WARN", text)
    assert json.loads(job.rawevents().splitlines()[-1])[2] == f"WARN: {text}"
    assert [record[2] for _, record in job.events()][-1] == f"WARN: {text}"
    assert f"  warning: {text}\n" in job._repr_mimebundle_()["text/plain"]
    assert job.at(0.0)._repr_mimebundle_()["text/plain"].count("warning") == 0
    assert "no effect" not in str(job.story("map:0").lines)
    check_invariants(job)


def test_a_dead_job_says_why_it_died():
    """A warning takes nothing from the error of a job that died."""
    with Disco(nodes=1, faults=Faults().crash("mpa:0")) as disco:
        job = disco.new_job(name="dead", input=["raw://a"], map=lambda line, params: 1 / 0)
        with pytest.raises(JobError, match="ZeroDivisionError"):
            job.wait(show=False)
        assert "1 fault had no effect" in job.log.message.iloc[-1]
