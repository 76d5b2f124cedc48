"""The widget of a job, without a front end: what it sends, answers, and is where nobody can show it."""

from __future__ import annotations

from typing import Any

import pytest

from disco_sim.error import DiscoError
from disco_sim.model.cluster import ClusterSpec
from disco_sim.views.history import History
from disco_sim.views.playback import JobData
from disco_sim.views.widgets import JobView
from tests.unit import logs


def _data(scribe: logs.Scribe, job: str | None = None) -> JobData:
    return JobData(
        history=History(scribe.log),
        job=job or scribe.job,
        read=scribe.read,
        values=lambda: logs.OOB_VALUES,
        nodes=ClusterSpec.of(2).nodes,
        oob_limit=1000,
        now_s=lambda: 10.0,
    )


def _answers(view: Any, *messages: Any) -> list[Any]:
    sent: list[Any] = []
    view.send = sent.append
    for message in messages:
        view._handle_custom_msg(message, [])
    return sent


def test_a_view_sends_the_playback() -> None:
    """What is sent is small, and the same for the same log."""
    one, other = JobView(_data(logs.ready())), JobView(_data(logs.ready()))
    assert one.playback == other.playback
    assert 500 < len(one.playback) < 5000


def test_refresh_takes_in_what_happened_since() -> None:
    """A view of a job that goes on sends a new playback when it is refreshed, and says so."""
    scribe = logs.Scribe()
    scribe.submit()
    view = JobView(_data(scribe))
    before = view.playback, repr(view)
    scribe.start(1.0, "map", 0, "node01")
    scribe.finish(2.0, "map", 0, "node01")
    assert view.playback == before[0]
    view.refresh()
    assert view.playback != before[0]
    assert before[1].endswith("active at 10.000 s, map 0/2, reduce 0/3)")
    assert repr(view).endswith("active at 10.000 s, map 1/2, reduce 0/3)")


def test_questions_of_a_page_are_answered() -> None:
    """Records of an output and keys of a partition come with the number of the question."""
    view = JobView(_data(logs.ready()))
    records, keys = _answers(
        view, {"ask": 1, "kind": "records", "output": 0}, {"ask": 2, "kind": "keys", "stage": 0, "label": 0}
    )
    assert records["answer"] == 1 and records["content"] and len(records["content"][0]) == 2
    assert keys["answer"] == 2 and keys["content"][0] >= len(keys["content"][1]) > 0


@pytest.mark.parametrize(
    "message", [{"ask": 7}, {"ask": 7, "kind": "records", "output": "0"}, {"ask": 7, "kind": "records", "output": 999}]
)
def test_what_cannot_be_answered_is_told(message: dict[str, Any]) -> None:
    """A question that makes no sense gets None; a page never waits in vain."""
    assert _answers(JobView(_data(logs.ready())), message) == [{"answer": 7, "content": None}]


def test_what_is_no_question_is_left_alone() -> None:
    """Other messages are not answered."""
    assert _answers(JobView(_data(logs.ready())), "hello", {"kind": "records"}) == []


def test_a_view_has_text_and_html_for_where_no_kernel_is() -> None:
    """Displayed, a view brings the job's card, which stays when the widget cannot be shown."""
    data, _ = JobView(_data(logs.ready()))._repr_mimebundle_()
    assert data["text/plain"].startswith("JobView(wordcount@1a:2b:3c, ready at 4.250 s, map 2/2, reduce 3/3)\nJob ")
    assert "application/vnd.jupyter.widget-view+json" in data
    for shown in ("Partitions of the output of reduce", "lines:1", "Job finished", ">ready</span>"):
        assert shown in data["text/html"]


def test_an_unknown_job_has_no_view() -> None:
    """A view of a job that is not there is an error at once."""
    with pytest.raises(DiscoError, match="no job 'nope'"):
        JobView(_data(logs.ready(), "nope"))
