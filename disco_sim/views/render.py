"""Values as HTML and as text: tables with bars, chips, cards, pages. Pure: the same values give the same string.

HTML for notebooks must be readable where a notebook is not trusted: no <style>, no <svg>, no ids, and only literal
values of the style properties that JupyterLab keeps. Colours are translucent or of a middle tone, so that they do on
light and on dark grounds; no state is told by colour alone. All text is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from disco_sim.views.rows import Table
from disco_sim.views.story import counted

if TYPE_CHECKING:
    import pandas as pd

GREEN, BLUE, RED, AMBER, GREY = "38, 150, 106", "47, 116, 181", "208, 69, 59", "190, 120, 20", "128, 128, 128"
STAGE_COLOURS = (BLUE, "192, 90, 10", "30, 128, 103", "138, 90, 184", "184, 69, 127", "110, 110, 40")
"""Red, green and blue of the stages of a job, in order, and then again from the first."""

_STATES = {
    GREEN: ("ready", "done", "committed", "alive", "READY"),
    BLUE: ("active", "running"),
    RED: ("dead", "failed", "ERROR"),
    AMBER: ("lost", "blacklisted", "WARN"),
    GREY: ("waiting", "dropped", "unknown"),
}
_COLOUR_OF = {word: colour for colour, words in _STATES.items() for word in words}
_CHIP_COLUMNS = ("status", "state", "level")
_AMOUNTS = {
    *("records", "records_in", "records_out", "keys", "top_key_records", "count"),
    *("bytes", "bytes_in", "bytes_out", "size"),
}
_UNKNOWN = "–"  # noqa: RUF001 - a dash for what is not known
_CAPTION_STYLE = "caption-side:top;text-align:left;white-space:nowrap;font-weight:bold;line-height:1.4;padding:2px 0"
_LONGEST_CELL = 120
_LONGEST_LINE = 60
_ENDS = 10


def rgba(colour: str, opacity: float) -> str:
    """A colour of this module as CSS.

    >>> rgba(BLUE, 0.5)
    'rgba(47, 116, 181, 0.5)'
    """
    return f"rgba({colour}, {opacity:g})"


def stage_colour(number: int) -> str:
    """Red, green and blue of the `number`-th stage."""
    return STAGE_COLOURS[number % len(STAGE_COLOURS)]


def plain(value: object) -> str:
    """The text of a value, with what no page can hold (control characters, half surrogate pairs) as backslash escapes.

    >>> plain("a\\x00b")
    'a\\\\x00b'
    """
    text = str(value).encode("utf-8", "backslashreplace").decode()
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in "\n\t " else repr(character)[1:-1] for character in text
    )


def html(value: object) -> str:
    """The escaped text of a value."""
    return escape(plain(value))


def cell_text(column: str, value: Any) -> str:
    """How a table shows a value: seconds to the millisecond, shares in percent, amounts in groups of three digits.

    Keys and values of users stay as they are; what is not known is a dash.

    >>> cell_text("start_s", 0.5), cell_text("share", 0.421), cell_text("key", b"a"), cell_text("bytes", 12345)
    ('0.500', '42.1%', "b'a'", '12,345')
    """
    if _is_unknown(value):
        return _UNKNOWN
    if isinstance(value, float):
        if column.endswith("_s"):
            return f"{value:.3f}"
        return f"{value:.1%}" if column == "share" else f"{value:.6g}"
    if column in _AMOUNTS and _is_number(value):
        return f"{value:,}"
    return plain(value if isinstance(value, str) else repr(value) if not _is_number(value) else value)


def _is_unknown(value: Any) -> bool:
    return (
        value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value)
    )


def _is_number(value: Any) -> bool:
    # Numbers of numpy are no int, but have its protocol.
    return not isinstance(value, bool) and (isinstance(value, int | float) or hasattr(value, "__index__"))


def table_of(frame: pd.DataFrame | Table) -> Table:
    """A frame as plain rows; a table is returned as it is."""
    if isinstance(frame, Table):
        return frame
    return Table(tuple(map(str, frame.columns)), list(frame.itertuples(index=False, name=None)))


def chip(word: str) -> str:
    """A state as a word in a coloured frame; words that are no state stay plain."""
    colour = _COLOUR_OF.get(word)
    if colour is None:
        return html(word)
    return (
        '<span class="dsim-chip" style="display:inline-block;line-height:1.4;padding:0 7px;margin:0 2px;'
        f'border-radius:8px;border:1px solid {rgba(colour, 0.9)};background-color:{rgba(colour, 0.18)}">'
        f"{html(word)}</span>"
    )


def bar(share: float, colour: str, width_px: int = 110) -> str:
    """A bar that is `share` (0..1) full; `colour` is any literal CSS colour."""
    return (
        f'<div style="display:inline-block;width:{width_px}px;height:10px;margin-left:8px;text-align:left;'
        f'vertical-align:middle;background-color:{rgba(GREY, 0.16)};border-radius:2px">'
        f'<div style="width:{min(max(share, 0.0), 1.0):.1%};height:10px;background-color:{colour};border-radius:2px">'
        "</div></div>"
    )


def table(frame: pd.DataFrame | Table, caption: str, max_rows: int = 60, bars: Mapping[str, str] | None = None) -> str:
    """A frame as an HTML table; of more than `max_rows` rows, the first and last ten and how many there are.

    An empty caption is left out, for a table right under a heading. `bars` gives columns of numbers a bar in the given
    CSS colour, full for the largest number of the whole column.
    """
    columns, rows = table_of(frame)
    bars = {name: colour for name, colour in (bars or {}).items() if name in columns}
    largest = {name: _largest(row[columns.index(name)] for row in rows) for name in bars}
    sides = ["right" if any(_is_number(row[number]) for row in rows) else "left" for number in range(len(columns))]

    def cell(number: int, value: Any) -> str:
        name, text = columns[number], cell_text(columns[number], value)
        side = sides[number] if _is_unknown(value) or _is_number(value) else "left"
        content = chip(text) if name in _CHIP_COLUMNS else escape(text)
        title = f' title="{escape(text[:1000])}"' if len(text) > _LONGEST_CELL else ""
        if len(text) > _LONGEST_CELL:
            content = f"{escape(text[:_LONGEST_CELL])}…"
        if len(text) > _LONGEST_LINE:
            content = f'<div style="min-width:24em;white-space:pre-wrap">{content}</div>'
        if name in bars and not _is_unknown(value):
            content += bar(float(value) / largest[name] if largest[name] else 0.0, bars[name])
        style = f"padding:3px 9px;text-align:{side};vertical-align:top;line-height:1.4;white-space:pre"
        return f'<td style="{style}"{title}>{content}</td>'

    def line(row: Sequence[Any]) -> str:
        return f"<tr>{''.join(cell(number, value) for number, value in enumerate(row))}</tr>"

    # The number stands left of its bar, and so does its head.
    heads = "".join(
        f'<th scope="col" style="padding:3px 9px;border-bottom:1px solid {rgba(GREY, 0.5)};line-height:1.4;'
        f'text-align:{"left" if name in bars else side}">{html(name)}</th>'
        for name, side in zip(columns, sides, strict=True)
    )
    first, last = _ends(rows, max_rows)
    body = "".join(map(line, first))
    if last:
        gap = f"{counted(len(rows) - len(first) - len(last), 'row')} not shown"
        body += f'<tr><td colspan="{len(columns)}" style="text-align:center;opacity:0.7">… {gap} …</td></tr>'
        body += "".join(map(line, last))
    title = f'<caption style="{_CAPTION_STYLE}">{html(caption)}</caption>' if caption else ""
    note = f'<div style="opacity:0.7">{counted(len(rows), "row")}</div>' if last or not rows else ""
    return (
        '<div class="dsim-table" style="overflow-x:auto"><table style="border-collapse:collapse;margin:4px 0">'
        f"{title}"
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{note}</div>"
    )


def _largest(column: Iterable[Any]) -> float:
    return max((float(value) for value in column if not _is_unknown(value)), default=0.0)


def _ends(rows: list[tuple[Any, ...]], max_rows: int) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    if len(rows) <= max(max_rows, 2):
        return rows, []
    ends = min(_ENDS, max_rows // 2)
    return rows[:ends], rows[-ends:]


def table_text(frame: pd.DataFrame | Table, max_rows: int = 20, indent: str = "") -> str:
    """A frame as lines of text under aligned columns; the twin of `table`."""
    columns, rows = table_of(frame)
    if not rows:
        return f"{indent}0 rows"
    first, last = _ends(rows, max_rows)
    # Only the last column may be long: it moves no other.
    longest = [*([40] * (len(columns) - 1)), 100]
    shown = [
        [_short(cell_text(*cell), width) for *cell, width in zip(columns, row, longest, strict=True)]
        for row in first + last
    ]
    is_right = [
        all(_is_number(row[number]) or _is_unknown(row[number]) for row in rows) for number in range(len(columns))
    ]
    widths = [max(map(len, column)) for column in zip(columns, *shown, strict=True)]

    def line(cells: Iterable[str]) -> str:
        padded = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(cells, widths, is_right, strict=True)
        )
        return f"{indent}{'  '.join(padded)}".rstrip()

    lines = [line(columns), *map(line, shown)]
    if last:
        lines.insert(1 + len(first), f"{indent}...")
        lines.append(f"{indent}{counted(len(rows), 'row')}")
    return "\n".join(lines)


def _short(text: str, longest: int) -> str:
    text = text.replace("\n", "\\n").replace("\t", "\\t")
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def preformatted(text: str) -> str:
    """Text that keeps its lines, such as source code or a log."""
    return (
        f'<pre style="white-space:pre-wrap;margin:4px 0;padding:6px 8px;background-color:{rgba(GREY, 0.1)}">'
        f"{html(text)}</pre>"
    )


@dataclass(frozen=True)
class Section:
    """A part of a card that opens and closes: a title, HTML, and the same facts as text ('' to leave them out)."""

    title: str
    html: str
    text: str = ""
    is_open: bool = False


def table_section(
    title: str,
    frame: pd.DataFrame | Table,
    *,
    caption: str = "",
    bars: Mapping[str, str] | None = None,
    is_open: bool = False,
    has_text: bool = True,
) -> Section:
    """A section that holds one table, with a caption if one is given; `has_text=False` leaves it out of the text."""
    content = table(frame, caption, bars=bars)
    return Section(title, content, table_text(frame, indent="  ") if has_text else "", is_open)


@dataclass(frozen=True)
class Card:
    """What an object shows of itself: a header line (what it is, its name, its state), facts, and sections.

    `html()` and `text()` are twins: both come from these values.
    """

    kind: str
    name: str
    state: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    sections: tuple[Section, ...] = ()

    def html(self) -> str:
        """The card as HTML for a notebook, trusted or not."""
        facts = "".join(
            f'<span style="display:inline-block;margin-right:18px"><span style="opacity:0.7">{html(name)}</span> '
            f"{html(value)}</span>"
            for name, value in self.facts
        )
        parts = "".join(
            f'<details{" open" if section.is_open else ""} style="margin-top:6px"><summary style="cursor:pointer">'
            f'{html(section.title)}</summary><div style="padding-left:14px">{section.html}</div></details>'
            for section in self.sections
        )
        return (
            f'<div class="dsim-card" style="border:1px solid {rgba(GREY, 0.45)};border-radius:5px;'
            'padding:8px 12px;margin:4px 0">'
            f"<div><strong>{html(self.kind)}</strong> <code>{html(self.name)}</code> {chip(self.state)}</div>"
            f'<div style="margin-top:4px">{facts}</div>{parts}</div>'
        )

    def text(self) -> str:
        """The card as lines of text."""
        state = f": {self.state}" if self.state else ""
        lines = [plain(f"{self.kind} {self.name}{state}"), *(f"  {name}: {plain(value)}" for name, value in self.facts)]
        for section in self.sections:
            if section.text:
                lines += [section.title, section.text]
        return "\n".join(lines)


def page(title: str, body: str) -> str:
    """One HTML file that loads nothing, runs no script, and is light or dark as the reader's system is."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html(title)}</title>
<style>{_PAGE_STYLE}</style>
</head>
<body>
<main>
<h1>{html(title)}</h1>
{body}
</main>
</body>
</html>
"""


_PAGE_STYLE = """
:root { color-scheme: light dark; --ground: #ffffff; --ink: #1f2328; --line: #d5d9de; --band: #f4f6f8; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171a; --ink: #dfe3e7; --line: #353b41; --band: #1c2125; } }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
h1 { font-size: 1.6rem; margin: 0 0 0.75rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; }
table { font-size: 0.87rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.22rem 0.7rem; border-bottom: 1px solid var(--line); }
tbody tr:nth-child(even) { background: var(--band); }
code, pre { font-family: ui-monospace, monospace; font-size: 0.87em; }
figure { margin: 0.5rem 0; }
figcaption { opacity: 0.75; font-size: 0.87rem; }
svg { max-width: 100%; height: auto; display: block; }
"""
