"""Where the replicas of a blob go: which nodes take blobs, and which of them have the least."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from disco_sim.cluster.base import Cluster
from disco_sim.error import CommError
from disco_sim.model.events import NodeBlacklisted, NodeDied, NodeReturned, NodeWhitelisted
from disco_sim.store.names import stored_url


class Placement:
    """Chooses the nodes of replicas: never a dead or blacklisted one, and of the others those with the fewest bytes.

    Of nodes that have as much as each other the one with fewer blobs is taken, then the first of the cluster.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._n_heard = 0
        self._marked: dict[str, set[str]] = {"dead": set(), "blacklisted": set()}

    @property
    def dead(self) -> Collection[str]:
        """The hosts that are dead now."""
        self._hear()
        return self._marked["dead"]

    def hosts(self, n_replicas: int, forceon: Sequence[str] = ()) -> tuple[str, ...]:
        """The hosts of a blob with so many replicas; those of `forceon` are among them, and come first.

        Raises:
            CommError: 403, if too few nodes take blobs, or one of `forceon` does not.
        """
        self._hear()
        known = self._cluster.spec.hosts
        usable = [host for host in known if not any(host in marked for marked in self._marked.values())]
        for host in forceon:
            if host not in usable:
                what = "is no node of the cluster" if host not in known else f"is {self._state(host)}"
                raise CommError(
                    f"Not enough nodes: forceon has {host!r}, which {what}; nodes that take blobs are "
                    f"{', '.join(usable) or 'none'}",
                    self._cluster.master,
                    403,
                )
        forced = list(dict.fromkeys(forceon))
        if n_replicas > len(usable):
            refused = ", ".join(f"{host} is {self._state(host)}" for host in known if host not in usable)
            raise CommError(
                f"Not enough nodes: {n_replicas} replicas were asked for, each on a node of its own, and the nodes "
                f"that take blobs are {', '.join(usable) or 'none'}{f' ({refused})' if refused else ''}; ask for fewer "
                "replicas, or add nodes",
                self._cluster.master,
                403,
            )
        loads = self._cluster.tags.loads
        # Sorting keeps the cluster's order where loads are equal.
        others = sorted((host for host in usable if host not in forced), key=lambda host: loads.get(host, (0, 0)))
        return tuple(forced + others[: max(0, n_replicas - len(forced))])

    def url(self, host: str, kind: str, name: str, stamped: str) -> str:
        """The URL of a blob or a tag of this cluster at `host`."""
        return stored_url(host, self._cluster.master.rpartition(":")[2], kind, name, stamped)

    def _state(self, host: str) -> str:
        return " and ".join(word for word, marked in self._marked.items() if host in marked)

    def _hear(self) -> None:
        log = self._cluster.log
        # A long log is read once, event by event; later only what is new.
        for event in log[self._n_heard :] if self._n_heard else log:
            match event:
                case NodeDied():
                    self._marked["dead"].add(event.host)
                case NodeReturned():
                    self._marked["dead"].discard(event.host)
                case NodeBlacklisted():
                    self._marked["blacklisted"].add(event.host)
                case NodeWhitelisted():
                    self._marked["blacklisted"].discard(event.host)
        self._n_heard = len(log)
