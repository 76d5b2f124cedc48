"""The scripts of the pages: their pure functions, under node, and that they say what the DataFrames say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright._impl._driver import compute_driver_executable

from disco_sim import Disco, Faults, Job, JobError
from disco_sim.func import sum_reduce
from disco_sim.views.contents import Contents
from disco_sim.views.playback import playback
from disco_sim.views.scripts import STATIC, script
from disco_sim.views.state import JobState

HERE = Path(__file__).parent
# Playwright brings a node of its own, so no other has to be installed.
NODE = str(compute_driver_executable()[0])


def node(*arguments: str) -> str:
    """What node prints; an error of it fails the test."""
    done = subprocess.run([NODE, *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def words(line: str, params: Any) -> Any:
    import time

    put(f"length:{this_partition()}", str(len(line)))
    for word in line.split():
        time.sleep(0.01)
        yield word, 1


def fussy(line: str, params: Any) -> Any:
    if "3" in line:
        raise ValueError("no threes")
    yield line, 1


LINES = [f"raw://to be or not to be {number}" for number in range(14)]
FAULTS = (
    Faults()
    .kill("node02", at=1.1)
    .restore("node02", at=2.0)
    .slow("node03", 3.0, at=0.6)
    .crash("map:7")
    .corrupt("map:5", runs=1)
    .lose("map:3", at=1.3)
)


def plain() -> Job:
    """A job of which nothing is special."""
    job = Disco(nodes=3).new_job(name="plain", input=LINES, map=words, reduce=sum_reduce, partitions=3)
    job.wait(show=False)
    return job


def troubled() -> Job:
    """A job among faults, with second runs of slow tasks, beside another job, and a blacklisted node."""
    disco = Disco(nodes=5, faults=FAULTS, speculative=True)
    disco.blacklist("node05")
    disco.new_job(name="other", input=LINES, map=words, reduce=sum_reduce)
    job = disco.new_job(name="troubled", input=LINES * 3, map=words, reduce=sum_reduce, partitions=4)
    job.wait(show=False)
    disco.run()
    return job


def dead() -> Job:
    """A job that died."""
    job = Disco(nodes=2).new_job(name="dead", input=LINES, map=fussy, reduce=sum_reduce)
    with pytest.raises(JobError):
        job.wait(show=False)
    return job


def active() -> Job:
    """A job that goes on."""
    disco = Disco(nodes=2)
    job = disco.new_job(name="active", input=LINES, map=words, reduce=sum_reduce)
    disco.step(until=0.9)
    return job


def test_pure_functions() -> None:
    """`node --test` passes on every test of the scripts, and there are some."""
    tests = sorted(str(path) for path in HERE.glob("*.test.js"))
    assert tests
    told = node("--test", "--test-reporter=tap", *tests)
    assert "\n# fail 0\n" in told and "\n# pass 0\n" not in told


@pytest.mark.parametrize("entry", ["job_widget.js", "report_page.js", "stepper_widget.js"])
def test_joined_modules_are_one_module(entry: str, tmp_path: Path) -> None:
    """A joined script is a module that node can read: no name is given twice, and no import is left."""
    path = tmp_path / "joined.mjs"
    path.write_text(script(entry), encoding="utf-8")
    node("--check", str(path))
    assert "import {" not in script(entry)


def test_every_script_is_used() -> None:
    """No module of `static` is left over: each is part of what a widget or a page gets."""
    joined = "".join(script(entry) for entry in ("job_widget.js", "report_page.js", "stepper_widget.js"))
    for path in STATIC.glob("*.js"):
        assert path.read_text(encoding="utf-8").splitlines()[0] in joined, path.name


@pytest.mark.parametrize("make", [plain, troubled, dead, active])
def test_the_page_says_what_the_frames_say(make: Callable[[], Job], tmp_path: Path) -> None:
    """At any moment the playback has the status, stages, nodes, runs, results and lines of the job's own tables."""
    job = make()
    job.disco.close()
    data = job.data()
    path = tmp_path / "packed"
    path.write_bytes(playback(data, Contents(data.read)))
    duration_s = data.state.duration_s
    # Between the moments of the events, so that rounding to microseconds decides nothing; and the very end.
    moments = sorted({event.time_s - data.state.submitted_s for event in job.disco.cluster.log})
    times = [(one + other) / 2 for one, other in pairwise(moments) if other - one > 1e-5]
    times = [time_s for time_s in times[:: max(1, len(times) // 30)] if 0 <= time_s < duration_s]
    times.append(duration_s)
    told = json.loads(node(str(HERE / "facts.js"), str(path), json.dumps([round(time_s, 6) for time_s in times])))
    assert told["moments"] == sorted(set(told["moments"])) and told["moments"][-1] == round(duration_s, 6)
    n_others = len(job.disco.cluster.log.jobs) - 1
    for time_s, facts in zip(times, told["facts"], strict=True):
        state = data.history.job(job.name, time_s)
        assert facts["status"] == state.status
        assert facts["counters"] == [[name, *stage.counters] for name, stage in state.stages.items()]
        assert facts["runs"] == [_run(state, run) for run in state.runs]
        assert facts["partitions"] == {
            f"{name} {label}": sum(output.n_records for output in stored)
            for name, stage in state.stages.items()
            for label, stored in stage.stored_by_label().items()
        }
        assert facts["keys"] == [entry.key for entry in state.oob]
        assert facts["messages"] == job.log[job.log.time_s <= time_s].message.tolist()
        nodes = job.disco.at(time_s).nodes
        assert [row[-1] for row in facts["nodes"]] == nodes.status.tolist()
        assert facts["busy"] == nodes.busy.tolist()
        if not n_others:
            columns = ["host", "slots", "busy", "done", "failed", "data_errors", "status"]
            assert facts["nodes"] == [list(row) for row in nodes[columns].itertuples(index=False)]


def _run(state: JobState, run: Any) -> list[Any]:
    n_records = -1 if run.records_in is None else run.records_in
    start_s = round(run.start_s - state.submitted_s, 6)
    return [run.stage, run.task, run.label, run.host, run.attempt, run.status, n_records, start_s]
