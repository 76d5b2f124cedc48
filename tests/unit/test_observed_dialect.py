"""Jobs in the dialect of Disco 0.5.4: plans, order, partitions, OOB results and failures, as they were observed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from disco_sim import Disco, result_iterator
from disco_sim.client.stepping import traced_steps
from disco_sim.error import DiscoError, JobError, ModUtilImportError, OOBLimitError
from disco_sim.model.dialect import V05
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
    view = disco.cluster.archive.work(job.name, "reduce", 0, 0).store
    assert view.latest_oob("k") == b"2"
    early = disco.cluster.archive.work(job.name, "map", 0, 0).store
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
