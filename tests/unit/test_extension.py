"""The cell magic, without a kernel."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import disco_sim
from disco_sim import Disco, DiscoError, extension, result_iterator
from disco_sim.compat.dialect import V05

CELL = """
import json
input = ["raw://a b", "raw://b"]
_note = "not a parameter"

def map(line, params):
    return [(letter, 1) for letter in line.split()]
"""


@pytest.fixture
def shell() -> Iterator[Any]:
    """An IPython shell with the extension loaded."""
    shell = InteractiveShell(user_ns={})
    hook = sys.breakpointhook
    disco_sim.load_ipython_extension(shell)
    yield shell
    for value in shell.user_ns.values():
        if isinstance(value, Disco):
            value.close()
    disco_sim.unload_ipython_extension(shell)
    assert sys.breakpointhook is hook


def test_a_cell_is_the_same_job_as_plain_python(shell: Any) -> None:
    """The magic gives the results of new_job with the same parameters, and names the job in the notebook."""
    shell.user_ns["disco"] = disco = Disco(nodes=1)
    job = extension.run_cell(shell, "letters disco", CELL)
    variables: dict[str, Any] = {}
    exec(CELL, variables)
    twin = disco.new_job(name="letters", input=variables["input"], map=variables["map"])
    assert list(result_iterator(job.wait())) == list(result_iterator(twin.wait())) == [("a", 1), ("b", 1), ("b", 1)]
    assert shell.user_ns["letters"] is job
    assert "map" not in shell.user_ns and "input" not in shell.user_ns


def test_a_cell_runs_on_a_connection_of_old_code(shell: Any) -> None:
    """A variable that holds the Disco of disco.core is as good: the job is one of old code."""
    from disco_sim.compat.disco.core import Disco as Connection
    from disco_sim.compat.disco.job import Job

    with Disco("disco://localhost:8994", nodes=1, dialect=V05) as native:
        shell.user_ns["old"] = Connection(native)
        job = extension.run_cell(shell, "letters old", CELL)
        assert isinstance(job, Job)
        assert sorted(result_iterator(job.wait())) == [("a", 1), ("b", 1), ("b", 1)]
        assert native.cluster.log.jobs == (job.name,)


@pytest.mark.parametrize(
    ("line", "told"),
    [("", "behind %%disco_job stands the job's name"), ("a-b", "a Python name"), ("count nothing", "is no Disco")],
)
def test_a_wrong_line_is_told(shell: Any, line: str, told: str) -> None:
    """A line without a name, with a wrong one, or with a variable that is no Disco is an error, and nothing runs."""
    with pytest.raises(DiscoError, match=told):
        extension.run_cell(shell, line, "boom = 1 / 0")


def test_a_name_that_is_no_parameter_is_told(shell: Any) -> None:
    """A variable of the cell that is no job parameter is an error with the nearest name."""
    shell.user_ns["disco"] = Disco(nodes=1)
    with pytest.raises(DiscoError, match="partitions"):
        extension.run_cell(shell, "count disco", CELL + "partition_s = 3\n")


def test_the_magic_comes_and_goes(shell: Any) -> None:
    """Loading brings exactly one cell magic, and unloading takes it away."""
    cells = shell.magics_manager.magics["cell"]
    assert [name for name in cells if "disco" in name] == ["disco_job"]
    disco_sim.unload_ipython_extension(shell)
    assert "disco_job" not in cells


def test_what_the_cell_says_counts_even_if_the_notebook_says_the_same(shell: Any) -> None:
    """A parameter that is bound to the very same object in the notebook is a parameter of the cell all the same."""
    shell.user_ns.update(disco=Disco(nodes=1), partitions=7, sort=True)
    job = extension.run_cell(shell, "count disco", CELL + "partitions = 7\nsort = True\ndef helper(): pass\n")
    assert (job.jobspec()["partitions"], job.jobspec()["sort"]) == (7, True)
