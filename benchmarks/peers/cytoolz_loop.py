"""cytoolz: its own operator `frequencies`, which needs no map function."""

from answer import Pairs, main
from cytoolz import concat, frequencies


def words(path: str, variant: str) -> Pairs:
    with open(path, encoding="utf-8") as lines:
        return frequencies(concat(map(str.split, lines))).items()


if __name__ == "__main__":
    main(words)
