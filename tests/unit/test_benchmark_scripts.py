"""The scripts of benchmarks/ run from end to end, with little to do."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.page import DOCS
from benchmarks.peers.answer import digest
from benchmarks.records import Records
from benchmarks.rows import PEERS, ROOT, SCRIPTS, TASKS, THREE_LINES

NUMBER = r"[\d,]+(\.\d+)?"


def run(*arguments: str | Path) -> str:
    """What Python prints when it is called with these arguments in the project's folder."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
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


def test_old_code_runs():
    """A script of old Disco and the same in the default dialect come to one answer, and their costs are told."""
    assert_lines(
        run("-m", "benchmarks.old_code", "--inputs", "20", "30", "--turns=1"),
        "many raw:// inputs, one map task each, 1 turns, medians",
        "inputs +wall +CPU +memory +to documented +wanted",
        "20 +N s +N s +N MB +N",
        "30 +N s +N s +N MB +N",
    )


def test_compare_runs(tmp_path):
    """Programs without packages of others have figures in each table, and all come to the answer of the yardstick."""
    file = tmp_path / "measured.json"
    options = ["--scale=0.05", "--turns=1", "--tables", "10", "tasks", "first", "import"]
    programs = ["--rows", "H:", "disco_sim, sort", "disco_sim, sum"]
    output = run("-m", "benchmarks.compare", *options, *programs, "--file", file)
    assert "another answer" not in output
    tables = Records.load(file).tables
    assert {name: len(table) for name, table in tables.items()} == {"10": 5, "tasks": 2, "first": 2, "import": 1}
    for record in (record for table in tables.values() for record in table.values()):
        assert len(record.turns) == 1 and not record.failure
        assert math.isfinite(record.cpu_ratio) and math.isfinite(record.wall_ratio)


def test_growth_runs(tmp_path):
    """Each size of each series has a figure."""
    file = tmp_path / "measured.json"
    output = run("-m", "benchmarks.growth", "--sizes", "30", "300", "--file", file)
    sizes = [rf"{size} +{name} +-?N s +N MB" for name in ("records", "tasks", "partitions") for size in (30, 300)]
    grows = "grows with the power of N|costs too little beside start-up to tell how it grows"
    assert_lines(output, *sizes[:2], grows, *sizes[2:4], grows, *sizes[4:], grows)
    assert {name: len(turns) for name, turns in Records.load(file).growth.items()} == {
        "records": 2,
        "tasks": 2,
        "partitions": 2,
    }


@pytest.mark.parametrize("options", [("compare", "--scale=0.1"), ("growth", "--sizes", "30")])
def test_small_sizes_need_a_file_of_their_own(options):
    """What was measured with little to do is never kept with the figures of docs/performance.md."""
    module, *rest = options
    command = [sys.executable, "-m", f"benchmarks.{module}", *rest]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "needs a --file of its own" in done.stderr


def test_page_runs(tmp_path):
    """The page and its pictures are those in docs/."""
    assert run("-m", "benchmarks.page", "--folder", tmp_path) == ""
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert set(written) == {"performance.md", "growth-records.svg", "growth-tasks.svg", "growth-partitions.svg"}
    for name, text in written.items():
        assert text == (DOCS / name).read_text(encoding="utf-8")


def test_measure_runs():
    """The supervisor of a program tells what it took, and its answer."""
    asked = json.dumps([[sys.executable, "-c", "print('12 words')"], 60.0, 10**9])
    told = json.loads(run("-m", "benchmarks.measure", asked))
    assert told["answer"] == "12 words" and told["failure"] == ""
    assert min(told["cpu_s"], told["wall_s"], told["peak_bytes"]) > 0


HERE = {name: row[1:] for name, row in SCRIPTS.items() if not row[0]}
"""The scripts of peers/ that need no package of others, and their variants, by the rows that they are in."""


def check_peer(name: str) -> None:
    """The script of a row counts words, and what many tasks yield, as Counter does."""
    script, variant = HERE[name]
    words = Counter(THREE_LINES.read_text(encoding="utf-8").split())
    assert run(PEERS / f"{script}.py", "words", THREE_LINES, variant) == f"{digest(words.items())}\n"
    if name in TASKS:
        digits = Counter(str(number)[-1] for number in range(25))
        assert run(PEERS / f"{script}.py", "tasks", "25", variant) == f"{digest(digits.items())}\n"


@pytest.mark.parametrize("name", [name for name, (script, _) in HERE.items() if script == "by_hand"])
def test_by_hand_runs(name):
    """Each loop written by hand comes to the right answer."""
    check_peer(name)


@pytest.mark.parametrize("name", [name for name, (script, _) in HERE.items() if script == "ours"])
def test_ours_runs(name):
    """disco_sim comes to the right answer with the settings of each row."""
    check_peer(name)


def test_every_script_has_a_smoke_test():
    """Each script of benchmarks/ that needs no package of others has a test named test_SCRIPT_runs."""
    needy = {script for environment, script, _ in SCRIPTS.values() if environment}
    scripts = [*(ROOT / "benchmarks").glob("*.py"), *PEERS.glob("*.py")]
    runnable = {path.stem for path in scripts if 'if __name__ == "__main__"' in path.read_text(encoding="utf-8")}
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("*/test_benchmark_*.py"))
    assert runnable - needy - set(re.findall(r"def test_(\w+)_runs\(", tests)) == set()
