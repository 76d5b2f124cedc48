"""The timeline of a job as a drawing: a row per slot of each node, a bar per run. Pure; times are virtual.

The drawing is SVG with middle-tone colours and no ids, for a page as it is, for notebooks as an <img>.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from math import floor, log10

from disco_sim.model.cluster import Node
from disco_sim.tables import AMBER, GREY, RED, counted, html
from disco_sim.views.bars import DASHED, LETTER, Bar, Scale, area, box, hatch, merged, rounded, strip_sample, strips
from disco_sim.views.render import stage_colour
from disco_sim.views.state import JobState

_WIDTH = 860.0
_TOP, _BOTTOM, _RIGHT = 34.0, 39.0, 26.0
_LINE = 18.0
_GAP = 6.0
_MOST_ROWS = 160
_MOST_TITLES = 2000
_WIDEST_LETTER = 7.2
_MIDDLE_INK = "#7d858d"

Outages = Sequence[tuple[str, float, float | None]]
"""(host, from, to) of each time that a node was dead, in virtual seconds since the job's submission; to None: still."""


def timeline_svg(
    state: JobState,
    nodes: Sequence[Node] = (),
    ink: str = "currentColor",
    has_titles: bool = True,
    outages: Outages = (),
) -> str:
    """The timeline of a job as one <svg>; `nodes` adds those that ran nothing, `ink` is the colour of text and lines.

    A bar has the colour of its stage; a failed run is hatched in red, a lost one in amber, a running one has a dashed
    frame. A run that is done, but whose output was lost later, is faint and has a dashed frame in amber. At the foot of
    a bar with room for it, phases other than cpu are told apart. The slots of a node are hatched while it is dead. With
    `has_titles`, pointing at a bar tells its run, unless there are thousands. At most 160 slots are drawn; of more,
    only those used, and the drawing says how many are left out.
    """
    rows = _rows(state, nodes)
    shown = rows if len(rows) <= _MOST_ROWS else _rows(state, ())[:_MOST_ROWS]
    n_hidden = len(rows) - len(shown)
    height = _slot_height(len(shown))
    left = 12.0 + _WIDEST_LETTER * max([len(host) for host, _ in shown] or [4])
    scale = Scale(left, _WIDTH - _RIGHT, state.duration_s)
    tops: dict[tuple[str, int], float] = {}
    bands: list[str] = []
    deaths: list[str] = []
    top = _TOP
    for host, slots in _by_host(shown):
        band = len(slots) * height
        deaths += [_dead(outage, scale, top, band, has_titles) for outage in outages if outage[0] == host]
        bands.append(f'<rect {area(left, top, scale.right - left, band)} fill="rgb({GREY})" fill-opacity="0.1"/>')
        if height >= 9 or band >= 12:
            bands.append(_text(left - 8, top + band / 2 + 4, html(host), ink, "end"))
        for number, slot in enumerate(slots):
            tops[host, slot] = top + number * height
        top += band + _GAP
    bottom = top
    runs = [run for run in state.runs if (run.host, run.slot) in tops]
    is_told = has_titles and len(runs) <= _MOST_TITLES
    bars = [Bar(run, state, scale, tops[run.host, run.slot], height) for run in runs]
    note = f" ({counted(n_hidden, 'slot')} not shown)" if n_hidden else ""
    title = f"<title>{escape(summary(state) + note)}</title>"
    legend, above = _legend(state, any(deaths), ink, note)
    phases, names = strips(bars, state, scale)
    width, whole = rounded(_WIDTH), rounded(above + bottom + _BOTTOM + (_LINE if names else 0.0))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 {rounded(-above)} {width} {whole}" '
        f'width="{width}" height="{whole}" font-family="system-ui, sans-serif" font-size="11.5">'
        f"{title}{legend}{''.join(bands)}{''.join(deaths)}{_axis(scale, bottom, ink)}"
        f"{merged(bars) if not is_told else ''}{''.join(bar.svg(is_told) for bar in bars)}{phases}"
        f"{_phases_legend(names, bottom + _BOTTOM, ink)}{_end(state, scale, bottom, ink)}</svg>"
    )


def timeline_image(state: JobState, nodes: Sequence[Node] = (), outages: Outages = ()) -> str:
    """The timeline as an <img> that also shows in a notebook that is not trusted; its `alt` says what it shows."""
    drawing = timeline_svg(state, nodes, ink=_MIDDLE_INK, has_titles=False, outages=outages)
    data = b64encode(drawing.encode()).decode()
    return f'<img alt="{html(summary(state))}" src="data:image/svg+xml;base64,{data}" style="max-width:100%">'


def summary(state: JobState) -> str:
    """What a timeline shows, in one sentence."""
    hosts = {run.host for run in state.runs}
    return (
        f"Timeline of {state.job}: {counted(len(state.runs), 'run')} on {counted(len(hosts), 'node')} "
        f"in {state.duration_s:.3f} virtual seconds, {state.status}"
    )


def _rows(state: JobState, nodes: Sequence[Node]) -> list[tuple[str, int]]:
    known = {(node.host, slot) for node in nodes for slot in range(node.slots)}
    order = {node.host: number for number, node in enumerate(nodes)}
    used = {(run.host, run.slot) for run in state.runs}
    return sorted(known | used, key=lambda row: (order.get(row[0], len(order)), row))


def _by_host(rows: list[tuple[str, int]]) -> list[tuple[str, list[int]]]:
    hosts: dict[str, list[int]] = {}
    for host, slot in rows:
        hosts.setdefault(host, []).append(slot)
    return list(hosts.items())


def _slot_height(n_rows: int) -> float:
    return min(20.0, max(4.0, 640.0 / max(n_rows, 1)))


def _dead(outage: tuple[str, float, float | None], scale: Scale, top: float, height: float, has_title: bool) -> str:
    """The slots of a node, hatched while it is dead."""
    host, start_s, end_s = outage
    until_s = scale.duration_s if end_s is None else end_s
    left, right = scale.x(max(start_s, 0.0)), scale.x(min(until_s, scale.duration_s))
    if right - left < 1:
        return ""
    back = "" if end_s is None else f" until {end_s:.3f} s"
    title = f"<title>{html(host)} is dead from {start_s:.3f} s{back}</title>" if has_title else ""
    return (
        f'<g>{title}<rect {area(left, top, right - left, height)} fill="rgb({GREY})" fill-opacity="0.25"/>'
        f'<path d="{hatch(left, top, right - left, height, 8.0)}" stroke="rgb({GREY})" stroke-opacity="0.7"/></g>'
    )


def _axis(scale: Scale, bottom: float, ink: str) -> str:
    step = scale.ticks[1] if len(scale.ticks) > 1 else scale.duration_s
    digits = max(0, -floor(log10(step))) if step < 1 else 0
    top, low = rounded(_TOP - 4), rounded(bottom)
    marks = "".join(
        f'<path d="M{rounded(scale.x(tick))} {top}V{low}" stroke="{ink}" stroke-opacity="0.18"/>'
        + _text(scale.x(tick), bottom + 14, f"{tick:.{digits}f}", ink, "middle")
        for tick in scale.ticks
    )
    return marks + _text((scale.left + scale.right) / 2, bottom + 29, "virtual seconds", ink, "middle")


def _legend(state: JobState, has_deaths: bool, ink: str, note: str) -> tuple[str, float]:
    """What the colours mean; and how far that reaches up, for of several lines the last one stays where it is."""
    found = {run.status for run in state.runs}
    entries = [(name, f'fill="rgb({stage_colour(number)})"', "") for number, name in enumerate(state.stages)]
    for status, colour in (("failed", RED), ("lost", AMBER)):
        if status in found:
            entries.append(
                (f"{status} run", f'fill="none" stroke="rgb({colour})" stroke-width="1.2"', f"rgb({colour})")
            )
    if "running" in found:
        entries.append(("running", f'fill="rgb({GREY})" fill-opacity="0.3" stroke="{ink}" stroke-dasharray="3 2"', ""))
    if any(run.is_output_lost for run in state.runs):
        entries.append(("output lost", f'fill="rgb({stage_colour(0)})" {DASHED}', ""))
    if has_deaths:
        entries.append(("dead node", f'fill="rgb({GREY})" fill-opacity="0.25"', f"rgb({GREY})"))
    if note:
        entries.append((note.strip(), "", ""))
    drawn, x, y = [], 4.0, 8.0
    # The end of the job is told at the right.
    right = _WIDTH - _RIGHT - _WIDEST_LETTER * len(_ended(state))
    for name, looks, lines in entries:
        width = (24 if looks else 0) + LETTER * len(name) + 20
        if x > 4 and x + width > right:
            x, y = 4.0, y + _LINE
        if looks:
            drawn.append(f"<rect {box(x, y, 18, 11)} {looks}/>")
        if lines:
            drawn.append(f'<path d="{hatch(x, y, 18, 11)}" stroke="{lines}" stroke-width="1.2" fill="none"/>')
        drawn.append(_text(x + 24 if looks else x, y + 9.5, html(name), ink))
        x += width
    above = y - 8
    up = f' transform="translate(0 {rounded(-above)})"' if above else ""
    return f"<g{up}>{''.join(drawn)}</g>", above


def _phases_legend(names: Mapping[str, str], y: float, ink: str) -> str:
    """What the tones at the feet of the bars mean."""
    drawn, x = [], 4.0
    for name, looks in names.items():
        drawn += [strip_sample(x, y, looks), _text(x + 24, y + 9.5, name, ink)]
        x += 24 + LETTER * len(name) + 20
    return "".join(drawn)


def _ended(state: JobState) -> str:
    """How and when the job ended; '' while it goes on."""
    return "" if state.ended_s is None else f"{state.status} at {state.duration_s:.3f} s"


def _end(state: JobState, scale: Scale, bottom: float, ink: str) -> str:
    if state.ended_s is None:
        return ""
    x = scale.x(state.duration_s)
    line = f'<path d="M{rounded(x)} {rounded(_TOP - 10)}V{rounded(bottom)}" stroke="{ink}" stroke-width="1.4"/>'
    return line + _text(x, 17.5, html(_ended(state)), ink, "end")


def _text(x: float, y: float, text: str, ink: str, anchor: str = "") -> str:
    """A text, escaped already, that begins at `x`, or is there with its middle or end."""
    where = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{rounded(x)}" y="{rounded(y)}"{where} fill="{ink}">{text}</text>'
