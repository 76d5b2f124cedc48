"""Reading results outside tasks: `result_iterator` over the URLs that a job gave."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from disco_sim import func
from disco_sim.client.registry import tagged
from disco_sim.client.urls import data_of, index_of
from disco_sim.cluster.base import Cluster
from disco_sim.error import DataError, InputError
from disco_sim.model.dialect import DOCUMENTED, Dialect
from disco_sim.model.work import Blob
from disco_sim.runtime.inputs import Opener, records_of
from disco_sim.util import schemesplit


def result_iterator(
    urls: Iterable[Any],
    notifier: Callable[[Any], Any] = func.noop,
    reader: Callable[..., Any] | None = func.chain_reader,
    input_stream: Sequence[Callable[..., Any]] = func.default_stream,
    params: Any = None,
    ddfs: Any = None,
) -> Iterator[Any]:
    """The records of results, in URL order: (key, value) pairs, unless another `reader` is given.

    `urls` are what `job.wait()` gave: `dir://` and `tag://` URLs, plain URLs, or lists of replicas, of
    which the next is read when one fails. `notifier` is called with each input before it is read.

    Raises:
        InputError: If `urls` is not a list.
        CommError: While reading, if a URL's Disco is not open any more.
        DataError: While reading, if the data cannot be read.
    """
    if isinstance(urls, (str, bytes)) or not hasattr(urls, "__iter__"):
        raise InputError(f"result_iterator was given {urls!r}; give a list of URLs, such as job.wait()", input=urls)
    chain = (input_stream,) if callable(input_stream) else tuple(input_stream)
    own = None if ddfs is None else ddfs.cluster
    return _records(urls, notifier, reader, chain, params, own, getattr(ddfs, "dialect", DOCUMENTED))


def _records(
    urls: Iterable[Any],
    notifier: Callable[[Any], Any],
    reader: Callable[..., Any] | None,
    chain: tuple[Callable[..., Any], ...],
    params: Any,
    own: Cluster | None,
    dialect: Dialect,
) -> Iterator[Any]:
    def fetch(url: str) -> Blob:
        return data_of(url, own)

    for replicas in _expand(urls, own):
        notifier(replicas if len(replicas) > 1 else replicas[0])
        yield from records_of(replicas, Opener(fetch, dialect=dialect), chain, reader, params)


def _index(replicas: list[str], own: Cluster | None) -> list[tuple[int, str]]:
    """What is behind the first of the `dir://` replicas that can be read, in whichever form they are written."""
    for number, replica in enumerate(replicas, start=1):
        try:
            return index_of(replica, own)
        except DataError:
            if number == len(replicas):
                raise
    return []


def _expand(urls: Iterable[Any], own: Cluster | None) -> Iterator[list[str]]:
    for entry in urls:
        replicas = [os.fspath(url) for url in ([entry] if isinstance(entry, (str, os.PathLike)) else entry)]
        scheme, rest = schemesplit(replicas[0])
        if scheme not in ("dir", "tag") or (scheme == "tag" and len(replicas) > 1):
            yield replicas
        elif scheme == "dir":
            yield from ([blob] for _, blob in _index(replicas, own))
        else:
            yield from _expand(tagged(rest, own), own)
