"""docs/performance.md says what was measured."""

from __future__ import annotations

import pytest

from benchmarks.growth import points, slope
from benchmarks.page import DOCS, page, seconds
from benchmarks.records import Records


def test_the_page_is_what_was_measured():
    """The page is the one that measured.json gives, so that no figure in it was written by hand."""
    assert (DOCS / "performance.md").read_text(encoding="utf-8") == page(Records.load())


def test_slopes_are_powers():
    """Cost that is in proportion to size has slope 1, less start-up and by medians of turns."""
    turns = [[size, size * 3.0 + 5, 5.0] for size in (1, 10, 100)] + [
        [10, 1000.0, 5.0],
        [10, 30.0, 5.0],
        [0.1, 5.2, 5.0],
    ]
    assert points(turns) == [(1, 3.0), (10, 30.0), (100, 300.0)]  # 0.2 s more than start-up could be luck
    assert slope(points(turns)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("value", "text"), [(12.34, "12.3 s"), (0.01234, "12.3 ms"), (0.0000123, "12.3 us"), (1234.5, "1,234 s")]
)
def test_seconds_come_in_the_unit_that_fits(value, text):
    """Three digits, in seconds, milliseconds or microseconds."""
    assert seconds(value) == text
