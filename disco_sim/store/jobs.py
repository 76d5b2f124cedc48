"""The jobs of a home, and what each of them is called."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from disco_sim.error import DiscoError, near_jobs
from disco_sim.model.job import JobRequest
from disco_sim.model.keyed_random import draw_integer
from disco_sim.model.plan import check_plan
from disco_sim.store.facts import UNKNOWN, DoneTask, FailureText, JobFacts, RunKey, TaskKey
from disco_sim.store.names import EPOCH_S
from disco_sim.store.outcomes import Computed


class Jobs(Protocol):
    """The jobs of a home by full name, in the order of submission; jobs of earlier clusters come first.

    A job that was cleaned is still present, with the status `unknown job`, because its data can be read. A purged job
    is not, unless a tag refers to its results. Facts that the log does not hold are changed by the methods here alone;
    facts that follow from the log (tasks, runs, outputs, losses) are changed by the methods of `JobFacts`.
    """

    @property
    def n_submitted(self) -> int:
        """How many jobs were submitted since the home was opened, purged ones included: the next job's serial."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...
    def __contains__(self, job: object) -> bool: ...
    def __getitem__(self, job: str) -> JobFacts: ...

    def facts(self, job: str) -> JobFacts:
        """The facts of a job.

        Raises:
            DiscoError: If there is none of this name.
        """

    def status(self, job: str) -> str:
        """`active`, `ready`, `dead` or `unknown job`."""

    def name(self, prefix: str, seed: int, port: str) -> str:
        """The full name of the next job, which no other job of the home has ever had."""

    def was_submitted(self, job: str) -> bool:
        """Whether a job of this name was submitted since the home was opened, purged or not."""

    def begin(
        self, request: JobRequest, port: str, memory_bytes: int, computed: Mapping[TaskKey, Computed]
    ) -> JobFacts:
        """A job is submitted; `computed` are outcomes of its tasks that are known already.

        Raises:
            DiscoError: If there is one of this name, or its plan cannot be.
        """

    def learn(self, job: str, stage: str, task: int, computed: Computed, is_kept: bool = True) -> None:
        """Record the outcome of a successful run; it is not kept if another run would have a different one."""

    def fail(self, job: str, run: RunKey, failure: FailureText) -> None:
        """A run has failed."""

    def find_bad(self, job: str, run: RunKey, bad: tuple[tuple[int, int, str], ...]) -> None:
        """A run could not read some replicas of its input: (piece, replica, what is wrong)."""

    def end(self, job: str, status: str, time_s: float, ended_by: RunKey | None) -> None:
        """A job has ended, ready or dead."""

    def drop_data(self, job: str, stages: Collection[str]) -> None:
        """Of what tasks of some stages computed only the sizes are kept."""

    def forget(self, job: str, is_garbage: bool = False) -> None:
        """Make a job unknown; its data is kept, or deleted by the next garbage collection if it `is_garbage`."""

    def keep_results(self, job: str, stages: Collection[str]) -> None:
        """Purge a job, but for the results of some stages, to which a tag refers."""

    def remove(self, job: str) -> None:
        """Nothing is kept of a job any more."""


class MemoryJobs(Mapping[str, JobFacts]):
    """Jobs that are kept in memory."""

    def __init__(self) -> None:
        self._facts: dict[str, JobFacts] = {}
        self._submitted: dict[str, None] = {}

    @property
    def n_submitted(self) -> int:
        """How many jobs were submitted."""
        return len(self._submitted)

    def __len__(self) -> int:
        return len(self._facts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __getitem__(self, job: str) -> JobFacts:
        return self._facts[job]

    def facts(self, job: str) -> JobFacts:
        """The facts of a job, or DiscoError."""
        if job not in self._facts or self._facts[job].is_purged:
            raise unknown_job(job, self)
        return self._facts[job]

    def status(self, job: str) -> str:
        """The status of a job."""
        return self._facts[job].status if job in self._facts else UNKNOWN

    def name(self, prefix: str, seed: int, port: str) -> str:
        """The full name of the next job."""
        return full_name(prefix, seed, port, self.n_submitted)

    def was_submitted(self, job: str) -> bool:
        """Whether a job of this name was submitted."""
        return job in self._submitted

    def begin(
        self, request: JobRequest, port: str, memory_bytes: int, computed: Mapping[TaskKey, Computed]
    ) -> JobFacts:
        """A job is submitted."""
        facts = new_facts(self, request, port, memory_bytes, computed)
        self._submitted[request.name] = None
        self._facts[request.name] = facts
        return facts

    def learn(self, job: str, stage: str, task: int, computed: Computed, is_kept: bool = True) -> None:
        """A run of a task has ended well."""
        self._facts[job].learn(stage, task, computed, is_kept)

    def fail(self, job: str, run: RunKey, failure: FailureText) -> None:
        """A run has failed."""
        self._facts[job].failures[run] = failure

    def find_bad(self, job: str, run: RunKey, bad: tuple[tuple[int, int, str], ...]) -> None:
        """A run could not read some replicas."""
        self._facts[job].bad[run] = bad

    def end(self, job: str, status: str, time_s: float, ended_by: RunKey | None) -> None:
        """A job has ended."""
        self._facts[job].end(status, time_s, ended_by)

    def drop_data(self, job: str, stages: Collection[str]) -> None:
        """Only the sizes of outcomes are kept."""
        self._facts[job].drop_data(stages)

    def forget(self, job: str, is_garbage: bool = False) -> None:
        """A job is unknown from now on."""
        self._facts[job].forget(is_garbage)

    def keep_results(self, job: str, stages: Collection[str]) -> None:
        """A job is purged but for tagged results."""
        self._facts[job].forget(is_garbage=False)
        self._facts[job].keep_results(stages)

    def remove(self, job: str) -> None:
        """Nothing is kept of a job any more."""
        del self._facts[job]


def new_facts(
    jobs: Jobs, request: JobRequest, port: str, memory_bytes: int, computed: Mapping[TaskKey, Computed]
) -> JobFacts:
    """The facts of a job that is submitted now, for `Jobs.begin`.

    Raises:
        DiscoError: If there is a job of this name, or its plan cannot be.
    """
    if request.name in jobs:
        raise DiscoError(f"job {request.name!r} was submitted already; full job names are unique")
    plan = check_plan(request.plan)
    done: dict[str, dict[int, DoneTask]] = {stage.name: {} for stage in plan}
    return JobFacts(request, port, memory_bytes, done=done, computed=dict(computed))


def full_name(prefix: str, seed: int, port: str, number: int) -> str:
    """A name like Disco's, prefix@megaseconds:seconds:microseconds in hex, made of seed, port and number alone.

    >>> full_name("wordcount", 0, "8989", 0)
    'wordcount@503:490c0:25380'
    """
    megaseconds, seconds = divmod(EPOCH_S + number, 10**6)
    microseconds = draw_integer(seed, "job name", port, number) % 10**6
    return f"{prefix}@{megaseconds:x}:{seconds:x}:{microseconds:x}"


def unknown_job(job: str, jobs: Jobs) -> DiscoError:
    """The error of a job that is not there, with the names that come near."""
    known = [name for name in jobs if not jobs[name].is_purged]
    return DiscoError(f"Unknown job {job!r}; {near_jobs(job, known)}", job=job)
