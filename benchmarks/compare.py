"""Measure disco_sim and its peers by turns, and write docs/performance.md.

    python -m benchmarks.compare                                 all but 1 GB, 3 turns
    python -m benchmarks.compare --tables 1000 --turns 1
    python -m benchmarks.compare --rows disco_sim --again        ours once more, after a change
    python -m benchmarks.compare --minutes 9                     a part; the next call goes on
    python -m benchmarks.compare --scale 0.01 --file quick.json  to see that it works

Each program is a process of its own and is measured whole. The yardstick of a table is measured again in each turn, and
whenever the last time is minutes ago; ratios are to that. What is known is kept in measured.json, and only what is
missing is measured.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks import page, rows
from benchmarks.corpus import corpus
from benchmarks.environments import NotInstalled
from benchmarks.measure import Cost, Failed, measured
from benchmarks.records import FILE, KEPT, Records, Turn, memory_bytes
from benchmarks.rows import Program, Table

YARDSTICK_LASTS_S = 120.0
SMALLER = {"100": "10", "1000": "100"}
"""Tables with a tenth of the text."""


class Options(argparse.Namespace):
    """The command line."""

    tables: list[str]
    rows: list[str]
    turns: int
    again: bool
    minutes: float
    seconds: float
    gigabytes: float
    write: bool
    file: Path
    scale: float


def take(program: Program, options: Options) -> Cost:
    """Measure a program once.

    Raises:
        Failed: it did not come to its end, within the options.
        NotInstalled: it has no environment.
    """
    n_bytes = int(options.gigabytes * 1e9)
    cost = measured(program.command(program.arguments), program.variables, options.seconds, n_bytes)
    if program.without:
        start = measured(program.command(program.without), program.variables, options.seconds, n_bytes)
        divisor = max(1, program.n_tasks)
        cpu_s, wall_s = (cost.cpu_s - start.cpu_s) / divisor, (cost.wall_s - start.wall_s) / divisor
        cost = Cost(cpu_s, wall_s, cost.peak_bytes, cost.answer)
    return cost


def expected_s(known: Records, name: str, program: str, n_tasks: int) -> float:
    """How many wall seconds a program will take, as far as one can know."""
    if (record := known.of(name, program)).turns:
        return record.median("wall_s") * max(1, n_tasks)
    smaller = known.of(SMALLER.get(name, ""), program)
    return smaller.median("wall_s") * 10 if smaller.turns else 0.0


def hopeless(known: Records, name: str, program: str, options: Options) -> str:
    """Why a gigabyte is not worth trying, from what less text took; empty if it is."""
    small, large = known.of("10", program), known.of("100", program)
    if name != "1000" or not small.turns:
        return ""
    if large.failure:
        return f"not tried: {large.failure} on 100 MB"
    if not large.turns:
        return ""
    wall_s, peak_bytes = large.median("wall_s"), large.median("peak_bytes")
    if wall_s * 10 > options.seconds:
        return f"not tried: 100 MB took {wall_s:.0f} s"
    if peak_bytes + 10 * (peak_bytes - small.median("peak_bytes")) > options.gigabytes * 1e9:
        return f"not tried: 100 MB took {peak_bytes / 1e9:.1f} GB of memory"
    return ""


def measure_table(name: str, table: Table, known: Records, options: Options, until_s: float) -> bool:
    """Measure what is missing, and keep it at once; whether all is there now."""
    chosen = [program for program in table.programs if program.startswith(tuple(options.rows))]
    if options.again:
        for program in chosen:
            known.tables.get(name, {}).pop(program, None)
    if table.n_bytes:
        corpus(table.n_bytes)
    is_complete = True
    for turn in range(1, options.turns + 1):
        yardstick, taken_s = None, 0.0
        for program in chosen:
            record = known.of(name, program)
            record.failure = record.failure or hopeless(known, name, program, options)
            if record.failure or len(record.turns) >= turn:
                continue
            if time.monotonic() + expected_s(known, name, program, table.programs[program].n_tasks) > until_s:
                is_complete = False
                continue
            try:
                if yardstick is None or time.monotonic() - taken_s > YARDSTICK_LASTS_S:
                    yardstick, taken_s = take_yardstick(table, options), time.monotonic()
                    keep(known, name, table.yardstick, yardstick, yardstick)
                if program != table.yardstick:
                    cost = take(table.programs[program], options)
                    if cost.answer != (expected := table.expected(program, yardstick.answer)):
                        raise Failed(f"another answer: {cost.answer}, not {expected}")
                    keep(known, name, program, cost, yardstick)
            except (Failed, NotInstalled) as error:
                record.failure = str(error)
                print(f"{name:>6}  {program:<44} {error}", flush=True)
            known.save()
    known.save()
    return is_complete


def take_yardstick(table: Table, options: Options) -> Cost:
    """Measure what the others are compared with."""
    try:
        return take(table.programs[table.yardstick], options)
    except (Failed, NotInstalled) as error:
        raise SystemExit(f"{table.title}: there is nothing to compare with, {table.yardstick}: {error}") from error


def keep(known: Records, name: str, program: str, cost: Cost, yardstick: Cost) -> None:
    """Add a turn, and tell it."""
    record = known.of(name, program)
    taken = (float(f"{seconds:.6g}") for seconds in (*cost[:2], *yardstick[:2]))
    cpu_s, wall_s, yardstick_cpu_s, yardstick_wall_s = taken
    record.turns.append(Turn(cpu_s, wall_s, cost.peak_bytes, yardstick_cpu_s, yardstick_wall_s))
    del record.turns[:-KEPT]
    took = f"CPU {cost.cpu_s:10.6f} s  wall {cost.wall_s:10.6f} s  {cost.peak_bytes / 1e6:6.0f} MB"
    print(f"{name:>6}  {program:<44} {took}", flush=True)


def main() -> None:
    summary, _, rest = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    usual = [name for name in rows.TABLES if name != "1000"]
    memory = memory_bytes() / 1e9
    parser.add_argument("--tables", nargs="+", choices=list(rows.TABLES), default=usual, help="without: all but 1000")
    parser.add_argument("--rows", nargs="+", default=[""], metavar="NAME", help="only programs whose names begin so")
    parser.add_argument("--turns", type=int, default=3, help="how often each is measured: 3")
    parser.add_argument("--again", action="store_true", help="forget what is known of these rows")
    parser.add_argument("--minutes", type=float, default=24 * 60.0, help="begin nothing that would take longer")
    parser.add_argument("--seconds", type=float, default=600.0, help="the longest that a program may run: 600")
    parser.add_argument("--gigabytes", type=float, default=memory / 2, help="the most it may hold: half of the memory")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md, too")
    parser.add_argument("--file", type=Path, default=FILE, help="where to keep what is measured: measured.json")
    parser.add_argument("--scale", type=float, default=1.0, help="the part of each text and of the tasks to measure: 1")
    options = parser.parse_args(namespace=Options())
    if options.scale != 1 and (options.write or options.file.resolve() == FILE.resolve()):
        parser.error("--scale needs a --file of its own, and no --write: docs/performance.md is about the whole tables")
    until_s = time.monotonic() + options.minutes * 60
    known = Records.here(options.file)
    is_complete = True
    for name in options.tables:
        is_complete &= measure_table(name, rows.TABLES[name](options.scale), known, options, until_s)
        print("\n".join(page.table(known, name, options.scale)), flush=True)
    if options.write:
        page.write(known)
    if not is_complete:
        print("not all is measured; the same command without --again goes on")


if __name__ == "__main__":
    main()
