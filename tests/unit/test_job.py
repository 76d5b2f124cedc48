"""`Job`: subclasses, control, errors, and everything one can look into."""

from __future__ import annotations

import os
import pickle
import traceback

import pytest

from disco_sim import DataError, Disco, Job, JobError, result_iterator
from disco_sim.error import DiscoError, OOBKeyError
from disco_sim.func import chain_reader, make_range_partition, map_input_stream, map_output_stream, sum_reduce
from disco_sim.store.log import Log
from disco_sim.store.results import index_of


def words(line, params):
    put("words:%d" % this_partition(), str(len(line.split())))
    for word in line.split():
        yield word, 1


@pytest.fixture
def disco():
    with Disco(nodes=3) as disco:
        yield disco


@pytest.fixture
def job(disco):
    job = disco.new_job(name="count", input=["raw://a b a", "raw://b c"], map=words, reduce=sum_reduce, partitions=2)
    job.wait()
    return job


def dying(disco, **changes):
    def fun_map(line, params):
        wanted = line.split()
        yield wanted[2], 1

    job = disco.new_job(name="dying", input=["raw://one two three", "raw://one two"], map=fun_map, **changes)
    with pytest.raises(JobError):
        job.wait()
    return job


# -- subclasses ------------------------------------------------------------------------------------


class Count(Job):
    partitions = 2
    reduce = staticmethod(sum_reduce)

    @staticmethod
    def map(line, params):
        yield line, 1


def test_subclass(disco):
    """Class attributes of a Job subclass are job parameters; arguments of run win over them."""
    job = Count(disco).run(input=["raw://a", "raw://b"])
    assert sorted(result_iterator(job.wait())) == [("a", 1), ("b", 1)]
    assert job.name.startswith("Count@")
    assert len(job.results()[1]) == 2
    assert len(Count(disco).run(input=["raw://a"], partitions=5).wait()) == 5


def test_subclass_keeps_its_tables(disco):
    """A parameter named like a table does not hide the table."""
    job = Count(disco).run(input=["raw://a"])
    job.wait()
    assert job.partitions.columns.tolist()[:2] == ["stage", "partition"]


def test_subclass_of_a_subclass(disco):
    """Parameters are inherited, and may be overridden one by one."""

    class Upper(Count):
        partitions = 3

        @staticmethod
        def map(line, params):
            yield line.upper(), 1

    job = Upper(disco).run(input=["raw://a"])
    assert dict(result_iterator(job.wait())) == {"A": 1}
    assert len(job.wait()) == 3
    assert len(Count(disco).run(input=["raw://a"]).wait()) == 2


def test_name_and_no_master(disco):
    """Job("name") and Job() find the newest open Disco by themselves."""
    job = Job("named").run(input=["raw://a"], map=lambda line, params: [(line, 1)])
    assert job.disco is disco
    assert job.name.startswith("named@")
    assert repr(Job(disco)) == "Job(Job, not submitted)"


def test_instance_attribute(disco):
    """An attribute set on a Job before run is a parameter too."""
    job = Job(disco, "attribute")
    job.map = lambda line, params: [(line, 1)]
    assert list(result_iterator(job.run(input=["raw://a"]).wait())) == [("a", 1)]


def test_job_in_params(job, disco):
    """A Job can travel in params, to read another job's out-of-band results by it."""

    def fun_map(line, params):
        yield get("words:0", params["job"]), 1

    other = disco.new_job(name="other", input=["raw://x"], map=fun_map, params={"job": job})
    assert list(result_iterator(other.wait())) == [("3", 1)]


def test_forgotten(job):
    """A job whose record was cleaned says that it is forgotten."""
    job.clean()
    assert repr(job) == f"Job({job.name}, forgotten)"


# -- errors --------------------------------------------------------------------------------------------


def test_error_tells_where(disco):
    """A dead job's error names task, host, virtual time, record and the user's line, also as attributes."""
    error = dying(disco).error
    assert (error.stage, error.task, error.host, error.record) == ("map", 1, "node02", "'one two'")
    assert error.time_s == pytest.approx(0.5, abs=0.01)
    assert "yield wanted[2], 1" in error.lines
    text = str(error)
    for part in ("task map:1 failed on node02", "IndexError: list index out of range", "'one two'", "wanted[2]"):
        assert part in text


def test_error_has_the_cause(disco):
    """The cause is the user's own exception, and the traceback ends in the user's function."""
    job = dying(disco)
    with pytest.raises(JobError) as caught:
        job.wait()
    assert isinstance(caught.value.__cause__, IndexError)
    frame, _ = list(traceback.walk_tb(caught.value.__traceback__))[-1]
    assert frame.f_locals["wanted"] == ["one", "two"]


def test_error_pickles(disco):
    """A JobError survives pickling with its facts and cause."""
    error = dying(disco).error
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert (copy.host, copy.record) == (error.host, error.record)
    assert isinstance(copy.__cause__, IndexError)


def test_error_with_a_cause_that_does_not_pickle(disco):
    """A JobError whose cause cannot be pickled travels with the cause's text instead."""

    def fun_map(line, params):
        class Own(Exception):
            pass

        raise Own("special")

    job = disco.new_job(name="own", input=["raw://a"], map=fun_map)
    with pytest.raises(JobError) as caught:
        job.wait()
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    assert "Own: special" in str(copy.__cause__)


def test_no_error(job):
    """A job that is ready has no error."""
    assert job.error is None


def test_killed_has_no_cause(disco):
    """A killed job's error gives the reason, and no run's exception."""
    job = disco.new_job(name="killed", input=["raw://a"], map=words)
    disco.step(run=False)
    job.kill()
    assert "failed: Status dead: killed; what it did until then stays" in str(job.error)
    assert job.error.__cause__ is None


def test_data_errors_until_the_end(disco):
    """A job that runs out of tries tells how many there were, and the last one's cause."""

    def fun_map(line, params):
        data_err("broken disk", "raw://a")

    job = disco.new_job(name="unlucky", input=["raw://a"], map=fun_map)
    with pytest.raises(JobError, match=r"Task map:0 failed 4 times\. At most 3 failures are allowed") as caught:
        job.wait()
    assert isinstance(caught.value.__cause__, DataError)
    assert job.tasks.host.tolist() == ["node01", "node02", "node03", "node01"]


def test_disco_goes_on(disco):
    """After a job died, its record stays and the next job runs."""
    job = dying(disco)
    assert job.tasks.status.tolist() == ["lost", "failed"]
    assert job.output().empty
    assert disco.new_job(name="next", input=["raw://a"], map=words).wait()


# -- looking into it -------------------------------------------------------------------------------------


def test_output(job):
    """output is the results as a table, in partition order."""
    frame = job.output()
    assert frame.columns.tolist() == ["partition", "key", "value"]
    assert sorted(zip(frame.key, frame.value, strict=True)) == [("a", 2), ("b", 2), ("c", 1)]
    assert frame.partition.is_monotonic_increasing


def test_output_has_the_labels_of_maps_without_reduce(disco):
    """Without reduce, a result's partition is the one that its pair went to, not the number of its map task."""
    job = disco.new_job(name="x", input=["raw://a", "raw://b"], map=words, partitions=4, partition=lambda k, n, p: 3)
    job.wait()
    assert job.output().partition.tolist() == [3, 3]
    assert disco.new_job(name="none", input=["raw://a"]).output().empty, "a job that does nothing is no crash"


def test_oob_mapping(job):
    """job.oob is a read-only mapping of what tasks put, and an unknown key names near ones."""
    assert dict(job.oob) == {"words:0": "3", "words:1": "2"}
    assert job.oob["words:0"] == job.oob_get("words:0") == "3"
    assert sorted(job.oob_list()) == ["words:0", "words:1"]
    with pytest.raises(OOBKeyError, match="near it: 'words:"):
        job.oob["words:9"]
    assert len(job.oob) == 2
    assert repr(job.oob) == f"OOBResults({job.name}, 2 keys)"
    assert job.oob.frame().state.tolist() == ["committed", "committed"]
    assert "words:0" in job.oob._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("of", [lambda job: job.oob, lambda job: job.disco.oob], ids=["job", "disco"])
def test_oob_is_shown_without_reading_the_log_again(job, of, monkeypatch):
    """Frames and cards of out-of-band results read each event of the log once, as all other frames do."""
    shown = of(job).frame(), of(job)._repr_mimebundle_()
    read = []
    of_job = Log.of
    monkeypatch.setattr(Log, "of", lambda log, *which: (read.append(event) or event for event in of_job(log, *which)))
    assert of(job).frame().equals(shown[0])
    assert of(job)._repr_mimebundle_() == shown[1]
    assert read == []


def test_frames_are_copies(job):
    """Changing a frame changes nothing of the job."""
    frame = job.tasks
    frame["host"] = "elsewhere"
    assert "elsewhere" not in set(job.tasks.host)


def test_frames_do_not_drive(disco):
    """Frames and reprs of an active job show what is there and move nothing."""
    job = disco.new_job(name="count", input=["raw://a"], map=words, reduce=sum_reduce)
    frames = [job.tasks, job.partitions, job.shuffle, job.log, job.output(), job.oob.frame()]
    assert [len(frame) for frame in frames] == [0, 0, 0, 2, 0, 0]
    assert repr(job) == f"Job({job.name}, active, map 0/?, reduce 0/1)"
    assert "active" in job._repr_mimebundle_()["text/plain"]
    assert disco.now_s == 0
    assert job.status == "active"


def test_numbers_agree(job):
    """What the tables count agrees: pairs mapped, pairs shuffled, pairs in partitions."""
    maps = job.tasks[job.tasks.stage == "map"]
    partitions = job.partitions[job.partitions.stage == "map"]
    assert maps.records_out.sum() == partitions.records.sum() == job.shuffle.records.sum() == 5
    assert maps.bytes_out.sum() == partitions.bytes.sum() == job.shuffle.bytes.sum()
    assert partitions.share.sum() == pytest.approx(1)


def test_explain(job):
    """explain tells a key's partition and why, where its pairs came from, and which task read them."""
    told = job.explain("b")
    assert told.why == f"md5 of the key's text mod 2 is {told.partition}"
    assert told.from_tasks == (("map:0", "node01", 1), ("map:1", "node02", 1))
    assert told.run == f"reduce:{told.partition}"
    assert told.host == job.tasks[(job.tasks.stage == "reduce") & (job.tasks.task == told.partition)].host.item()
    assert "map:0 on node01 sent 1 of its pairs" in str(told)


def test_explain_absent_key(job):
    """explain of a key that never occurred gives the partition it would have, and says that nobody has it."""
    told = job.explain("zebra")
    assert told.partition in (0, 1)
    assert "no kept output has the key" in str(told)


def test_explain_own_partition(disco):
    """explain calls the user's partition function, and shows the call."""

    def first_letter(key, nr_partitions, params):
        return ord(key[0]) % nr_partitions

    job = disco.new_job(
        name="letters", input=["raw://a b"], map=words, reduce=sum_reduce, partitions=2, partition=first_letter
    )
    job.wait()
    assert job.explain("b").why == "first_letter('b', 2, params) is 0"


def test_explain_range_partition(disco):
    """A ready-made partition function is shown by its own name."""
    job = disco.new_job(
        name="ranges",
        input=disco.split([1, 9], 1),
        map=lambda n, params: [(n, 1)],
        partitions=2,
        partition=make_range_partition(0, 10),
    )
    job.wait()
    assert job.explain(9).why == "_range_partition(9, 2, params) is 1"


def test_explain_without_partitions(disco):
    """Without partitions explain says so, and still finds the key."""
    job = disco.new_job(name="flat", input=["raw://a b"], map=words, partitions=None)
    job.wait()
    told = job.explain("a")
    assert told.partition is None
    assert told.from_tasks == (("map:0", "node01", 1),)
    assert told.run == ""


def test_story(disco):
    """A task's story has every event that concerns it: its failed run, its wait, its second run."""

    def fun_map(line, params):
        if this_host() == "node01":
            data_err("bad sector", "raw://a")
        yield line, 1

    job = disco.new_job(name="told", input=["raw://a"], map=fun_map)
    job.wait()
    lines = job.story("map:0").lines
    for part in ("assigned to node01", "bad sector", "Sleeping", "assigned to node02", "Task finished"):
        assert any(part in line for line in lines), part
    assert repr(job.story("map:0")).startswith(f"Story({job.name}, map:0, ")
    assert "bad sector" in job.story("map:0")._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("task", ["map", "map:x", "shuffle:0", "0"])
def test_story_of_no_task(job, task):
    """A text that names no task is an error that shows how to write one."""
    with pytest.raises(DiscoError, match="write STAGE:NUMBER with a stage of map, reduce, such as 'map:0'"):
        job.story(task)


def test_story_of_a_task_that_is_not_there(job):
    """A task that the job does not have is told where it is asked for, not where its story would be displayed."""
    with pytest.raises(DiscoError, match="has no task map:99 in this log; its tasks so far: "):
        job.story("map:99")


def test_a_file_that_a_task_does_not_find(disco):
    """When a job function opens a file by a relative path, the error says how files come to a task."""
    job = disco.new_job(name="opens", input=["raw://a"], map=lambda line, params: [os.stat("people.csv")])
    with pytest.raises(JobError, match=r"empty folder of its own, required_files=\['people.csv'\] puts the file there"):
        job.wait()


def test_resubmit(job):
    """resubmit runs the same job again, with the parameters that are changed."""
    again = job.resubmit(partitions=3)
    assert sorted(result_iterator(again.wait())) == sorted(result_iterator(job.wait()))
    assert len(again.wait()) == 3
    assert again.name != job.name
    assert again.name.startswith("count@")


def test_keep_results():
    """keep="results" drops what is between the stages; the tables say so, results stay."""
    with Disco(nodes=1, keep="results") as disco:
        job = disco.new_job(name="lean", input=["raw://a b"], map=words, reduce=sum_reduce)
        assert len(list(result_iterator(job.wait()))) == 2
        frame = job.partitions
        assert frame[frame.stage == "map"]["keys"].isna().all()
        assert frame[frame.stage == "reduce"]["keys"].tolist() == [2]
        assert "dropped" in job._repr_mimebundle_()["text/plain"]
        assert job.explain("a").from_tasks == ()
        with pytest.raises(DataError, match="dropped when its job ended"):
            list(result_iterator(job.mapresults()))


def test_debug_of_nothing(disco):
    """debug of a task that has not run says so."""
    job = disco.new_job(name="count", input=["raw://a"], map=words)
    with pytest.raises(DiscoError, match=r"task map:0 of job .* has not run yet"):
        job.debug("map:0")


def test_view(job):
    """view gives a widget with a deterministic repr."""
    view = job.view()
    assert "0x" not in repr(view)
    view.close_all()


def test_profile_stats(disco):
    """profile_stats merges the tasks' profiles, and without any says how to get them."""
    job = disco.new_job(name="profiled", input=["raw://a", "raw://b"], map=words, reduce=sum_reduce, profile=True)
    job.wait()
    assert any(function == "words" for _, _, function in job.profile_stats("map").stats)
    assert not any(function == "words" for _, _, function in job.profile_stats("reduce").stats)
    plain = disco.new_job(name="plain", input=["raw://a"], map=words)
    plain.wait()
    with pytest.raises(JobError, match="No profile data; submit the job with profile=True"):
        plain.profile_stats()


def test_error_without_a_message(disco):
    """An exception that cannot even be shown ends its job like any other."""

    def fun_map(line, params):
        class Rude(Exception):
            def __str__(self):
                raise ValueError

        raise Rude

    job = disco.new_job(name="rude", input=["raw://a"], map=fun_map)
    with pytest.raises(JobError, match=r"Rude: \(its message cannot be shown: __str__ raised ValueError\)"):
        job.wait()
    assert len(disco.new_job(name="next", input=["raw://a"], map=words).wait()) == 1


def test_paths_are_shown_as_given(disco, tmp_path, monkeypatch):
    """A file that cannot be read is named as the user named it, without folders of this machine."""
    (tmp_path / "text.txt").write_bytes(b"good\n\xff\n")
    monkeypatch.chdir(tmp_path)
    job = disco.new_job(name="bad", input=["text.txt"], map=words)
    with pytest.raises(JobError, match=r"\(text.txt\)") as caught:
        job.wait()
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("combiner", [None, lambda key, value, buffer, done, params: [(key, value)] if key else None])
def test_a_generator_left_half_way_ends_in_its_task(disco, combiner):
    """When a run fails between two yields, the function's `finally` still runs inside the task, and can put()."""

    def fun_map(line, params):
        try:
            yield line, 1
            yield 5
        finally:
            put("ended", "yes")

    job = disco.new_job(name="half", input=["raw://a"], map=fun_map, combiner=combiner)
    with pytest.raises(JobError, match="which is not a"):
        job.wait()
    assert job.oob.frame()[["key", "state"]].values.tolist() == [["ended", "dropped"]]


def test_a_reader_left_half_way_ends_in_its_task(disco):
    """A reader whose records are not all taken is closed inside the task as well."""

    def reader(fd, size, url):
        try:
            yield from ["a", "b"]
        finally:
            put("closed", "yes")

    def fun_map(line, params):
        raise ValueError(line)

    job = disco.new_job(name="half", input=["raw://a"], map=fun_map, map_reader=reader)
    with pytest.raises(JobError):
        job.wait()
    assert job.oob.frame().key.tolist() == ["closed"]


@pytest.mark.parametrize("size", [2.5, "12", -1])
def test_a_stream_with_an_odd_size(disco, size):
    """A stream function that gives no number of bytes ends its job with a message, and other jobs run."""

    def sized(stream, size, url, params):
        return stream, params["size"], url

    job = disco.new_job(
        name="odd", input=["raw://"], map=words, map_input_stream=[map_input_stream, sized], params={"size": size}
    )
    with pytest.raises(JobError, match="a size is a whole number of bytes, or None"):
        job.wait()
    assert len(disco.new_job(name="next", input=["raw://a"], map=words).wait()) == 1


class Stream:
    """A stream that says when it is opened and closed, and may fail at its close."""

    def __init__(self, stream, name, log, fails=False):
        self.stream, self.name, self.log, self.fails = stream, name, log, fails
        log.append(f"open {name}")

    def read(self, *arguments):
        return self.stream.read(*arguments)

    def add(self, key, value):
        self.stream.write(str(key))

    def close(self):
        self.log.append(f"close {self.name}")
        if self.fails:
            raise OSError("close fails")


def test_an_error_at_close_hides_nothing():
    """When a run fails, an error of close() is not told instead, and every stream is closed all the same."""
    log = []

    def inner(stream, size, url, params):
        return Stream(stream, "inner", log), size, url

    def outer(stream, size, url, params):
        return Stream(stream, "outer", log, fails=True), size, url

    with Disco(nodes=1, namespace="notebook") as disco:
        job = disco.new_job(
            name="closing",
            input=["raw://a"],
            map=lambda line, params: [(line, 1 / 0)],
            map_input_stream=[map_input_stream, inner, outer],
        )
        with pytest.raises(JobError, match="ZeroDivisionError"):
            job.wait()
    assert log == ["open inner", "open outer", "close outer", "close inner"]


@pytest.mark.parametrize("is_failing", [False, True])
def test_output_streams_are_closed(is_failing):
    """Output streams are closed exactly once, whether the run ends well or not."""
    log = []

    def output(stream, partition, url, params):
        return Stream(stream, str(partition), log), url

    def fun_map(line, params):
        yield line, 1
        if is_failing:
            raise ValueError(line)

    with Disco(nodes=1, namespace="notebook") as disco:
        job = disco.new_job(
            name="writing", input=["raw://a"], map=fun_map, map_output_stream=[map_output_stream, output], partitions=2
        )
        try:
            job.wait()
        except JobError:
            assert is_failing
    assert sorted(log) == ["close 0", "close 1", "open 0", "open 1"]


def test_save_without_stages(disco):
    """A job of neither map nor reduce has its inputs as results, saved or not."""
    assert disco.new_job(name="nothing", input=["raw://a"], save=True).wait() == ["raw://a"]


def test_force_local_goes_to_another_replica():
    """With force_local, tasks that wait at a blacklisted node run where another replica of their input is."""
    with Disco(nodes=2, slots=1) as disco:
        stored = disco.new_job(name="stored", input=["raw://a", "raw://b"], map=words)
        replicas = [url for result in stored.wait() for _, url in index_of(disco.cluster.jobs, result)]
        job = disco.new_job(
            name="local",
            input=[replicas] * 4,
            map=lambda pair, params: [pair],
            map_reader=chain_reader,
            scheduler={"force_local": True},
        )
        while not len(job.tasks):
            disco.step()
        disco.blacklist("node01")
        assert len(job.wait()) == 4
        assert set(job.tasks.host[1:]) == {"node02"}
