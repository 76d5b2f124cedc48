"""What one run may read of the stores."""

from __future__ import annotations

import pytest

from disco_sim.error import DataError, OOBKeyError, OOBVisibilityError
from disco_sim.model.work import Blob
from disco_sim.store.blobs import BlobStore
from disco_sim.store.oob import COMMITTED, OOBEntry, OOBStore
from disco_sim.store.view import RunView


@pytest.fixture
def stores():
    blobs, oob = BlobStore(), OOBStore()
    for job in ("job", "other"):
        oob.open(job)
        oob.add(job, [OOBEntry("k", f"of {job}", "first", 0, 0, 0, "n1", 1.0, COMMITTED)])
    return blobs, oob


def view(stores, level=1, moment=2):
    return RunView(*stores, "job", "second", level, 0, moment)


def test_blobs(stores):
    """Blobs are read by URL; a missing one is a data error."""
    blob = Blob("bytes", b"x", 1, 1)
    stores[0].put("disco://x", blob)
    assert view(stores).blob("disco://x") is blob
    with pytest.raises(DataError):
        view(stores).blob("disco://y")


def test_oob_of_the_own_job(stores):
    """Without a job it is the run's own job that is asked, from the run's own stage."""
    assert view(stores).oob("k", None) == "of job"
    with pytest.raises(OOBVisibilityError):
        view(stores, level=0).oob("k", None)


def test_oob_of_another_job(stores):
    """Another job is asked by name, as of the run's start."""
    stores[1].end("other")
    with pytest.raises(OOBVisibilityError):
        view(stores, moment=2).oob("k", "other")
    assert view(stores, moment=3).oob("k", "other") == "of other"


def test_nothing_later_is_seen(stores):
    """What was stored after the run's start is not there for it."""
    with pytest.raises(OOBKeyError):
        view(stores, moment=0).oob("k", None)
