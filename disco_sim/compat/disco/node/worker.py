"""Disco 0.3's `disco.node.worker`: the namespace of job functions, with the very objects of disco_sim.node.worker."""

from __future__ import annotations

import os
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


def __getattr__(name: str) -> Any:
    if name == "Task":  # not at the top: it needs what runs jobs
        from disco_sim.compat.disco.task import Task

        return Task
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
