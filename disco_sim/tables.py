"""Rows under named columns, shown as text and as HTML. Pure: the same values give the same string.

Knows cells, bars, chips, colours, and how any value of a user is written; not what the rows are of. It stands so low
that anything can show itself.

HTML for notebooks must be readable where a notebook is not trusted: no <style>, no <svg>, no ids, and only literal
values of the style properties that JupyterLab keeps. Colours are translucent or of a middle tone, so that they do on
light and on dark grounds; no state is told by colour alone. All text is escaped.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple, Protocol

GREEN, BLUE, RED, AMBER, GREY = "38, 150, 106", "47, 116, 181", "208, 69, 59", "190, 120, 20", "128, 128, 128"
"""Red, green and blue of what is well, goes on, is wrong, is odd, and is neither."""

_STATES = {
    GREEN: ("ready", "done", "committed", "alive", "READY"),
    BLUE: ("active", "running"),
    RED: ("dead", "failed", "ERROR"),
    AMBER: ("lost", "blacklisted", "slow", "WARN"),
    GREY: ("waiting", "dropped", "unknown"),
}
_COLOUR_OF = {word: colour for colour, words in _STATES.items() for word in words}
_CHIP_COLUMNS = ("status", "state", "level")
_AMOUNTS = {
    *("records", "records_in", "records_out", "keys", "top_key_records", "spilled", "count"),
    *("bytes", "bytes_in", "bytes_out", "size"),
}
_UNKNOWN = "–"  # noqa: RUF001 - a dash for what is not known
_CAPTION_STYLE = "caption-side:top;text-align:left;white-space:nowrap;font-weight:bold;line-height:1.4;padding:2px 0"
_LONGEST_CELL = 120
_LONGEST_TITLE = 1000
_LONGEST_LINE = 60
_ENDS = 10


class Table(NamedTuple):
    """Rows under named columns."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Frame(Protocol):
    """A DataFrame, as far as it is needed here; so the simulator, which shows tables, knows no pandas."""

    @property
    def columns(self) -> Iterable[Any]:
        """The names of its columns."""

    def itertuples(self, index: bool = ..., name: None = ...) -> Iterable[tuple[Any, ...]]:
        """Its rows."""


def counted(number: int, noun: str) -> str:
    """A number with its noun in the right form.

    >>> counted(1, "task"), counted(3, "task")
    ('1 task', '3 tasks')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def rgba(colour: str, opacity: float) -> str:
    """A colour of this module as CSS.

    >>> rgba(BLUE, 0.5)
    'rgba(47, 116, 181, 0.5)'
    """
    return f"rgba({colour}, {opacity:g})"


_MOST_TEXT = 10_000
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


class _Short(reprlib.Repr):
    """Sorts sets, whose order differs from process to process, and never walks a large value."""

    def repr_int(self, x: int, level: int) -> str:
        try:
            return super().repr_int(x, level)
        except ValueError:  # Python writes no number of more than some thousand digits
            return f"<int of {x.bit_length()} bits>"


_SHORT = _Short()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 200
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxset = _SHORT.maxfrozenset = _SHORT.maxdict = 20


def shown(value: Any, limit: int = 120) -> str:
    """The repr of a user's value, cut to `limit` characters; never an error, never a memory address."""
    return writable(without_addresses(_SHORT.repr(value)), limit)


def without_addresses(text: str) -> str:
    """A text without the places in memory that Python writes of objects, which differ from run to run."""
    return _ADDRESS.sub("", text)


def writable(text: str, limit: int = _MOST_TEXT) -> str:
    """A user's text as every screen and file takes it: half characters escaped, cut to `limit` characters."""
    text = text if len(text) <= limit else text[: limit - 3] + "..."
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


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
    is_short = isinstance(value, str) or (_is_number(value) and not isinstance(value, int)) or type(value) is bool
    is_short = is_short or (isinstance(value, int) and value.bit_length() < _MOST_TEXT)
    return plain(value) if is_short else plain(shown(value, _LONGEST_TITLE))


def _is_unknown(value: Any) -> bool:
    return (
        value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value)
    )


def _is_number(value: Any) -> bool:
    # Numbers of numpy are no int, but have its protocol.
    return not isinstance(value, bool) and (isinstance(value, int | float) or hasattr(value, "__index__"))


def table_of(frame: Frame | Table) -> Table:
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


def table(
    frame: Frame | Table,
    caption: str,
    max_rows: int = 60,
    bars: Mapping[str, str] | None = None,
    drawn: Mapping[str, Callable[[Any], str]] | None = None,
) -> str:
    """A frame as an HTML table; of more than `max_rows` rows, the first and last ten and how many there are.

    An empty caption is left out, for a table right under a heading. `bars` gives columns of numbers a bar in the given
    CSS colour, full for the largest number of the whole column; `drawn` gives columns HTML of their own for a value.
    """
    columns, rows = table_of(frame)
    drawn = drawn or {}
    bars = {name: colour for name, colour in (bars or {}).items() if name in columns}
    largest = {name: _largest(row[columns.index(name)] for row in rows) for name in bars}
    first, last = _ends(rows, max_rows)
    sides = [
        "right" if name not in drawn and any(_is_number(row[number]) for row in first + last) else "left"
        for number, name in enumerate(columns)
    ]

    def cell(number: int, value: Any) -> str:
        name, text = columns[number], cell_text(columns[number], value)
        side = sides[number] if _is_unknown(value) or _is_number(value) else "left"
        content = chip(text) if name in _CHIP_COLUMNS else escape(text)
        title = f' title="{escape(text[:_LONGEST_TITLE])}"' if len(text) > _LONGEST_CELL else ""
        if len(text) > _LONGEST_CELL:
            content = f"{escape(text[:_LONGEST_CELL])}…"
        if len(text) > _LONGEST_LINE:
            content = f'<div style="min-width:24em;white-space:pre-wrap">{content}</div>'
        if name in bars and not _is_unknown(value):
            content += bar(float(value) / largest[name] if largest[name] else 0.0, bars[name])
        if name in drawn:
            content, side = drawn[name](value), "left"
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


def table_text(frame: Frame | Table, max_rows: int = 20, indent: str = "") -> str:
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
