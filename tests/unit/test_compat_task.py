"""`Task` of the `disco` face: the facts of the running task, for classic and pipeline functions."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from disco_sim import Disco, JobError, result_iterator
from disco_sim.compat.dialect import V05
from disco_sim.compat.disco.task import Task, active
from disco_sim.error import DiscoError
from disco_sim.pipeline import Stage


@pytest.fixture
def observed() -> Iterator[Disco]:
    """A cluster of one node that speaks V05."""
    with Disco(nodes=1, dialect=V05) as one:
        yield one


def facts_of(disco: Disco, function: Any, **parameters: Any) -> list[Any]:
    """What a job that maps with `function` over two inputs yields, in order."""
    given = {"input": ["raw://a", "raw://b"], "map": function, **parameters}
    return list(result_iterator(disco.new_job("facts", **given).wait()))


def test_facts_of_a_map_task(observed: Disco) -> None:
    """In map the first task reads the last input; its label is 0, its group names the input's node."""

    def fun_map(line: str, params: Any) -> Any:
        yield line, (Task.stage, Task.mode, Task.taskid, Task.id, Task.partid, Task.ispartitioned, Task.grouping)
        yield line, (Task.group, Task.group_label, Task.group_host, Task.host, Task.uid == Task.run_id, Task.inputs)

    job = {"b": 0, "a": 1}
    assert facts_of(observed, fun_map) == [
        pair
        for line, number in job.items()
        for pair in (
            (line, ("map", "map", number, number, None, False, "split")),
            (line, (f"0-{line}", 0, line, "node01", True, [[f"raw://{line}"]])),
        )
    ]


def test_facts_of_reduce_tasks(observed: Disco) -> None:
    """Tasks are numbered through the whole job; a reduce task is known by its label, and by the node only if asked."""

    def fun_reduce(pairs: Any, params: Any) -> Any:
        yield (
            (Task.stage, Task.grouping, Task.taskid, Task.id, Task.partid, Task.group, Task.group_host),
            sorted(key for key, _ in pairs),
        )

    def fun_map(line: str, params: Any) -> Any:
        yield line, 1

    def odd(key: str, n: int, params: Any) -> int:
        return "ab".index(key)

    both = facts_of(observed, fun_map, reduce=fun_reduce, partitions=2, partition=odd)
    assert both == [
        (("reduce", "group_label", 3, 0, 0, "0-", ""), ["a"]),
        (("reduce", "group_label", 4, 1, 1, "1-", ""), ["b"]),
    ]
    (one,) = facts_of(observed, fun_map, reduce=fun_reduce)
    assert one == (("reduce", "group_all", 3, 0, None, "0-", ""), ["a", "b"])


def test_the_master_is_a_url_that_the_functions_agree_on(observed: Disco) -> None:
    """Task.master, netloc and port belong together, and this_master() and this_name() say the same."""

    def fun_map(line: str, params: Any) -> Any:
        yield Task.master == this_master(), Task.jobname == this_name()
        yield Task.master, (Task.netloc, Task.port, Task.disco_port, Task.put_port)

    port = int(observed.master.rpartition(":")[2])
    assert facts_of(observed, fun_map, input=["raw://a"]) == [
        (True, True),
        (f"http://{observed.master}", (("node01", port), port, port, 8990)),
    ]


def test_uids_are_unique_and_the_same_in_every_simulation() -> None:
    """No two tasks of a job have one uid, and another cluster gives the same ones."""

    def fun_map(line: str, params: Any) -> Any:
        yield Task.uid, 1

    def uids() -> list[Any]:
        with Disco(nodes=3, dialect=V05) as disco:
            return facts_of(disco, fun_map, input=[f"raw://{number}" for number in range(6)])

    first = uids()
    assert len(set(first)) == 6
    assert first == uids()


def test_files_of_a_task(observed: Disco) -> None:
    """The task's folder is the one it stands in; what it writes there is in blobs, and required files are in lib."""

    def fun_map(line: str, params: Any) -> Any:
        with open(Task.path("made"), "w") as file:
            file.write(line)
        with open(os.path.join(Task.lib, "words")) as file:
            yield file.read(), line
        yield (
            tuple(os.path.relpath(path, Task.jobpath) for path in Task.blobs),
            (Task.jobpath == Task.taskpath == Task.root == os.getcwd(), Task.lib == os.path.join(Task.root, "lib")),
        )

    made = facts_of(observed, fun_map, input=["raw://x"], required_files={"lib/words": b"the"})
    assert made == [("the", "x"), (("made",), (True, True))]


def test_names_of_outputs(observed: Disco) -> None:
    """url and output_filename follow Disco's form; a label that is no whole number is refused."""

    def fun_map(line: str, params: Any) -> Any:
        yield Task.url("made"), Task.url("made", scheme="dir")
        yield Task.output_filename(7), 0
        try:
            Task.output_filename("7")
        except ValueError as error:
            yield type(error).__name__, "'7'" in str(error)

    job = observed.new_job("facts", input=["raw://x"], map=fun_map)
    (first, second), name, refused = list(result_iterator(job.wait()))
    assert first.startswith("disco://node01/disco/node01/")
    assert first.endswith(f"/{job.name}/.disco/made")
    assert second == "dir" + first.removeprefix("disco")
    assert [name, refused] == [("map-0-7", 0), ("ValueError", True)]


def test_parameters_of_the_job_are_facts(observed: Disco) -> None:
    """Task.params and Task.reader are the job's params and the reader of this phase; a dict of all is there, too."""

    def fun_map(line: str, params: Any) -> Any:
        yield Task.params == params, Task.params is not params
        yield Task.reader is None, Task.jobdict["map"].__name__

    found = facts_of(observed, fun_map, input=["raw://x"], params={"a": [1]})
    assert found == [(True, True), (True, "fun_map")]


def test_an_unknown_fact_is_an_attribute_error_with_the_nearest_name(observed: Disco) -> None:
    """hasattr says no, and the message tells what was probably meant."""

    def fun_map(line: str, params: Any) -> Any:
        yield hasattr(Task, "nonsense"), hasattr(Task(), "host")
        yield Task.tasked

    job = observed.new_job("facts", input=["raw://x"], map=fun_map)
    with pytest.raises(JobError, match=r"AttributeError: Task has no fact 'tasked'.*did you mean 'taskid'"):
        job.wait()


def test_out_of_band_results_go_through_task(observed: Disco) -> None:
    """Task.put and Task.get are put and get; Task.get has no job argument, what is missing is None."""

    def fun_map(line: str, params: Any) -> Any:
        Task.put("key", b"value")
        yield Task.get("key"), 0

    def fun_reduce(pairs: Any, params: Any) -> Any:
        yield from pairs
        yield get("key"), Task.get("none")
        try:
            Task.get("key", "other@1:2:3")
        except TypeError as error:
            yield "TypeError", "positional" in str(error)

    found = facts_of(observed, fun_map, reduce=fun_reduce, partitions=None, input=["raw://x"])
    assert found == [(b"value", 0), (b"value", None), ("TypeError", True)]


def test_track_status_tells_how_many(observed: Disco) -> None:
    """It passes entries on, and at their end says how many there were."""

    def fun_map(line: str, params: Any) -> Any:
        return Task.track_status(((n, line) for n in range(3)), "%s entries mapped")

    job = observed.new_job("facts", input=["raw://x"], map=fun_map)
    assert list(result_iterator(job.wait())) == [(0, "x"), (1, "x"), (2, "x")]
    assert any(message.endswith("Done: 3 entries mapped") for _, (_, _, message) in job.events())


def test_open_url_opens_as_the_scheme_does(observed: Disco) -> None:
    """Inside a task, raw:// is text as everywhere in Disco 0.5."""

    def fun_map(line: str, params: Any) -> Any:
        with Task.open_url("raw://inside") as stream:
            yield stream.read(), 0

    assert facts_of(observed, fun_map, input=["raw://x"]) == [("inside", 0)]


def test_the_documented_dialect_has_it_too() -> None:
    """Imported in a job function of the documented dialect, it tells the same facts."""

    def fun_map(line: str, params: Any) -> Any:
        from disco_sim.compat.disco.task import Task

        yield Task.host, Task.stage

    with Disco(nodes=1) as disco:
        assert facts_of(disco, fun_map, input=["raw://x"]) == [("node01", "map")]


def test_pipeline_functions_ask_active_task(observed: Disco) -> None:
    """worker.active_task is the running task; the bare names of classic functions are not there."""

    def process(interface: Any, state: Any, label: int, inp: Any) -> None:
        out = interface.output(0)
        worker.active_task.put("seen", b"1")
        out.add(worker.active_task.stage, worker.active_task.get("seen"))
        for name in ("Task", "put", "get", "this_host", "this_inputs"):
            try:
                out.add(name, eval(name))
            except NameError as error:
                out.add(name, type(error).__name__)

    job = observed.new_job("pipe", input=[["raw://a"]], pipeline=[("split", Stage("only", process=process))])
    found = dict(result_iterator(job.wait()))
    assert found.pop("only") == b"1"
    assert found == dict.fromkeys(("Task", "put", "get", "this_host", "this_inputs"), "NameError")


@pytest.mark.parametrize("fact", ["host", "jobname", "inputs", "params", "uid", "jobpath", "settings"])
def test_outside_a_task_there_is_nothing_to_tell(fact: str) -> None:
    """Every fact is a DiscoError that says where Task works."""
    assert active() is None
    with pytest.raises(DiscoError, match="outside a task"):
        getattr(Task, fact)
    with pytest.raises(DiscoError, match="outside a task"):
        getattr(Task(), fact)


def test_calls_outside_a_task_are_refused() -> None:
    """put, get, path and url need a task."""
    for call in (lambda: Task.put("a", b""), lambda: Task.get("a"), lambda: Task.path("a"), lambda: Task.url("a")):
        with pytest.raises(DiscoError, match="outside a task"):
            call()


def test_the_class_can_be_looked_at_anywhere() -> None:
    """Its names, its repr and its pickle need no task."""
    assert {"host", "taskid", "get", "put", "jobname"} <= set(dir(Task))
    assert dir(Task()) == dir(Task)
    assert repr(Task) == repr(Task()) == "<Task of no job>"
    assert pickle.loads(pickle.dumps(Task)) is Task
    assert not hasattr(Task, "_private")
