"""Out-of-band results: keys, values, uniqueness, what a failed run leaves, and who sees what."""

from __future__ import annotations

import pytest

from disco_sim import Disco, JobError, Params, result_iterator
from disco_sim.error import DiscoError, OOBKeyError, OOBPutError, OOBVisibilityError
from disco_sim.store.oob import COMMITTED, DROPPED, OOBEntry, OOBStore


def entry(key, value="v", *, stage="map", level=0, task=0, attempt=0, state=COMMITTED, put_s=1.0):
    return OOBEntry(key, value, stage, level, task, attempt, "n1", put_s, state)


@pytest.fixture
def store():
    store = OOBStore()
    store.open("job")
    return store


def see(store, key, job="job", *, level=1, task=0, moment=None):
    stage = ("map", "reduce", "third")[level]
    moment = store.moment if moment is None else moment
    return store.see(job, key, reader="job", stage=stage, level=level, task=task, moment=moment)


@pytest.fixture
def disco():
    with Disco(nodes=3, slots=1) as disco:
        yield disco


def putting(line, params):
    for key, value in params.results:
        put(key, value)
    yield line, 1


def reading(pairs, params):
    for key, value in params.results:
        yield key, get(key) == value and type(get(key)) is type(value)


def put_in_job(disco, *results, **parameters):
    """The job whose map task puts `results`, and whose reduce task says of each whether it came back as it was."""
    job = disco.new_job(
        name="job", input=["raw://a"], map=putting, reduce=reading, params=Params(results=results), **parameters
    )
    return dict(result_iterator(job.wait()))


def refusal(disco, key, value):
    """The error of a put."""
    with pytest.raises(JobError) as caught:
        put_in_job(disco, (key, value))
    assert isinstance(caught.value.__cause__, OOBPutError)
    assert isinstance(caught.value.__cause__, ValueError)
    return caught.value.__cause__


# -- keys and values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["k", "A-z_0:9@", "-", "0", "k" * 256])
def test_keys(disco, key):
    """A key is 1 to 256 of the characters A-Z a-z 0-9 _ - : @."""
    assert put_in_job(disco, (key, "v")) == {key: True}


@pytest.mark.parametrize(
    ("key", "instead"),
    [
        ("a b", "'a_b'"), ("a/b", "'a_b'"), ("ä", "'_'"), ("a\n", "'a_'"), ("k" * 257, repr("k" * 256)),
        ("", "'a_key'"), (5, "'5'"), (b"k b", "'k_b'"), (None, "'a_key'"),
    ],
)  # fmt: skip
def test_wrong_keys(disco, key, instead):
    """Any other key is refused, with one that would do."""
    error = refusal(disco, key, "v")
    assert "OOB key contains invalid characters" in str(error)
    assert f"try {instead}" in str(error)
    assert error.key == key


@pytest.mark.parametrize("value", ["", "text", "äöü \U0001f600", "\ud800", b"", b"\x00\xff", "x" * 100_000])
def test_values(disco, value):
    """Text and bytes of any length come back equal and as the same type, in the job and outside."""
    assert put_in_job(disco, ("k", value)) == {"k": True}
    found = disco.oob_get(disco.joblist()[0][2], "k")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("value", "kind", "way"),
    [
        (5, "int", "str(value)"), (None, "NoneType", "str(value)"), (["a"], "list", "str(value)"),
        (bytearray(b"x"), "bytearray", "bytes(value)"), (1.5, "float", "json.dumps"), (object, "type", "pickle.dumps"),
    ],
)  # fmt: skip
def test_wrong_values(disco, value, kind, way):
    """A value of another type is refused, with its type and what to make of it."""
    error = refusal(disco, "k", value)
    assert f"the value is of type {kind}, but OOB values are str or bytes" in str(error)
    assert way in str(error)
    assert error.type == kind


def test_a_wrong_value_is_not_shown_in_full(disco):
    """The message stays short, whatever the value is."""
    assert len(str(refusal(disco, "k", list(range(100_000))))) < 500


# -- uniqueness ----------------------------------------------------------------------------------------------------


def same_key(line, params):
    import time

    time.sleep(int(line))
    put("k", line)
    yield line, 1


def test_two_tasks_put_one_key(disco):
    """Of two tasks that put the same key, the one that ends later ends the job, and the error names both."""
    with pytest.raises(JobError) as caught:
        disco.new_job(name="job", input=["raw://9", "raw://1"], map=same_key).wait()
    error = caught.value.__cause__
    assert isinstance(error, OOBPutError)
    assert error.tasks == ("map:1", "map:0")
    assert "was put by task map:0 and by task map:1 of the same job" in str(error)
    assert (caught.value.stage, caught.value.task) == ("map", 0)
    job = disco.joblist()[0][2]
    assert dict(disco.oob[job]) == {"k": "1"}
    frame = disco.oob[job].frame()
    assert [tuple(row) for row in frame[["key", "task", "state"]].itertuples(index=False)] == [
        ("k", 1, "committed"),
        ("k", 0, "dropped"),
    ]


def test_another_stage_puts_the_key(disco):
    """A key that map put cannot be put by reduce."""

    def fun_reduce(pairs, params):
        put("k", "r")
        yield from pairs

    with pytest.raises(JobError) as caught:
        disco.new_job(name="job", input=["raw://0"], map=same_key, reduce=fun_reduce).wait()
    assert caught.value.__cause__.tasks == ("map:0", "reduce:0")


def test_another_job_puts_the_key(disco):
    """Keys are unique in a job, not among jobs."""
    assert put_in_job(disco, ("k", "1")) == {"k": True}
    assert put_in_job(disco, ("k", "2")) == {"k": True}
    assert sorted(disco.oob_get(row[2], "k") for row in disco.joblist()) == ["1", "2"]


def test_a_retry_never_clashes(disco):
    """What a failed run put is dropped; the next run of the task puts the same keys, and those count."""

    def fun_map(line, params):
        put("k", this_host())
        put("only-%s" % this_host(), "")
        if this_host() != "node03":
            raise OSError
        yield line, 1

    job = disco.new_job(name="job", input=["raw://a"], map=fun_map)
    job.wait()
    assert dict(job.oob) == {"k": "node03", "only-node03": ""}
    frame = job.oob.frame()
    by_run = [tuple(row) for row in frame[["run", "key", "state"]].itertuples(index=False)]
    assert sorted(by_run) == [
        (0, "k", "dropped"), (0, "only-node01", "dropped"),
        (1, "k", "dropped"), (1, "only-node02", "dropped"),
        (2, "k", "committed"), (2, "only-node03", "committed"),
    ]  # fmt: skip


def test_a_dropped_result_cannot_be_read(disco):
    """What only a failed run put is a missing key, for reduce and outside."""

    def fun_map(line, params):
        put("on:" + this_host(), "")
        if this_host() == "node01":
            raise OSError
        yield line, 1

    def fun_reduce(pairs, params):
        yield "k", [get("on:node01", default="missing"), get("on:node02")]

    job = disco.new_job(name="job", input=["raw://a"], map=fun_map, reduce=fun_reduce)
    assert list(result_iterator(job.wait())) == [("k", ["missing", ""])]
    with pytest.raises(OOBKeyError, match=r"Unknown key 'on:node01'.*near it: 'on:node02'"):
        job.oob_get("on:node01")


def test_a_profile_keeps_its_key(disco):
    """With profile=True the key of a task's profile is taken; putting it is an error, not a silent loss."""
    with pytest.raises(JobError) as caught:
        put_in_job(disco, ("profile-map-0", "mine"), profile=True)
    assert "profile=True stores the task's profile under that key" in str(caught.value.__cause__)
    assert put_in_job(disco, ("profile-map-0", "mine")) == {"profile-map-0": True}


# -- the store -----------------------------------------------------------------------------------------------------


def test_committed_and_dropped(store):
    """Committed entries are found by key; dropped ones are kept for the record; entries are in order of storing."""
    store.add("job", [entry("a", attempt=0, state=DROPPED)])
    store.add("job", [entry("b", "1"), entry("a", "2", attempt=1)])
    assert [(one.key, one.state) for one in store.entries("job")] == [
        ("a", DROPPED),
        ("b", COMMITTED),
        ("a", COMMITTED),
    ]
    assert list(store.committed("job")) == ["b", "a"]
    assert store.get("job", "a") == "2"
    assert ("job" in store, "other" in store, store.jobs) == (True, False, ("job",))
    assert (store.committed("other"), store.entries("other")) == ({}, [])


def test_sizes():
    """The size of a value is its bytes, of text those of UTF-8, lone surrogates too."""
    assert [entry("k", value).n_bytes for value in ("ab", "ä", "\ud800", b"abc", "")] == [2, 2, 3, 3, 0]


def test_a_task_that_runs_again(store):
    """A task that is run once more, as its output was lost, changes nothing that others may have read."""
    store.add("job", [entry("a", "first")])
    moment = store.moment
    store.add("job", [entry("a", "again", attempt=1)])
    assert see(store, "a", moment=moment) == see(store, "a") == "first"


def test_conflict(store):
    """A key that another task committed is a conflict; dropped ones, and keys of other jobs, are none."""
    store.open("other")
    store.add("job", [entry("a"), entry("b", state=DROPPED)])
    assert store.conflict("job", "map", 1, ["b", "c"]) is None
    assert store.conflict("other", "map", 1, ["a"]) is None
    assert store.conflict("job", "map", 0, ["a"]) is None
    error = store.conflict("job", "map", 1, ["c", "a"])
    assert (error.key, error.tasks) == ("a", ("map:0", "map:1"))


def test_an_entry_is_made_once(disco, monkeypatch):
    """Each result of a run becomes one entry, although its key is checked before it is stored."""
    made = []
    monkeypatch.setattr("disco_sim.cluster.simulated.OOBEntry", lambda *facts: made.append(facts) or OOBEntry(*facts))
    put_in_job(disco, ("a", "1"), ("b", "2"))
    assert [facts[:2] for facts in made] == [("a", "1"), ("b", "2")]


def test_missing_keys(store):
    """A missing key is a KeyError whose text is its message, with the keys that come near."""
    store.add("job", [entry("words:0"), entry("words:1"), entry("lines")])
    with pytest.raises(OOBKeyError) as caught:
        store.get("job", "word:0")
    assert isinstance(caught.value, KeyError)
    assert caught.value.near == ("words:0", "words:1")
    assert str(caught.value).startswith("Unknown key 'word:0' of job 'job', which has 3 keys")
    assert "near it: 'words:0', 'words:1'" in str(caught.value)
    with pytest.raises(OOBKeyError) as caught:
        store.get("job", "zzz")
    assert caught.value.near == ()
    assert "near it" not in str(caught.value)


def test_results_of_all_jobs_by_name_or_job(disco):
    """disco.oob takes a job's full name or the Job; for another name it says which jobs there are."""
    job = disco.new_job(name="count", input=["raw://a"], map=lambda line, params: [(put("key", line), 1)])
    job.wait()
    assert disco.oob[job]["key"] == disco.oob[job.name]["key"] == "a"
    assert "nosuch" not in disco.oob
    with pytest.raises(OOBKeyError, match=f"there is no job 'nosuch'; the jobs are: {job.name}"):
        disco.oob["nosuch"]


def test_forget(store):
    """A forgotten job has no results and is no job any more."""
    store.add("job", [entry("a")])
    store.end("job")
    store.forget("job")
    store.forget("job")
    assert "job" not in store
    with pytest.raises(OOBKeyError, match="which has 0 keys"):
        store.get("job", "a")


# -- who sees what -------------------------------------------------------------------------------------------------


def test_a_later_stage_sees_earlier_ones(store):
    """A task sees what every stage before its own committed, not only the last one."""
    store.add("job", [entry("a", "0")])
    store.add("job", [entry("b", "1", stage="reduce", level=1)])
    assert [see(store, key, level=2) for key in "ab"] == ["0", "1"]
    assert see(store, "a", level=1) == "0"


def test_the_first_stage_sees_nothing_of_its_job(store):
    """A task of the first stage sees no result of its own job, there or not."""
    store.add("job", [entry("a")])
    for key in ("a", "b"):
        with pytest.raises(OOBVisibilityError, match="its own stage") as caught:
            see(store, key, level=0, task=3)
        assert "map:3" in str(caught.value)
        assert not caught.value.is_missing


def test_the_same_stage_is_not_seen(store):
    """What a task of the same stage put is refused when it is there, missing when it is not there yet."""
    before = store.moment
    store.add("job", [entry("a", stage="reduce", level=1, task=5)])
    with pytest.raises(OOBVisibilityError, match="belongs to task reduce:5 of the same stage") as caught:
        see(store, "a", task=0)
    assert caught.value.is_missing
    with pytest.raises(OOBKeyError):
        see(store, "a", task=0, moment=before)


def test_near_keys_are_visible_ones(store):
    """A missing key's near keys are only those that the task could read."""
    store.add("job", [entry("words:0"), entry("words:1", stage="reduce", level=1)])
    with pytest.raises(OOBKeyError) as caught:
        see(store, "words:2")
    assert caught.value.near == ("words:0",)


def test_other_jobs(store):
    """Another job's results are seen from its end on, by the first stage too; a moment before they are refused."""
    store.open("other")
    store.add("other", [entry("a", "v")])
    before = store.moment
    with pytest.raises(OOBVisibilityError, match="still running"):
        see(store, "a", "other", level=0)
    store.end("other")
    assert see(store, "a", "other", level=0) == "v"
    with pytest.raises(OOBVisibilityError, match="still running"):
        see(store, "a", "other", level=0, moment=before)
    with pytest.raises(OOBKeyError, match=r"Unknown key 'b' of job 'other'.*near|the job put no such key"):
        see(store, "b", "other", level=0)


def test_unknown_jobs(store):
    """The name of no job is an error of its own, with the names that come near."""
    store.open("wordcount@1:2:3")
    with pytest.raises(DiscoError, match="near it: 'wordcount@1:2:3'") as caught:
        see(store, "a", "wordcount@1:2:4")
    assert not isinstance(caught.value, KeyError)
    with pytest.raises(DiscoError, match=r"there is no job 'zzz' on this master\. Take"):
        see(store, "a", "zzz")


def test_the_view_is_of_the_start_of_the_run():
    """A run sees another job as it was when the run started, also when it is computed again after that job's end."""

    def quick(line, params):
        put("k", "v")
        yield line, 1

    def slow(line, params):
        yield line, get("k", params.other)

    with Disco(nodes=1, slots=2) as disco:
        other = disco.new_job(name="other", input=["raw://a"], map=quick)
        job = disco.new_job(name="job", input=["raw://a"], map=slow, params=Params(other=other.name))
        disco.run()
        assert (other.status, job.status) == ("ready", "dead")
        work = disco.cluster.work(job.name, "map", 0, 0)
        with pytest.raises(OOBVisibilityError):
            work.store.oob("k", other.name)
        again = job.resubmit()
        assert list(result_iterator(again.wait())) == [("a", "v")]
