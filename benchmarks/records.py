"""What was measured so far, in a file, so that a table can be finished by several calls."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).parent / "measured.json"
KEPT = 10
"""Turns of a program that are kept; the yardstick has one in each call."""


class Turn(NamedTuple):
    """What a program took, and what the yardstick took just before."""

    cpu_s: float
    wall_s: float
    peak_bytes: int
    yardstick_cpu_s: float
    yardstick_wall_s: float


@dataclass
class Record:
    """The turns of a program, or why there are none."""

    turns: list[Turn] = field(default_factory=list)
    failure: str = ""

    def median(self, column: str) -> float:
        """Of a column of the turns."""
        return float(statistics.median(getattr(turn, column) for turn in self.turns))

    @property
    def is_known(self) -> bool:
        """Whether anything was tried."""
        return bool(self.turns or self.failure)

    @property
    def cpu_ratio(self) -> float:
        """CPU seconds to those of the yardstick, the median of the turns' ratios."""
        return statistics.median(turn.cpu_s / turn.yardstick_cpu_s for turn in self.turns)

    @property
    def wall_ratio(self) -> float:
        """Wall seconds to those of the yardstick, the median of the turns' ratios."""
        return statistics.median(turn.wall_s / turn.yardstick_wall_s for turn in self.turns)


@dataclass
class Records:
    """All tables, and the growth: for each series size, CPU seconds and those of start-up, of each turn."""

    path: Path
    machine: str
    tables: dict[str, dict[str, Record]] = field(default_factory=dict)
    growth: dict[str, list[list[float]]] = field(default_factory=dict)

    def of(self, table: str, program: str) -> Record:
        """The record of a program, which may be empty."""
        return self.tables.setdefault(table, {}).setdefault(program, Record())

    def save(self) -> None:
        """Write the file, a line for each program."""
        parts: dict[str, dict[str, Any]] = {
            table: {name: [record.failure, record.turns] for name, record in programs.items() if record.is_known}
            for table, programs in self.tables.items()
        }
        text = f'{{"machine": {json.dumps(self.machine)}'
        for part, rows in (parts | {"growth": self.growth}).items():
            lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in rows.items()]
            text += f",\n{json.dumps(part)}: {{\n" + ",\n".join(lines) + "\n}"
        self.path.write_text(text + "}\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path = FILE) -> Records:
        """What is in the file."""
        parts: Any = json.loads(path.read_text(encoding="utf-8"))
        records = cls(path, parts.pop("machine"), growth=parts.pop("growth"))
        for table, programs in parts.items():
            for name, (failure, turns) in programs.items():
                turns = [Turn(cpu_s, wall_s, int(peak), *rest) for cpu_s, wall_s, peak, *rest in turns]
                records.tables.setdefault(table, {})[name] = Record(turns, failure)
        return records

    @classmethod
    def here(cls, path: Path = FILE) -> Records:
        """What is in the file and was measured on this machine: figures of two are never mixed."""
        records = cls.load(path) if path.exists() else cls(path, machine())
        if records.machine != machine():
            print(f"forgotten: what was measured on {records.machine}", file=sys.stderr)
            records = cls(path, machine())
        return records


def memory_bytes() -> int:
    """The memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def machine() -> str:
    """What figures depend on."""
    system = f"{platform.system()} {platform.machine()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory_bytes() / 1e9:.0f} GB of memory, {system}, {python}"
