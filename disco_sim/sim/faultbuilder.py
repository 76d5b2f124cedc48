"""The words in which people say what goes wrong, the same for a plan and for a cluster that runs.

Knows what each word takes; not what becomes of a fault.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Self

from disco_sim.model.taskname import task_named
from disco_sim.sim.fault import (
    BadReplica,
    CrashRun,
    CutNetwork,
    Fault,
    KillNode,
    LoseOutput,
    RestoreNode,
    SlowNode,
    host_group,
)

METHODS = ("kill", "restore", "slow", "cut", "crash", "lose", "corrupt", "missing")


class FaultBuilder(ABC):
    """The methods that say what goes wrong; what becomes of it is up to `_with`.

    Times are virtual seconds of the cluster. A task is the name of its stage and its number from 0, such as 'parse:3'.
    `job` is a full job name, what stands before its '@', or None for any.

    Raises:
        DiscoError: At once, for a value that cannot be.
    """

    @abstractmethod
    def _with(self, fault: Fault) -> Self:
        """Take one more fault, which was checked; an `at_s` of None at a node or the network is now."""

    def kill(self, host: str, at: float | None = None) -> Self:
        """The node `host` dies at `at`: all that runs there is lost, and what tasks had stored there."""
        return self._with(KillNode(host, at).checked())

    def restore(self, host: str, at: float | None = None) -> Self:
        """The dead node `host` returns at `at`."""
        return self._with(RestoreNode(host, at).checked())

    def slow(self, host: str, factor: float, at: float | None = None, until: float | None = None) -> Self:
        """CPU and disk of the node `host` are `factor` times slower, until `until` or for ever.

        Of several at one node the latest word counts: at the end of any of them, the node is as fast as it was made.
        """
        return self._with(SlowNode(host, factor, at, until).checked())

    def cut(
        self,
        hosts: str | Iterable[str],
        at: float | None = None,
        until: float | None = None,
        others: str | Iterable[str] | None = None,
    ) -> Self:
        """Nothing moves between `hosts` and `others` (None: all other nodes) until `until`, when it goes on.

        A host or a list of hosts each. A cut always heals, so `until` has to be given.
        """
        groups = host_group(hosts), None if others is None else host_group(others)
        return self._with(CutNetwork(*groups, at, until).checked())

    def crash(self, task: str, run: int = 0, job: str | None = None) -> Self:
        """The `run`-th run of a task, from 0, crashes in the middle of its CPU work."""
        return self._with(CrashRun(*task_named("crash", task), run, job).checked())

    def lose(self, task: str, at: float | None = None, job: str | None = None) -> Self:
        """What a task stored is lost at `at`, or with None as soon as it was first stored."""
        return self._with(LoseOutput(*task_named("lose", task), at, job).checked())

    def corrupt(self, task: str, replica: int = 0, runs: int | None = None, job: str | None = None) -> Self:
        """The first `runs` runs (None: all) of a task find replica number `replica` of their input corrupt."""
        return self._with(BadReplica(*task_named("corrupt", task), replica, runs, job, "corrupt").checked())

    def missing(self, task: str, replica: int = 0, runs: int | None = None, job: str | None = None) -> Self:
        """The first `runs` runs (None: all) of a task do not find replica number `replica` of their input."""
        return self._with(BadReplica(*task_named("missing", task), replica, runs, job, "missing").checked())
