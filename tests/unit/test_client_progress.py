"""What wait() shows while a job goes on: where, when, and what is left of it at the end."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import disco_sim.client.disco as client
from disco_sim import Disco, Faults, JobError
from disco_sim.client.progress import Page, Progress, Terminal, Text, display
from disco_sim.error import DiscoError
from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event
from disco_sim.views.progress import JobProgress

EIGHT_DONE = "  map    0 waiting, 0 running, 8 done, 0 failed · 8.0 records/s · 1.000 s"


class Screen(io.StringIO):
    """A stream that says it is a terminal, and knows what is to be seen on it."""

    def isatty(self) -> bool:
        """Yes."""
        return True

    @property
    def rows(self) -> list[str]:
        """The lines on the screen, the last one being that of the cursor."""
        rows, row = [""], 0
        for part in re.findall(r"\x1b\[\d*[A-Z]|\n|[^\x1b\n]+", self.getvalue()):
            if part == "\n":
                row += 1
                rows += [""] * (row + 1 - len(rows))
            elif part.endswith("F") and part.startswith("\x1b"):
                row -= int(part[2:-1])
            elif part == "\x1b[J":
                rows = [*rows[:row], ""]
            else:
                rows[row] += part
        return rows


class Clock:
    """A clock that moves when it is told, or by `step_s` whenever somebody looks."""

    def __init__(self, step_s: float = 0.0) -> None:
        self.now_s, self.step_s, self.n_looks = 0.0, step_s, 0

    def __call__(self) -> float:
        """The time."""
        self.n_looks += 1
        self.now_s += self.step_s
        return self.now_s


class Witness:
    """A display that notes what it is asked to do."""

    patience_s = 0.0

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def begin(self, shown: JobProgress) -> None:
        """Noted."""
        self.seen.append(("begin", shown.text()))

    def draw(self, shown: JobProgress) -> None:
        """Noted."""
        self.seen.append(("draw", shown.text()))

    def give_way(self) -> None:
        """Noted."""
        self.seen.append(("give way", ""))

    def end(self, shown: JobProgress) -> None:
        """Noted."""
        self.seen.append(("end", shown.text()))

    @property
    def calls(self) -> list[str]:
        """What was asked for."""
        return [call for call, _ in self.seen]


def one(line: str, params: Any) -> Any:
    """A map function."""
    return [(line, 1)]


@pytest.fixture(autouse=True)
def _no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCO_EVENTS", "")
    monkeypatch.delenv("DISCO_EVENTS")


@pytest.fixture
def disco() -> Iterator[Disco]:
    """A cluster."""
    with Disco(nodes=2, namespace="notebook") as disco:
        yield disco


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> Witness:
    """What every wait() shows on."""
    witness = Witness()
    monkeypatch.setattr(client, "display", lambda mode: witness)
    return witness


def _wait(disco: Disco, place: Any, clock: Clock, **parameters: Any) -> None:
    """Drive a job that shows its progress at a place, by a clock of ours."""
    job = disco.new_job(name="count", **{"input": ["raw://a"] * 8, "map": one, **parameters})
    progress = Progress(disco.cluster, disco._driver.hosts, job.name, disco.plan(job.name), place, clock)
    disco._driver.drive(lambda: job.status != "active", follower=progress)


# -- when is drawn -----------------------------------------------------------------------------------


def test_it_draws_at_most_ten_times_a_second(disco: Disco) -> None:
    """However many runs start, there is a tenth of a second between two pictures, and the last one is always drawn."""
    slow, quick, long = Witness(), Witness(), Witness()
    _wait(disco, slow, Clock(0.04), input=["raw://a"] * 100)
    _wait(disco, quick, Clock(), input=["raw://a"] * 100)
    _wait(disco, long, Clock(1.0), input=["raw://a"] * 100)
    # 100 starts and the stage's: every third look is a tenth of a second after the last picture.
    assert slow.calls.count("draw") == 34
    assert quick.calls == ["begin", "draw", "end"]
    assert long.calls.count("draw") == 101
    for witness in (slow, quick, long):
        assert "100 done" in witness.seen[-1][1]


def test_the_clock_is_looked_at_only_when_runs_start(disco: Disco) -> None:
    """Of five events a task, four do not ask for the time."""
    clock = Clock()
    _wait(disco, Witness(), clock, input=["raw://a"] * 100)
    assert clock.n_looks == 1 + 1 + 100


def test_the_end_does_not_depend_on_the_clock() -> None:
    """Whatever was drawn before, what is left tells only of virtual time."""
    found = []
    for step_s in (0.0, 0.03, 7.0):
        with Disco(nodes=2) as other:
            place = Witness()
            _wait(other, place, Clock(step_s))
            found.append(place.seen[-1])
    assert found[0] == found[1] == found[2]
    assert found[0][1].splitlines()[1] == EIGHT_DONE


# -- how a job ends ----------------------------------------------------------------------------------


def test_a_job_that_is_over_shows_nothing(disco: Disco, witness: Witness) -> None:
    """The second wait() for a job is silent."""
    job = disco.new_job(name="count", input=["raw://a"], map=one)
    job.wait()
    assert witness.calls[-1] == "end"
    witness.seen.clear()
    job.wait()
    assert witness.seen == []


def test_a_dead_job_shows_its_end_before_the_error(disco: Disco, witness: Witness) -> None:
    """The last picture is of a dead job."""
    job = disco.new_job(name="bad", input=["raw://a"], map=lambda line, params: 1 / 0)
    with pytest.raises(JobError):
        job.wait()
    assert witness.seen[-1][0] == "end"
    assert ": dead, 0.500 s" in witness.seen[-1][1]


def test_a_timeout_shows_how_far_the_job_is_and_the_next_wait_goes_on(disco: Disco, witness: Witness) -> None:
    """The picture is of the deadline, with busy nodes; the next one knows what happened before."""
    job = disco.new_job(name="count", input=["raw://a"] * 8, map=one)
    with pytest.raises(JobError, match="Timeout"):
        job.wait(timeout=0.7)
    assert witness.seen[-1][1].splitlines() == [
        f"Job {job.name}: active, 0.700 s (virtual)",
        "  map    0 waiting, 4 running, 4 done, 0 failed · 5.7 records/s · 0.700 s",
        "  nodes  4 of 4 slots busy  ██",
    ]
    before = witness.seen[-1][1]
    witness.seen.clear()
    job.wait()
    assert witness.seen[0] == ("begin", before.replace("0.700 s", "0.500 s").replace("5.7", "8.0"))
    assert "8 done" in witness.seen[-1][1]


def test_an_interrupt_shows_the_end_and_the_next_job_runs(disco: Disco, witness: Witness) -> None:
    """Ctrl-C leaves a last picture of the dead job, and nothing follows the cluster any more."""

    def fun_map(line: str, params: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        disco.new_job(name="stopped", input=["raw://a"], map=fun_map).wait()
    assert witness.seen[-1][0] == "end"
    assert ": dead, " in witness.seen[-1][1]
    assert disco._driver._follower is None
    assert len(disco.new_job(name="good", input=["raw://a"] * 3, map=one).wait()) == 3


@pytest.mark.parametrize("broken", ["begin", "draw", "give_way", "end"])
def test_a_display_that_fails_leaves_the_cluster_usable(
    disco: Disco, witness: Witness, broken: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its error gets out, its end is tried all the same, and the job can be waited for again."""

    def fail(*_: Any) -> None:
        raise OSError("no paper")

    def fun_map(line: str, params: Any) -> Any:
        print("got", line)
        return [(line, 1)]

    job = disco.new_job(name="count", input=["raw://a", "raw://b"], map=fun_map)
    with monkeypatch.context() as patch:
        patch.setattr(witness, broken, fail)
        with pytest.raises(OSError, match="no paper"):
            job.wait()
    assert ("end" in witness.calls) == (broken != "end")
    assert len(job.wait(show=False)) == 2


def test_who_drives_already_shows_nothing(disco: Disco, witness: Witness) -> None:
    """wait() inside a job function is refused before anything is displayed."""
    other = disco.new_job(name="other", input=["raw://b"], map=one)

    def fun_map(line: str, params: Any) -> Any:
        with pytest.raises(DiscoError, match="only one call at a time"):
            other.wait()
        return [(line, 1)]

    disco.new_job(name="count", input=["raw://a"], map=fun_map).wait()
    assert (witness.calls.count("begin"), witness.calls.count("end")) == (1, 1)


# -- prints ------------------------------------------------------------------------------------------


def test_prints_still_appear_in_virtual_order(
    disco: Disco, witness: Witness, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines of this job and of others come out once each, and the display gives way before each of them."""

    def fun_map(line: str, params: Any) -> Any:
        import time

        time.sleep(float(line))
        print("slept", line)
        return [(line, 1)]

    disco.new_job(name="other", input=["raw://2"], map=fun_map)
    job = disco.new_job(name="count", input=["raw://3", "raw://1"], map=fun_map)
    with pytest.raises(JobError, match="Timeout"):
        job.wait(timeout=1.8)
    assert capsys.readouterr().out == "slept 1\n"
    job.wait()
    assert capsys.readouterr().out == "slept 2\nslept 3\n"
    assert witness.calls.count("give way") == 3


def test_listeners_hear_every_event(disco: Disco, witness: Witness) -> None:
    """A listener of the user's own hears all events of the log, in order, beside the progress."""
    heard: list[Event] = []
    disco.listeners.append(heard.append)
    disco.new_job(name="count", input=["raw://a"], map=one).wait()
    assert heard == list(disco.cluster.log)


# -- on a terminal -----------------------------------------------------------------------------------


def test_a_quick_job_leaves_a_terminal_alone(disco: Disco) -> None:
    """Nothing is written before a second of real time, and nothing at the end of a job that took less."""
    screen = Screen()
    _wait(disco, Terminal(screen), Clock(0.1))
    assert screen.getvalue() == ""


def test_lines_are_written_over_and_the_last_ones_stay(disco: Disco) -> None:
    """After the first second the job stands on the screen once, however often it is drawn."""
    screen = Screen()
    place = Terminal(screen)
    _wait(disco, place, Clock(0.4))
    assert screen.getvalue().count("\x1b[J") > 2
    assert len(screen.rows) == 3
    assert screen.rows[1:] == [EIGHT_DONE, ""]


def test_what_a_job_prints_goes_above_the_lines() -> None:
    """Before a print the lines are taken away, once, and they come back below it."""
    screen = Screen()
    place = Terminal(screen)
    shown = JobProgress("count@1", (), ClusterSpec.of(1).nodes)
    place.give_way()
    assert screen.getvalue() == ""
    place.draw(shown)
    place.give_way()
    place.give_way()
    screen.write("hello\n")
    place.draw(shown)
    place.end(shown)
    assert screen.rows[0] == "hello"
    assert screen.rows[1].startswith("Job count@1: active")
    assert len(screen.rows) == 4


def test_a_warning_goes_above_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning on the same terminal stands above the lines of the progress, whole, and these once below it."""
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with Disco(nodes=1, slots=1, faults=Faults().crash("mpa:0")) as disco:
        job = disco.new_job(name="count", input=["raw://a"] * 3, map=lambda line, params: [(line, 1)])
        monkeypatch.setattr(client, "display", lambda mode: Terminal(screen, 0.0))
        job.wait()
    assert screen.rows[0].startswith(f"WARNING: job {job.name}: 1 fault had no effect: crash('mpa:0')")
    assert screen.rows[1].startswith(f"Job {job.name}: ready")
    assert len(screen.rows) == 4


def test_lines_are_cut_where_the_screen_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that would wrap, or be one too many, could not be written over, so it is cut."""
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("LINES", "3")
    screen = Screen()
    events_so_far = events.JobSubmitted(0.0, "count@1", 0, (), 0, None)  # type: ignore[arg-type]
    shown = JobProgress("count@1", (), ClusterSpec.of(100).nodes)
    shown.add(events_so_far)
    Terminal(screen).draw(shown)
    assert screen.rows == ["Job count@1: active", "  nodes  0 of 200 s", ""]


# -- where -------------------------------------------------------------------------------------------


def test_where_progress_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a page under a kernel; on a terminal that can; else nowhere, or as text for who asks for it."""
    monkeypatch.delenv("TERM", raising=False)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert display("") is None
    assert isinstance(display("progress"), Text)
    monkeypatch.setattr(sys, "stderr", Screen())
    assert [display(mode).patience_s for mode in ("", "progress")] == [1.0, 0.0]  # type: ignore[union-attr]
    monkeypatch.setenv("TERM", "dumb")
    assert display("") is None
    monkeypatch.setattr("disco_sim.client.progress.has_front_end", lambda: True)
    assert isinstance(display(""), Page)


@pytest.mark.parametrize("way", ["argument", "environment"])
def test_progress_without_a_terminal_is_text_at_the_end(
    disco: Disco, way: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Asked for by show= or by DISCO_EVENTS, the last lines come once, on the error stream."""
    if way == "environment":
        monkeypatch.setenv("DISCO_EVENTS", "progress")
    job = disco.new_job(name="count", input=["raw://a"] * 4, map=one)
    job.wait(show="progress" if way == "argument" else None)
    assert capsys.readouterr() == (
        "",
        f"Job {job.name}: ready, 0.500 s (virtual)\n"
        "  map    0 waiting, 0 running, 4 done, 0 failed · 8.0 records/s · 0.500 s\n",
    )


@pytest.mark.parametrize("show", [False, "", None])
def test_nothing_is_shown_for_who_does_not_want_it(
    disco: Disco, show: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """show=False and "" are silent everywhere, and so is an empty DISCO_EVENTS."""
    monkeypatch.setattr(client, "display", lambda mode: pytest.fail("something was to be shown"))
    if show is None:
        monkeypatch.setitem(os.environ, "DISCO_EVENTS", "")
    disco.new_job(name="count", input=["raw://a"], map=one).wait(show=show)
    assert capsys.readouterr() == ("", "")


def test_a_page_changes_its_output_and_leaves_the_last_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each picture takes the place of the one before; at the end the place is empty, and the last one is displayed."""
    outputs: list[dict[str, Any]] = []

    class Output:
        """What was displayed, and may be changed."""

        def update(self, bundle: dict[str, Any], raw: bool) -> None:
            """Noted."""
            outputs.append(bundle)

    def displayed(bundle: dict[str, Any], **_: Any) -> Output:
        outputs.append(bundle)
        return Output()

    monkeypatch.setattr("disco_sim.client.progress._displayed", displayed)
    shown = JobProgress("count@1", (), ClusterSpec.of(1).nodes)
    page = Page()
    page.begin(shown)
    shown.now_s, shown.submitted_s = 3.0, 1.0
    page.draw(shown)
    page.give_way()
    page.end(shown)
    nothing = {"text/plain": "", "text/html": ""}
    last = {"text/plain": shown.text(), "text/html": shown.html()}
    assert (outputs[0], outputs[2:]) == (nothing, [last, nothing, last])
    assert "0.000 s" in outputs[1]["text/plain"] and "2.000 s" in last["text/plain"]
