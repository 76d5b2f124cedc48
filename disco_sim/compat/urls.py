"""URLs of results as Disco 0.5.4 gives them; `disco_sim.store.results` says what both forms look like."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from disco_sim.client.registry import open_discos, owner_of
from disco_sim.compat.masters import is_observed
from disco_sim.error import CommError
from disco_sim.store.jobs import Jobs
from disco_sim.store.names import EPOCH_S
from disco_sim.store.results import ResultRef, job_of
from disco_sim.util import DISCO_PORT, schemesplit

_PORT = f":{DISCO_PORT}/"


def observed(url: str, jobs: Jobs) -> str:
    """The URL of a result of one of the `jobs`, or of its data, as Disco 0.5.4 gives it; any other URL as it is.

    A host has no port where the master's is 8989.
    """
    scheme = schemesplit(url)[0]
    if scheme == "disco" and job_of(url) is not None:
        return url.replace(_PORT, "/", 1)
    ref = ResultRef.parse(url)
    if ref is None or ref.is_of_job or ref.job not in jobs:
        return url
    facts = jobs[ref.job]
    if ref.stage not in facts.tasks:
        return url
    done = facts.done[ref.stage].get(ref.number)
    made_us = EPOCH_S * 10**6 + round((0.0 if done is None else done.end_s) * 10**6)
    number = facts.first_of(ref.stage) + ref.number
    folder = url.rpartition("/")[0].replace(_PORT, "/", 1)
    return f"{folder}/.disco/{ref.stage}-{number}-{made_us}.results"


def observed_all(urls: Iterable[str], jobs: Jobs) -> list[str]:
    """`observed` of each of the URLs, in their order."""
    return [observed(url, jobs) for url in urls]


def told(url: str) -> str:
    """A URL as old code is told it: as Disco 0.5.4 would, where the Disco that it is of speaks that dialect."""
    if job_of(url) is None:
        return url
    with suppress(CommError):
        cluster = owner_of(url)
        for disco in open_discos():
            if disco.cluster is cluster:
                return observed(url, cluster.jobs) if is_observed(disco) else url
    return url
