"""How the cost of a job grows with records, tasks and partitions.

    python -m benchmarks.growth [--series NAME ...] [--turns N] [--sizes N ... --file FILE]

Each size is a process of its own, and the turns go through all sizes in order. What was measured is kept in
measured.json, from which `python -m benchmarks.page` writes docs/performance.md.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.corpus import corpus
from benchmarks.measure import measured
from benchmarks.records import FILE, Records, memory_bytes
from benchmarks.rows import PEERS, ROOT

BYTES_A_WORD = 7.7423
"""Of the text."""


class Series(NamedTuple):
    """Sizes of one kind; the smallest job of the kind stands for start-up."""

    title: str
    sizes: tuple[int, ...]


def steps(least: int, most: int) -> tuple[int, ...]:
    """1, 3, 10, 30, ... from the least to the most."""
    sizes = [10**power * digit for power in range(9) for digit in (1, 3)]
    return tuple(size for size in sizes if least <= size <= most)


SERIES = {
    "records": Series("Word count with sort=True, records of map output", steps(10_000, 10_000_000)),
    "tasks": Series("Map tasks of one record, 1 partition", steps(10, 100_000)),
    "partitions": Series("Partitions, 10 map tasks", steps(1, 10_000)),
}


def arguments(name: str, size: int) -> list[str]:
    """What `ours.py` is called with."""
    if name == "records":
        return ["words", str(corpus(round(size * BYTES_A_WORD))), "sort"]
    return ["tasks", str(size), "partitions=1"] if name == "tasks" else ["tasks", "10", f"partitions={size}"]


def taken(what: Sequence[str]) -> tuple[float, float]:
    """CPU seconds and peak bytes of a run of ours."""
    command = [sys.executable, str(PEERS / "ours.py"), *what]
    cost = measured(command, {"PYTHONPATH": str(ROOT)}, 600.0, memory_bytes() // 2)
    return cost.cpu_s, cost.peak_bytes


def points(turns: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Size and CPU seconds less start-up, the medians of all turns.

    Sizes that cost less than half of start-up are left out: it differs too much from run to run.
    """
    start_s = statistics.median(start_s for _, _, start_s in turns) if turns else 0.0
    by_size: dict[float, list[float]] = {}
    for size, seconds, just_before_s in turns:
        by_size.setdefault(size, []).append(seconds - just_before_s)
    medians = ((size, statistics.median(seconds)) for size, seconds in sorted(by_size.items()))
    return [(size, seconds) for size, seconds in medians if seconds > start_s / 2]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The power with which cost grows: the slope of the straight line nearest to the logarithms."""
    sizes, costs = zip(*((math.log(size), math.log(seconds)) for size, seconds in points), strict=True)
    return statistics.linear_regression(sizes, costs).slope


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--series", nargs="+", choices=list(SERIES), default=list(SERIES), help="which of them")
    parser.add_argument("--turns", type=int, default=1, help="how often each size is measured")
    parser.add_argument("--sizes", type=int, nargs="+", help="instead of those of the series; needs a --file")
    parser.add_argument("--file", type=Path, default=FILE, help="where to keep what is measured: measured.json")
    options = parser.parse_args()
    if options.sizes and options.file.resolve() == FILE.resolve():
        parser.error("--sizes needs a --file of its own: docs/performance.md is written from measured.json")
    known = Records.here(options.file)
    for name in options.series:
        known.growth[name] = []
        for _ in range(options.turns):
            for size in options.sizes or SERIES[name].sizes:
                start_s, _ = taken(["tasks", "1", "partitions=1"])
                seconds, peak_bytes = taken(arguments(name, size))
                known.growth[name].append([size, round(seconds, 4), round(start_s, 4)])
                known.save()
                print(f"{size:>12,} {name:<10} {seconds - start_s:8.3f} s  {peak_bytes / 1e6:8,.0f} MB", flush=True)
        if len(shown := points(known.growth[name])) >= 2:
            print(f"grows with the power of {slope(shown):.2f}")
        else:
            print("costs too little beside start-up to tell how it grows")


if __name__ == "__main__":
    main()
