"""Plans of what goes wrong on a simulated cluster: written down before it runs, and asked while it does.

Knows what was planned; what a fault does to a cluster is known to the cluster alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any, Self, TypeVar

from disco_sim import tables
from disco_sim.error import DiscoError, nearest
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.events import Event, NetworkCut, NetworkHealed, NodeDied, NodeReturned, NodeSlowed
from disco_sim.sim.fault import (
    BadReplica,
    CrashRun,
    CutNetwork,
    Fault,
    KillNode,
    LoseOutput,
    RestoreNode,
    SlowNode,
    TaskFault,
    placed,
    start_of,
    text_of,
)
from disco_sim.sim.faultbuilder import METHODS, FaultBuilder
from disco_sim.sim.faultluck import lucky_faults, spec_of

# Whoever plans or reads faults needs one module only.
__all__ = [
    "BadReplica",
    "CrashRun",
    "CutNetwork",
    "Fault",
    "FaultBuilder",
    "Faults",
    "KillNode",
    "LoseOutput",
    "RestoreNode",
    "SlowNode",
    "TaskFault",
]

OfTask = TypeVar("OfTask", CrashRun, BadReplica)

_COLUMNS = ("fault", "where", "at_s", "until_s", "what")


@dataclass(frozen=True, eq=False, repr=False)
class Faults(FaultBuilder):
    """What goes wrong on a cluster, as a value that never changes: each method gives a plan with one more fault.

    A plan has no now: `kill`, `restore` and `cut` need `at`, and `slow` without it begins with the cluster.

    >>> faults = Faults().kill("node02", at=3.0).slow("node01", factor=4.0, until=9.0)
    >>> faults + Faults().crash("parse:3")
    Faults().kill('node02', at=3.0).slow('node01', factor=4.0, until=9.0).crash('parse:3')
    >>> faults.crash("parse:3").crashes("count@1:2:3", "parse", 3, attempt=0)
    True
    >>> [type(event).__name__ for event in faults.events(ClusterSpec.of(4))]
    ['NodeSlowed', 'NodeDied', 'NodeSlowed']

    Raises:
        DiscoError: For a fault with a value that cannot be, or without the time that it needs.
    """

    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "faults", tuple(_planned(_checked(fault)) for fault in self.faults))

    @classmethod
    def random(
        cls, seed: int, nodes: int | str | Sequence[str] | ClusterSpec = 4, until: float = 20.0, n: int = 6
    ) -> Faults:
        """`n` faults by luck before `until`, such that a job survives them; the first of them are a plan of fewer.

        `nodes` is a number of nodes (node01, ...), a list of hosts, or a cluster. Tasks are `USUAL_TASKS`: the first
        eight of the first stage and the first four of the second; a job that has fewer has fewer faults, and a warning
        in its log. The rules of survival:

        - One node, chosen by luck, is never killed. The others may be, once each, and may return or not.
        - Every cut heals before `until`.
        - At most two faults make runs of one task fail: a crash of its run 0 or 1, or a replica that is bad for its
          first run only. Four failures would end a job. Kills count as none.
        - Only what tasks of the first stage stored is lost by itself, once each.

        Results of a job that has ended stay readable when their node dies, but a later job that has them as input
        cannot read them until the node is there again.
        """
        return cls(lucky_faults(seed, spec_of(nodes), until, n))

    def _with(self, fault: Fault) -> Self:
        # Only the new fault is checked, so that a long plan is made in no time.
        made = object.__new__(type(self))
        object.__setattr__(made, "faults", (*self.faults, _planned(fault)))
        return made

    def __len__(self) -> int:
        return len(self.faults)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.faults)

    def __add__(self, other: object) -> Faults:
        """Both plans as one."""
        return Faults(self.faults + other.faults) if isinstance(other, Faults) else NotImplemented

    def __eq__(self, other: object) -> bool:
        # Killing and restoring a node at one time are equal tuples, so the kinds are compared too.
        return self._parts == other._parts if isinstance(other, Faults) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._parts)

    def __reduce__(self) -> tuple[Any, ...]:
        return Faults, (self.faults,)

    def __repr__(self) -> str:
        return ".".join(["Faults()", *(text_of(fault) for fault in self.faults)])

    @property
    def _parts(self) -> tuple[tuple[Any, ...], ...]:
        return tuple((type(fault), *fault) for fault in self.faults)

    def check(self, spec: ClusterSpec, now_s: float = 0.0) -> None:
        """Refuse what cannot happen on the cluster `spec` any more, or at all.

        Raises:
            DiscoError: For a host that the cluster does not have, a time before `now_s`, or a cut with nothing on one
                side.
        """
        hosts = dict.fromkeys(spec.hosts)
        for fault in self.faults:
            for host in _hosts_of(fault):
                if host not in hosts:
                    near = nearest(host, hosts) or list(hosts)[:3]
                    raise DiscoError(
                        f"{text_of(fault)} is planned, but the cluster has no host {host!r}; a fault is of a host of "
                        f"the cluster, such as {' or '.join(near)}",
                        host=host,
                    )
            if isinstance(fault, CutNetwork) and fault.others is None and hosts.keys() <= set(fault.hosts):
                raise DiscoError(
                    f"{text_of(fault)} is planned, but these are all hosts of the cluster, so nothing is left on the "
                    "other side; name fewer hosts, or give others=",
                    hosts=fault.hosts,
                )
            at_s = None if isinstance(fault, CrashRun | BadReplica) else fault.at_s
            if at_s is not None and at_s < now_s:
                raise DiscoError(
                    f"{text_of(fault)} is in the past: the cluster is at {now_s:.3f} s; a fault is planned before it "
                    f"happens: give at={ceil(now_s * 1000) / 1000!r} or later",
                    at_s=at_s,
                    now_s=now_s,
                )

    def events(self, spec: ClusterSpec) -> tuple[Event, ...]:
        """What happens to nodes and network by itself, in order of time; at one time, in the order of the plan.

        Raises:
            DiscoError: As `check` does.
        """
        self.check(spec)
        events = [event for fault in self.faults for event in _events_of(fault, spec.hosts)]
        return tuple(sorted(events, key=lambda event: event.time_s))

    def crashes(self, job: str, stage: str, task: int, attempt: int) -> bool:
        """Whether this run crashes."""
        faults = self._crashes.get((stage, task))
        return faults is not None and any(fault.run == attempt and _is_of(fault, job) for fault in faults)

    def bad_replicas(self, job: str, stage: str, task: int, attempt: int) -> tuple[tuple[int, str], ...]:
        """The numbers of the replicas that this run finds bad, with `corrupt` or `missing`, as first planned."""
        faults = self._bad_replicas.get((stage, task))
        if faults is None:
            return ()
        found: dict[int, str] = {}
        for fault in faults:
            if _is_for(fault, attempt) and _is_of(fault, job):
                found.setdefault(fault.replica, fault.what)
        return tuple(found.items())

    def of_run(self, job: str, stage: str, task: int, attempt: int) -> list[CrashRun | BadReplica]:
        """The crashes of this run, and the bad replicas that it may find."""
        crashes = self._crashes.get((stage, task), ())
        bad_replicas = self._bad_replicas.get((stage, task), ())
        return [
            *(fault for fault in crashes if fault.run == attempt and _is_of(fault, job)),
            *(fault for fault in bad_replicas if _is_for(fault, attempt) and _is_of(fault, job)),
        ]

    def of_job(self, job: str) -> Iterator[TaskFault]:
        """The faults of tasks that are about this job, in the order of the plan."""
        return (fault for fault in self.faults if isinstance(fault, TaskFault) and _is_of(fault, job))

    def losses(self, job: str) -> tuple[LoseOutput, ...]:
        """What of this job's output is lost by itself."""
        return tuple(fault for fault in self._losses if _is_of(fault, job))

    # A cluster asks for every run of every task, so the answers are looked up, not searched for.

    @cached_property
    def _crashes(self) -> dict[tuple[str, int], list[CrashRun]]:
        return _by_task(fault for fault in self.faults if isinstance(fault, CrashRun))

    @cached_property
    def _bad_replicas(self) -> dict[tuple[str, int], list[BadReplica]]:
        return _by_task(fault for fault in self.faults if isinstance(fault, BadReplica))

    @cached_property
    def _losses(self) -> tuple[LoseOutput, ...]:
        return tuple(fault for fault in self.faults if isinstance(fault, LoseOutput))

    def table(self) -> tables.Table:
        """A row per fault, in the order of the plan; times that are not known before are None."""
        return tables.Table(_COLUMNS, [_row(fault) for fault in self.faults])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        title = f"Faults ({len(self)})"
        text = f"{title}\n{tables.table_text(self.table(), indent='  ')}"
        return {"text/plain": text, "text/html": tables.table(self.table(), title)}

    def to_json(self) -> str:
        """The plan as JSON, a line per fault: its method and the arguments that were given."""
        import json

        calls = [fault.call() for fault in self.faults]
        return "[" + ",\n ".join(json.dumps({"fault": name, **given}) for name, given in calls) + "]"

    @classmethod
    def from_json(cls, text: str | bytes) -> Faults:
        """The plan that `to_json` wrote.

        Raises:
            DiscoError: If it is no such text.
        """
        import json

        try:
            entries = json.loads(text)
        except ValueError as error:
            raise DiscoError(f"faults cannot be read: {error}; the text is what Faults.to_json() gave") from None
        if not isinstance(entries, list):
            raise DiscoError(f"faults are a list in JSON, not {type(entries).__name__}; use what Faults.to_json() gave")
        plan = cls()
        for entry in entries:
            given = dict(entry) if isinstance(entry, dict) else {}
            name = given.pop("fault", None)
            if name not in METHODS:
                raise DiscoError(
                    f"{json.dumps(entry)} is no fault; a fault is an object whose 'fault' is one of "
                    f"{', '.join(METHODS)}",
                    entry=entry,
                )
            method = getattr(plan, name)
            try:
                inspect.signature(method).bind(**given)
            except TypeError as error:
                raise DiscoError(
                    f"{json.dumps(entry)} is no fault: {error}; its other entries are the arguments of {name}()",
                    entry=entry,
                ) from None
            plan = method(**given)
        return plan


def _by_task(faults: Iterable[OfTask]) -> dict[tuple[str, int], list[OfTask]]:
    found: dict[tuple[str, int], list[OfTask]] = {}
    for fault in faults:
        found.setdefault((fault.stage, fault.task), []).append(fault)
    return found


def _checked(fault: object) -> Fault:
    if not isinstance(fault, Fault):
        raise DiscoError(
            f"Faults was given {fault!r}, which is no fault; a plan is made by the methods of an empty one: "
            "Faults().kill('node02', at=3.0)"
        )
    return fault.checked()


def _planned(fault: Fault) -> Fault:
    """The fault with the time that it has in a plan."""
    if isinstance(fault, SlowNode):
        return placed(fault, 0.0)
    if isinstance(fault, KillNode | RestoreNode | CutNetwork):
        start_of(fault)
    return fault


def _hosts_of(fault: Fault) -> tuple[str, ...]:
    match fault:
        case KillNode() | RestoreNode() | SlowNode():
            return (fault.host,)
        case CutNetwork():
            return fault.hosts + (fault.others or ())
        case _:
            return ()


def _events_of(fault: Fault, hosts: tuple[str, ...]) -> Iterator[Event]:
    match fault:
        case KillNode():
            yield NodeDied(start_of(fault), fault.host)
        case RestoreNode():
            yield NodeReturned(start_of(fault), fault.host)
        case SlowNode():
            yield NodeSlowed(start_of(fault), fault.host, fault.factor)
            if fault.until_s is not None:
                yield NodeSlowed(fault.until_s, fault.host, 1.0)
        case CutNetwork():
            one = tuple(host for host in hosts if host in fault.hosts)
            other = tuple(host for host in hosts if (host in fault.others if fault.others else host not in fault.hosts))
            yield NetworkCut(start_of(fault), one, other)
            if fault.until_s is not None:
                yield NetworkHealed(fault.until_s, one, other)


def _is_of(fault: TaskFault, job: str) -> bool:
    return fault.job is None or fault.job == job or fault.job == job.partition("@")[0]


def _is_for(fault: BadReplica, attempt: int) -> bool:
    return fault.runs is None or attempt < fault.runs


def _row(fault: Fault) -> tuple[Any, ...]:
    where, what = fault.told()
    return fault.call()[0], where, getattr(fault, "at_s", None), getattr(fault, "until_s", None), what
