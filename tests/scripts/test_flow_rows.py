"""The flow pane and `job.at(t).partitions` tell the same of partitions, at any time and however a stage is grouped."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from disco_sim import Disco, Job
from disco_sim.compat.dialect import V05
from disco_sim.func import sum_reduce
from disco_sim.model.plan import Stage
from disco_sim.views.history import History
from disco_sim.views.packing import exact
from disco_sim.views.playback import JobData, playback
from disco_sim.views.rows import partitions_table
from tests.scripts.test_scripts import HERE, LINES, active, dead, node, plain, troubled, words
from tests.unit import logs


def without_reduce() -> Job:
    """A job whose map output nobody reads."""
    job = Disco(nodes=3).new_job(name="single", input=LINES, map=words, partitions=3)
    job.wait(show=False)
    return job


def merged() -> Job:
    """A job whose only reduce task reads all partitions."""
    job = Disco(nodes=3).new_job(
        name="merged", input=LINES, map=words, reduce=sum_reduce, partitions=3, merge_partitions=True
    )
    job.wait(show=False)
    return job


def plain_words(line: str, params: Any) -> Any:
    for word in line.split():
        yield word, 1


def long_label(key: Any, n: int, params: Any) -> int:
    """Labels that JavaScript would round to the same number, and a negative one."""
    return {"to": 2**70, "be": 2**70 + 1}.get(key, -(2**40))


def observed(partitions: int = 3, **parameters: Any) -> Job:
    """A job of the dialect that joins map output on each node."""
    job = Disco(nodes=3, dialect=V05).new_job(
        name="observed", input=LINES, map=plain_words, partitions=partitions, **{"reduce": sum_reduce, **parameters}
    )
    job.wait(show=False)
    return job


def long_labels() -> Job:
    """A job whose partition function gives what labels it likes."""
    return observed(partition=long_label)


def observed_without_reduce() -> Job:
    """Map output that is joined, and read by nobody."""
    return observed(reduce=None)


def observed_in_one() -> Job:
    """Map output that is joined, and read all at once."""
    return observed(partitions=1)


def check(data: JobData, path: Path) -> None:
    """At any time the page's rows are those of the table."""
    path.write_bytes(playback(data))
    state = data.state
    moments = sorted({event.time_s - state.submitted_s for event in data.history.log.of(data.job)})
    times = [(one + other) / 2 for one, other in pairwise(moments) if other - one > 1e-5]
    times.append(state.duration_s)
    told = json.loads(node(str(HERE / "flow_rows.js"), str(path), json.dumps([round(time_s, 6) for time_s in times])))
    assert len(told) == len(times) >= 2
    for time_s, rows in zip(times, told, strict=True):
        expected = partitions_table(data.history.job(data.job, time_s)).rows
        assert rows == [[stage, exact(label), host, n, size] for stage, label, host, n, _, size, *_ in expected], time_s


@pytest.mark.parametrize(
    ("make", "stage"),
    [
        (plain, "map"), (troubled, "map"), (dead, "map"), (active, "map"), (without_reduce, "map"), (merged, "map"),
        (observed, "map_shuffle"), (observed_in_one, "map_shuffle"), (observed_without_reduce, "map"),
    ],
)  # fmt: skip
def test_the_flow_opens_on_the_stage_that_is_read(make: Callable[[], Job], stage: str, tmp_path: Path) -> None:
    """The pane opens on the stage that `job.flow()` takes by itself: the one whose partitions a stage reads."""
    job = make()
    path = tmp_path / "packed"
    path.write_bytes(playback(job.data()))
    assert node(str(HERE / "flow_first.js"), str(path)).strip() == job.flow().stage == stage
    job.disco.close()


@pytest.mark.parametrize("make", [plain, troubled, dead, active, without_reduce, merged, observed, long_labels])
def test_the_flow_has_the_rows_of_the_partitions(make: Callable[[], Job], tmp_path: Path) -> None:
    """Hosts, records and bytes of partitions are those of the frame, while outputs come, are lost and made anew."""
    job = make()
    job.disco.close()
    check(job.data(), tmp_path / "packed")


@pytest.mark.parametrize("grouping", ["split", "group_label", "group_node", "group_node_label", "group_all"])
def test_whatever_groups_the_reading_stage(grouping: str, tmp_path: Path) -> None:
    """A partition is at its readers' one host, however the reading stage is grouped."""
    labels = range(3) if grouping in ("group_label", "group_all") else None
    scribe = logs.Scribe(plan=(Stage("map", "split"), Stage("next", grouping, labels)))
    scribe.submit(2)
    for task, host in enumerate(("node01", "node02")):
        scribe.start(0.0, "map", task, host)
        scribe.store(0.5 + task, "map", task, host, 0, logs.pairs(("a", 1)))
        if task:
            scribe.store(0.5 + task, "map", task, host, 1, logs.pairs(("b", 1), ("c", 2)))
        scribe.finish(0.5 + task, "map", task, host)
    tasks = scribe.begin(2.0, scribe.plan[1], tuple(scribe.outputs["map"]))
    for task, inputs in enumerate(tasks):
        host = inputs.hosts[0] if inputs.hosts else "node03"
        scribe.start(2.0 + task, "next", task, host)
        scribe.store(3.0 + task, "next", task, host, task, logs.pairs(("a", 1)))
        scribe.finish(3.0 + task, "next", task, host)
    data = JobData(History(scribe.log), scribe.job, scribe.read, dict, (), 1000, lambda: 9.0)
    check(data, tmp_path / "packed")
