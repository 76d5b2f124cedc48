"""One thing that goes wrong on a simulated cluster, as a value that can be checked, told and written down.

Knows what each fault says of itself; not which others there are (`faults`), and nothing of the cluster they hit.
Times are virtual seconds of the cluster; `at_s=None` is "now", for a cluster that runs, and is never part of a plan.
`job=None` is any job, else a full job name, or what stands before its '@'.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from disco_sim.error import DiscoError
from disco_sim.model.taskname import task_named

_MOST = 1e9
"""The largest time and factor: thirty years. Beyond, virtual times lose their fractions of a second."""

Call = tuple[str, dict[str, Any]]
"""The method that plans a fault, and its arguments; those that have their default are left out."""


class KillNode(NamedTuple):
    """A node dies, with all that runs there and what tasks of active jobs stored there."""

    host: str
    at_s: float | None = None

    def checked(self) -> KillNode:
        """The same with numbers as floats; DiscoError for a value that cannot be."""
        return KillNode(_host("kill", self.host), _time("kill", "at", self.at_s))

    def call(self) -> Call:
        """How it is planned."""
        return "kill", _given(host=self.host, at=self.at_s)

    def told(self) -> tuple[str, str]:
        """Where it happens, and what, as a sentence."""
        return self.host, f"{self.host} dies; what runs and what tasks stored there is lost"


class RestoreNode(NamedTuple):
    """A dead node returns, without what tasks of active jobs had stored there."""

    host: str
    at_s: float | None = None

    def checked(self) -> RestoreNode:
        """The same with numbers as floats; DiscoError for a value that cannot be."""
        return RestoreNode(_host("restore", self.host), _time("restore", "at", self.at_s))

    def call(self) -> Call:
        """How it is planned."""
        return "restore", _given(host=self.host, at=self.at_s)

    def told(self) -> tuple[str, str]:
        """Where it happens, and what, as a sentence."""
        return self.host, f"{self.host} is there again and can take runs"


class SlowNode(NamedTuple):
    """CPU and disk of a node are `factor` times slower than they were made, until `until_s` or for ever."""

    host: str
    factor: float
    at_s: float | None = None
    until_s: float | None = None

    def checked(self) -> SlowNode:
        """The same with numbers as floats; DiscoError for a value that cannot be."""
        if not is_number(self.factor) or not 1 <= self.factor <= _MOST:
            raise DiscoError(
                f"slow(factor={self.factor!r}) was given; factor says how many times slower, and is a number from 1 to "
                f"{_MOST:g}: factor=4.0. A node that is fast is made so: Disco(nodes='node01 @2')",
                name="factor",
            )
        span = _span("slow", self.at_s, self.until_s)
        return SlowNode(_host("slow", self.host), float(self.factor), *span)

    def call(self) -> Call:
        """How it is planned."""
        return "slow", _given(host=self.host, factor=self.factor, at=self.at_s or None, until=self.until_s)

    def told(self) -> tuple[str, str]:
        """Where it happens, and what, as a sentence."""
        return self.host, f"CPU and disk of {self.host} are {self.factor:g} times slower"


class CutNetwork(NamedTuple):
    """Nothing moves between `hosts` and `others` (None: all others) until `until_s`, when it goes on."""

    hosts: tuple[str, ...]
    others: tuple[str, ...] | None = None
    at_s: float | None = None
    until_s: float | None = None

    def checked(self) -> CutNetwork:
        """The same with numbers as floats; DiscoError for a value that cannot be."""
        hosts = _hosts("hosts", host_group(self.hosts))
        others = None if self.others is None else _hosts("others", host_group(self.others))
        both = [host for host in hosts if host in (others or ())]
        if both:
            raise DiscoError(
                f"cut() was given {both[0]!r} both in hosts and in others; a cut lies between two groups of hosts: "
                "leave it out of one of them",
                host=both[0],
            )
        at_s, until_s = _span("cut", self.at_s, self.until_s)
        if until_s is None:
            raise DiscoError("cut() was given no until; a cut always heals: say when, until=9.0", name="until")
        return CutNetwork(hosts, others, at_s, until_s)

    def call(self) -> Call:
        """How it is planned."""
        # A group of one is written as the host that it is.
        hosts, others = (group[0] if group and len(group) == 1 else group for group in (self.hosts, self.others))
        return "cut", _given(hosts=hosts, at=self.at_s, until=self.until_s, others=others)

    def told(self) -> tuple[str, str]:
        """Where it happens, and what, as a sentence."""
        hosts = ", ".join(self.hosts)
        others = "all other nodes" if self.others is None else ", ".join(self.others)
        return hosts, f"nothing moves between {hosts} and {others}"


class CrashRun(NamedTuple):
    """The `run`-th run of a task, from 0, crashes in the middle of its CPU work."""

    stage: str
    task: int
    run: int = 0
    job: str | None = None

    def checked(self) -> CrashRun:
        """The same; DiscoError for a value that cannot be."""
        _named("crash", self.stage, self.task, self.job)
        _whole("crash", "run", self.run, 0)
        return self

    def call(self) -> Call:
        """How it is planned."""
        return "crash", _given(task=f"{self.stage}:{self.task}", run=self.run or None, job=self.job)

    def told(self) -> tuple[str, str]:
        """Where it happens, and what, as a sentence."""
        where, task = _where(self.stage, self.task, self.job)
        return where, f"run {self.run} of {task} crashes in the middle of its CPU work"


class LoseOutput(NamedTuple):
    """What a task stored is lost at `at_s`, or with None as soon as it was first stored."""

    stage: str
    task: int
    at_s: float | None = None
    job: str | None = None

    def checked(self) -> LoseOutput:
        """The same with numbers as floats; DiscoError for a value that cannot be."""
        _named("lose", self.stage, self.task, self.job)
        return self._replace(at_s=_time("lose", "at", self.at_s))

    def call(self) -> Call:
        """How it is planned."""
        return "lose", _given(task=f"{self.stage}:{self.task}", at=self.at_s, job=self.job)

    def told(self) -> tuple[str, str]:
        """Where it happens, and what, as a sentence."""
        where, task = _where(self.stage, self.task, self.job)
        return where, f"what {task} stored is lost{'' if self.at_s is not None else ' as soon as it was first stored'}"


class BadReplica(NamedTuple):
    """The first `runs` runs of a task (None: all) find replica number `replica` of their input bad.

    `what` is `corrupt`, or `missing` for a replica that is not there.
    """

    stage: str
    task: int
    replica: int = 0
    runs: int | None = None
    job: str | None = None
    what: str = "corrupt"

    def checked(self) -> BadReplica:
        """The same; DiscoError for a value that cannot be."""
        if self.what not in ("corrupt", "missing"):
            raise DiscoError(f"a replica that is {self.what!r} was given; it is 'corrupt' or 'missing'", what=self.what)
        _named(self.what, self.stage, self.task, self.job)
        _whole(self.what, "replica", self.replica, 0)
        if self.runs is not None:
            _whole(self.what, "runs", self.runs, 1)
        return self

    def call(self) -> Call:
        """How it is planned."""
        task = f"{self.stage}:{self.task}"
        return self.what, _given(task=task, replica=self.replica or None, runs=self.runs, job=self.job)

    def told(self) -> tuple[str, str]:
        """Where it happens, and what, as a sentence."""
        where, task = _where(self.stage, self.task, self.job)
        runs = {None: "every run", 1: "its first run"}.get(self.runs, f"its first {self.runs} runs")
        return where, f"replica {self.replica} of the input of {task} is {self.what} for {runs}"


Timed = KillNode | RestoreNode | SlowNode | CutNetwork
"""Faults of nodes and of the network, which the cluster sees as events."""

TaskFault = CrashRun | LoseOutput | BadReplica
"""Faults of tasks, which name a stage and a task of a job."""

Fault = Timed | TaskFault


def text_of(fault: Fault) -> str:
    """The call that plans a fault, as Python.

    >>> text_of(SlowNode("node01", 4.0, 0.0, 9.0))
    "slow('node01', factor=4.0, until=9.0)"
    """
    name, arguments = fault.call()
    first, *others = arguments.items()
    return f"{name}({', '.join([repr(first[1]), *(f'{key}={value!r}' for key, value in others)])})"


def start_of(fault: Timed) -> float:
    """When a fault begins.

    Raises:
        DiscoError: If it was not said: only a cluster that runs has a now.
    """
    if fault.at_s is None:
        raise DiscoError(
            f"{text_of(fault)} was given without a time; a plan has no now, so give the virtual second: at=3.0",
            name="at",
        )
    return fault.at_s


def placed(fault: Fault, now_s: float) -> Fault:
    """A fault whose "now" is the time `now_s`; one that has a time, or needs none, stays as it is.

    Raises:
        DiscoError: If it would end before it began.
    """
    if isinstance(fault, LoseOutput | CrashRun | BadReplica) or fault.at_s is not None:
        return fault
    return fault._replace(at_s=now_s).checked()


def host_group(hosts: Any) -> tuple[str, ...]:
    """One host or several as a group: each once, and those of a set in the order of their names."""
    if isinstance(hosts, str) or not isinstance(hosts, Iterable):
        return (hosts,)
    return tuple(sorted(hosts, key=str) if isinstance(hosts, set | frozenset) else hosts)


def _given(**arguments: Any) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in arguments.items()
        if value is not None
    }


def _where(stage: str, task: int, job: str | None) -> tuple[str, str]:
    name = f"{stage}:{task}"
    return (name if job is None else f"{name} of {job}"), name


def is_number(value: Any) -> bool:
    """Whether a value is a number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _time(call: str, name: str, value: Any) -> float | None:
    if value is None:
        return None
    if not is_number(value) or not 0 <= value <= _MOST:
        raise DiscoError(
            f"{call}({name}={value!r}) was given; {name} is a virtual second of the cluster, a number from 0 to "
            f"{_MOST:g}: {name}=3.0",
            name=name,
        )
    return float(value) + 0.0  # -0.0 becomes 0.0


def _span(call: str, at: Any, until: Any) -> tuple[float | None, float | None]:
    at_s, until_s = _time(call, "at", at), _time(call, "until", until)
    if at_s is not None and until_s is not None and until_s <= at_s:
        raise DiscoError(
            f"{call}(at={at_s!r}, until={until_s!r}) was given; until is later than at: until={at_s + 5!r}",
            name="until",
        )
    return at_s, until_s


def _host(call: str, host: Any) -> str:
    if not isinstance(host, str) or not host:
        raise DiscoError(f"{call}(host={host!r}) was given; host is the name of one node: 'node01'", host=host)
    return str(host)


def _hosts(name: str, hosts: tuple[Any, ...]) -> tuple[str, ...]:
    if not hosts or not all(isinstance(host, str) and host for host in hosts):
        shown = list(hosts)
        raise DiscoError(
            f"cut({name}={shown!r}) was given; {name} is the name of a node or a list of at least one: ['node01']",
            name=name,
        )
    return tuple(dict.fromkeys(str(host) for host in hosts))


def _named(call: str, stage: Any, task: Any, job: Any) -> None:
    task_named(call, f"{stage}:{task}")
    if job is not None and (not isinstance(job, str) or not job):
        raise DiscoError(
            f"{call}(job={job!r}) was given; job is a job's name, what stands before its '@', or None for any: "
            "job='wordcount'",
            job=job,
        )


def _whole(call: str, name: str, value: Any, least: int) -> None:
    if type(value) is not int or value < least:
        raise DiscoError(
            f"{call}({name}={value!r}) was given; {name} is a whole number of at least {least}: {name}={least}",
            name=name,
        )
