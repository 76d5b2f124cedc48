"""A recorded job once more on another cluster: the same work, other machines, costs, faults or rules.

What the job's functions computed is used again; a run is computed only if its code asked for something that is
different there, or if there is nothing recorded that it could use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from disco_sim.cluster.incidents import stored_at
from disco_sim.cluster.simulated import SimulatedCluster
from disco_sim.engine.base import Engine
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event
from disco_sim.model.job import JobRequest
from disco_sim.model.plan import Output
from disco_sim.model.work import TaskOutcome, TaskWork
from disco_sim.sim.costs import Costs
from disco_sim.sim.faults import BadReplica, Faults
from disco_sim.store.facts import TaskKey
from disco_sim.store.outcomes import Computed


class Setting(NamedTuple):
    """What a job is played on: the cluster, its prices, what goes wrong, and whether slow tasks get a second run."""

    spec: ClusterSpec
    costs: Costs
    faults: Faults = Faults()
    has_copies: bool = False


@dataclass(frozen=True, slots=True)
class Recording:
    """A job as it can be played again: its request, what its tasks computed, and where its data are."""

    request: JobRequest
    computed: Mapping[TaskKey, Computed]
    source: SimulatedCluster

    @classmethod
    def of(cls, source: SimulatedCluster, job: str) -> Recording:
        """A job of a cluster with everything that is known of it."""
        facts = source.jobs.facts(job)
        return cls(facts.request, dict(facts.computed), source)

    def silent(self) -> Recording:
        """The same job without the messages of its tasks, which take no virtual time but ours."""
        return replace(self, computed={key: one.without_messages() for key, one in self.computed.items()})


class _Counting:
    """An engine that counts what it computes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.n_computed = 0

    def compute(self, work: TaskWork) -> TaskOutcome:
        self.n_computed += 1
        return self._engine.compute(work)


class Played(NamedTuple):
    """A cluster on which a recorded job has run to its end, alone, and how many of its runs had to be computed."""

    cluster: SimulatedCluster
    job: str
    n_computed: int

    @property
    def recording(self) -> Recording:
        """The job as it was played here."""
        return Recording.of(self.cluster, self.job)


def play(recording: Recording, setting: Setting, tell: Callable[[Event], None] | None = None) -> Played:
    """Let a recorded job run in another setting, alone on a cluster whose time begins with it.

    The job has the same name and luck as where it was recorded, so each task has the same noise in every setting. With
    `tell`, that is told of every event, and the cluster keeps no log.
    """
    source = recording.source
    engine = _Counting(source.engine)
    cluster = SimulatedCluster(
        setting.spec,
        engine,
        master=source.master,
        rules=source.rules._replace(keep="all", speculative=setting.has_copies),
        costs=setting.costs,
        faults=setting.faults,
        memory_bytes=source.memory_bytes,
        tell=tell,
    )
    request = recording.request
    request = request._replace(inputs=rehomed(request.inputs, source.spec, setting.spec))
    _lend(source, cluster, request)
    computed = recording.computed
    # What is on a node is put together anew where there are other nodes.
    is_by_node = any(stage.grouping.startswith("group_node") for stage in request.plan)
    is_bad = any(isinstance(fault, BadReplica) for fault in setting.faults)
    are_lasting = all(one.outcome.depends_on.are_lasting for one in computed.values())
    may_compute = is_by_node or is_bad or not are_lasting
    if may_compute and any(not one.has_data for one in computed.values()):
        # Some run may have to be computed, and what it would read was not kept: so everything is computed.
        computed = {}
    cluster.submit(request, computed)
    cluster.finish()
    return Played(cluster, request.name, engine.n_computed)


def rehomed(inputs: tuple[Output, ...], before: ClusterSpec, after: ClusterSpec) -> tuple[Output, ...]:
    """The inputs at home on another cluster: one that had only been given a home gets the one it would have there.

    Data that a node stores stay on the node of that name, or go to the one that comes in its place.
    """
    if before.hosts == after.hosts:
        return inputs
    order = {host: number for number, host in enumerate(before.hosts)}
    hosts = after.hosts

    def home(number: int, host: str, url: str) -> str:
        if host not in order:
            return host
        if not stored_at(host, url):
            return hosts[number % len(hosts)]
        return host if host in hosts else hosts[order[host] % len(hosts)]

    return tuple(
        piece._replace(
            host=home(number, piece.host, piece.blob),
            alternatives=tuple((home(number, *one), one[1]) for one in piece.alternatives),
        )
        for number, piece in enumerate(inputs)
    )


def _lend(source: SimulatedCluster, to: SimulatedCluster, request: JobRequest) -> None:
    """Let runs of the job read what they could read where it was recorded: its inputs, and results of ended jobs."""
    for piece in request.inputs:
        for url in piece.urls:
            if url in source.blobs:
                to.blobs.put(url, source.blobs.get(url))
    to.oob.borrow(source.oob, request.name)
