"""Tags that point to tags: a graph, whose every tag is visited once, breadth first; or walked along, depth first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from disco_sim.ddfs.names import TagAddress
from disco_sim.error import CommError
from disco_sim.store.tags import Entries
from disco_sim.util import schemesplit


class Visit(NamedTuple):
    """One tag of a graph: its URL, the URLs of the tags in it, and its other entries, the newest first."""

    tag: str
    tags: list[str]
    blobs: Entries


def is_tag(replicas: list[str]) -> bool:
    """Whether an entry of a tag is another tag."""
    return schemesplit(replicas[0])[0] == "tag"


def divided(entries: Entries) -> tuple[list[str], Entries]:
    """The URLs of the tags among the entries of a tag, and the other entries."""
    return [replicas[0] for replicas in entries if is_tag(replicas)], [
        replicas for replicas in entries if not is_tag(replicas)
    ]


def visits(
    tags: Iterable[TagAddress], entries_of: Callable[[TagAddress], Entries], ignore_missing: bool
) -> Iterator[Visit]:
    """Every tag that can be reached from `tags`, once, those with fewer steps first.

    Raises:
        CommError: What `entries_of` raises for a tag, unless it is a 404 and `ignore_missing` is true.
    """
    waiting = deque(tags)
    seen: set[str] = set()
    while waiting:
        address = waiting.popleft()
        if address.name in seen:
            continue
        seen.add(address.name)
        try:
            inner, blobs = divided(entries_of(address))
        except CommError as error:
            if error.code != 404 or not ignore_missing:
                raise
            continue
        yield Visit(address.url, inner, blobs)
        waiting.extend(map(TagAddress.parse, inner))


Step = tuple[tuple[str, ...], Sequence[str] | None, Sequence[list[str]] | None]
"""The path of tags down to one, the URLs of the tags in it, and its other entries."""


def walked(
    start: TagAddress, entries_of: Callable[[TagAddress], Entries], ignore_missing: bool, above: Sequence[str] = ()
) -> Iterator[Step]:
    """A tag, then each tag in it, depth first, but none that is on the path down to it; `above` are those before it.

    One that is not there has () twice, or without `ignore_missing` None twice, before its error is raised.

    Raises:
        CommError: What `entries_of` raises for a tag, unless it is a 404 and `ignore_missing` is true.
    """
    names = [TagAddress.parse(one).name for one in above]
    on_path = set(names)
    # For each tag of the path the tags in it that are still to come: tags may be nested deeper than Python calls.
    waiting: list[Iterator[TagAddress]] = [iter([start])]
    path = [*above]
    while waiting:
        address = next(waiting[-1], None)
        if address is None:
            waiting.pop()
            if waiting:
                on_path.discard(names.pop())
                path.pop()
            continue
        if len(waiting) > 1 and address.name in on_path:
            continue
        here = (*path, address.url)
        try:
            tags, blobs = divided(entries_of(address))
        except CommError as error:
            if not (ignore_missing and error.code == 404):
                yield here, None, None
                raise
            yield here, (), ()
            continue
        yield here, tags, blobs
        names.append(address.name)
        on_path.add(address.name)
        path.append(address.url)
        waiting.append(map(TagAddress.parse, tags))
