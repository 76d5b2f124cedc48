"""Values as cards and as pages, in HTML and as text. Pure: the same values give the same string.

What a notebook that is not trusted keeps of HTML is said in `tables`, where cells and tables are made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from disco_sim.tables import BLUE, GREY, Frame, Table, chip, html, plain, rgba, table, table_text

STAGE_COLOURS = (BLUE, "192, 90, 10", "30, 128, 103", "138, 90, 184", "184, 69, 127", "110, 110, 40")
"""Red, green and blue of the stages of a job, in order, and then again from the first."""


def stage_colour(number: int) -> str:
    """Red, green and blue of the `number`-th stage."""
    return STAGE_COLOURS[number % len(STAGE_COLOURS)]


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
    frame: Frame | Table,
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
