"""Job functions that several tests use."""

from __future__ import annotations


def words(line, params):
    """Pairs of each word and 1."""
    for word in line.split():
        yield word, 1


def grouped(pairs, params):
    """Each key with the sum of its values, for sorted pairs."""
    for word, counts in kvgroup(pairs):
        yield word, sum(counts)
