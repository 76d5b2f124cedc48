"""What every program here has in common: the work it is asked for, and how it tells its answer.

`PROGRAM words FILE [VARIANT]` counts the words of a file, `PROGRAM tasks N [VARIANT]` the last digits of 0 to N - 1
with a map task for each. The programs run in environments of their own, so this module imports the standard library
alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from zlib import crc32

Pairs = Iterable[tuple[str, int]]
N_INPUTS = 8
N_PARTITIONS = 4


def fun_map(line: str) -> Iterator[tuple[str, int]]:
    """A pair for every word of a line."""
    for word in line.split():
        yield word, 1


def last_digit(entry: str) -> Iterator[tuple[str, int]]:
    """A pair of the last digit of a number."""
    yield entry[-1:], 1


def piece_bytes(path: str) -> int:
    """The size of one of the pieces that a file is read in."""
    return os.path.getsize(path) // N_INPUTS + 1


def main(words: Callable[[str, str], Pairs], tasks: Callable[[int, str], Pairs] | None = None) -> None:
    """Do the work that the command line asks for, and print the digest of its answer."""
    work, what, *variant = sys.argv[1:]
    if work == "words":
        print(digest(words(what, *variant or [""])))
    elif tasks is not None:
        print(digest(tasks(int(what), *variant or [""])))
    else:
        sys.exit("it has no tasks")


def digest(pairs: Pairs) -> str:
    """How many words there are, how many distinct ones, and a sum that tells answers apart, whatever their order.

    It takes half a second for a million distinct words, which count for every program alike.
    """
    n_words = n_distinct = total = 0
    for word, count in pairs:
        n_words += count
        n_distinct += 1
        total += crc32(b"%b %d" % (word.encode(), count))
    return f"{n_words} words, {n_distinct} distinct, {total:x}"
