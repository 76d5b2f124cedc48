"""The jobs that were submitted to one Disco: their parameters and requests, by full name."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from disco_sim.client.arguments import defaults, resolve
from disco_sim.client.prepare import prepare
from disco_sim.cluster.base import Cluster
from disco_sim.error import CommError, near_jobs
from disco_sim.model.dialect import Dialect
from disco_sim.model.job import JobRequest, JobSpec
from disco_sim.model.keyed_random import draw_integer
from disco_sim.store.names import EPOCH_S


class Submissions:
    """Makes requests of parameters, and remembers both.

    A job stays here when its record was cleaned or purged, but is not known any more.
    """

    def __init__(self, cluster: Cluster, namespace: str, dialect: Dialect) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._dialect = dialect
        self._specs: dict[str, JobSpec] = {}
        self._requests: dict[str, JobRequest] = {}
        self._own: dict[str, frozenset[str]] = {}

    def __len__(self) -> int:
        return len(self._specs)

    def __iter__(self) -> Iterator[str]:
        """The full names, in the order of submission."""
        return iter(self._specs)

    def submit(self, name: str, parameters: Mapping[str, Any], attributes: Mapping[str, Any] | None = None) -> str:
        """Submit a job and give its full name; nothing is submitted if anything is wrong with it."""
        serial = len(self)
        full_name = self._full_name(name, serial)
        spec = resolve(name, parameters, attributes, self._dialect)
        own = (frozenset(attributes or ()) & frozenset(defaults())) - frozenset(parameters) - {"prefix", "nr_reduces"}
        request = prepare(spec, full_name, serial, self._cluster, self._namespace, self._dialect, own)
        self._own[full_name] = own
        self._specs[full_name] = _frozen(spec)
        self._requests[full_name] = request
        self._cluster.submit(request)
        return full_name

    @property
    def on_record(self) -> list[str]:
        """The full names of the jobs that were neither cleaned nor purged, in the order of submission."""
        return [name for name in self if self._cluster.archive.status(name) != "unknown job"]

    def known(self, name: str) -> str:
        """The name itself, if it is of a job that is on record.

        Raises:
            CommError: 404, with the names that come near, for any other.
        """
        if self._cluster.archive.status(name) == "unknown job":
            raise CommError(f"Not found: unknown job {name!r}; {near_jobs(name, self.on_record)}", name, 404)
        return name

    def spec(self, name: str) -> JobSpec:
        """The parameters of a job, every default filled in."""
        return self._specs[self.known(name)]

    def request(self, name: str) -> JobRequest:
        """What the cluster got of a job."""
        return self._requests[self.known(name)]

    def again(self, name: str, changes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The parameters and the Job's own attributes that make the same job again, but for the `changes`."""
        spec = vars(self.spec(name))
        given = {key: spec[key] for key in spec if key in defaults() and key not in ("prefix", "nr_reduces")}
        own = {key: given.pop(key) for key in sorted(self._own[name])}
        return {**given, **changes}, own

    def repartitioned(self, name: str, partitions: int) -> JobRequest:
        """The request of a job as it would be with another number of partitions; its name, inputs and luck stay."""
        before = self.request(name)
        spec = resolve(name.partition("@")[0], *self.again(name, {"partitions": partitions}), self._dialect)
        request = prepare(spec, name, before.serial, self._cluster, self._namespace, self._dialect, self._own[name])
        return request._replace(inputs=before.inputs)

    def _full_name(self, prefix: str, serial: int) -> str:
        """A name like Disco's, prefix@megaseconds:seconds:microseconds in hex, from seed, port and count alone."""
        megaseconds, seconds = divmod(EPOCH_S + serial, 10**6)
        port = self._cluster.master.rpartition(":")[2]
        microseconds = draw_integer(self._cluster.rules.seed, "job name", port, serial) % 10**6
        return f"{prefix}@{megaseconds:x}:{seconds:x}:{microseconds:x}"


def _frozen(spec: JobSpec) -> JobSpec:
    """The parameters as they were shipped: what is changed in the notebook later is not changed here."""
    return replace(spec, params=copy.deepcopy(spec.params), scheduler=dict(spec.scheduler))
