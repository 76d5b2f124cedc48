"""What a timeline shows beside its bars: phases at their feet, what was lost, when nodes were dead, and the texts."""

from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import JobFinished, OutputLost
from disco_sim.model.plan import Plan, Stage
from disco_sim.views.history import History
from disco_sim.views.state import JobState
from disco_sim.views.timeline import timeline_image, timeline_svg
from tests.unit import logs
from tests.unit.sanitizer import checked

SPEC = ClusterSpec.of(4)


def _drawing(until_s: float | None = None, **options: bool) -> str:
    scribe = logs.troubled(start_s=2.0)
    past = History(scribe.log)
    state = past.job(scribe.job, until_s)
    return timeline_svg(state, SPEC.nodes, outages=past.outages(state), **options)


def test_a_dead_node_is_hatched() -> None:
    """A node's slots are hatched while it is dead, with a title that says from when to when, and a legend."""
    assert "dead" not in _drawing(1.5)
    svg = _drawing()
    ElementTree.fromstring(svg)
    assert "<title>node02 is dead from 2.000 s</title>" in svg and ">dead node</text>" in svg
    assert "is dead" not in _drawing(has_titles=False) and ">dead node</text>" in _drawing(has_titles=False)


def test_a_dead_node_that_comes_back() -> None:
    """The hatching ends where the node returns; what was over before the job is not drawn, nor are unknown nodes."""
    scribe = logs.troubled()
    state = History(scribe.log).job(scribe.job)
    outages = [("node01", -3.0, 1.0), ("node02", -3.0, -1.0), ("node99", 0.0, None), ("node03", 1.0, 1.001)]
    svg = timeline_svg(state, SPEC.nodes, outages=outages)
    assert re.findall("<title>(node.*? is dead .*?)</title>", svg) == ["node01 is dead from -3.000 s until 1.000 s"]


def test_phases_are_drawn_where_there_is_room() -> None:
    """Bars with room have their phases at the foot, each kind as one shape, with a legend; other drawings have none."""
    svg = _drawing()
    strips = re.findall(r'<path d="(M[^"]*)" fill="(#\w+)" fill-opacity="[\d.]+" pointer-events="none"/>', svg)
    # start-up of four runs that are done, a wait, two reads, two transfers, a write
    assert [path.count("M") for path, _ in strips] == [4, 1, 2, 2, 1]
    assert all(f">{name}</text>" in svg for name in ("start-up", "wait", "disk", "network"))
    assert "start-up" not in _drawing(0.5), "no run has ended yet"
    scribe = logs.troubled()
    many = timeline_svg(History(scribe.log).job(scribe.job), ClusterSpec.of(70).nodes)
    assert "start-up" not in many, "bars are too low"
    assert "start-up" not in timeline_svg(History(logs.ready().log).job(logs.JOB)), "phases are not known"


def test_output_that_is_lost_is_drawn() -> None:
    """From the loss on, a run whose output is lost is faint and dashed, with a title and a legend that say so."""
    assert "output lost" not in _drawing(1.5) and "output lost" not in _drawing(1.5, has_titles=False)
    svg = _drawing()
    dashed = 'fill-opacity="0.4" stroke="rgb(190, 120, 20)" stroke-width="1.2" stroke-dasharray="4 2"'
    assert re.findall(f"<title>([^<]*)</title><rect [^>]*{re.escape(dashed)}/>", svg) == [
        "map:1 on node02, 0.000 to 1.000 s, done, output lost: node02 died"
    ]
    assert svg.count(dashed) == 2 and svg.count(">output lost</text>") == 1


def test_what_is_lost_is_drawn_in_many_runs_too() -> None:
    """Where bars have no room for labels, and are drawn together, those whose output was lost are told apart."""
    scribe = logs.Scribe()
    scribe.submit(400)
    for task in range(400):
        scribe.start(task / 4, "map", task, "node01")
        scribe.finish((task + 1) / 4, "map", task, "node01")
    scribe.add(*[OutputLost(100.0, scribe.job, "map", task, "node01", "node01 died") for task in range(100)])
    svg = timeline_svg(History(scribe.log).job(scribe.job), has_titles=False)
    paths = re.findall(r'<path d="(M[^"]*z)" fill="rgb\(47, 116, 181\)"( fill-opacity="0.4" stroke=)?', svg)
    assert [(path.count("M"), bool(faint)) for path, faint in paths] == [(100, True), (300, False)]


@pytest.mark.parametrize(("kind", "end_s", "label"), [("crash", 0.5, ""), ("lost", 0.5, ""), ("lost", 0.8, "0")])
def test_a_label_leaves_room_for_what_it_stands_on(kind: str, end_s: float, label: str) -> None:
    """A failed or lost run has no label where its hatching could not be seen beside it."""
    scribe = logs.Scribe()
    scribe.submit(2)
    scribe.start(0.0, "map", 0, "node01")
    scribe.start(0.0, "map", 1, "node02")
    scribe.fail(end_s, "map", 0, "node01", kind, "why")
    scribe.finish(20.0, "map", 1, "node02")
    labels = re.findall(r'<text [^>]*font-size="10.5">([^<]*)<', timeline_svg(History(scribe.log).job(scribe.job)))
    assert labels == ([label, "map:1"] if label else ["map:1"])


def _texts(svg: str) -> list[tuple[str, float, float, float]]:
    """The texts of a drawing that are not on bars: (text, left, right, line), with letters as wide as can be."""
    found: list[tuple[str, float, float, float]] = []
    root = ElementTree.fromstring(svg)
    for part in (root, *root):
        up = float(part.get("transform", "translate(0 0)").removeprefix("translate(0 ").removesuffix(")"))
        for text in part.findall("{http://www.w3.org/2000/svg}text"):
            width = 7.2 * len(text.text or "")
            left = float(text.attrib["x"]) - {"end": 1.0, "middle": 0.5}.get(text.get("text-anchor", ""), 0.0) * width
            if "font-size" not in text.attrib:
                found.append((text.text or "", left, left + width, float(text.attrib["y"]) + up))
    return found


def _finished(plan: Plan) -> JobState:
    """A job of many stages, of which only the first did anything."""
    scribe = logs.Scribe(plan=plan)
    scribe.submit(1)
    scribe.start(0.0, plan[0].name, 0, "node001")
    scribe.finish(12345.0, plan[0].name, 0, "node001")
    scribe.add(JobFinished(12345.0, scribe.job))
    return History(scribe.log).job(scribe.job)


def test_no_text_stands_on_another() -> None:
    """Legends, axis, hosts and the end of the job have a place each; a legend that is too long has several lines."""
    many = _finished(tuple(Stage(f"stage{number}", "split") for number in range(20)))
    for svg in (_drawing(), timeline_svg(many, ClusterSpec.of(100).nodes)):
        low, width, height = map(float, ElementTree.fromstring(svg).attrib["viewBox"].split()[1:])
        for text, left, right, line in _texts(svg):
            assert left >= 0 and right <= width and low + 10 <= line <= low + height - 2, text
        for one, other in combinations(_texts(svg), 2):
            assert one[2] <= other[1] or other[2] <= one[1] or abs(one[3] - other[3]) >= 11, (one, other)
    assert low == -36 and "(199 slots not shown)" in svg


def test_the_drawing_is_the_same_each_time() -> None:
    """The same job has the same drawing, byte for byte, and the image of it needs no trust."""
    assert _drawing() == _drawing()
    scribe = logs.troubled()
    past = History(scribe.log)
    state = past.job(scribe.job)
    checked(timeline_image(state, SPEC.nodes, past.outages(state)))
