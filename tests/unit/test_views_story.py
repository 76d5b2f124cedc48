"""Events as lines, and the console monitor."""

from __future__ import annotations

import io
import json

import pytest

from disco_sim.error import DiscoError
from disco_sim.model.events import NodeBlacklisted
from disco_sim.model.plan import Stage
from disco_sim.views.monitor import Monitor
from disco_sim.views.story import MASTER, Story, lines, task_story, timestamp
from tests.unit import logs


def test_a_ready_job_reads_in_the_order_of_its_events() -> None:
    """The log of a job begins with its submission, ends with READY, and names stages as the plan does."""
    scribe = logs.ready()
    told = [line.text for line in lines(scribe.log.of(scribe.job))]
    assert told[:5] == [
        "Job initialized: 2 inputs, stages: map, reduce",
        "Starting job",
        "map phase: 2 tasks",
        "[map:0] assigned to node01",
        "[map:1] assigned to node02",
    ]
    assert told[-2:] == ["reduce phase done", "READY: Job finished in 0:00:04.250"]
    assert "[map:0] Task finished in 0:00:00.500" in told
    assert "[map:0] results received from node01" in told


def test_a_retry_says_where_it_failed_and_how_long_it_waits() -> None:
    """A data error is the host's line, the wait before the retry is the master's warning."""
    scribe = logs.ready()
    told = [(line.host, line.text) for line in lines(scribe.log.of(scribe.job)) if line.level == "WARN"]
    assert told == [
        ("node02", "[map:1] Data error: bad line"),
        (MASTER, "WARN: [map:1] failed on node02, failure 1 of this task. Sleeping 2 seconds before retrying"),
    ]


def test_the_end_of_a_dead_job_tells_failure_from_kill() -> None:
    """A failed job ends with an error and the kill, a killed one with the kill alone."""
    dead, killed = logs.dead(), logs.killed()
    assert [line.text for line in lines(dead.log.of(dead.job))][-2:] == [
        "ERROR: Job terminated: map:0 failed on node01: ValueError: x",
        "WARN: Job killed",
    ]
    assert [line.text for line in lines(killed.log.of(killed.job))][-1] == "WARN: Job killed: by hand"


def test_stage_names_come_from_the_plan() -> None:
    """A plan with other stage names is told in those names."""
    scribe = logs.Scribe(plan=(Stage("sift", "split"),))
    scribe.submit(1)
    told = [line.text for line in lines(scribe.log.of(scribe.job))]
    assert told == ["Job initialized: 1 input, stages: sift", "Starting job", "sift phase: 1 task"]


def test_virtual_time_zero_is_the_first_of_september_2010() -> None:
    """Timestamps count whole virtual seconds from the epoch of the simulation."""
    assert timestamp(0.0) == "2010/09/01 00:00:00"
    assert timestamp(86400.999) == "2010/09/02 00:00:00"


def test_node_events_are_lines_of_the_master() -> None:
    """Events that are of no job can be told too."""
    assert [line.text for line in Story().tell(NodeBlacklisted(0.0, "node09"))] == ["WARN: node09 is blacklisted"]


def test_a_task_story_holds_all_that_concerns_the_task() -> None:
    """The story of a task has its runs, outputs and out-of-band results, and nothing of other tasks."""
    scribe = logs.ready()
    told = task_story(scribe.log, scribe.job, "map", 1)
    assert {(line.stage, line.task) for line in told} == {("map", 1)}
    assert [line.message for line in told] == [
        "waits for a slot; reads 1 input at node02",
        "assigned to node02",
        "out-of-band result 'lines:1' (2 bytes) dropped",
        "Data error: bad line",
        "failed on node02, failure 1 of this task. Sleeping 2 seconds before retrying",
        "waits for a slot again",
        "assigned to node01",
        "stored 1 record, 10 bytes for partition 0",
        "out-of-band result 'lines:1' (2 bytes) committed",
        "Task finished in 0:00:00.500",
        "results received from node01",
    ]


def test_a_task_that_is_not_there_names_those_that_are() -> None:
    """Asking for a wrong task is an error that says which tasks the job has."""
    scribe = logs.ready()
    with pytest.raises(DiscoError, match=r"no task map:7.*map:0 to map:1, reduce:0 to reduce:2"):
        task_story(scribe.log, scribe.job, "map", 7)


def _monitored(mode: str, scribe: logs.Scribe) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    monitor = Monitor(mode, out, err)
    for event in scribe.log.of(scribe.job):
        monitor.show(scribe.job, event)
    return out.getvalue(), err.getvalue()


def test_the_json_monitor_prints_a_list_a_line() -> None:
    """Mode json gives [timestamp, host, text] lists on standard output, and nothing else."""
    scribe = logs.ready()
    out, err = _monitored("json", scribe)
    records = [json.loads(line) for line in out.splitlines()]
    assert records == [list(line.record) for line in lines(scribe.log.of(scribe.job))]
    assert err == ""


def test_status_lines_come_when_the_numbers_change() -> None:
    """Text mode prints a status of the latest stage with runs, once for each virtual time at which it changed."""
    _, err = _monitored("nocolor", logs.ready())
    status = [line for line in err.splitlines() if line.startswith("Status:")]
    assert status == [
        "Status: [map] 0 waiting, 2 running, 0 done, 0 failed",
        "Status: [map] 0 waiting, 1 running, 1 done, 0 failed",
        "Status: [map] 1 waiting, 0 running, 1 done, 1 failed",
        "Status: [map] 0 waiting, 1 running, 1 done, 1 failed",
        "Status: [reduce] 0 waiting, 3 running, 0 done, 0 failed",
        "Status: [reduce] 0 waiting, 2 running, 1 done, 0 failed",
        "Status: [reduce] 0 waiting, 1 running, 2 done, 0 failed",
        "Status: [reduce] 0 waiting, 0 running, 3 done, 0 failed",
    ]
    assert err.splitlines()[0] == "2010/09/01 00:00:00 master Job initialized: 2 inputs, stages: map, reduce"


def test_the_colour_monitor_has_a_heading_and_colours() -> None:
    """Mode ansi prints the job's name once, pads hosts to ten, and colours levels."""
    _, err = _monitored("ansi", logs.dead())
    assert err.count("grep@1a:2b:3d:") == 1
    assert "\x1b[34mmaster    \x1b[0m \x1b[31mERROR: Job terminated" in err
    assert "\x1b[36mStatus: [map]" in err


def test_colour_falls_back_to_text_off_a_terminal() -> None:
    """An unknown mode is plain text when standard error is no terminal, and '' prints nothing."""
    scribe = logs.ready()
    assert _monitored("yes", scribe) == _monitored("text", scribe)
    assert _monitored("", scribe) == ("", "")


def test_the_monitor_finds_the_streams_of_the_moment(capsys: pytest.CaptureFixture[str]) -> None:
    """Without streams, the monitor writes to whatever the standard streams are when it prints."""
    scribe = logs.killed()
    monitor = Monitor("text")
    for event in scribe.log.of(scribe.job):
        monitor.show(scribe.job, event)
    assert "WARN: Job killed: by hand" in capsys.readouterr().err
