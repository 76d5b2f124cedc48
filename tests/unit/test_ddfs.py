"""Claims about the distributed file system as users call it: pushing, tags, replicas, chunks, tokens, garbage."""

from __future__ import annotations

import gzip
import io
import itertools
import random
import re
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import DataError, Disco, DiscoError, result_iterator
from disco_sim.compat.dialect import V05
from disco_sim.ddfs import DDFS, Chunker
from disco_sim.error import CommError, InvalidTag
from disco_sim.func import chain_reader, map_line_reader
from disco_sim.store.names import EPOCH_S
from disco_sim.views.story import EPOCH

URL = re.compile(
    r"disco://node0[1-4](:\d+)?/ddfs/vol0/blob/[0-9a-f]{2}/[A-Za-z0-9_\-@:]+\$[0-9a-f]+-[0-9a-f]+-[0-9a-f]+"
)


@pytest.fixture
def disco() -> Iterator[Disco]:
    """A cluster of four nodes."""
    with Disco(nodes=4) as one:
        yield one


@pytest.fixture
def ddfs(disco: Disco) -> DDFS:
    """Its file system."""
    return disco.ddfs


def file(text: str | bytes, name: str) -> tuple[Any, str]:
    """A file in memory, to be pushed."""
    return io.BytesIO(text.encode() if isinstance(text, str) else text), name


def contents(ddfs: DDFS, tag: Any, **options: Any) -> dict[str, bytes]:
    """What is in the blobs of a tag, by blob name."""
    return {blob.name: blob.read() for blob in ddfs.pull(tag, **options)}


def code_of(call: Any) -> int | None:
    """The code of the CommError that a call raises."""
    with pytest.raises(CommError) as caught:
        call()
    return caught.value.code


def test_a_slash_makes_no_two_names_one(ddfs: DDFS) -> None:
    """What stands before a slash is no part of a name, so that is refused, with the colon that names have."""
    with pytest.raises(InvalidTag, match=r"has a slash.*'logs:2013'"):
        ddfs.push("logs/2013", [file("x", "x")])
    with pytest.raises(InvalidTag, match=r"more than one place.*'logs:2013:05'"):
        ddfs.push("tag://logs/2013/05", [file("x", "x")])
    assert ddfs.list() == []
    assert ddfs.gc().n_blobs == 0


# Push and pull


def test_push_gives_the_urls_of_tag_and_blobs(ddfs: DDFS, tmp_path: Path) -> None:
    """A path, a path with a name and a file object become blobs, each replica with a URL in Disco's form."""
    path = tmp_path / "a text.txt"
    path.write_text("from a path")
    files = [str(path), (str(path), "named"), file("in memory", "memory"), (io.StringIO("é"), "text"), path]
    tag_urls, blobs = ddfs.push("data:all", files, replicas=2)
    assert [len(urls) for urls in blobs] == [2] * 5
    assert all(URL.fullmatch(url) for urls in blobs for url in urls)
    assert len({url for urls in blobs for url in urls}) == 10
    assert [ddfs.blob_name(urls[0]) for urls in blobs] == ["a_text_txt", "named", "memory", "text", "a_text_txt"]
    assert re.fullmatch(r"disco://node\d\d(:\d+)?/ddfs/vol0/tag/../data:all\$[0-9a-f-]+", tag_urls[0])
    assert ddfs.urls("data:all") == blobs
    assert contents(ddfs, "data:all") == {
        "a_text_txt": b"from a path",
        "named": b"from a path",
        "memory": b"in memory",
        "text": "é".encode(),
    }


def test_replicas_share_their_bytes(ddfs: DDFS) -> None:
    """Many replicas take the memory of one."""
    _, ((first, *others),) = ddfs.push("t", [file("x" * 100, "x")], replicas=4)
    read = ddfs.cluster.blobs.get
    assert len(others) == 3
    assert all(read(url) is read(first) for url in others)


def test_two_pushes_never_give_one_url(ddfs: DDFS) -> None:
    """The same name in the same instant has another URL each time, and reads as it was pushed."""
    urls = [ddfs.push("t", [file(str(number), "same")])[1][0][0] for number in range(50)]
    assert len(set(urls)) == 50
    assert [ddfs.cluster.blobs.get(url).data for url in urls] == [str(number).encode() for number in range(50)]
    with Disco(nodes=4) as other:
        again = [other.ddfs.push("t", [file(str(number), "same")])[1][0][0] for number in range(50)]
    assert [url.rpartition("/")[2] for url in again] == [url.rpartition("/")[2] for url in urls]


def test_the_port_is_in_urls_unless_it_is_discos_own() -> None:
    """A master at 8989 has no port in its blobs' URLs; any other has, and both can be read by everybody."""
    for port, host in ((8989, "node01"), (9555, "node01:9555")):
        with Disco(f"master:{port}", nodes=1) as disco, Disco(nodes=1) as other:
            _, ((url,),) = disco.ddfs.push("t", [file("to be", "x")])
            assert url.startswith(f"disco://{host}/ddfs/")
            for reader in (result_iterator, disco.result_iterator, other.result_iterator):
                assert list(reader([url], reader=map_line_reader)) == ["to be"]
            job = other.new_job(name="x", input=[url], map=lambda line, params: [(line, 1)])
            assert list(result_iterator(job.wait())) == [("to be", 1)]


def test_what_cannot_be_pushed(ddfs: DDFS, tmp_path: Path) -> None:
    """A wrong kind of file, a wrong name and a file that is not there are refused, and nothing is stored."""
    fine = file("x", "fine")
    for wrong in ([fine, 5], [fine, (b"bytes", "name")], [fine, ("a", "b", "c")], "a path"):
        with pytest.raises(DiscoError, match=r"cannot be pushed|files are given as a list"):
            ddfs.push("t", wrong)
    for name in ("", "a b", "a/b", "x" * 512, 5):
        assert code_of(lambda name=name: ddfs.push("t", [fine, (io.BytesIO(), name)])) == 403
    with pytest.raises(FileNotFoundError):
        ddfs.push("t", [fine, str(tmp_path / "none")])
    for replicas in (0, -1, 1.5, True):
        with pytest.raises(DiscoError, match=r"replicas=.* whole number of at least 1"):
            ddfs.push("t", [fine], replicas=replicas)
    assert repr(ddfs) == f"DDFS({ddfs.cluster.master}, 0 tags, 0 blobs)"
    assert ddfs.list() == []


def test_long_blob_names(ddfs: DDFS) -> None:
    """A name of up to 200 characters is kept, a longer one is stored under its MD5."""
    _, blobs = ddfs.push("t", [file("", "x" * 200), file("", "x" * 201)])
    first, second = (ddfs.blob_name(urls[0]) for urls in blobs)
    assert first == "x" * 200
    assert re.fullmatch("[0-9a-f]{32}", second)


def test_update_pushes_each_name_once(ddfs: DDFS) -> None:
    """With update=True a blob whose name the tag has already is not added; without, it is."""
    ddfs.push("t", [file("1", "a")])
    ddfs.push("t", [file("2", "a"), file("3", "b")], update=True)
    assert contents(ddfs, "t") == {"a": b"1", "b": b"3"}
    ddfs.push("t", [file("4", "a")], delayed=True)
    assert [ddfs.blob_name(urls[0]) for urls in ddfs.urls("t")] == ["a", "b", "a"]


def test_pull_picks_by_name_and_passes_over_what_is_gone(ddfs: DDFS) -> None:
    """A filter sees blob names; of several replicas the first that can be read is; files say where they come from."""
    _, ((url,), _) = ddfs.push("t", [file("1", "a"), file("2", "b")])
    ddfs.tag("u", [["disco://node01/ddfs/vol0/blob/00/none$1", url], ["raw://text"]])
    (one,) = ddfs.pull("t", lambda name: name == "a")
    assert (one.name, one.url, one.size, one.read()) == ("a", url, 1, b"1")
    assert [blob.read() for blob in ddfs.pull("u")] == [b"1", b"text"]
    ddfs.tag("gone", [["disco://node01/ddfs/vol0/blob/00/none$1"]])
    with pytest.raises(DataError, match="Unable to access resource"):
        list(ddfs.pull("gone"))
    assert code_of(lambda: list(ddfs.pull("none"))) == 404


def test_pull_of_saved_results(disco: Disco) -> None:
    """What jobs stored comes in Disco's file format."""
    ddfs = disco.ddfs
    job = disco.new_job(name="x", input=["raw://b a"], map=lambda line, params: [(line, 1)], save=True)
    (tag,) = job.wait()
    (blob,) = ddfs.pull(tag)
    assert list(chain_reader(blob, blob.size, blob.url)) == [("b a", 1)]
    assert ddfs.get(tag)["last-modified"] == "2010/09/01 00:00:00"
    assert tag == f"tag://{ddfs.job_tag(job.name)}"


# Tags


@pytest.mark.parametrize("form", ["{}", "tag://{}", "tag:///{}", "tag://master/{}", "tag://x@master:1/{}", ["{}", "y"]])
def test_ways_to_name_a_tag(ddfs: DDFS, form: Any) -> None:
    """A tag is given by name, as a URL, with a host and a token, or as a list that begins with one of these."""
    ddfs.tag("data:x", [["raw://a"]])
    tag = [form[0].format("data:x"), form[1]] if isinstance(form, list) else form.format("data:x")
    assert ddfs.exists(tag)
    assert ddfs.urls(tag) == ddfs.get(tag)["urls"] == list(ddfs.blobs(tag)) == [["raw://a"]]


@pytest.mark.parametrize(
    "wrong", [5, None, "", "a b", "http://x/y", "raw://x", [], [5], "tag://", "a.b", "a/b", "/b", "tag://a/b/c"]
)
def test_what_is_no_tag(ddfs: DDFS, wrong: Any) -> None:
    """Anything else is an InvalidTag, which is an error of Disco that has what was given."""
    for call in (ddfs.get, ddfs.exists, ddfs.delete, lambda tag: ddfs.push(tag, []), lambda tag: ddfs.tag(tag, [])):
        with pytest.raises(InvalidTag, match="Invalid tag") as caught:
            call(wrong)
        assert isinstance(caught.value, DiscoError)
        assert "tag" in vars(caught.value)


def test_tags_in_discos_shape(ddfs: DDFS) -> None:
    """A tag is told as a dict with Disco's keys, whose id is another one after each change."""
    ddfs.tag("data:x", [["raw://a"]])
    ddfs.setattr("data:x", "colour", "red")
    told = ddfs.get("data:x")
    assert re.fullmatch(r"data:x\$503-490c0-[0-9a-f]+", told["id"])
    assert {key: told[key] for key in told if key != "id"} == {
        "version": 1,
        "last-modified": "2010/09/01 00:00:00",
        "urls": [["raw://a"]],
        "user-data": {"colour": "red"},
    }
    ddfs.tag("data:x", [["raw://b"]])
    assert ddfs.get("data:x")["id"] != told["id"]


def test_modified_in_virtual_time() -> None:
    """A tag changes at the virtual time of its cluster."""
    with Disco(nodes=1) as disco:
        disco.step(until=61.5)
        disco.ddfs.tag("x", [])
        assert disco.ddfs.get("x")["last-modified"] == "2010/09/01 00:01:01"
        assert re.search(r"\$503-490fd-7a12[0-9a-f]\Z", disco.ddfs.get("x")["id"])


def test_put_replaces_and_delete_forgets(ddfs: DDFS) -> None:
    """`put` leaves only what it was given; a deleted tag does not exist, and deleting answers "deleted" always."""
    ddfs.tag("t", [["raw://a"]])
    ddfs.put("t", [["raw://b"], ["raw://c"]])
    assert ddfs.urls("t") == [["raw://b"], ["raw://c"]]
    assert [ddfs.delete("t"), ddfs.delete("tag://t")] == ["deleted", "deleted"]
    assert not ddfs.exists("t")
    assert ddfs.list("t") == []
    assert code_of(lambda: ddfs.get("t")) == 404
    for wrong in (["tag://x"], "tag://x", 5, ["raw://x"]):
        assert code_of(lambda wrong=wrong: ddfs.tag("t", wrong)) == 403


def graph(ddfs: DDFS) -> None:
    """Four tags: top has left and right, both have bottom, and bottom has top."""
    ddfs.tag("bottom", [["raw://4"], ["tag://top"]])
    ddfs.tag("left", [["raw://2"], ["tag://bottom"]])
    ddfs.tag("right", [["tag://bottom"], ["raw://3"], ["tag://missing"]])
    ddfs.tag("top", [["tag://left"], ["raw://1"], ["tag://right"]])


def test_findtags_visits_each_tag_once(ddfs: DDFS) -> None:
    """Breadth first, with the tags and the blobs of each; a missing one is left out, or an error."""
    graph(ddfs)
    assert [(tag, tags, blobs) for tag, tags, blobs in ddfs.findtags(["top"])] == [
        ("tag://top", ["tag://left", "tag://right"], [["raw://1"]]),
        ("tag://left", ["tag://bottom"], [["raw://2"]]),
        ("tag://right", ["tag://bottom", "tag://missing"], [["raw://3"]]),
        ("tag://bottom", ["tag://top"], [["raw://4"]]),
    ]
    assert [tag for tag, _, _ in ddfs.findtags(["right", "missing", "left"])] == [
        "tag://right",
        "tag://left",
        "tag://bottom",
        "tag://top",
    ]
    assert code_of(lambda: list(ddfs.findtags("top", ignore_missing=False))) == 404


def test_blobs_are_those_of_the_whole_graph(ddfs: DDFS) -> None:
    """The data of nested tags belong to a tag, each tag once."""
    graph(ddfs)
    assert list(ddfs.blobs("top")) == [["raw://1"], ["raw://2"], ["raw://3"], ["raw://4"]]
    assert list(ddfs.blobs("none")) == []
    assert code_of(lambda: list(ddfs.blobs("none", ignore_missing=False))) == 404


def test_walk_goes_down_and_not_in_circles(ddfs: DDFS) -> None:
    """Depth first; a tag in two tags is met twice, one within itself is not gone into again."""
    graph(ddfs)
    walked = [(tuple(tag[6:] for tag in path), blobs) for path, _, blobs in ddfs.walk("top")]
    assert walked == [
        (("top",), [["raw://1"]]),
        (("top", "left"), [["raw://2"]]),
        (("top", "left", "bottom"), [["raw://4"]]),
        (("top", "right"), [["raw://3"]]),
        (("top", "right", "bottom"), [["raw://4"]]),
        (("top", "right", "missing"), ()),
    ]
    strict = ddfs.walk("none", ignore_missing=False)
    assert next(strict) == (("tag://none",), None, None)
    assert code_of(lambda: next(strict)) == 404


def test_walk_goes_down_as_far_as_tags_go(ddfs: DDFS) -> None:
    """Tags may be nested deeper than Python calls functions."""
    for number in range(1500):
        ddfs.tag(f"t{number}", [[f"tag://t{number + 1}"], [f"raw://{number}"]])
    paths = [path for path, _, _ in ddfs.walk("t0")]
    assert [len(path) for path in paths] == [*range(1, 1502)]
    assert paths[-1][-1] == "tag://t1500"


def test_walk_goes_on_from_a_path(ddfs: DDFS) -> None:
    """With `tagpath` it is walked on from there, and tags of that path are not gone into again."""
    graph(ddfs)
    paths = [path for path, _, _ in ddfs.walk("right", tagpath=("tag://bottom",))]
    assert paths == [("tag://bottom", "tag://right"), ("tag://bottom", "tag://right", "tag://missing")]


def test_attributes(ddfs: DDFS) -> None:
    """Attributes are texts of a tag; those that are not there, and tags that are not there, are a 404."""
    ddfs.tag("t", [])
    ddfs.setattr("t", "colour", "red")
    assert (ddfs.attrs("t"), ddfs.getattr("t", "colour")) == ({"colour": "red"}, "red")
    ddfs.delattr("t", "colour")
    assert ddfs.attrs("t") == {}
    for call in (
        lambda: ddfs.getattr("t", "colour"),
        lambda: ddfs.delattr("t", "colour"),
        lambda: ddfs.setattr("none", "colour", "red"),
        lambda: ddfs.attrs("none"),
        lambda: ddfs.getattr("t", "ddfs:read-token"),
    ):
        assert code_of(call) == 404
    assert code_of(lambda: ddfs.setattr("t", "n", 5)) == 403


def test_tokens(ddfs: DDFS) -> None:
    """A protected tag exists for all, and takes its token as an argument, in its URL, or as the file system's own."""
    ddfs.push("secret", [file("x", "x")], token="t")
    assert ddfs.exists("secret")
    for call in (
        lambda: ddfs.get("secret"),
        lambda: ddfs.urls("secret", token="other"),
        lambda: list(ddfs.blobs("secret")),
        lambda: list(ddfs.pull("tag://other@/secret")),
        lambda: list(ddfs.walk("secret")),
        lambda: ddfs.push("secret", [file("y", "y")]),
        lambda: ddfs.delete("secret"),
        lambda: ddfs.setattr("secret", "a", "b"),
        lambda: ddfs.getattr("secret", "ddfs:write-token"),
    ):
        assert code_of(call) == 401
    assert repr(ddfs) == f"DDFS({ddfs.cluster.master}, 1 tag, 1 blob)"
    assert contents(ddfs, "secret", token="t") == contents(ddfs, "tag://t@master/secret") == {"x": b"x"}
    assert ddfs.getattr("secret", "ddfs:read-token", token="t") == "t"
    own = DDFS(ddfs.cluster, read_token="t", write_token="t")
    own.push("secret", [file("y", "y")])
    assert contents(own, "secret") == {"x": b"x", "y": b"y"}
    ddfs.delattr("secret", "ddfs:read-token", token="t")
    assert len(ddfs.urls("secret")) == 2
    ddfs.tag("outer", [["tag://t@master/secret"]])
    assert len(list(ddfs.blobs("outer"))) == 2


# Replicas


def test_replicas_go_where_the_least_is(ddfs: DDFS) -> None:
    """Blobs of one size go round, and whoever has a large one gets no more until the others have caught up."""
    hosts = [urls[0][8:14] for urls in ddfs.push("t", [file("x" * 10, f"f{number}") for number in range(8)])[1]]
    assert hosts == ["node01", "node02", "node03", "node04"] * 2
    ddfs.push("t", [file("x" * 1000, "large")], forceon=["node03"])
    rest = [urls[0][8:14] for urls in ddfs.push("t", [file("x" * 10, f"g{number}") for number in range(9)])[1]]
    assert "node03" not in rest


def test_forced_hosts_come_first(ddfs: DDFS) -> None:
    """The hosts of `forceon` have a replica in any case, and others are added up to `replicas`."""
    for replicas, expected in ((1, ["node03", "node02"]), (3, ["node03", "node02", "node01"])):
        with Disco(nodes=4) as disco:
            _, (urls,) = disco.ddfs.push("t", [file("x", "x")], replicas=replicas, forceon=["node03", "node02"])
        assert [url[8:14] for url in urls] == expected


def test_dead_and_blacklisted_nodes_get_nothing() -> None:
    """Only nodes that are there take blobs; too few of them are a 403 that says why, and nothing is stored."""
    with Disco(nodes=4) as disco:
        disco.faults.kill("node01")
        disco.blacklist("node02")
        _, (urls,) = disco.ddfs.push("t", [file("x", "x")], replicas=2)
        assert [url[8:14] for url in urls] == ["node03", "node04"]
        for options in ({"replicas": 3}, {"forceon": ["node02"]}, {"forceon": ["node99"]}):
            with pytest.raises(CommError, match="Not enough nodes") as caught:
                disco.ddfs.push("u", [file("x", "x")], **options)
            assert caught.value.code == 403
        assert disco.ddfs.list() == ["t"]
        disco.whitelist("node02")
        disco.faults.restore("node01")
        assert len(disco.ddfs.push("t", [file("y", "y")], replicas=4)[1][0]) == 4


def test_blobs_of_a_dead_node(disco: Disco) -> None:
    """What is only on dead nodes cannot be pulled until one returns; what has another replica can."""
    ddfs = disco.ddfs
    ddfs.push("one", [file("1", "one")], forceon=["node01"])
    ddfs.push("two", [file("2", "two")], forceon=["node01", "node02"])
    disco.faults.kill("node01")
    with pytest.raises(DataError, match="only on nodes that are dead: node01"):
        list(ddfs.pull("one"))
    (blob,) = ddfs.pull("two")
    assert blob.url[8:14] == "node02"
    disco.faults.restore("node01")
    assert contents(ddfs, "one") == {"one": b"1"}


# Chunks


@given(
    st.lists(st.one_of(st.text(max_size=30), st.binary(max_size=30), st.tuples(st.integers(), st.text(max_size=5)))),
    st.integers(1, 200),
)
def test_chunks_hold_the_records_in_order(records: list[Any], chunk_size: int) -> None:
    """Whatever the records, reading one chunk after the other gives them back."""
    chunks = list(Chunker(chunk_size).chunks(records))
    read = [list(chain_reader(io.BytesIO(chunk), len(chunk), "raw://")) for chunk in chunks]
    assert list(itertools.chain(*read)) == records
    assert len(chunks) == (1 if records else 0)


def test_chunks_are_as_large_as_they_should_be() -> None:
    """Blocks are gathered up to the chunk size, in compressed bytes, and no chunk is larger."""
    luck = random.Random(0)
    records = [luck.randbytes(100_000) for _ in range(60)]
    (whole,) = Chunker().chunks(records)
    small = list(Chunker(chunk_size=2_500_000).chunks(records))
    sizes = [len(chunk) for chunk in small]
    assert max(sizes) <= 2_500_000
    assert all(one + other > 2_500_000 for one, other in itertools.pairwise(sizes))
    assert len(list(Chunker(chunk_size=1).chunks(records))) > len(small) > 1
    assert len(whole) > 2_500_000


def test_chunks_refuse_large_records_and_odd_sizes() -> None:
    """A record may have max_record_size bytes and no more; a size is a number of bytes."""
    assert len(list(Chunker(max_record_size=4).chunks(["éé", b"four"]))) == 1
    for large in ("ééa", b"fives", [1, 2, 3]):
        with pytest.raises(ValueError, match=r"record 1 has .* bytes, and max_record_size is 4"):
            list(Chunker(max_record_size=4).chunks(["a", large]))
    for size in (0, -1, "1", True, None):
        with pytest.raises(DiscoError, match="number of bytes"):
            Chunker(chunk_size=size)


def test_chunk_reads_lines_as_a_job_does(tmp_path: Path) -> None:
    """Records are lines, as text, or as bytes with their ends where the dialect has them so; a reader may be given."""
    path = tmp_path / "words.txt"
    path.write_text("to be\nor not\n")
    for options, reader, lines in (
        ({}, {}, ["to be", "or not"]),
        ({"dialect": V05}, {}, [b"to be\n", b"or not\n"]),
        ({}, {"reader": None}, [b"to be\n", b"or not\n"]),
        ({}, {"reader": lambda fd, size, url: iter([(url, size)])}, [(str(path), 13)]),
    ):
        with Disco(nodes=2, **options) as disco:
            urls, blobs = disco.ddfs.chunk("t", [str(path)], replicas=2, chunk_size=5, **reader)
            assert disco.ddfs.urls("t") == blobs
            assert [len(replicas) for replicas in blobs] == [2]
            assert len(urls) == 1
            assert list(disco.result_iterator(["tag://t"])) == lines


def test_chunks_of_all_kinds_of_urls(ddfs: DDFS, tmp_path: Path) -> None:
    """URLs, lists of replicas and tags can be chunked; each URL has chunks of its own name."""
    paths = [tmp_path / folder / "x.txt" for folder in "ab"]
    for path in paths:
        path.parent.mkdir()
        path.write_text(path.parent.name)
    ddfs.push("t", [file("c", "c")], replicas=2)
    ddfs.chunk("all", [str(paths[0]), [str(tmp_path / "none"), str(paths[1])], "tag://t", "raw://"], update=True)
    assert sorted(result_iterator(["tag://all"])) == ["a", "b", "c"]
    names = [ddfs.blob_name(replicas[0]) for replicas in ddfs.urls("all")]
    assert len(set(names)) == 3
    assert names[0].endswith("_a_x_txt-0")
    with pytest.raises(DiscoError, match="urls are given as a list"):
        ddfs.chunk("all", "raw://x")
    with pytest.raises(DataError):
        ddfs.chunk("all", [str(tmp_path / "none")])
    with pytest.raises(ValueError, match="max_record_size"):
        ddfs.chunk("new", ["raw://four"], max_record_size=3)
    assert not ddfs.exists("new")


# Names, garbage, what is shown


def test_names(ddfs: DDFS, tmp_path: Path) -> None:
    """The naming helpers are of the class and of its objects; a job's files are saved under such names."""
    path = tmp_path / "part.0"
    path.write_text("x")
    assert (DDFS.safe_name("a/b c"), DDFS.job_oob("j"), DDFS.job_tag("j")) == (
        "a_b_c",
        "disco:job:oob:j",
        "disco:job:results:j",
    )
    _, ((url,),) = ddfs.save("j@1:2:3", [str(path)])
    assert ddfs.blob_name(url) == DDFS.job_blob("j@1:2:3", str(path)) == "discoblob:j@1:2:3:part_0"
    assert contents(ddfs, "disco:job:results:j@1:2:3") == {"discoblob:j@1:2:3:part_0": b"x"}


def test_names_of_odd_jobs() -> None:
    """A job whose name has characters that no tag has, or too many, has tags all the same."""
    assert DDFS.job_tag("my job@1:2:3") == "disco:job:results:my_job@1:2:3"
    assert DDFS.job_oob("é/x@1:2:3") == "disco:job:oob:__x@1:2:3"
    long = [DDFS.job_tag("x" * 600 + end) for end in "ab"]
    assert long[0] != long[1]
    assert all(len(tag) <= 511 for tag in long)


def test_the_epoch_is_that_of_everything_shown() -> None:
    """Timestamps in URLs and the clock on the wall begin together."""
    assert datetime.fromtimestamp(EPOCH_S, UTC).replace(tzinfo=None) == EPOCH


def test_files_say_what_they_are(ddfs: DDFS, tmp_path: Path) -> None:
    """What pull and tarblobs give, and a Chunker, show names and sizes, and nothing that differs from run to run."""
    ddfs.push("t", [file("12345", "a"), file("1", "b")])
    assert repr(list(ddfs.pull("t"))) == "[BlobFile('a', 5 bytes), BlobFile('b', 1 byte)]"
    path = tmp_path / "all.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("a.txt")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"abc"))
    assert repr(list(ddfs.tarblobs(path, compress=False))) == "[('a_txt', NamedFile('a_txt', 3 bytes), 3)]"
    assert repr(Chunker(5, 7)) == "Chunker(chunk_size=5, max_record_size=7)"


def test_tarblobs(ddfs: DDFS, tmp_path: Path) -> None:
    """The files of an archive come as names, buffers and sizes that can be pushed, gzipped or as they are."""
    path = tmp_path / "all.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("texts/a.txt", "texts/b.txt", "c.log"):
            member = tarfile.TarInfo(name)
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))
        archive.addfile(tarfile.TarInfo("texts"))
    found = list(ddfs.tarblobs(str(path), include="texts/", exclude="b."))
    ((name, buffer, size),) = found
    assert (name, gzip.decompress(buffer.getvalue()), size) == (
        "texts_a_txt_gz",
        b"texts/a.txt",
        len(buffer.getvalue()),
    )
    with open(path, "rb") as opened:
        plain = list(DDFS.tarblobs(opened, compress=False, include="."))
    ddfs.push("t", [(buffer, name) for name, buffer, _ in plain])
    assert contents(ddfs, "t") == {"texts_a_txt": b"texts/a.txt", "texts_b_txt": b"texts/b.txt", "c_log": b"c.log"}


def test_garbage_is_what_no_tag_points_to(ddfs: DDFS) -> None:
    """Collecting frees what is in no tag, in all replicas; who reads it then is told why it is gone."""
    _, ((url, _),) = ddfs.push("t", [file("12345", "a")], replicas=2)
    ddfs.push("u", [file("678", "b")])
    ddfs.tag("copy", ddfs.urls("u"))
    ddfs.delete("t")
    ddfs.delete("u")
    assert contents(ddfs, "copy") == {"b": b"678"}
    assert ddfs.cluster.blobs.get(url).data == b"12345"
    freed = ddfs.gc()
    assert (freed.n_blobs, freed.n_bytes, repr(freed)) == (1, 10, "Collected(1 blob, 10 bytes)")
    with pytest.raises(DataError, match="collected as garbage, because no tag pointed to it"):
        ddfs.cluster.blobs.get(url)
    assert contents(ddfs, "copy") == {"b": b"678"}
    assert ddfs.gc().n_blobs == 0


def test_garbage_may_have_to_be_old() -> None:
    """What was pushed later than so many virtual seconds ago stays, and so does what an active job reads."""
    with Disco(nodes=2) as disco:
        disco.ddfs.push("t", [file("a b", "a")])
        job = disco.new_job(name="x", input=["tag://t"], map=lambda line, params: [(line, 1)])
        disco.ddfs.delete("t")
        assert disco.ddfs.gc().n_blobs == 0
        assert list(result_iterator(job.wait())) == [("a b", 1)]
        disco.step(until=100.0)
        assert disco.ddfs.gc(older_than_s=100.1).n_blobs == 0
        assert disco.ddfs.gc(older_than_s=100).n_blobs == 1


def test_what_is_shown(ddfs: DDFS) -> None:
    """The frame has a row per blob of a tag and per blob of none; the card has a row per tag."""
    empty = ddfs.frame()
    ddfs.push("x", [file("12345", "a")], replicas=2)
    ddfs.push("orphans", [file("1", "b")])
    ddfs.delete("orphans")
    ddfs.tag("x", [["http://nowhere/x"], ["tag://y"], ["raw://é"]])
    frame = ddfs.frame()
    assert [*frame.columns] == ["tag", "blob", "name", "replicas", "hosts", "bytes"]
    assert (empty.dtypes == frame.dtypes).all()
    assert frame.drop(columns="blob").fillna(-1).values.tolist() == [
        ["x", "x", 1, "", -1],
        ["x", "raw://é".rpartition("/")[2], 1, "", 2],
        ["x", "a", 2, "node01, node02", 5],
        ["", "b", 1, "node03", 1],
    ]
    bundle = ddfs._repr_mimebundle_()
    assert bundle["text/plain"].splitlines() == [
        f"DDFS {ddfs.cluster.master}",
        "  blobs pushed: 2",
        "  on disks: 11 bytes, all replicas",
        "Tags (1)",
        "  name  blobs  bytes  modified",
        "  x         3      –  2010/09/01 00:00:00",  # noqa: RUF001
    ]
    assert "<table" in bundle["text/html"]
