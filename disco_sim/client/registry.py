"""The open Discos of this process, and which of them a URL belongs to."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from disco_sim.cluster.base import Cluster
from disco_sim.error import CommError, DiscoError, nearest
from disco_sim.node.worker import masters
from disco_sim.store.results import job_of
from disco_sim.store.tags import Entries
from disco_sim.util import DISCO_PORT, netloc, schemesplit

if TYPE_CHECKING:
    from disco_sim.ddfs.names import TagAddress

FIRST_PORT = int(DISCO_PORT)
opening = threading.RLock()
"""Held by who opens a Disco, so that several threads may."""

_OF_DISCO = re.compile(r"(disco|dir)://[^/:]+/(ddfs|disco)/")
_MOST_NAMED = 10


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


def tagged(name: str, own: Cluster | None = None, ignore_missing: bool = False) -> list[list[str]]:
    """The data that a tag stands for, each a list of replica URLs: breadth first, and the newest of each tag first.

    `name` may have a token and a place in front, as in `tag://token@host:port/name`. Tags in a tag are followed, each
    once. Each is looked for at the Disco that has its port, else in `own`, then in the open Discos, the newest first.

    Raises:
        CommError: 404 if nobody has the tag, or one in it, unless `ignore_missing`; 401 for a wrong token.
    """
    from disco_sim.ddfs.graph import visits
    from disco_sim.ddfs.names import TagAddress

    found = visits([TagAddress.parse(f"tag://{name}")], lambda address: _entries(address, own), ignore_missing)
    return [replicas for visit in found for replicas in visit.blobs]


def _entries(address: TagAddress, own: Cluster | None) -> Entries:
    """The entries of one tag, of the first cluster that has it."""
    clusters = [] if own is None else [own]
    clusters += [disco.cluster for disco in open_discos()]
    port = netloc.parse(address.place).port
    clusters = [cluster for cluster in clusters if port and cluster.master.rpartition(":")[2] == port] or clusters
    for cluster in clusters:
        if address.name in cluster.tags:
            return cluster.tags.urls(address.name, address.token)
    known = sorted({tag for cluster in clusters for tag in cluster.tags.list()})
    # Many tags are of jobs, and a message that names them all would not be read.
    near = known if len(known) <= _MOST_NAMED else nearest(address.name, known)
    raise CommError(f"Tag not found; the tags are: {', '.join(near) or 'none'}", address.url, 404)


def owner_of(url: str, own: Cluster | None = None) -> Cluster:
    """The cluster that has what a `dir://`, `disco://` or `split://` URL is of; `own` is asked first.

    A result and its data belong to the cluster that has their job, other data to the one that has them. If no
    cluster has them any more, the master named in the URL can say why.

    Raises:
        CommError: If no open Disco has it.
    """
    clusters = [] if own is None else [own]
    clusters += [disco.cluster for disco in open_discos()]
    job = job_of(url)
    for cluster in clusters:
        if url in cluster.blobs if job is None else job in cluster.jobs:
            return cluster
    found = re.match(r"[^/]*:(\d+)(/|\Z)", schemesplit(url)[1])
    port = found[1] if found else DISCO_PORT if _OF_DISCO.match(url) else None
    for cluster in clusters:
        if cluster.master.rpartition(":")[2] == port:
            return cluster
    known = ", ".join(sorted(masters)) or "none"
    raise CommError(
        f"Unable to access resource: no open Disco has it; open in this process: {known}. Results live as long as the "
        "Disco that made them is open: keep it in a variable, and read them before it is closed",
        url,
    )
