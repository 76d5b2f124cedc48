"""Who sent how much to whom, as a heat map: the stronger the colour of a square, the more. Pure.

A small map is a table with the numbers in its squares. A large one is a drawing, binned until it fits. Both show in a
notebook that is not trusted, on light and on dark grounds.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from disco_sim.tables import BLUE, GREY, counted, html, rgba
from disco_sim.views.bars import area, rounded

MOST_SQUARES = 60
"""How many rows, and how many columns, a drawing has at most."""

_MOST_ROWS, _MOST_COLUMNS = 24, 12
_LEVELS = 12
_STRONGEST = 0.6
_INK = "#7d858d"
_CAPTION = "font-weight:bold;line-height:1.4;padding:2px 0"
_LETTER = 6.6
_TOP, _BOTTOM = 26.0, 36.0


@dataclass(frozen=True)
class Grid:
    """Amounts in rows and columns. `amounts` are by the places of row and column, and what is not there is 0.

    `rows` and `columns` are the heads, each with a second word ('' for none); `row` and `column` say what they are,
    `unit` what the amounts count.
    """

    rows: Sequence[tuple[str, str]]
    columns: Sequence[tuple[str, str]]
    amounts: Mapping[tuple[int, int], int]
    row: str
    column: str
    unit: str

    @property
    def is_small(self) -> bool:
        """Whether there is room for a number in each square."""
        return len(self.rows) <= _MOST_ROWS and len(self.columns) <= _MOST_COLUMNS

    @property
    def summary(self) -> str:
        """What the map shows, in one sentence.

        >>> Grid([("map:0", "")], [("0", ""), ("1", "")], {(0, 1): 7}, "task", "partition", "records").summary
        'records from 1 task to 2 partitions; most, 7, from map:0 to partition 1'
        """
        told = f"{self.unit} from {counted(len(self.rows), self.row)} to {counted(len(self.columns), self.column)}"
        if not self.amounts:
            return told
        (row, column), most = max(self.amounts.items(), key=lambda found: (found[1], -found[0][0], -found[0][1]))
        return f"{told}; most, {most:,}, from {self.rows[row][0]} to {self.column} {self.columns[column][0]}"


class Bins:
    """Neighbours put together, `row_step` rows and `column_step` columns, so that no side has more than `most`.

    Amounts are those of the largest square in each, so that one large square among small ones stays in sight.

    >>> grid = Grid([("a", "")], [("0", ""), ("1", ""), ("2", "")], {(0, 0): 5, (0, 1): 9, (0, 2): 1}, "", "", "")
    >>> bins = Bins(grid, 2)
    >>> bins.column_step, bins.amounts
    (2, {(0, 0): 9, (0, 1): 1})
    """

    def __init__(self, grid: Grid, most: int = MOST_SQUARES) -> None:
        self.row_step = -(-len(grid.rows) // most) or 1
        self.column_step = -(-len(grid.columns) // most) or 1
        self.n_rows = -(-len(grid.rows) // self.row_step)
        self.n_columns = -(-len(grid.columns) // self.column_step)
        self.amounts: dict[tuple[int, int], int] = {}
        for (row, column), amount in grid.amounts.items():
            place = row // self.row_step, column // self.column_step
            self.amounts[place] = max(amount, self.amounts.get(place, 0))

    def note(self, grid: Grid) -> str:
        """What was put together, in words; '' for nothing."""
        steps = ((self.row_step, grid.row), (self.column_step, grid.column))
        parts = [f"{step} {noun}s" for step, noun in steps if step > 1]
        return f"Each square stands for {' by '.join(parts)}, and shows the largest amount of them." if parts else ""


def heat_map(grid: Grid, caption: str, most: int = MOST_SQUARES) -> str:
    """The map as HTML: a table while it is small, else a drawing with at most `most` rows and columns."""
    return _heat_table(grid, caption) if grid.is_small else _heat_image(grid, caption, most)


def _heat_table(grid: Grid, caption: str) -> str:
    largest = max(grid.amounts.values(), default=0)

    def head(words: tuple[str, str], scope: str, side: str) -> str:
        # Beside the first word in the head of a row, and under it in that of a column.
        tag, margin = ("span", ";margin-left:9px") if scope == "row" else ("div", "")
        look = f"opacity:0.7;font-weight:normal{margin}"
        second = f'<{tag} style="{look}">{html(words[1])}</{tag}>' if words[1] else ""
        style = f"padding:3px 9px;line-height:1.3;text-align:{side};white-space:nowrap"
        return f'<th scope="{scope}" style="{style}">{html(words[0])}{second}</th>'

    def square(row: int, column: int) -> str:
        amount = grid.amounts.get((row, column), 0)
        colour = rgba(BLUE, round(_STRONGEST * amount / largest, 2)) if amount else rgba(GREY, 0.06)
        style = f"padding:3px 9px;text-align:right;border:1px solid {rgba(GREY, 0.25)};background-color:{colour}"
        return f'<td style="{style}">{f"{amount:,}" if amount else ""}</td>'

    numbers = range(len(grid.columns))
    lines = "".join(
        f"<tr>{head(words, 'row', 'left')}{''.join(square(row, column) for column in numbers)}</tr>"
        for row, words in enumerate(grid.rows)
    )
    heads = "".join(head(words, "col", "right") for words in grid.columns)
    corner = head((f"{grid.row} \\ {grid.column}", ""), "col", "left")
    return (
        '<div class="dsim-heat" style="overflow-x:auto"><table style="border-collapse:collapse;margin:4px 0">'
        f'<caption style="caption-side:top;text-align:left;white-space:nowrap;{_CAPTION}">{html(caption)}</caption>'
        f"<thead><tr>{corner}{heads}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _heat_image(grid: Grid, caption: str, most: int) -> str:
    bins = Bins(grid, most)
    data = b64encode(heat_svg(grid, bins).encode()).decode()
    alt = f"Heat map: {grid.summary}"
    image = f'<img alt="{html(alt)}" src="data:image/svg+xml;base64,{data}" style="max-width:100%">'
    told = " ".join(part for part in (f"{grid.summary[0].upper()}{grid.summary[1:]}.", bins.note(grid)) if part)
    return (
        f'<div class="dsim-heat" style="overflow-x:auto"><div style="{_CAPTION}">{html(caption)}</div>{image}'
        f'<div style="opacity:0.7">{html(told)}</div></div>'
    )


def heat_svg(grid: Grid, bins: Bins) -> str:
    """The map as one <svg>: squares of one colour are one path, so that thousands of them are small."""
    # Whole pixels, so that neighbours leave no seam.
    width = min(40, max(8, 600 // max(bins.n_columns, 1)))
    height = min(18, max(6, 420 // max(bins.n_rows, 1)))
    left = 14.0 + _LETTER * max(len(name) for name, _ in [*grid.rows, ("", "")])
    across, down = width * bins.n_columns, height * bins.n_rows
    largest = max(bins.amounts.values(), default=0)
    frame = f'<rect {area(left, _TOP, across, down)} fill="rgb({GREY})" fill-opacity="0.1" stroke="rgb({GREY})"/>'
    whole_width, whole_height = rounded(max(left + across + 14, 320.0)), rounded(_TOP + down + _BOTTOM)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {whole_width} {whole_height}" '
        f'width="{whole_width}" height="{whole_height}" font-family="system-ui, sans-serif" font-size="11.5">'
        f"<title>{html(grid.summary)}</title>{_legend(largest, grid.unit, left)}{frame}"
        f"{_squares(bins, largest, left, width, height)}{_heads(grid, bins, left, width, height)}</svg>"
    )


def _squares(bins: Bins, largest: int, left: float, width: int, height: int) -> str:
    levels: dict[tuple[int, int], int] = {
        place: -(-_LEVELS * amount // largest) for place, amount in bins.amounts.items() if amount
    }
    paths: dict[int, list[str]] = {}
    for row, column in sorted(levels):
        level = levels[row, column]
        if levels.get((row, column - 1)) == level:
            continue
        end = column + 1
        while levels.get((row, end)) == level:
            end += 1
        across = rounded((end - column) * width)
        corner = f"M{rounded(left + column * width)} {rounded(_TOP + row * height)}"
        paths.setdefault(level, []).append(f"{corner}h{across}v{rounded(height)}h-{across}z")
    return "".join(
        f'<path d="{"".join(found)}" fill="rgb({BLUE})" fill-opacity="{_opacity(level):.2f}"/>'
        for level, found in sorted(paths.items())
    )


def _opacity(level: int) -> float:
    """From one that can be told from nothing, up to 1."""
    return 0.15 + 0.85 * level / _LEVELS


def _heads(grid: Grid, bins: Bins, left: float, width: int, height: int) -> str:
    """Names at the sides, as many as there is room for."""
    every_row = -(-13 // height)
    longest = _LETTER * max(len(name) for name, _ in [*grid.columns, ("", "")]) + 8
    every_column = max(1, -(-int(longest) // width))
    rows = [
        _text(left - 6, _TOP + (row + 0.5) * height + 4, grid.rows[row * bins.row_step][0], "end")
        for row in range(0, bins.n_rows, every_row)
    ]
    bottom = _TOP + height * bins.n_rows
    columns = [
        _text(left + (column + 0.5) * width, bottom + 14, grid.columns[column * bins.column_step][0], "middle")
        for column in range(0, bins.n_columns, every_column)
    ]
    middle = left + width * bins.n_columns / 2
    return "".join([*rows, *columns, _text(middle, bottom + 29, grid.column, "middle")])


def _legend(largest: int, unit: str, left: float) -> str:
    """What the strongest colour stands for."""
    x, parts = left + 18, [_text(left, 14.5, "0")]
    for level in range(1, _LEVELS + 1):
        parts.append(f'<rect {area(x, 5, 10, 11)} fill="rgb({BLUE})" fill-opacity="{_opacity(level):.2f}"/>')
        x += 10
    return "".join([*parts, _text(x + 8, 14.5, f"{largest:,} {unit}")])


def _text(x: float, y: float, text: str, anchor: str = "") -> str:
    where = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{rounded(x)}" y="{rounded(y)}"{where} fill="{_INK}">{html(text)}</text>'
