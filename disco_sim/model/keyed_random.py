"""Random numbers by key, not drawn in turn: the same key always gives the same number, whatever was drawn before."""

from __future__ import annotations

from hashlib import blake2b

_SPAN = 1 << 64


def draw_integer(seed: int, *key: str | int) -> int:
    """A number in 0 .. 2**64-1 that depends on `seed` and `key` alone.

    >>> draw_integer(0, "delay", "first", 3) == draw_integer(0, "delay", "first", 3)
    True
    """
    text = "\x1f".join([str(seed), *(str(part) for part in key)])
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def draw(seed: int, *key: str | int) -> float:
    """A number in [0, 1) that depends on `seed` and `key` alone."""
    # 53 bits are what a float holds; more would round up to 1.0.
    return (draw_integer(seed, *key) >> 11) / (_SPAN >> 11)
