"""What a timeline shows beside its bars: phases at their feet, and when nodes were dead."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from disco_sim.model.cluster import ClusterSpec
from disco_sim.views.history import History
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
    # start-up of five runs that are done, a wait, three reads, two transfers, two writes
    assert [path.count("M") for path, _ in strips] == [5, 1, 3, 2, 2]
    assert all(f">{name}</text>" in svg for name in ("start-up", "wait", "disk", "network"))
    assert "start-up" not in _drawing(0.5), "no run has ended yet"
    scribe = logs.troubled()
    many = timeline_svg(History(scribe.log).job(scribe.job), ClusterSpec.of(70).nodes)
    assert "start-up" not in many, "bars are too low"
    assert "start-up" not in timeline_svg(History(logs.ready().log).job(logs.JOB)), "phases are not known"


def test_the_drawing_is_the_same_each_time() -> None:
    """The same job has the same drawing, byte for byte, and the image of it needs no trust."""
    assert _drawing() == _drawing()
    scribe = logs.troubled()
    past = History(scribe.log)
    state = past.job(scribe.job)
    checked(timeline_image(state, SPEC.nodes, past.outages(state)))
