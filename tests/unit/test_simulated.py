"""The simulated cluster: runs in virtual time, retries, blacklists, kills, interrupts, and what stays afterwards."""

from __future__ import annotations

import bdb
import copy
import os
import signal
import threading

import pytest

from disco_sim import Disco, JobError, Params, result_iterator
from disco_sim.error import CommError, DataError, DiscoError
from disco_sim.model import events
from disco_sim.model.job import Limits
from disco_sim.model.keyed_random import draw
from disco_sim.model.plan import Output, Stage
from disco_sim.model.work import Message
from disco_sim.sim.costs import Costs
from disco_sim.store.results import index_of
from tests.clusters import (
    TWO_STAGES,
    at_home,
    cluster,
    failure,
    finish,
    of_kind,
    orders_in,
    outcome,
    pairs,
    replayed,
    request,
    sleeping,
    starts,
)

STARTUP_S = Costs().startup_s


def failing_on(*hosts, kind="data", error=None, oob=None):
    """A stage whose runs fail on some hosts."""
    return lambda work: failure(kind, error, oob) if work.host in hosts else outcome(oob=oob)


def one_job(computer, script=None, **options):
    """The log of one job on a cluster."""
    computer.submit(request(script={"first": script} if script else None, **options))
    return finish(computer)


# -- the life of a job -----------------------------------------------------------------------------------------------


def test_the_life_of_a_job():
    """A job is submitted, each stage is grouped and run, outputs appear at the end of their run."""
    computer = cluster(1)
    script = {"first": lambda work: outcome((1, pairs(("a", 1))), messages=[Message(0.5, "MSG", "hi")])}
    computer.submit(request(plan=TWO_STAGES, script=script))
    assert computer.jobs.status("job") == "active"
    assert [type(event).__name__ for event in finish(computer)] == [
        "JobSubmitted", "StageStarted", "RunStarted", "MessageSent", "PhasesPlayed", "RunFinished", "OutputStored",
        "StageFinished", "StageStarted", "RunStarted", "PhasesPlayed", "RunFinished", "RunStarted", "PhasesPlayed",
        "RunFinished", "StageFinished", "JobFinished",
    ]  # fmt: skip
    assert computer.jobs.status("job") == "ready"
    assert not computer.advance()


def test_a_run_takes_the_time_of_its_work():
    """A run ends its startup, transfers, computing and writing after its start, by the cluster's prices."""
    log = one_job(cluster(1), lambda work: outcome((0, pairs(("a", 1))), slept_s=2.0))
    (ended,) = of_kind(log, events.RunFinished)
    assert ended.time_s == pytest.approx(STARTUP_S + 2.0 + 2 * 1e-6 + 10 * 1e-8 + 10 / 100e6)


def test_messages_come_while_the_run_computes():
    """A message appears at its share of the computing time, also of a run that fails."""
    messages = [Message(0.0, "MSG", "a"), Message(0.25, "MSG", "b"), Message(1.0, "DONE", "c")]
    log = one_job(cluster(1), lambda work: outcome(messages=messages, slept_s=8.0))
    assert [event.time_s for event in of_kind(log, events.MessageSent)] == pytest.approx([0.5, 2.5, 8.5], abs=1e-5)


def test_stages_have_a_barrier():
    """The second stage starts when the slowest task of the first is done."""
    computer = cluster(2)
    script = {"first": lambda work: outcome((0, pairs(("a", 1))), slept_s=5.0 * work.task)}
    computer.submit(request(plan=TWO_STAGES, inputs=2, script=script))
    log = finish(computer)
    last = max(event.time_s for event in of_kind(log, events.RunFinished) if event.stage == "first")
    assert min(event.time_s for event in of_kind(log, events.RunStarted) if event.stage == "second") == last > 5


def test_inputs_run_at_home():
    """Tasks run where their input is when a slot is free there."""
    log = one_job(cluster(3), inputs=at_home("node03", "node01", "node02"))
    assert dict(starts(log)) == {"first:0.0": "node03", "first:1.0": "node01", "first:2.0": "node02"}


def test_the_replica_is_that_of_the_node():
    """A run is told which replica the scheduler chose."""
    computer = cluster(2)
    piece = Output(0, "node01", 0, 0, "x", (("node02", "y"),))
    computer.submit(request(inputs=(piece, piece)))
    finish(computer)
    assert sorted((work.host, work.replica) for work in computer.engine.works) == [("node01", 0), ("node02", 1)]


def test_a_job_without_stages():
    """A job of no stages is ready at once, and its results are its inputs."""
    computer = cluster(1)
    computer.submit(request(plan=(), inputs=2))
    finish(computer)
    assert (computer.jobs.status("job"), computer.jobs.facts("job").results(), computer.now_s) == (
        "ready",
        ["raw://0", "raw://1"],
        0.0,
    )


def test_a_job_without_inputs():
    """A job without inputs is ready, with no results."""
    computer = cluster(1)
    one_job(computer, inputs=0)
    assert (computer.jobs.status("job"), computer.jobs.facts("job").results()) == ("ready", [])


def test_what_cannot_be_submitted():
    """A second job of the same name, or a plan that cannot be run, is refused, and changes nothing."""
    computer = cluster(1)
    computer.submit(request())
    with pytest.raises(DiscoError, match="job 'job' was submitted already"):
        computer.submit(request())
    with pytest.raises(DiscoError, match="Unknown grouping 'x'"):
        computer.submit(request("other", plan=(Stage("a", "x"),)))
    assert computer.jobs.status("other") == "unknown job"
    finish(computer)
    assert computer.log.jobs == ("job",)


# -- time ------------------------------------------------------------------------------------------------------------


def test_advance_until():
    """Nothing later than until_s happens, and time goes on to it when nothing is left to happen before."""
    computer = cluster(1)
    computer.submit(request(script={"first": sleeping(2.0)}))
    while computer.advance(1.0):
        pass
    assert (computer.now_s, computer.jobs.status("job")) == (1.0, "active")
    finish(computer)
    assert computer.jobs.status("job") == "ready"
    now_s = computer.now_s
    assert not computer.advance(now_s + 10)
    assert computer.now_s == now_s + 10
    assert not computer.advance()
    assert computer.now_s == now_s + 10


def test_later_jobs_begin_later():
    """A job that is submitted when time has passed begins then."""
    computer = cluster(1)
    one_job(computer)
    computer.advance(100.0)
    computer.submit(request("later"))
    assert next(computer.log.of("later")).time_s == 100.0


# -- several jobs ----------------------------------------------------------------------------------------------------


def test_active_jobs_share_the_slots():
    """Of two active jobs each has one of two slots, from the first slot that is freed on while both have tasks."""
    computer = cluster(2)
    for serial, name in enumerate("ab"):
        computer.submit(request(name, inputs=4, script={"first": sleeping(1.0)}, serial=serial))
    log = finish(computer)
    assert "".join(event.job for event in of_kind(log, events.RunStarted)) == "aabababb"


def test_a_later_job_gets_the_next_free_slots():
    """A job that comes while another has all slots gets every second one that is freed from then on."""
    computer = cluster(2)
    computer.submit(request("a", inputs=8, script={"first": sleeping(1.0)}))
    computer.advance()
    computer.submit(request("b", inputs=2, script={"first": sleeping(1.0)}, serial=1))
    log = finish(computer)
    assert "".join(event.job for event in of_kind(log, events.RunStarted)) == "aababaaaaa"
    ends = {event.job: event.time_s for event in of_kind(log, events.JobFinished)}
    assert ends["b"] < ends["a"]


def test_max_cores():
    """No more than max_cores runs of a job are there at any time."""
    log = one_job(cluster(4), sleeping(1.0), inputs=6, limits=Limits(max_cores=2))
    n = most = 0
    for event in log:
        n += isinstance(event, events.RunStarted) - isinstance(event, events.RunFinished)
        most = max(most, n)
    assert most == 2


def test_force_local_and_remote():
    """force_local waits for the node of the input, force_remote runs anywhere but there."""
    homes = at_home("node01", "node01", "node01")
    local = one_job(cluster(3), inputs=homes, limits=Limits(force_local=True))
    assert {host for _, host in starts(local)} == {"node01"}
    remote = one_job(cluster(3), inputs=homes, limits=Limits(force_remote=True))
    assert {host for _, host in starts(remote)} == {"node02", "node03"}


def test_force_local_without_a_home():
    """A job that can run nowhere is dead, with the reason, and no run is to blame."""
    computer = cluster(2)
    one_job(computer, inputs=at_home("elsewhere"), limits=Limits(force_local=True))
    assert (computer.jobs.status("job"), computer.failure("job")) == ("dead", None)
    assert "force_local is on" in computer.log[-1].reason


# -- retries ---------------------------------------------------------------------------------------------------------


def test_retry_on_another_node():
    """A failed task is tried again on another node, Disco's delay later: min(failures, 60) + 1..30 s by luck."""
    computer = cluster(3, seed=5)
    log = one_job(computer, failing_on("node01", "node02"), inputs=at_home("node01"))
    assert starts(log) == [("first:0.0", "node01"), ("first:0.1", "node02"), ("first:0.2", "node03")]
    delays = of_kind(log, events.TaskDelayed)
    lucks = [draw(5, "delay", 0, "first", 0, attempt) for attempt in (0, 1)]
    assert [event.wait_s for event in delays] == [n + 1 + int(30 * luck) for n, luck in enumerate(lucks, 1)]
    runs = of_kind(log, events.RunStarted)
    requeued = of_kind(log, events.TaskRequeued)
    assert [event.time_s for event in requeued] == [one.time_s + one.wait_s for one in delays]
    assert [event.time_s for event in runs[1:]] == [event.time_s for event in requeued]
    assert computer.jobs.status("job") == "ready"


@pytest.mark.parametrize("seed", range(20))
def test_delays_are_disco_s(seed):
    """The first delay is 2 to 31 whole seconds, and the same for the same seed."""
    logs = [one_job(cluster(2, seed=seed), failing_on("node01")) for _ in range(2)]
    ((first,), (second,)) = (of_kind(log, events.TaskDelayed) for log in logs)
    assert first == second
    assert first.wait_s in range(2, 32)


def test_seeds_differ():
    """Another seed gives other delays."""
    waits = {
        of_kind(one_job(cluster(2, seed=seed), failing_on("node01")), events.TaskDelayed)[0].wait_s for seed in range(9)
    }
    assert len(waits) > 3


def test_a_private_blacklist_starts_anew():
    """On a cluster of one node a task is tried again there; on two, back on the first after both failed."""

    def fails_twice(work):
        return failure() if work.attempt < 2 else outcome()

    alone = one_job(cluster(1), fails_twice)
    assert starts(alone) == [("first:0.0", "node01"), ("first:0.1", "node01"), ("first:0.2", "node01")]
    two = one_job(cluster(2), fails_twice)
    assert starts(two) == [("first:0.0", "node01"), ("first:0.1", "node02"), ("first:0.2", "node01")]


def test_max_failures():
    """Three failed runs of a task are forgiven; the fourth ends the job."""
    computer = cluster(2)
    log = one_job(computer, lambda work: failure())
    assert [event.attempt for event in of_kind(log, events.RunFailed)] == [0, 1, 2, 3]
    assert computer.jobs.status("job") == "dead"
    assert log[-1].reason.startswith("Task first:0 failed 4 times. At most 3 failures are allowed.")
    found, work = computer.failure("job")
    assert (str(found.error), work.attempt) == ("bad block", 3)
    forgiven = cluster(2)
    one_job(forgiven, lambda work: failure() if work.attempt < 3 else outcome())
    assert forgiven.jobs.status("job") == "ready"
    strict = cluster(2, max_failures=0)
    one_job(strict, failing_on("node01"))
    assert strict.jobs.status("job") == "dead"


def test_memory_error_once():
    """A task that runs out of memory is tried once more, and the second time ends the job."""
    once = cluster(2)
    one_job(once, failing_on("node01", kind="memory", error=MemoryError()))
    assert once.jobs.status("job") == "ready"
    twice = cluster(2, max_failures=9)
    log = one_job(twice, lambda work: failure("memory", MemoryError()))
    assert (len(of_kind(log, events.RunFailed)), twice.jobs.status("job")) == (2, "dead")


def test_a_fatal_failure_ends_the_job_at_once():
    """A fatal failure ends the job; its other runs are lost, their outputs and results never appear."""
    computer = cluster(3)

    def script(work):
        if work.task == 1:
            return failure("fatal", ZeroDivisionError("x"))
        return outcome((0, pairs(("a", 1))), oob={"k": "v"}, slept_s=9.0)

    log = one_job(computer, script, inputs=4)
    failed = of_kind(log, events.RunFailed)
    assert [(event.task, event.kind) for event in failed] == [(1, "fatal"), (0, "lost"), (2, "lost")]
    assert {event.time_s for event in failed} == {computer.now_s}
    assert of_kind(log, events.OutputStored) == []
    assert {event.state for event in of_kind(log, events.OOBStored)} == {"dropped"}
    assert log[-1] == events.JobDied(computer.now_s, "job", "first:1 failed on node02: ZeroDivisionError: x")
    assert computer.failure("job")[1].task == 1


def test_a_retry_that_never_comes():
    """A task that waits to be tried again when its job ends is not tried again."""
    computer = cluster(2)
    log = one_job(computer, lambda work: failure("fatal" if work.task else "data"), inputs=2)
    assert computer.jobs.status("job") == "dead"
    assert of_kind(log, events.TaskRequeued) == []
    assert len(of_kind(log, events.RunStarted)) == 2


def test_a_retry_computes_with_the_same_luck():
    """All runs of a task get the same random numbers, other tasks others."""
    computer = cluster(2)
    one_job(computer, failing_on("node01"), inputs=2)
    lucks = {(work.task, work.luck) for work in computer.engine.works}
    assert len(computer.engine.works) > 2
    assert len(lucks) == 2


# -- control ---------------------------------------------------------------------------------------------------------


def test_blacklist_and_whitelist():
    """A blacklisted node finishes what it has and gets nothing new, until it is whitelisted."""
    computer = cluster(2)
    computer.submit(request(inputs=4, script={"first": sleeping(1.0)}))
    finish(computer, until_s=1.0)
    computer.ask(events.NodeBlacklisted(0.0, "node01"))
    finish(computer, until_s=2.0)
    computer.ask(events.NodeWhitelisted(0.0, "node01"))
    log = finish(computer)
    assert starts(log) == [
        ("first:0.0", "node01"), ("first:1.0", "node02"), ("first:2.0", "node02"), ("first:3.0", "node01"),
    ]  # fmt: skip
    assert of_kind(log, events.RunStarted)[3].time_s == 2.0
    assert computer.jobs.status("job") == "ready"


def test_all_nodes_blacklisted():
    """With no node left nothing happens, the job stays active, and a whitelisted node finishes it."""
    computer = cluster(2)
    for host in computer.spec.hosts:
        computer.ask(events.NodeBlacklisted(0.0, host))
    computer.submit(request())
    finish(computer)
    assert (computer.jobs.status("job"), of_kind(computer.log, events.RunStarted)) == ("active", [])
    computer.ask(events.NodeWhitelisted(0.0, "node02"))
    finish(computer)
    assert computer.jobs.status("job") == "ready"


def killed(computer, until):
    """The log of job `job`, killed when `until` says so of an event."""
    n_seen = len(computer.log)
    while computer.advance():
        new, n_seen = computer.log[n_seen:], len(computer.log)
        if any(map(until, new)):
            break
    computer.ask(events.JobKillAsked(0.0, "job", "killed"))
    return finish(computer)


def test_kill_waiting():
    """A job can be killed before anything of it ran."""
    computer = cluster(1)
    computer.submit(request())
    computer.ask(events.JobKillAsked(0.0, "job", "killed"))
    log = finish(computer)
    assert (computer.jobs.status("job"), computer.failure("job")) == ("dead", None)
    assert (of_kind(log, events.RunFinished), computer.engine.works) == ([], [])


def test_kill_running():
    """A killed job's runs end at once, its slots are free, and it ends itself at that time."""
    computer = cluster(2)
    computer.submit(request(inputs=5, script={"first": sleeping(10.0)}))
    log = killed(computer, lambda event: isinstance(event, events.RunStarted))
    assert [event.kind for event in of_kind(log, events.RunFailed)] == ["lost", "lost"]
    assert (log[-1], computer.now_s) == (events.JobDied(0.0, "job", "killed"), 0.0)
    assert len(computer.engine.works) == 1
    computer.submit(request("next", inputs=2))
    finish(computer)
    assert computer.now_s < 1.0


def test_kill_in_the_middle_of_a_run():
    """A run that is killed half way leaves the messages it had sent by then, and nothing else."""
    computer = cluster(1)
    messages = [Message(0.1, "MSG", "early"), Message(0.9, "MSG", "late")]
    script = {"first": lambda work: outcome((0, pairs(("a", 1))), oob={"k": "v"}, messages=messages, slept_s=10.0)}
    computer.submit(request(script=script))
    log = killed(computer, lambda event: isinstance(event, events.MessageSent))
    assert [event.text for event in of_kind(log, events.MessageSent)] == ["early"]
    assert of_kind(log, events.OutputStored, events.RunFinished) == []
    assert [event.state for event in of_kind(log, events.OOBStored)] == ["dropped"]


def test_kill_between_stages():
    """A job can be killed when its first stage is done and its second has not begun; the first's results stay."""
    computer = cluster(1)
    script = {"first": lambda work: outcome((0, pairs(("a", 1))), oob={"k": "v"})}
    computer.submit(request(plan=TWO_STAGES, script=script))
    log = killed(computer, lambda event: isinstance(event, events.StageFinished))
    assert computer.jobs.status("job") == "dead"
    assert not [name for name, _ in starts(log) if name.startswith("second")]
    assert computer.oob.get("job", "k") == "v"
    assert len(computer.jobs.facts("job").results("first")) == 1


def test_kill_while_a_task_waits_to_be_tried_again():
    """A job whose only task waits for its next try is dead at once when it is killed."""
    computer = cluster(2)
    computer.submit(request(script={"first": lambda work: failure()}))
    log = killed(computer, lambda event: isinstance(event, events.TaskDelayed))
    assert (computer.jobs.status("job"), of_kind(log, events.TaskRequeued)) == ("dead", [])
    assert computer.now_s < 1.0
    assert computer.failure("job") is None


def test_kill_too_late():
    """Killing a job that has ended, or is none, does nothing."""
    computer = cluster(1)
    one_job(computer)
    for job in ("job", "nosuch"):
        computer.ask(events.JobKillAsked(0.0, job, "killed"))
    finish(computer)
    assert computer.jobs.status("job") == "ready"


def test_a_kill_does_not_hide_why_a_job_died():
    """A kill that comes when a failure has ended the job already leaves the failure as its reason."""
    computer = cluster(1)
    computer.submit(request(script={"first": lambda work: failure("fatal", ValueError("first"))}))
    log = killed(computer, lambda event: isinstance(event, events.RunFailed))
    assert "ValueError: first" in log[-1].reason
    assert str(computer.failure("job")[0].error) == "first"


def test_an_earlier_failure_is_not_why_a_job_was_killed():
    """A failure that was forgiven is not the reason of a kill that comes later."""
    computer = cluster(2)
    computer.submit(request(script={"first": lambda work: failure() if work.attempt == 0 else outcome()}))
    killed(computer, lambda event: isinstance(event, events.RunStarted) and event.attempt == 1)
    assert (computer.jobs.status("job"), computer.failure("job")) == ("dead", None)


# -- interrupts ------------------------------------------------------------------------------------------------------


def interrupted(line, params):
    if line == params.when:
        raise KeyboardInterrupt
    yield line, 1


def test_an_interrupted_job_is_dead():
    """Ctrl-C in a job function is raised again, the job is dead of it, its record stays, and the next job runs."""
    with Disco(nodes=2, slots=1) as disco:
        inputs = [f"raw://{number}" for number in range(4)]
        job = disco.new_job(name="job", input=inputs, map=interrupted, params=Params(when="2"))
        with pytest.raises(KeyboardInterrupt):
            job.wait()
        assert job.status == "dead"
        assert "interrupted" in str(job.error)
        assert job.tasks["status"].tolist() == ["done", "lost", "lost"]
        assert list(result_iterator(job.resubmit(params=Params(when="no")).wait())) == [(str(n), 1) for n in range(4)]
        assert job.status == "dead"


def test_an_interrupt_leaves_other_jobs_alone():
    """Only the job whose function was interrupted dies; other active jobs go on when they are driven again."""
    with Disco(nodes=2) as disco:
        other = disco.new_job(name="other", input=["raw://a", "raw://b"], map=interrupted, params=Params(when=""))
        job = disco.new_job(name="job", input=["raw://a"], map=interrupted, params=Params(when="a"))
        with pytest.raises(KeyboardInterrupt):
            job.wait()
        assert (job.status, other.status) == ("dead", "active")
        assert sorted(result_iterator(other.wait())) == [("a", 1), ("b", 1)]


def raising(computer, script):
    """A job whose script raises KeyboardInterrupt; its log up to where the user has the prompt back."""
    computer.submit(request(script={"first": script}))
    with pytest.raises(KeyboardInterrupt):
        finish(computer)
    return list(computer.log)


def test_the_log_of_an_interrupt():
    """The run is lost, its job dies for the reason "interrupted", at the time of the run's start, before the prompt."""

    def script(work):
        raise KeyboardInterrupt

    computer = cluster(1)
    log = raising(computer, script)
    assert [type(event).__name__ for event in log[-4:]] == ["RunStarted", "JobKillAsked", "RunFailed", "JobDied"]
    assert log[-1] == events.JobDied(0.0, "job", "interrupted")
    assert replayed(log, computer.spec)[-1] == events.EndJob("job", "interrupted")


@pytest.mark.parametrize("kind", [bdb.BdbQuit, OSError, SystemExit])
def test_an_engine_that_breaks(kind):
    """A run that an engine cannot compute ends its job, and only that: its slot is free, and other jobs go on."""

    def script(work):
        raise kind

    computer = cluster(1)
    computer.submit(request(script={"first": script}))
    with pytest.raises(kind):
        finish(computer)
    assert computer.log[-1] == events.JobDied(0.0, "job", f"engine could not compute a run: {kind.__name__}")
    computer.submit(request("next", serial=1))
    finish(computer)
    assert computer.jobs.status("next") == "ready"


def test_a_copy_of_a_cluster_goes_its_own_way():
    """A deep copy is a snapshot: what happens to it happens to nothing else, and is what would have happened here."""
    computer = cluster(2)
    computer.submit(request(plan=TWO_STAGES, inputs=4, script={"first": failing_on("node01")}))
    finish(computer, until_s=1.0)
    n_before = len(computer.log)
    copied = copy.deepcopy(computer)
    log = finish(copied)
    assert (copied.jobs.status("job"), computer.jobs.status("job")) == ("ready", "active")
    assert len(computer.log) == n_before
    assert finish(computer) == log


def test_a_real_interrupt_reaches_the_user_s_code():
    """A SIGINT that comes while a run computes ends that run at once."""
    reached = []

    def script(work):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(10**6):
            pass
        reached.append(work)

    computer = cluster(1)
    raising(computer, script)
    assert (reached, computer.jobs.status("job")) == ([], "dead")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_drive_too():
    """A cluster can be driven by a thread that gets no signals."""
    computer = cluster(1)
    computer.submit(request())
    thread = threading.Thread(target=finish, args=(computer,))
    thread.start()
    thread.join()
    assert computer.jobs.status("job") == "ready"


# -- results and records ---------------------------------------------------------------------------------------------


def two_stage_job(computer, **options):
    script = {
        "first": lambda work: outcome((1, pairs((work.task, 1))), (0, pairs((work.task, 0)))),
        "second": lambda work: outcome((work.label, pairs(("n", work.n_tasks)))),
    }
    computer.submit(request(plan=TWO_STAGES, inputs=2, script=script, **options))
    return finish(computer)


def test_results():
    """The results of a stage are a URL per task in task order; behind each are the blobs of its labels in order."""
    computer = cluster(2)
    two_stage_job(computer)
    urls = computer.jobs.facts("job").results()
    assert [url.rpartition("/")[2] for url in urls] == ["second-0.index", "second-1.index"]
    assert urls[0].startswith("dir://node0")
    first = computer.jobs.facts("job").results("first")
    found = [
        [(label, computer.blobs.get(blob).pairs()) for label, blob in index_of(computer.jobs, url)] for url in first
    ]
    assert found == [[(0, [(0, 0)]), (1, [(0, 1)])], [(0, [(1, 0)]), (1, [(1, 1)])]]


def test_results_before_the_end():
    """Before its end a job has no results, and a stage that is not finished is a 404."""
    computer = cluster(1)
    computer.submit(request())
    assert computer.jobs.facts("job").results() == []
    with pytest.raises(CommError, match="stage 'first' of job 'job' is not finished") as caught:
        computer.jobs.facts("job").results("first")
    assert caught.value.code == 404
    with pytest.raises(DiscoError, match="Unknown job 'nosuch'; the jobs are: job"):
        computer.jobs.facts("nosuch").results()
    with pytest.raises(DiscoError, match="Unknown job 'nosuch'; no job is on record"):
        cluster(1).jobs.facts("nosuch").results()


@pytest.mark.parametrize(
    "url",
    [
        "dir://node01:8989/disco/node01/00/job/first-9.index", "dir://node01:8989/disco/node01/00/job/third-0.index",
        "dir://node01:8989/disco/node01/00/nosuch/first-0.index", "dir://node01:8989/disco/node01/00/job/first-x.index",
        "dir://", "nonsense", "",
    ],
)  # fmt: skip
def test_index_of_nothing(url):
    """A dir:// URL that names no finished task is a 404, not an empty result."""
    computer = cluster(1)
    two_stage_job(computer)
    with pytest.raises(CommError, match="no such result") as caught:
        index_of(computer.jobs, url)
    assert caught.value.code == 404


def test_an_empty_result_is_a_result():
    """A task that wrote nothing has an empty result."""
    computer = cluster(1)
    one_job(computer)
    assert [index_of(computer.jobs, url) for url in computer.jobs.facts("job").results()] == [[]]


def test_saved_results():
    """A job that is to be saved has a tag as its result, with blobs that are those of its last stage."""
    computer = cluster(2)
    two_stage_job(computer, save_as="disco:job:results:job")
    assert computer.jobs.facts("job").results() == ["tag://disco:job:results:job"]
    blobs = [blob for url in computer.jobs.facts("job").results("second") for _, blob in index_of(computer.jobs, url)]
    saved = [url for (url,) in computer.tags.urls("disco:job:results:job")]
    assert len(saved) == len(blobs) > 0
    assert not set(saved) & set(blobs)
    for url, blob in zip(saved, blobs, strict=True):
        assert computer.blobs.get(url) is computer.blobs.get(blob)
        assert url.partition("/ddfs/vol0/blob/")[0].partition(":89")[0] == blob.partition(":8989/")[0]


@pytest.mark.parametrize("ends", ["ready", "dead"])
def test_keep_results(ends):
    """keep="results" drops what is between the stages when a job ends, well or not; the log says so."""
    computer = cluster(1, keep="results")
    script = {
        "first": lambda work: outcome((0, pairs(("a", 1)))),
        "second": lambda work: outcome((work.label, pairs(("b", 1)))) if ends == "ready" else failure("fatal"),
    }
    computer.submit(request(plan=TWO_STAGES, script=script))
    log = finish(computer)
    assert computer.jobs.status("job") == ends
    assert isinstance(log[-1], events.OutputsDropped)
    for stored in of_kind(log, events.OutputStored):
        if stored.stage == "first":
            with pytest.raises(DataError, match="dropped when its job ended"):
                computer.blobs.get(stored.blob)
        else:
            assert computer.blobs.get(stored.blob).pairs() == [("b", 1)]


def test_keep_results_of_one_stage():
    """Where nothing is between stages nothing is dropped."""
    computer = cluster(1, keep="results")
    log = one_job(computer, lambda work: outcome((0, pairs(("a", 1)))))
    assert of_kind(log, events.OutputsDropped) == []
    assert computer.blobs.get(of_kind(log, events.OutputStored)[0].blob).pairs() == [("a", 1)]


def test_forget():
    """A forgotten job is unknown; its data stays unless that is to go too; its events stay."""
    computer = cluster(1)
    log = two_stage_job(computer)
    blob = of_kind(log, events.OutputStored)[0].blob
    computer.forget("nosuch", with_data=True)
    computer.forget("job", with_data=False)
    assert computer.jobs.status("job") == "unknown job"
    assert computer.blobs.get(blob).n_records == 1
    computer.forget("job", with_data=True)
    with pytest.raises(DataError):
        computer.blobs.get(blob)
    assert list(computer.log) == log


def test_an_active_job_is_not_forgotten():
    """The record of a job that still runs cannot be dropped from under it."""
    computer = cluster(1)
    computer.submit(request())
    with pytest.raises(DiscoError, match="still active"):
        computer.forget("job", with_data=True)
    finish(computer)
    assert computer.jobs.status("job") == "ready"


def test_work_of_a_recorded_run():
    """The work of any run can be made again as it was, host, attempt and inputs; of no run it is an error."""
    computer = cluster(2)
    one_job(computer, failing_on("node01"))
    for original in computer.engine.works:
        assert computer.work("job", "first", 0, original.attempt) == original
    assert [work.host for work in computer.engine.works] == ["node01", "node02"]
    with pytest.raises(DiscoError, match="has no run 7 of task first:0; its runs are: first:0 run 0, first:0 run 1"):
        computer.work("job", "first", 0, 7)


def test_a_task_is_told_its_place():
    """A run knows job, stage, task, number of tasks, host and master; its label is its number, or what it groups."""
    computer = cluster(1, master="boss:1234", oob_limit=7, shuffle_order="random")
    two_stage_job(computer)
    first, second = computer.engine.works[1], computer.engine.works[3]
    assert (first.stage, first.task, first.label, first.n_tasks, first.shuffle_order) == ("first", 1, 1, 2, "task")
    assert (second.stage, second.task, second.label, second.shuffle_order) == ("second", 1, 1, "random")
    assert (second.job, second.host, second.master, second.oob_limit) == ("job", "node01", "boss:1234", 7)


def test_the_scheduler_can_be_replayed():
    """The log of a job with failures holds all that the scheduler needs to say the same again."""
    computer = cluster(3)
    log = one_job(computer, failing_on("node01"), inputs=7)
    assert sorted(replayed(log, computer.spec)) == sorted(orders_in(log))


# -- through the face ------------------------------------------------------------------------------------------------


def exiting(line, params):
    import sys

    sys.exit(3)
    yield line, 1


def memory(line, params):
    if this_host() == "node01" or params.always:
        raise MemoryError
    yield line, 1


def test_sys_exit_is_fatal():
    """sys.exit in a job function ends the job, not the process, and is not tried again."""
    with Disco(nodes=2) as disco:
        with pytest.raises(JobError, match="SystemExit: 3") as caught:
            disco.new_job(name="job", input=["raw://a"], map=exiting).wait()
        assert isinstance(caught.value.__cause__, SystemExit)
        assert caught.value.run == 0


def test_memory_error_through_the_face():
    """MemoryError is tried again on another node, once."""
    with Disco(nodes=2) as disco:
        job = disco.new_job(name="job", input=["raw://a"], map=memory, params=Params(always=False))
        assert list(result_iterator(job.wait())) == [("a", 1)]
        with pytest.raises(JobError):
            disco.new_job(name="job", input=["raw://a"], map=memory, params=Params(always=True)).wait()
        assert [event.kind for event in of_kind(disco.cluster.log, events.RunFailed)] == ["memory"] * 3


def test_step():
    """step() lets one event happen with what belongs to it; step(run=True) goes on to the next end of a run."""
    with Disco(nodes=1) as disco:
        disco.new_job(name="job", input=["raw://a", "raw://b"], map=interrupted, params=Params(when=""))
        assert [type(event).__name__ for event in disco.step()] == ["StageStarted"]
        assert [type(event).__name__ for event in disco.step()] == ["RunStarted"]
        for _ in range(2):
            happened = [type(event).__name__ for event in disco.step(run=True)]
            assert happened.count("RunFinished") == 1
            assert "RunFinished" in happened[-2:]
        disco.run()
        assert disco.step() == disco.step(run=True) == ()
