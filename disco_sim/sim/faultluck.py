"""Plans of faults made by luck, such that a job survives them.

Knows the rules of survival; what a fault does is known to the cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from disco_sim.error import DiscoError
from disco_sim.model.cluster import ClusterSpec, Node
from disco_sim.model.keyed_random import draw
from disco_sim.model.taskname import USUAL_TASKS
from disco_sim.sim.fault import (
    BadReplica,
    CrashRun,
    CutNetwork,
    Fault,
    KillNode,
    LoseOutput,
    RestoreNode,
    SlowNode,
    is_number,
)

T = TypeVar("T")

MOST_FAILURES = 2
"""How many faults of a plan may make runs of one task fail; Disco forgives three failures."""

_STEPS = 1000
"""Times are whole steps of a thousandth of the plan's length, which are short to read and never fall together."""


def lucky_faults(seed: int, spec: ClusterSpec, until_s: float, n: int) -> tuple[Fault, ...]:
    """`n` faults up to `until_s`; fewer of them are the first of these.

    Raises:
        DiscoError: If seed, length or number cannot be.
    """
    if type(seed) is not int:
        raise DiscoError(f"random(seed={seed!r}) was given; a seed is a whole number: seed=1", name="seed")
    if type(n) is not int or n < 0:
        raise DiscoError(f"random(n={n!r}) was given; n is how many faults, a whole number of 0 or more: n=6", name="n")
    if not is_number(until_s) or not 1e-3 <= until_s <= 1e9:
        raise DiscoError(
            f"random(until={until_s!r}) was given; until is when all has happened, in virtual seconds from 0.001 to "
            "1e9: until=20.0",
            name="until",
        )
    maker = _Maker(seed, spec.hosts, float(until_s))
    return tuple(maker.made(number) for number in range(n))


def spec_of(nodes: int | str | Sequence[str] | ClusterSpec) -> ClusterSpec:
    """The cluster that is meant by a number of nodes, by host names, or by rows of nodes as text."""
    if isinstance(nodes, ClusterSpec):
        return nodes
    if isinstance(nodes, str):
        return ClusterSpec.parse(nodes)
    if isinstance(nodes, list | tuple) and all(isinstance(host, str) for host in nodes):
        return ClusterSpec(tuple(Node(host) for host in nodes))
    return ClusterSpec.of(nodes)  # type: ignore[arg-type]  # which says what is wrong with it


class _Maker:
    """Makes one fault after the other; remembers how much of a job's patience those before it have used up."""

    def __init__(self, seed: int, hosts: tuple[str, ...], until_s: float) -> None:
        self._seed, self._hosts, self._until_s = seed, hosts, until_s
        self._number = 0
        survivor = self._one_of("survivor", hosts)
        self._mortal = [host for host in hosts if host != survivor]
        self._died: dict[str, int] = {}
        self._lasting = [task for task in USUAL_TASKS if task[0] == USUAL_TASKS[0][0]]
        self._failing: dict[tuple[str, int], list[str]] = {task: [] for task in USUAL_TASKS}

    def made(self, number: int) -> Fault:
        """The `number`-th fault: its luck comes from its number, the choice that is left from the faults before it."""
        self._number = number
        patient = [task for task, failures in self._failing.items() if len(failures) < MOST_FAILURES]
        room = {
            "kill": self._mortal,
            "restore": self._died,
            "slow": self._hosts,
            "cut": self._hosts[1:],
            "crash": patient,
            "lose": self._lasting,
            "corrupt": patient,
            "missing": patient,
        }
        kind = self._one_of("kind", [kind for kind, left in room.items() if left])
        match kind:
            case "kill" | "restore":
                return self._life(kind)
            case "slow":
                start, end = self._span(_STEPS)
                factor = round(1.5 + 6.5 * self._draw("factor"), 1)
                until_s = self._seconds(end) if self._draw("heals") < 0.5 else None
                return SlowNode(self._one_of("host", self._hosts), factor, self._seconds(start), until_s)
            case "cut":
                return self._cut()
            case "lose":
                task = self._one_of("task", self._lasting)
                self._lasting.remove(task)
                at_s = self._seconds(self._step("at", 1, _STEPS)) if self._draw("later") < 0.5 else None
                return LoseOutput(*task, at_s)
            case _:
                return self._failure(kind, self._one_of("task", patient))

    def _life(self, kind: str) -> Fault:
        if kind == "kill":
            host = self._one_of("host", self._mortal)
            self._mortal.remove(host)
            self._died[host] = self._step("at", 0, _STEPS - 1)
            return KillNode(host, self._seconds(self._died[host]))
        host = self._one_of("host", list(self._died))
        return RestoreNode(host, self._seconds(self._step("at", self._died.pop(host) + 1, _STEPS)))

    def _cut(self) -> Fault:
        shuffled = sorted(self._hosts, key=lambda host: self._draw("side", host))
        n_hosts = self._step("hosts", 1, len(shuffled) - 1)
        hosts, rest = shuffled[:n_hosts], shuffled[n_hosts:]
        # Most cuts leave nobody out; in the others there may be hosts that reach both sides.
        others = None if self._draw("rest") < 0.7 else self._in_order(rest[: self._step("others", 1, len(rest))])
        start, end = self._span(_STEPS // 4)
        return CutNetwork(self._in_order(hosts), others, self._seconds(start), self._seconds(end))

    def _failure(self, kind: str, task: tuple[str, int]) -> Fault:
        # A run that fails at two things fails once, so every fault counts as one failure at most.
        what = "run" if kind == "crash" else "replica"
        number = self._one_of(what, [number for number in range(2) if f"{what} {number}" not in self._failing[task]])
        self._failing[task].append(f"{what} {number}")
        return CrashRun(*task, number) if kind == "crash" else BadReplica(*task, number, 1, None, kind)

    def _in_order(self, hosts: list[str]) -> tuple[str, ...]:
        return tuple(host for host in self._hosts if host in hosts)

    def _draw(self, purpose: str, part: str = "") -> float:
        return draw(self._seed, "faults", self._number, purpose, part)

    def _one_of(self, purpose: str, choices: Sequence[T]) -> T:
        return choices[int(self._draw(purpose) * len(choices))]

    def _step(self, purpose: str, least: int, most: int) -> int:
        return least + int(self._draw(purpose) * (most - least + 1))

    def _span(self, longest: int) -> tuple[int, int]:
        start = self._step("at", 0, _STEPS - 1)
        return start, self._step("until", start + 1, min(start + longest, _STEPS))

    def _seconds(self, step: int) -> float:
        return self._until_s * step / _STEPS
