"""Madoop: map and reduce are programs that read and write lines, as for Hadoop Streaming; a map task is a file."""

import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from answer import N_PARTITIONS, Pairs, fun_map, last_digit, main
from madoop import mapreduce


def mapped(by_line) -> None:
    for line in sys.stdin:
        for word, count in by_line(line.rstrip("\n")):
            print(f"{word}\t{count}")


def pairs(lines) -> Iterator[tuple[str, int]]:
    for line in lines:
        word, _, count = line.rpartition("\t")
        yield word, int(count)


def reduced() -> None:
    for word, group in groupby(pairs(sys.stdin), key=lambda pair: pair[0]):
        print(f"{word}\t{sum(count for _, count in group)}")


STREAMS = {"map": lambda: mapped(fun_map), "digits": lambda: mapped(last_digit), "reduce": reduced}


def run(folder: Path, mapper: str) -> Pairs:
    """Count what is in the folder's `input`."""
    for stream in (mapper, "reduce"):
        program = folder / stream
        program.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{__file__}' {stream}\n")
        program.chmod(0o755)
    mapreduce(
        input_path=folder / "input",
        output_dir=folder / "output",
        map_exe=folder / mapper,
        reduce_exe=folder / "reduce",
        num_reducers=N_PARTITIONS,
    )
    for part in sorted((folder / "output").iterdir()):
        with open(part, encoding="utf-8") as lines:
            yield from pairs(lines)


def words(path: str, variant: str) -> Pairs:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "input").mkdir()
        Path(folder, "input", "text.txt").symlink_to(path)
        yield from run(Path(folder), "map")


def tasks(n_tasks: int, variant: str) -> Pairs:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "input").mkdir()
        for number in range(n_tasks):
            Path(folder, "input", f"{number}.txt").write_text(f"{number}\n")
        yield from run(Path(folder), "digits")


if __name__ == "__main__":
    if sys.argv[1] in STREAMS:
        STREAMS[sys.argv[1]]()
    else:
        main(words, tasks)
