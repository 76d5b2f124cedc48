"""How a task that says much is slowed down, and when its job ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim.error import DiscoError
from disco_sim.runtime.pace import Pace


def test_five_lines_are_free() -> None:
    """Five lines in a second cost nothing, the next four 0.2 s each, the tenth is refused."""
    pace = Pace()
    assert [pace.delay_s(0.0) for _ in range(9)] == [0.0] * 5 + [0.2] * 4
    with pytest.raises(DiscoError, match="Sent 10 events in a second"):
        pace.delay_s(0.0)


def test_a_second_later_all_is_forgotten() -> None:
    """Only the last second counts."""
    pace = Pace()
    for _ in range(9):
        pace.delay_s(0.0)
    assert pace.delay_s(1.0) == 0.0


@given(st.lists(st.floats(0.2, 5.0), max_size=60))
def test_five_lines_a_second_never_end_a_job(gaps: list[float]) -> None:
    """Lines that keep 0.2 s between them are never too many, whatever the gaps."""
    pace, now_s = Pace(), 0.0
    for gap_s in gaps:
        now_s += gap_s + pace.delay_s(now_s)
