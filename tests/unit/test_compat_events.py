"""Claims about the events that a worker of Disco 0.3 writes."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import Disco
from disco_sim.compat.disco import events
from disco_sim.error import DiscoError

messages = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20).filter(
    lambda text: "<>**" not in text and not text.endswith("\n")
)
times = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)).map(lambda time: time.replace(microsecond=0))


def test_the_text_of_an_event() -> None:
    """The form is the documented one, stamped with the beginning of virtual time."""
    assert str(events.Message("the cat")) == "**<MSG> 10/09/01 00:00:00 \nthe cat\n<>**"
    assert str(events.DataUnavailable("gone", "raw://x")) == "**<DAT> 10/09/01 00:00:00 raw://x\ngone\n<>**"
    names = ("Status", "AnnouncePID", "TaskFailed", "OutputURL", "OOBData", "WorkerDone")
    assert [getattr(events, name).type for name in names] == ["STA", "PID", "ERR", "OUT", "OOB", "END"]


@given(st.lists(st.tuples(messages, times), max_size=4), st.sampled_from([events.Message, events.Status]))
def test_events_can_be_read_again(told: list[tuple[str, datetime]], kind: type[events.Event]) -> None:
    """What was written is read, whatever stands between."""
    written = [kind(message, ("tag", "other"), time) for message, time in told]
    assert events.parse("noise\n".join(map(str, written))) == written


def test_a_wrong_time_is_told() -> None:
    """An event whose time is none is an error, not another event."""
    with pytest.raises(DiscoError, match="has the time '10/99/01 00:00:00'"):
        events.parse("**<MSG> 10/99/01 00:00:00 \nx\n<>**")


def test_sending(disco: Disco, capsys: pytest.CaptureFixture[str]) -> None:
    """In a task an event is a line of the job's log; elsewhere it is written to stderr."""

    def fun_map(entry, params):  # type: ignore[no-untyped-def]
        from disco_sim.compat.disco.events import DataUnavailable, Message

        Message("from the task").send()
        DataUnavailable("gone", "raw://x").send()
        return []

    job = disco.new_job(name="events", input=["raw://a"], map=fun_map)
    job.wait()
    lines = job.log[["level", "message"]].values.tolist()
    assert ["MSG", "from the task"] in lines
    assert ["WARN", "gone"] in lines
    events.Status("5 entries").send()
    assert capsys.readouterr().err == "**<STA> 10/09/01 00:00:00 \n5 entries\n<>**\n"
