"""URLs of results in the two forms they have: ours, and the one that Disco 0.5.4 was seen to give.

Ours names a task within its stage, `dir://node01:8989/disco/node01/8a/JOB/reduce-0.index`. Disco's counts tasks
through the whole job and says when the result was made, in microseconds since 1970:
`dir://node01/disco/node01/8a/JOB/.disco/reduce-3-1283299203456789.results`. The data behind both are
`disco://node01:8989/disco/node01/8a/JOB/reduce-0-0`, whose port may be left out where it is 8989.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from weakref import WeakKeyDictionary

from disco_sim.client.registry import FIRST_PORT, cluster_of
from disco_sim.cluster.base import Cluster
from disco_sim.error import CommError, DataError
from disco_sim.model import events
from disco_sim.model.work import Blob
from disco_sim.store.names import EPOCH_S

_OURS = re.compile(
    r"dir://(?P<host>[^/:]+):(?P<port>\d+)/(?P<folder>disco/.+)/(?P<job>[^/]+)/(?P<stage>[^/]+)-(?P<task>\d+)\.index"
)
_OBSERVED = re.compile(
    r"dir://(?P<host>[^/:]+)(:(?P<port>\d+))?/(?P<folder>disco/.+)/(?P<job>[^/]+)/\.disco"
    r"/(?P<stage>[^/]+)-(?P<number>\d+)-(?P<made_us>\d+)\.results"
)
_DATA = re.compile(rf"disco://(?P<host>[^/:]+)(?P<port>:{FIRST_PORT})?/(?P<path>disco/.+)")


def observed(url: str, cluster: Cluster) -> str:
    """The URL of a result, or of its data, as Disco 0.5.4 gives it; any other URL as it is.

    A host has no port where the master's is 8989.
    """
    return observed_all([url], cluster)[0]


def observed_all(urls: Iterable[str], cluster: Cluster) -> list[str]:
    """`observed` of each of the URLs, in their order."""
    return [_observed(url, cluster) for url in urls]


def _observed(url: str, cluster: Cluster) -> str:
    data = _DATA.fullmatch(url)
    if data is not None:
        return f"disco://{data['host']}/{data['path']}"
    found = _OURS.fullmatch(url)
    if found is None or not cluster.log.n_events(found["job"]):
        return url
    job, stage, task = found["job"], found["stage"], int(found["task"])
    tasks = _tasks(cluster, job)
    port = "" if int(found["port"]) == FIRST_PORT else f":{found['port']}"
    name = f"{stage}-{tasks.number(stage, task)}-{tasks.made_us(stage, task)}.results"
    return f"dir://{found['host']}{port}/{found['folder']}/{job}/.disco/{name}"


def native(url: str, own: Cluster | None = None) -> str:
    """The URL of a result, or of its data, as the simulator has it, of one that Disco 0.5.4 would give; others stay.

    `own` is the cluster that is asked first. When the result was made does not matter: its task says which it is.

    Raises:
        CommError: If no open Disco has the port of a result's URL, or that one never had such a task.
    """
    found = _OBSERVED.fullmatch(url)
    if found is None:
        return native_data(url)
    stage, number = found["stage"], int(found["number"])
    where = f"dir://{found['host']}:{found['port'] or FIRST_PORT}/{found['folder']}/{found['job']}"
    with _named(url, where):
        cluster = cluster_of(where, own)
    task = _tasks(cluster, found["job"]).task(stage, number)
    if task is None:
        raise CommError("Unable to access resource: no such result; take the URL from job.results()", url, 404)
    return f"{where}/{stage}-{task}.index"


def native_data(url: str) -> str:
    """The URL of a result's data with its port, if that is left out; any other URL as it is.

    >>> native_data("disco://node01/disco/node01/8a/words@1:2:3/map-0-0")
    'disco://node01:8989/disco/node01/8a/words@1:2:3/map-0-0'
    """
    found = _DATA.fullmatch(url)
    return url if found is None else f"disco://{found['host']}:{FIRST_PORT}/{found['path']}"


def index_of(url: str, own: Cluster | None = None) -> list[tuple[int, str]]:
    """The (label, URL of the data) pairs behind the `dir://` URL of a result, in either form; the data's are ours.

    Raises:
        CommError: If the result, or the Disco that made it, is gone; it names the URL that was given.
    """
    at = native(url, own)
    with _named(url, at):
        return cluster_of(at, own).archive.index(at)


def data_of(url: str, own: Cluster | None = None) -> Blob:
    """What a `disco://` or `split://` URL holds, in either form.

    Raises:
        CommError: If no open Disco has the URL's port; it names the URL that was given.
        DataError: If there is nothing, or nothing any more.
    """
    at = native_data(url)
    with _named(url, at):
        return cluster_of(at, own).archive.read(at)


@contextmanager
def _named(url: str, at: str) -> Iterator[None]:
    """Within it, errors about `at` are about `url`, which is what the user wrote."""
    try:
        yield
    except DataError as error:
        if vars(error).get("url") == at:
            vars(error)["url"] = url
        raise


class _Tasks:
    """The tasks of a job as its log tells them, for that stays when the job's record is gone."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[int, int]] = {}
        self._ended_s: dict[tuple[str, int], float] = {}
        self._n_events = 0

    def follow(self, cluster: Cluster, job: str) -> None:
        """Learn what has happened since."""
        for event in cluster.log.of(job, self._n_events):
            # Whoever interrupts this has an event told once more, which changes nothing.
            if isinstance(event, events.StageStarted) and event.stage not in self._first:
                self._first[event.stage] = sum(n_tasks for _, n_tasks in self._first.values()), len(event.tasks)
            elif isinstance(event, events.RunFinished):
                self._ended_s[event.stage, event.task] = event.time_s
            self._n_events += 1

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


_known: WeakKeyDictionary[Cluster, dict[str, _Tasks]] = WeakKeyDictionary()
_following = Lock()


def _tasks(cluster: Cluster, job: str) -> _Tasks:
    """The tasks of a job so far; its log is read once, and from then on only what has been added."""
    with _following:
        jobs = _known.setdefault(cluster, {})
        tasks = jobs[job] if job in jobs else _Tasks()
        tasks.follow(cluster, job)
        if tasks._n_events:
            jobs[job] = tasks
        return tasks
