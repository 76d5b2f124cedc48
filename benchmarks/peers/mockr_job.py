"""mockr: a stream job, and a sequence job for tasks."""

from pathlib import Path

from answer import Pairs, fun_map, last_digit, main
from mockr import run_sequence_job, run_stream_job


def map_line(chunk):
    return fun_map(chunk)


def map_entry(chunk):
    return last_digit(chunk)


def reduce(key, values):
    yield key, sum(values)


def words(path: str, variant: str) -> Pairs:
    return run_stream_job(Path(path).read_text(encoding="utf-8"), map_line, reduce)


def tasks(n_tasks: int, variant: str) -> Pairs:
    return run_sequence_job([str(number) for number in range(n_tasks)], map_entry, reduce)


if __name__ == "__main__":
    main(words, tasks)
