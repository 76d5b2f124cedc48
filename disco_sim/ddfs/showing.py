"""What the file system shows of itself: its tags and blobs as tables."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from disco_sim.ddfs.graph import divided
from disco_sim.ddfs.names import blob_name
from disco_sim.error import DataError
from disco_sim.model.work import Blob
from disco_sim.store.tags import TagStore
from disco_sim.tables import Table, counted
from disco_sim.util import schemesplit
from disco_sim.views.render import Card, table_section
from disco_sim.views.story import timestamp

if TYPE_CHECKING:
    import pandas

Read = Callable[[str], Blob]

TAGS = ("name", "blobs", "bytes", "modified")
BLOBS = ("tag", "blob", "name", "replicas", "hosts", "bytes")


def tags_table(tags: TagStore, read: Read) -> Table:
    """A row per tag, by name: how many blobs it has itself, their bytes (of one replica each), and when it changed."""
    rows = []
    for tag in tags.all():
        _, blobs = divided(tag.entries)
        sizes = [size_of(replicas, read) for replicas in blobs]
        n_bytes = None if None in sizes else sum(size or 0 for size in sizes)
        rows.append((tag.name, len(blobs), n_bytes, timestamp(tag.modified_s)))
    return Table(TAGS, rows)


def blobs_table(tags: TagStore, read: Read) -> Table:
    """A row per blob of each tag, the newest first, then those that no tag points to, whose `tag` is ''.

    `blob` is the URL of the first replica, `hosts` are those of all, between commas; `bytes` are those of one replica,
    None where nobody knows.
    """
    rows = []
    referenced = tags.referenced()
    places = [(tag.name, blobs) for tag in tags.all() for blobs in divided(tag.entries)[1]]
    places += [("", [*blob.urls]) for blob in tags.pushed.values() if not referenced.intersection(blob.urls)]
    for name, replicas in places:
        hosts = ", ".join(host for host in map(host_of, replicas) if host)
        size = size_of(replicas, read)
        rows.append((name, replicas[0], blob_name(replicas[0]), len(replicas), hosts, size))
    return Table(BLOBS, rows)


def blobs_frame(tags: TagStore, read: Read) -> pandas.DataFrame:
    """`blobs_table` as a DataFrame."""
    import pandas

    found = blobs_table(tags, read)
    columns = [list(column) for column in zip(*found.rows, strict=True)] or [[] for _ in found.columns]
    dtypes = {"replicas": "int64", "bytes": "Int64"}
    return pandas.DataFrame(
        {
            name: pandas.Series(column, dtype=dtypes.get(name, "str"))
            for name, column in zip(found.columns, columns, strict=True)
        }
    )


def ddfs_card(master: str, tags: TagStore, read: Read) -> Card:
    """The card of a file system: how much there is, and a table of its tags."""
    stored = list(tags.pushed.values())
    n_bytes = sum(blob.n_bytes * len(blob.urls) for blob in stored)
    facts = (
        ("blobs pushed", f"{len(stored):,}"),
        ("on disks", f"{counted(n_bytes, 'byte')}, all replicas"),
    )
    found = tags_table(tags, read)
    section = table_section(f"Tags ({len(found.rows)})", found, caption="Tags, their blobs and bytes", is_open=True)
    return Card("DDFS", master, "", facts, (section,))


def host_of(url: str) -> str:
    """The host that a `disco://` URL names, '' for any other."""
    scheme, rest = schemesplit(url)
    return rest.partition("/")[0].partition(":")[0] if scheme == "disco" else ""


def size_of(replicas: list[str], read: Read) -> int | None:
    """The bytes of the first replica of stored data or text that can be had, else None; nothing is fetched for it."""
    for url in replicas:
        scheme, rest = schemesplit(url)
        if scheme == "raw":
            return len(rest.encode())
        if scheme == "disco":
            try:
                return read(url).n_bytes
            except DataError:
                continue
        if scheme in ("", "file") and os.path.isfile(rest):
            return os.path.getsize(rest)
    return None
