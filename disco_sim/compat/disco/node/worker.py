"""Disco 0.3's `disco.node.worker`: the namespace of job functions, with the very objects of disco_sim.node.worker."""

from __future__ import annotations

import os
import pickle
import re
from typing import Any

from disco_sim.compat.disco import func
from disco_sim.compat.disco.events import AnnouncePID, Status, WorkerDone
from disco_sim.compat.disco.func import *  # noqa: F403
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

__all__ = [  # noqa: F405 - Task is made on use
    "AnnouncePID", "Status", "Task", "WorkerDone", "data_err", "err", "get", "msg", "os", "put", "this_host",
    "this_inputs", "this_master", "this_name", "this_partition",
]  # fmt: skip
__all__ += func.__all__


def names() -> dict[str, Any]:
    """Every name that a job function of Disco 0.3 saw without import; `cPickle` is Python 3's pickle."""
    from disco_sim.compat.disco.task import Task

    found = {name: globals()[name] for name in __all__ if name != "Task"}
    return {**found, "Task": Task, "re": re, "cPickle": pickle}


def __getattr__(name: str) -> Any:
    if name == "Task":  # not at the top: it needs what runs jobs
        from disco_sim.compat.disco.task import Task

        return Task
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
