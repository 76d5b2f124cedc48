"""One task as the scheduler sees it: where its input is, where it failed, whether it may be tried again, and when."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from disco_sim.model.events import RunFailed
from disco_sim.model.plan import TaskInputs

WAITING, DELAYED, RUNNING, DONE = "waiting", "delayed", "running", "done"
"""What a task is: in a queue; failed and not yet in a queue again; running; done, until what it stored is lost."""


@dataclass(slots=True, eq=False)
class Task:
    """A task of a stage that has begun.

    `hosts` are the nodes it is at home at. `replicas` are the hosts of its input's replicas in the order of the input,
    none if it reads several pieces; `replica` is the index of the one that the next run reads. `place` is its place in
    the queue. Losses are runs that were lost with their nodes, which are no failures.
    """

    number: int
    hosts: tuple[str, ...]
    replicas: tuple[str, ...]
    replica: int = 0
    state: str = WAITING
    place: int = 0
    attempts: int = 0
    n_running: int = 0
    failures: int = 0
    losses: int = 0
    had_memory_failure: bool = False
    blacklist: frozenset[str] = frozenset()
    failed_replicas: frozenset[int] = frozenset()

    @classmethod
    def of(cls, number: int, inputs: TaskInputs, hosts: Container[str]) -> Task:
        """The task that reads `inputs`, on a cluster of `hosts`."""
        replicas: tuple[str, ...] = ()
        if len(inputs.pieces) == 1:
            (piece,) = inputs.pieces
            replicas = tuple([host for host, _ in piece.replicas]) if piece.alternatives else (piece.host,)
        return cls(number, tuple([host for host in inputs.hosts if host in hosts]), replicas)

    # -- failures ------------------------------------------------------------------------------

    def fail(self, event: RunFailed, replica: int, max_failures: int) -> str | None:
        """Count a failed run that read `replica`; why its job has to end, None when the task may be tried again.

        Then it avoids the run's node, and the replica, too, unless it was memory that was wanting.
        """
        name = f"{event.stage}:{event.task}"
        self.failures += 1
        if event.kind == "fatal":
            return f"{name} failed on {event.host}: {event.reason}"
        if event.kind == "memory" and self.had_memory_failure:
            return f"{name} ran out of memory twice, the second time on {event.host}"
        if self.failures > max_failures:
            return f"Task {name} failed {self.failures} times. At most {max_failures} failures are allowed."
        self.blacklist |= {event.host}
        if event.kind == "memory":
            self.had_memory_failure = True
        else:
            failed = self.failed_replicas | {replica}
            self.failed_replicas = failed if len(failed) < len(self.replicas) else frozenset()
            self._go_on(replica)
        return None

    def wait_s(self, luck: float) -> float:
        """How long the task waits after its last failure or loss: a second for each, up to 60, and 1 to 30 by luck."""
        return float(min(self.failures + self.losses, 60) + 1 + int(luck * 30))

    # -- replicas ------------------------------------------------------------------------------

    def replica_at(self, host: str) -> int | None:
        """The first replica at `host` that has not failed."""
        for number, place in enumerate(self.replicas):
            if place == host and number not in self.failed_replicas:
                return number
        return None

    def read_at(self, host: str) -> None:
        """Let the next run read the replica at `host`, if there is one that has not failed."""
        replica = self.replica_at(host)
        if replica is not None:
            self.replica = replica

    def avoid(self, dead: Container[str]) -> None:
        """Let the next run read a replica that is not on a dead node, if there is one."""
        if self.replicas[self.replica] in dead:
            self._go_on(self.replica, dead)

    def _go_on(self, replica: int, dead: Container[str] = ()) -> None:
        n = len(self.replicas)
        for number in ((replica + step) % n for step in range(1, n)):
            if number not in self.failed_replicas and self.replicas[number] not in dead:
                self.replica = number
                return
