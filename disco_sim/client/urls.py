"""What the URLs of results and of stored data give, whichever open Disco they are of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from disco_sim.client.registry import owner_of
from disco_sim.cluster.base import Cluster
from disco_sim.error import DataError
from disco_sim.model.work import Blob
from disco_sim.store import results


def index_of(url: str, own: Cluster | None = None) -> list[tuple[int, str]]:
    """The (label, URL of the data) pairs behind the `dir://` URL of a result, in either form; the data's are ours.

    Raises:
        CommError: If the result, or the Disco that made it, is gone.
    """
    return results.index_of(owner_of(url, own).jobs, url)


def data_of(url: str, own: Cluster | None = None) -> Blob:
    """What a `disco://` or `split://` URL holds, in either form.

    Raises:
        CommError: If no open Disco has it; it names the URL that was given.
        DataError: If there is nothing, or nothing any more.
    """
    at = results.with_port(url)
    with _named(url, at):
        return owner_of(at, own).blobs.get(at)


@contextmanager
def _named(url: str, at: str) -> Iterator[None]:
    """Within it, errors about `at` are about `url`, which is what the user wrote."""
    try:
        yield
    except DataError as error:
        if vars(error).get("url") == at:
            vars(error)["url"] = url
        raise
