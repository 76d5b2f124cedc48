"""Disco's `disco.comm`: what URLs hold, from the simulated cluster, from files, and over HTTP.

Data of an open Disco are read where they are, in this process: `disco://`, `dir://`, and the `http://` URLs that
`urlresolve` makes of them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from disco_sim.error import CommError, DataError
from disco_sim.node.worker import masters
from disco_sim.streams import HTTP_TIMEOUT_S, stream_of
from disco_sim.streams import open_url as open_anywhere
from disco_sim.util import schemesplit, urlsplit

__all__ = ["CommError", "DataError", "download", "open_local", "open_remote", "open_url", "request"]

_FOLDERS = ("disco/", "ddfs/")


def open_url(url: str, token: str | None = None) -> BinaryIO:
    """A binary stream of what a URL holds: pairs that a job stored are in Disco's file format.

    Raises:
        CommError: If it cannot be had; `code` is the HTTP status, or None.
        DataError: If there is no such file.
    """
    stored = stored_url(url)
    if stored is not None:
        return io.BytesIO(stored_stream(stored)[0].read())
    if schemesplit(url)[0] == "dir":
        lines = (b"%d %b %d\n" % (label, at.encode(), n_bytes) for label, at, n_bytes in index_of(url))
        return io.BytesIO(b"".join(lines))
    return open_anywhere(url)[0] if token is None else open_remote(url, token)


def open_local(path: str) -> BinaryIO:
    """A local file, opened to read bytes; a name that ends in .gz is decompressed.

    Raises:
        DataError: If there is no such file.
    """
    return open_anywhere(path)[0]


def open_remote(url: str, token: str | None = None) -> BinaryIO:
    """What a server has under a URL, read whole.

    Raises:
        CommError: If it cannot be had.
    """
    return io.BytesIO(download(url, token=token))


def download(
    url: str, method: str = "GET", data: bytes | str | None = None, token: str | None = None, sleep: float = 0
) -> bytes:
    """The body of what a server answers, or the data of an open Disco; `sleep` is not needed.

    Raises:
        CommError: If it cannot be had; `code` is the HTTP status, or None.
    """
    stored = stored_url(url)
    if stored is not None and data is None:
        body: bytes = stored_stream(stored)[0].read()
        return body
    headers = {}
    if token is not None:
        import base64

        headers["Authorization"] = "Basic " + base64.b64encode(f"token:{token}".encode()).decode()
    return request(method, url, data, headers)


def request(
    method: str, url: str, data: bytes | str | None = None, headers: Mapping[str, str] | None = None, sleep: float = 0
) -> bytes:
    """The body of what an HTTP server answers; `sleep` is not needed.

    Raises:
        CommError: If it answers with an error, whose `code` the error has, or not at all.
    """
    import http.client
    import urllib.error
    import urllib.request

    body = data.encode() if isinstance(data, str) else data
    try:
        wanted = urllib.request.Request(url, body, dict(headers or {}), method=method)
        if wanted.type not in ("http", "https"):
            raise ValueError(f"the scheme {wanted.type!r} is not http or https")
        with urllib.request.urlopen(wanted, timeout=HTTP_TIMEOUT_S) as response:
            answer: bytes = response.read()
            return answer
    except urllib.error.HTTPError as error:
        said = error.read()[:200]
        error.close()
        raise CommError(f"Unable to access resource: {said!r}; check the URL", url, error.code) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise CommError(f"Unable to access resource: {error}; check that the URL is right and served", url) from error


# What open Discos hold


def stored_url(url: str) -> str | None:
    """The `disco://` URL of data that an open Disco holds, of that or its `http://` URL; None for any other URL."""
    scheme, place, path = urlsplit(url)
    if schemesplit(url)[0] == "disco":
        return url
    if scheme != "http" or not path.startswith(_FOLDERS):
        return None
    for authority, disco in list(masters.items()):
        if authority.rpartition(":")[2] == place.port and place.host in disco.cluster.spec.hosts:
            return f"disco://{place}/{path}"
    return None


def stored_stream(url: str) -> tuple[Any, int | None]:
    """A stream of what an open Disco holds under a `disco://` URL, and its size in bytes; pairs have none.

    Raises:
        CommError: If that Disco is not open.
        DataError: If the data is not there.
    """
    from disco_sim.client.urls import data_of

    return stream_of(data_of(url))


def index_of(url: str) -> Iterator[tuple[int, str, int]]:
    """The (label, URL, size in bytes) of the outputs behind a `dir://` URL, in either form.

    Raises:
        CommError: If the result, or the Disco that made it, is gone.
    """
    from disco_sim.client.urls import data_of
    from disco_sim.client.urls import index_of as behind
    from disco_sim.compat.urls import told

    for label, blob in behind(url):
        yield label, told(blob), data_of(blob).n_bytes
