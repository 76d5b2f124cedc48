"""%load_ext disco_sim in a live kernel: breakpoint() stops in job functions, and a cell can be a job."""

from __future__ import annotations

import pytest

from tests.kernel.conftest import Kernel

pytestmark = pytest.mark.kernel

STOPS = """
from disco_sim import Disco

def fun_map(line, params):
    words = line.split()
    breakpoint()
    return [(word, 1) for word in words]

urls = Disco(nodes=1).new_job(name="stops", input=["raw://to be"], map=fun_map).wait(show=False)
"""

MAGIC = """%%disco_job letters
input = ["raw://a b a"]
partitions = 2

def map(line, params):
    for letter in line.split():
        yield letter, 1

def reduce(iter, params):
    for letter, counts in kvgroup(sorted(iter)):
        yield letter, sum(counts)
"""

FAILS = """%%disco_job broken
input = ["raw://a"]

def map(line, params):
    answer = 42
    yield line, 1 / 0
"""


def test_breakpoint_stops_in_a_job_function(kernel: Kernel) -> None:
    """Loaded, breakpoint() asks for commands below the cell and knows the variables; unloaded, it is as before."""
    kernel.execute("import sys; before = sys.breakpointhook\n%load_ext disco_sim")
    assert "p words\n['to', 'be']" in kernel.execute(STOPS, answers=["p words", "c"])
    assert "True" in kernel.execute("%unload_ext disco_sim\nsys.breakpointhook is before")


def test_a_cell_can_be_a_job(kernel: Kernel) -> None:
    """%%disco_job runs its cell's functions as a job of that name, shows it, and leaves nothing else behind."""
    kernel.execute("%load_ext disco_sim")
    assert "Job letters@" in kernel.execute(MAGIC)
    counted = kernel.execute("from disco_sim import result_iterator\nsorted(result_iterator(letters.wait()))")
    assert "[('a', 2), ('b', 1)]" in counted
    assert "builtin" in kernel.execute("print(map, reduce if 'reduce' in globals() else 'builtin')")


def test_an_error_in_such_a_cell_can_be_debugged(kernel: Kernel) -> None:
    """The job's error shows the line of the cell, %debug stops in it, and the job is there to be looked into."""
    kernel.execute("%load_ext disco_sim")
    assert "yield line, 1 / 0" in kernel.execute(FAILS)
    assert "p answer\n42" in kernel.execute("%debug", answers=["p answer", "q"])
    assert "dead" in kernel.execute("print(broken.status)")
