"""The timeline of a job as a drawing: a row per slot of each node, a bar per run. Pure; times are virtual.

The drawing is SVG with middle-tone colours and no ids, for a page as it is, for notebooks as an <img>.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from math import floor, log10

from disco_sim.model.cluster import Node
from disco_sim.tables import AMBER, GREY, RED, counted, html
from disco_sim.views.render import stage_colour
from disco_sim.views.stages import Run
from disco_sim.views.state import JobState

_WIDTH = 860.0
_TOP, _BOTTOM, _RIGHT = 34.0, 38.0, 26.0
_LINE = 18.0
_GAP = 6.0
_MOST_ROWS = 160
_MOST_TITLES = 2000
_LETTER, _WIDEST_LETTER = 6.3, 7.2
_MIDDLE_INK = "#7d858d"
_STRIP, _FOOT = 2.6, 1.6
_PARTS = {
    "startup": ("start-up", "#ffffff", 0.8),
    "wait": ("wait", "#000000", 0.55),
    "read": ("disk", "#ffffff", 0.45),
    "transfer": ("network", "#000000", 0.25),
    "write": ("disk", "#ffffff", 0.45),
}
"""The name, colour and opacity of a phase at the foot of a bar; cpu has none."""

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
    a bar with room for it, phases other than cpu are told apart. The slots of a node are hatched while it is dead. With `has_titles`, pointing at a bar tells its run, unless there are thousands. At most 160 slots
    are drawn; of more, only those used, and the drawing says how many are left out.
    """
    rows = _rows(state, nodes)
    shown = rows if len(rows) <= _MOST_ROWS else _rows(state, ())[:_MOST_ROWS]
    n_hidden = len(rows) - len(shown)
    height = _slot_height(len(shown))
    left = 12.0 + _WIDEST_LETTER * max([len(host) for host, _ in shown] or [4])
    scale = _Scale(left, _WIDTH - _RIGHT, state.duration_s)
    tops: dict[tuple[str, int], float] = {}
    bands: list[str] = []
    deaths: list[str] = []
    top = _TOP
    for host, slots in _by_host(shown):
        band = len(slots) * height
        deaths += [_dead(outage, scale, top, band, has_titles) for outage in outages if outage[0] == host]
        bands.append(
            f'<rect x="{_n(left)}" y="{_n(top)}" width="{_n(_WIDTH - _RIGHT - left)}" height="{_n(band)}" '
            f'fill="rgb({GREY})" fill-opacity="0.1"/>'
        )
        if height >= 9 or band >= 12:
            middle = top + band / 2 + 4
            bands.append(
                f'<text x="{_n(left - 8)}" y="{_n(middle)}" text-anchor="end" fill="{ink}">{html(host)}</text>'
            )
        for number, slot in enumerate(slots):
            tops[host, slot] = top + number * height
        top += band + _GAP
    bottom = top
    runs = [run for run in state.runs if (run.host, run.slot) in tops]
    is_told = has_titles and len(runs) <= _MOST_TITLES
    bars = [_Bar(run, state, scale, tops[run.host, run.slot], height) for run in runs]
    note = f" ({counted(n_hidden, 'slot')} not shown)" if n_hidden else ""
    title = f"<title>{escape(summary(state) + note)}</title>"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {_n(_WIDTH)} {_n(bottom + _BOTTOM)}" '
        f'width="{_n(_WIDTH)}" height="{_n(bottom + _BOTTOM)}" font-family="system-ui, sans-serif" font-size="11.5">'
        f"{title}{_legend(state, any(deaths), ink, note)}{''.join(bands)}{''.join(deaths)}{_axis(scale, bottom, ink)}"
        f"{''.join(_merged(bars)) if not is_told else ''}{''.join(bar.svg(is_told) for bar in bars)}"
        f"{_strips(bars, state, scale, bottom, ink)}{_end(state, scale, bottom, ink)}</svg>"
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


class _Scale:
    """Where a virtual time since the job's submission stands on the drawing."""

    def __init__(self, left: float, right: float, duration_s: float) -> None:
        self.left, self.right = left, right
        self.duration_s = duration_s or 1.0

    def x(self, time_s: float) -> float:
        return self.left + (self.right - self.left) * time_s / self.duration_s

    @property
    def ticks(self) -> list[float]:
        """Round times, about eight of them."""
        rough = self.duration_s / 8
        power = 10.0 ** floor(log10(rough))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
        return [number * step for number in range(floor(self.duration_s / step * (1 + 1e-9)) + 1)]


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


def _n(number: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{number:.1f}".removesuffix(".0")


class _Bar:
    """Where and how a run is drawn."""

    def __init__(self, run: Run, state: JobState, scale: _Scale, top: float, height: float) -> None:
        start_s = run.start_s - state.submitted_s
        end_s = (state.now_s if run.end_s is None else run.end_s) - state.submitted_s
        self.run = run
        self.x, self.y = scale.x(start_s), top + 1
        # A pixel is left free, so that runs that follow each other can be told apart.
        self.width, self.height = max(scale.x(end_s) - self.x - 1, 1.0), height - 2
        self.colour = f"rgb({stage_colour(list(state.stages).index(run.stage))})"
        name, again = f"{run.stage}:{run.task}", f" run {run.attempt}" if run.attempt else ""
        self.title = f"{name}{again} on {run.host}, {start_s:.3f} to {end_s:.3f} s, {run.status}"
        labels = (name + again, name, str(run.task)) if height >= 13 else ()
        self.label = next((label for label in labels if len(label) * _LETTER + 6 < self.width), "")

    @property
    def has_strip(self) -> bool:
        """Whether the bar shows phases at its foot: where they are known, and there is room."""
        is_known = self.run.phases is not None and self.run.status == "done"
        return is_known and self.height >= 9 and self.width > 24

    @property
    def is_bare(self) -> bool:
        """Whether the bar is a mere box of its stage's colour."""
        return self.run.status == "done" and not self.label

    @property
    def path(self) -> str:
        """The outline of the box."""
        return f"M{_n(self.x)} {_n(self.y)}h{_n(self.width)}v{_n(self.height)}h-{_n(self.width)}z"

    def svg(self, is_told: bool) -> str:
        """The bar; a bare one without a title is left to `_merged`."""
        if self.is_bare and not is_told:
            return ""
        box = f'x="{_n(self.x)}" y="{_n(self.y)}" width="{_n(self.width)}" height="{_n(self.height)}" rx="2"'
        title = f"<title>{html(self.title)}</title>" if is_told else ""
        if self.run.status in ("failed", "lost"):
            frame = f'stroke="rgb({RED if self.run.status == "failed" else AMBER})" stroke-width="1.2"'
            # The label stands beside the lines, on the full colour of the stage, so that it can be read.
            begin = len(self.label) * _LETTER + 6 if self.label else 0.0
            lines = _hatch(self.x + begin, self.y, self.width - begin, self.height)
            place = f'x="{_n(self.x)}" y="{_n(self.y)}" width="{_n(begin)}" height="{_n(self.height)}" rx="2"'
            label = f'<rect {place} fill="{self.colour}"/>{self._text()}' if self.label else ""
            box = f'<rect {box} fill="{self.colour}" fill-opacity="0.22" {frame}/>'
            return f'<g>{title}{label}{box}<path d="{lines}" {frame} fill="none"/></g>'
        looks = f'fill="{self.colour}"'
        if self.run.status == "running":
            looks += f' fill-opacity="0.75" stroke="{self.colour}" stroke-dasharray="3 2"'
        return f"<g>{title}<rect {box} {looks}/>{self._text()}</g>"

    def _text(self) -> str:
        if not self.label:
            return ""
        up = 1.4 if self.has_strip else 0.0
        place = f'x="{_n(self.x + 4)}" y="{_n(self.y + self.height / 2 + 3.8 - up)}"'
        return f'<text {place} fill="#ffffff" font-size="10.5">{html(self.label)}</text>'


def _merged(bars: Sequence[_Bar]) -> list[str]:
    """All bare bars of a colour as one shape, so that thousands of runs stay a small image."""
    paths: dict[str, list[str]] = {}
    for bar in bars:
        if bar.is_bare:
            paths.setdefault(bar.colour, []).append(bar.path)
    return [f'<path d="{"".join(found)}" fill="{colour}"/>' for colour, found in paths.items()]


def _strips(bars: Sequence[_Bar], state: JobState, scale: _Scale, bottom: float, ink: str) -> str:
    """The phases of the runs at the feet of their bars, all of a kind as one shape, and what they mean."""
    paths: dict[str, list[str]] = {}
    for bar in bars:
        if bar.run.phases is None or not bar.has_strip:
            continue
        # The stage's colour goes on all around, so that the tones show on light and on dark grounds.
        y = bar.y + bar.height - _FOOT - _STRIP
        for kind, start_s, end_s in bar.run.phases.spans(bar.run.start_s - state.submitted_s):
            left, right = max(scale.x(start_s), bar.x + 1), min(scale.x(end_s), bar.x + bar.width - 1)
            if kind in _PARTS and right - left >= 0.5:
                paths.setdefault(kind, []).append(f"M{_n(left)} {_n(y)}H{_n(right)}V{_n(y + _STRIP)}H{_n(left)}z")
    drawn: list[str] = []
    names: dict[str, str] = {}
    for kind, (name, colour, opacity) in _PARTS.items():
        if kind in paths:
            looks = f'fill="{colour}" fill-opacity="{opacity:g}"'
            names[name] = looks
            drawn.append(f'<path d="{"".join(paths[kind])}" {looks} pointer-events="none"/>')
    x, y = 4.0, bottom + 21.5
    for name, looks in names.items():
        place = f'x="{_n(x + 1)}" y="{_n(y + 11 - _FOOT - _STRIP)}" width="16" height="{_n(_STRIP)}"'
        drawn.append(f'<rect x="{_n(x)}" y="{_n(y)}" width="18" height="11" rx="2" fill="rgb({stage_colour(0)})"/>')
        drawn.append(f'<rect {place} {looks}/><text x="{_n(x + 24)}" y="{_n(y + 9.5)}" fill="{ink}">{name}</text>')
        x += 24 + _LETTER * len(name) + 16
    return "".join(drawn)


def _dead(outage: tuple[str, float, float | None], scale: _Scale, top: float, height: float, has_title: bool) -> str:
    """The slots of a node, hatched while it is dead."""
    host, start_s, end_s = outage
    until_s = scale.duration_s if end_s is None else end_s
    left, right = scale.x(max(start_s, 0.0)), scale.x(min(until_s, scale.duration_s))
    if right - left < 1:
        return ""
    place = f'x="{_n(left)}" y="{_n(top)}" width="{_n(right - left)}" height="{_n(height)}"'
    back = "" if end_s is None else f" until {end_s:.3f} s"
    title = f"<title>{html(host)} is dead from {start_s:.3f} s{back}</title>" if has_title else ""
    return (
        f'<g>{title}<rect {place} fill="rgb({GREY})" fill-opacity="0.25"/>'
        f'<path d="{_hatch(left, top, right - left, height, 8.0)}" stroke="rgb({GREY})" stroke-opacity="0.7"/></g>'
    )


def _hatch(x: float, y: float, width: float, height: float, step: float = 6.0) -> str:
    """Slanting lines that fill a box, each cut at its edges."""
    lines: list[str] = []
    start = -height + step / 2
    while start < width:
        left, right = max(start, 0.0), min(start + height, width)
        lines.append(
            f"M{_n(x + left)} {_n(y + height - (left - start))}L{_n(x + right)} {_n(y + height - (right - start))}"
        )
        start += step
    return "".join(lines)


def _axis(scale: _Scale, bottom: float, ink: str) -> str:
    step = scale.ticks[1] if len(scale.ticks) > 1 else scale.duration_s
    digits = max(0, -floor(log10(step))) if step < 1 else 0
    y = _n(bottom + 14)
    marks = "".join(
        f'<path d="M{_n(scale.x(tick))} {_n(_TOP - 4)}V{_n(bottom)}" stroke="{ink}" stroke-opacity="0.18"/>'
        f'<text x="{_n(scale.x(tick))}" y="{y}" text-anchor="middle" fill="{ink}">{tick:.{digits}f}</text>'
        for tick in scale.ticks
    )
    middle = (scale.left + scale.right) / 2
    name = f'<text x="{_n(middle)}" y="{_n(bottom + 31)}" text-anchor="middle" fill="{ink}">virtual seconds</text>'
    return marks + name


def _legend(state: JobState, has_deaths: bool, ink: str, note: str) -> str:
    found = {run.status for run in state.runs}
    entries = [(name, f'fill="rgb({stage_colour(number)})"', "") for number, name in enumerate(state.stages)]
    for status, colour in (("failed", RED), ("lost", AMBER)):
        if status in found:
            entries.append(
                (f"{status} run", f'fill="none" stroke="rgb({colour})" stroke-width="1.2"', f"rgb({colour})")
            )
    if "running" in found:
        entries.append(("running", f'fill="rgb({GREY})" fill-opacity="0.3" stroke="{ink}" stroke-dasharray="3 2"', ""))
    if has_deaths:
        entries.append(("dead node", f'fill="rgb({GREY})" fill-opacity="0.25"', f"rgb({GREY})"))
    drawn, x = [], 4.0
    for name, looks, hatch in entries:
        drawn.append(f'<rect x="{_n(x)}" y="8" width="18" height="11" rx="2" {looks}/>')
        if hatch:
            drawn.append(f'<path d="{_hatch(x, 8, 18, 11)}" stroke="{hatch}" stroke-width="1.2" fill="none"/>')
        drawn.append(f'<text x="{_n(x + 24)}" y="17.5" fill="{ink}">{html(name)}</text>')
        x += 24 + _LETTER * len(name) + 20
    if note:
        drawn.append(f'<text x="{_n(x)}" y="17.5" fill="{ink}">{html(note.strip())}</text>')
    return "".join(drawn)


def _end(state: JobState, scale: _Scale, bottom: float, ink: str) -> str:
    if state.ended_s is None:
        return ""
    x = scale.x(state.duration_s)
    return (
        f'<path d="M{_n(x)} {_n(_TOP - 8)}V{_n(bottom)}" stroke="{ink}" stroke-width="1.4"/>'
        f'<text x="{_n(x)}" y="{_n(_TOP - 13)}" text-anchor="end" fill="{ink}">'
        f"{html(state.status)} at {state.duration_s:.3f} s</text>"
    )
