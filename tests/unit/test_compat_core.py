"""Claims about connections to a master, in the shapes of Disco 0.5.4."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from disco_sim import Disco as NativeDisco
from disco_sim.compat import masters
from disco_sim.compat.disco.core import Disco, Job, Params, result_iterator
from disco_sim.error import CommError, DiscoError, JobError
from disco_sim.func import chain_reader, map_input_stream


@pytest.fixture
def disco() -> Iterator[Disco]:
    """A connection to a master that is made for the test."""
    masters.forget()
    yield Disco("disco://localhost:8993")
    masters.forget()


def words(line: Any, params: Any) -> Any:
    """A map function."""
    for word in line.split():
        yield word, 1


def total(it: Any, params: Any) -> Any:
    """A reduce function."""
    for key, ones in kvgroup(sorted(it)):  # type: ignore[name-defined]
        yield key, sum(ones)


def slow(line: Any, params: Any) -> Any:
    """A map function that takes ten virtual seconds."""
    import time

    time.sleep(10)
    yield line, 1


def counted(disco: Disco, name: str = "count", **parameters: Any) -> Job:
    """A job that counts three words."""
    return disco.new_job(name, input=["raw://a b", "raw://a"], map=words, reduce=total, **parameters)


def test_results_are_lists_of_replicas(disco: Disco) -> None:
    """wait() gives a list of lists, which result_iterator reads; results() gives the status and the same."""
    job = counted(disco)
    urls = job.wait()
    assert [len(replicas) for replicas in urls] == [1]
    assert "/.disco/reduce-" in urls[0][0]
    assert list(result_iterator(urls)) == list(disco.result_iterator(urls)) == [("a", 2), ("b", 1)]
    assert disco.wait(job) == disco.wait(job.name) == urls
    assert disco.results(job) == disco.results(job.name) == ("ready", urls)


def test_only_labels_with_data_have_results(disco: Disco) -> None:
    """Of four partitions those with keys have a result: that of "a" is 1, that of "the" 3."""
    job = disco.new_job("four", input=["raw://a the a"], map=words, reduce=total, partitions=4)
    assert [list(result_iterator([replicas])) for replicas in job.wait()] == [[("a", 2)], [("the", 1)]]


def test_saved_results_are_one_tag(disco: Disco) -> None:
    """save_results gives a flat list of one tag, everywhere."""
    job = counted(disco, save_results=True)
    assert job.wait() == [f"tag://disco:results:{job.name}"]
    assert disco.results(job) == ("ready", job.wait())
    assert list(result_iterator(job.wait())) == [("a", 2), ("b", 1)]
    assert disco.jobinfo(job)["results"] == job.wait()


def test_lists_of_jobs_are_parted(disco: Disco) -> None:
    """results([...]) gives (inactive, active); an entry of an answer can be asked about again."""
    fast, lasting = counted(disco), disco.new_job("slow", input=["raw://x"], map=slow)
    inactive, active = disco.results([fast, lasting.name, "nosuch"], timeout=0)
    assert inactive[-1] == ("nosuch", ("unknown job", []))
    assert active[-1] == (lasting.name, ("active", []))
    while active:
        inactive, active = disco.results(active)
    assert dict(inactive)[lasting.name] == ("ready", lasting.wait())


@pytest.mark.parametrize(
    "is_active",
    [
        lambda disco, job: disco.jobinfo(job.name)["active"] == "active",
        lambda disco, job: disco.joblist()[0][1] == "active",
        lambda disco, job: any("tasks" in facts for facts in disco.nodeinfo().values()) or job.status == "active",
        lambda disco, job: disco.results(job.name, timeout=0)[0] == "active",
        lambda disco, job: not any(text.startswith("READY") for _, (_, _, text) in disco.events(job.name)),
    ],
)
def test_loops_that_ask_come_to_an_end(disco: Disco, is_active: Any) -> None:
    """Whoever asks again and again how a job is, sees it end; asked once right after submission, it is active."""
    job = disco.new_job("slow", input=["raw://x"], map=slow)
    n_asked = 0
    while is_active(disco, job):
        n_asked += 1
        assert n_asked < 20
    assert n_asked > 1
    assert job.status == "ready"


def test_looking_at_a_quiet_cluster_takes_no_time(disco: Disco) -> None:
    """Where no job is active, time stands still whatever is asked."""
    counted(disco).wait()
    now_s = disco.now_s
    disco.joblist()
    disco.nodeinfo()
    assert disco.now_s == now_s


def test_jobinfo_has_a_row_for_each_stage(disco: Disco) -> None:
    """The rows are [stage, pending, waiting, running, done, failed]; results and inputs are flat."""
    job = counted(disco, owner="me")
    job.wait()
    facts = job.jobinfo()
    assert list(facts) == ["timestamp", "active", "pipeline", "results", "inputs", "worker", "hosts", "owner"]
    assert facts["pipeline"][0] == ["map", 0, 0, 0, 2, 0]
    assert [row[0] for row in facts["pipeline"]] == ["map", "map_shuffle", "reduce"]
    assert facts["pipeline"][2] == ["reduce", 0, 0, 0, 1, 0]
    assert facts["inputs"] == ["raw://a b", "raw://a"]
    assert facts["results"] == [url for replicas in job.wait() for url in replicas]
    assert (facts["active"], facts["timestamp"], facts["owner"]) == ("ready", "2010/09/01 00:00:00", "me")
    assert facts["worker"] == "lib/disco/worker/classic/worker.py"
    assert facts["hosts"] == []


def test_tasks_that_a_limit_holds_back_are_pending(disco: Disco) -> None:
    """With max_cores, what may not run yet is pending."""
    job = disco.new_job("slow", input=["raw://1", "raw://2", "raw://3"], map=slow, scheduler={"max_cores": 1})
    disco.step(until=1.0)
    assert job.jobinfo()["pipeline"][0] == ["map", 2, 0, 1, 0, 0]
    assert job.jobinfo()["hosts"]


def test_the_owner_is_of_the_settings(disco: Disco, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job belongs to DISCO_JOB_OWNER, which tells nothing of this machine unless it is set."""
    assert counted(disco).jobinfo()["owner"] == "user@localhost"
    monkeypatch.setenv("DISCO_JOB_OWNER", "ada@engine")
    assert counted(disco).jobinfo()["owner"] == "ada@engine"


def test_joblist_and_nodeinfo(disco: Disco) -> None:
    """Jobs come newest first as [start, status, name]; nodes have their counts, and tasks while something runs."""
    first = counted(disco)
    first.wait()
    second = disco.new_job("slow", input=["raw://x"], map=slow)
    assert disco.joblist() == [[1283299201, "active", second.name], [1283299200, "ready", first.name]]
    assert any(facts.get("tasks") == [second.name] for facts in disco.nodeinfo().values())
    assert list(disco.nodeinfo()) == ["node01", "node02", "node03", "node04"]


def test_stage_results(disco: Disco) -> None:
    """stageresults gives a replica list for each task of a stage, mapresults what a job that only reduces reads."""
    job = counted(disco, partitions=3)
    with pytest.raises(CommError, match=r"b'Not found\.' \(404\)"):
        job.stageresults("map")
    job.wait()
    assert [url for (url,) in job.stageresults("map")] == [url for (url,) in disco.stageresults(job, "map")]
    assert len(job.stageresults("map")) == 2
    again = disco.new_job("again", input=job.mapresults(), reduce=total, partitions=3)
    assert sorted(result_iterator(again.wait())) == [("a", 2), ("b", 1)]
    with pytest.raises(CommError, match="its stages are map, map_shuffle, reduce"):
        job.stageresults("shuffle")


def test_events_go_on_from_the_last_offset(disco: Disco) -> None:
    """events() gives what has happened so far, each line once when it is asked from the last offset on."""
    job = disco.new_job("slow", input=["raw://x"], map=slow)
    numbered = list(job.events())
    while job.results()[0] == "active":
        numbered += job.events(numbered[-1][0])
    numbered += job.events(numbered[-1][0])
    seen = [record for _, record in numbered]
    assert [record for _, record in job.events()] == seen
    assert seen[0] == ("2010/09/01 00:00:00", "master", "New job initialized!")
    assert seen[-1][2].startswith("READY: Job done in ")
    assert [tuple(json.loads(line)) for line in job.rawevents().splitlines()] == seen
    assert job.rawevents(len(seen) - 1) == json.dumps(seen[-1]) + "\n"


def test_the_log_is_told_in_disco_s_words_while_waiting(disco: Disco, capsys: pytest.CaptureFixture[str]) -> None:
    """show and the setting DISCO_EVENTS print the events of 0.5.4, with its status lines, on the streams it uses."""
    job = counted(disco)
    job.wait(show="nocolor")
    shown = capsys.readouterr()
    assert "master Stage map scheduled with 2 tasks\n" in shown.err
    assert "Status: [map] 0 pending, 0 waiting, 2 running, 0 done, 0 failed\n" in shown.err
    assert shown.out == ""
    quiet = Disco(disco.native, settings={"DISCO_EVENTS": "json"})
    quiet.wait(job.name)
    printed = capsys.readouterr()
    assert json.loads(printed.out.splitlines()[0])[2] == "New job initialized!"
    assert printed.err == ""
    quiet.wait(job.name, show="")
    assert capsys.readouterr().out == ""


def test_the_end_of_a_wait(disco: Disco) -> None:
    """Dead, killed, unknown and late jobs give a JobError that begins as Disco's does."""

    def fun_map(line: Any, params: Any) -> Any:
        raise ValueError(line)

    bad = disco.new_job("bad", input=["raw://x"], map=fun_map)
    with pytest.raises(JobError, match=f"^Job {bad.name} failed: Status dead") as caught:
        bad.wait()
    assert isinstance(caught.value.__cause__, ValueError)
    assert bad.results() == ("dead", [])
    with pytest.raises(JobError, match=r"^Job nosuch failed: Status unknown job"):
        disco.wait("nosuch", show=True)
    late = disco.new_job("late", input=["raw://x"], map=slow)
    with pytest.raises(JobError, match=f"^Job {late.name} failed: Timeout"):
        late.wait(timeout=1)
    assert late.status == "active"
    late.kill()
    assert late.results() == ("dead", [])
    with pytest.raises(JobError, match="Status dead"):
        late.wait()


def test_clean_and_unknown_names(disco: Disco) -> None:
    """wait(clean=True) forgets a ready job; its results stay. Control of a job that is not there does nothing."""
    job = counted(disco)
    urls = job.wait(clean=True)
    assert job.results() == ("unknown job", [])
    assert list(result_iterator(urls)) == [("a", 2), ("b", 1)]
    for call in (disco.kill, disco.clean, disco.purge):
        assert call("nosuch") is None  # type: ignore[func-returns-value]


def test_what_is_not_there_is_a_404(disco: Disco) -> None:
    """An unknown job is a CommError 404 that names the request and the jobs there are."""
    job = counted(disco)
    for call in (disco.jobinfo, disco.events, disco.rawevents, disco.jobdict, disco.jobpack, disco.mapresults):
        with pytest.raises(CommError, match=r"name=nosuch.*b'Not found\.' \(404\); the jobs are: ") as caught:
            call("nosuch")
        assert caught.value.code == 404
        assert job.name in str(caught.value)


def test_purged_data_can_be_read_until_garbage_is_collected(disco: Disco) -> None:
    """purge() makes results unknown at once; data and out-of-band results go with ddfs.gc()."""

    def fun_map(line: Any, params: Any) -> Any:
        put("k", b"v")  # type: ignore[name-defined]
        yield line, 1

    job = disco.new_job("oob", input=["raw://a"], map=fun_map)
    urls = job.wait()
    job.purge()
    assert job.results() == ("unknown job", [])
    assert disco.joblist() == []
    assert (list(result_iterator(urls)), job.oob_list(), job.oob_get("k")) == ([("a", 1)], ["k"], b"v")
    disco.ddfs.gc()
    with pytest.raises(CommError):
        list(result_iterator(urls))
    with pytest.raises(DiscoError, match=r"^Unknown key or jobname"):
        job.oob_get("k")


def test_out_of_band_results(disco: Disco) -> None:
    """A missing key is None, and a job without any an error, as DiscoError or CommError 404."""

    def fun_map(line: Any, params: Any) -> Any:
        put(f"k:{line}", line.encode())  # type: ignore[name-defined]
        put("same", line.encode())  # type: ignore[name-defined]
        return []

    job = disco.new_job("oob", input=["raw://a", "raw://b"], map=fun_map)
    job.wait()
    assert sorted(job.oob_list()) == ["k:a", "k:b", "same"]
    assert (job.oob_get("k:a"), job.oob_get("none"), disco.oob_get(job, "k:b")) == (b"a", None, b"b")
    for name in (counted(disco).name, "nosuch"):
        with pytest.raises(DiscoError, match=r"^Unknown key or jobname") as caught:
            disco.oob_get(name, "k")
        assert not isinstance(caught.value, CommError)
        with pytest.raises(CommError, match=r"/ddfs/tag/disco:job:oob:.*b'Tag not found\.' \(404\)"):
            disco.oob_list(name)


def test_profiles_are_sorted(disco: Disco) -> None:
    """profile_stats gives pstats.Stats that print where they are told to; without profiles it is a JobError."""
    job = counted(disco, profile=True)
    job.wait()
    printed = io.StringIO()
    job.profile_stats("map", stream=printed).print_stats()
    assert "Ordered by: cumulative time" in printed.getvalue()
    with pytest.raises(JobError, match="No profile data"):
        disco.profile_stats(counted(disco))


def test_the_configuration_stays(disco: Disco) -> None:
    """config can be set to what it is; a node twice, rows that are none, and other nodes are refused."""
    assert disco.config == [["node01:04", "2"]]
    disco.config = [("node01:04", 2)]  # type: ignore[list-item]
    for rows, why in (
        ([["a", "1"], ["a", "2"]], "'a' twice"),
        ([["a"]], "a row is"),
        ("a", "a list of"),
        ([["a", "1"]], "keeps them"),
    ):
        with pytest.raises(DiscoError, match=why):
            disco.config = rows  # type: ignore[assignment]


def test_the_blacklist(disco: Disco) -> None:
    """A blacklisted node gets no tasks, until it is whitelisted."""
    for host in ("node01", "node02", "node03"):
        disco.blacklist(host)
    job = counted(disco)
    job.wait()
    assert set(job.tasks.host) == {"node04"}
    disco.whitelist("node01")
    assert [host for host, facts in disco.nodeinfo().items() if facts["blacklisted"]] == ["node02", "node03"]


def asked(disco: Disco, url: str, data: Any = None) -> Any:
    """What the master answers, as JSON."""
    return json.loads(disco.request(url, data))


def test_requests_are_answered_without_a_network(disco: Disco) -> None:
    """The endpoints of the master give as JSON what the methods give; the master's whole URL will do, too."""
    job = counted(disco)
    job.wait()
    assert asked(disco, "/disco/ctrl/joblist") == asked(disco, f"{disco.master}/disco/ctrl/joblist") == disco.joblist()
    assert asked(disco, f"/disco/ctrl/jobinfo?name={job.name}") == job.jobinfo()
    assert asked(disco, "/disco/ctrl/nodeinfo") == disco.nodeinfo()
    assert asked(disco, "/disco/ctrl/load_config_table") == disco.config
    assert asked(disco, f"/disco/ctrl/get_stageresults?name={job.name}&stage=map") == job.stageresults("map")
    assert disco.request(f"/disco/ctrl/rawevents?name={job.name}", offset=2) == job.rawevents().encode()[2:]
    newest = asked(disco, f"/disco/ctrl/jobevents?name={job.name}&num=2&filter=Job done")
    assert [message for _, _, message in newest] == [list(job.events())[-1][1][2]]
    assert asked(disco, "/disco/ctrl/get_results", json.dumps([1000, [job.name]]))[0][0][0] == job.name
    assert asked(disco, "/disco/ctrl/blacklist", json.dumps("node01")) == "ok"
    assert asked(disco, "/disco/ctrl/get_blacklist") == ["node01"]
    assert asked(disco, "/disco/ctrl/save_config_table", json.dumps(disco.config)) == "table saved!"
    assert "twice" in asked(disco, "/disco/ctrl/save_config_table", json.dumps(disco.config * 2))
    disco.ddfs.tag("data:x", [["raw://a"]])
    assert asked(disco, "/ddfs/tags/data") == ["data:x"]
    assert asked(disco, "/ddfs/tag/data:x")["urls"] == [["raw://a"]]
    assert asked(disco, "/disco/ctrl/purge_job", json.dumps(job.name)) == "ok"
    assert asked(disco, "/disco/ctrl/joblist") == []


@pytest.mark.parametrize(
    ("url", "code"),
    [("/disco/ctrl/nosuch", 404), ("/", 404), ("/ddfs/nosuch", 404), ("/ddfs/tag/nosuch", 404)],
)
def test_requests_for_nothing(disco: Disco, url: str, code: int) -> None:
    """What is not there is a CommError with its code."""
    with pytest.raises(CommError) as caught:
        disco.request(url)
    assert caught.value.code == code


def test_a_posted_text_that_is_no_json(disco: Disco) -> None:
    """Broken JSON is a 400 that shows it."""
    with pytest.raises(CommError, match="no JSON") as caught:
        disco.request("/disco/ctrl/get_results", "[1")
    assert caught.value.code == 400


def test_the_cluster_behind_it(disco: Disco) -> None:
    """What Disco does not have is the cluster's own: tables, faults, split; and it is shown as that is."""
    job = disco.new_job("split", input=disco.split(["a", "b"], 2), map=lambda entry, params: [(entry, 1)])
    assert sorted(result_iterator(job.wait())) == [("a", 1), ("b", 1)]
    assert list(disco.jobs.job) == [job.name]
    assert repr(disco) == repr(disco.native)
    assert disco._repr_mimebundle_() == disco.native._repr_mimebundle_()
    assert {"faults", "jobinfo", "at"} <= set(dir(disco))
    with pytest.raises(AttributeError):
        disco.nosuch  # noqa: B018


def test_connections_to_one_port_share_its_jobs(disco: Disco) -> None:
    """Another connection sees the same jobs; the master's URL is as this_master() gives it."""
    job = disco.new_job("who", input=["raw://a"], map=lambda line, params: [(this_master(), line)])  # type: ignore[name-defined]
    other = Disco("http://localhost:8993")
    assert other.wait(job.name) == job.wait()
    assert list(other.result_iterator(job.wait())) == [(other.master, "a")]
    assert other.master == "http://localhost:8993"
    assert disco.master_version() == "0.5.4"


def test_the_order_of_arguments_is_that_of_0_5(disco: Disco) -> None:
    """reader comes second, input_stream third, notifier fourth; ddfs may be a connection, a DDFS or an address."""
    urls = counted(disco).wait()
    heard: list[Any] = []
    found = result_iterator(urls, chain_reader, (map_input_stream,), heard.append, Params(), disco)
    assert list(found) == [("a", 2), ("b", 1)]
    assert len(heard) == 1
    disco.ddfs.tag("results", urls)
    for ddfs in (disco, disco.ddfs, disco.native, disco.master, None):
        assert list(result_iterator(["tag://results"], ddfs=ddfs)) == [("a", 2), ("b", 1)]


def test_a_documented_disco_keeps_its_shapes() -> None:
    """On a Disco of the documented dialect all answers are its own, those of Disco 0.3."""
    with NativeDisco("disco://localhost:8994", nodes=2) as native:
        disco = Disco("disco://localhost:8994")
        job = counted(disco, partitions=2)
        assert disco.events(job).__next__()[1][2].startswith("Job initialized")
        urls = disco.wait(job)
        assert urls == native.wait(job.name)
        assert isinstance(urls[0], str)
        assert disco.results(job) == ["ready", urls]
        assert disco.results([job]) == ([[job.name, ["ready", urls]]], [])
        assert disco.jobinfo(job)["mapi"] == [0, 0, 2, 0]
        assert disco.mapresults(job) == native.mapresults(job.name)
        assert disco.rawevents(job) == native.rawevents(job.name)
        assert disco.jobdict(job) == native.jobdict(job.name)
        with pytest.raises(DiscoError, match="Unknown key or job name"):
            disco.oob_list("nosuch")
        job.purge()
        assert disco.results(job.name)[0] == "unknown job"


def test_what_is_no_job(disco: Disco) -> None:
    """Anything else than a name or a Job is refused."""
    with pytest.raises(DiscoError, match="5 was given as a job"):
        disco.jobinfo(5)
