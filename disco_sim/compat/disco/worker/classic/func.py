"""The ready-made functions of map and reduce jobs, where Disco 0.5 has them; those of 0.3 are here too."""

from __future__ import annotations

from typing import Any

from disco_sim.compat.disco.worker import task_io
from disco_sim.compat.disco.worker.task_io import *  # noqa: F403
from disco_sim.error import DataError
from disco_sim.func import (
    default_partition,
    make_range_partition,
    noop,
    nop_map,
    nop_reduce,
    sum_combiner,
    sum_reduce,
)
from disco_sim.util import kvgroup

__all__ = [
    "DataError", "default_partition", "init", "kvgroup", "make_range_partition", "noop", "nop_map", "nop_reduce",
    "notifier", "sum_combiner", "sum_reduce",
]  # fmt: skip
__all__ += task_io.__all__


def init(input_iter: Any, params: Any) -> None:
    """The map_init and reduce_init of jobs that give none: does nothing."""


def notifier(urls: Any) -> None:
    """The notifier of a result_iterator that is given none: does nothing with the URL, or replicas, it is told of."""
