"""The rules that hold for all jobs of a cluster, whatever kind of cluster it is."""

from __future__ import annotations

from typing import NamedTuple


class Rules(NamedTuple):
    """What holds for all jobs of a cluster; a `Disco` has an argument for each.

    `seed` decides all random numbers. A run may make `oob_limit` put() calls, and `max_failures` failed runs of a task
    are forgiven. `keep` is "all", or "results" where what is between the stages is dropped at a job's end.
    `shuffle_order` is the order in which tasks read their pieces: "task", or "random". `policy` is how jobs share the
    slots, "fair" or "fifo"; with `speculative` slow tasks get a second run.
    """

    seed: int = 0
    oob_limit: int = 1000
    max_failures: int = 3
    keep: str = "all"
    shuffle_order: str = "task"
    policy: str = "fair"
    speculative: bool = False
