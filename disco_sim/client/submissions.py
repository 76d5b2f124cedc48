"""How jobs are submitted: parameters become requests, and a job's parameters make the same job again."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from disco_sim.client.arguments import defaults, resolve
from disco_sim.client.prepare import prepare
from disco_sim.cluster.base import Cluster
from disco_sim.error import CommError, near_jobs
from disco_sim.model.dialect import Dialect
from disco_sim.model.job import JobRequest, JobSpec
from disco_sim.store.facts import UNKNOWN


class Submissions:
    """Makes requests of parameters, as `namespace` and `dialect` say; the cluster's jobs keep both."""

    def __init__(self, cluster: Cluster, namespace: str, dialect: Dialect) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._dialect = dialect

    def submit(self, name: str, parameters: Mapping[str, Any], attributes: Mapping[str, Any] | None = None) -> str:
        """Submit a job and give its full name; nothing is submitted if anything is wrong with it."""
        cluster = self._cluster
        port = cluster.master.rpartition(":")[2]
        full_name = cluster.jobs.name(name, cluster.rules.seed, port)
        spec = resolve(name, parameters, attributes, self._dialect)
        own = (frozenset(attributes or ()) & frozenset(defaults())) - frozenset(parameters) - {"prefix", "nr_reduces"}
        request = prepare(spec, full_name, cluster.jobs.n_submitted, cluster, self._namespace, self._dialect, own)
        cluster.submit(request._replace(oob_is_unique=self._dialect.oob_is_strict, spec=_frozen(spec), own=own))
        return full_name

    @property
    def on_record(self) -> list[str]:
        """The full names of the jobs that were neither cleaned nor purged, in the order of submission."""
        jobs = self._cluster.jobs
        return [name for name in jobs if jobs.status(name) != UNKNOWN]

    def known(self, name: str) -> str:
        """The name itself, if it is of a job that is on record.

        Raises:
            CommError: 404, with the names that come near, for any other.
        """
        if self._cluster.jobs.status(name) == UNKNOWN:
            raise CommError(f"Not found: unknown job {name!r}; {near_jobs(name, self.on_record)}", name, 404)
        return name

    def spec(self, name: str) -> JobSpec:
        """The parameters of a job, every default filled in.

        Raises:
            CommError: 404, if the job is unknown or was submitted without a Disco.
        """
        spec = self.request(name).spec
        if spec is None:
            raise CommError(f"Not found: job {name!r} was submitted as a plan, without parameters", name, 404)
        return spec

    def request(self, name: str) -> JobRequest:
        """What the cluster got of a job."""
        return self._cluster.jobs.facts(self.known(name)).request

    def again(self, name: str, changes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The parameters and the Job's own attributes that make the same job again, but for the `changes`."""
        spec = vars(self.spec(name))
        given = {key: spec[key] for key in spec if key in defaults() and key not in ("prefix", "nr_reduces")}
        own = {key: given.pop(key) for key in sorted(self.request(name).own)}
        return {**given, **changes}, own

    def repartitioned(self, name: str, partitions: int) -> JobRequest:
        """The request of a job as it would be with another number of partitions; its name, inputs and luck stay."""
        before = self.request(name)
        spec = resolve(name.partition("@")[0], *self.again(name, {"partitions": partitions}), self._dialect)
        request = prepare(spec, name, before.serial, self._cluster, self._namespace, self._dialect, before.own)
        return request._replace(inputs=before.inputs, oob_is_unique=before.oob_is_unique)


def _frozen(spec: JobSpec) -> JobSpec:
    """The parameters as they were shipped: what is changed in the notebook later is not changed here."""
    return replace(spec, params=copy.deepcopy(spec.params), scheduler=dict(spec.scheduler))
