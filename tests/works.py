"""Works of runs made by hand, for tests of what a run is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from disco_sim.model.work import Memory, TaskWork
from disco_sim.pairfiles import PairFolder
from disco_sim.runtime.program import Program


def work(memory: Memory | None = None, **changes: Any) -> TaskWork:
    """A run of task map:3, with nothing to read."""
    fields: dict[str, Any] = {
        "job": "job@1:2:3",
        "serial": 0,
        "stage": "map",
        "task": 3,
        "attempt": 0,
        "n_tasks": 4,
        "label": 3,
        "host": "node01",
        "master": "master:8989",
        "program": Program({}, (), b""),
        "inputs": (),
        "replica": 0,
        "store": None,
    }
    return TaskWork(**{**fields, **changes}, memory=memory)


def memory(folder: Path, buffer_bytes: int = 0, kept_bytes: int = 0) -> Memory:
    """So much memory, and a folder for the rest."""
    return Memory(PairFolder(str(folder)), buffer_bytes, kept_bytes)
