"""Tables as HTML and as text: what they show, and what survives where a notebook is not trusted."""

from __future__ import annotations

import re

import pandas as pd

from disco_sim.tables import BLUE, Table, chip, plain, rgba, table, table_text
from tests.unit.sanitizer import checked


def test_what_no_page_can_hold_is_escaped() -> None:
    """Control characters and half surrogate pairs become backslash escapes, so a notebook can be saved."""
    assert plain("a\x00\ud800\n") == "a\\x00\\ud800\n"
    assert "\\ud800" in checked(table(Table(("key",), [("\ud800",)]), "Keys"))


def test_long_tables_show_their_ends_and_size() -> None:
    """Above max_rows a table shows ten rows of each end and how many rows there are."""
    frame = pd.DataFrame({"n": range(1000, 1100)})
    seen = checked(table(frame, "Numbers"))
    assert "1009" in seen and "1090" in seen and "1010" not in seen and "1089" not in seen
    assert "80 rows not shown" in seen and "100 rows" in seen
    assert "100 rows" in table_text(frame)
    assert "rows" not in checked(table(frame, "Numbers", max_rows=100))


def test_bars_are_relative_to_the_largest_number() -> None:
    """A bar is full at the largest number of its column; unknown numbers have none."""
    html = table(Table(("records",), [(1,), (4,), (None,)]), "Bars", bars={"records": rgba(BLUE, 0.8), "other": "red"})
    assert re.findall(r"width:([\d.]+)%", html) == ["25.0", "100.0"]


def test_unknown_values_are_a_dash() -> None:
    """None, <NA> and NaN are shown alike."""
    frame = pd.DataFrame({"a": pd.Series([pd.NA], dtype="Int64"), "b": [float("nan")], "c": [pd.NaT]})
    assert checked(table(frame, "")).count("–") == 3  # noqa: RUF001


def test_tables_have_a_caption_and_scopes() -> None:
    """Readers of screens hear what a table is and which head a cell belongs to."""
    html = table(Table(("a", "b"), []), "Nothing <yet>")
    assert ">Nothing &lt;yet&gt;</caption>" in html and html.count('scope="col"') == 2 and "0 rows" in html
    assert "<caption" not in table(Table(("a", "b"), []), "")


def test_states_are_words_in_a_frame() -> None:
    """A state is told by a word, coloured only in addition; other words stay plain."""
    assert ">ready</span>" in chip("ready")
    assert all(f">{word}</span>" in chip(word) for word in ("alive", "blacklisted", "slow", "dead"))
    assert chip("<odd>") == "&lt;odd&gt;"
