"""mrs-mapreduce with its serial runner."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mrs
from answer import Pairs, fun_map, main


class Words(mrs.MapReduce):
    def map(self, key: int, line: str) -> Iterator[tuple[str, int]]:
        return fun_map(line)

    def reduce(self, word: str, counts: Iterator[int]) -> Iterator[int]:
        yield sum(counts)


def words(path: str, variant: str) -> Pairs:
    with tempfile.TemporaryDirectory() as folder:
        with contextlib.redirect_stdout(sys.stderr), contextlib.suppress(SystemExit):
            mrs.main(Words, args=["--mrs", "Serial", path, folder])
        for part in sorted(Path(folder).iterdir()):
            with open(part, encoding="utf-8") as lines:
                for line in lines:
                    word, _, count = line.rpartition(" ")
                    yield word, int(count)


if __name__ == "__main__":
    main(words)
