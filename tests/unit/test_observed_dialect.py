"""Jobs in the dialect of Disco 0.5.4: plans, order, partitions, OOB results and failures, as they were observed."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator

import pytest

from disco_sim import Disco, result_iterator
from disco_sim.client.stepping import traced_steps
from disco_sim.compat.dialect import V05
from disco_sim.error import DiscoError, InvalidTag, JobError, ModUtilImportError, OOBLimitError, PartitionError
from disco_sim.func import chain_reader, gzip_line_reader, gzip_reader, object_reader, old_netstr_reader
from disco_sim.node import worker
from disco_sim.views.state import JobState


@pytest.fixture
def disco() -> Iterator[Disco]:
    """A cluster of one node, on which order is fixed."""
    with Disco("disco://localhost", nodes="localhost x2", dialect=V05) as one:
        yield one


@pytest.fixture
def texts(tmp_path) -> list[str]:
    """Two small files."""
    (tmp_path / "in1").write_text("the cat sat\non the mat\n")
    (tmp_path / "in2").write_text("a dog sat\non the cat\n")
    return [str(tmp_path / "in1"), str(tmp_path / "in2")]


def words(line, params):
    for word in line.split():
        yield word, 1


def letter(entry, params):
    yield entry, this_partition()


def entries(job):
    return list(result_iterator(job.wait()))


def stages(job):
    return [(stage.name, stage.grouping) for stage in job.disco.plan(job.name)]


# Plans, order and partitions


def test_files_give_bytes_with_line_ends_and_raw_gives_text(disco, texts):
    """Without a reader, map gets bytes lines with their ends from files, and the str of raw:// URLs as it is."""
    job = disco.new_job(name="lines", input=[texts[0], "raw://a b\n c"], map=lambda line, params: [(line, 1)])
    assert entries(job) == [("a b\n", 1), (" c", 1), (b"the cat sat\n", 1), (b"on the mat\n", 1)]


@pytest.mark.parametrize(
    ("partitions", "sort", "answer", "n_urls"),
    [
        (1, True, "a1 cat2 dog1 mat1 on2 sat2 the3", 1),
        (1, False, "a1 dog1 sat2 on2 the3 cat2 mat1", 1),
        (3, True, "on2 sat2 a1 mat1 cat2 dog1 the3", 3),
        (3, False, "sat2 on2 a1 mat1 dog1 the3 cat2", 3),
        (None, True, "a1 cat2 dog1 mat1 on2 sat2 the3", 1),
        (0, False, "a1 dog1 sat2 on2 the3 cat2 mat1", 1),
    ],
)
def test_order_of_a_word_count(disco, texts, partitions, sort, answer, n_urls):
    """The observed order: partitions by label, in each sorted, or by map task, which are in reverse input order."""
    job = disco.new_job(name="wc", input=texts, map=words, reduce=worker.sum_reduce, partitions=partitions, sort=sort)
    assert " ".join(f"{word.decode()}{count}" for word, count in entries(job)) == answer
    assert len(job.wait()) == n_urls


def test_map_only_is_shuffled_by_label(disco):
    """Map-only results are one URL a node, by label, then in reverse input order."""
    job = disco.new_job(name="m", input=[f"raw://{one}" for one in "abcdef"], map=letter, partitions=4)
    assert [key for key, _ in entries(job)] == ["d", "a", "e", "f", "c", "b"]
    assert {number for _, number in entries(job)} == {0}, "this_partition() is 0 in every map task"
    assert len(job.wait()) == 1
    assert stages(job) == [("map", "split"), ("map_shuffle", "group_node")]


def test_map_only_on_three_nodes_gives_three_urls():
    """One result for each node that holds some."""
    with Disco(nodes=3, dialect=V05) as disco:
        job = disco.new_job(name="m", input=[f"raw://{one}" for one in "abcdef"], map=letter, partitions=4)
        assert len(job.wait()) == 3
        assert sorted(key for key, _ in entries(job)) == list("abcdef")


@pytest.mark.parametrize(
    ("partitions", "grouping"), [(1, "group_all"), (2, "group_label"), (None, "group_all"), (0, "group_all")]
)
def test_shape_of_map_and_reduce(disco, partitions, grouping):
    """One reduce of everything up to one partition, else one a label."""
    job = disco.new_job(name="x", input=[], map=words, reduce=worker.sum_reduce, partitions=partitions)
    assert stages(job) == [("map", "split"), ("map_shuffle", "group_node"), ("reduce", grouping)]


def test_reduce_shuffle_joins_results_by_node():
    """reduce_shuffle=True adds a stage that leaves one result a node."""
    with Disco(nodes=2, dialect=V05) as disco:
        job = disco.new_job(
            name="x",
            input=["raw://a b c d", "raw://e f g"],
            map=words,
            reduce=worker.sum_reduce,
            partitions=7,
            reduce_shuffle=True,
        )
        assert sorted(entries(job)) == [(one, 1) for one in "abcdefg"]
        assert stages(job)[-1] == ("reduce_shuffle", "group_node")
        assert len(job.wait()) == 2


def test_nothing_emitted_is_nothing_reduced(disco):
    """Without data no reduce runs, even one that would yield a constant; the job is ready with no results."""
    job = disco.new_job(
        name="x", input=["raw://", "raw://a"], map=lambda e, p: [], reduce=lambda it, p: [("n", len(list(it)))]
    )
    assert job.wait() == []
    assert disco.new_job(name="x", input=[], map=words).wait() == []


def test_neither_map_nor_reduce_gives_the_inputs(disco):
    """Such a job is ready at once, and its results are its inputs."""
    assert disco.new_job(name="x", input=["raw://a"]).wait() == ["raw://a"]


def test_reduce_only_keeps_labels_of_maps_and_not_of_reduces(disco):
    """Over map-only results a reduce-only job has a task a label; over reduced ones a single task."""
    mapped = disco.new_job(name="m", input=["raw://a b c d"], map=words, partitions=3)
    job = disco.new_job(name="r", input=mapped.wait(), reduce=worker.sum_reduce, partitions=3)
    assert sorted(entries(job)) == [(one, 1) for one in "abcd"]
    labels = {worker.default_partition(one, 3, None) for one in "abcd"}
    assert job.tasks.partition.tolist() == sorted(labels)
    again = disco.new_job(name="r", input=job.wait(), reduce=worker.sum_reduce, partitions=3)
    assert sorted(entries(again)) == [(one, 1) for one in "abcd"]
    assert len(again.tasks) == 1


def test_any_partition_is_a_label(disco):
    """int() of what a partition function says is a label, in range or not, and text and bytes keys share partitions."""
    answers = {"a": "1", "b": 1.9, "c": 7, "d": -1}
    job = disco.new_job(
        name="x",
        input=["raw://a b c d"],
        map=words,
        partition=lambda key, n, params: params[key],
        params=answers,
        partitions=2,
        reduce=lambda it, p: [(this_partition(), sorted(key for key, _ in it))],
    )
    assert entries(job) == [(-1, ["d"]), (1, ["a", "b"]), (7, ["c"])]


def test_partition_function_is_not_called_without_partitions(disco):
    """With partitions=0 nobody asks for a partition."""
    job = disco.new_job(name="x", input=["raw://a"], map=words, partition=lambda k, n, p: 1 / 0, partitions=0)
    assert entries(job) == [("a", 1)]


def test_combiner_ends_where_data_went(disco):
    """The combiner's last call is made for partitions that got a pair; values of any kind that pickle."""

    def combiner(key, value, buffer, done, params):
        if done:
            return [("done", sorted(buffer))]
        buffer[key] = value
        return None

    job = disco.new_job(name="x", input=["raw://a b c"], map=words, combiner=combiner, partitions=20)
    n_partitions = len({worker.default_partition(one, 20, None) for one in "abc"})
    assert len(entries(job)) == n_partitions
    assert sorted(key for _, keys in entries(job) for key in keys) == ["a", "b", "c"]


@pytest.mark.parametrize("key", [1, (1, "a"), None, 2.5])
def test_keys_that_the_real_one_cannot_partition(disco, key):
    """Keys of other types than text and bytes are partitioned and sorted, unlike in 0.5.4."""
    job = disco.new_job(
        name="x",
        input=["raw://a"],
        map=lambda e, params: [(params[0], 1)],
        params=[key],
        partitions=3,
        sort=True,
        reduce=worker.sum_reduce,
    )
    assert entries(job) == [(key, 1)]


# Inputs


def test_inputs_that_are_not_there(disco):
    """A missing tag is no input, also as a bare name; a missing file is tried again until the job dies."""
    with pytest.warns(RuntimeWarning, match="input 'nothing' is no input"):
        assert disco.new_job(name="x", input=["tag://nothing", "nothing"], map=words).wait() == []
    job = disco.new_job(name="x", input=["/no/such/file"], map=words)
    with pytest.raises(JobError, match="Status dead"):
        job.wait()
    assert len(job.tasks) == V05.max_failures + 1
    assert "No such file" in job.tasks.reason.iloc[0]


def test_replicas_that_are_not_there(disco, texts):
    """The next replica is read when one is missing."""
    job = disco.new_job(name="x", input=[["/no/such/file", texts[0]]], map=lambda line, p: [(line, 1)])
    assert len(entries(job)) == 2


def test_unknown_scheme_fails_in_its_task(disco):
    """A scheme nobody knows is looked for as a module, in the task; the job dies of not finding it."""
    job = disco.new_job(name="x", input=["foo://bar"], map=words)
    with pytest.raises(JobError, match="ModuleNotFoundError"):
        job.wait()


def test_file_urls_with_a_whole_path(disco, texts):
    """file:///path works, unlike in 0.5.4."""
    assert len(entries(disco.new_job(name="x", input=[f"file://{texts[0]}"], map=words))) == 6


def test_this_inputs_are_lists_of_replicas(disco):
    """Every input is a list of its replicas."""
    job = disco.new_job(name="x", input=["raw://a"], map=lambda e, p: [(str(this_inputs()), 1)])
    assert entries(job) == [("[['raw://a']]", 1)]


def test_required_files_are_in_lib(disco, texts):
    """Files given by their paths are in lib/, those of a dict where it says."""

    def reads(entry, path):
        with open(path) as file:
            yield file.readline(), 1

    for files, path in ((texts, "lib/in1"), ({"deep/er/in1": b"the cat sat\n"}, "deep/er/in1")):
        job = disco.new_job(name="x", input=["raw://a"], map=reads, params=path, required_files=files)
        assert entries(job) == [("the cat sat\n", 1)]


# What functions see


CONSTANT = 3


def helper(entry):
    return entry


def test_module_names_are_not_there(disco):
    """What a function takes from its module is a NameError in the task, but modules are found."""

    def uses_constant(entry, params):
        return [(entry, CONSTANT)]

    def uses_helper(entry, params):
        return [(helper(entry), 1)]

    def uses_module(entry, params):
        return [(os.path.basename(entry), 1)]

    for function in (uses_constant, uses_helper):
        job = disco.new_job(name="x", input=["raw://a/b"], map=function)
        with pytest.raises(JobError) as caught:
            job.wait()
        assert isinstance(caught.value.__cause__, NameError)
    assert entries(disco.new_job(name="x", input=["raw://a/b"], map=uses_module)) == [("b", 1)]


def test_closures_fail_in_the_task(disco):
    """A closure cannot be made anew from its code alone; lambdas without one can."""
    outer = 3

    def closure(entry, params):
        return [(entry, outer)]

    with pytest.raises(JobError, match="closure"):
        disco.new_job(name="x", input=["raw://a"], map=closure).wait()


def test_missing_module_is_told_at_submission(disco):
    """required_modules are found when the job is submitted."""
    with pytest.raises(ModUtilImportError):
        disco.new_job(name="x", input=["raw://a"], map=words, required_modules=["no_such_module"])


def test_unknown_arguments_are_ignored(disco):
    """A parameter that nobody knows does nothing, also within scheduler."""
    job = disco.new_job(name="x", input=["raw://a"], map=words, bogus=3, scheduler={"strange": 1})
    assert entries(job) == [("a", 1)]


def test_names_with_a_space(disco):
    """A job's name may have spaces, but no slash and no dot."""
    assert entries(disco.new_job(name="my job!", input=["raw://a"], map=words)) == [("a", 1)]
    for name in ("x.y", "a/b"):
        with pytest.raises(DiscoError, match="invalid prefix"):
            disco.new_job(name=name, input=["raw://a"], map=words)


# Out-of-band results


def put_all(entry, params):
    for key, value in params:
        put(key, value)
    yield entry, 1


def test_last_put_wins(disco):
    """A key may be put again: within a task the last one counts, among tasks the one that ends last."""
    job = disco.new_job(name="x", input=["raw://a"], map=put_all, params=[("k", b"one"), ("k", b"two")])
    job.wait()
    assert (job.oob_list(), job.oob_get("k")) == (["k"], b"two")

    def own(entry, params):
        put("k", entry.encode())
        yield get("k"), 1

    job = disco.new_job(name="x", input=["raw://a", "raw://b", "raw://c"], map=own)
    assert entries(job) == [(b"c", 1), (b"b", 1), (b"a", 1)], "each task sees its own at once"
    assert job.oob_get("k") == b"a"


def test_values_are_bytes(disco):
    """bytes, bytearrays and None are taken, text and numbers are not."""
    given = [("a", b"x"), ("b", bytearray(b"y")), ("c", b""), ("d", None)]
    job = disco.new_job(name="x", input=["raw://a"], map=put_all, params=given)
    job.wait()
    assert [job.oob_get(key) for key, _ in given] == [b"x", b"y", b"", b""]
    for value in ("text", 1):
        with pytest.raises(JobError, match="a bytes-like object is required") as caught:
            disco.new_job(name="x", input=["raw://a"], map=put_all, params=[("k", value)]).wait()
        assert isinstance(caught.value.__cause__, TypeError)


@pytest.mark.parametrize("key", ["a/b", "a b", "é", "", 3, None, b"k", "k\n", "x" * 512])
def test_keys_with_wrong_characters(disco, key):
    """A key that is no text of valid characters ends the job."""
    with pytest.raises(JobError, match="OOB key contains invalid characters"):
        disco.new_job(name="x", input=["raw://a"], map=put_all, params=[(key, b"")]).wait()


def test_long_keys_are_kept(disco):
    """Keys of more than the documented 256 characters are stored under their own name, unlike in 0.5.4."""
    job = disco.new_job(name="x", input=["raw://a"], map=put_all, params=[("k" * 511, b"v")])
    job.wait()
    assert job.oob_get("k" * 511) == b"v"


def test_missing_keys(disco):
    """A missing key is None once the job has any result, and bad data before: the task is tried again."""

    def asks(it, params):
        yield get("here"), get("missing")

    job = disco.new_job(name="x", input=["raw://a"], map=put_all, params=[("here", b"1")], reduce=asks)
    assert entries(job) == [(b"1", None)]
    with pytest.raises(JobError, match="Tag not found"):
        disco.new_job(name="x", input=["raw://a"], map=put_all, params=[], reduce=asks).wait()


def test_a_task_sees_its_own_results_at_once(disco):
    """Its own put is there for a map task, and with it a missing key is None."""

    def own(entry, params):
        put("k", b"T")
        yield get("k"), get("missing")

    assert entries(disco.new_job(name="x", input=["raw://a"], map=own)) == [(b"T", None)]


def test_get_of_another_job(disco):
    """Another finished job can be named, as in generation A; what it lacks is None."""
    first = disco.new_job(name="x", input=["raw://a"], map=put_all, params=[("k", b"v")])
    first.wait()
    job = disco.new_job(
        name="y",
        input=["raw://a"],
        map=lambda e, other: [(get("k", other), get("none", other))],
        params=first.name,
    )
    assert entries(job) == [(b"v", None)]


def test_the_documented_limit_holds(disco):
    """Every version documents 1000 put() calls a task, so the next one fails."""
    job = disco.new_job(name="x", input=["raw://a"], map=put_all, params=[("k", b"")] * 1001)
    with pytest.raises(JobError) as caught:
        job.wait()
    assert isinstance(caught.value.__cause__, OOBLimitError)


def test_debugged_runs_see_what_they_saw(disco):
    """A run that is looked at later sees the value that was the latest when it started."""

    def late(entry, params):
        import time

        time.sleep(float(entry))
        put("k", entry.encode())
        yield entry, 1

    def reads(it, params):
        yield "seen", get("k")

    job = disco.new_job(name="x", input=["raw://1", "raw://2"], map=late, reduce=reads)
    assert entries(job) == [("seen", b"2")]
    view = disco.cluster.work(job.name, "reduce", 0, 0).store
    assert view.latest_oob("k") == b"2"
    early = disco.cluster.work(job.name, "map", 0, 0).store
    with pytest.raises(DiscoError, match="Tag not found"):
        early.latest_oob("k")


# Failures and messages


def test_exits_are_tried_again(disco):
    """sys.exit and os._exit end a worker, not the job: the task is tried again."""

    def leaves(entry, params):
        import os
        import sys

        sys.exit(3) if params == "sys" else os._exit(4)

    for way, code in (("sys", 3), ("os", 4)):
        job = disco.new_job(name="x", input=["raw://a"], map=leaves, params=way)
        with pytest.raises(JobError, match=f"exit code: {code}"):
            job.wait()
        assert len(job.tasks) == V05.max_failures + 1


def test_other_errors_end_the_job_at_once(disco):
    """An exception that is no data error is not tried again."""
    job = disco.new_job(name="x", input=["raw://a"], map=lambda e, p: 1 / 0)
    with pytest.raises(JobError, match="ZeroDivisionError"):
        job.wait()
    assert len(job.tasks) == 1


@pytest.mark.parametrize(("n_lines", "is_ready"), [(8, True), (9, False), (30, False)])
def test_printing_too_much_ends_the_job(disco, n_lines, is_ready, capsys):
    """With the line that says that a task is done, the tenth line within a second of it is fatal."""

    def prints(entry, params):
        for number in range(params):
            print(number)
        yield entry, 1

    job = disco.new_job(name="x", input=["raw://a"], map=prints, params=n_lines)
    if is_ready:
        assert entries(job) == [("a", 1)]
    else:
        with pytest.raises(JobError, match="Worker is behaving badly"):
            job.wait()


def test_nothing_is_left_of_a_task_that_prints_too_much(disco, capsys):
    """A task that ends by its last line, sent when it is over, leaves no trace, and its own error goes first."""

    def prints(entry, params):
        import os
        import sys

        os.environ["LEFT"] = sys.argv = "left"
        sys.path.insert(0, "/left")
        open("left", "w").close()
        for number in range(8):
            print(number)
        print("without an end", end="")
        if entry == "fails":
            raise ValueError("my own error")
        yield entry, len(os.listdir())

    before = os.getcwd(), sys.path[:], sys.argv[:], sys.meta_path[:]
    with pytest.raises(JobError, match="Worker is behaving badly"):
        disco.new_job(name="x", input=["raw://a"], map=prints).wait()
    assert (os.getcwd(), sys.path, sys.argv, sys.meta_path) == before
    assert "LEFT" not in os.environ
    with pytest.raises(JobError, match="my own error"):
        disco.new_job(name="x", input=["raw://fails"], map=prints).wait()
    assert entries(disco.new_job(name="x", input=["raw://a"], map=lambda e, p: [(e, __import__("os").listdir())])) == [
        ("a", [])
    ]


def test_warnings_of_replicas_are_no_lines_of_the_task():
    """Many replicas that cannot be read are told, and do not end the job."""
    with Disco(nodes=2, dialect=V05) as disco:
        disco.ddfs.chunk("t", [[f"raw://line {number}"] for number in range(20)], replicas=2)
        disco.faults.kill("node01")
        job = disco.new_job(name="r", input=["tag://t"], reduce=lambda it, p: [("n", sum(1 for _ in it))])
        assert entries(job) == [("n", 20)]


def test_printing_slowly_is_fine(disco, capsys):
    """A line now and then is no trouble: a task's own sleep counts as time."""

    def prints(entry, params):
        import time

        for number in range(30):
            print(number)
            time.sleep(0.5)
        yield entry, 1

    assert entries(disco.new_job(name="x", input=["raw://a"], map=prints)) == [("a", 1)]


def test_saved_results_have_their_own_tag(disco):
    """save_results=True keeps the results under disco:results:JOB."""
    job = disco.new_job(name="x", input=["raw://a"], map=words, reduce=worker.sum_reduce, save_results=True)
    assert job.wait() == [f"tag://disco:results:{job.name}"]
    assert entries(job) == [("a", 1)]


def test_steps_go_through_the_shuffle(disco):
    """The stepper tells of which map task each pair of a reduce is, though a shuffle has joined them."""
    job = disco.new_job(name="x", input=["raw://a b", "raw://b c"], map=words, reduce=worker.sum_reduce, partitions=2)
    job.wait()
    told = traced_steps(disco.cluster, JobState.of(disco.cluster.log, job.name), 100)["steps"]
    taken = [(step["pair"][0], step["from"]) for step in told if step["kind"] == "take"]
    assert sorted(taken) == [("'a'", "map:1"), ("'b'", "map:0"), ("'b'", "map:1"), ("'c'", "map:0")]


def test_explanation_skips_the_shuffle(disco):
    """explain() names the reduce task that reads a key, and the maps it came from."""
    job = disco.new_job(name="x", input=["raw://a b"], map=words, reduce=worker.sum_reduce, partitions=2)
    job.wait()
    told = job.explain("a")
    assert told.run == "reduce:0"
    assert told.from_tasks == (("map:0", "localhost", 1),)
    assert job.explain("zz").run == "", "no key of that partition was there"


# Labels in tables and pictures


@pytest.mark.parametrize("save", [False, True])
def test_output_has_the_labels_of_the_data(disco, save):
    """A partition without data has no result, and those behind it keep their labels; so do those in one URL."""
    job = disco.new_job(
        name="x", input=["raw://a", "raw://b"], map=words, reduce=worker.sum_reduce, partitions=3, save_results=save
    )
    job.wait()
    assert job.output().partition.tolist() == job.partitions.query("stage == 'reduce'").partition.tolist() * 2 == [1, 1]
    job = disco.new_job(name="x", input=["raw://a the x", "raw://b"], map=words, partitions=3)
    assert len(job.wait()) == 1
    frame = job.output()
    expected = [worker.default_partition(key, 3, None) for key in frame.key]
    assert frame.partition.tolist() == expected and len(set(expected)) > 1


def md5_of(key, n, params):
    from hashlib import md5

    return int(md5(key.encode()).hexdigest(), 16)


def test_labels_of_more_than_64_bits_are_shown(disco, tmp_path):
    """Every table and view has a label of any size as it is; a frame's column is then `object`."""
    parameters = {"input": ["raw://a b", "raw://b"], "map": words, "reduce": worker.sum_reduce, "partitions": 3}
    job = disco.new_job(name="x", **parameters, partition=md5_of)
    job.wait()
    labels = sorted({md5_of("a", 3, None), md5_of("b", 3, None)})
    assert labels[0] > 2**64
    frames = job.tasks.query("stage == 'reduce'"), job.partitions, job.shuffle, job.output(), job.flow().frame()
    for frame in (*frames, job.at(10.0).partitions, job.at(10.0).tasks.query("stage == 'reduce'")):
        assert sorted(set(frame.partition)) == labels and frame.partition.dtype == "object"
    assert job.flow().matrix().columns.tolist() == labels
    assert job.explain("a").partition == md5_of("a", 3, None) and job.explain("a").run
    assert str(labels[0]) in job.flow()._repr_mimebundle_()["text/plain"]
    assert "text/html" in job._repr_mimebundle_() and job.view() is job.view()
    assert job.report(tmp_path / "job.html")
    told = traced_steps(disco.cluster, JobState.of(disco.cluster.log, job.name), 100)
    assert told["partitions"] == [0, 1, 2, *map(str, labels)], "as text, which no page rounds"
    assert {step["partition"] for step in told["steps"] if step["kind"] == "pair"} == set(map(str, labels))


def test_the_stepper_has_a_bin_for_every_label(disco):
    """A label outside the range of partitions, which is fine here, has its own place in the stepper."""
    job = disco.new_job(
        name="x", input=["raw://a b"], map=words, combiner=worker.sum_combiner, partitions=2,
        partition=lambda key, n, params: str(n + 5) if key == "a" else -1.9,
    )  # fmt: skip
    job.wait()
    told = traced_steps(disco.cluster, JobState.of(disco.cluster.log, job.name), 100)
    assert (told["partitions"], told["n_partitions"]) == ([-1, 0, 1, 7], 2)
    placed = [(step["kind"], step["partition"]) for step in told["steps"] if "partition" in step]
    assert placed == [("pair", 7), ("pair", -1), ("combine", -1), ("combine", 7)]


def test_explanation_takes_any_label(disco):
    """explain() has the rule of the dialect: any whole number is a label, and what is none is told, not raised."""
    parameters = {"input": ["raw://a"], "map": words, "partitions": 2}
    job = disco.new_job(name="x", **parameters, partition=lambda key, n, params: "7")
    job.wait()
    assert (job.explain("a").partition, len(job.explain("a").from_tasks)) == (7, 1)
    job = disco.new_job(name="x", **parameters, partition=lambda key, n, params: None)
    told = job.explain("a")
    assert told.partition is None and "'<lambda>' gave None for key 'a'" in told.why


def test_what_is_no_label_is_told_with_function_and_key(disco):
    """A partition function whose answer int() refuses ends the job with a PartitionError that names all three."""
    for answer, shown in ((None, "gave None"), ("x", "gave 'x'"), (float("inf"), "gave inf"), (10**5000, "too large")):
        job = disco.new_job(
            name="x", input=["raw://a"], map=words, partitions=2, params=answer, partition=lambda key, n, params: params
        )
        with pytest.raises(JobError) as caught:
            job.wait()
        assert isinstance(caught.value.__cause__, PartitionError)
        assert shown in str(caught.value.__cause__) and "for key 'a'" in str(caught.value.__cause__)


def test_the_flow_opens_on_what_reduce_reads(disco):
    """By default the flow is that of the shuffle's output, of which partitions are at one host each; or of map's."""
    job = disco.new_job(name="x", input=["raw://a b c"], map=words, reduce=worker.sum_reduce, partitions=3)
    while job.status == "active":
        stage = job.flow().stage
        assert stage in ("map", "map_shuffle")
        disco.step()
    flow = job.flow()
    assert (flow.stage, flow.reader) == ("map_shuffle", "reduce")
    assert set(flow.frame().host) == {"localhost"}
    assert job.flow(stage="map").reader == "map_shuffle"
    job = disco.new_job(name="x", input=["raw://a b c"], map=words, partitions=3)
    job.wait()
    assert job.flow().stage == "map"


def test_a_name_that_is_neither_file_nor_tag(disco):
    """A name that cannot be a tag is told to be no file either; one that could be is no input, with a warning."""
    with pytest.raises(InvalidTag, match=r"no file of that name.*'\./nosuch\.txt'"):
        disco.new_job(name="x", input=["nosuch.txt"], map=words)
    with pytest.warns(RuntimeWarning, match=r"neither a file of that name here nor a tag.*'\./nosuch'"):
        assert disco.new_job(name="x", input=["nosuch"], map=words).wait() == []
    disco.ddfs.tag("empty", [])
    assert disco.new_job(name="x", input=["empty"], map=words).wait() == [], "an empty tag is there"


def test_names_that_are_no_text(disco):
    """raw:// takes what os.listdir gives for a name that is no UTF-8, and gives it back."""
    job = disco.new_job(name="x", input=["raw://a\udc80b"], map=lambda line, params: [(line, 1)])
    assert entries(job) == [("a\udc80b", 1)]


@pytest.mark.parametrize("reader", [chain_reader, old_netstr_reader, object_reader, gzip_reader, gzip_line_reader])
def test_readers_of_bytes_refuse_text(disco, reader):
    """A reader of bytes over raw://, which is text here, ends the job and says what to do; no text is no records."""
    job = disco.new_job(name="x", input=["raw://a b"], map=words, map_reader=reader)
    with pytest.raises(JobError, match=r"raw://a b gives text .*leave the reader out") as caught:
        job.wait()
    assert type(caught.value.__cause__) is DiscoError
    assert list(chain_reader(io.StringIO(""), 0, "raw://")) == []
