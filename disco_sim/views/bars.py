"""Runs as bars of a timeline: their boxes, labels and phases, as pieces of SVG. Pure; times are virtual."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10

from disco_sim.tables import AMBER, RED, html
from disco_sim.views.render import stage_colour
from disco_sim.views.stages import Run
from disco_sim.views.state import JobState

LETTER = 6.3
DASHED = f'fill-opacity="0.4" stroke="rgb({AMBER})" stroke-width="1.2" stroke-dasharray="4 2"'
"""How the bar of a run looks that was done in vain, beside its colour."""

_ROOM = 16.0
_STRIP, _FOOT = 2.6, 1.6
_PARTS = {
    "startup": ("start-up", "#ffffff", 0.8),
    "wait": ("wait", "#000000", 0.55),
    "read": ("disk", "#ffffff", 0.45),
    "transfer": ("network", "#000000", 0.25),
    "write": ("disk", "#ffffff", 0.45),
}
"""The name, colour and opacity of a phase at the foot of a bar; cpu has none."""


class Scale:
    """Where a virtual time since the job's submission stands on the drawing."""

    def __init__(self, left: float, right: float, duration_s: float) -> None:
        self.left, self.right = left, right
        self.duration_s = duration_s or 1.0

    def x(self, time_s: float) -> float:
        """The place of a time."""
        return self.left + (self.right - self.left) * time_s / self.duration_s

    @property
    def ticks(self) -> list[float]:
        """Round times, about eight of them."""
        rough = self.duration_s / 8
        power = 10.0 ** floor(log10(rough))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
        return [number * step for number in range(floor(self.duration_s / step * (1 + 1e-9)) + 1)]


def rounded(number: float) -> str:
    """A coordinate, to a tenth of a pixel.

    >>> rounded(2.04), rounded(-0.04)
    ('2', '0')
    """
    return f"{number:z.1f}".removesuffix(".0")


def area(x: float, y: float, width: float, height: float) -> str:
    """The attributes that say where a rectangle is."""
    return f'x="{rounded(x)}" y="{rounded(y)}" width="{rounded(width)}" height="{rounded(height)}"'


def box(x: float, y: float, width: float, height: float) -> str:
    """The attributes that say where a rectangle with round corners is."""
    return f'{area(x, y, width, height)} rx="2"'


def hatch(x: float, y: float, width: float, height: float, step: float = 6.0) -> str:
    """Slanting lines that fill a box, each cut at its edges."""
    lines: list[str] = []
    start = -height + step / 2
    while start < width:
        left, right = max(start, 0.0), min(start + height, width)
        begin, end = y + height - (left - start), y + height - (right - start)
        lines.append(f"M{rounded(x + left)} {rounded(begin)}L{rounded(x + right)} {rounded(end)}")
        start += step
    return "".join(lines)


class Bar:
    """Where and how a run is drawn."""

    def __init__(self, run: Run, state: JobState, scale: Scale, top: float, height: float) -> None:
        start_s = run.start_s - state.submitted_s
        end_s = (state.now_s if run.end_s is None else run.end_s) - state.submitted_s
        self.run = run
        self.x, self.y = scale.x(start_s), top + 1
        # A pixel is left free, so that runs that follow each other can be told apart.
        self.width, self.height = max(scale.x(end_s) - self.x - 1, 1.0), height - 2
        self.colour = f"rgb({stage_colour(list(state.stages).index(run.stage))})"
        name, again = f"{run.stage}:{run.task}", f" run {run.attempt}" if run.attempt else ""
        why = f", {run.reason}" if run.is_output_lost else ""
        self.title = f"{name}{again} on {run.host}, {start_s:.3f} to {end_s:.3f} s, {run.status}{why}"
        self.is_in_vain = run.status in ("failed", "lost") or run.is_output_lost
        labels = (name + again, name, str(run.task)) if height >= 13 else ()
        # Beside its label, a bar of a run in vain needs room to be known as such.
        room = self.width - 6 - (_ROOM if self.is_in_vain else 0.0)
        self.label = next((label for label in labels if len(label) * LETTER < room), "")

    @property
    def has_strip(self) -> bool:
        """Whether the bar shows phases at its foot: where they are known, and there is room."""
        is_known = self.run.phases is not None and self.run.status == "done" and not self.is_in_vain
        return is_known and self.height >= 9 and self.width > 24

    @property
    def is_bare(self) -> bool:
        """Whether the bar is a mere box."""
        return self.run.status == "done" and not self.label

    @property
    def looks(self) -> str:
        """How the box is filled and framed."""
        looks = f'fill="{self.colour}"'
        if self.run.status in ("failed", "lost"):
            return f'{looks} fill-opacity="0.22" {self._frame}'
        if self.run.status == "running":
            return f'{looks} fill-opacity="0.75" stroke="{self.colour}" stroke-dasharray="3 2"'
        return f"{looks} {DASHED}" if self.run.is_output_lost else looks

    @property
    def path(self) -> str:
        """The outline of the box."""
        width = rounded(self.width)
        return f"M{rounded(self.x)} {rounded(self.y)}h{width}v{rounded(self.height)}h-{width}z"

    def svg(self, is_told: bool) -> str:
        """The bar; a bare one without a title is left to `merged`."""
        if self.is_bare and not is_told:
            return ""
        title = f"<title>{html(self.title)}</title>" if is_told else ""
        drawn = f"<rect {box(self.x, self.y, self.width, self.height)} {self.looks}/>"
        if self.run.status in ("failed", "lost"):
            drawn += f'<path d="{hatch(self.x, self.y, self.width, self.height)}" {self._frame} fill="none"/>'
        return f"<g>{title}{drawn}{self._text()}</g>"

    @property
    def _frame(self) -> str:
        return f'stroke="rgb({RED if self.run.status == "failed" else AMBER})" stroke-width="1.2"'

    def _text(self) -> str:
        if not self.label:
            return ""
        up = 1.4 if self.has_strip else 0.0
        place = f'x="{rounded(self.x + 4)}" y="{rounded(self.y + self.height / 2 + 3.8 - up)}"'
        text = f'<text {place} fill="#ffffff" font-size="10.5">{html(self.label)}</text>'
        if not self.is_in_vain:
            return text
        # On a faint bar, white can only be read on a plate of the stage's full colour.
        plate = box(self.x + 2, self.y + 2, len(self.label) * LETTER + 6, self.height - 4)
        return f'<rect {plate} fill="{self.colour}"/>{text}'


def merged(bars: Sequence[Bar]) -> str:
    """All bare bars that look alike as one shape, so that thousands of runs stay a small image."""
    paths: dict[str, list[str]] = {}
    for bar in bars:
        if bar.is_bare:
            paths.setdefault(bar.looks, []).append(bar.path)
    return "".join(f'<path d="{"".join(found)}" {looks}/>' for looks, found in paths.items())


def strips(bars: Sequence[Bar], state: JobState, scale: Scale) -> tuple[str, dict[str, str]]:
    """The phases of the runs at the feet of their bars, all of a kind as one shape; and how what is there looks."""
    paths: dict[str, list[str]] = {}
    for bar in bars:
        if bar.run.phases is None or not bar.has_strip:
            continue
        # The stage's colour goes on all around, so that the tones show on light and on dark grounds.
        y, below = rounded(bar.y + bar.height - _FOOT - _STRIP), rounded(bar.y + bar.height - _FOOT)
        for kind, start_s, end_s in bar.run.phases.spans(bar.run.start_s - state.submitted_s):
            left, right = max(scale.x(start_s), bar.x + 1), min(scale.x(end_s), bar.x + bar.width - 1)
            if kind in _PARTS and right - left >= 0.5:
                path = f"M{rounded(left)} {y}H{rounded(right)}V{below}H{rounded(left)}z"
                paths.setdefault(kind, []).append(path)
    drawn: list[str] = []
    names: dict[str, str] = {}
    for kind, (name, colour, opacity) in _PARTS.items():
        if kind in paths:
            looks = names[name] = f'fill="{colour}" fill-opacity="{opacity:g}"'
            drawn.append(f'<path d="{"".join(paths[kind])}" {looks} pointer-events="none"/>')
    return "".join(drawn), names


def strip_sample(x: float, y: float, looks: str) -> str:
    """A small bar with a phase at its foot, for a legend."""
    place = area(x + 1, y + 11 - _FOOT - _STRIP, 16, _STRIP)
    return f'<rect {box(x, y, 18, 11)} fill="rgb({stage_colour(0)})"/><rect {place} {looks}/>'
