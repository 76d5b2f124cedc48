"""HTML and text: what they show, and what survives where a notebook is not trusted."""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64decode
from xml.etree import ElementTree

import pytest

from disco_sim.error import JobError
from disco_sim.model.cluster import ClusterSpec
from disco_sim.tables import table, table_text
from disco_sim.views import cards, frames
from disco_sim.views.render import Card
from disco_sim.views.state import JobState
from disco_sim.views.timeline import timeline_image, timeline_svg
from tests.unit import logs
from tests.unit.sanitizer import checked

SPEC = ClusterSpec.of(4)


def _cards() -> dict[str, Card]:
    ready = logs.ready()
    dead = logs.dead(ready.log, start_s=5.0)
    error = JobError(
        "map:0 failed",
        None,
        dead.job,
        stage="map",
        task=0,
        host="node01",
        time_s=5.5,
        record="'<a>'",
        lines="4      int(line)",
    )
    error.__cause__ = ValueError("no <number>")
    return {
        "disco": cards.disco_card(ready.log, SPEC, "master:8989", {"seed": "0"}),
        "ready": cards.job_card(ready.log, ready.job, read=ready.read, values=logs.OOB_VALUES, nodes=SPEC.nodes),
        "active": cards.job_card(ready.log, ready.job, until_s=0.25),
        "dead": cards.job_card(ready.log, dead.job),
        "oob": cards.oob_card(ready.log, ready.job, logs.OOB_VALUES),
        "all oob": cards.all_oob_card(ready.log, {ready.job: logs.OOB_VALUES}),
        "key": cards.key_card(
            ready.job, "<k>", (("partition", "1"),), [("map:0", "node01", 3), ("map:1", "node02", 1)]
        ),
        "story": cards.story_card(ready.log, ready.job, "map", 1),
        "error": cards.error_card(error),
    }


@pytest.mark.parametrize("name", _cards())
def test_cards_survive_without_trust_and_are_deterministic(name: str) -> None:
    """A card uses only what is kept in an untrusted notebook, and the same values give the same text and HTML."""
    card, again = _cards()[name], _cards()[name]
    seen = checked(card.html())
    assert (card.html(), card.text()) == (again.html(), again.text())
    for fact, value in card.facts:
        assert fact in seen and value in seen
        assert f"{fact}: {value}" in card.text()
    assert card.name in seen and card.text().startswith(f"{card.kind} {card.name}")
    assert " object at 0x" not in card.html() + card.text()


def test_user_text_is_shown_not_run() -> None:
    """A key that looks like a tag, and a message with markup, are shown as they were written."""
    html = _cards()["ready"].html()
    assert "<script" not in html and "<b>" not in html
    assert "<script>" in checked(html) and "hello <b>world</b>" in checked(html)


def test_the_text_of_a_job() -> None:
    """The text twin of a job holds its facts, its stages, its partitions and its out-of-band results."""
    assert _cards()["ready"].text() == "\n".join(
        [
            "Job wordcount@1a:2b:3c: ready",
            "  stages: map 2/2, reduce 3/3",
            "  inputs: 2",
            "  submitted: 2010/09/01 00:00:00",
            "  took: 4.250 s (virtual)",
            "Stages",
            "  stage   waiting  running  done  failed",
            "  map           0        0     2       1",
            "  reduce        0        0     3       0",
            "Partitions (6)",
            "  stage   partition  host    records  keys  bytes  share  top_key   top_key_records",
            "  map             0  node01        4     2     40  80.0%  the                     3",
            "  map             1  node02        0     0      0   0.0%  –                       0",  # noqa: RUF001
            "  map             2  node03        1     1     10  20.0%  <script>                1",
            "  reduce          0  node01        2     2     20  66.7%  a                       1",
            "  reduce          1  node02        0     0      0   0.0%  –                       0",  # noqa: RUF001
            "  reduce          2  node03        1     1     10  33.3%  <script>                1",
            "Out-of-band results (3)",
            "  key      value        size  stage  task  run  host    put_s  state",
            "  lines:0  12              2  map       0    0  node01  0.500  committed",
            "  lines:1  –               2  map       1    0  node02  0.750  dropped",  # noqa: RUF001
            "  lines:1  b'\\x00\\xff'     2  map       1    0  node01  3.250  committed",
        ]
    )


def test_an_error_card_says_what_where_and_why() -> None:
    """The card of a failed job shows the task, the host, the record, the user's lines and the cause."""
    seen = checked(_cards()["error"].html())
    for fact in ("map:0 failed", "node01", "5.500 s", "'<a>'", "int(line)", "ValueError: no <number>"):
        assert fact in seen
        assert fact in _cards()["error"].text()


def test_an_error_card_says_nothing_twice() -> None:
    """The reason is the first thing told; the cause is told too when it says more."""
    error = JobError("Status dead: a long message", None, "job", reason="ValueError: no", record="'a'")
    error.__cause__ = ValueError("no")
    assert [section.title for section in cards.error_card(error).sections] == ["What happened", "Record at hand"]
    error.__cause__ = ValueError("no <number>")
    assert cards.error_card(error).sections[-1].title == "Cause"


def test_an_error_card_says_what_to_do() -> None:
    """Why the job ended, when that is not the error itself, and what to do stand in the card as in the message."""
    error = JobError(
        "no", None, "job", reason="OSError: no", ended="Task map:0 failed 4 times.", advice="job.story('map:0')"
    )
    titles = [section.title for section in cards.error_card(error).sections]
    assert titles == ["What happened", "Why the job ended", "What to do"]
    assert "Task map:0 failed 4 times." in cards.error_card(error).text()


def test_a_timeline_has_a_bar_per_run() -> None:
    """The drawing has a titled bar for each run, hatches the failed one, and names idle nodes when told of them."""
    ready = logs.ready()
    state = JobState.of(ready.log, ready.job)
    svg = timeline_svg(state, SPEC.nodes)
    root = ElementTree.fromstring(svg)
    titles = [title.text or "" for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[0] == "Timeline of wordcount@1a:2b:3c: 6 runs on 3 nodes in 4.250 virtual seconds, ready"
    assert len(titles) == 1 + len(state.runs)
    assert "map:1 run 1 on node01, 2.750 to 3.250 s, done" in titles
    labels = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "map:1" in labels and "map:1 run 1" in labels, "the failed run and its retry both say which task they are of"
    assert ">failed run<" in svg and ">node04<" in svg and ">node04<" not in timeline_svg(state)
    assert " id=" not in svg


def test_a_timeline_image_needs_no_trust() -> None:
    """In notebooks the drawing is an image with a text for those who do not see it."""
    ready = logs.ready()
    state = JobState.of(ready.log, ready.job)
    image = timeline_image(state)
    checked(image)
    assert 'alt="Timeline of wordcount' in image
    data = re.search(r"base64,([^\"]+)", image)
    assert data is not None and b64decode(data[1]).startswith(b"<svg")
    assert b"currentColor" not in b64decode(data[1])


@pytest.mark.parametrize("until_s", [0.0, 0.1, 0.75, None])
def test_a_timeline_can_be_drawn_at_any_time(until_s: float | None) -> None:
    """A job that has just begun, or whose runs still go on, has a drawing, too; so has a huge cluster."""
    ready = logs.ready()
    state = JobState.of(ready.log, ready.job, until_s)
    ElementTree.fromstring(timeline_svg(state))
    svg = timeline_svg(state, ClusterSpec.of(100).nodes)
    ElementTree.fromstring(svg)
    assert "(200 slots not shown)" in svg and ">node01<" in svg


def test_frames_and_tables_look_alike() -> None:
    """A DataFrame is shown as the plain rows that it was made from."""
    ready = logs.ready()
    frame = frames.partitions_frame(ready.log, ready.job, ready.read)
    assert "80.0%" in checked(table(frame, "Partitions"))
    frame = frame.drop(columns=["spilled"])  # shown where something was
    assert table_text(frame) in _cards()["ready"].text().replace("\n  ", "\n").replace("\n  ", "\n")


def test_cards_need_no_pandas() -> None:
    """Cards, stories and states are made without importing pandas or ipywidgets."""
    code = (
        "import sys, disco_sim.views.cards, disco_sim.views.monitor; "
        "print([name for name in ('pandas', 'ipywidgets', 'numpy') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
