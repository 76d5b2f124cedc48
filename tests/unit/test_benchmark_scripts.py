"""The scripts of benchmarks/ run from end to end, with little to do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NUMBER = r"[\d,]+(\.\d+)?"


def run(*arguments: str) -> str:
    """What Python prints when it is called with these arguments in the project's folder."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_lines(output: str, *patterns: str) -> None:
    """Each line matches its pattern, in which N stands for a number."""
    lines = output.splitlines()
    assert len(lines) == len(patterns), output
    for line, pattern in zip(lines, patterns, strict=True):
        assert re.match(re.sub(r"\bN\b", lambda _: NUMBER, pattern) + r"(\s|$)", line.strip()), output


def test_cluster_runs():
    """Every figure is there, and the clock and the cluster come to the virtual times of the bare loops."""
    sizes = ["--events=2000", "--tasks=60", "--nodes=5", "--what-if-tasks=40", "--turns=2"]
    assert_lines(
        run("-m", "benchmarks.cluster", *sizes),
        "what +ours +yardstick +ratio",
        "clock: 2,000 events of 1,000 timers +N events/s +N events/s +N",
        "cluster: 60 tasks on 5 nodes x 4 +N us/task +N us/task +N",
        "what_if: 50 settings of 40 tasks +N us/task",
        "CPU time +N s",
        "wall time +N s",
    )


def test_cluster_million_runs():
    """The large job is measured in a process of its own, and comes to the virtual time of the bare loop."""
    assert_lines(
        run("-m", "benchmarks.cluster", "--million", "--tasks=60", "--nodes=5"),
        "what +ours +yardstick +ratio",
        "cluster: 60 tasks on 5 nodes x 4 +N us/task +N us/task +N",
        "wall time +N s",
        "most memory, with that of Python and the inputs +N MB",
        "events in the log +N",
    )
