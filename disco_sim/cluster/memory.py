"""How much memory the data of a cluster's jobs may take, and what a run may have of it; the rest goes to disk.

Knows numbers of bytes, not what takes them: that is estimated by `runtime/buffers.py` and `runtime/sorting.py`.
"""

from __future__ import annotations

import math
import os
import re
from contextlib import suppress

from disco_sim.error import DiscoError
from disco_sim.model.work import Memory
from disco_sim.pairfiles import PairFolder

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_GROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_UNKNOWN_MACHINE_BYTES = 4 * 2**30


class MemoryBudget:
    """A limit in bytes, by estimate: half of it for what is stored, a quarter for what one run holds at a time.

    What a run may leave in memory follows from its job alone, and not from what others have left there by then, so that
    the same pairs go to the disk wherever and whenever it is computed.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.folder = PairFolder()

    def of_job(self, stored_bytes: int, promised_bytes: int) -> int:
        """What a new job may store in memory: half of what is neither stored nor promised to other jobs."""
        return max(0, self.limit_bytes // 2 - stored_bytes - promised_bytes) // 2

    def of_run(self, job_bytes: int, n_stages: int, n_tasks: int) -> Memory:
        """What each of the runs of a stage may have, of a job that may store `job_bytes`."""
        return Memory(self.folder, self.limit_bytes // 4, job_bytes // (n_stages * n_tasks))


def limit_in_bytes(limit: int | str | None) -> int:
    """A memory limit as a number of bytes: text such as "512 MB" or "2 GiB", or None, a quarter of the machine's.

    >>> limit_in_bytes("512 MB"), limit_in_bytes("2GiB")
    (512000000, 2147483648)

    Raises:
        DiscoError: If it is neither a number of bytes nor such text.
    """
    if limit is None:
        return machine_bytes() // 4
    if isinstance(limit, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg]?i?)b?\s*", limit.lower())
        if found and found[2] in _UNITS and 1 <= (n_bytes := float(found[1]) * _UNITS[found[2]]) < math.inf:
            return int(n_bytes)
    elif type(limit) is int and limit > 0:
        return limit
    raise DiscoError(
        f'memory_limit={limit!r} was given; it is a number of bytes, or text such as "512 MB": beyond it, pairs go to '
        "the disk; leave it out for a quarter of this machine's memory"
    )


def machine_bytes() -> int:
    """The memory of this machine, or of the container that this process is in."""
    sizes = []
    with suppress(OSError, ValueError, AttributeError):
        sizes.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for path in _GROUP_LIMITS:
        with suppress(OSError, ValueError), open(path, encoding="ascii") as file:
            sizes.append(int(file.read()))
    return min((size for size in sizes if size > 0), default=_UNKNOWN_MACHINE_BYTES)
