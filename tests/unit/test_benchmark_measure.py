"""A program is measured with all that it starts, and ends within its limits."""

from __future__ import annotations

import sys

import pytest

from benchmarks.measure import Cost, Failed, measured

BUSY = "import time\nwhile time.process_time() < 0.2: pass\n"


def take(code: str, limit_s: float = 60.0, limit_bytes: int = 10**9) -> Cost:
    """What it takes to run Python code."""
    return measured([sys.executable, "-c", code], {"WORD": "hello"}, limit_s, limit_bytes)


def test_children_count():
    """The CPU seconds of a child count, waited for by its parent or not."""
    waited = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BUSY!r}])"
    orphaned = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {BUSY!r}])"
    assert take(waited).cpu_s >= 0.2
    assert take(orphaned).cpu_s >= 0.2


def test_memory_of_the_tree_is_summed():
    """A program that holds 60 MB beside a child with as much has held more than 120 MB."""
    held = "import time\nheld = b'x' * 60_000_000\ntime.sleep(0.4)\n"
    cost = take(
        f"import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', {held!r}])\n{held}\nchild.wait()"
    )
    assert cost.peak_bytes > 120_000_000


def test_the_answer_is_the_last_line():
    """A program tells its answer last, and is given the environment variables."""
    assert take("import os\nprint('working')\nprint(os.environ['WORD'])").answer == "hello"


def test_an_error_is_told():
    """A program that fails is told with the last line of its traceback."""
    with pytest.raises(Failed, match="ValueError: no such word"):
        take("raise ValueError('no such word')")


def test_time_and_memory_have_limits():
    """A program is ended with its children when it takes too long or holds too much."""
    with pytest.raises(Failed, match="stopped after 0 s"):
        take("import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])", 0.2)
    with pytest.raises(Failed, match=r"stopped at 0\.1 GB"):
        take("import time\nheld = b'x' * 200_000_000\ntime.sleep(60)", limit_bytes=10**8)
