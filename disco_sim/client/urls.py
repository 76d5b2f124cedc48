"""URLs of results in the two forms they have: ours, and the one that Disco 0.5.4 was seen to give.

Ours names a task within its stage, `dir://node01:8989/disco/node01/8a/JOB/reduce-0.index`. Disco's counts tasks
through the whole job and says when the result was made, in microseconds since 1970:
`dir://node01/disco/node01/8a/JOB/.disco/reduce-3-1283299203456789.results`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from disco_sim.client.info import EPOCH_S
from disco_sim.client.registry import FIRST_PORT, cluster_of
from disco_sim.cluster.base import Cluster
from disco_sim.error import CommError
from disco_sim.model import events

_OURS = re.compile(
    r"dir://(?P<host>[^/:]+):(?P<port>\d+)/(?P<folder>disco/.+)/(?P<job>[^/]+)/(?P<stage>[^/]+)-(?P<task>\d+)\.index"
)
_OBSERVED = re.compile(
    r"dir://(?P<host>[^/:]+)(:(?P<port>\d+))?/(?P<folder>disco/.+)/(?P<job>[^/]+)/\.disco"
    r"/(?P<stage>[^/]+)-(?P<number>\d+)-(?P<made_us>\d+)\.results"
)


def observed(url: str, cluster: Cluster) -> str:
    """The URL of a result as Disco 0.5.4 gives it; any other URL as it is.

    A host has no port where the master's is 8989.
    """
    return observed_all([url], cluster)[0]


def observed_all(urls: Iterable[str], cluster: Cluster) -> list[str]:
    """`observed` of each of the URLs, in their order; the log of each job is read once."""
    jobs: dict[str, _Tasks] = {}
    told: list[str] = []
    for url in urls:
        found = _OURS.fullmatch(url)
        if found is None or not cluster.log.n_events(found["job"]):
            told.append(url)
            continue
        job = found["job"]
        if job not in jobs:
            jobs[job] = _Tasks(cluster, job)
        stage, task = found["stage"], int(found["task"])
        port = "" if int(found["port"]) == FIRST_PORT else f":{found['port']}"
        name = f"{stage}-{jobs[job].number(stage, task)}-{jobs[job].made_us(stage, task)}.results"
        told.append(f"dir://{found['host']}{port}/{found['folder']}/{job}/.disco/{name}")
    return told


def native(url: str, own: Cluster | None = None) -> str:
    """The URL of a result as the simulator has it, of one that Disco 0.5.4 would give; any other URL as it is.

    `own` is the cluster that is asked first. When the result was made does not matter: its task says which it is.

    Raises:
        CommError: If no open Disco has the URL's port, or that one never had such a task.
    """
    found = _OBSERVED.fullmatch(url)
    if found is None:
        return url
    stage, number = found["stage"], int(found["number"])
    where = f"dir://{found['host']}:{found['port'] or FIRST_PORT}/{found['folder']}/{found['job']}"
    task = _Tasks(cluster_of(where, own), found["job"]).task(stage, number)
    if task is None:
        raise CommError("Unable to access resource: no such result; take the URL from job.results()", url, 404)
    return f"{where}/{stage}-{task}.index"


class _Tasks:
    """The tasks of a job as its log tells them, for that stays when the job's record is gone."""

    def __init__(self, cluster: Cluster, job: str) -> None:
        self._first: dict[str, tuple[int, int]] = {}
        self._ended_s: dict[tuple[str, int], float] = {}
        n_tasks = 0
        for event in cluster.log.of(job):
            if isinstance(event, events.StageStarted):
                self._first[event.stage] = n_tasks, len(event.tasks)
                n_tasks += len(event.tasks)
            elif isinstance(event, events.RunFinished):
                self._ended_s[event.stage, event.task] = event.time_s

    def number(self, stage: str, task: int) -> int:
        """The number of a task through the whole job."""
        return self._first.get(stage, (0, 0))[0] + task

    def task(self, stage: str, number: int) -> int | None:
        """The number within its stage of the task that has `number` in the job; None if there is none."""
        first, n_tasks = self._first.get(stage, (0, 0))
        return number - first if first <= number < first + n_tasks else None

    def made_us(self, stage: str, task: int) -> int:
        """When the task's latest run ended, in virtual microseconds since 1970."""
        return EPOCH_S * 10**6 + round(self._ended_s.get((stage, task), 0.0) * 10**6)
