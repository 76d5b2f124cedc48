"""Tags: names for lists of replica lists."""

from __future__ import annotations

import pytest

from disco_sim.error import CommError, DiscoError
from disco_sim.store.tags import TagStore


@pytest.fixture
def tags():
    tags = TagStore()
    tags.tag("data:a", [["disco://x", "disco://y"]])
    return tags


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
    tags.delete("data:a")
    tags.delete("data:a")
    assert tags.list("data:") == ["data:0"]


def test_no_such_tag(tags):
    """An unknown tag is a 404, with the tags there are."""
    with pytest.raises(CommError, match="Tag not found; the tags are: data:a") as caught:
        tags.urls("data:b")
    assert (caught.value.code, caught.value.url) == (404, "tag://data:b")
    with pytest.raises(CommError, match="the tags are: none"):
        TagStore().urls("x")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 512, "ä"])
def test_names(tags, name):
    """A tag's name has up to 511 letters, digits and _-@: and nothing else."""
    tags.tag("x" * 511, [])
    with pytest.raises(DiscoError, match="cannot be used; a name has 1 to 511"):
        tags.tag(name, [])
