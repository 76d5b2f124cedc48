"""Events as lines, and the console monitor."""

from __future__ import annotations

import io
import json

import pytest

from disco_sim.error import DiscoError
from disco_sim.model.events import (
    CopiesDue,
    Event,
    JobWarned,
    NetworkCut,
    NetworkHealed,
    NetworkShared,
    NodeBlacklisted,
    NodeDied,
    NodeReturned,
    NodeSlowed,
    TaskDelayed,
)
from disco_sim.model.plan import Stage
from disco_sim.tables import table, table_text
from disco_sim.views.monitor import Monitor
from disco_sim.views.rows import lines_table
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


def test_what_is_lost_is_told_with_its_reason() -> None:
    """Lost runs and lost outputs are warnings of a job's log, each with its task and why."""
    scribe = logs.troubled()
    told = [line.text for line in lines(scribe.log.of(scribe.job)) if line.level == "WARN"]
    assert told == [
        "[reduce:1] Task lost: node02 died",
        "WARN: [map:1] output of map:1 at node02 is lost: node02 died; the task runs again",
        "[reduce:2] Task lost: what it reads is lost",
        "[map:1] Task lost: another run of the task was faster",
    ]


def test_a_lost_run_is_no_failure_that_waits() -> None:
    """The wait after a lost run is told as such, that after a failure of the same task as before."""
    scribe = logs.ready()
    scribe.fail(5.0, "map", 0, "node02", "lost", "node02 died")
    scribe.add(TaskDelayed(5.0, scribe.job, "map", 0, 0, "node02", 2.0))
    scribe.fail(8.0, "map", 0, "node03", "crash", "exit status 9")
    scribe.add(TaskDelayed(8.0, scribe.job, "map", 0, 1, "node03", 3.0))
    assert [line.text for line in lines(scribe.log.of(scribe.job))][-4:] == [
        "[map:0] Task lost: node02 died",
        "WARN: [map:0] lost on node02. Sleeping 2 seconds before it runs again",
        "[map:0] Worker crashed: exit status 9",
        "WARN: [map:0] failed on node03, failure 1 of this task. Sleeping 3 seconds before retrying",
    ]


def test_the_story_of_a_task_tells_its_phases() -> None:
    """A task's story says what its runs' time went by with, and how slow the CPU was; the log does not."""
    scribe = logs.troubled()
    told = [line.message for line in task_story(scribe.log, scribe.job, "map", 1)]
    assert told[:4] == [
        "waits for a slot; reads 1 input at node02",
        "assigned to node02",
        "start-up 0.500 s, read 0.125 s, cpu 0.250 s (2 times as long as normal), write 0.125 s",
        "Task finished in 0:00:01.000",
    ]
    assert "start-up 0.250 s, wait 0.125 s, read 0.125 s" in told
    assert not any("start-up" in line.message for line in lines(scribe.log.of(scribe.job)))


def test_phases_are_never_cut() -> None:
    """However many phases a run had, and however long they were, a table shows all that its story tells of them."""
    scribe = logs.Scribe()
    scribe.submit()
    scribe.play(9.0, "map", 0, "node01", 0.5, *[1000.25] * 6)
    told = task_story(scribe.log, scribe.job, "map", 0)
    assert [line.message for line in told][1:] == [
        "start-up 0.500 s, wait 1000.250 s, read 1000.250 s, transfer 1000.250 s,",
        "cpu 1000.250 s (2 times as long as normal), wait 1000.250 s, write 1000.250 s",
    ]
    assert "..." not in table_text(lines_table(told)) and "…" not in table(lines_table(told), "")


def test_phases_too_short_to_be_told() -> None:
    """Phases under half a millisecond are left out, and a run of nothing else has no line."""
    scribe = logs.Scribe()
    scribe.submit()
    scribe.play(0.0, "map", 0, "node01", 0.0001, 0.0, 0.0, 0.0, 0.0004)
    scribe.play(1.0, "map", 0, "node01", 0.5, 0.0, 0.0, 0.0, 0.0004)
    assert [line.message for line in task_story(scribe.log, scribe.job, "map", 0)][1:] == ["start-up 0.500 s"]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (NodeDied(1.0, "node02"), "WARN: node02 died"),
        (NodeReturned(1.0, "node02"), "node02 is back"),
        (NodeSlowed(1.0, "node02", 4.0), "WARN: node02 is 4 times slower"),
        (NodeSlowed(1.0, "node02", 0.5), "node02 is 2 times faster"),
        (NodeSlowed(1.0, "node02", 1.0), "node02 is at its normal speed again"),
        (NetworkCut(1.0, ("a",), ("b", "c")), "WARN: the network between a and b, c is cut"),
        (NetworkHealed(1.0, ("a", "b"), ("c",)), "the network between a, b and c is whole again"),
        (NetworkCut(1.0, ("a",), tuple("bcdefg")), "WARN: the network between a and b, c, d, e and 2 more is cut"),
        (NetworkShared(1.0, "ports", 9), "9 transfers at once: the network is shared by ports from here on"),
        (NetworkShared(1.0, "exact", 9), "9 transfers at once: the network is shared exactly from here on"),
        (JobWarned(1.0, "job", "look here"), "WARN: look here"),
        (CopiesDue(1.0, "job", "map"), None),
    ],
)
def test_nodes_and_network_have_lines(event: Event, text: str | None) -> None:
    """What happens to nodes and the network, and warnings, are the master's lines; a look of the scheduler is none."""
    assert [line.text for line in Story().tell(event)] == ([] if text is None else [text])
    assert all(line.host == MASTER and line.task is None for line in Story().tell(event))
