"""The mission's own document on the worker's environment, sentence by sentence, as rules that jobs are held to."""

from __future__ import annotations

import pytest

from disco_sim import Disco, JobError, Params, func, result_iterator
from disco_sim.error import DataError, DiscoError, OOBKeyError, OOBLimitError, OOBVisibilityError
from disco_sim.node import worker

DOCUMENTED = ("put", "get", "this_partition", "this_host", "this_master", "this_inputs")
MORE = ("this_name", "msg", "err", "data_err")


@pytest.fixture
def disco():
    with Disco(nodes=3, slots=2) as disco:
        yield disco


def one(line, params):
    yield line, 1


def count(pairs, params):
    yield "n", sum(1 for _ in pairs)


def run(disco, map=one, **parameters):
    """A job that has been waited for; one input unless told."""
    job = disco.new_job(name="job", map=map, **{"input": ["raw://a"], **parameters})
    job.wait()
    return job


def death(disco, map=one, **parameters):
    """The exception of a job function that ended its job."""
    with pytest.raises(JobError) as caught:
        run(disco, map, **parameters)
    return caught.value.__cause__


# -- "Disco master runs disco.node.worker to execute map and reduce functions for a Disco job." ----------------------


def test_functions_run_in_the_workers_module(disco):
    """Map and reduce run with the namespace of disco_sim.node.worker, not with that of the notebook."""

    def fun_map(line, params):
        yield "map", globals()["__name__"]

    def fun_reduce(pairs, params):
        yield from pairs
        yield "reduce", globals()["__name__"]

    job = run(disco, fun_map, reduce=fun_reduce)
    assert dict(result_iterator(job.wait())) == {"map": worker.__name__, "reduce": worker.__name__}


# -- "As job functions are imported to the disco.node.worker namespace for execution, they can use functions in this
#    module directly without importing the module explicitly." ------------------------------------------------------


def all_map(line, params):
    put(f"map:{this_partition()}", get("greeting", params.earlier) + str(set(params.names) - set(globals())))
    yield line, this_host()


def all_map_init(records, params):
    put(f"map_init:{this_partition()}", get("greeting", params.earlier) + str(set(params.names) - set(globals())))


def all_map_reader(stream, size, url, params):
    put(f"map_reader:{this_partition()}", get("greeting", params.earlier) + str(set(params.names) - set(globals())))
    for line in stream:
        yield line.decode()


def all_map_input_stream(stream, size, url, params):
    put(
        f"map_input_stream:{this_partition()}",
        get("greeting", params.earlier) + str(set(params.names) - set(globals())),
    )
    return stream, size, url


def all_map_output_stream(stream, partition, url, params):
    if partition == 0:
        key = f"map_output_stream:{this_partition()}"
        put(key, get("greeting", params.earlier) + str(set(params.names) - set(globals())))
    return stream, url


def all_combiner(key, value, buffer, done, params):
    if done:
        return buffer.items()
    put(f"combiner:{this_partition()}", get("greeting", params.earlier) + str(set(params.names) - set(globals())))
    buffer[key] = value
    return None


def all_partition(key, n, params):
    put(f"partition:{this_partition()}", get("greeting", params.earlier) + str(set(params.names) - set(globals())))
    return 0


def all_reduce(pairs, out, params):
    put("reduce:0", get("greeting", params.earlier) + str(set(params.names) - set(globals())))
    for key, value in pairs:
        out.add(key, value)


def all_reduce_init(pairs, params):
    put("reduce_init:0", get("greeting", params.earlier) + str(set(params.names) - set(globals())))


def all_reduce_reader(stream, size, url, params):
    put("reduce_reader:0", get("greeting", params.earlier) + str(set(params.names) - set(globals())))
    yield from chain_reader(stream, size, url, params)


def all_reduce_input_stream(stream, size, url, params):
    put("reduce_input_stream:0", get("greeting", params.earlier) + str(set(params.names) - set(globals())))
    return stream, size, url


def all_reduce_output_stream(stream, partition, url, params):
    put("reduce_output_stream:0", get("greeting", params.earlier) + str(set(params.names) - set(globals())))
    return stream, url


KINDS = (
    "map", "map_init", "map_reader", "map_input_stream", "map_output_stream", "combiner", "partition",
    "reduce", "reduce_init", "reduce_reader", "reduce_input_stream", "reduce_output_stream",
)  # fmt: skip


@pytest.fixture(scope="module")
def everywhere():
    """The OOB results of a job whose twelve functions each call put, get and this_partition."""

    def greet(line, params):
        put("greeting", "hello ")
        yield line, 1

    with Disco(nodes=1) as disco:
        earlier = run(disco, greet)
        job = run(
            disco,
            all_map,
            map_init=all_map_init,
            map_reader=all_map_reader,
            map_input_stream=(func.map_input_stream, all_map_input_stream),
            map_output_stream=(func.map_output_stream, all_map_output_stream, func.disco_output_stream),
            combiner=all_combiner,
            partition=all_partition,
            partitions=1,
            reduce=all_reduce,
            reduce_init=all_reduce_init,
            reduce_reader=all_reduce_reader,
            reduce_input_stream=(func.reduce_input_stream, all_reduce_input_stream),
            reduce_output_stream=(func.reduce_output_stream, all_reduce_output_stream, func.disco_output_stream),
            params=Params(earlier=earlier.name, names=[*DOCUMENTED, *MORE, "kvgroup", *func.__all__]),
        )
        yield dict(job.oob)


@pytest.mark.parametrize("kind", KINDS)
def test_every_job_function_has_the_names(everywhere, kind):
    """put, get and the rest are there without import in every kind of job function, and so is all of func."""
    assert everywhere[f"{kind}:0"] == "hello set()"


def test_no_kind_is_forgotten():
    """The kinds above are all parameters of a job that are functions and run in a task."""
    from disco_sim.client.arguments import defaults

    functions = {name for name in defaults() if name.startswith(("map", "reduce", "combiner", "partition"))}
    others = {"partitions", "map_writer", "reduce_writer", "map_shuffle", "reduce_shuffle"}
    assert functions - others == set(KINDS)


def test_names_can_be_imported_too(disco):
    """A job function that imports disco_sim.node.worker gets the very functions that it has without import."""

    def fun_map(line, params):
        from disco_sim.node import worker as imported

        yield line, [getattr(imported, name) is globals()[name] for name in params.names]

    names = [*DOCUMENTED, *MORE]
    job = run(disco, fun_map, params=Params(names=names))
    assert list(result_iterator(job.wait())) == [("a", [True] * len(names))]


def test_imported_functions_work_in_a_task(disco):
    """put and get imported from disco_sim.node.worker inside a job function do what the bare ones do."""

    def fun_map(line, params):
        from disco_sim.node.worker import put as imported_put

        imported_put("k", this_name())
        yield line, 1

    def fun_reduce(pairs, params):
        from disco_sim.node.worker import get as imported_get

        yield "k", imported_get("k")

    job = run(disco, fun_map, reduce=fun_reduce)
    assert list(result_iterator(job.wait())) == [("k", job.name)]


def test_a_notebooks_name_does_not_reach_the_task(disco):
    """What the notebook calls put is not what a job function gets; submitting it says so."""
    glob = {}
    exec(
        "def put(key, value): raise AssertionError\ndef fun(line, params):\n    put('k', 'v')\n    yield line, 1", glob
    )
    with pytest.warns(RuntimeWarning, match="which the notebook defines too"):
        job = disco.new_job(name="job", input=["raw://a"], map=glob["fun"])
    job.wait()
    assert job.oob_get("k") == "v"


# -- "In addition to standard input and output streams, map and reduce tasks can output results through an auxiliary
#    channel called out-of-band results (OOB)." ---------------------------------------------------------------------


def test_oob_is_beside_the_output(disco):
    """Map and reduce tasks put results beside their output; what is put is in no output and the other way round."""

    def fun_map(line, params):
        put("from-map", "1")
        yield line, 1

    def fun_reduce(pairs, params):
        put("from-reduce", "2")
        yield from pairs

    job = run(disco, fun_map, reduce=fun_reduce)
    assert dict(job.oob) == {"from-map": "1", "from-reduce": "2"}
    assert list(result_iterator(job.wait())) == [("a", 1)]


# -- "In contrast to the standard output stream, which is sequential, OOB results can be accessed by unique keys." ---


def test_output_is_sequential_and_oob_is_keyed(disco):
    """Output keeps its order and may repeat a pair; an OOB result is found by its key alone, which is unique."""

    def fun_map(line, params):
        for letter in ("b", "a", "b"):
            yield letter, 1
        put("b", "of b")
        put("a", "of a")

    job = run(disco, fun_map)
    assert list(result_iterator(job.wait())) == [("b", 1), ("a", 1), ("b", 1)]
    assert job.oob["a"] == "of a"
    assert sorted(job.oob) == ["a", "b"]


def test_a_key_put_twice_ends_the_job(disco):
    """Keys are unique: a second put of a key in one run fails at the put."""

    def fun_map(line, params):
        put("k", "1")
        put("k", "2")
        yield line, 1

    error = death(disco, fun_map)
    assert "'k' was put twice by task map:0" in str(error)
    assert error.key == "k"


# -- "Out-of-band results should not be used as a substitute for the normal output stream. Each OOB key-value pair is
#    saved to an individual file ..." -------------------------------------------------------------------------------


def test_each_result_is_kept_by_itself(disco):
    """Every OOB pair is stored as a thing of its own, with its own size and origin, never packed with others."""

    def fun_map(line, params):
        put(f"short:{this_partition()}", "x")
        put(f"long:{this_partition()}", b"y" * 1000)
        yield line, 1

    frame = run(disco, fun_map, input=["raw://a", "raw://b"]).oob.frame()
    sizes = {key: (size, task) for key, size, task in zip(frame["key"], frame["size"], frame["task"], strict=True)}
    assert sizes == {"short:0": (1, 0), "long:0": (1000, 0), "short:1": (1, 1), "long:1": (1000, 1)}


# -- "... OOB results are mainly suitable, e.g for outputting statistics and other metadata ..." ----------------------


def test_statistics_about_the_output(disco):
    """A task can put a statistic when its output is done, from the very last thing it does."""

    def fun_reduce(pairs, params):
        n = 0
        for pair in pairs:
            n += 1
            yield pair
        put(f"records:{this_partition()}", str(n))

    job = run(disco, input=["raw://a", "raw://b", "raw://c"], reduce=fun_reduce, partitions=2)
    assert sum(int(value) for value in job.oob.values()) == 3
    assert sorted(job.oob) == ["records:0", "records:1"]


# -- "... each is allowed to output 1000 results (put() calls) at maximum." ------------------------------------------


def puts(line, params):
    for number in range(params.n):
        put(f"{this_partition()}:{number}", "")
    yield line, 1


def test_1000_results_are_allowed(disco):
    """A task may put exactly 1000 results, and each task has its own 1000."""
    assert len(run(disco, puts, input=["raw://a", "raw://b"], params=Params(n=1000)).oob) == 2000


def test_the_1001st_result_ends_the_job(disco):
    """The 1001st put of one run is an error that names the limit and the way out, and nothing of it is kept."""
    error = death(disco, puts, params=Params(n=1001))
    assert isinstance(error, OOBLimitError)
    assert error.limit == 1000
    assert "1001" in str(error)
    assert "normal output" in str(error)
    assert disco.joblist()[0][1] == "dead"
    assert len(disco.oob[disco.joblist()[0][2]]) == 0


def test_all_functions_of_a_run_count_together(disco):
    """The limit is of a run of a task: what init, partition and map put is counted together."""

    def init(records, params):
        for number in range(600):
            put(f"init:{number}", "")

    assert isinstance(death(disco, puts, map_init=init, params=Params(n=401)), OOBLimitError)
    assert len(run(disco, puts, map_init=init, params=Params(n=400)).oob) == 1000


def test_calls_count_and_not_keys(disco):
    """It is calls that are counted: one that failed for its key and was caught counts like any other."""

    def fun_map(line, params):
        for number in range(999):
            put(f"{number}", "")
        import contextlib

        with contextlib.suppress(ValueError):
            put("0", "again")
        put("one-too-many", "")
        yield line, 1

    error = death(disco, fun_map)
    assert isinstance(error, OOBLimitError)
    assert error.key == "one-too-many"


def test_a_retry_starts_to_count_anew(disco):
    """A run that is tried again has 1000 results again."""

    def fun_map(line, params):
        for number in range(1000):
            put(f"{number}", this_host())
        if this_host() == "node01":
            raise OSError("a bad disk")
        yield line, 1

    job = run(disco, fun_map)
    assert len(job.oob) == 1000
    assert job.tasks["oob_puts"].tolist() == [1000, 1000]


def test_the_limit_can_be_set():
    """Disco(oob_limit=2) lets every run put two results."""
    with Disco(nodes=1, oob_limit=2) as disco:
        assert len(run(disco, puts, params=Params(n=2)).oob) == 2
        assert isinstance(death(disco, puts, params=Params(n=3)), OOBLimitError)


# -- "You can not use OOB results as a communication channel between concurrent tasks." ------------------------------


def test_no_channel_between_map_tasks(disco):
    """A map task cannot read what any map task of its job put, not even one that ended long ago."""

    def fun_map(line, params):
        if this_partition() == 0:
            put("k", "v")
        else:
            get("k")
        yield line, 1

    error = death(disco, fun_map, input=[f"raw://{number}" for number in range(7)])
    assert isinstance(error, OOBVisibilityError)
    assert "own stage" in str(error)


def test_no_channel_from_a_task_to_itself(disco):
    """A map task cannot even get what it put itself: it is not visible before the run ends well."""

    def fun_map(line, params):
        put("k", "v")
        yield line, get("k")

    assert isinstance(death(disco, fun_map), OOBVisibilityError)


def test_a_default_does_not_open_a_channel(disco):
    """get with a default in map is an error all the same, for the answer could only depend on timing."""

    def fun_map(line, params):
        yield line, get("k", default="")

    assert isinstance(death(disco, fun_map), OOBVisibilityError)


def test_no_channel_between_reduce_tasks():
    """A reduce task cannot read what another reduce task put, though that one ended before it started."""

    def fun_reduce(pairs, params):
        if this_partition() == 0:
            put("k", "v")
        else:
            get("k")
        yield from pairs

    with Disco(nodes=1, slots=1) as disco:
        error = death(disco, reduce=fun_reduce, partitions=2)
        assert isinstance(error, OOBVisibilityError)
        assert "task reduce:0 of the same stage" in str(error)


# -- "Concurrent tasks need to be independent to preserve desirable fault-tolerance and scheduling characteristics" --


@pytest.mark.parametrize("slots", [1, 2, 8])
def test_results_do_not_depend_on_which_tasks_run_at_once(slots):
    """With a default, a key of another reduce task is missing whether that task has run already or not."""

    def fun_reduce(pairs, params):
        put(f"k:{this_partition()}", "v")
        yield this_partition(), [get(f"k:{number}", default=None) for number in range(3)]

    with Disco(nodes=1, slots=slots) as disco:
        job = run(disco, reduce=fun_reduce, partitions=3)
        assert dict(result_iterator(job.wait())) == {number: [None] * 3 for number in range(3)}


# -- "However, in the reduce phase you can access OOB results produced in the preceding map phase." ------------------


def test_reduce_reads_what_map_put(disco):
    """Every reduce task can get what every map task put."""

    def fun_map(line, params):
        put(f"host:{this_partition()}", line)
        yield line, 1

    def fun_reduce(pairs, params):
        yield this_partition(), [get(f"host:{number}") for number in range(4)]

    job = run(disco, fun_map, input=[f"raw://{letter}" for letter in "abcd"], reduce=fun_reduce, partitions=2)
    assert dict(result_iterator(job.wait())) == {0: list("abcd"), 1: list("abcd")}


def test_a_key_that_map_did_not_put(disco):
    """Reduce gets an error with the keys that come near, or its default."""

    def fun_map(line, params):
        put("words:0", "v")
        yield line, 1

    def with_default(pairs, params):
        yield "k", get("word:0", default="none")

    def without(pairs, params):
        yield "k", get("word:0")

    job = run(disco, fun_map, reduce=with_default)
    assert list(result_iterator(job.wait())) == [("k", "none")]
    error = death(disco, fun_map, reduce=without)
    assert isinstance(error, OOBKeyError)
    assert error.near == ("words:0",)


# -- "Similarly you can access OOB results produced by other finished jobs, given a job name." -----------------------


def earlier_value(line, params):
    yield line, get("k", params.earlier)


def reduce_earlier_value(pairs, params):
    yield "k", get("k", params.earlier)


def put_k(line, params):
    put("k", "of another job")
    yield line, 1


def put_k_then_die(pairs, params):
    raise ValueError("after the map phase")


@pytest.mark.parametrize("functions", [{"map": earlier_value}, {"reduce": reduce_earlier_value}], ids=["map", "reduce"])
def test_results_of_a_finished_job_by_name(disco, functions):
    """Map and reduce tasks can get what another job put, by its name, once it has ended."""
    earlier = run(disco, put_k)
    job = run(disco, **functions, params=Params(earlier=earlier.name))
    assert [value for _, value in result_iterator(job.wait())] == ["of another job"]


def test_a_dead_job_has_finished_too(disco):
    """What the tasks of a dead job committed before it died can be read."""
    with pytest.raises(JobError):
        run(disco, put_k, reduce=put_k_then_die)
    job = run(disco, earlier_value, params=Params(earlier=disco.joblist()[0][2]))
    assert list(result_iterator(job.wait())) == [("a", "of another job")]


def test_another_job_by_the_job_itself():
    """get takes the Job instead of its name, where a job function has one."""
    with Disco(nodes=1, namespace="notebook") as disco:
        earlier = run(disco, put_k)

        def fun_map(line, params):
            yield line, get("k", earlier)

        assert list(result_iterator(run(disco, fun_map).wait())) == [("a", "of another job")]


def test_a_job_that_is_not_finished(disco):
    """Of a job that is still running nothing can be read, whatever it put already."""
    earlier = disco.new_job(name="slow", input=["raw://a"], map=put_k, reduce=slow_reduce)
    error = death(disco, earlier_value, params=Params(earlier=earlier.name))
    assert isinstance(error, OOBVisibilityError)
    assert "still running" in str(error)
    earlier.wait()
    run(disco, earlier_value, params=Params(earlier=earlier.name))


def slow_reduce(pairs, params):
    import time

    time.sleep(3600)
    yield from pairs


def test_a_job_that_is_unknown(disco):
    """The name of no job is an error that a default does not hide, with the name that comes near."""

    def fun_map(line, params):
        yield line, get("k", params.earlier, default="")

    run(disco, put_k)
    error = death(disco, fun_map, params=Params(earlier=disco.joblist()[0][2][:-1]))
    assert type(error) is DiscoError
    assert f"near it: '{disco.joblist()[1][2]}'" in str(error)


# -- "You can retrieve OOB results outside tasks using the disco.core.Disco.oob_list() and oob_get() functions." -----


def test_outside_tasks(disco):
    """oob_list gives the keys of a job, oob_get the value of a key, by the job's name or the job."""

    def fun_map(line, params):
        put(f"k:{this_partition()}", line)
        yield line, 1

    job = run(disco, fun_map, input=["raw://x", "raw://y"])
    assert sorted(disco.oob_list(job.name)) == sorted(disco.oob_list(job)) == sorted(job.oob_list()) == ["k:0", "k:1"]
    assert disco.oob_get(job.name, "k:1") == disco.oob_get(job, "k:1") == job.oob_get("k:1") == "y"


def test_outside_tasks_the_core_module_has_it():
    """Disco is in disco_sim.core, as the document has it."""
    from disco_sim import core

    assert core.Disco is Disco


@pytest.mark.parametrize("call", ["oob_get", "oob_list"])
def test_outside_tasks_an_unknown_job(disco, call):
    """oob_list and oob_get of a job that is not there say so."""
    with pytest.raises(DiscoError, match="there is no job 'nosuch@1:2:3'"):
        getattr(disco, call)("nosuch@1:2:3", *["k"] * (call == "oob_get"))


# -- "disco.node.worker.put(*args, **kwargs), disco.node.worker.get(*args, **kwargs)" --------------------------------


def test_put_and_get_take_keywords(disco):
    """Arguments of put and get can be given by name."""

    def fun_map(line, params):
        put(key="k", value=b"v")
        yield line, 1

    def fun_reduce(pairs, params):
        yield "k", [get(key="k"), get(key="k", job=this_name()), get(key="none", job=None, default=0)]

    assert list(result_iterator(run(disco, fun_map, reduce=fun_reduce).wait())) == [("k", [b"v", b"v", 0])]


# -- "For a map task, returns an integer between [0..nr_maps] that identifies the task. ... unique IDs ..." ----------


def test_map_ids(disco):
    """In map, this_partition() is an int from 0 to the number of map tasks - 1, another one in each task."""

    def fun_map(line, params):
        yield line, this_partition()

    inputs = [f"raw://{number}" for number in range(7)]
    for partitions in (None, 3):
        job = run(disco, fun_map, input=inputs, partitions=partitions)
        ids = [value for _, value in result_iterator(job.wait())]
        assert sorted(ids) == list(range(7))
        assert all(type(number) is int for number in ids)


def test_map_ids_stay_when_a_task_is_tried_again(disco):
    """A task keeps its id in every run of it, so a key made of it never clashes."""

    def fun_map(line, params):
        put(f"id:{this_partition()}", this_host())
        if this_host() == "node01":
            raise OSError
        yield line, this_partition()

    job = run(disco, fun_map, input=["raw://a", "raw://b", "raw://c"])
    assert {value for _, value in result_iterator(job.wait())} == {0, 1, 2}
    assert "node01" not in job.oob.values()
    assert job.oob.frame()["state"].tolist().count("dropped") == 1


# -- "For a reduce task, returns an integer between [0..partitions] that identifies this partition." -----------------


def test_partition_numbers(disco):
    """In reduce, this_partition() is the partition that the task reads: one task for each, from 0 to partitions - 1."""

    def fun_reduce(pairs, params):
        yield this_partition(), sorted(key for key, _ in pairs)

    job = run(disco, input=["raw://a", "raw://b", "raw://c"], reduce=fun_reduce, partitions=5)
    found = dict(result_iterator(job.wait()))
    assert sorted(found) == [0, 1, 2, 3, 4]
    for number, keys in found.items():
        assert [key for key in "abc" if func.default_partition(key, 5, None) == number] == keys


# -- "You can use a custom partitioning function to assign key-value pairs to a particular partition." ---------------


def test_a_custom_partitioning_function(disco):
    """The pairs of a key are reduced in the partition that the job's own function names for it."""

    def last_digit(key, nr_partitions, params):
        return int(key) % nr_partitions

    def fun_reduce(pairs, params):
        for key, _ in pairs:
            yield key, this_partition()

    inputs = [f"raw://{number}" for number in range(9)]
    job = run(disco, input=inputs, reduce=fun_reduce, partition=last_digit, partitions=3)
    assert dict(result_iterator(job.wait())) == {str(number): number % 3 for number in range(9)}


# -- "this_host(): Returns hostname of the node that executes the task currently." -----------------------------------


def test_this_host(disco):
    """this_host() is the node of this very run, in every run of the task."""

    def fun_map(line, params):
        msg(this_host())
        if this_host() == "node02":
            raise OSError
        yield line, this_host()

    job = run(disco, fun_map, input=["raw://a", "raw://b", "raw://c"])
    runs = job.tasks
    finished = runs[runs["status"] == "done"].sort_values("task")["host"].tolist()
    assert [host for _, host in sorted(result_iterator(job.wait()))] == finished
    said = job.log[job.log["level"] == "MSG"]
    assert said["host"].tolist() == said["message"].tolist()
    assert set(runs["host"]) == {"node01", "node02", "node03"}


# -- "this_master(): Returns hostname and port of the disco master." -------------------------------------------------


def test_this_master(disco):
    """this_master() is the master's name and port, in map and in reduce."""

    def fun_map(line, params):
        yield "map", this_master()

    def fun_reduce(pairs, params):
        yield from pairs
        yield "reduce", this_master()

    job = run(disco, fun_map, reduce=fun_reduce)
    assert dict(result_iterator(job.wait())) == {"map": disco.master, "reduce": disco.master}
    assert disco.master.startswith("master:")


# -- "this_inputs(): List of input files for this task." -------------------------------------------------------------


def test_this_inputs(disco, tmp_path):
    """this_inputs() lists what the task reads: in map its one input as the user wrote it, in reduce the map outputs."""
    path = tmp_path / "text"
    path.write_text("a\n")

    def fun_map(line, params):
        yield line, this_inputs()

    def fun_reduce(pairs, params):
        yield from pairs
        yield "reduce", this_inputs()

    job = run(disco, fun_map, input=[str(path), "raw://b"], reduce=fun_reduce)
    found = dict(result_iterator(job.wait()))
    assert found["a"] == [str(path)]
    assert found["b"] == ["raw://b"]
    assert len(found["reduce"]) == 2
    assert all(url.startswith("disco://node") and f"/{job.name}/map-" in url for url in found["reduce"])


def test_this_inputs_with_replicas(disco):
    """An input of several replicas stands as the list of them."""

    def fun_map(line, params):
        yield line, this_inputs()

    job = run(disco, fun_map, input=[["raw://a", "raw://b"]])
    assert list(result_iterator(job.wait())) == [("a", [["raw://a", "raw://b"]])]


# -- and what else the namespace documents: this_name, msg, err, data_err --------------------------------------------


def test_this_name(disco):
    """this_name() is the full name of the job."""

    def fun_map(line, params):
        yield line, this_name()

    job = run(disco, fun_map)
    assert list(result_iterator(job.wait())) == [("a", job.name)]


def test_msg(disco, capsys):
    """msg sends a line to the job's log, whatever it is given, and it is shown where the job is waited for."""

    def fun_map(line, params):
        msg(f"line {line}")
        msg(5)
        yield line, 1

    job = run(disco, fun_map)
    assert job.log[job.log["level"] == "MSG"]["message"].tolist() == ["line a", "5"]
    assert capsys.readouterr().out == "line a\n5\n"


def test_err(disco):
    """err ends the job at once with its message."""

    def fun_map(line, params):
        err("no good")
        yield line, 1

    error = death(disco, fun_map)
    assert type(error) is DiscoError
    assert str(error) == "no good"
    assert disco.nodes["failed"].sum() == 1


def test_data_err(disco):
    """data_err has the task tried again on another node."""

    def fun_map(line, params):
        if this_host() == "node01":
            data_err("bad block", "disco://node01/x")
        yield line, this_host()

    job = run(disco, fun_map)
    ((_, host),) = result_iterator(job.wait())
    assert host != "node01"
    assert "bad block (disco://node01/x)" in job.tasks["reason"][0]


# -- outside a task --------------------------------------------------------------------------------------------------

OUTSIDE = {
    "put": (lambda: worker.put("k", "v"), "Disco.oob_get(name, key)"),
    "get": (lambda: worker.get("k"), "job.oob[key]"),
    "get with a default": (lambda: worker.get("k", default=0), "job.oob[key]"),
    "this_partition": (worker.this_partition, "job.tasks"),
    "this_host": (worker.this_host, "job.tasks"),
    "this_master": (worker.this_master, "disco.master"),
    "this_inputs": (worker.this_inputs, "job.jobinfo()"),
    "this_name": (worker.this_name, "job.name"),
    "msg": (lambda: worker.msg("m"), "print"),
    "err": (lambda: worker.err("m"), "exception of your own"),
    "data_err": (lambda: worker.data_err("m", "u"), "raise DataError"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_outside_a_task(name):
    """Called outside a task, each function says that, and what to call instead."""
    call, instead = OUTSIDE[name]
    with pytest.raises(DiscoError, match="was called outside a task") as caught:
        call()
    assert not isinstance(caught.value, (DataError, OOBKeyError))
    assert caught.value.call.startswith(name.split()[0])
    assert instead in str(caught.value)


def test_outside_a_task_covers_all():
    """The functions above are all of the worker's own."""
    assert (
        {name.split()[0] for name in OUTSIDE}
        == {*DOCUMENTED, *MORE}
        == set(worker.names()) - {"kvgroup", *func.__all__}
    )
