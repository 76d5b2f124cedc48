"""Worker classes of the `disco` face, their parameters, and the names that job functions see."""

from __future__ import annotations

import builtins
import os
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import Disco, result_iterator
from disco_sim.compat.dialect import V05
from disco_sim.compat.disco import util
from disco_sim.compat.disco import worker as workers
from disco_sim.compat.disco.task import Task
from disco_sim.compat.disco.worker import simple
from disco_sim.compat.disco.worker.classic import worker as classic
from disco_sim.compat.disco.worker.pipeline import worker as pipeline
from disco_sim.error import DiscoError
from disco_sim.node import worker as node


class Given:
    """A job as workers see it: a class with attributes."""

    name = "given"
    partitions = 3

    def __init__(self, **own: Any) -> None:
        self.__dict__.update(own)


def test_classic_defaults_are_discos() -> None:
    """Every parameter of Disco 0.5's classic worker is there, with Disco's default."""
    worker = classic.Worker()
    expected = {
        "map": None, "map_reader": None, "combiner": None, "partitions": 1, "reduce": None, "map_shuffle": None,
        "reduce_shuffle": None, "shuffle": None, "ext_params": {}, "sort": False, "sort_buffer_size": "10%",
        "status_interval": 100000, "save_results": False, "save_info": "ddfs", "profile": False, "required_files": {},
        "required_modules": None, "input": [], "scheduler": {}, "version": "%d.%d" % sys.version_info[:2],
    }  # fmt: skip
    assert {name: worker[name] for name in expected} == expected
    for name in ("map_init", "reduce_init", "partition", "reduce_reader"):
        assert callable(worker[name]), name
    for name in ("map_input_stream", "reduce_input_stream"):
        assert [function.__name__ for function in worker[name]] == ["map_input_stream"]
    for name in ("map_output_stream", "reduce_output_stream"):
        assert [function.__name__ for function in worker[name]] == ["map_output_stream", "disco_output_stream"]
    assert isinstance(worker["params"], classic.Params)


def test_two_workers_share_nothing() -> None:
    """What is changed in one worker's values is not changed in another's."""
    one, other = classic.Worker(), classic.Worker()
    one["required_files"]["a"] = b""
    one["params"].seen = True
    assert other["required_files"] == {}
    assert not hasattr(other["params"], "seen")


@given(st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_who_wins(in_arguments: bool, on_instance: bool, in_class: bool, in_worker: bool) -> None:
    """An argument of run wins over a Job's own value, then come its class's, the worker's, and the default."""

    class Plain:
        pass

    job: Any = type("Own", (), {"sort": "class"})() if in_class else Plain()
    if on_instance:
        job.sort = "instance"
    worker = classic.Worker(**({"sort": "worker"} if in_worker else {}))
    arguments = {"sort": "argument"} if in_arguments else {}
    order = [(in_arguments, "argument"), (on_instance, "instance"), (in_class, "class"), (in_worker, "worker")]
    wanted = next((value for is_given, value in order if is_given), False)
    assert worker.getitem("sort", job, arguments) == wanted
    assert worker.getitem("no_such_parameter", job, arguments, "default") == "default"


def test_what_the_master_is_told_of_a_classic_job() -> None:
    """jobdict has the keys that a running master showed, and the values of the job."""
    told = classic.Worker(map=print).jobdict(Given(), input=["raw://a", ["raw://b", "raw://c"]], reduce=print)
    assert told == {
        "prefix": "given", "save_results": False, "save_info": "ddfs", "scheduler": {}, "owner": told["owner"],
        "input": ["raw://a", ["raw://b", "raw://c"]], "worker": "lib/disco/worker/classic/worker.py",
        "map?": True, "reduce?": True, "reduce_shuffle?": False, "nr_reduces": 3,
    }  # fmt: skip
    assert classic.Worker().jobdict(Given(), name="other@1:2:3", save=True)["prefix"] == "other"
    assert classic.Worker().jobdict(Given(), save=True)["save_results"] is True


@pytest.mark.parametrize("wrong", ["raw://a", 5])
def test_an_input_that_is_no_list_is_refused(wrong: Any) -> None:
    """The message names the input and the way to write it."""
    with pytest.raises(DiscoError, match=r"Job 'input' is not a list of input locations.*\["):
        classic.Worker().jobdict(Given(), input=wrong)


def test_what_the_master_is_told_of_a_pipeline() -> None:
    """A row a stage, with its grouping and whether it may overlap."""
    stages = [("split", pipeline.Stage("first")), ("group_all", pipeline.Stage("last"), True)]
    told = pipeline.Worker(pipeline=stages).jobdict(Given())
    assert told["pipeline"] == [["first", "split", False], ["last", "group_all", True]]
    assert told["worker"] == "lib/disco/worker/pipeline/worker.py"


def test_environment_and_modules() -> None:
    """Tasks find files and modules in lib; modules are those that are listed, or that functions are found to use."""

    def fun_map(line: str, params: Any) -> Any:
        yield math.floor(1.5), line

    worker = classic.Worker()
    assert worker.jobenvs(Given()) == {"LD_LIBRARY_PATH": "lib", "PYTHONPATH": "lib"}
    assert worker.get_modules(Given(), required_modules=["csv", ("own", "own.py")]) == ["csv", ("own", "own.py")]
    found = worker.get_modules(Given(), map=fun_map)
    assert [module if isinstance(module, str) else module[0] for module in found] == ["math"]


def test_main_says_what_to_do_instead() -> None:
    """Starting a worker's file as a program is refused."""
    with pytest.raises(DiscoError, match=r"run a Job with worker=Worker\(\) instead"):
        classic.Worker.main()


def test_a_simple_worker_takes_little() -> None:
    """It takes map, reduce and what belongs to them, and refuses the rest with the nearest name."""
    assert simple.Worker(map=print, partitions=2)["partitions"] == 2
    with pytest.raises(DiscoError, match=r"did you mean 'partitions'\?"):
        simple.Worker(partition=print)


def test_classic_functions_see_both_generations_names() -> None:
    """Disco 0.5's names are there, the older ones too, and Python's own map and reduce are not hidden."""
    names = classic.names()
    for name in ("put", "get", "this_name", "this_host", "this_master", "this_inputs", "this_partition", "msg", "err"):
        assert names[name] is getattr(node, name)
        assert getattr(classic, name) is names[name]
    assert (names["os"], names["sys"], names["re"]) == (os, sys, re)
    assert (names["util"], names["worker"], names["Task"]) == (util, workers, Task)
    for name in ("re_reader", "chain_reader", "kvgroup", "default_partition", "nop_map", "sum_reduce", "Params",
                 "task_input_stream", "task_output_stream", "disco_output_stream", "gzip_reader", "data_err",
                 "cPickle", "Status", "DataError", "map_line_reader"):  # fmt: skip
        assert name in names
    for name in ("map", "reduce", "filter", "partition", "combiner", "names"):
        assert name not in names
    assert not set(names) & set(vars(builtins))


def test_pipeline_functions_see_little() -> None:
    """There is no put, get, this_* or Task, as in Disco; worker is the module that knows the active task."""
    names = pipeline.names()
    assert not set(names) & {"put", "get", "Task", "msg", *(name for name in node.__all__ if name.startswith("this_"))}
    assert names["worker"] is pipeline
    assert names["Stage"] is pipeline.Stage


@pytest.mark.parametrize("module", [classic, pipeline])
def test_names_are_the_callers_own(module: Any) -> None:
    """What one task does to its names, the next does not see."""
    module.names()["os"] = None
    assert module.names()["os"] is os


def test_no_task_is_active_outside() -> None:
    """active_task is None there, in both modules; other unknown names are AttributeErrors."""
    assert workers.active_task is None
    assert pipeline.active_task is None
    for module in (workers, pipeline):
        with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
            getattr(module, "nonsense")  # noqa: B009


def test_job_functions_run_with_these_names() -> None:
    """A classic job function of dialect V05 uses them bare."""

    def fun_map(line: str, params: Any) -> Any:
        yield line, (util.kvify(line), sorted(map(abs, [-2, 1])), worker.active_task.stage, re.sub("a", "b", line))

    with Disco(nodes=1, dialect=V05) as disco:
        job = disco.new_job("names", input=["raw://a"], map=fun_map)
        assert list(result_iterator(job.wait())) == [("a", (("a", None), [1, 2], "map", "b"))]


def test_nothing_heavy_is_loaded() -> None:
    """Both modules are imported by every task run, so neither brings pandas, unittest or http along."""
    code = (
        "import sys; import disco_sim; before = set(sys.modules); "
        "from disco_sim.compat.disco.worker.classic import worker; "
        "from disco_sim.compat.disco.worker.pipeline import worker; "
        "print([name for name in ('pandas', 'http.server', 'unittest', 'urllib.request', 'tarfile') "
        "if name in set(sys.modules) - before])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"
