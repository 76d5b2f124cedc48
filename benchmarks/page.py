"""docs/performance.md, written from what was measured."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

from benchmarks import rows
from benchmarks.growth import SERIES, points, slope
from benchmarks.plot import log_log
from benchmarks.records import FILE, Record, Records

DOCS = Path(__file__).parents[1] / "docs"

INTRODUCTION = """# Performance

How much CPU, time and memory jobs on the simulator take, against what people would use instead. This page is written by
`python -m benchmarks.page` from `benchmarks/measured.json`; nobody edits it.

Each program counts the words of the same file, in a process of its own that is measured whole: the CPU seconds of all
its processes, start-up included, the wall seconds, and the most memory that they held together. Programs take turns.
Ratios are to **H**, what somebody would write by hand: map each line to a list of pairs, send each pair to one of four
lists by its CRC-32, sort each list, group and sum. They are medians of the ratios in each turn. A program whose answer
differs is not counted. disco_sim runs with all defaults: 8 inputs, 4 partitions, everything kept, counted and logged.
The others get the same map function (it yields a word and 1) and a sum, but for Counter, cytoolz and dask.bag, which
count with operators of their own, and take no map and reduce functions.

Measured on: {machine}.
"""

TEXT = """
## The text

It is made by `benchmarks/corpus.py`, with the same bytes on every machine: made-up words, drawn by a Zipf-Mandelbrot
law, 5 to 15 a line. 100 MB of it are 12,916,080 words, 746,003 of them distinct (10 MB: 153,357 distinct); 100 MB of
documentation and code, to which its constants were fitted, had 12.7 million words and 733,714 distinct ones. Real words
have capitals, punctuation and a few much longer ones, and come in bursts; lines of code are shorter. So programs that
do little for each word, such as Counter, are a little faster here than on real text.

## How to measure again

    make benchmark-peers                                all but 1 GB and growth, and this page: half an hour
    python -m benchmarks.compare --tables 1000 --turns 1
    python -m benchmarks.growth --turns 3
    python -m benchmarks.page                           this page

Environments for the other programs are made in `benchmarks/.environments` on first use, with the versions in
`benchmarks/requirements`. What is measured is kept in `benchmarks/measured.json`, and only what is missing there is
measured: `python -m benchmarks.compare --minutes 9` does a part and goes on when called again; `--again` forgets what
is known of the rows that `--rows` selects. A turn of the table of 100 MB takes eight minutes on a quiet machine of this
kind, and all others together three. 1 GB takes half an hour, and is not tried with programs that took so much time or
memory for 100 MB that it would be in vain.
"""

NOTES = {
    "10": "Start-up counts here as everywhere, but for tasks and imports.",
    "1000": "H would need more memory than there is: ratios are to H with a dict combiner.",
    "tasks": "A map task for each of so many records, whose key is its last digit; what each takes. Start-up (the same "
    "with 10 tasks) is taken off.",
    "first": "From nothing to the answer, the start of Python included. Ratios are to disco_sim, here and for imports.",
    "import": "A Python that does nothing is taken off.",
}


def table(known: Records, name: str, scale: float = 1.0) -> Iterator[str]:
    """The lines of a table that was measured at some scale."""
    shown = rows.TABLES[name](scale)
    records = known.tables.get(name, {})
    yield "| | CPU | ratio | wall | ratio | memory |"
    yield "|---|--:|--:|--:|--:|--:|"
    for program in shown.programs:
        if (record := records.get(program)) and record.is_known:
            yield f"| {label(name, program, shown)} | {figures(record)} |"


def label(name: str, program: str, shown: rows.Table) -> str:
    """A program as a table names it, with what was asked of it where that differs."""
    if name == "tasks":
        return f"{program}, {shown.programs[program].n_tasks:,} tasks"
    return f"`import {rows.MODULES[program]}`" if name == "import" else program


def figures(record: Record) -> str:
    """The cells of a program."""
    if not record.turns:
        return f"{record.failure.replace('|', '/')} | | | |"
    cpu, wall = seconds(record.median("cpu_s")), seconds(record.median("wall_s"))
    memory = f"{record.median('peak_bytes') / 1e6:,.0f} MB"
    cells = f"{cpu} | {times(record.cpu_ratio)} | {wall} | {times(record.wall_ratio)} | {memory}"
    return f"{cells} ({record.failure})" if record.failure else cells


def times(ratio: float) -> str:
    """A ratio, without digits that mean nothing."""
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"


def seconds(value: float) -> str:
    """Seconds with three digits, in the unit that fits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}" if value < 1000 * size else f"{value:,.0f} {unit}"
    return f"{value * 1e6:.3g} us"


def goals(known: Records) -> Iterator[str]:
    """What is wanted, beside what was measured."""
    yield "| Wanted | at most | measured |"
    yield "|---|--:|--:|"
    for program, most in ((rows.OURS, 0.45), (rows.OURS_COMBINED, 0.30), (rows.OURS_SORTED, 1.10)):
        if (record := known.of("100", program)).turns:
            yield f"| {program}, 100 MB: CPU to H | {most:.2f} | {record.cpu_ratio:.2f} |"
    inline, processes = known.of("100", rows.OURS), known.of("100", rows.OURS_PROCESSES)
    if inline.turns and processes.turns:
        ratio = processes.wall_ratio / inline.wall_ratio
        yield f"| Processes(2), sort=True, 100 MB: wall to inline | 0.60 | {ratio:.2f} |"
    if (record := known.of("tasks", rows.OURS_SORTED)).turns:
        yield f"| a tiny map task: CPU | 100 us | {seconds(record.median('cpu_s'))} |"
    if (record := known.of("first", rows.OURS)).turns:
        yield f"| a job of three lines: wall | 250 ms | {seconds(record.median('wall_s'))} |"
    if (record := known.of("import", rows.OURS)).turns:
        yield f"| import disco_sim: wall | 100 ms | {seconds(record.median('wall_s'))} |"
    if (record := known.of("1000", rows.OURS_LIMITED[512])).turns:
        yield f"| 1 GB, memory_limit 512 MB: memory | 700 MB | {record.median('peak_bytes') / 1e6:,.0f} MB |"
        if inline.turns:
            ratio = record.median("cpu_s") / inline.median("cpu_s")
            yield f"| 1 GB, memory_limit 512 MB: CPU to that of 100 MB | 14 | {ratio:.1f} |"
    toys = (rows.MRJOB, rows.MADOOP, rows.PYSPARKLING, rows.MOCKR)
    for name, ours in (("10", rows.OURS), ("100", rows.OURS), ("tasks", rows.OURS_SORTED), ("first", rows.OURS)):
        yield from lead(known, name, ours, toys, "cpu_s")
    yield from lead(known, "10", rows.OURS, (rows.DASK_PROCESSES, rows.PYSPARK), "wall_s")


def lead(known: Records, name: str, ours: str, peers: tuple[str, ...], column: str) -> Iterator[str]:
    """Whether ours is ahead of the best of these peers."""
    records = {peer: record for peer in peers if (record := known.of(name, peer)).turns}
    if records and (record := known.of(name, ours)).turns:
        best = min(records, key=lambda peer: records[peer].median(column))
        ratio = record.median(column) / records[best].median(column)
        what = "CPU" if column == "cpu_s" else "wall"
        yield f"| {ours}, {rows.TABLES[name]().title}: {what} to that of {best} | 1.00 | {ratio:.2f} |"


def growth(known: Records) -> Iterator[str]:
    """The paragraphs on growth."""
    yield (
        "What disco_sim takes as a job grows, less what the smallest job takes; sizes that cost less than half of that "
        "are not shown. Broken lines show linear growth."
    )
    for name, series in SERIES.items():
        if measured := points(known.growth.get(name, [])):
            (before, _), (last, _) = measured[-2:]
            yield f"![CPU over {name}](growth-{name}.svg)"
            yield (
                f"{series.title}: from {before:,.0f} to {last:,.0f} cost grows with the power of "
                f"{slope(measured[-2:]):.2f}, over all sizes shown with {slope(measured):.2f}."
            )


def page(known: Records) -> str:
    """The page."""
    parts = [INTRODUCTION.format(machine=known.machine)]
    for name, make in rows.TABLES.items():
        if known.tables.get(name):
            parts += (
                [f"## {make().title}\n", fill(NOTES[name], 120) + "\n"] if name in NOTES else [f"## {make().title}\n"]
            )
            parts.append("\n".join(table(known, name)) + "\n")
    parts.append("## What is wanted\n\n" + "\n".join(goals(known)) + "\n")
    if known.growth:
        parts.append("## Growth\n")
        parts += [fill(paragraph, 120) + "\n" for paragraph in growth(known)]
    return "\n".join(parts) + TEXT


def write(known: Records, folder: Path = DOCS) -> None:
    """Write the page and its pictures."""
    (folder / "performance.md").write_text(page(known), encoding="utf-8")
    for name, series in SERIES.items():
        if measured := points(known.growth.get(name, [])):
            picture = log_log(measured, series.title, f"{name}", "CPU seconds")
            (folder / f"growth-{name}.svg").write_text(picture, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, default=FILE, help="what was measured: measured.json")
    parser.add_argument("--folder", type=Path, default=DOCS, help="where to write the page and its pictures: docs")
    options = parser.parse_args()
    write(Records.load(options.file), options.folder)


if __name__ == "__main__":
    main()
