"""How a run comes out: the warning it may deserve, and its end as an event. Pure; keeps nothing."""

from __future__ import annotations

from disco_sim.error import DiscoError
from disco_sim.model import events
from disco_sim.model.work import Counts, Failure, Message, TaskOutcome

MOST_MESSAGES_A_SECOND = 10
"""Disco's documented rate of messages of one task; more is a warning here, never an error."""

CRASH_AT = 0.5
"""The share of a run's CPU work after which a worker crashes that a fault lets crash."""


def message_warning(messages: tuple[Message, ...], duration_s: float) -> str:
    """What to say to a run that sent more messages in its virtual seconds than Disco likes; '' to others."""
    if len(messages) <= MOST_MESSAGES_A_SECOND:
        return ""
    n_sent = sum(message.level == "MSG" for message in messages)
    if n_sent <= MOST_MESSAGES_A_SECOND * max(1.0, duration_s):
        return ""
    return (
        f"sent {n_sent} messages in {duration_s:.3f} s; Disco asks for at most {MOST_MESSAGES_A_SECOND} a second: "
        "print less, or put() what you want to know"
    )


def crashed(outcome: TaskOutcome) -> TaskOutcome:
    """What is left of a run whose worker crashes in the middle of its CPU work; one that fails by itself does that."""
    if outcome.failure is not None:
        return outcome
    reason = "Worker crashed in the middle of its work, as a fault wanted it"
    return TaskOutcome(
        messages=tuple(message for message in outcome.messages if message.at <= CRASH_AT),
        counts=Counts(records_in=int(outcome.counts.records_in * CRASH_AT), read=outcome.counts.read),
        failure=Failure("crash", reason, DiscoError(reason)),
    )


def end_of(where: tuple[float, str, str, int, int, str], outcome: TaskOutcome) -> events.RunFinished | events.RunFailed:
    """The event that a run which does all that `outcome` holds ends with; the luck of a failure is still missing."""
    counts, failure = outcome.counts, outcome.failure
    if failure is None:
        return events.RunFinished(
            *where, counts.records_in, counts.records_out, counts.bytes_in, counts.bytes_out, len(outcome.oob)
        )
    return events.RunFailed(
        *where, failure.kind, failure.reason, counts.records_in, counts.bytes_in, len(outcome.oob), 0.0
    )
