"""Word count on the simulator against a hand-written loop of the same steps, as a ratio of CPU seconds.

Both map each line to a list of pairs, send each pair to one of four partitions (remembered per key),
and call the same reduce function on each partition. They take turns in one process, and the medians
of several turns are compared; their answers must be equal. The simulator runs with default settings:
everything is kept, counted and logged.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from disco_sim import Disco, result_iterator
from disco_sim.util import kvgroup

N_PARTITIONS = 4
N_INPUTS = 8


def fun_map(line: str, params: Any) -> Iterator[tuple[str, int]]:
    """A pair for every word of a line."""
    for word in line.split():
        yield word, 1


def fun_reduce(iter: Iterable[tuple[str, int]], params: Any) -> Iterator[tuple[str, int]]:
    """The sum of every word's counts."""
    for word, counts in kvgroup(sorted(iter)):
        yield word, sum(counts)


def by_hand(path: Path) -> list[tuple[str, int]]:
    """What somebody would write without the simulator."""
    partitions: list[list[tuple[str, int]]] = [[] for _ in range(N_PARTITIONS)]
    places: dict[str, int] = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            for key, value in list(fun_map(line, None)):
                place = places.get(key)
                if place is None:
                    digest = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
                    place = places[key] = int(digest, 16) % N_PARTITIONS
                partitions[place].append((key, value))
    return [pair for pairs in partitions for pair in fun_reduce(pairs, None)]


def simulated(path: Path) -> list[tuple[str, int]]:
    """The same as a Disco job."""
    with Disco() as disco:
        job = disco.new_job(
            name="wordcount",
            input=disco.split(str(path), N_INPUTS),
            map=fun_map,
            reduce=fun_reduce,
            partitions=N_PARTITIONS,
        )
        return list(result_iterator(job.wait()))


def cpu_s(work: Callable[[Path], Any], path: Path) -> tuple[float, Any]:
    """The CPU seconds of one call, and its answer."""
    gc.collect()
    start = time.process_time()
    answer = work(path)
    return time.process_time() - start, answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=10.0, help="size of the text, made of copies of Hamlet")
    parser.add_argument("--turns", type=int, default=5, help="how often each is measured")
    arguments = parser.parse_args()
    text = (files("disco_sim") / "data" / "hamlet.txt").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.txt"
        path.write_text(text * max(1, round(arguments.megabytes * 1e6 / len(text.encode()))), encoding="utf-8")
        ratios: list[float] = []
        ours: list[float] = []
        for _ in range(arguments.turns):
            hand_s, hand = cpu_s(by_hand, path)
            our_s, our = cpu_s(simulated, path)
            if sorted(hand) != sorted(our):
                raise SystemExit("the two answers differ, so their times mean nothing")
            ratios.append(our_s / hand_s)
            ours.append(our_s)
        size = path.stat().st_size / 1e6
    print(f"word count, {size:.1f} MB, {N_INPUTS} inputs, {N_PARTITIONS} partitions, {arguments.turns} turns")
    print(f"  CPU of the simulator     {statistics.median(ours):8.2f} s (median)")
    ratio = statistics.median(ratios)
    print(f"  ratio to the plain loop  {ratio:8.2f}   (min {min(ratios):.2f}, max {max(ratios):.2f})")


if __name__ == "__main__":
    main()
