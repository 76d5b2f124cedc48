"""What faults do to jobs: what is lost with a node, what runs again, what goes on, and that the answer stays."""

from __future__ import annotations

import math

import pytest

from disco_sim import Disco, Faults, JobError, result_iterator
from disco_sim.error import DiscoError
from disco_sim.model import events
from disco_sim.model.job import Limits
from disco_sim.model.plan import Output, Stage
from disco_sim.model.work import Counts, Dependencies, Message, Read, TaskOutcome
from disco_sim.sim.costs import Costs
from disco_sim.store.results import index_of
from tests.clusters import (
    TWO_STAGES,
    at_home,
    cluster,
    failure,
    finish,
    of_kind,
    outcome,
    pairs,
    request,
    silent,
    starts,
)

FREE = Costs(startup_s=0.0, cpu_record_s=0.0, cpu_byte_s=0.0, latency_s=0.0, disk_bytes_s=math.inf)


def mapper(slept_s=1.0, **options):
    """Runs that store a pair for each of two labels."""
    return lambda work: outcome((0, pairs(("a", work.task))), (1, pairs(("b", work.task))), slept_s=slept_s, **options)


def reader(read_bytes=10, slept_s=1.0):
    """Runs that read all their pieces, then compute, and store one pair."""

    def compute(work):
        reads = tuple(Read(number, 0, read_bytes) for number in range(len(work.inputs)))
        counts = Counts(records_in=len(reads), records_out=1, bytes_out=10, slept_s=slept_s, read=reads)
        return TaskOutcome(outputs=((0, pairs(("sum", work.label))),), counts=counts)

    return compute


def two_stages(computer, inputs=None, first=None, second=None, **options):
    """The log of a job of two stages that has run as far as it can."""
    inputs = at_home("node01", "node02") if inputs is None else inputs
    script = {"first": first or mapper(), "second": second or reader()}
    computer.submit(request(plan=TWO_STAGES, inputs=inputs, script=script, **options))
    return finish(computer)


def lost(log):
    """(run, host, reason) of the runs that were lost."""
    failed = [event for event in of_kind(log, events.RunFailed) if event.kind == "lost"]
    return [(f"{event.stage}:{event.task}.{event.attempt}", event.host, event.reason) for event in failed]


def lost_outputs(log):
    """(time, task, host) of the outputs that were lost."""
    found = of_kind(log, events.OutputLost)
    return [(event.time_s, f"{event.stage}:{event.task}", event.host) for event in found]


# -- a node dies -----------------------------------------------------------------------------------------------------


def test_runs_die_with_their_node():
    """What runs on a node that dies is lost, waits as after a failure, and runs again on another node."""
    computer = cluster(2, costs=FREE, faults=Faults().kill("node01", at=0.5))
    log = two_stages(computer)
    assert lost(log) == [("first:0.0", "node01", "node01 died")]
    assert ("first:0.1", "node02") in starts(log)
    (delayed,) = of_kind(log, events.TaskDelayed)
    assert 2 <= delayed.wait_s <= 31
    assert computer.jobs.status("job") == "ready"


def test_a_lost_run_is_no_failure():
    """Losing runs with their nodes any number of times does not end a job that forgives no failure."""
    faults = Faults()
    for time_s in range(0, 200, 40):
        faults = faults.kill("node01", at=time_s + 0.5).restore("node01", at=time_s + 1.0)
    computer = cluster(1, costs=FREE, faults=faults, max_failures=0)
    log = two_stages(computer, inputs=1, first=mapper(slept_s=20.0))
    assert len(lost(log)) > 1
    assert computer.jobs.status("job") == "ready"


def test_done_work_is_made_again_before_the_shuffle():
    """Output that was stored on a node that dies before it was read is made again, without calling the code again."""
    computer = cluster(2, costs=FREE, faults=Faults().kill("node01", at=2.0))
    slow = lambda work: mapper(slept_s=1.0 if work.task == 0 else 5.0)(work)  # noqa: E731
    log = two_stages(computer, first=slow)
    assert lost_outputs(log) == [(2.0, "first:0", "node01")]
    assert ("first:0.1", "node02") in starts(log)
    stored = [event for event in of_kind(log, events.OutputStored) if (event.stage, event.task) == ("first", 0)]
    assert {(event.attempt, event.host) for event in stored} == {(0, "node01"), (1, "node02")}
    computed = [(work.stage, work.task, work.attempt) for work in computer.engine.works]
    assert ("first", 0, 0) in computed
    assert ("first", 0, 1) not in computed
    pieces = computer.work("job", "second", 0, 0).inputs
    assert [piece.host for piece in pieces] == ["node02", "node02"]


def test_code_that_asked_for_its_host_is_called_again():
    """An outcome is used again only if nothing that its code asked for is different."""
    computer = cluster(2, costs=FREE, faults=Faults().kill("node01", at=2.0))

    def asking(work):
        made = mapper(slept_s=1.0 if work.task == 0 else 5.0)(work)
        return TaskOutcome(outputs=made.outputs, counts=made.counts, depends_on=Dependencies(host=work.host))

    two_stages(computer, first=asking)
    hosts = [(work.task, work.host) for work in computer.engine.works if work.stage == "first"]
    assert hosts == [(0, "node01"), (1, "node02"), (0, "node02")]


def test_a_reader_loses_its_input():
    """A run that is still reading from a node that dies is lost at once, and waits for the input to be made again."""
    costs = Costs(startup_s=0.0, cpu_record_s=0.0, cpu_byte_s=0.0, latency_s=0.0, port_bytes_s=10.0)
    computer = cluster(3, costs=costs, faults=Faults().kill("node01", at=2.5))
    log = two_stages(computer, second=reader(read_bytes=40))
    assert lost_outputs(log) == [(2.5, "first:0", "node01")]
    reasons = {reason for _, host, reason in lost(log) if host != "node01"}
    assert reasons == {"input lost: what first:0 stored at node01"}
    again = [event.time_s for event in of_kind(log, events.RunStarted) if event[2:5] == ("first", 0, 1)]
    readers = [event.time_s for event in of_kind(log, events.RunStarted) if event.stage == "second" and event.attempt]
    assert again == [2.5]
    assert min(readers) >= 3.5 > 2.5 + 0.5
    assert computer.jobs.status("job") == "ready"


def test_who_has_read_goes_on():
    """A run that has read all of its input does not mind the death of the node it came from."""
    computer = cluster(3, costs=FREE, faults=Faults().kill("node01", at=2.0))
    inputs = at_home("node01", "node01")
    plan = (Stage("first", "split"), Stage("second", "group_all", range(1)))
    script = {"first": mapper(slept_s=0.5), "second": reader(slept_s=5.0)}
    # The reader is made to run away from the data, so that it survives.
    computer.ask(events.NodeBlacklisted(0.25, "node01"))
    computer.submit(request(plan=plan, inputs=inputs, script=script))
    log = finish(computer)
    assert (lost(log), lost_outputs(log)) == ([], [])
    assert computer.jobs.status("job") == "ready"


def test_what_nobody_seemed_to_need_is_made_again_when_needed():
    """When a run that had read its input fails, and the input is gone by then, it is made again first."""
    computer = cluster(3, costs=FREE, faults=Faults().kill("node01", at=2.0))
    plan = (Stage("first", "split"), Stage("second", "group_all", range(1)))

    def fails_once(work):
        return failure() if work.attempt == 0 else reader()(work)

    def slow_failure(work):
        made = fails_once(work)
        reads = tuple(Read(number, 0, 10) for number in range(len(work.inputs)))
        counts = Counts(slept_s=5.0, read=reads)
        return TaskOutcome(outputs=made.outputs, counts=counts, failure=made.failure)

    computer.ask(events.NodeBlacklisted(0.25, "node01"))
    script = {"first": mapper(slept_s=0.5), "second": slow_failure}
    computer.submit(request(plan=plan, inputs=at_home("node01", "node01"), script=script))
    log = finish(computer)
    assert [task for _, task, _ in lost_outputs(log)] == ["first:0"]
    assert all(time_s > 5.0 for time_s, _, _ in lost_outputs(log))
    assert computer.jobs.status("job") == "ready"


def test_results_are_made_again_while_the_job_runs():
    """Results stored on a node that dies before the job has ended are made again, and those of ended jobs stay."""
    costs = Costs(startup_s=0.0, cpu_record_s=0.0, cpu_byte_s=0.0, latency_s=0.0)
    computer = cluster(2, costs=costs, faults=Faults().kill("node01", at=2.5).kill("node02", at=500.0))
    second = lambda work: reader(slept_s=1.0 if work.label == 0 else 20.0)(work)  # noqa: E731
    log = two_stages(computer, second=second)
    lost_tasks = [task for _, task, _ in lost_outputs(log)]
    assert "second:0" in lost_tasks
    assert computer.jobs.status("job") == "ready"
    assert computer.now_s == 500.0
    for url in computer.jobs.facts("job").results():
        for _, blob in index_of(computer.jobs, url):
            assert computer.blobs.get(blob).n_records == 1


def test_an_out_of_band_result_is_committed_once():
    """A task that runs again because its output was lost does not commit its out-of-band results again."""
    computer = cluster(2, costs=FREE, faults=Faults().lose("first:0", at=1.5))
    first = lambda work: mapper(slept_s=1.0 + work.task, oob={f"k{work.task}": "v"})(work)  # noqa: E731
    log = two_stages(computer, first=first)
    assert [task for _, task, _ in lost_outputs(log)] == ["first:0"]
    assert [(event.key, event.attempt, event.state) for event in of_kind(log, events.OOBStored)] == [
        ("k0", 0, "committed"),
        ("k1", 0, "committed"),
    ]


def test_other_partitions_the_second_time_end_the_job():
    """A task that has to run again and stores other partitions than before would lose data, so its job ends."""
    computer = cluster(2, costs=FREE, faults=Faults().kill("node01", at=2.0))

    def fickle(work):
        label = 0 if work.host == "node01" else 1
        counts = Counts(slept_s=1.0 if work.task == 0 else 5.0)
        return TaskOutcome(outputs=((label, pairs(("a", 1))),), counts=counts, depends_on=Dependencies(host=work.host))

    log = two_stages(computer, first=fickle)
    (died,) = of_kind(log, events.JobDied)
    assert died.reason.startswith("task first:0 had to run again and stored other partitions than before")


def test_a_cluster_that_is_dead_ends_its_jobs():
    """When all nodes are dead and none returns, active jobs end with that reason, instead of waiting for ever."""
    computer = cluster(2, costs=FREE, faults=Faults().kill("node01", at=0.5).kill("node02", at=0.6))
    log = two_stages(computer)
    (died,) = of_kind(log, events.JobDied)
    assert "node01" in died.reason
    assert "dead" in died.reason
    assert computer.jobs.status("job") == "dead"


def test_a_node_that_returns_finishes_the_job():
    """When a node returns, the tasks that waited for any node run on it."""
    faults = Faults().kill("node01", at=0.5).kill("node02", at=0.6).restore("node02", at=100.0)
    computer = cluster(2, costs=FREE, faults=faults)
    log = two_stages(computer)
    assert computer.jobs.status("job") == "ready"
    assert {host for run, host in starts(log) if run.endswith(".1")} == {"node02"}


def test_a_task_that_may_run_nowhere_ends_its_job():
    """A task that is bound to a node that died for good ends its job, with that reason."""
    computer = cluster(2, costs=FREE, faults=Faults().kill("node01", at=0.5))
    log = two_stages(computer, limits=Limits(force_local=True))
    (died,) = of_kind(log, events.JobDied)
    assert "force_local" in died.reason


def test_stored_inputs_on_a_dead_node_cannot_be_read():
    """Data that only a dead node stores is a data error for tasks of later jobs, until the node is there again."""

    def fun_map(line, params):
        yield line, 1

    with Disco(nodes=2, faults=Faults().kill("node01", at=100.0)) as disco:
        urls = disco.new_job(name="first", input=["raw://a", "raw://b"], map=fun_map).wait()
        disco.step(until=101.0)
        assert sorted(result_iterator(urls)) == [("a", 1), ("b", 1)]
        job = disco.new_job(name="second", input=urls, map=lambda entry, params: [entry], map_reader=None)
        with pytest.raises(JobError, match="node01 is dead"):
            job.wait()
        disco.faults.restore("node01")
        assert job.resubmit().wait()


# -- tasks and their data --------------------------------------------------------------------------------------------


def test_output_is_lost_as_soon_as_it_was_stored():
    """lose() without a time loses what the first run of a task stored, and no later one."""
    computer = cluster(2, costs=FREE, faults=Faults().lose("first:1"))
    log = two_stages(computer)
    assert lost_outputs(log) == [(1.0, "first:1", "node02")]
    assert [run for run, _ in starts(log) if run.startswith("first:1")] == ["first:1.0", "first:1.1"]
    assert computer.jobs.status("job") == "ready"


def test_losing_what_is_not_there_does_nothing():
    """A task that is not done at the time has nothing to lose, and a job that the fault does not name neither."""
    faults = Faults().lose("first:0", at=0.5).lose("first:7", at=1.5).lose("first:0", at=1.5, job="other")
    computer = cluster(2, costs=FREE, faults=faults)
    assert lost_outputs(two_stages(computer)) == []


def test_a_worker_crashes():
    """The run named crashes in the middle of its CPU work: a failure that is tried again on another node."""
    computer = cluster(2, costs=FREE, faults=Faults().crash("first:0", run=0))
    messages = [Message(0.25, "MSG", "early"), Message(0.75, "MSG", "late")]
    log = two_stages(computer, first=mapper(messages=messages, oob=None))
    failed = of_kind(log, events.RunFailed)
    assert [(event.time_s, event.kind, event.task, event.oob_puts) for event in failed] == [(0.5, "crash", 0, 0)]
    said = [event.text for event in of_kind(log, events.MessageSent) if (event.task, event.attempt) == (0, 0)]
    assert said == ["early"]
    assert ("first:0.1", "node02") in starts(log)


def test_crashes_count_as_failures():
    """A task whose worker crashes more often than is forgiven ends its job."""
    computer = cluster(2, costs=FREE, faults=Faults().crash("first:0").crash("first:0", run=1), max_failures=1)
    (died,) = of_kind(two_stages(computer), events.JobDied)
    assert "failed 2 times" in died.reason


def test_a_run_that_fails_by_itself_does_not_crash():
    """A fault does not hide what a function does wrong."""
    computer = cluster(1, costs=FREE, faults=Faults().crash("first:0"))
    (died,) = of_kind(two_stages(computer, inputs=1, first=lambda work: failure("fatal")), events.JobDied)
    assert "bad block" in died.reason


def test_the_engine_is_told_what_cannot_be_read():
    """Work names the replicas that are bad for this run."""
    computer = cluster(1, costs=FREE, faults=Faults().corrupt("first:0", replica=1, runs=1).missing("first:1"))
    inputs = (Output(0, "node01", 0, 0, "x", (("node01", "y"),)), Output(0, "node01", 0, 0, "z"))
    two_stages(computer, inputs=inputs, first=lambda work: failure() if work.attempt == 0 else mapper()(work))
    bad = {(work.task, work.attempt): work.bad for work in computer.engine.works if work.stage == "first"}
    assert bad[0, 0] == ((0, 1, "the data is corrupt"),)
    assert bad[0, 1] == ()
    assert bad[1, 0] == bad[1, 1] == ((0, 0, "the data is missing"),)


@pytest.mark.parametrize(
    ("faults", "warning"),
    [(Faults().corrupt("map:0"), "the data is corrupt"), (Faults().missing("map:0", replica=0), "the data is missing")],
)
def test_another_replica_is_read(faults, warning):
    """A task whose chosen replica is bad goes on with another one, and says so."""

    def fun_map(line, params):
        yield line, 1

    with Disco(nodes=2, faults=faults) as disco:
        job = disco.new_job(name="job", input=[["raw://a", "raw://a"]], map=fun_map)
        assert list(result_iterator(job.wait())) == [("a", 1)]
        assert warning in " ".join(job.log.message)


def test_the_only_replica_is_bad_for_a_while():
    """A task without another replica fails and is tried again, until its job dies or the data can be read."""

    def fun_map(line, params):
        yield line, 1

    with Disco(nodes=2, faults=Faults().corrupt("map:0", runs=2)) as disco:
        job = disco.new_job(name="job", input=["raw://a"], map=fun_map)
        assert list(result_iterator(job.wait())) == [("a", 1)]
        assert job.tasks.status.tolist() == ["failed", "failed", "done"]
    with Disco(nodes=2, faults=Faults().corrupt("map:0")) as disco:
        job = disco.new_job(name="job", input=["raw://a"], map=fun_map)
        with pytest.raises(JobError, match="the data is corrupt"):
            job.wait()


# -- nodes and network -----------------------------------------------------------------------------------------------


def test_a_slow_node_takes_longer():
    """What computes on a node while it is slow takes that much longer, and is told to; sleeping takes no longer."""
    costs = Costs(startup_s=0.0, cpu_record_s=1.0, cpu_byte_s=0.0)
    computer = cluster(1, slots=2, costs=costs, faults=Faults().slow("node01", factor=3.0, at=0.5, until=2.0))
    works = (TaskOutcome(counts=Counts(records_in=2)), TaskOutcome(counts=Counts(slept_s=2.0)))
    computer.submit(request(inputs=2, script={"first": lambda work: works[work.task]}))
    log = finish(computer)
    assert {event.task: event.time_s for event in of_kind(log, events.RunFinished)} == pytest.approx({0: 3.0, 1: 2.0})
    slowdowns = {event.task: event.slowdown for event in of_kind(log, events.PhasesPlayed)}
    assert slowdowns == pytest.approx({0: 1.5, 1: 1.0})


def test_a_cut_network_delays_readers():
    """Readers on the other side of a cut wait until it heals; nobody fails."""
    costs = Costs(startup_s=0.0, cpu_record_s=0.0, cpu_byte_s=0.0, latency_s=0.0)
    plain = cluster(2, costs=costs)
    cut = cluster(2, costs=costs, faults=Faults().cut("node01", at=0.5, until=60.0))
    assert of_kind(two_stages(plain), events.JobFinished)[0].time_s < 10
    log = two_stages(cut)
    assert (of_kind(log, events.RunFailed), of_kind(log, events.JobFinished)[0].time_s) == ([], pytest.approx(61.0))


def test_the_log_says_how_the_network_is_shared():
    """When more transfers are there at once than are shared exactly, the log says so, and when it is over."""
    costs = Costs(startup_s=0.0, cpu_record_s=0.0, cpu_byte_s=0.0, latency_s=0.0, port_bytes_s=10.0, exact_flows=1)
    computer = cluster(3, costs=costs)
    log = two_stages(computer, inputs=at_home("node01", "node02", "node03"))
    shared = [(event.how, event.n_flows) for event in of_kind(log, events.NetworkShared)]
    assert shared[0][0] == "ports"
    assert shared[0][1] > 1
    assert computer.sharing == "ports"
    assert cluster(3).sharing == "exact"


# -- faults of a running cluster --------------------------------------------------------------------------------------


def test_faults_are_checked_before_they_are_added():
    """A host that is not there, or a time in the past, is refused, and nothing is added."""
    with pytest.raises(DiscoError, match="no host 'node9'"):
        cluster(2, faults=Faults().kill("node9", at=1.0))
    computer = cluster(2)
    computer.submit(request(script={"first": silent}))
    finish(computer)
    with pytest.raises(DiscoError, match="in the past"):
        computer.add_faults(Faults().kill("node01", at=0.1))
    assert len(computer.faults) == 0


def test_live_faults():
    """disco.faults takes more at any time; without a time they are now, and all of them are one plan."""
    with Disco(nodes=3, faults=Faults().slow("node03", factor=2.0)) as disco:
        job = disco.new_job(name="job", input=["raw://a"] * 6, map=lambda line, params: [(line, 1)])
        disco.step(until=0.25)
        disco.faults.kill("node02").restore("node02", at=50.0)
        assert disco.nodes.status.tolist() == ["alive", "dead", "slow"]
        assert repr(disco.faults.plan) == (
            "Faults().slow('node03', factor=2.0).kill('node02', at=0.25).restore('node02', at=50.0)"
        )
        assert len(list(result_iterator(job.wait()))) == 6
        disco.step(until=60.0)
        assert disco.nodes.status.tolist() == ["alive", "alive", "slow"]
        assert len(disco.faults) == 3
        assert disco.faults._repr_mimebundle_() == disco.faults.plan._repr_mimebundle_()


def test_what_a_run_could_not_read_is_known_afterwards():
    """The work of a run that found its data corrupt can be made again as it was, so that debug() sees the same."""

    def fun_map(line, params):
        yield line, 1

    with Disco(nodes=2, faults=Faults().corrupt("map:0")) as disco:
        job = disco.new_job(name="job", input=["raw://a"], map=fun_map)
        with pytest.raises(JobError):
            job.wait()
        _, work = disco.cluster.failure(job.name)
        assert work.bad == ((0, 0, "the data is corrupt"),)


def test_a_dead_node_is_not_connected():
    """nodeinfo() tells that a node is dead, and what keeps a job from going on names dead nodes, too."""
    with Disco(nodes=2) as disco:
        disco.faults.kill("node01")
        disco.blacklist("node02")
        assert [facts["connected"] for facts in disco.nodeinfo().values()] == [False, True]
        job = disco.new_job(name="job", input=["raw://a"], map=lambda line, params: [(line, 1)])
        with pytest.raises(JobError, match="blacklisted are node02, dead are node01"):
            job.wait()
        with pytest.raises(DiscoError, match=r"add\(3\) was called"):
            disco.faults.add(3)


def test_values_that_cannot_be_compared_are_computed_again():
    """A task that comes out anew with arrays, which have no truth, is one that may have come out differently."""
    from disco_sim import Disco, Faults, result_iterator

    def fun_map(line, params):
        import numpy

        yield "k", numpy.array([len(this_host())] * 3)

    def fun_reduce(pairs, params):
        import time

        time.sleep(50)
        for key, value in pairs:
            yield key, int(value[0])

    with Disco(nodes=4, slots=1, faults=Faults().kill("node02", at=0.7)) as disco:
        job = disco.new_job(name="x", input=[f"raw://{number}" for number in range(12)], map=fun_map, reduce=fun_reduce)
        assert list(result_iterator(job.wait())) == [("k", 6)] * 12
        assert (job.tasks["status"] == "lost").any()
