"""Prices from what runs took: the arithmetic of learning costs. Knows numbers, not what made them."""

from __future__ import annotations

from collections.abc import Iterable

_UNIT = 2.0**60
"""CPU seconds become whole numbers of 2**-60 s, so that sums and determinants are exact."""

_TASK, _RECORD, _BYTE = range(3)
_CHOICES = (
    (_RECORD,),
    (_BYTE,),
    (_TASK,),
    (_TASK, _RECORD),
    (_TASK, _BYTE),
    (_RECORD, _BYTE),
    (_TASK, _RECORD, _BYTE),
)
"""Which prices may be above 0, in the order in which those are taken that explain the samples equally well."""


def fit_cpu(samples: Iterable[tuple[float, int, int]]) -> tuple[float, float, float]:
    """The prices (a, b, c), none below 0, by which a + b * records + c * bytes is nearest to the CPU seconds of runs.

    A sample is (CPU seconds, records in and out, bytes in and out). Nearest means the least sum of squared
    differences, so long runs count most. Where samples cannot tell prices apart, as one sample cannot, or runs of
    which all are of one size, the fewest prices are taken, and records before bytes before tasks, since a price per
    record still holds for runs of another size. Without samples, all prices are 0.

    >>> fit_cpu([(7.0, 1, 10), (12.0, 2, 25), (11.0, 2, 20)])
    (3.0, 2.0, 0.2)
    >>> fit_cpu([(3.0, 10, 0), (1.0, 10, 0)])
    (0.0, 0.2, 0.0)
    """
    gram, moments = _sums(samples)
    prices = [0.0, 0.0, 0.0]
    most, of = 0, 1  # what the best choice so far explains of the sum of squares is most / of
    for choice in _CHOICES:
        # The least squares over each choice of prices, and of those with no price below 0 the best. By Cramer's rule
        # in whole numbers, it needs no tolerance to tell which columns are collinear, which price is below 0 and which
        # of two choices is better.
        square = [[gram[row][column] for column in choice] for row in choice]
        goal = [moments[row] for row in choice]
        whole = _determinant(square)
        if whole == 0:
            continue  # collinear columns: fewer of them explain the samples just as well
        parts = [_determinant(_replaced(square, number, goal)) for number in range(len(choice))]
        explained = sum(part * moment for part, moment in zip(parts, goal, strict=True))
        if min(parts) >= 0 and explained * of > most * whole:
            most, of = explained, whole
            prices = [0.0, 0.0, 0.0]
            for column, part in zip(choice, parts, strict=True):
                prices[column] = part / whole / _UNIT
    return prices[_TASK], prices[_RECORD], prices[_BYTE]


def _sums(samples: Iterable[tuple[float, int, int]]) -> tuple[list[list[int]], list[int]]:
    """The normal equations: products of the columns (1, records, bytes) with each other, and with the CPU seconds."""
    n = r = b = rr = rb = bb = s = sr = sb = 0
    for cpu_s, records, n_bytes in samples:
        units = int(cpu_s * _UNIT)
        n += 1
        r += records
        b += n_bytes
        rr += records * records
        rb += records * n_bytes
        bb += n_bytes * n_bytes
        s += units
        sr += units * records
        sb += units * n_bytes
    return [[n, r, b], [r, rr, rb], [b, rb, bb]], [s, sr, sb]


def _determinant(square: list[list[int]]) -> int:
    first, *others = square
    if not others:
        return first[0]
    minors = ([row[:column] + row[column + 1 :] for row in others] for column in range(len(first)))
    return sum(
        (-1) ** column * factor * _determinant(minor)
        for column, (factor, minor) in enumerate(zip(first, minors, strict=True))
    )


def _replaced(square: list[list[int]], number: int, column: list[int]) -> list[list[int]]:
    """The square with another column of that number."""
    return [[*row[:number], value, *row[number + 1 :]] for row, value in zip(square, column, strict=True)]
