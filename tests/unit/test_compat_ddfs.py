"""Claims about Disco's file system under its old name."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from disco_sim.compat import masters
from disco_sim.compat.disco.comm import open_url
from disco_sim.compat.disco.core import Disco, result_iterator
from disco_sim.compat.disco.ddfs import DDFS, InvalidTag
from disco_sim.error import CommError
from disco_sim.func import chain_reader

MASTER = "disco://localhost:8993"


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings name a master that is made for the test."""
    monkeypatch.setenv("DISCO_MASTER", MASTER)
    masters.forget()
    yield
    masters.forget()


def words(line: Any, params: Any) -> Any:
    """A map function."""
    for word in line.split():
        yield word, 1


def test_one_master_has_one_file_system() -> None:
    """A DDFS by address, by Disco and by the settings, and that of a Disco, have the same tags."""
    ways = (
        DDFS(MASTER),
        DDFS(Disco(MASTER)),
        DDFS(),
        DDFS(settings={**settings(), "DISCO_MASTER": MASTER}),
        Disco().ddfs,
    )
    for number, ddfs in enumerate(ways):
        ddfs.tag(f"data:{number}", [[f"raw://{number}"]])
    assert all(ddfs.list("data") == [f"data:{number}" for number in range(len(ways))] for ddfs in ways)
    assert Disco().native.ddfs.list("data") == ways[0].list("data")


def settings(**given: Any) -> dict[str, Any]:
    """All settings, some of them given."""
    from disco_sim.compat.disco.settings import DiscoSettings

    return DiscoSettings(**given)


def test_settings_say_how_many_replicas_and_which_tokens() -> None:
    """DDFS_BLOB_REPLICAS copies are made, and the tokens are those of the settings."""
    ddfs = DDFS(settings=settings(DDFS_BLOB_REPLICAS=3, DDFS_WRITE_TOKEN="w", DDFS_READ_TOKEN="w"))
    _, ((*blobs,),) = ddfs.push("data:x", [(io.BytesIO(b"a b a"), "x")])
    assert len(blobs) == 3
    with pytest.raises(CommError) as caught:
        DDFS().urls("data:x")
    assert caught.value.code == 401
    assert ddfs.urls("data:x") == [blobs]


def test_jobs_read_tags() -> None:
    """What was pushed is the input of a job; a tag of results, too."""
    disco = Disco()
    disco.ddfs.push("data:x", [(io.BytesIO(b"a b a\n"), "x")])
    job = disco.new_job("count", input=["tag://data:x"], map=words)
    assert sorted(result_iterator(job.wait())) == [(b"a", 1), (b"a", 1), (b"b", 1)]
    disco.ddfs.tag("results", job.wait())
    again = disco.new_job("again", input=["tag://results"], reduce=lambda it, params: [(len(list(it)), 0)])
    assert list(result_iterator(again.wait())) == [(3, 0)]


def test_purged_jobs_leave_what_they_saved_or_a_tag_has() -> None:
    """Collecting garbage takes the data of purged jobs, but not saved results, nor results that a tag refers to."""
    disco = Disco()
    given = {"input": ["raw://a b", "raw://c"], "map": words}
    for number, save in enumerate((True, False)):
        job = disco.new_job("my job", save_results=save, **given)
        urls = job.wait()
        before = list(result_iterator(urls))
        disco.ddfs.tag(f"mine:{number}", urls if isinstance(urls[0], list) else [urls])
        job.purge()
        disco.ddfs.gc()
        assert list(result_iterator([f"tag://mine:{number}"])) == before
        assert len(before) == 3
    assert [len(file.read()) > 0 for file in disco.ddfs.pull("mine:1")] == [True] * len(
        list(disco.ddfs.blobs("mine:1"))
    )


def test_any_collection_of_garbage_takes_purged_jobs() -> None:
    """The data of a purged job go with the garbage of its cluster, whoever collects that."""
    disco = Disco()
    job = disco.new_job("j", input=["raw://a"], map=words)
    urls = job.wait()
    job.purge()
    assert list(result_iterator(urls)) == [("a", 1)]
    disco.native.ddfs.gc()
    with pytest.raises(CommError):
        list(result_iterator(urls))


def test_results_are_chunked() -> None:
    """What wait() gives is what chunk() takes."""
    disco = Disco()
    urls = disco.new_job("j", input=["raw://a b", "raw://c"], map=words).wait()
    disco.ddfs.chunk("c", urls, reader=chain_reader)
    assert list(result_iterator(["tag://c"])) == list(result_iterator(urls))


def test_oob_results_are_a_tag() -> None:
    """What tasks put is read from the file system, under the tag that job_oob() names."""

    def putting(line: Any, params: Any) -> Any:
        put("key", b"value")
        return []

    disco = Disco()
    job = disco.new_job("j", input=["raw://a"], map=putting)
    job.wait()
    assert [(file.name, file.read()) for file in DDFS().pull(DDFS.job_oob(job.name))] == [("key", b"value")]
    ((url,),) = DDFS().urls(DDFS.job_oob(job.name))
    assert open_url(url).read() == b"value"


def test_names_need_no_master() -> None:
    """The names of tags and blobs are made without a connection."""
    assert DDFS.job_tag("J@1:2:3") == "disco:job:results:J@1:2:3"
    assert DDFS.job_oob("J@1:2:3") == "disco:job:oob:J@1:2:3"
    assert DDFS.safe_name("a/b") == "a_b"


def test_invalid_tags() -> None:
    """What is no tag is an InvalidTag, which is a CommError too."""
    with pytest.raises(InvalidTag):
        DDFS().get("http://a/b")
    with pytest.raises(CommError) as caught:
        DDFS().get("nosuch")
    assert caught.value.code == 404
