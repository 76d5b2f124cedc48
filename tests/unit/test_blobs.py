"""Stored data by URL."""

from __future__ import annotations

import pickle

import pytest

from disco_sim.error import DataError
from disco_sim.model.work import Blob
from disco_sim.store.blobs import BlobStore

BLOB = Blob.of_pairs([("a", 1)], 9)


@pytest.fixture
def store():
    store = BlobStore()
    store.put("disco://x", BLOB)
    return store


def test_what_was_put_is_there(store):
    """A blob is found under its URL, as it was put."""
    assert store.get("disco://x") is BLOB
    assert "disco://x" in store
    assert "disco://y" not in store


def test_what_was_never_put(store):
    """A URL that holds nothing is a data error with the URL, as a task would see lost data."""
    with pytest.raises(DataError, match="nothing is stored there") as caught:
        store.get("disco://y")
    assert caught.value.url == "disco://y"


def test_what_was_dropped(store):
    """A dropped blob is gone, the store says that it was there, and it can be stored again."""
    store.drop("disco://x")
    store.drop("disco://never")
    assert "disco://x" not in store
    with pytest.raises(DataError, match=r'dropped when its job ended.*Disco\(keep="all"\)'):
        store.get("disco://x")
    with pytest.raises(DataError, match="nothing is stored there"):
        store.get("disco://never")
    store.put("disco://x", BLOB)
    assert store.get("disco://x") is BLOB


def test_pairs():
    """Pairs come as they were, or anew from their pickle each time."""
    assert BLOB.pairs() == [("a", 1)]
    pickled = Blob("pickled", pickle.dumps([("a", [1])]), 1, 9)
    assert pickled.pairs() == [("a", [1])]
    assert pickled.pairs() is not pickled.pairs()
