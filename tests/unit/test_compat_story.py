"""Claims about events in the words of Disco 0.5.4."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest

from disco_sim import Disco, Faults, JobError
from disco_sim.compat.dialect import V05
from disco_sim.compat.story import Story, lines, stage_counts
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event, JobSubmitted, TaskDelayed
from disco_sim.model.job import Limits
from disco_sim.views.monitor import Monitor
from disco_sim.views.state import JobState
from tests.unit import logs


@pytest.fixture
def disco() -> Iterator[Disco]:
    """One node of one slot, so that everything happens one after the other."""
    with Disco("disco://localhost:8993", nodes=ClusterSpec.parse("localhost x1"), dialect=V05) as one:
        yield one


def count(line: Any, params: Any) -> Any:
    """A map function."""
    yield line, 1


def copied(it: Any, params: Any) -> Any:
    """A reduce function."""
    return list(it)


def told(disco: Disco, name: str) -> list[str]:
    """The host and text of each line of a job."""
    return [f"{line.host} {line.text}" for line in lines(disco.cluster.log.of(name), disco.cluster.jobs)]


def shape(texts: list[str]) -> list[str]:
    """The lines with durations as T."""
    return [re.sub(r"\d:\d\d:\d\d\.\d{3}", "T", text) for text in texts]


def test_a_complete_job_reads_as_it_was_observed(disco: Disco) -> None:
    """Two maps, a shuffle and a reduce are told line by line in the observed order, tasks counted through the job."""
    job = disco.new_job("J", input=["raw://a", "raw://b"], map=count, reduce=copied)
    job.wait()

    def run(task: str, done: str) -> list[str]:
        return [
            f"master {task} assigned to localhost",
            f"localhost MSG: [{task}] {done}",
            f"localhost MSG: [{task}] Results sent to master",
            f"localhost DONE: [{task}] Task finished in T",
            f"master SYS: [{task}] Received results from localhost",
        ]

    found = shape(told(disco, job.name))
    assert found == [
        "master New job initialized!",
        f'master Created job "{job.name}"',
        "master Stage map scheduled with 2 tasks",
        *run(found[3].split()[1], "Done: 1 entries mapped"),
        *run(found[8].split()[1], "Done: 1 entries mapped"),
        "master Stage map finished in T",
        "master Stage map_shuffle scheduled with 1 tasks",
        *run("map_shuffle:2", "Shuffled 2 inputs into 1 label(s)"),
        "master Stage map_shuffle finished in T",
        "master Stage reduce scheduled with 1 tasks",
        *run("reduce:3", "Done: 2 entries reduced"),
        "master Stage reduce finished in T",
        "master READY: Job done in T",
    ]
    assert {found[3].split()[1], found[8].split()[1]} == {"map:0", "map:1"}


def test_what_job_functions_say_is_msg(disco: Disco) -> None:
    """A printed line is the host's, of type MSG."""

    def fun_map(line: Any, params: Any) -> Any:
        print("hello", line)
        return []

    job = disco.new_job("talk", input=["raw://a"], map=fun_map)
    job.wait()
    assert "localhost MSG: [map:0] hello a" in told(disco, job.name)


def test_an_error_is_fatal_with_its_traceback(disco: Disco) -> None:
    """An exception of a job function is one line with a traceback of the user's frames, then the job is killed."""

    def fun_map(line: Any, params: Any) -> Any:
        return [1 / 0]

    job = disco.new_job("bad", input=["raw://a"], map=fun_map)
    with pytest.raises(JobError):
        job.wait()
    *_, fatal, killed = told(disco, job.name)
    assert killed == "master WARN: Job killed"
    assert fatal.startswith("localhost FATAL: [map:0] Traceback (most recent call last):\n")
    assert fatal.endswith("ZeroDivisionError: division by zero")
    assert "in fun_map" in fatal
    assert "disco_sim/runtime" not in fatal


def test_a_log_alone_has_the_reason(disco: Disco) -> None:
    """Without the jobs a failure is told by its reason."""
    scribe = logs.dead()
    texts = [line.text for line in lines(scribe.log.of(scribe.job))]
    assert any(text.startswith("FATAL: [") and "\nTraceback" not in text for text in texts)
    assert texts[-1] == "WARN: Job killed"


def test_data_errors_are_warnings_until_there_are_too_many() -> None:
    """A failure that may be tried again says where and how long it sleeps; the last one says how many are allowed."""

    def fun_map(line: Any, params: Any) -> Any:
        raise OSError("gone")

    with Disco("disco://localhost:8993", nodes=2, dialect=V05, max_failures=1) as disco:
        job = disco.new_job("flaky", input=["raw://a"], map=fun_map)
        with pytest.raises(JobError):
            job.wait()
        found = told(disco, job.name)
        (delay,) = (event for event in disco.cluster.log.of(job.name) if isinstance(event, TaskDelayed))
        warnings = [text.partition(" ")[2] for text in found if "WARNING" in text]
        assert len(warnings) == 2
        assert all(text.startswith("WARNING: [map:0] Traceback (most recent call last):\n") for text in warnings)
        assert all(text.endswith("OSError: gone") for text in warnings)
        assert (
            f'master Task map:0 failed on "{delay.host}", 1th failures so far. '
            f"Sleeping {delay.wait_s:g} seconds before retrying."
        ) in found
        assert found[-2:] == [
            "master ERROR: [map:0] Task map:0 failed 2 times. At most 1 failures are allowed.",
            "master WARN: Job killed",
        ]


def test_a_worker_that_exits_has_crashed(disco: Disco) -> None:
    """sys.exit(3) is a crash with its code, and tried again."""

    def fun_map(line: Any, params: Any) -> Any:
        import sys

        sys.exit(3)

    job = disco.new_job("exit", input=["raw://a"], map=fun_map)
    while not any(isinstance(event, TaskDelayed) for event in disco.cluster.log.of(job.name)):
        disco.step()
    found = told(disco, job.name)
    assert "localhost WARNING: [map:0] Worker crashed! (exit code: 3)" in found
    assert "localhost WARNING: [map:0] Worker died without output" in found


def test_too_many_lines_end_a_job(disco: Disco) -> None:
    """Ten lines in a second are bad behaviour, and fatal."""

    def fun_map(line: Any, params: Any) -> Any:
        for number in range(20):
            print(number)
        return []

    job = disco.new_job("loud", input=["raw://a"], map=fun_map)
    with pytest.raises(JobError):
        job.wait()
    assert told(disco, job.name)[-3:] == [
        "localhost WARNING: [map:0] Worker is behaving badly: Sent 10 events in a second, ignoring replies.",
        "localhost FATAL: [map:0] Worker died without output",
        "master WARN: Job killed",
    ]


def test_a_kill_is_one_line(disco: Disco) -> None:
    """A killed job ends with the kill alone, though its runs are lost by it."""
    job = disco.new_job("killed", input=["raw://a"], map=count)
    disco.step()
    disco.step()
    job.kill()
    disco.run()
    found = told(disco, job.name)
    assert found[-1] == "master WARN: Job killed"
    assert not any("ERROR" in text or "WARNING" in text for text in found)


def test_a_dead_node_loses_its_workers() -> None:
    """What ran on a node that dies is lost, which is a warning and no failure, and it is tried again elsewhere."""

    def fun_map(line: Any, params: Any) -> Any:
        import time

        time.sleep(10)
        return []

    with Disco("disco://localhost:8993", nodes=2, dialect=V05) as disco:
        job = disco.new_job("lost", input=["raw://a"], map=fun_map)
        disco.step(until=1.0)
        (host,) = set(job.tasks.host)
        disco.faults.kill(host)
        job.wait()
        found = told(disco, job.name)
        assert any(text.startswith(f"{host} WARNING: [map:0] Worker lost: ") for text in found)
        assert any(text.startswith(f'master Task map:0 lost on "{host}". Sleeping ') for text in found)
        assert found[-1].startswith("master READY: ")


def test_a_warning_is_a_line_of_the_master() -> None:
    """A warning about a job is a WARN line of the master behind READY, in what old code reads as events, too."""
    with Disco("disco://localhost:8993", nodes=1, dialect=V05, faults=Faults().crash("mpa:0")) as disco:
        job = disco.new_job("warned", input=["raw://a"], map=count)
        job.wait(show=False)
        found = told(disco, job.name)
    assert found[-2].startswith("master READY: ")
    assert found[-1].startswith("master WARN: 1 fault had no effect: crash('mpa:0') (the job has no stage 'mpa'; ")


def test_stories_can_be_told_in_parts(disco: Disco) -> None:
    """A story goes on from any event: all at once and one by one give the same lines, whatever happens."""
    for scribe in (logs.ready(), logs.dead(), logs.killed()):
        events: list[Event] = list(scribe.log.of(scribe.job))
        story = Story()
        assert [line for event in events for line in story.tell(event)] == list(lines(events))


def test_the_monitor_prints_it(disco: Disco) -> None:
    """With this story, the monitor prints its lines and Disco's status line with five counts."""
    job = disco.new_job("J", input=["raw://a", "raw://b"], map=count)
    printed = io.StringIO()
    jobs = disco.cluster.jobs
    with disco._driver.watched(job.name, Monitor("nocolor", stream_err=printed, teller=lambda name: Story(jobs))):
        job.wait(show=False)
    assert "Status: [map] 0 pending, 1 waiting, 1 running, 0 done, 0 failed\n" in printed.getvalue()
    assert "2010/09/01 00:00:00 master Stage map scheduled with 2 tasks\n" in printed.getvalue()
    assert printed.getvalue().endswith("Status: [map_shuffle] 0 pending, 0 waiting, 0 running, 1 done, 0 failed\n")


def test_tasks_over_the_limit_are_pending() -> None:
    """What max_cores holds back is pending, not waiting; the sum of both stays."""
    assert stage_counts(3, 1, 2, 0, 1, 2**31) == (0, 3, 1, 2, 0)
    assert stage_counts(3, 1, 2, 0, 1, 1) == (3, 0, 1, 2, 0)
    assert stage_counts(3, 1, 2, 0, 5, 6) == (2, 1, 1, 2, 0)
    story, state = Story(), JobState(logs.JOB)
    for event in (JobSubmitted(0.0, logs.JOB, 0, logs.PLAN, 2, Limits(max_cores=1)),):
        story.tell(event)
        state.add(event)
    assert story.status(state) == "Status: [map] 0 pending, 0 waiting, 0 running, 0 done, 0 failed"
    assert story.status(JobState("none")) == ""
