"""Claims about the monitor that is refreshed by hand."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from disco_sim import Disco as NativeDisco
from disco_sim.compat import masters
from disco_sim.compat.disco.core import Disco, Job
from disco_sim.compat.disco.eventmonitor import EventMonitor
from disco_sim.error import CommError


@pytest.fixture
def job() -> Iterator[Job]:
    """A job of one map, submitted."""
    masters.forget()
    disco = Disco("disco://localhost:8993")
    yield disco.new_job("one", input=["raw://a"], map=lambda line, params: [(line, 1)])
    masters.forget()


def test_every_line_is_printed_once(job: Job) -> None:
    """A refresh prints what is new, as JSON lines on the standard output of that mode."""
    printed = io.StringIO()
    monitor = EventMonitor("json", job.disco, job, stream_out=printed)
    monitor.refresh()
    monitor.refresh()
    assert [json.loads(line)[2] for line in printed.getvalue().splitlines()] == [
        "New job initialized!",
        f'Created job "{job.name}"',
    ]
    job.wait()
    monitor.refresh()
    assert printed.getvalue() == job.rawevents()
    assert repr(monitor) == f"EventMonitor({job.name}, {job.disco.cluster.log.n_events(job.name)} events shown)"


def test_text_has_status_lines(job: Job) -> None:
    """As text there are status lines too, when the numbers have changed; in colour the job's name is the heading."""
    printed = io.StringIO()
    monitor = EventMonitor("nocolor", job=job, stream_err=printed)
    job.wait()
    monitor.refresh()
    n_before = len(printed.getvalue())
    monitor.refresh()
    assert len(printed.getvalue()) == n_before
    assert "Status: [map_shuffle] 0 pending, 0 waiting, 0 running, 1 done, 0 failed\n" in printed.getvalue()
    colourful = io.StringIO()
    EventMonitor("ansi", job=job, stream_err=colourful).refresh()
    assert colourful.getvalue().startswith(f"\x1b[37;44m{job.name}:\x1b[0m\n")
    assert "\x1b[37;42mREADY: Job done in " in colourful.getvalue()


@pytest.mark.parametrize("show", ["", None, False])
def test_nothing_is_shown_on_demand(job: Job, show: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a mode nothing is printed."""
    EventMonitor(show, job=job).refresh()
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_the_ways_to_name_a_job(job: Job) -> None:
    """The job may be a Job or a name, come second, or as name=; the master is its own, or that of the settings."""
    monitors = [
        EventMonitor("json", job=job),
        EventMonitor("json", job.disco, job.name),
        EventMonitor("json", job.disco, name=job.name),
    ]
    assert {(monitor.name, monitor.disco.native) for monitor in monitors} == {(job.name, job.disco.native)}
    with pytest.raises(CommError, match="nosuch"):
        EventMonitor("json", job.disco, "nosuch").refresh()


def test_a_documented_disco_has_its_own_words() -> None:
    """On a Disco of the documented dialect the lines are those of its own monitor."""
    with NativeDisco("disco://localhost:8994") as native:
        job = Disco(native).new_job("one", input=["raw://a"], map=lambda line, params: [(line, 1)])
        printed = io.StringIO()
        EventMonitor("nocolor", job=job, stream_err=printed).refresh()
        assert "Job initialized: 1 input, stages: map\n" in printed.getvalue()
