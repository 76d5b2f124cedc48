"""Reading results outside tasks: `result_iterator` over the URLs that a job gave."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from disco_sim import func
from disco_sim.client.registry import cluster_of, open_discos
from disco_sim.error import CommError, InputError
from disco_sim.runtime.inputs import STORED_SCHEMES, Opener, apply_reader, first_that_reads, through_chain
from disco_sim.util import schemesplit


def result_iterator(
    urls: Iterable[Any],
    notifier: Callable[[Any], Any] = func.noop,
    reader: Callable[..., Any] | None = func.chain_reader,
    input_stream: Sequence[Callable[..., Any]] = (func.map_input_stream,),
    params: Any = None,
    ddfs: Any = None,
) -> Iterator[Any]:
    """The records of results, in URL order: (key, value) pairs, unless another `reader` is given.

    `urls` are what `job.wait()` gave: `dir://` and `tag://` URLs, plain URLs, or lists of replicas, of
    which the next is read when one fails. `notifier` is called with each input before it is read.

    Raises:
        CommError: If a URL's Disco is not open any more.
        DataError: If the data cannot be read.
    """
    if isinstance(urls, str):
        raise InputError(f"result_iterator was given the text {urls!r}; give a list of URLs, such as job.wait()")
    for replicas in _expand(urls, ddfs):
        notifier(replicas if len(replicas) > 1 else replicas[0])
        opener = Opener(lambda url: cluster_of(url).read(url))

        def records(_host: str, url: str, opener: Opener = opener) -> Iterator[Any]:
            if schemesplit(url)[0] in STORED_SCHEMES and reader is func.chain_reader and len(input_stream) == 1:
                blob = cluster_of(url).read(url)
                if blob.form != "bytes":
                    return iter(blob.pairs())
            stream, size, url = through_chain(input_stream, opener, None, url, params)
            return iter(apply_reader(reader, stream, size, url, params))

        try:
            if len(replicas) == 1:
                yield from records("", replicas[0])
            else:
                yield from first_that_reads([("", url) for url in replicas], records, func.noop)
        finally:
            opener.close()


def _expand(urls: Iterable[Any], ddfs: Any) -> Iterator[list[str]]:
    for entry in urls:
        if isinstance(entry, (list, tuple)):
            entry = list(entry)
            if len(entry) != 1 or schemesplit(entry[0])[0] not in ("dir", "tag"):
                yield entry
                continue
            (entry,) = entry
        scheme, rest = schemesplit(entry)
        if scheme == "dir":
            yield from ([blob] for _, blob in cluster_of(entry).index(entry))
        elif scheme == "tag":
            yield from _expand(_tagged(rest, ddfs), ddfs)
        else:
            yield [entry]


def _tagged(name: str, ddfs: Any) -> list[list[str]]:
    discos = [ddfs] if ddfs is not None else open_discos()
    for disco in discos:
        if name in disco.cluster.tags.list(name):
            urls: list[list[str]] = disco.cluster.tags.urls(name)
            return urls
    raise CommError("Tag not found on any open Disco", f"tag://{name}", 404)
