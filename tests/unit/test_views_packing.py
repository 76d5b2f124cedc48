"""Columns packed for a page, read here as `static/columns.js` reads them."""

from __future__ import annotations

import json
import math
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim.views.packing import Packing, exact

_CODES = {"u1": "B", "i4": "i", "f8": "d"}


def unpacked(packing: Packing) -> tuple[dict[str, Any], dict[str, Any]]:
    """The facts and the columns as they were sent; words come as (codes, words)."""
    data = zlib.decompress(packing.packed())
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length])
    columns: dict[str, Any] = {}
    for name, (kind, offset, count, *more) in header["columns"].items():
        start = 4 + length + offset
        assert start % 8 == 0, "typed arrays begin at multiples of their size"
        if kind == "text":
            columns[name] = json.loads(data[start : start + count])
        else:
            values = list(struct.unpack_from(f"<{count}{_CODES[kind]}", data, start))
            columns[name] = (values, more[1]) if len(more) > 1 else (kind, values)
    return header["facts"], columns


def test_a_column_takes_the_smallest_numbers_that_hold_it() -> None:
    """Whole numbers take one byte, four or eight; None is -1."""
    packing = Packing({})
    packing.integers("small", [0, 255])
    packing.integers("unknown", [None, 3])
    packing.integers("middle", [256])
    packing.integers("large", [2**31])
    packing.integers("negative", [-(2**31), 5])
    packing.integers("none", [])
    columns = unpacked(packing)[1]
    assert columns == {
        "small": ("u1", [0, 255]),
        "unknown": ("i4", [-1, 3]),
        "middle": ("i4", [256]),
        "large": ("f8", [float(2**31)]),
        "negative": ("f8", [float(-(2**31)), 5.0]),
        "none": ("u1", []),
    }


@given(st.lists(st.integers(-(10**40), 10**40)))
def test_labels_are_told_apart(labels: list[int]) -> None:
    """However large labels are, a page reads as many different ones as there are, the same in facts and columns."""
    packing = Packing({"labels": [exact(label) for label in labels]})
    packing.labels("label", [exact(label) for label in labels])
    facts, columns = unpacked(packing)
    column = columns["label"] if isinstance(columns["label"], list) else columns["label"][1]
    assert column == facts["labels"] and [int(label) for label in column] == labels
    assert all(isinstance(label, str) or label == int(float(label)) for label in column), "JavaScript rounds none"


def test_times_are_steps_in_microseconds() -> None:
    """Times come as whole microseconds from one to the next; far apart, they come as seconds."""
    packing = Packing({})
    packing.times("near", [0.5, 0.5, 1.25])
    packing.times("far", [0.0, 5000.0])
    assert unpacked(packing)[1] == {"near": ("i4", [500000, 0, 750000]), "far": ("f8", [0.0, 5000.0])}


def test_spans_know_what_is_not_known() -> None:
    """A duration that is None or infinite is -1, and NaN where seconds are sent."""
    packing = Packing({})
    packing.spans("short", [None, math.inf, 0.25])
    packing.spans("long", [None, 1e4])
    columns = unpacked(packing)[1]
    assert columns["short"] == ("i4", [-1, -1, 250000])
    assert columns["long"][0] == "f8" and math.isnan(columns["long"][1][0]) and columns["long"][1][1] == 1e4


def test_words_are_sent_once() -> None:
    """A column of words has each word once, in the order of first use, and the numbers of the words."""
    packing = Packing({"job": "x"})
    packing.words("host", ["b", "a", "b"])
    facts, columns = unpacked(packing)
    assert facts == {"job": "x"}
    assert columns["host"] == ([0, 1, 0], ["b", "a"])


@given(st.lists(st.text(st.characters(codec=None), max_size=20), max_size=20))
def test_texts_come_as_they_can_be_shown(texts: list[str]) -> None:
    """Any text can be sent, half surrogates and control characters too, and comes printable."""
    packing = Packing({})
    packing.texts("text", texts)
    sent = unpacked(packing)[1]["text"]
    assert len(sent) == len(texts)
    for text, shown in zip(texts, sent, strict=True):
        assert shown == text or not text.isprintable()
        assert all(letter.isprintable() or letter in "\n\t" for letter in shown)


@pytest.mark.parametrize("n", [1, 1000])
def test_the_same_values_are_the_same_bytes(n: int) -> None:
    """Packing is deterministic, and columns that repeat themselves are small."""

    def packed() -> bytes:
        packing = Packing({"n": n})
        packing.times("time", [number * 0.001 for number in range(n)])
        packing.texts("message", [f"assigned to node{number % 4:02d}" for number in range(n)])
        return packing.packed()

    assert packed() == packed()
    assert len(packed()) < 200 + 4 * n
