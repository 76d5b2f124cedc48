"""mrjob with its inline runner, which works in one process; a map task is a file."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from answer import Pairs, fun_map, last_digit, main
from mrjob.job import MRJob


class Words(MRJob):
    def mapper(self, key: None, line: str) -> Iterator[tuple[str, int]]:
        return fun_map(line)

    def reducer(self, word: str, counts: Iterator[int]) -> Iterator[tuple[str, int]]:
        yield word, sum(counts)


class Digits(Words):
    def mapper(self, key: None, line: str) -> Iterator[tuple[str, int]]:
        return last_digit(line)


def words(path: str, variant: str, job: type[MRJob] = Words) -> Pairs:
    with job(["--runner", "inline", "--no-conf", path]).make_runner() as runner:
        runner.run()
        yield from Words([]).parse_output(runner.cat_output())


def tasks(n_tasks: int, variant: str) -> Pairs:
    with tempfile.TemporaryDirectory() as folder:
        for number in range(n_tasks):
            Path(folder, f"{number}.txt").write_text(f"{number}\n")
        yield from words(folder, variant, Digits)


if __name__ == "__main__":
    main(words, tasks)
