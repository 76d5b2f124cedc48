"""The dialect of Disco 0.5.4 as a value: it pickles by reference, and loads little by itself."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import pytest

from disco_sim import Disco, compat, result_iterator
from disco_sim.compat.dialect import V05, classic_namespace, namespace_of_0_3, pipeline_namespace
from disco_sim.model.dialect import DOCUMENTED


def test_it_pickles() -> None:
    """What travels to another process is the same dialect there, with the very same functions."""
    assert pickle.loads(pickle.dumps(V05)) == V05
    assert pickle.loads(pickle.dumps(V05)).namespace is classic_namespace


def test_it_is_shown_without_addresses() -> None:
    """repr() is the same on every machine: it leaves the functions out."""
    assert " at 0x" not in repr(V05)


def test_unpickling_loads_no_client() -> None:
    """A process that gets the dialect loads the workers of old code with the first task, and not before."""
    code = f"""
import pickle, sys
dialect = pickle.loads({pickle.dumps(V05)!r})
print("disco_sim.client" in sys.modules, "disco_sim.compat.disco.worker" in sys.modules)
print(dialect.namespace()["__name__"])
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "False False\ndisco_sim.compat.disco.worker.classic.worker\n"


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        (classic_namespace, "disco_sim.compat.disco.worker.classic.worker"),
        (pipeline_namespace, "disco_sim.compat.disco.worker.pipeline.worker"),
        (namespace_of_0_3, "disco_sim.compat.disco.node.worker"),
    ],
)
def test_functions_run_as_if_in_the_workers_module(namespace: Any, name: str) -> None:
    """The globals of job functions are the names of the worker's module and its `__name__`, a new dict each time."""
    assert namespace() == {**sys.modules[name].names(), "__name__": name}
    assert namespace() is not namespace()


def test_the_documented_dialect_for_old_code_has_the_names_of_0_3() -> None:
    """Old code on the documented dialect finds what Disco 0.3's worker had."""

    def fun_map(line: str, params: Any) -> Any:
        yield line, (cPickle.loads(cPickle.dumps(1)), __name__)

    compat.install(dialect=DOCUMENTED, nodes=1)
    try:
        from disco.core import Disco as OldDisco

        job = OldDisco("disco://localhost:8994").new_job(name="old", input=["raw://a"], map=fun_map)
        assert list(result_iterator(job.wait())) == [("a", (1, "disco_sim.compat.disco.node.worker"))]
    finally:
        compat.uninstall()


def test_every_worker_has_a_name_of_its_own() -> None:
    """`__name__` in a job function is that of the worker's module, in each dialect."""

    def fun_map(line: Any, params: Any) -> Any:
        yield "name", __name__

    for dialect, name in ((DOCUMENTED, "disco_sim.node.worker"), (V05, "disco_sim.compat.disco.worker.classic.worker")):
        with Disco(nodes=1, dialect=dialect) as disco:
            job = disco.new_job(name="job", input=["raw://a"], map=fun_map)
            assert list(result_iterator(job.wait())) == [("name", name)]
