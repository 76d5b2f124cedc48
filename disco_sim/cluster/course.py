"""The course of a run: the events that a computed outcome brings about in virtual time. Pure; keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator

from disco_sim.model import events
from disco_sim.model.events import Event
from disco_sim.model.work import Failure, TaskOutcome
from disco_sim.sim.costs import Played

MOST_MESSAGES_A_SECOND = 10
"""Disco's documented rate of messages of one task; more is a warning here, never an error."""


def course_of(
    started: events.RunStarted, outcome: TaskOutcome, played: tuple[Played, ...], luck: float
) -> Iterator[Event]:
    """The messages of a run while its CPU phase lasts, then its end; each event carries its own time."""
    cpu = next(phase for phase in played if phase.kind == "cpu")
    end_s = played[-1].end_s
    where = (started.job, started.stage, started.task, started.attempt, started.host)
    for message in outcome.messages:
        time_s = cpu.start_s + message.at * (cpu.end_s - cpu.start_s)
        yield events.MessageSent(time_s, *where, message.level, message.text)
    n_sent = sum(message.level == "MSG" for message in outcome.messages)
    duration_s = end_s - started.time_s
    if n_sent > MOST_MESSAGES_A_SECOND * max(1.0, duration_s):
        text = (
            f"sent {n_sent} messages in {duration_s:.3f} s; Disco asks for at most {MOST_MESSAGES_A_SECOND} a second: "
            "print less, or put() what you want to know"
        )
        yield events.MessageSent(end_s, *where, "WARN", text)
    counts = outcome.counts
    finished = events.RunFinished(
        end_s, *where, counts.records_in, counts.records_out, counts.bytes_in, counts.bytes_out, len(outcome.oob)
    )
    yield finished if outcome.failure is None else failed(finished, outcome.failure, luck)


def failed(finished: events.RunFinished, failure: Failure, luck: float) -> events.RunFailed:
    """The end of a run as a failure; what it counted stays, what it wrote is gone."""
    return events.RunFailed(
        *finished[:6], failure.kind, failure.reason, finished.records_in, finished.bytes_in, finished.oob_puts, luck
    )
