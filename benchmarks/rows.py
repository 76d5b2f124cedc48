"""What is measured: the tables, and the programs in each."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks import environments
from benchmarks.corpus import place
from benchmarks.peers.answer import digest
from disco_sim import Disco

ROOT = Path(__file__).parents[1]
PEERS = Path(__file__).parent / "peers"
THREE_LINES = PEERS / "three_lines.txt"


class Program(NamedTuple):
    """A Python program with its arguments, in an environment; "" is the one of disco_sim.

    What a second program takes may be taken off its cost, and the rest be divided: start-up, and the number of tasks.
    """

    environment: str
    arguments: tuple[str, ...]
    without: tuple[str, ...] = ()
    n_tasks: int = 0

    def command(self, arguments: tuple[str, ...]) -> list[str]:
        """The command line; the environment is made on first use."""
        python = environments.python_of(self.environment) if self.environment else sys.executable
        return [str(python), *arguments]

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that it needs."""
        return {} if self.environment else {"PYTHONPATH": str(ROOT)}


class Table(NamedTuple):
    """Programs that are compared with one of them, the yardstick."""

    title: str
    yardstick: str
    programs: Mapping[str, Program]
    n_bytes: int = 0
    """The size of the text that they read, which has to be made."""

    def expected(self, name: str, yardstick: str) -> str:
        """The answer that a program has to print, when the yardstick printed this one."""
        n_tasks = self.programs[name].n_tasks
        return digest(Counter(str(number)[-1] for number in range(n_tasks)).items()) if n_tasks else yardstick


H, COMBINED, COUNTER = "H: lists, sorted and grouped", "H with a dict combiner", "collections.Counter"
OURS, OURS_COMBINED, OURS_SORTED = (
    f"disco_sim, {how}" for how in ("sort=True", "sum_combiner", "sorted(iter) in reduce")
)
OURS_PROCESSES = "disco_sim, sort=True, Processes(2)"
OURS_LIMITED = {megabytes: f"disco_sim, sort=True, memory_limit {megabytes} MB" for megabytes in (512, 64)}
CYTOOLZ, DASK, DASK_PROCESSES = "cytoolz", "dask.bag, synchronous", "dask.bag, 2 processes"
PYSPARKLING, MOCKR, MRJOB, MADOOP, MRS = "pysparkling", "mockr", "mrjob, inline", "Madoop", "mrs-mapreduce, serial"
PYSPARK = "PySpark, local[2]"

SCRIPTS: dict[str, tuple[str, str, str]] = {
    H: ("", "by_hand", ""),
    COMBINED: ("", "by_hand", "combiner"),
    COUNTER: ("", "by_hand", "counter"),
    OURS: ("", "ours", "sort"),
    OURS_COMBINED: ("", "ours", "combiner"),
    OURS_SORTED: ("", "ours", ""),
    OURS_PROCESSES: ("", "ours", "sort processes=2"),
    OURS_LIMITED[512]: ("", "ours", "sort memory_limit=512"),
    OURS_LIMITED[64]: ("", "ours", "sort memory_limit=64"),
    CYTOOLZ: ("cytoolz", "cytoolz_loop", ""),
    DASK: ("dask", "dask_bag", "synchronous"),
    DASK_PROCESSES: ("dask", "dask_bag", "processes"),
    PYSPARKLING: ("pysparkling", "pysparkling_rdd", ""),
    MOCKR: ("mockr", "mockr_job", ""),
    PYSPARK: ("pyspark", "pyspark_local", ""),
    MRS: ("mrs", "mrs_program", ""),
    MRJOB: ("mrjob", "mrjob_inline", ""),
    MADOOP: ("madoop", "madoop_streams", ""),
}
"""The environment, the script and its variant."""

# What a task costs decides how many there are: each program is at work for a second or more, but not for minutes.
TASKS = {H: 1_000_000, OURS_SORTED: 10_000, PYSPARKLING: 10_000, MOCKR: 100_000, DASK: 10_000}
TASKS |= {MRJOB: 1_000, MADOOP: 100, PYSPARK: 1_000}
FEW = 10
"""Tasks of the runs that stand for start-up."""

MODULES = {H: "", OURS: "disco_sim", CYTOOLZ: "cytoolz", DASK: "dask.bag", PYSPARKLING: "pysparkling", MOCKR: "mockr"}
MODULES |= {MRJOB: "mrjob.job", MADOOP: "madoop", MRS: "mrs", PYSPARK: "pyspark"}


def script(name: str, work: str, what: str, less: str = "", n_tasks: int = 0) -> Program:
    """A script of `peers/` at work on a file, or on tasks."""
    environment, file, variant = SCRIPTS[name]
    path = str(PEERS / f"{file}.py")
    without = (path, work, less, variant) if less else ()
    return Program(environment, (path, work, what, variant), without, n_tasks)


def words(megabytes: int, scale: float = 1.0) -> Table:
    """Word count on the text; the largest is too much for H, which keeps every pair."""
    n_bytes = round(megabytes * 1_000_000 * scale)
    is_large = megabytes >= 1000
    names = [name for name in SCRIPTS if is_there(name) and (is_large or name not in OURS_LIMITED.values())]
    programs = {name: script(name, "words", str(place(n_bytes))) for name in names}
    return Table(f"Word count, {megabytes * scale:,g} MB", COMBINED if is_large else H, programs, n_bytes)


def is_there(name: str) -> bool:
    """Whether this disco_sim has what a row asks for."""
    if name == OURS_PROCESSES:
        return importlib.util.find_spec("disco_sim.engine.processes") is not None
    return name not in OURS_LIMITED.values() or "memory_limit" in inspect.signature(Disco).parameters


def tasks(scale: float = 1.0) -> Table:
    """Many map tasks of one record each; start-up does not count."""
    numbers = {name: max(2 * FEW, round(number * scale)) for name, number in TASKS.items()}
    programs = {name: script(name, "tasks", str(number), str(FEW), number) for name, number in numbers.items()}
    return Table("Tiny tasks", H, programs)


def first(scale: float = 1.0) -> Table:
    """The first result of a small job, which is the same at any scale."""
    return Table("A job of three lines", OURS, {name: script(name, "words", str(THREE_LINES)) for name in MODULES})


def imports(scale: float = 1.0) -> Table:
    """What it takes to import each, over a Python that does nothing; it is the same at any scale."""
    nothing = ("-c", "pass")
    programs = {
        name: Program(SCRIPTS[name][0], ("-c", f"import {module}"), nothing)
        for name, module in MODULES.items()
        if module
    }
    return Table("Import", OURS, programs)


TABLES: dict[str, Callable[..., Table]] = {
    "10": partial(words, 10),
    "100": partial(words, 100),
    "1000": partial(words, 1000),
    "tasks": tasks,
    "first": first,
    "import": imports,
}
"""The tables by their names, each made for a scale: the part of its text, or of its tasks, that is measured."""
