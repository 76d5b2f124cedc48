"""Which open Disco a URL belongs to: the port in it is the master's."""

from __future__ import annotations

import re
from typing import Any

from disco_sim.cluster.base import Cluster
from disco_sim.error import CommError, DiscoError
from disco_sim.node.worker import masters
from disco_sim.util import schemesplit

FIRST_PORT = 8989


def free_port() -> int:
    """The lowest port from 8989 on that no open Disco of this process has."""
    taken = {authority.rpartition(":")[2] for authority in list(masters)}
    port = FIRST_PORT
    while str(port) in taken:
        port += 1
    return port


def claim(authority: str, disco: Any) -> None:
    """Make `disco` the one that `authority` stands for.

    Raises:
        DiscoError: If the port is taken by another open Disco.
    """
    port = authority.rpartition(":")[2]
    for other in list(masters):
        if other.rpartition(":")[2] == port:
            raise DiscoError(
                f"master {authority} cannot be opened: port {port} is taken by the open Disco {other}; leave the port "
                "out to get a free one, or close() the other first",
                master=authority,
            )
    masters[authority] = disco


def release(authority: str) -> None:
    """Let `authority` be free again."""
    masters.pop(authority, None)


def open_discos() -> list[Any]:
    """The open Discos, the newest first."""
    return list(masters.values())[::-1]


def tagged(name: str, own: Cluster | None = None) -> list[list[str]]:
    """The entries of a tag, each a list of replica URLs, of `own` or else of the newest open Disco that has the tag.

    `name` may have a host or a token in front, as in `tag://token@host/name`; they are left out.

    Raises:
        CommError: If none has it; its code is 404.
    """
    name = name.rpartition("/")[2]
    clusters = [] if own is None else [own]
    clusters += [disco.cluster for disco in open_discos()]
    for cluster in clusters:
        if name in cluster.archive.tags.list(name):
            return cluster.archive.tags.urls(name)
    known = sorted({tag for cluster in clusters for tag in cluster.archive.tags.list()})
    raise CommError(f"Tag not found; the tags are: {', '.join(known) or 'none'}", f"tag://{name}", 404)


def cluster_of(url: str, own: Cluster | None = None) -> Cluster:
    """The cluster that holds the data of a `dir://`, `disco://` or `split://` URL; `own` is tried first.

    Raises:
        CommError: If no open Disco has the URL's port.
    """
    found = re.match(r"[^/]*:(\d+)(/|\Z)", schemesplit(url)[1])
    port = found[1] if found else None
    if own is not None and own.master.rpartition(":")[2] == port:
        return own
    for authority, disco in list(masters.items()):
        if authority.rpartition(":")[2] == port:
            cluster: Cluster = disco.cluster
            return cluster
    known = ", ".join(sorted(masters)) or "none"
    raise CommError(
        f"Unable to access resource: no open Disco has port {port}; open in this process: {known}. Results live as "
        "long as the Disco that made them is open: keep it in a variable, and read them before it is closed",
        url,
    )
