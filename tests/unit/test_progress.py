"""The bar on a terminal: what it shows of the events it hears, and when."""

from __future__ import annotations

import io

from disco_sim import Disco
from disco_sim.model import events
from disco_sim.model.plan import TaskInputs
from disco_sim.progress import Progress

JOB = "count@1"
WHERE = (JOB, "map", 0, 0, "node01")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


class Clock:
    """A clock that moves when it is told."""

    now_s = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now_s


def begun(n_tasks: int, terminal: Terminal, clock: Clock) -> Progress:
    """A bar that has heard of a stage of some tasks."""
    bar = Progress(terminal, patience_s=1.0, pause_s=0.1, clock=clock)
    bar(events.StageStarted(0.0, JOB, "map", (TaskInputs(0, (), ()),) * n_tasks))
    return bar


def done() -> events.RunFinished:
    """One task is done."""
    return events.RunFinished(0.0, *WHERE, 1, 1, 1, 1, 0)


def test_a_short_stage_shows_nothing() -> None:
    """Nothing is written before a second of real time."""
    terminal, clock = Terminal(), Clock()
    bar = begun(2, terminal, clock)
    clock.now_s = 0.9
    bar(done())
    bar(events.StageFinished(0.0, JOB, "map"))
    assert terminal.getvalue() == ""


def test_a_long_stage_shows_tasks_done_of_all_tasks() -> None:
    """After the first second the bar counts the tasks of the stage, and it ends full, on a line of its own."""
    terminal, clock = Terminal(), Clock()
    bar = begun(4, terminal, clock)
    bar(done())
    clock.now_s = 1.5
    bar(done())
    assert "map" in terminal.getvalue()
    assert "2/4" in terminal.getvalue()
    bar(done())
    bar(done())
    assert "4/4" not in terminal.getvalue()
    bar(events.StageFinished(0.0, JOB, "map"))
    assert "4/4" in terminal.getvalue()
    assert terminal.getvalue().endswith("\n")


def test_it_draws_at_most_ten_times_a_second() -> None:
    """However many tasks end, the bar is drawn again only after a tenth of a second."""
    terminal, clock = Terminal(), Clock()
    bar = begun(10_000, terminal, clock)
    clock.now_s = 1.0
    for _ in range(5000):
        bar(done())
    drawn = terminal.getvalue()
    clock.now_s = 1.05
    bar(done())
    assert terminal.getvalue() == drawn
    clock.now_s = 1.2
    bar(done())
    assert len(terminal.getvalue()) > len(drawn)


def test_what_a_job_prints_goes_above_the_bar() -> None:
    """The line of the bar is cleared once before a task's message, and not when no bar is shown."""
    terminal, clock = Terminal(), Clock()
    bar = begun(4, terminal, clock)
    message = events.MessageSent(0.0, *WHERE, "MSG", "hello")
    bar(message)
    assert terminal.getvalue() == ""
    clock.now_s = 2.0
    bar(done())
    bar(message)
    bar(message)
    assert terminal.getvalue().count("\x1b[2K") == 1


def test_a_job_that_dies_takes_its_bar_along() -> None:
    """The cursor stands on a line of its own when a job dies in the middle of a stage, and when the script is over."""
    terminal, clock = Terminal(), Clock()
    bar = begun(4, terminal, clock)
    clock.now_s = 2.0
    bar(done())
    bar(events.JobDied(0.0, JOB, "boom"))
    drawn = terminal.getvalue()
    assert drawn.endswith("\n")
    bar.close()
    assert terminal.getvalue() == drawn


def test_a_disco_tells_its_listeners_every_event() -> None:
    """A listener hears all events of the log, in order, when they have happened."""
    heard: list[events.Event] = []
    with Disco(nodes=1) as disco:
        disco.listeners.append(heard.append)
        disco.new_job(name="count", input=["raw://a"], map=lambda line, params: [(line, 1)]).wait()
        assert heard == list(disco.cluster.log)
