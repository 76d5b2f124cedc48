"""Stages of a pipeline as users write them: functions of a stage, and how its inputs are given to them.

A job is a map and a reduce, or with `pipeline=[(grouping, Stage), ...]` any number of stages. The grouping says which
outputs of the stage before, or inputs of the job, make one task; each of them carries a label, a whole number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

Function = Callable[..., Any]


def input_hook(state: Any, labels: Sequence[int]) -> Sequence[int]:
    """The labels of a task in the order in which its inputs are processed: as they are."""
    return labels


@dataclass(frozen=True)
class Stage:
    """One stage of a pipeline; functions that are None are left out.

    - `init(interface, params)` is called once; what it returns is the `state` of the task.
    - `input_hook(state, labels)` gives the labels in the order in which they are processed, once.
    - `process(interface, state, label, inp)` is called for each input, or with `combine` once for each label, whose
      inputs are then one; with `sort` too, sorted by key. `inp` gives lines in a first stage, pairs in later ones.
    - `done(interface, state)` is called once, at the end.

    `interface.output(label).add(key, value)` writes. `input_chain` and `output_chain` are stream functions; empty ones
    stand for Disco's own. The rules are Disco's documentation.
    """

    name: str = ""
    init: Function | None = None
    process: Function | None = None
    done: Function | None = None
    input_hook: Function = input_hook
    input_chain: Sequence[Function] = ()
    output_chain: Sequence[Function] = ()
    combine: bool = False
    sort: bool = False

    def __post_init__(self) -> None:
        # In the body of a class, where pipelines of a Job stand, the name of a static method is not its function yet.
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, staticmethod):
                object.__setattr__(self, field.name, value.__func__)
            elif isinstance(value, (list, tuple)) and any(isinstance(one, staticmethod) for one in value):
                functions = [one.__func__ if isinstance(one, staticmethod) else one for one in value]
                object.__setattr__(self, field.name, functions)


class PipelineStage(NamedTuple):
    """An entry of a pipeline: how what comes in becomes tasks, and what they do."""

    grouping: str
    stage: Stage
    is_concurrent: bool = False


class TaskInfo(NamedTuple):
    """What a stage's functions are told of their task; `group` is (label, host), the host '' if any will do."""

    jobname: str
    host: str
    stage: str
    group: tuple[int, str]
    label: int
