"""The classic worker: map, combiner, partition, sort and reduce, and the names that its job functions see.

What is public here is visible without import in the functions of classic jobs.
"""

from __future__ import annotations

import os
import re
import sys
from types import ModuleType
from typing import Any, ClassVar

from disco_sim.compat.disco import util, worker
from disco_sim.compat.disco.node import worker as older
from disco_sim.compat.disco.task import Task
from disco_sim.compat.disco.worker import task_io
from disco_sim.compat.disco.worker.classic import func
from disco_sim.compat.params import Params
from disco_sim.node import worker as node
from disco_sim.node.worker import (
    data_err,
    err,
    get,
    msg,
    put,
    this_host,
    this_inputs,
    this_master,
    this_name,
    this_partition,
)

__all__ = [
    "Params", "Task", "Worker", "data_err", "err", "get", "msg", "names", "put",
    "this_host", "this_inputs", "this_master", "this_name", "this_partition",
]  # fmt: skip


class Worker(worker.Worker):
    """The parameters of a map and reduce job, each with its default.

    >>> Worker(partitions=3)["partitions"]
    3
    >>> sorted(set(Worker()) - set(worker.Worker()))[:4]
    ['combiner', 'ext_params', 'map', 'map_init']
    """

    bin: ClassVar[str] = "lib/disco/worker/classic/worker.py"

    def defaults(self) -> dict[str, Any]:
        """A fresh dict of all parameters and their defaults."""
        streams = {
            f"{phase}_{direction}_stream": chain
            for phase in ("map", "reduce")
            for direction, chain in (
                ("input", (func.task_input_stream,)),
                ("output", (func.task_output_stream, func.disco_output_stream)),
            )
        }
        return {
            **super().defaults(),
            **streams,
            "map": None,
            "map_init": func.init,
            "map_reader": None,
            "map_shuffle": None,
            "combiner": None,
            "partition": func.default_partition,
            "partitions": 1,
            "shuffle": None,
            "reduce": None,
            "reduce_init": func.init,
            "reduce_reader": func.chain_reader,
            "reduce_shuffle": None,
            "ext_params": {},
            "sort": False,
            "sort_buffer_size": "10%",
            "status_interval": 100000,
            "version": f"{sys.version_info.major}.{sys.version_info.minor}",
        }

    def jobdict(self, job: Any, **jobargs: Any) -> dict[str, Any]:
        """What the master is told of a job; `map?`, `reduce?` and `reduce_shuffle?` say which stages it has."""
        has_map, has_reduce, has_shuffle = (
            bool(self.getitem(key, job, jobargs)) for key in ("map", "reduce", "reduce_shuffle")
        )
        return {
            **super().jobdict(job, **jobargs),
            "map?": has_map,
            "reduce?": has_reduce,
            "reduce_shuffle?": has_shuffle,
            "nr_reduces": self.getitem("partitions", job, jobargs) or 0,
        }


def _names() -> dict[str, Any]:
    modules: tuple[ModuleType, ...] = (node, older, task_io, func)
    found = {name: getattr(module, name) for module in modules for name in module.__all__}
    own = {name: globals()[name] for name in __all__ if name != "names"}
    # Disco's star imports hide the builtin map and reduce behind functions that do nothing; nobody wants that.
    return {
        name: value
        for name, value in {**found, **own, "os": os, "re": re, "sys": sys, "util": util, "worker": worker}.items()
        if name not in ("map", "reduce")
    }


_NAMES = _names()


def names() -> dict[str, Any]:
    """Every name that a classic job function sees without import, as a dict of the caller's own."""
    return dict(_NAMES)
