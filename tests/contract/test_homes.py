"""What every home must do: keep what happened and what was produced, whichever way. A new home is a line here."""

from __future__ import annotations

from typing import Any

import pytest

from disco_sim import Costs, Disco, Faults, Job, JobError, Params, result_iterator
from disco_sim.cluster.simulated import SimulatedCluster
from disco_sim.compat.dialect import V05
from disco_sim.engine.inline import Inline
from disco_sim.error import CommError, DataError, DiscoError, OOBKeyError
from disco_sim.func import sum_reduce
from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.plan import Output, Stage
from disco_sim.model.rules import Rules
from disco_sim.model.work import Blob, Failure, TaskOutcome
from disco_sim.store.facts import DoneTask, FailureText
from disco_sim.store.home import Home, MemoryHome
from disco_sim.store.oob import COMMITTED, OOBEntry
from disco_sim.store.outcomes import Computed
from disco_sim.store.results import index_of
from disco_sim.testing import log_digest
from tests.clusters import ONE_STAGE, TWO_STAGES, of_kind, pairs, request
from tests.contract.test_same_answers import TEXT
from tests.homes import DictHome

HOMES: dict[str, Any] = {"memory": MemoryHome, "dict": DictHome}

BLOB = Blob.of_pairs([("a", 1)], 9)


@pytest.fixture(params=HOMES)
def make(request):
    return HOMES[request.param]


@pytest.fixture
def home(make):
    home: Home = make()
    home.open("master:8990")
    return home


def disco_in(home, **options):
    """A Disco whose cluster keeps everything in `home`."""
    own = {name: options.pop(name) for name in ("faults", "costs", "memory_bytes") if name in options}
    return Disco(SimulatedCluster(ClusterSpec.of(3, 2), Inline(), home=home, **own), **options)


def words(line, params):
    put(f"words:{this_partition()}", str(len(line.split())).encode())
    for word in line.split():
        yield word, 1


def breaking(pairs, params):
    yield from sum_reduce(pairs, params)
    raise ValueError("broken")


def count(disco, name="count", **changes):
    inputs = [f"raw://{line}" for line in TEXT]
    return disco.new_job(name, **{"input": inputs, "map": words, "reduce": sum_reduce, "partitions": 2, **changes})


# -- the stores ------------------------------------------------------------------------------------


def test_a_home_has_one_cluster_at_a_time(make):
    """A home that a cluster has opened is refused to another one; its sessions count from 1."""
    home = make()
    assert home.session == 0
    home.open("one:8989")
    assert home.session == 1
    with pytest.raises(DiscoError, match="another cluster"):
        home.open("two:8990")


def test_blobs(home):
    """A blob is found under its URL until it is dropped, and then the reason is."""
    home.blobs.put("disco://x", BLOB)
    assert home.blobs.get("disco://x") is BLOB
    assert "disco://x" in home.blobs and "disco://y" not in home.blobs
    assert home.blobs.held_bytes == BLOB.held_bytes
    home.blobs.put("disco://x", BLOB)
    assert home.blobs.held_bytes == BLOB.held_bytes
    home.blobs.drop("disco://x", "node01 died")
    home.blobs.drop("disco://never", "it was not there")
    assert "disco://x" not in home.blobs and home.blobs.held_bytes == 0
    with pytest.raises(DataError, match="node01 died"):
        home.blobs.get("disco://x")
    with pytest.raises(DataError, match="nothing is stored there"):
        home.blobs.get("disco://never")
    home.blobs.put("disco://x", BLOB)
    assert home.blobs.get("disco://x") is BLOB


def test_out_of_band_results_are_blobs(home):
    """A result can be read by the URL that it has in the file system, which names the master's port."""
    home.oob.open("job@1:2:3")
    home.oob.add("job@1:2:3", [OOBEntry("k", "v", "first", 0, 0, 0, "node01", 1.0, COMMITTED)])
    (url,) = [home.oob_tags.url(entry) for entry in home.oob.committed("job@1:2:3").values()]
    assert url.startswith("disco://node01:8990/ddfs/")
    assert url in home.blobs
    assert home.blobs.get(url).data == b"v"
    assert home.tags.list() == ["disco:job:oob:job@1:2:3"]
    with pytest.raises(OOBKeyError):
        home.oob.get("job@1:2:3", "nothing")


def test_the_log_and_tags(home):
    """Events are kept in their order, tags under their names."""
    home.log.append(events.JobFinished(1.0, "job"))
    home.log.append(events.JobFinished(2.0, "other"))
    assert [event.time_s for event in home.log] == [1.0, 2.0]
    home.tags.tag("words", [["raw://a"]])
    assert home.tags.urls("words") == [["raw://a"]]


# -- jobs ------------------------------------------------------------------------------------------


def test_names_are_given_once(home):
    """The name of the next job follows from seed, port and how many there were, and never comes twice."""
    names = []
    for number in range(5):
        name = home.jobs.name("count", seed=0, port="8990")
        assert home.jobs.n_submitted == number
        home.jobs.begin(request(name), "8990", 0, {})
        names.append(name)
        if number == 1:
            home.jobs.remove(name)
    assert len(set(names)) == 5
    assert list(home.jobs) == [name for name in names if name != names[1]]
    assert len(home.jobs) == 4 and names[0] in home.jobs and names[1] not in home.jobs
    assert all(map(home.jobs.was_submitted, names)) and not home.jobs.was_submitted("other@1:2:3")


def test_what_cannot_begin(home):
    """A second job of a name, and a plan that cannot be, are refused, and nothing is kept of them."""
    home.jobs.begin(request("job"), "8990", 0, {})
    with pytest.raises(DiscoError, match="full job names are unique"):
        home.jobs.begin(request("job"), "8990", 0, {})
    with pytest.raises(DiscoError, match="Unknown grouping"):
        home.jobs.begin(request("other", plan=(Stage("first", "by luck"),)), "8990", 0, {})
    assert (list(home.jobs), home.jobs.n_submitted) == (["job"], 1)


def test_facts(home):
    """Facts are found by name; a name that is not there is unknown, and an error says which there are."""
    facts = home.jobs.begin(request("job"), "8990", 7, {})
    assert facts is home.jobs["job"] is home.jobs.facts("job")
    assert (facts.name, facts.port, facts.memory_bytes, facts.status) == ("job", "8990", 7, "active")
    assert (home.jobs.status("job"), home.jobs.status("jab")) == ("active", "unknown job")
    with pytest.raises(DiscoError, match=r"Unknown job 'jab'; .*job"):
        home.jobs.facts("jab")


def test_what_is_learned(home):
    """An outcome is kept under its task; one that differs from that before alters its stage, and one that is not to be
    kept only does that.
    """
    one, other = (Computed(TaskOutcome(outputs=((0, pairs(("a", n))),)), ()) for n in (1, 2))
    home.jobs.begin(request("job", plan=TWO_STAGES), "8990", 0, {("first", 3): other})
    facts = home.jobs["job"]
    home.jobs.learn("job", "first", 0, one)
    assert facts.computed == {("first", 0): one, ("first", 3): other} and not facts.altered
    home.jobs.learn("job", "first", 0, Computed(TaskOutcome(outputs=((0, pairs(("a", 1))),)), ()))
    assert not facts.altered
    home.jobs.learn("job", "second", 1, one)
    home.jobs.learn("job", "second", 1, other, is_kept=False)
    assert facts.computed["second", 1] is one and facts.altered == {"second"}
    home.jobs.learn("job", "first", 3, one)
    assert facts.computed["first", 3] is one and facts.altered == {"first", "second"}


def test_failures_are_text(home):
    """Of a failed run its text is kept and the name of its error, from which a failure is made again."""
    error = ValueError("no number")
    failure = Failure("fatal", "ValueError: no number", error, "Traceback", "line 1", "'x'")
    home.jobs.begin(request("job"), "8990", 0, {})
    home.jobs.fail("job", ("first", 0, 0), FailureText.of(failure))
    kept = home.jobs["job"].failures["first", 0, 0]
    assert kept == ("fatal", "ValueError: no number", "ValueError", "Traceback", "line 1", "'x'")
    again = kept.again()
    assert (again.reason, again.trace, again.lines, again.record) == failure_text(failure)
    assert isinstance(again.error, DiscoError) and again.error is not error


def failure_text(failure):
    return failure.reason, failure.trace, failure.lines, failure.record


def test_ends_and_forgetting(home):
    """A job ends once, ready or dead; a forgotten one is unknown but its facts stay, a removed one is gone."""
    for name, status in (("one", "ready"), ("two", "dead")):
        home.jobs.begin(request(name), "8990", 0, {})
        home.jobs.end(name, status, 3.5, ("first", 0, 1) if status == "dead" else None)
    one, two = home.jobs["one"], home.jobs["two"]
    assert (one.status, one.ended_s, one.ended_by) == ("ready", 3.5, None)
    assert (two.status, two.ended_by) == ("dead", ("first", 0, 1))
    home.jobs.forget("one")
    home.jobs.forget("two", is_garbage=True)
    assert [home.jobs.status(name) for name in ("one", "two")] == ["unknown job"] * 2
    assert (home.jobs["one"].is_garbage, home.jobs["two"].is_garbage) == (False, True)
    home.jobs.forget("two")
    assert home.jobs["two"].is_garbage
    home.jobs.remove("one")
    assert "one" not in home.jobs


def test_what_is_left_of_a_purged_job(home):
    """Of a job that is purged, but for results that a tag refers to, only those are found, and its name is unknown."""
    facts = home.jobs.begin(request("job@1:2:3", plan=TWO_STAGES), "8990", 0, {})
    for stage in ("first", "second"):
        facts.start_stage(stage, (None,))
        facts.finish_task(stage, 0, DoneTask("node01", (Output(0, "node01", 1, 10, f"disco://{stage}"),), 1.0))
        facts.finish_stage(stage)
    (first,), (second,) = facts.results("first"), facts.results("second")
    home.jobs.find_bad("job@1:2:3", ("first", 0, 0), ((0, 0, "corrupt"),))
    home.jobs.fail("job@1:2:3", ("second", 0, 0), FailureText("fatal", "why", "ValueError", "", "", ""))
    home.jobs.end("job@1:2:3", "dead", 2.0, ("second", 0, 0))
    home.jobs.forget("job@1:2:3", is_garbage=True)
    home.jobs.keep_results("job@1:2:3", ["first"])
    assert index_of(home.jobs, first) == [(0, "disco://first")]
    with pytest.raises(CommError, match="no such result"):
        index_of(home.jobs, second)
    assert (facts.is_garbage, facts.ended_by, facts.bad, facts.failures) == (False, None, {}, {})
    assert home.jobs.status("job@1:2:3") == "unknown job"
    with pytest.raises(DiscoError, match="Unknown job 'job@1:2:3'; no job is on record"):
        home.jobs.facts("job@1:2:3")


def test_results_by_job_stage_and_task(home):
    """What a task stored is found by its job, stage and number, also under the URL that counts through the job."""
    facts = home.jobs.begin(request("job@1:2:3", plan=TWO_STAGES), "8990", 0, {})
    group = (None, None)
    for stage, n_tasks in (("first", 2), ("second", 1)):
        facts.start_stage(stage, group[:n_tasks])
        for task in range(n_tasks):
            piece = Output(5, "node01", 1, 10, f"disco://{stage}-{task}")
            facts.finish_task(stage, task, DoneTask("node01", (piece,), 1.0))
    with pytest.raises(CommError, match="stage 'second' of job 'job@1:2:3' is not finished"):
        facts.results("second")
    facts.finish_stage("first")
    facts.finish_stage("second")
    (url,) = facts.results("second")
    assert url.startswith("dir://node01:8990/disco/node01/") and url.endswith("/job@1:2:3/second-0.index")
    assert index_of(home.jobs, url) == facts.index("second", 0) == [(5, "disco://second-0")]
    folder = url.rpartition("/")[0]
    assert index_of(home.jobs, f"{folder}/.disco/second-2-123.results") == [(5, "disco://second-0")]
    assert index_of(home.jobs, f"{folder}/.disco/first-1-123.results") == [(5, "disco://first-1")]
    for wrong in ("second-1.index", "third-0.index", ".disco/second-0-1.results", ".disco/first-2-1.results", "x"):
        with pytest.raises(CommError, match="no such result") as caught:
            index_of(home.jobs, f"{folder}/{wrong}")
        assert caught.value.code == 404


# -- clusters on a home ----------------------------------------------------------------------------

FAULTS = Faults().kill("node02", at=1.2).restore("node02", at=9.0).crash("map:1").lose("map:0", at=1.4)

KINDS: dict[str, Any] = {
    "plain": {},
    "faults": {"faults": FAULTS, "costs": Costs(cpu_record_s=0.1)},
    "results only": {"keep": "results"},
    "observed": {"dialect": V05},
    "spilled": {"memory_bytes": 500},
}


def played(home, kind):
    """Everything there is to see of a few jobs, one of which fails, one is saved, one cleaned and one purged."""
    with disco_in(home, seed=5, **KINDS[kind]) as disco:
        found = []
        for number, changes in enumerate(({}, {"save": True}, {"reduce": breaking}, {})):
            job = count(disco, f"job{number}", **changes)
            try:
                found.append(sorted(result_iterator(job.wait(show=False), ddfs=disco)))
            except JobError as error:
                found.append([str(error), repr(error.__cause__)])
            found += [dict(job.oob), job.tasks.to_csv(), job.partitions.to_csv(), job.oob.frame().to_csv()]
        names = list(disco.cluster.jobs)
        disco.ddfs.tag("mapped", [[url] for url in disco.mapresults(names[2])])
        found.append([row[1:] for row in job.what_if(nodes=[1, 4]).values.tolist()])
        disco.clean(names[0])
        disco.purge(names[2])
        disco.cluster.forget(names[3], with_data=True, now=False)
        disco.clean(names[3])
        disco.ddfs.gc()
        tagged = ["tag://mapped"]
        try:
            found.append(sorted(map(repr, result_iterator(tagged, ddfs=disco))))
        except DataError as error:
            assert kind == "results only", error
        found.append(list(disco.cluster.jobs))
        for name in names[2:]:
            with pytest.raises(DiscoError, match="nknown job"):
                Job(disco, name).debug()
        found += [disco.joblist(), disco.jobs.to_csv(), disco.ddfs.list(), disco.cluster.jobs.n_submitted]
        return [*found, log_digest(disco)]


@pytest.mark.parametrize("kind", KINDS)
def test_jobs_are_the_same_in_any_home(make, kind):
    """Whatever a home is made of, jobs on it go the same way, event by event, and look the same."""
    assert played(make(), kind) == played(MemoryHome(), kind)


def test_a_dead_job_has_its_own_exception(make):
    """In the session in which a job died its cause is the function's own exception."""
    with disco_in(make()) as disco:
        job = disco.new_job("job", input=["raw://x"], map=lambda line, params: [(line, int(line))])
        with pytest.raises(JobError) as raised:
            job.wait()
        assert isinstance(raised.value.__cause__, ValueError)


class Checked(DictHome):
    """A home that is due all the time, and finds at each commit whether its stores and its log tell the same."""

    n_commits = 0

    def commit(self, now_s):
        super().commit(now_s)
        self.n_commits += 1
        for job in self.jobs.names:
            if job in self.jobs:
                self.check(self.jobs[job])

    def check(self, facts):
        told = list(self.log.of(facts.name))
        done, stored = {}, {}
        for event in told:
            key = event[2:4]
            if isinstance(event, events.RunFinished):
                done[key], stored[key] = event.host, []
            elif isinstance(event, events.OutputStored):
                stored[key].append(event.blob)
            elif isinstance(event, events.OutputLost):
                del done[key], stored[key]
        found = {(stage, task): one for stage, tasks in facts.done.items() for task, one in tasks.items()}
        assert {key: one.host for key, one in found.items()} == done
        assert {key: [output.blob for output in one.outputs] for key, one in found.items()} == stored
        assert {event[2:5] for event in of_kind(told, events.RunStarted)} == set(facts.started)
        assert facts.finished == {event.stage for event in of_kind(told, events.StageFinished)}
        assert set(facts.computed) <= {event[2:4] for event in of_kind(told, events.RunFinished)}
        puts = [(event.key, event.state) for event in of_kind(told, events.OOBStored)]
        assert puts == [(entry.key, entry.state) for entry in self.oob.entries(facts.name)]
        is_over = isinstance(told[-1], events.JobFinished | events.JobDied | events.JobWarned | events.OutputsDropped)
        assert (facts.status != "active") == is_over


@pytest.mark.parametrize("seed", range(6))
def test_a_commit_never_falls_into_an_event(seed):
    """At every commit facts, out-of-band results and log tell the same, whatever goes wrong meanwhile: outcomes and
    results of a run are kept when it has ended, and not before.
    """
    home = Checked(is_due=True)
    faults = Faults.random(seed, 3, until=12.0, n=6)
    with disco_in(home, faults=faults, costs=Costs(cpu_record_s=0.3), seed=seed) as disco:
        jobs = [count(disco), count(disco, "more", partitions=3)]
        disco.run()
        assert [job.status for job in jobs] == ["ready", "ready"]
    assert home.n_commits > 50


def test_a_commit_while_a_run_is_interrupted():
    """Log and stores tell the same also where a job ends in the middle of a run."""
    home = Checked(is_due=True)

    def interrupted(line, params):
        raise KeyboardInterrupt
        yield line, 1

    with disco_in(home) as disco:
        job = count(disco, map=interrupted)
        with pytest.raises(KeyboardInterrupt):
            job.wait(show=False)
        assert job.status == "dead"
        again = count(disco)
        again.wait(show=False)
    assert home.n_commits > 10


def test_a_closed_cluster_has_committed():
    """What happened after the last end of a job, a pushed blob, say, is committed when the cluster is closed."""
    home = DictHome()
    cluster = SimulatedCluster(ClusterSpec.of(2), Inline(), home=home)
    with Disco(cluster) as disco:
        disco.ddfs.tag("words", [["raw://a"]])
    assert home.kept == {}
    cluster.close()
    assert DictHome(home.kept).tags.urls("words") == [["raw://a"]]


def test_when_it_is_committed():
    """A home that is never due is committed after each submission, each end of a job and when a job is forgotten."""
    times: list[float] = []

    class Noting(MemoryHome):
        def commit(self, now_s):
            times.append(now_s)

    with disco_in(Noting()) as disco:
        job = count(disco)
        assert len(times) == 1
        job.wait()
        assert len(times) == 2
        disco.clean(job.name)
        assert len(times) == 3
    assert times[1] == disco.cluster.jobs[job.name].ended_s


# -- sessions --------------------------------------------------------------------------------------


def test_another_session_goes_on():
    """What one session has committed the next one has: jobs, results, out-of-band results, tags; names go on."""
    home = DictHome()
    with disco_in(home) as disco:
        job, saved = count(disco), count(disco, "saved", save=True)
        urls = job.wait()
        expected = sorted(result_iterator(urls))
        saved.wait()
        oob = dict(job.oob)
    later = DictHome(home.kept)
    with disco_in(later) as disco:
        assert later.session == 2
        assert disco.now_s == 0.0 and len(disco.cluster.log) == 0
        facts = disco.cluster.jobs[job.name]
        assert (facts.status, facts.results()) == ("ready", urls)
        assert sorted(disco.result_iterator(urls)) == expected
        assert {key: disco.oob_get(job.name, key) for key in disco.oob_list(job.name)} == oob
        assert sorted(disco.result_iterator([f"tag://disco:job:results:{saved.name}"])) == expected
        assert disco.jobspec(job.name)["partitions"] == 2
        again = count(disco)
        assert again.name not in (job.name, saved.name)
        assert sorted(result_iterator(again.wait())) == expected
        reader = disco.new_job(
            "reader", input=["raw://x"], params=Params(job=job.name),
            map=lambda line, params: [(line, get("words:0", params.job))],
        )  # fmt: skip
        assert list(result_iterator(reader.wait())) == [("x", oob["words:0"])]


def test_what_was_not_committed_is_not_there():
    """A session that ends without a commit leaves what the last commit had: a job that was submitted, but not done."""
    home = DictHome()
    with disco_in(home) as disco:
        job = count(disco)
        disco.step(until=1.0)
        assert disco.cluster.jobs[job.name].done["map"]
    later = DictHome(home.kept)
    facts = later.jobs[job.name]
    assert (facts.status, facts.done["map"], facts.computed) == ("active", {}, {})
    assert later.jobs.n_named == 1


def test_the_failure_of_an_earlier_session():
    """A job that died in an earlier session says why, though its exception is not known any more."""
    home = DictHome()
    with disco_in(home) as disco:
        job = disco.new_job("job", input=["raw://seven"], map=lambda line, params: [(line, int(line))])
        with pytest.raises(JobError):
            job.wait()
    cluster = SimulatedCluster(ClusterSpec.of(1), Inline(), home=DictHome(home.kept), rules=Rules(seed=1))
    failure, work = cluster.failure(job.name)
    assert (failure.kind, failure.record) == ("fatal", "'seven'")
    assert "invalid literal for int()" in failure.reason
    assert (work.stage, work.task) == ("map", 0)
    assert cluster.jobs.status(job.name) == "dead"


def test_a_home_in_memory_is_of_one_cluster():
    """A second cluster with the same home in memory is refused, with what to do instead."""
    home = MemoryHome()
    SimulatedCluster(ClusterSpec.of(1), Inline(), home=home)
    with pytest.raises(DiscoError, match=r"give each its own MemoryHome\(\)"):
        SimulatedCluster(ClusterSpec.of(1), Inline(), home=home)


def test_plans_need_no_client():
    """A job that was given to a cluster as a plan has no parameters, and that is said."""
    with Disco(nodes=1) as disco:
        disco.cluster.submit(request("plan@1:2:3", plan=ONE_STAGE))
        with pytest.raises(CommError, match="without parameters"):
            disco.jobspec("plan@1:2:3")
