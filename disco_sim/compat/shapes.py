"""What Disco 0.5.4's master answered about jobs and nodes, in its own shapes, from what a simulated cluster knows.

Asking about a job that goes on lets two virtual seconds go by, after the answer was made: so code that asks again and
again until a job is ready comes to its end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from disco_sim.client.disco import Disco
from disco_sim.compat.story import Line, Story, stage_counts
from disco_sim.compat.urls import observed_all
from disco_sim.error import CommError, DiscoError, InputError, near_jobs
from disco_sim.model.events import JobSubmitted
from disco_sim.model.job import Limits
from disco_sim.node import worker
from disco_sim.util import flatten
from disco_sim.views.story import timestamp

POLL_S = 2.0
"""Virtual seconds that go by when somebody asks how a job is."""

Status = tuple[str, list[Any]]
"""How a job is, and its results once it is ready: a list of replica lists, or of the one tag they are saved under."""

_MOST_INPUTS = 100


class Answers:
    """The answers of one master; jobs are given by their full names."""

    def __init__(self, native: Disco) -> None:
        self.native = native
        self._told: dict[str, tuple[Story, list[Line], int]] = {}

    # -- results -------------------------------------------------------------------------------------

    def status(self, job: str) -> Status:
        """`ready`, `active`, `dead` or `unknown job`, and the results; nothing goes by."""
        status = self.native.cluster.jobs.status(job)
        return status, self.replica_lists(self.native.cluster.jobs.facts(job).results()) if status == "ready" else []

    def replica_lists(self, urls: list[str]) -> list[Any]:
        """URLs of results as Disco gives them: each in a list of replicas, but for a tag."""
        if len(urls) == 1 and urls[0].startswith("tag://"):
            return urls
        return [[url] for url in observed_all(urls, self.native.cluster.jobs)]

    def stage_results(self, job: str, stage: str) -> list[list[str]]:
        """The results of a finished stage, a replica list for each task.

        Raises:
            CommError: 404, if the job is unknown, or has no such stage, or that is not finished.
        """
        self.known(job, "get_stageresults")
        try:
            urls = self.native.cluster.jobs.facts(job).results(stage)
        except CommError as error:
            names = ", ".join(one.name for one in self.native.plan(job)) or "none"
            advice = f"its stages are {names}, and each has results when it is finished"
            raise self.not_found(f"get_stageresults?name={job}&stage={stage}", advice) from error
        return [[url] for url in observed_all(urls, self.native.cluster.jobs)]

    # -- facts -----------------------------------------------------------------------------------------

    def job_info(self, job: str) -> dict[str, Any]:
        """The facts of one job; `pipeline` has a row [stage, pending, waiting, running, done, failed] for each stage.

        Raises:
            CommError: 404, if the job is unknown.
        """
        self.known(job, "jobinfo")
        state = self.native.history.job(job)
        n_running = sum(len(stage.running) for stage in state.stages.values())
        max_cores = self._limits(job).max_cores
        spec = self.native._submissions.spec(job)
        status, results = self.status(job)
        return {
            "timestamp": timestamp(state.submitted_s),
            "active": status,
            "pipeline": [
                [name, *stage_counts(*stage.counters, n_running, max_cores)] for name, stage in state.stages.items()
            ],
            "results": list(flatten(results)),
            "inputs": [url for replicas in self.inputs(job) for url in replicas][:_MOST_INPUTS],
            "worker": f"lib/disco/worker/{'pipeline' if spec.pipeline else 'classic'}/worker.py",
            "hosts": list(state.hosts),
            "owner": spec.username,
        }

    def inputs(self, job: str) -> list[list[str]]:
        """The inputs of a job, each as its replicas, in the order in which they were given."""
        cluster = self.native.cluster
        pieces = [observed_all(piece.urls, cluster.jobs) for piece in self.native._submissions.request(job).inputs]
        return pieces[::-1] if self.native.dialect.inputs_are_reversed else pieces

    def job_dict(self, job: str) -> dict[str, Any]:
        """What the master was told of a job; `map?`, `reduce?` and `reduce_shuffle?` say which stages it has.

        Raises:
            CommError: 404, if the job is unknown.
        """
        self.known(job, "parameters")
        spec = self.native._submissions.spec(job)
        told: dict[str, Any] = {
            "prefix": spec.name,
            "save_results": spec.is_saved,
            "save_info": spec.save_info,
            "scheduler": dict(spec.scheduler),
            "owner": spec.username,
            "input": [replicas if len(replicas) > 1 else replicas[0] for replicas in self.inputs(job)],
            "worker": f"lib/disco/worker/{'pipeline' if spec.pipeline else 'classic'}/worker.py",
        }
        if spec.pipeline:
            told["pipeline"] = [[one.stage.name, one.grouping, one.is_concurrent] for one in spec.pipeline]
            return told
        return {
            **told,
            "map?": spec.map is not None,
            "reduce?": spec.reduce is not None,
            "reduce_shuffle?": bool(spec.reduce_shuffle or spec.shuffle),
            "nr_reduces": spec.partitions,
        }

    def _limits(self, job: str) -> Limits:
        submitted = next(event for event in self.native.cluster.log.of(job) if isinstance(event, JobSubmitted))
        return submitted.limits

    # -- events ----------------------------------------------------------------------------------------

    def lines(self, job: str) -> list[Line]:
        """All lines of a job's log so far, in the words of Disco 0.5.4; each event is told once.

        Raises:
            CommError: 404, if the job is unknown.
        """
        self.known(job, "rawevents")
        cluster = self.native.cluster
        story, told, n_events = self._told.get(job) or (Story(cluster.jobs), [], 0)
        for event in cluster.log.of(job, n_events):
            told.extend(story.tell(event))
            n_events += 1
        self._told[job] = story, told, n_events
        return told

    def events(self, job: str, offset: int) -> Iterator[tuple[int, tuple[str, str, str]]]:
        """(offset, (timestamp, host, message)) of each line behind the `offset`-th."""
        for number, line in enumerate(self.lines(job)[offset:], offset + 1):
            yield number, line.record

    def raw_events(self, job: str, offset: int) -> str:
        """The same as text, one JSON list a line."""
        return "".join(f"{json.dumps(line.record)}\n" for line in self.lines(job)[offset:])

    # -- out-of-band results ----------------------------------------------------------------------------

    def oob_get(self, job: str, key: str) -> Any:
        """The value under a key, None if there is none.

        Raises:
            DiscoError: If the job is unknown, or none of its tasks has put anything.
        """
        entries = self.native.cluster.oob.committed(job)
        if not entries:
            raise DiscoError(
                f"Unknown key or jobname: {self._without_results(job)}",
                job=job,
                key=key,
            )
        entry = entries.get(key)
        return None if entry is None else entry.value

    def oob_list(self, job: str) -> list[str]:
        """The keys of a job's out-of-band results, in the order in which they came.

        Raises:
            CommError: 404, if the job is unknown, or none of its tasks has put anything.
        """
        keys = list(self.native.cluster.oob.committed(job))
        if not keys:
            raise CommError(
                f"Unable to access resource ({self.url}/ddfs/tag/disco:job:oob:{job}): b'Tag not found.' (404); "
                f"{self._without_results(job)}",
                code=404,
            )
        return keys

    # -- control ---------------------------------------------------------------------------------------

    def purge(self, job: str) -> None:
        """Kill and forget a job; its data can be read until garbage is collected: `ddfs.gc()`."""
        self.native.kill(job)
        if self.native.cluster.jobs.status(job) != "unknown job":
            self.native.cluster.forget(job, with_data=True, now=False)

    def let_pass(self) -> None:
        """Let two virtual seconds go by if any job is active, unless a task is asking."""
        jobs = self.native.cluster.jobs
        if worker.running.get() is None and any(jobs.status(job) == "active" for job in jobs):
            self.native.step(until=self.native.now_s + POLL_S)

    # -- what is not there --------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The master's URL, such as http://localhost:8989."""
        return f"http://{self.native.master}"

    def known(self, job: str, what: str) -> str:
        """The job itself, if it is on record.

        Raises:
            CommError: 404, as the endpoint `what` answers for any other.
        """
        if self.native.cluster.jobs.status(job) == "unknown job":
            raise self.not_found(f"{what}?name={job}", self.near(job))
        return job

    def not_found(self, request: str, advice: str) -> CommError:
        """The error of a request to the master that finds nothing."""
        text = f"Unable to access resource ({self.url}/disco/ctrl/{request}): b'Not found.' (404); {advice}"
        return CommError(text, code=404)

    def _without_results(self, job: str) -> str:
        if self.native.cluster.jobs.status(job) == "unknown job":
            return f"there is no job {job!r}; {self.near(job)}"
        return f"no task of job {job!r} that has ended well has put an out-of-band result"

    def near(self, job: str) -> str:
        """What to say of a job that is not on record: that it was forgotten, or which there are."""
        if self.native.cluster.jobs.was_submitted(job):
            return "it was cleaned or purged, so its record is forgotten: ask before that, or run the job again"
        return near_jobs(job, self.native._submissions.on_record)


def checked_rows(rows: Any) -> list[list[str]]:
    """Rows of a configuration table as lists of text: [nodespec, slots].

    Raises:
        DiscoError: If it is no such table, or a node is in it twice.
    """
    if not isinstance(rows, Iterable) or isinstance(rows, (str, bytes)):
        raise InputError(f"config = {rows!r} was given; it is a list of [nodespec, slots], as [['node01:04', '2']]")
    checked: list[list[str]] = []
    for row in rows:
        try:
            nodespec, slots = row
            checked.append([str(nodespec), str(int(slots))])
        except (TypeError, ValueError) as error:
            raise DiscoError(
                f"config has the row {row!r}; a row is [nodespec, slots], such as ['node01', '2']"
            ) from error
    names = [nodespec for nodespec, _ in checked]
    for name in names:
        if names.count(name) > 1:
            raise DiscoError(f"config has {name!r} twice; each node is in the table once: leave one of the rows out")
    return checked
