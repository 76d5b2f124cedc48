"""`JobChain`: jobs that read each other's results, each started as soon as what it reads is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from disco_sim.client.job import Job
from disco_sim.error import DiscoError, InputError, JobError

_GOOD = ("unknown job", "active", "ready")


class JobChain(dict[Any, Any]):
    """Jobs and what they read, `{job: inputs}`: inputs are URLs, replica lists, or Jobs, whose results are read.

    `wait()` runs them all. A job that reads results gets pairs if its map_reader is chain_reader.
    """

    def wait(self, poll_interval: float = 1) -> JobChain:
        """Start each job when the jobs whose results it reads are ready, until all are; returns the chain.

        `poll_interval` is in virtual seconds. A job that was started before is waited for as it is.

        Raises:
            JobError: If a job dies, with its cause; what goes on already goes on.
            DiscoError: If jobs wait for each other.
        """
        jobs = list(self.walk())
        while not all(_status(job) == "ready" for job in jobs):
            for job in jobs:
                self._check(job)
                if (
                    job in self
                    and _status(job) == "unknown job"
                    and all(_status(one) == "ready" for one in self._read(job))
                ):
                    job.run(input=list(self.inputs(job)))
            active = [job for job in jobs if _status(job) == "active"]
            if not active and not all(_status(job) == "ready" for job in jobs):
                names = ", ".join(job.name for job in jobs if job not in self and _status(job) != "ready")
                raise DiscoError(
                    f"the chain cannot go on: {names} was never run and is no key of the chain, so its results never "
                    "come; run it, or give its inputs: chain[job] = inputs"
                )
            while active:
                cluster = active[0].disco.cluster
                there = [job for job in active if job.disco.cluster is cluster]
                active = [job for job in active if job.disco.cluster is not cluster]
                # Ends as soon as one of them has ended, so that what waits for it starts at that very time.
                there[0].disco.results([job.name for job in there], poll_interval * 1000)
        return self

    def walk(self) -> Iterator[Any]:
        """All jobs of the chain, those that are only read too, each once and behind those that it reads.

        Raises:
            DiscoError: If jobs wait for each other.
        """
        seen: dict[Any, bool] = {}

        def visit(job: Any) -> Iterator[Any]:
            if job in seen:
                if not seen[job]:
                    raise DiscoError(f"job {job.name!r} waits for its own results in the chain; no chain has circles")
                return
            seen[job] = False
            for one in self._read(job):
                yield from visit(one)
            seen[job] = True
            yield job

        for job in self:
            yield from visit(job)

    def inputs(self, job: Any) -> Iterator[Any]:
        """What `job` reads: its inputs, with results in the place of the jobs that gave them.

        Raises:
            JobError: If one of those is not ready.
        """
        for one in self[job]:
            if isinstance(one, Job):
                self._check(one)
                yield from one.wait()
            else:
                yield one

    def purge(self) -> None:
        """Purge all jobs of the chain."""
        for job in self.walk():
            job.purge()

    def _read(self, job: Any) -> Iterable[Any]:
        inputs = self.get(job, ())
        if isinstance(inputs, (str, bytes)) or not isinstance(inputs, Iterable):
            raise InputError(
                f"the chain's entry for job {job.name!r} is {inputs!r}; it is a list of jobs and URLs: "
                f"{{job: [{inputs!r}]}}",
                input=inputs,
            )
        if isinstance(inputs, Iterator):  # it is read several times
            self[job] = inputs = list(inputs)
        return [one for one in inputs if isinstance(one, Job)]

    def _check(self, job: Any) -> None:
        status = _status(job)
        if status not in _GOOD:
            error = getattr(job, "error", None)
            raise error if isinstance(error, JobError) else JobError(f"Status {status}", jobname=job.name)


def _status(job: Any) -> str:
    # Asked of the cluster: a user's Job may have an attribute of that name.
    status: str = job.disco.cluster.jobs.status(job.name)
    return status
