"""`Disco`: making clusters, submitting, driving, and the answers in Disco's shapes."""

from __future__ import annotations

import json

import pytest

from disco_sim import ClusterSpec, Costs, Disco, Faults, Job, JobError, Node, result_iterator
from disco_sim.cluster.simulated import SimulatedCluster
from disco_sim.compat.dialect import V05
from disco_sim.engine.inline import Inline
from disco_sim.error import CommError, DiscoError, InputError
from disco_sim.func import sum_reduce
from disco_sim.model import events
from disco_sim.model.dialect import DOCUMENTED, Dialect
from disco_sim.model.rules import Rules
from disco_sim.testing import log_digest


def words(line, params):
    for word in line.split():
        yield word, 1


def count(disco, name="count", **changes):
    parameters = {"input": ["raw://a b", "raw://b c"], "map": words, "reduce": sum_reduce, "partitions": 2, **changes}
    return disco.new_job(name=name, **parameters)


@pytest.fixture
def disco():
    with Disco(nodes=2) as disco:
        yield disco


# -- clusters ----------------------------------------------------------------------------------


def test_default_cluster():
    """Disco() has four nodes of two slots, and takes the next free port."""
    with Disco() as first, Disco() as second:
        assert first.cluster.spec == ClusterSpec.of(4, 2)
        assert int(second.master.split(":")[1]) == int(first.master.split(":")[1]) + 1
        assert first.master.startswith("master:")


@pytest.mark.parametrize(
    "arguments",
    [{"nodes": "a x1, b[1-2] x3"}, {"nodes": ClusterSpec.parse("a x1, b[1-2] x3")}],
    ids=["text", "spec"],
)
def test_nodes_in_words(arguments):
    """Nodes can be given as text or as a ClusterSpec."""
    with Disco(**arguments) as disco:
        assert disco.cluster.spec.nodes == (Node("a", 1), Node("b1", 3), Node("b2", 3))


def test_spec_as_first_argument():
    """A ClusterSpec may stand where the master's name would."""
    with Disco(ClusterSpec.parse("solo x7")) as disco:
        assert disco.cluster.spec.n_slots == 7


@pytest.mark.parametrize("master", ["disco://localhost", "localhost", "http://localhost"])
def test_named_master(master):
    """A master's URL gives the host name; without a port a free one is taken."""
    with Disco(master) as disco:
        assert disco.master.partition(":")[0] == "localhost"


@pytest.mark.parametrize("master", ["node01:10 x4", "", "http://", "a b", "x:99999", "x:-1", "x:0"])
def test_no_master(master):
    """A text that names no master is refused, with the way to give nodes."""
    with pytest.raises(DiscoError, match=r"names no master; .* Disco\(nodes='node01:10 x4'\)"):
        Disco(master)


def test_taken_port():
    """A port belongs to one open Disco; the error names the other, and closing frees the port."""
    with Disco("http://one:9123") as disco:
        with pytest.raises(DiscoError, match=r"port 9123 is taken by the open Disco one:9123"):
            Disco("http://two:9123")
        disco.close()
        Disco("http://two:9123").close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"nodes": 0}, "nodes=0 was given; nodes is a whole number of at least 1"),
        ({"slots": True}, "slots=True was given"),
        ({"nodes": "node01:03 y4"}, "node row 'node01:03 y4' of"),
        ({"namespace": "mine"}, "namespace='mine' was given; namespace is one of 'worker', 'notebook'"),
        ({"keep": "some"}, "keep='some' was given"),
        ({"shuffle_order": "x"}, "shuffle_order='x' was given"),
        ({"nodes": "4"}, "nodes='4' was given; .* a number: nodes=4"),
        ({"master": 4}, "Disco(4) was called; .* Disco(nodes=4)"),
        ({"engine": "dask"}, "engine='dask' was given; engine computes tasks"),
        ({"engine": Inline}, "engine=<class 'disco_sim.engine.inline.Inline'> was given; engine computes tasks"),
        ({"costs": 3}, "costs=3 was given; costs says how long work takes: disco_sim.Costs(...)"),
        ({"faults": "many"}, "faults='many' was given; faults says what goes wrong: disco_sim.Faults().kill(...)"),
        ({"policy": "lifo"}, "policy='lifo' was given; policy is one of 'fair', 'fifo'"),
        ({"oob_limit": "many"}, "oob_limit='many' was given; oob_limit is a whole number, 0 or more"),
        ({"max_failures": -1}, "max_failures=-1 was given"),
    ],
)
def test_bad_cluster(arguments, message):
    """A wrong argument of Disco is refused with the value and the rule."""
    with pytest.raises(DiscoError, match=message.replace("(", r"\(").replace(")", r"\)")):
        Disco(**arguments)


def test_no_job(disco):
    """What is neither a job nor a name of one is told so."""
    with pytest.raises(DiscoError, match="3 was given as a job; a job is given by its full name"):
        disco.wait(3)


def test_one_of_each():
    """The repr counts in plain words."""
    with Disco(nodes=1, slots=1) as disco:
        assert repr(disco) == f"Disco({disco.master}, 1 node, 1 slot, 0 jobs)"


def test_closed(disco):
    """A closed Disco takes no jobs, says so, and its finished jobs can still be looked at."""
    job = count(disco)
    job.wait()
    disco.close()
    disco.close()
    with pytest.raises(DiscoError, match="is closed; a closed Disco takes no jobs"):
        count(disco)
    assert job.status == "ready"
    assert len(job.tasks) == 4
    assert repr(disco).endswith("1 job, closed)")


def test_existing_cluster(disco):
    """A cluster made elsewhere can be handed in, and is driven as it is."""
    from disco_sim.cluster.simulated import SimulatedCluster
    from disco_sim.engine.inline import Inline

    cluster = SimulatedCluster(ClusterSpec.of(1), Inline(), master="other:7001")
    with Disco(cluster) as other:
        assert other.master == "other:7001"
        assert sorted(result_iterator(count(other).wait())) == [("a", 1), ("b", 2), ("c", 1)]


def made_before(**options) -> SimulatedCluster:
    return SimulatedCluster(ClusterSpec.of(2), Inline(), master="other:7001", **options)


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("nodes", 3, "a ClusterSpec"),
        ("slots", 1, "a ClusterSpec"),
        ("engine", Inline(), "engine="),
        ("costs", Costs(), "costs="),
        ("faults", Faults(), "faults="),
        ("memory_limit", "1 MB", "memory_bytes="),
    ],
)
def test_what_belongs_to_a_cluster_is_refused_beside_one(name, value, where):
    """An argument that a cluster has already is an error, which names it and says where to give it."""
    with pytest.raises(DiscoError, match=rf"{name}=.* was called; {name} belongs to the cluster") as raised:
        Disco(made_before(), **{name: value})
    assert f"give {where} to SimulatedCluster(...)" in str(raised.value)


@pytest.mark.parametrize(
    "given",
    [
        {"seed": 3},
        {"oob_limit": 1},
        {"max_failures": 0},
        {"keep": "results"},
        {"shuffle_order": "random"},
        {"policy": "fifo"},
        {"speculative": True},
    ],
)
def test_rules_for_jobs_hold_on_any_cluster(given):
    """A rule that is given beside a cluster is the cluster's from then on; the others stay as they were made."""
    before = Rules(seed=9, max_failures=7)
    cluster = made_before(rules=before)
    with Disco(cluster, **given) as disco:
        assert disco.cluster.rules == before._replace(**given)
        assert disco.seed == given.get("seed", 9)


def test_rules_given_beside_a_cluster_are_obeyed():
    """Jobs on a cluster that was made before follow the rules that Disco was given, as on one that Disco makes."""

    def putting(line, params):
        put("a", "1")
        put("b", "2")
        yield line, 1

    def log_of(*master, **own):
        with Disco(*master, seed=5, oob_limit=1, keep="results", **own) as disco:
            disco.new_job("words", input=["raw://a b", "raw://b"], map=words, reduce=sum_reduce).wait()
            with pytest.raises(JobError, match="one run may put 1 results at most"):
                disco.new_job("puts", input=["raw://a"], map=putting).wait()
            return log_digest(disco)

    assert log_of(made_before()) == log_of("disco://other:7001", nodes=2)


def test_rules_stay_once_something_has_happened():
    """A second Disco of a cluster may give the same rules again, but no others: jobs have followed those."""
    cluster = made_before()
    with Disco(cluster, seed=3) as disco:
        count(disco).wait()
    with Disco(cluster, seed=3) as disco:
        assert disco.seed == 3
    with pytest.raises(DiscoError, match=r"seed, keep cannot be changed: .*; give them to the first Disco"):
        Disco(cluster, seed=4, keep="results")


def test_a_dialect_gives_rules_to_a_cluster():
    """The observed dialect's max_failures hold on a fresh cluster that was made before, unless another is given."""
    with Disco(made_before(), dialect=V05) as disco:
        assert disco.cluster.rules.max_failures == 100
    with Disco(made_before(), dialect=V05, max_failures=2) as disco:
        assert disco.cluster.rules.max_failures == 2


def test_two_dialects_on_one_cluster():
    """Whether keys are unique is a matter of each job, so Discos of two dialects can use a cluster one after the other,
    and change no rule that nobody gave.
    """

    def putting(line, params):
        put("k", line.encode())
        yield line, 1

    cluster = made_before()
    for dialect, is_unique in ((DOCUMENTED, True), (V05, False), (DOCUMENTED, True)):
        with Disco(cluster, dialect=dialect) as disco:
            job = disco.new_job("job", input=["raw://a", "raw://b"], map=putting)
            if is_unique:
                with pytest.raises(JobError, match="a key is unique in its job"):
                    job.wait()
            else:
                job.wait()
            assert disco.cluster.rules == Rules()


def test_a_cluster_spec_says_it_all():
    """Nodes or slots beside a ClusterSpec are an error, and not ignored."""
    for given in ({"nodes": 5}, {"slots": 9}):
        with pytest.raises(DiscoError, match="a ClusterSpec says both"):
            Disco(ClusterSpec.of(2), **given)


# -- submitting and driving ------------------------------------------------------------------------


def test_new_job_does_not_run(disco):
    """new_job returns an active job whose functions have not run; wait runs it."""
    job = count(disco)
    assert job.status == "active"
    assert len(job.tasks) == 0
    assert sorted(result_iterator(job.wait())) == [("a", 1), ("b", 2), ("c", 1)]


def test_frozen_at_submit(disco):
    """Params changed after submission do not reach the job."""
    params = {"words": ["old"]}
    job = disco.new_job(
        name="frozen", input=["raw://x"], map=lambda entry, params: [(w, 1) for w in params["words"]], params=params
    )
    params["words"].append("new")
    assert list(result_iterator(job.wait())) == [("old", 1)]


def test_job_names(disco):
    """Names look like Disco's, differ within a Disco, and are the same for the same seed, port and count."""
    first, second = count(disco), count(disco)
    assert first.name != second.name
    prefix, _, rest = first.name.partition("@")
    assert prefix == "count"
    assert [int(part, 16) >= 0 for part in rest.split(":")] == [True, True, True]
    master = disco.master
    disco.close()
    with Disco(f"http://{master}", nodes=3) as again:
        assert count(again).name == first.name


def test_results_order(disco):
    """wait gives one URL per task of the last stage, in partition order, and result_iterator follows it."""
    job = count(disco, partitions=4)
    urls = job.wait()
    assert [url.rsplit("/", 1)[1] for url in urls] == [f"reduce-{n}.index" for n in range(4)]
    assert list(result_iterator(urls)) == list(job.output()[["key", "value"]].itertuples(index=False, name=None))


def test_several_jobs_together(disco):
    """run drives all active jobs, which share the slots."""
    jobs = [count(disco, f"job{n}", input=[f"raw://a{n}"] * 6) for n in range(3)]
    disco.run()
    assert [job.status for job in jobs] == ["ready"] * 3
    assert disco.jobs.started_s.tolist() == [0.0, 0.0, 0.0]


def test_step(disco):
    """step lets one event happen, step(run=True) goes to the next end of a run, and then there is nothing left."""
    job = count(disco)
    (first,) = disco.step()
    assert isinstance(first, events.StageStarted)
    happened = disco.step(run=True)
    assert [type(event) for event in happened if isinstance(event, events.RunFinished)] == [events.RunFinished]
    while disco.step():
        pass
    assert job.status == "ready"
    assert disco.step() == ()


@pytest.mark.parametrize("wrong", [float("nan"), "5", [1]])
def test_wait_timeout_is_a_number(disco, wrong):
    """A timeout that is no number is refused, and the job goes on."""
    job = disco.new_job(name="x", input=["raw://a"], map=lambda line, params: [(line, 1)])
    with pytest.raises(DiscoError, match="timeout is a number of virtual seconds"):
        job.wait(timeout=wrong)
    assert job.status == "active" and job.wait(timeout=float("inf"))


def test_wait_timeout(disco):
    """A timeout is in virtual seconds and leaves the job active; waiting again goes on."""
    job = count(disco)
    with pytest.raises(JobError, match=r"Timeout: the job is not ready after 0\.25 virtual seconds; it stays active"):
        job.wait(timeout=0.25)
    assert disco.now_s == 0.25
    assert job.status == "active"
    assert len(job.wait()) == 2


def test_wait_unknown(disco):
    """Waiting for a name that is no job is a JobError that names the jobs there are."""
    job = count(disco)
    with pytest.raises(JobError, match=f"Status unknown job: .*; the jobs are: {job.name}"):
        disco.wait("nosuch")


def test_wait_again(disco):
    """Waiting for a finished job gives the same results, whatever ran since."""
    job = count(disco)
    urls = job.wait()
    count(disco).wait()
    assert job.wait() == urls


def test_wait_clean(disco):
    """clean=True gives the results and forgets the record; the data can still be read."""
    job = count(disco)
    urls = job.wait(clean=True)
    assert job.status == "unknown job"
    assert len(list(result_iterator(urls))) == 3
    assert disco.joblist() == []


def test_all_blacklisted(disco):
    """With every node blacklisted wait says that the job is stuck, and a whitelisted node lets it go on."""
    job = count(disco)
    for host in disco.cluster.spec.hosts:
        disco.blacklist(host)
    with pytest.raises(JobError, match="blacklisted are node01, node02"):
        job.wait()
    disco.whitelist("node02")
    job.wait()
    assert set(job.tasks.host) == {"node02"}
    with pytest.raises(DiscoError, match="there is no node 'node99'; the nodes are node01, node02"):
        disco.blacklist("node99")


def test_driving_inside_a_task(disco):
    """A job function that tries to drive the cluster gets an error that says why, and the job dies with it."""
    with Disco(nodes=1, namespace="notebook") as own:
        job = own.new_job(name="inner", input=["raw://a"], map=lambda line, params: own.run())
        with pytest.raises(JobError) as caught:
            job.wait()
        assert "is being driven already" in str(caught.value.__cause__)


def test_task_inside_a_task(disco):
    """A job function that runs another Disco's job is told that tasks cannot wait for jobs."""
    with Disco(nodes=1, namespace="notebook") as own:
        job = own.new_job(name="outer", input=["raw://a"], map=lambda line, params: count(disco).wait())
        with pytest.raises(JobError, match="tried to run a job of its own"):
            job.wait()


def test_results_of_one_job(disco):
    """results gives [status, URLs] and drives for up to its timeout in virtual milliseconds."""
    job = count(disco)
    assert disco.results(job, timeout=100) == ["active", []]
    assert disco.now_s == 0.1
    status, urls = job.results(timeout=60000)
    assert (status, urls) == ("ready", job.wait())
    assert disco.results("nosuch") == ["unknown job", []]


def test_results_of_several_jobs(disco):
    """results of a list splits it into inactive and active jobs as soon as one has ended."""
    short = count(disco, "short", input=["raw://a"])
    long = count(disco, "long", input=["raw://a"] * 40)
    inactive, active = disco.results([short, [long.name, ["active", []]]], timeout=10**6)
    assert [name for name, _ in inactive] == [short.name]
    assert active == [[long.name, ["active", []]]]


def test_prints_in_virtual_order(disco, capsys):
    """What tasks print is shown in virtual order, not in the order of the inputs."""
    import time

    def fun_map(line, params):
        import time

        time.sleep(int(line))
        print("slept", line)
        yield line, 1

    started = time.perf_counter()
    disco.new_job(name="sleepy", input=["raw://300", "raw://100", "raw://200"], map=fun_map).wait()
    assert time.perf_counter() - started < 60
    assert capsys.readouterr().out.splitlines() == ["slept 100", "slept 200", "slept 300"]


def test_message_rate(disco):
    """More than ten messages a second give one warning line, and no error."""

    def chatty(line, params):
        for number in range(int(line)):
            msg(f"line {number}")
        yield line, 1

    job = count(disco, map=chatty, input=["raw://10", "raw://11"], reduce=None)
    job.wait()
    warnings = job.log[job.log.level == "WARN"]
    assert warnings.task.tolist() == [1]
    assert warnings.message.str.startswith("sent 11 messages in 0.5").all()
    assert job.status == "ready"


def test_dialect():
    """A dialect decides what the documentation and Disco's code disagree about."""
    lenient = Dialect("lenient", unknown_arguments_are_errors=False, max_failures=0, force_flags_count=False)

    def failing(line, params):
        if this_host() == "node01":
            data_err("bad disk", "raw://a")
        yield line, 1

    with Disco(nodes=2, dialect=lenient) as disco:
        one = {"input": ["raw://a"], "reduce": None}
        assert list(result_iterator(count(disco, bogus=3, **one).wait())) == [("a", 1)]
        remote = count(disco, scheduler={"force_remote": True}, **one)
        remote.wait()
        assert remote.tasks.host.tolist() == ["node01"]
        with pytest.raises(JobError, match="failed 1 times"):
            count(disco, map=failing, **one).wait()
    with Disco(nodes=2, dialect=lenient, max_failures=1) as disco:
        assert len(count(disco, map=failing, **one).wait()) == 1


def test_parameters_are_frozen(disco):
    """What is changed in the notebook after submission changes no answer about the job, and no second run of it."""
    params = {"n": 1, "to": {"a": 0, "b": 1}}
    job = disco.new_job(
        name="x",
        input=["raw://a b"],
        map=lambda line, params: [(word, params["n"]) for word in line.split()],
        partition=lambda key, n, params: params["to"][key],
        partitions=2,
        params=params,
    )
    params["n"], params["to"]["a"] = 99, 1
    answer = list(result_iterator(job.wait()))
    assert answer == [("a", 1), ("b", 1)]
    assert list(result_iterator(job.resubmit().wait())) == answer
    assert job.explain("a").partition == 0
    assert job.jobspec()["params"]["n"] == 1


# -- control -----------------------------------------------------------------------------------------


def test_kill(disco):
    """kill ends a job at once; its record stays, waiting for it is an error, and other jobs run."""
    job = count(disco)
    disco.step(run=True)
    job.kill()
    assert job.status == "dead"
    assert job.results() == ["dead", []]
    with pytest.raises(JobError, match="Status dead: killed"):
        job.wait()
    assert len(job.tasks) == 2
    job.kill()
    assert len(count(disco).wait()) == 2


def test_kill_unknown(disco):
    """Killing, cleaning or purging a name that is no job does nothing."""
    disco.kill("nosuch")
    disco.clean("nosuch")
    disco.purge("nosuch")
    assert disco.joblist() == []


def test_purge(disco):
    """purge forgets a job with its data and out-of-band results."""

    def fun_map(line, params):
        put("k", "v")
        yield line, 1

    job = count(disco, map=fun_map, input=["raw://a"])
    urls = job.wait()
    job.purge()
    assert job.status == "unknown job"
    with pytest.raises(CommError, match="no such result"):
        list(result_iterator(urls))
    with pytest.raises(DiscoError, match="Unknown key or job name"):
        disco.oob_get(job, "k")
    with pytest.raises(CommError, match="Not found"):
        disco.jobinfo(job)


def test_clean_keeps_data(disco):
    """clean forgets a job's record but not its results."""
    job = count(disco)
    urls = job.wait()
    disco.clean(job.name)
    assert disco.results(job.name) == ["unknown job", []]
    assert len(list(disco.result_iterator(urls))) == 3


# -- answers in Disco's shapes -------------------------------------------------------------------------


def test_jobinfo(disco):
    """jobinfo has the documented keys; mapi and redi count waiting, running, done and failed."""
    job = count(disco, username="ada")
    job.wait()
    info = job.jobinfo()
    assert info == {
        "timestamp": "2010/09/01 00:00:00",
        "active": "ready",
        "mapi": [0, 0, 2, 0],
        "redi": [0, 0, 2, 0],
        "reduce": True,
        "results": job.wait(),
        "inputs": ["raw://a b", "raw://b c"],
        "hosts": [],
        "username": "ada",
    }


def test_jobinfo_while_running(disco):
    """jobinfo of a running job tells where its tasks run, and drives nothing."""
    job = count(disco)
    for _ in range(3):
        disco.step()
    info = job.jobinfo()
    assert info["active"] == "active"
    assert info["mapi"] == [0, 2, 0, 0]
    assert info["hosts"] == ["node01", "node02"]
    assert disco.nodeinfo()["node01"]["tasks"] == [job.name]
    assert disco.now_s == 0


def test_joblist(disco):
    """joblist has [epoch seconds, status, name], the newest job first."""
    first = count(disco)
    first.wait()
    second = count(disco)
    second.wait()
    assert [(status, name) for _, status, name in disco.joblist()] == [("ready", second.name), ("ready", first.name)]
    assert disco.joblist()[-1][0] == 1283299200


def test_nodeinfo(disco):
    """nodeinfo counts runs that went well, data errors and other errors of each node."""

    def fun_map(line, params):
        if this_host() == "node01":
            data_err("bad disk", "raw://a")
        yield line, 1

    count(disco, map=fun_map, input=["raw://a"], reduce=None).wait()
    info = disco.nodeinfo()
    assert (info["node01"]["job_ok"], info["node01"]["data_error"]) == (0, 1)
    assert (info["node02"]["job_ok"], info["node02"]["data_error"]) == (1, 0)
    assert info["node01"]["max_workers"] == 2
    assert not info["node01"]["blacklisted"]


def test_config():
    """config gives runs of numbered hosts as one row, as in Disco's configuration page."""
    with Disco(nodes="node08:11 x4, solo x1, node12 x2") as disco:
        assert disco.config == [["node08:11", "4"], ["solo", "1"], ["node12", "2"]]


def test_events(disco):
    """events yields (offset, (timestamp, host, message)) to the job's end, and goes on from an offset."""
    job = count(disco)
    told = list(job.events())
    assert job.status == "ready"
    assert [offset for offset, _ in told] == list(range(1, len(told) + 1))
    assert told[0][1][:2] == ("2010/09/01 00:00:00", "master")
    assert told[-1][1][2].startswith("READY: Job finished in 0:00:01.")
    assert list(disco.events(job.name, offset=told[4][0])) == told[5:]


def test_rawevents(disco):
    """rawevents is one JSON list a line, the same as events, and drives nothing."""
    job = count(disco)
    assert job.rawevents().count("\n") == 2  # its submission, so far
    told = [list(record) for _, record in job.events()]
    assert [json.loads(line) for line in job.rawevents().splitlines()] == told
    assert [json.loads(line) for line in job.rawevents(offset=3).splitlines()] == told[3:]


@pytest.mark.parametrize("mode", ["json", "nocolor"])
def test_monitor(disco, mode, monkeypatch, capsys):
    """wait(show=...) and DISCO_EVENTS print events while the job runs: json on stdout, text on stderr."""
    count(disco).wait(show=mode)
    shown = capsys.readouterr()
    monkeypatch.setenv("DISCO_EVENTS", mode)
    count(disco).wait()
    by_environment = capsys.readouterr()
    for output in (shown, by_environment):
        if mode == "json":
            lines = [json.loads(line) for line in output.out.splitlines()]
            assert lines[-1][2].startswith("READY: Job finished")
        else:
            assert "Status: [map] 0 waiting, 2 running, 0 done, 0 failed" in output.err


@pytest.mark.parametrize("before", ["other job", "timeout", "step", "ready"])
def test_monitor_of_a_job_that_has_begun(disco, before, capsys):
    """The monitor of a job that has begun tells its events from the first one on, each once."""
    first, job = count(disco, "first"), count(disco)
    if before == "other job":
        first.wait()
    elif before == "timeout":
        with pytest.raises(JobError, match="Timeout"):
            job.wait(timeout=0.7)
    elif before == "step":
        disco.step(run=True)
    else:
        job.wait()
    job.wait(show="json")
    told = [tuple(json.loads(line)) for line in capsys.readouterr().out.splitlines()]
    assert told == [record for _, record in job.events()]


def test_mapresults(disco):
    """mapresults gives the map output once the phase is over, for a job that goes on from there."""
    job = count(disco)
    with pytest.raises(CommError, match="is not finished") as caught:
        job.mapresults()
    assert caught.value.code == 404
    job.wait()
    again = disco.new_job(name="again", input=job.mapresults(), reduce=sum_reduce)
    assert sorted(result_iterator(again.wait())) == [("a", 1), ("b", 2), ("c", 1)]


def test_jobspec(disco):
    """jobspec, jobdict and jobpack tell what the job was submitted with."""
    job = count(disco)
    assert job.jobspec()["partitions"] == 2
    assert disco.jobdict(job)["map"] is words
    assert isinstance(disco.jobpack(job.name), bytes)


def test_request(disco):
    """There is no HTTP master, and request says what to call instead."""
    with pytest.raises(CommError, match="use the methods"):
        disco.request("http://master:8989/disco/ctrl/joblist")


def test_oob_of_all_jobs(disco):
    """disco.oob holds every job's results by job name, and its frame has the job first."""

    def fun_map(line, params):
        put(line, line.upper())
        yield line, 1

    first, second = (count(disco, map=fun_map, input=[f"raw://{key}"]) for key in "xy")
    disco.run()
    assert {job: dict(results) for job, results in disco.oob.items()} == {
        first.name: {"x": "X"},
        second.name: {"y": "Y"},
    }
    frame = disco.oob.frame()
    assert frame.columns[0] == "job"
    assert frame.job.tolist() == [first.name, second.name]
    assert len(disco.oob) == 2
    assert "nosuch" not in disco.oob
    assert repr(disco.oob) == "AllOOBResults(2 jobs, 2 keys)"


def test_split_refuses(disco):
    """split refuses a count that is no number, a missing file, and a value without records."""
    with pytest.raises(DiscoError, match="n is the number of inputs"):
        disco.split([1], 0)
    with pytest.raises(InputError, match="there is no such file"):
        disco.split("no such file.txt", 2)
    with pytest.raises(InputError, match="has no records"):
        disco.split(5, 2)


def test_shown(disco):
    """A Disco shows the same facts as text and as HTML, and its repr is one line."""
    count(disco).wait()
    bundle = disco._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert "node01" in bundle["text/plain"]
    assert "node01" in bundle["text/html"]
    assert repr(disco) == f"Disco({disco.master}, 2 nodes, 4 slots, 1 job)"
    assert disco.nodes.columns.tolist() == ["host", "slots", "busy", "done", "failed", "data_errors", "status", "speed"]


def test_no_job_called_twice(disco):
    """Two open jobs of one name are two jobs."""
    first, second = count(disco), count(disco)
    disco.run()
    assert isinstance(first, Job)
    assert list(result_iterator(first.wait())) == list(result_iterator(second.wait()))
