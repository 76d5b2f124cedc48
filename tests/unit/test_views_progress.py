"""How far a job is, drawn from events: counts, rates, boxes, as HTML and as text."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event, JobSubmitted, NodeBlacklisted, NodeDied, RunStarted, StageStarted
from disco_sim.model.job import Limits
from disco_sim.model.plan import Stage
from disco_sim.views.progress import JobProgress
from disco_sim.views.state import JobState
from tests.unit import logs
from tests.unit.sanitizer import checked

NUMBERS = re.compile(r"[\d,.]+ (?:waiting|running|done|failed|records/s|s\b|of \d+ slots busy|dead)")


def _hear(shown: JobProgress, event: Event) -> None:
    """An event of any job, or of a node, happens."""
    shown.hosts.add(event)
    if getattr(event, "job", None) == shown.job:
        shown.add(event)


def _progress(scribe: logs.Scribe, until_s: float = 100.0, nodes: int = 4) -> JobProgress:
    """The progress of a job after all events up to and with a time."""
    shown = JobProgress(scribe.job, scribe.plan, ClusterSpec.of(nodes).nodes)
    for event in scribe.log:
        if event.time_s <= until_s:
            _hear(shown, event)
    return shown


@pytest.mark.parametrize("log", [logs.ready, logs.dead, logs.killed, logs.troubled])
def test_counts_are_those_of_the_state_after_every_event(log: Callable[[], logs.Scribe]) -> None:
    """Failures, retries, copies, lost outputs and dead jobs are counted as everywhere else."""
    scribe = log()
    shown, state = JobProgress(scribe.job, scribe.plan, ()), JobState(scribe.job)
    for event in scribe.log.of(scribe.job):
        shown.add(event)
        state.add(event)
        assert [stage.counters for stage in shown.stages.values()] == [
            stage.counters for stage in state.stages.values()
        ]
        assert (shown.status, shown.duration_s) == (state.status, state.duration_s)


def test_the_text_of_a_job_that_goes_on() -> None:
    """There is a line per stage, also of those that have not started, and one that tells how full each node is."""
    assert _progress(logs.ready(), 0.5).text().splitlines() == [
        "Job wordcount@1a:2b:3c: active, 0.500 s (virtual)",
        "  map     0 waiting, 1 running, 1 done, 0 failed · 6.0 records/s · 0.500 s",
        "  reduce  not started",
        "  nodes   1 of 8 slots busy  ·▅··",
    ]


def test_the_text_of_a_job_that_has_ended() -> None:
    """Numbers stand below each other, and nodes, which are free again, are left out."""
    assert _progress(logs.ready()).text().splitlines() == [
        "Job wordcount@1a:2b:3c: ready, 4.250 s (virtual)",
        "  map     0 waiting, 0 running, 2 done, 1 failed · 2.5 records/s · 3.250 s",
        "  reduce  0 waiting, 0 running, 3 done, 0 failed · 9.0 records/s · 1.000 s",
    ]


def test_a_stage_whose_output_is_lost_goes_on() -> None:
    """Its time runs on from the loss to when all of its tasks are done again, and what was read twice counts twice."""
    scribe = logs.troubled()
    seconds = [_progress(scribe, until_s).stages["map"].seconds(until_s) for until_s in (1.5, 2.5, 3.5)]
    assert seconds == [1.0, 2.5, 3.0]
    assert _progress(scribe).stages["map"].n_records == 15 + 3


def test_a_stage_that_took_no_time_has_no_rate() -> None:
    """Where nothing can be divided a dash is shown, and a stage without tasks is over at once."""
    scribe = logs.Scribe()
    scribe.add(JobSubmitted(0.0, scribe.job, 0, scribe.plan, 0, Limits()), StageStarted(0.0, scribe.job, "map", ()))
    shown = _progress(scribe)
    shown.now_s = 5.0
    assert "0 done, 0 failed · – records/s · 0.000 s" in shown.text()  # noqa: RUF001 - the dash
    assert "width:0.0%" in shown.html()


@pytest.mark.parametrize("log", [logs.ready, logs.dead, logs.troubled])
def test_html_says_what_the_text_says_without_trust(log: Callable[[], logs.Scribe]) -> None:
    """After every event all numbers of the text are in the HTML, which JupyterLab keeps in an unknown notebook."""
    scribe = log()
    shown = JobProgress(scribe.job, scribe.plan, ClusterSpec.of(4).nodes)
    for event in scribe.log:
        _hear(shown, event)
        html, text = checked(shown.html()), shown.text()
        told = NUMBERS.findall(text)
        assert len(told) >= 2
        assert [number for number in told if number not in html] == []
        assert text.count("not started") == html.count("not started")


def test_names_of_users_are_shown_not_run() -> None:
    """A stage's name that looks like HTML stays text."""
    shown = JobProgress("a<b>@1", (Stage("<i>", "split"),), ClusterSpec.of(1).nodes)
    assert "<i>" not in shown.html()
    assert "&lt;i&gt;" in shown.html()
    assert "a&lt;b&gt;@1" in shown.html()


def test_what_is_wrong_with_nodes_is_told_by_a_sign_and_a_word() -> None:
    """A dead node and one that gets no tasks are marked, and the slots of the dead one are not there."""
    shown = JobProgress("j", (), ClusterSpec.of(4).nodes)
    for event in (
        RunStarted(0.0, "other", "map", 0, 0, "node01", 0, 0),
        RunStarted(0.0, "other", "map", 1, 0, "node01", 1, 0),
        NodeDied(0.0, "node02"),
        NodeBlacklisted(0.0, "node03"),
    ):
        _hear(shown, event)
    assert shown.text().endswith("2 of 6 slots busy, 1 dead, 1 blacklisted  █×–·")  # noqa: RUF001 - signs
    assert 'title="node02: 0 of 0 slots busy, 1 dead"' in shown.html()
    assert shown.html().count("dashed") == 2


@pytest.mark.parametrize(("nodes", "boxes", "of_each"), [(64, 64, 1), (65, 33, 2), (1000, 63, 16)])
def test_many_nodes_share_boxes(nodes: int, boxes: int, of_each: int) -> None:
    """There are never more than 64 boxes, each of as many nodes, and no slot is lost."""
    shown = JobProgress("j", (), ClusterSpec.of(nodes).nodes)
    found = shown.boxes
    assert len(found) == boxes
    assert {box.n_nodes for box in found[:-1]} == {of_each}
    assert sum(box.slots for box in found) == 2 * nodes
    assert f"0 of {2 * nodes} slots busy" in shown.text()
