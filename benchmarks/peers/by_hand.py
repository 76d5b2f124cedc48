"""What somebody would write without any library: H, H with a dict for a combiner, and collections.Counter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import groupby
from operator import itemgetter
from zlib import crc32

from answer import N_PARTITIONS, Pairs, fun_map, last_digit, main

Map = Callable[[str], Iterable[tuple[str, int]]]


def h(lines: Iterable[str], mapped: Map = fun_map) -> Pairs:
    """Lists of pairs, sorted and grouped."""
    partitions: list[list[tuple[str, int]]] = [[] for _ in range(N_PARTITIONS)]
    for line in lines:
        for pair in list(mapped(line)):
            partitions[crc32(pair[0].encode()) % N_PARTITIONS].append(pair)
    for pairs in partitions:
        pairs.sort()
        for word, group in groupby(pairs, key=itemgetter(0)):
            yield word, sum(count for _, count in group)


def combined(lines: Iterable[str], mapped: Map = fun_map) -> Pairs:
    """The same with a dict for each partition instead of its list."""
    partitions: list[dict[str, int]] = [{} for _ in range(N_PARTITIONS)]
    for line in lines:
        for word, count in list(mapped(line)):
            counts = partitions[crc32(word.encode()) % N_PARTITIONS]
            counts[word] = counts.get(word, 0) + count
    for counts in partitions:
        yield from sorted(counts.items())


def counted(lines: Iterable[str], mapped: Map = fun_map) -> Pairs:
    """What Python brings for it; it needs no map function."""
    counter: Counter[str] = Counter()
    for line in lines:
        counter.update(line.split())
    return counter.items()


VARIANTS = {"": h, "combiner": combined, "counter": counted}


def words(path: str, variant: str) -> Pairs:
    with open(path, encoding="utf-8") as lines:
        yield from VARIANTS[variant](lines)


def tasks(n_tasks: int, variant: str) -> Pairs:
    return VARIANTS[variant](map(str, range(n_tasks)), last_digit)


if __name__ == "__main__":
    main(words, tasks)
