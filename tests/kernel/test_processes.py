"""Worker processes in a live kernel: functions of cells travel, and what goes wrong in them is told as usual."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.kernel.conftest import Kernel

pytestmark = pytest.mark.kernel

START = """
import os
from disco_sim import Disco, Processes, result_iterator

disco = Disco(engine=Processes(workers=2))
"""

WHERE = """
def where(line, params):
    import os
    print("in", this_host())
    yield line, os.getpid()

job = disco.new_job(name="where", input=["raw://a", "raw://b", "raw://c"], map=where)
found = {pid for _, pid in result_iterator(job.wait(show=False))}
print(os.getpid() in found)
"""


@pytest.fixture
def cluster(kernel: Kernel) -> Kernel:
    """A kernel with a Disco in it that computes in worker processes."""
    assert kernel.execute(START) == ""
    return kernel


def test_functions_of_cells(cluster: Kernel):
    """A function that a cell defines is computed in worker processes, and its prints stand under the cell."""
    assert cluster.execute(WHERE) == "in node01\nin node02\nin node03\nFalse\n"


def test_an_error_tells_the_line_of_the_cell(cluster: Kernel):
    """The lines of a failed function are told, though its cell is in no file; job.debug() stops in them, here."""
    shown = cluster.execute(
        "def first_words(line, params):\n    words = line.split()\n    yield words[0], len(words)\n"
        "broken = disco.new_job(name='broken', input=['raw:// '], map=first_words)\nbroken.wait()"
    )
    assert "first_words, line 3: yield words[0], len(words)" in shown
    assert shown.count("IndexError: list index out of range") == 1
    assert re.findall(r"^(?:Cell|File) .*", shown, re.MULTILINE) == ["Cell In[2], line 5"]
    assert "ipdb> words\n[]" in cluster.execute("broken.debug()", ["words", "q"])


def test_the_stop_button(cluster: Kernel, tmp_path: Path):
    """The stop button ends a map function that never would, and its process; the next job runs."""
    begun = tmp_path / "begun"
    code = f"""
def forever(line, params):
    import os
    os.symlink(str(os.getpid()), {str(begun)!r})
    while True: pass

job = disco.new_job(name="forever", input=["raw://a"], map=forever)
job.wait()
"""
    with cluster.interrupted_when(begun.is_symlink):
        shown = cluster.execute(code)
    assert "KeyboardInterrupt" in shown
    assert re.findall(r"^(?:Cell|File) .*", shown, re.MULTILINE) == ["Cell In[2], line 7"]
    assert cluster.execute("print(job.status, job.error.reason)") == "dead interrupted\n"
    assert not os.path.exists(f"/proc/{begun.readlink()}")
    assert cluster.execute(WHERE).endswith("False\n")
