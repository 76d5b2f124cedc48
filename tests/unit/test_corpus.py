"""The sample text is the one that its source note describes."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from tools.make_corpus import plain

DATA = Path(__file__).resolve().parents[2] / "disco_sim" / "data"


def test_the_text_is_the_one_described():
    """hamlet.txt has the checksum that SOURCE.md gives."""
    stated = re.search(r"SHA-256 of hamlet.txt \| `([0-9a-f]{64})`", (DATA / "SOURCE.md").read_text(encoding="utf-8"))
    assert stated is not None
    assert hashlib.sha256((DATA / "hamlet.txt").read_bytes()).hexdigest() == stated[1]


def test_the_text_is_plain():
    """No Markdown is left, no blank ends a line, and every line ends in a newline alone."""
    text = (DATA / "hamlet.txt").read_bytes().decode("utf-8")
    assert not re.search(r"[*_#\\\r]| \n", text)
    assert text.endswith("shot off]\n")


def test_all_data_fits_in_a_megabyte():
    """Installing the package stays quick."""
    assert sum(path.stat().st_size for path in DATA.iterdir()) <= 2**20


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("# Hamlet", "Hamlet\n"),
        ("**First Clown**  \nA pick-axe.  ", "First Clown\nA pick-axe.\n"),
        ("**ROSENCRANTZ: & GUILDENSTERN:**", "ROSENCRANTZ & GUILDENSTERN\n"),
        ("_Enter HAMLET,\nreading_", "[Enter HAMLET,\nreading]\n"),
        ("And either _\\[ ]_  ", "And either [ ]\n"),
        ("_Lying down at OPHELIA 's feet_", "[Lying down at OPHELIA's feet]\n"),
        ("Do you think 'tis this?", "Do you think 'tis this?\n"),
        ("one\n\n\n\ntwo", "one\n\ntwo\n"),
    ],
)
def test_marks_go_and_words_stay(markdown: str, text: str):
    """Each mark of the Markdown edition becomes its plain form."""
    assert plain(markdown) == text
