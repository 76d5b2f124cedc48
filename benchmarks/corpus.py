"""A text of any size that is the same on every machine, with the statistics of real text.

Words are drawn by a Zipf-Mandelbrot law, so that a few are frequent, most are rare, and a longer text keeps bringing
new ones. The constants are fitted to 100 MB of documentation and code, which had 12.7 million words, 733,714 of them
distinct. A shorter text is the beginning of a longer one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy

Floats = numpy.ndarray[Any, numpy.dtype[numpy.float64]]
FOLDER = Path(__file__).parent / ".corpora"
N_WORDS = 3_000_000
"""How many words there are."""

FLATTENING = 2.8
"""What Mandelbrot added to Zipf's ranks: the most frequent words are less frequent than the law says."""

LETTERS = "bancordelfingarhumjinkellommirnovpasquaritsoltemuthvorwexzan"
SYLLABLES = [LETTERS[start : start + 3] for start in range(0, len(LETTERS), 3)]
BLOCK = 100_000
"""Lines that are drawn at a time."""


def place(n_bytes: int) -> Path:
    """Where the text of so many bytes is, once it was made."""
    return FOLDER / f"{n_bytes}.txt"


def corpus(n_bytes: int) -> Path:
    """The file of the text, made if it is not there; whole lines, at most `n_bytes`."""
    path = place(n_bytes)
    if not path.exists():
        FOLDER.mkdir(exist_ok=True)
        unfinished = path.with_suffix(".part")
        write(unfinished, n_bytes)
        unfinished.replace(path)
    return path


def write(path: Path, n_bytes: int) -> None:
    """Write the text, which ends before the line that would be too much."""
    with open(path, "wb") as file:
        for block in blocks():
            text = block.encode("ascii")
            if file.tell() + len(text) > n_bytes:
                file.write(text[: text.rindex(b"\n", 0, n_bytes - file.tell()) + 1])
                return
            file.write(text)


def blocks() -> Iterator[str]:
    """The text without end, in pieces of whole lines."""
    # RandomState is old and frozen: NumPy promises the same numbers for ever. Only what every machine rounds alike is
    # done with them (no powers, whose last bit differs).
    random = numpy.random.RandomState(6)
    limits = numpy.cumsum(1 / weight(numpy.arange(1.0, N_WORDS + 1) + FLATTENING))
    limits /= limits[-1]
    words = Words()
    while True:
        lengths = 5 + (random.random_sample(BLOCK) * 11).astype(int)  # 5 to 15 words a line
        ranks = numpy.searchsorted(limits, random.random_sample(lengths.sum()), side="right").tolist()
        ends = numpy.cumsum(lengths).tolist()
        drawn = list(map(words.__getitem__, ranks))
        starts = [0, *ends[:-1]]
        yield "".join(f"{' '.join(drawn[start:end])}\n" for start, end in zip(starts, ends, strict=True))


def weight(ranks: Floats) -> Floats:
    """The ranks to the power of 19/16."""
    root: Floats = numpy.sqrt(numpy.sqrt(numpy.sqrt(numpy.sqrt(ranks))))
    return ranks * root * root * root


class Words(dict[int, str]):
    """The word of each rank, from 0; frequent ones are short, and neighbours in rank are none in the alphabet."""

    def __missing__(self, rank: int) -> str:
        left, word = rank + 1, ""
        while left:
            left, syllable = divmod(left - 1, len(SYLLABLES))
            word += SYLLABLES[syllable]
        self[rank] = word
        return word
