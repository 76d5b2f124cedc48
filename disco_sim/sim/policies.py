"""Which job gets the next free slot: Disco's two policies. Knows of a job how much of it runs, and no time but events'.

A policy is told which jobs are active and when seconds pass; it puts jobs that have something to start in order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from disco_sim.error import DiscoError
from disco_sim.sim.jobs import ActiveJob

ALPHA = 0.001
"""The share of a second's deficit in a job's new priority, Disco's own: priorities follow what runs very slowly."""


class Policy(Protocol):
    """An order of jobs. At `next_s`, or later, `pass_time` is due before anything changes."""

    next_s: float

    def add(self, job: ActiveJob) -> None:
        """A job was submitted."""

    def drop(self, job: ActiveJob) -> None:
        """A job is not active any more."""

    def pass_time(self, time_s: float) -> None:
        """It is `time_s`, and what ran before ran until now."""

    def order(self, jobs: list[ActiveJob]) -> list[ActiveJob]:
        """The jobs, the one that goes first first."""


class Fifo:
    """In the order of submission: later jobs get the slots that earlier ones cannot use."""

    def __init__(self, n_slots: int) -> None:
        self.next_s = math.inf

    def add(self, job: ActiveJob) -> None:
        """Nothing to keep: jobs are handed over in the order they came."""

    def drop(self, job: ActiveJob) -> None:
        """Nothing was kept."""

    def pass_time(self, time_s: float) -> None:
        """Time changes no order."""

    def order(self, jobs: list[ActiveJob]) -> list[ActiveJob]:
        """As they came."""
        return jobs


@dataclass(slots=True)
class _Share:
    """A job's priority at the last full second, and how many runs of it had been started by then."""

    job: ActiveJob
    priority: float = 0.0
    n_started: int = 0


class Fair:
    """The job goes first that has had the least of the cluster, over a long time; of equals the one submitted first.

    Disco's rule. At each full second a job's deficit is `running/slots - 1/jobs`: the share of all slots that it has
    above its fair one. It moves the job's priority, 0.0 at first, by ALPHA. Each run that is started counts 1/slots
    more until the next second, so that slots that come free together go round.
    """

    def __init__(self, n_slots: int) -> None:
        self._n_slots = n_slots
        self._second = 0
        self._shares: dict[str, _Share] = {}
        self.next_s = 1.0

    def add(self, job: ActiveJob) -> None:
        """A new job starts at 0.0."""
        self._shares[job.name] = _Share(job)

    def drop(self, job: ActiveJob) -> None:
        """The others have larger fair shares from now on."""
        del self._shares[job.name]

    def pass_time(self, time_s: float) -> None:
        """Count the full seconds since the last one that was counted.

        What runs changes at events only, and so the deficit was the same at each of the seconds: after k of them
        `deficit + (priority - deficit) * (1 - ALPHA)**k` is what k steps one by one would give.
        """
        second = math.floor(time_s)
        kept = (1 - ALPHA) ** (second - self._second)
        self._second, self.next_s = second, second + 1.0
        for share in self._shares.values():
            deficit = len(share.job.running) / self._n_slots - 1 / len(self._shares)
            share.priority = deficit + (share.priority - deficit) * kept
            share.n_started = share.job.n_started

    def order(self, jobs: list[ActiveJob]) -> list[ActiveJob]:
        """The lowest priority goes first."""
        return sorted(jobs, key=lambda job: (self.priority(job), job.serial))

    def priority(self, job: ActiveJob) -> float:
        """A job's priority at the last full second, and the bias of what was started since."""
        share = self._shares[job.name]
        return share.priority + (job.n_started - share.n_started) / self._n_slots


POLICIES: dict[str, type[Fair] | type[Fifo]] = {"fair": Fair, "fifo": Fifo}


def policy_of(name: str, n_slots: int) -> Policy:
    """The policy of a name, for a cluster of `n_slots`.

    Raises:
        DiscoError: If there is none of that name. In Disco anything but "fifo" is "fair", which hides misspellings.
    """
    if name not in tuple(POLICIES):  # whatever was given, also what no dict can look up
        raise DiscoError(
            f"policy={name!r} was given; which job goes first is decided by one of {', '.join(map(repr, POLICIES))}: "
            "write policy='fair'",
            policy=name,
        )
    return POLICIES[name](n_slots)
