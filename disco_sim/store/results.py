"""Results of jobs by URL, in the two forms that they have: ours, and the one that Disco 0.5.4 was seen to give.

Ours names a task within its stage, `dir://node01:8989/disco/node01/8a/JOB/count-0.index`. Disco's counts tasks
through the whole job and says when the result was made, in microseconds since 1970:
`dir://node01/disco/node01/8a/JOB/.disco/count-3-1283299203456789.results`. The data behind both are
`disco://node01:8989/disco/node01/8a/JOB/count-0-0`, whose port may be left out where it is 8989.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from disco_sim.error import CommError
from disco_sim.store.facts import JobFacts
from disco_sim.store.jobs import Jobs
from disco_sim.util import DISCO_PORT

_RESULT = re.compile(
    r"dir://[^/:]+(:\d+)?/disco/.+/(?P<job>[^/]+)/"
    r"((?P<stage>[^/]+)-(?P<task>\d+)\.index|\.disco/(?P<stage_then>[^/]+)-(?P<number>\d+)-\d+\.results)"
)
_DATA = re.compile(r"disco://(?P<host>[^/:]+)(?P<port>:\d+)?/(?P<path>disco/.+/(?P<job>[^/]+)/[^/]+)")


class ResultRef(NamedTuple):
    """One task's result: its job, stage, and number, in its stage or, where it `is_of_job`, through the whole job.

    >>> ResultRef.parse("dir://node01:8989/disco/node01/8a/words@1:2:3/count-0.index")
    ResultRef(job='words@1:2:3', stage='count', number=0, is_of_job=False)
    >>> ResultRef.parse("dir://node01/disco/node01/8a/words@1:2:3/.disco/count-3-1283299203456789.results")
    ResultRef(job='words@1:2:3', stage='count', number=3, is_of_job=True)
    """

    job: str
    stage: str
    number: int
    is_of_job: bool

    @classmethod
    def parse(cls, url: str) -> ResultRef | None:
        """What a URL refers to; None if it is no URL of a result."""
        found = _RESULT.fullmatch(url)
        if found is None:
            return None
        if found["number"] is not None:
            return cls(found["job"], found["stage_then"], int(found["number"]), True)
        return cls(found["job"], found["stage"], int(found["task"]), False)

    def task(self, facts: JobFacts) -> int | None:
        """The number of the task in its stage; None if the job never had it."""
        if self.stage not in facts.tasks:
            return None
        task = self.number - facts.first_of(self.stage) if self.is_of_job else self.number
        return task if 0 <= task < len(facts.tasks[self.stage]) else None


def job_of(url: str) -> str | None:
    """The name of the job whose result, or whose data, a URL is of; None for any other URL.

    >>> job_of("disco://node01/disco/node01/8a/words@1:2:3/split-0-0"), job_of("disco://node01/ddfs/vol0/blob/aa/b$1-2-3")
    ('words@1:2:3', None)
    """
    ref = ResultRef.parse(url)
    if ref is not None:
        return ref.job
    found = _DATA.fullmatch(url)
    return None if found is None else found["job"]


def index_of(jobs: Jobs, url: str) -> list[tuple[int, str]]:
    """The (label, URL of the data) pairs behind the `dir://` URL of a result.

    Raises:
        CommError: 404, if there is no such result.
    """
    ref = ResultRef.parse(url)
    found = None
    if ref is not None and ref.job in jobs:
        facts = jobs[ref.job]
        task = ref.task(facts)
        found = None if task is None else facts.index(ref.stage, task)
    if found is None:
        raise CommError("Unable to access resource: no such result; take the URL from job.results()", url, 404)
    return found


def with_port(url: str) -> str:
    """The URL of a job's data with its port, if that is left out; any other URL as it is.

    >>> with_port("disco://node01/disco/node01/8a/words@1:2:3/split-0-0")
    'disco://node01:8989/disco/node01/8a/words@1:2:3/split-0-0'
    """
    found = _DATA.fullmatch(url)
    return url if found is None or found["port"] else f"disco://{found['host']}:{DISCO_PORT}/{found['path']}"
