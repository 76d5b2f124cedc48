"""Claims about reading results outside tasks, and about which Disco a URL belongs to."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from disco_sim import DataError, Disco, DiscoError, result_iterator
from disco_sim.client.registry import open_discos, owner_of
from disco_sim.error import CommError, InputError
from disco_sim.func import chain_reader, map_input_stream, map_line_reader


@pytest.fixture
def disco() -> Iterator[Disco]:
    """A cluster of two nodes."""
    with Disco(nodes=2) as one:
        yield one


def done(disco: Disco, **parameters: Any) -> list[str]:
    """The result URLs of a job that gives (a, 0), (b, 1)."""

    def fun_map(entry: str, params: Any) -> Any:
        yield entry, this_partition()  # type: ignore[name-defined]

    return disco.new_job("test", input=["raw://a", "raw://b"], map=fun_map, **parameters).wait()


def test_results_in_url_order(disco: Disco) -> None:
    """Records come in the order of the URLs, each as often as its URL is there; nothing is used up."""
    first, second = done(disco)
    assert list(result_iterator([second, first, first])) == [("b", 1), ("a", 0), ("a", 0)]
    assert list(disco.result_iterator(iter([first]))) == [("a", 0)]


def test_lists_of_lists(disco: Disco) -> None:
    """Lists of one URL, as newer versions of Disco give them, are that URL."""
    assert list(result_iterator([[url] for url in done(disco)])) == [("a", 0), ("b", 1)]
    assert list(result_iterator([done(disco, save=True)])) == [("a", 0), ("b", 1)]


def test_plain_urls(disco: Disco, tmp_path: Path) -> None:
    """Files and texts can be read too, with the reader and streams that fit them."""
    path = tmp_path / "text"
    path.write_text("a\nb")
    assert list(result_iterator([str(path), path, "raw://c"], reader=map_line_reader)) == ["a", "b", "a", "b", "c"]
    assert list(result_iterator([str(path)], reader=None)) == [b"a\n", b"b"]
    with pytest.raises(DataError, match="Cannot open the file"):
        list(result_iterator([str(tmp_path / "none")]))


def test_readers_and_streams(disco: Disco) -> None:
    """A reader of four arguments gets params; a stream function of one's own replaces the opening of URLs."""

    def reader(fd: Any, size: Any, url: str, params: Any) -> Any:
        return ((params, line) for line in map_line_reader(fd, size, url))

    def opened(stream: Any, size: Any, url: str, params: Any) -> Any:
        return io.BytesIO(url[:5].encode())

    assert list(result_iterator(["raw://x"], reader=reader, params=7)) == [(7, "x")]
    urls = done(disco)
    assert list(result_iterator(urls, reader=map_line_reader, input_stream=[opened])) == ["disco", "disco"]
    assert list(result_iterator(urls, reader=map_line_reader, input_stream=opened)) == ["disco", "disco"]  # type: ignore[arg-type]
    pairs = result_iterator(urls, input_stream=[opened])
    with pytest.raises(DataError, match="No pair of netstrings"):
        next(pairs)
    assert list(result_iterator(urls, input_stream=[map_input_stream, lambda *a: [("k", 1)]])) == [("k", 1)] * 2


def test_the_notifier_hears_of_every_input_before_it_is_read(disco: Disco) -> None:
    """notifier is called with each URL or replica list, just before its first record."""
    heard: list[Any] = []
    records = result_iterator(["raw://a\nb", ["raw://c", "raw://d"]], heard.append, map_line_reader)
    assert (next(records), heard) == ("a", ["raw://a\nb"])
    assert (list(records), heard) == (["b", "c"], ["raw://a\nb", ["raw://c", "raw://d"]])


def test_replicas(tmp_path: Path) -> None:
    """The next replica is read when one fails, and when all fail that is a data error."""
    gone = str(tmp_path / "gone")
    assert list(result_iterator([[gone, "raw://a"]], reader=map_line_reader)) == ["a"]
    with pytest.raises(DataError, match="Exhausted all 2 available replicas"):
        list(result_iterator([[gone, gone]]))


@pytest.mark.parametrize("wrong", ["dir://x", b"dir://x", None, 5])
def test_results_are_given_as_a_list(wrong: Any) -> None:
    """A bare URL is refused at once, before anything is read."""
    with pytest.raises(InputError, match=r"give a list of URLs, such as job.wait\(\)") as caught:
        result_iterator(wrong)
    assert caught.value.input == wrong


def test_results_of_a_closed_disco() -> None:
    """When its Disco is closed a URL leads nowhere, as the error says; the closed Disco itself still reads it."""
    with Disco(nodes=1) as disco:
        urls = done(disco)
        tag = done(disco, save=True)
    for some in (urls, tag):
        with pytest.raises(CommError, match=r"the tags are: none|no open Disco has it"):
            list(result_iterator(some))
        assert list(disco.result_iterator(some)) == [("a", 0), ("b", 1)]


def test_unknown_results(disco: Disco) -> None:
    """A result that its Disco does not have, and a tag that nobody has, are errors with code 404."""
    with pytest.raises(CommError, match="no such result") as caught:
        list(result_iterator([f"dir://node01:{disco.master[-4:]}/disco/node01/ab/none@1:2:3/map-0.index"]))
    assert caught.value.code == 404
    with pytest.raises(CommError, match="Tag not found") as caught:
        list(result_iterator(["tag://none"]))
    assert caught.value.code == 404


def test_results_of_several_discos(disco: Disco) -> None:
    """URLs of several open Discos can be read together, for each has its port; of a tag the newest has the say."""
    with Disco(nodes=2) as other:
        assert [one.master for one in open_discos()][:2] == [other.master, disco.master]
        urls = [*done(disco), *done(other)]
        assert list(result_iterator(urls)) == [("a", 0), ("b", 1), ("a", 0), ("b", 1)]
        for one in (disco, other):
            one.cluster.tags.tag("same", [[f"raw://{one.master}"]])
        tagged = list(result_iterator(["tag://same"], reader=map_line_reader))
        assert tagged == [other.master]
        assert list(disco.result_iterator(["tag://same"], reader=map_line_reader)) == [disco.master]


def test_ports_are_given_once() -> None:
    """The next Disco takes the next free port; a port that is taken is refused with who has it, until it is closed."""
    with Disco(nodes=1) as first, Disco(nodes=1) as second:
        port = int(first.master.rpartition(":")[2])
        assert second.master.endswith(f":{port + 1}")
        with pytest.raises(DiscoError, match=rf"port {port} is taken by the open Disco {first.master}; .* close"):
            Disco(f"other:{port}", nodes=1)
        assert owner_of(f"disco://anyhost:{port}/x") is first.cluster
    with Disco(nodes=1) as third:
        assert third.master == first.master


def test_a_url_without_a_port_belongs_to_nobody(disco: Disco) -> None:
    """A URL with no port in it is refused with the masters that are open."""
    with pytest.raises(CommError, match=f"no open Disco has it; open in this process: .*{disco.master}"):
        owner_of("disco://node01/x", disco.cluster)
    assert list(result_iterator(done(disco), reader=chain_reader)) == [("a", 0), ("b", 1)]
