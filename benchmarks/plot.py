"""A curve over logarithmic axes, as SVG that is readable on light and dark ground."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

WIDTH, HEIGHT = 480, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 40, 36, 48
STYLE = """
text { font: 12px sans-serif; fill: #333 } .grid { stroke: #ccc } .line { stroke: #1668a8; fill: none; stroke-width: 2 }
.point { fill: #1668a8 } .linear { stroke: #888; stroke-dasharray: 4 4 }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .grid { stroke: #444 } .line { stroke: #6cb4ee } .point { fill: #6cb4ee }
}
"""


def log_log(points: Sequence[tuple[float, float]], title: str, across: str, up: str) -> str:
    """The picture; a broken line through the last point shows what linear growth is."""
    lows = [math.floor(math.log10(min(column))) for column in zip(*points, strict=True)]
    highs = [
        max(low + 1, math.ceil(math.log10(max(column))))
        for low, column in zip(lows, zip(*points, strict=True), strict=True)
    ]

    def x(value: float) -> float:
        return LEFT + (math.log10(value) - lows[0]) / (highs[0] - lows[0]) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(value) - lows[1]) / (highs[1] - lows[1]) * (HEIGHT - TOP - BOTTOM)

    def drawn() -> Iterator[str]:
        box = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        yield f'<svg xmlns="http://www.w3.org/2000/svg" {box}>'
        yield f"<style>{STYLE}</style>"
        yield f'<text x="{LEFT}" y="20">{title}</text>'
        for power in range(lows[0], highs[0] + 1):
            at = x(10.0**power)
            yield f'<path class="grid" d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
            yield f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{number(power)}</text>'
        for power in range(lows[1], highs[1] + 1):
            at = y(10.0**power)
            yield f'<path class="grid" d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}"/>'
            yield f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{number(power)}</text>'
        yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{across}</text>'
        yield f'<text x="14" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 14 {HEIGHT / 2})">{up}</text>'
        most, dearest = points[-1]
        least = max(10.0 ** lows[0], most * 10.0 ** lows[1] / dearest)
        start, end = f"{x(least):.1f} {y(dearest * least / most):.1f}", f"{x(most):.1f} {y(dearest):.1f}"
        yield f'<path class="linear" d="M{start}L{end}"/>'
        yield f'<path class="line" d="M{"L".join(f"{x(size):.1f} {y(cost):.1f}" for size, cost in points)}"/>'
        for size, cost in points:
            yield f'<circle class="point" cx="{x(size):.1f}" cy="{y(cost):.1f}" r="3"/>'
        yield "</svg>"

    return "\n".join(drawn()) + "\n"


def number(power: int) -> str:
    """A power of ten, as a person reads it."""
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:.{-power}f}"
