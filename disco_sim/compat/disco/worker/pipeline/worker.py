"""The pipeline worker: jobs of any number of stages, and the names that the functions of stages see.

There are no bare `put`, `get`, `this_*` or `Task` in them: `worker.active_task` is the running task.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from disco_sim.compat.disco import task, util
from disco_sim.compat.disco import worker as base
from disco_sim.compat.disco.worker import Params
from disco_sim.compat.disco.worker.classic.func import chain_reader, disco_output_stream
from disco_sim.compat.disco.worker.task_io import task_input_stream, task_output_stream
from disco_sim.pipeline import Stage, TaskInfo, input_hook

__all__ = ["Params", "Stage", "TaskInfo", "Worker", "input_hook", "names"]


class Worker(base.Worker):
    """The parameters of a pipeline job: `pipeline` is a list of (grouping, Stage), in order; `params` is for all.

    >>> Worker(pipeline=[("split", Stage("count"))])["pipeline"][0][0]
    'split'
    """

    bin: ClassVar[str] = "lib/disco/worker/pipeline/worker.py"

    def defaults(self) -> dict[str, Any]:
        """A fresh dict of all parameters and their defaults."""
        return {
            **super().defaults(),
            "pipeline": [],
            "sort_buffer_size": "10%",
            "version": f"{sys.version_info.major}.{sys.version_info.minor}",
        }

    def jobdict(self, job: Any, **jobargs: Any) -> dict[str, Any]:
        """What the master is told of a job: `pipeline` is a list of [stage name, grouping, whether it may overlap]."""
        pipeline = self.getitem("pipeline", job, jobargs) or []
        return {
            **super().jobdict(job, **jobargs),
            "pipeline": [[stage.name, grouping, bool(rest and rest[0])] for grouping, stage, *rest in pipeline],
        }


# What functions of stages see of the modules that Disco's own worker of this kind is made of.
_NAMES: Mapping[str, Any] = {
    "Params": Params,
    "Stage": Stage,
    "TaskInfo": TaskInfo,
    "Worker": Worker,
    "chain_reader": chain_reader,
    "disco_output_stream": disco_output_stream,
    "input_hook": input_hook,
    "os": os,
    "sys": sys,
    "task_input_stream": task_input_stream,
    "task_output_stream": task_output_stream,
    "util": util,
    "worker": sys.modules[__name__],
}


def names() -> dict[str, Any]:
    """Every name that the functions of a stage see without import, as a dict of the caller's own."""
    return dict(_NAMES)


def __getattr__(name: str) -> Any:
    # Asked anew each time: the running task is another one a moment later.
    if name == "active_task":
        return task.active()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
