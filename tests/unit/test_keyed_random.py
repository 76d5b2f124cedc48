"""Keyed luck: the same question has the same answer, and answers are spread evenly."""

from __future__ import annotations

import os
import subprocess
import sys

from disco_sim.model.keyed_random import draw, draw_integer


def test_the_same_key_gives_the_same_draw():
    """A draw depends on seed and key alone, not on what was drawn before."""
    first = draw(1, "delay", "map", 3)
    for number in range(10):
        draw(1, "other", number)
    assert draw(1, "delay", "map", 3) == first


def test_draws_are_the_same_for_ever():
    """The numbers of a seed never change, for saved notebooks hold what came of them."""
    assert draw_integer(0, "a", 1) == 11280495912935422354
    assert draw(7, "delay", 0, "map", 3, 0) == 0.8052787090003835


def test_draws_do_not_depend_on_the_process():
    """Another process with another hash seed draws the same."""
    code = "from disco_sim.model.keyed_random import draw_integer; print(draw_integer(5, 'x', 'y', 1))"
    environment = {**os.environ, "PYTHONHASHSEED": "123"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) == draw_integer(5, "x", "y", 1)


def test_every_part_of_the_key_matters():
    """Another seed, another part, or the same letters cut into other parts give another draw."""
    keys = [(0, "ab", "c"), (0, "a", "bc"), (0, "abc"), (1, "ab", "c"), (0, "ab", "c", 0), (0, "ab", "d")]
    assert len({draw_integer(*key) for key in keys}) == len(keys)


def test_draws_are_in_range_and_even():
    """Draws lie in [0, 1), integers in 0 .. 2**64-1, and a thousand of them spread evenly."""
    drawn = [draw(3, "x", number) for number in range(1000)]
    assert all(0 <= one < 1 for one in drawn)
    assert 0.45 < sum(drawn) / 1000 < 0.55
    assert all(60 <= sum(tenth / 10 <= one < (tenth + 1) / 10 for one in drawn) <= 140 for tenth in range(10))
    assert all(0 <= draw_integer(3, number) < 2**64 for number in range(100))
