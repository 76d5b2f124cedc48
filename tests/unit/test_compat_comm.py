"""Claims about `disco.comm`: what URLs hold, over HTTP, in files, and in open clusters."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from disco_sim import Disco
from disco_sim.compat.disco import comm
from disco_sim.compat.disco.util import read_index, urlresolve
from disco_sim.error import CommError, DataError
from disco_sim.func import chain_reader
from disco_sim.model.work import Blob


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The URL of a local web server, which tells what it was asked."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/none":
                self.send_response(404)
                self.end_headers()
                self.wfile.write(b"Tag not found.")
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.end_headers()
            told = f"{self.command} {self.path} {self.headers.get('Authorization', '')} "
            self.wfile.write(told.encode() + body)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_requests(site: str) -> None:
    """Method, data and token reach the server, and its answer comes back."""
    assert comm.request("GET", f"{site}/a") == b"GET /a  "
    assert comm.request("POST", f"{site}/a", "caf\u00e9") == "POST /a  caf\u00e9".encode()
    assert comm.download(f"{site}/a", token="secret") == b"GET /a Basic dG9rZW46c2VjcmV0 "
    assert comm.open_remote(f"{site}/a").read() == comm.open_url(f"{site}/a").read() == b"GET /a  "
    assert comm.open_url(f"{site}/a", token="secret").read() == b"GET /a Basic dG9rZW46c2VjcmV0 "


def test_errors_have_codes(site: str) -> None:
    """The server's answer and code are told; a server that is not there has no code; other schemes are refused."""
    with pytest.raises(CommError, match=r"Unable to access resource: b'Tag not found\.'") as caught:
        comm.download(f"{site}/none")
    assert caught.value.code == 404
    with pytest.raises(CommError, match="Unable to access resource") as caught:
        comm.download("http://127.0.0.1:1/none")
    assert caught.value.code is None
    for url in ("ftp://x/y", "file:///etc/hostname", "no url"):
        with pytest.raises(CommError):
            comm.request("GET", url)


def test_files(tmp_path: Path) -> None:
    """Local files by path and by file://; a missing one is a DataError."""
    (tmp_path / "words").write_bytes(b"cat")
    for url in (str(tmp_path / "words"), f"file://{tmp_path}/words"):
        with comm.open_url(url) as file, comm.open_local(url) as again:
            assert file.read() == again.read() == b"cat"
    with pytest.raises(DataError, match="No such file"):
        comm.open_local(str(tmp_path / "none"))


def test_what_a_cluster_stores(disco: Disco) -> None:
    """Stored bytes and pairs are read under disco:// and under the http:// that urlresolve makes of it."""
    disco.cluster.blobs.put(f"disco://node01:{8989}/disco/x", Blob("bytes", b"the cat", 1, 7))
    assert comm.open_url("disco://node01:8989/disco/x").read() == b"the cat"
    assert comm.download(urlresolve("disco://node01:8989/disco/x")) == b"the cat"
    job = disco.new_job(name="pairs", input=["raw://a"], map=lambda line, params: [(line, 1)])
    (url,) = job.wait()
    ((label, at, _),) = read_index(url)
    assert list(chain_reader(comm.open_url(at), None, at)) == [("a", 1)]
    assert list(chain_reader(comm.open_url(urlresolve(at)), None, at)) == [("a", 1)]
    assert comm.open_url(url).read().split()[:2] == [b"%d" % label, at.encode()]


def test_only_nodes_are_the_cluster(disco: Disco) -> None:
    """A host that is no node is asked over HTTP, at whatever port; data that is not there is a DataError."""
    assert comm.stored_url("http://node01:8989/disco/x") == "disco://node01:8989/disco/x"
    assert comm.stored_url("http://node01:8989/index.html") is None
    assert comm.stored_url("http://other:8989/disco/x") is None
    with pytest.raises(DataError):
        comm.open_url("disco://node01:8989/disco/nothing")
