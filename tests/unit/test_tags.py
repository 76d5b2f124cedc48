"""Tags: names for lists of replica lists, their attributes and tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim.error import CommError, DiscoError, InvalidTag
from disco_sim.store import tags as tags_module
from disco_sim.store.tags import READ_TOKEN, WRITE_TOKEN, StoredBlob, Tag, TagStore, name_of


@pytest.fixture
def tags():
    tags = TagStore()
    tags.tag("data:a", [["disco://x", "disco://y"]])
    return tags


def blob(name: str, host: str = "node01") -> str:
    """A URL of a blob."""
    return f"disco://{host}/ddfs/vol0/blob/ab/{name}"


def test_newest_first(tags):
    """What is added to a tag stands before what was there."""
    tags.tag("data:a", [["disco://1"], ["disco://2"]])
    assert tags.urls("data:a") == [["disco://1"], ["disco://2"], ["disco://x", "disco://y"]]


def test_entries_are_copies(tags):
    """Neither the list that was given nor the one that is got is the tag's own."""
    given = [["disco://z"]]
    tags.tag("data:b", given)
    given[0].append("more")
    tags.urls("data:b")[0].append("more")
    assert tags.urls("data:b") == [["disco://z"]]


def test_list_and_delete(tags):
    """Names are listed by prefix, sorted; a deleted tag is gone, and deleting it again is fine."""
    tags.tag("data:0", [])
    tags.tag("other", [])
    assert tags.list() == ["data:0", "data:a", "other"]
    assert tags.list("data:") == ["data:0", "data:a"]
    assert len(tags) == 3
    tags.delete("data:a")
    tags.delete("data:a")
    assert tags.list("data:") == ["data:0"]
    assert "data:a" not in tags


def test_no_such_tag(tags):
    """An unknown tag is a 404, with the tags there are."""
    with pytest.raises(CommError, match="Tag not found; the tags are: data:a") as caught:
        tags.urls("data:b")
    assert (caught.value.code, caught.value.url) == (404, "tag://data:b")
    with pytest.raises(CommError, match="the tags are: none"):
        TagStore().urls("x")


def test_no_such_tag_among_many(tags):
    """Of many tags those are named that look like the one that is not there."""
    for number in range(20):
        tags.tag(f"job:{number}:results", [])
    with pytest.raises(CommError, match="the tags are: data:a ") as caught:
        tags.get("data:b")
    assert "job:" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 512, "ä"])
def test_names(tags, name):
    """A tag's name has up to 511 letters, digits and _-@: and nothing else."""
    tags.tag("x" * 511, [])
    with pytest.raises(DiscoError, match="cannot be used; a name has 1 to 511") as caught:
        tags.tag(name, [])
    assert isinstance(caught.value, InvalidTag)
    assert caught.value.tag == name


@pytest.mark.parametrize("entry", ["tag://x", [], [""], [5], None, b"raw://x"])
def test_entries_are_lists_of_urls(tags, entry):
    """An entry that is no list of URLs is a 403, and changes nothing."""
    with pytest.raises(CommError, match="Invalid url object") as caught:
        tags.tag("data:a", [["raw://fine"], entry])
    assert caught.value.code == 403
    assert tags.urls("data:a") == [["disco://x", "disco://y"]]


def test_update_has_each_blob_name_once(tags):
    """With mode="update" entries of names that are there are left out, and of several new ones the first is taken."""
    tags.tag("words", [[blob("a$1")], ["raw://a$b"]])
    tags.tag("words", [[blob("a$2")], [blob("b$2")], [blob("b$3")], ["raw://a$c"], ["raw://a$b"]], mode="update")
    assert tags.urls("words") == [[blob("b$2")], ["raw://a$c"], [blob("a$1")], ["raw://a$b"]]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "update", "put"])), max_size=12))
def test_changes_are_those_of_a_list(changes):
    """Whatever is added, updated and replaced, the names are those that a list of names would have."""
    tags = TagStore()
    expected: list[str] = []
    for number, (name, mode) in enumerate(changes):
        tags.tag("t", [[blob(f"{name}${number}")]], mode=mode)
        if mode == "put":
            expected = [name]
        elif mode == "" or name not in expected:
            expected = [name, *expected]
    entries = tags.urls("t") if changes else []
    assert [name_of(replicas[0]) for replicas in entries] == expected


def test_each_change_is_told_apart(tags):
    """Every change has a virtual time and a serial above those before."""
    first = tags.get("data:a")
    assert (first.modified_s, first.serial) == (0.0, 1)
    tags.set_attribute("data:a", "colour", "red", time_s=2.5)
    assert (first.modified_s, first.serial) == (2.5, 2)
    assert tags.tag("data:b", [], time_s=2.5).serial == 3


# Attributes


def test_attributes(tags):
    """An attribute is set, set again, and deleted; one that is not there is a 404."""
    tags.set_attribute("data:a", "colour", "red")
    tags.set_attribute("data:a", "colour", "blue")
    assert tags.get("data:a").attributes == {"colour": "blue"}
    tags.delete_attribute("data:a", "colour")
    with pytest.raises(CommError, match="Attribute not found: 'colour'; the tag has: none") as caught:
        tags.delete_attribute("data:a", "colour")
    assert caught.value.code == 404


def test_limits_of_attributes(tags):
    """A name has up to 1024 bytes, a value up to 4096, and a tag up to 1000 attributes; past that is a 403."""
    tags.set_attribute("data:a", "é" * 512, "é" * 2048)
    for name, value in (("é" * 513, "x"), ("x", "é" * 2049), ("", "x"), ("x", 5), ("x", None)):
        with pytest.raises(CommError, match="Invalid attribute") as caught:
            tags.set_attribute("data:a", name, value)
        assert caught.value.code == 403
    for number in range(999):
        tags.set_attribute("data:a", str(number), "")
    with pytest.raises(CommError, match="Too many attributes: the tag has 1000") as caught:
        tags.set_attribute("data:a", "one more", "")
    assert caught.value.code == 403
    tags.set_attribute("data:a", "7", "changed")
    assert tags.get("data:a").attributes["7"] == "changed"


# Tokens


def test_the_token_of_its_maker_protects_a_tag(tags):
    """A tag that was made with a token is read and changed with it only."""
    tags.tag("secret", [["raw://x"]], token="t")
    assert tags.urls("secret", "t") == [["raw://x"]]
    changes = (
        lambda token: tags.urls("secret", token),
        lambda token: tags.tag("secret", [["raw://y"]], token),
        lambda token: tags.set_attribute("secret", "a", "b", token),
        lambda token: tags.delete_attribute("secret", "a", token),
        lambda token: tags.delete("secret", token),
    )
    for change in changes:
        for wrong in (None, "other"):
            with pytest.raises(CommError, match="Tag is protected") as caught:
                change(wrong)
            assert caught.value.code == 401
    assert tags.urls("secret", "t") == [["raw://x"]]
    for change in changes:
        change("t")
    assert "secret" not in tags


def test_tokens_are_attributes_that_are_not_listed(tags):
    """Reading and changing are protected each by itself, and freed again, by two attributes."""
    tags.set_attribute("data:a", WRITE_TOKEN, "w")
    assert tags.urls("data:a") == [["disco://x", "disco://y"]]
    with pytest.raises(CommError, match="to write it takes the token"):
        tags.set_attribute("data:a", READ_TOKEN, "r")
    tags.set_attribute("data:a", READ_TOKEN, "r", "w")
    with pytest.raises(CommError, match="to read it takes the token"):
        tags.urls("data:a", "w")
    assert tags.get("data:a", "r").attributes == {}
    tags.delete_attribute("data:a", READ_TOKEN, "w")
    tags.delete_attribute("data:a", WRITE_TOKEN, "w")
    tags.tag("data:a", [])
    assert tags.urls("data:a") == [["disco://x", "disco://y"]]


def test_updates_of_long_tags_take_no_longer_than_of_short_ones(monkeypatch):
    """An update looks at the names of what is added, and at those that are there once, however often it is called."""
    tags, n_asked = TagStore(), []
    monkeypatch.setattr(tags_module, "name_of", lambda url: n_asked.append(url) or name_of(url))
    tags.tag("t", [[blob("first$0")]])
    for number in range(200):
        tags.tag("t", [[blob(f"b{number}$1")], [blob(f"b{number // 2}$2")]], mode="update")
    assert len(n_asked) == 1 + 2 * 200
    assert len(tags.urls("t")) == 201
    assert tags.urls("t")[0] == [blob("b199$1")]


@given(st.lists(st.tuples(st.sampled_from(["", "update", "put"]), st.lists(st.sampled_from("abcd"), max_size=3))))
def test_modes_keep_the_newest_first(changes):
    """Entries go in front; in an update only those of new names, by a put they are all there is."""
    tags, expected = TagStore(), []
    for serial, (mode, names) in enumerate(changes):
        given = [[blob(f"{name}${serial}")] for name in names]
        tags.tag("t", given, mode=mode)
        if mode == "update":
            known = [name_of(url) for (url,) in expected]
            given = [one for number, one in enumerate(given) if names[number] not in known + names[:number]]
        expected = given if mode == "put" else given + expected
    assert not changes or tags.urls("t") == expected


class Shown:
    """One tag that is kept elsewhere."""

    def names(self):
        return iter(["b:shown"])

    def tag(self, name):
        return Tag(name, [["raw://old"], ["raw://new"]], shows="another list") if name == "b:shown" else None


def test_tags_that_are_shown():
    """Those that are kept elsewhere are read as all others and listed with them, and cannot be changed."""
    tags = TagStore(Shown())
    tags.tag("a", [])
    tags.tag("c", [["tag://b:shown"]])
    assert tags.list() == ["a", "b:shown", "c"]
    assert (len(tags), "b:shown" in tags, "b:other" in tags) == (3, True, False)
    assert tags.urls("b:shown") == [["raw://new"], ["raw://old"]]
    assert [tag.name for tag in tags.all()] == tags.list()
    assert tags.referenced() == {"tag://b:shown"}
    for change in (
        lambda: tags.tag("b:shown", [["raw://x"]]),
        lambda: tags.set_attribute("b:shown", "a", "b"),
        lambda: tags.delete("b:shown"),
    ):
        with pytest.raises(CommError, match="cannot be changed: it shows another list") as caught:
            change()
        assert caught.value.code == 403
    assert tags.list("b") == ["b:shown"]


# Blobs


def test_loads_are_those_of_the_blobs_that_are_there():
    """What each host has is counted when blobs come and go."""
    tags = TagStore()
    one = StoredBlob(10, 0.0, (blob("a$1"), blob("a$1", "node02")), ("node01", "node02"))
    other = StoredBlob(5, 0.0, (blob("b$2"),), ("node01",))
    tags.remember(one)
    tags.remember(other)
    assert tags.loads == {"node01": (15, 2), "node02": (10, 1)}
    tags.forget(one)
    assert tags.loads == {"node01": (5, 1), "node02": (0, 0)}
    assert [*tags.pushed.values()] == [other]
