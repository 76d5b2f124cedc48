"""Errors: their place in the hierarchy, their text, their facts, and that all of it travels between processes."""

from __future__ import annotations

import copy
import pickle

import pytest

from disco_sim import error as errors
from disco_sim.error import CommError, DataError, DiscoError, JobError, ModUtilImportError, OOBKeyError, OOBPutError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DiscoError)]

BUILTINS = {
    "OOBPutError": ValueError, "OOBKeyError": KeyError, "PartitionError": ValueError, "SortError": TypeError,
    "ModUtilImportError": ImportError,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("clone", [copy.copy, *[lambda e, p=p: pickle.loads(pickle.dumps(e, p)) for p in (2, 5)]])
def test_errors_survive_pickling(kind, clone):
    """An error comes out of a pickle as the same class, with its text, its facts and its cause."""
    error = kind("what happened", key="k", near=("a", "b"))
    error.__cause__ = ZeroDivisionError("division by zero")
    again = clone(error)
    assert type(again) is kind
    assert (str(again), again.args) == (str(error), error.args)
    assert (again.key, again.near) == ("k", ("a", "b"))
    assert vars(again) == vars(error)
    assert type(again.__cause__) is ZeroDivisionError
    assert str(again.__cause__) == "division by zero"


def test_a_chain_survives_pickling():
    """The cause of the cause comes along."""
    inner = OOBPutError("inner", key="k")
    middle = DataError("middle", "raw://x", 404)
    outer = JobError("outer", "master:8989", "job@1", task=3)
    outer.__cause__, middle.__cause__ = middle, inner
    again = pickle.loads(pickle.dumps(outer))
    assert (again.task, again.__cause__.code, again.__cause__.__cause__.key) == (3, 404, "k")
    assert again.__cause__.__cause__.__cause__ is None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_hierarchy(kind):
    """Every error is a DiscoError, and the builtin that a caller would catch where there is one."""
    assert issubclass(kind, BUILTINS.get(kind.__name__, DiscoError))
    assert "what happened" in str(kind("what happened"))
    assert kind.__doc__


def test_which_errors_are_tried_again():
    """Only DataError and CommError say that a task can be tried again."""
    assert {kind.__name__ for kind in KINDS if issubclass(kind, DataError)} == {"DataError", "CommError"}
    assert not any(issubclass(kind, OSError) for kind in KINDS)


def test_texts():
    """A message is text to be read: no repr of a key error, the URL of data, the name of a job."""
    assert str(OOBKeyError("no key 'a'")) == "no key 'a'"
    assert str(DataError("bad", "raw://x")) == "bad (raw://x)"
    assert str(DataError("bad")) == "bad"
    assert str(JobError("dead", "m:1", "job@1")) == "Job job@1 failed: dead"
    assert str(JobError("dead")) == "dead"
    assert str(DiscoError("a", "b")) == "('a', 'b')"
    assert str(DiscoError()) == ""


def test_facts():
    """Disco's own facts have Disco's names; a fact that an error has not is told with those it has."""
    error = CommError("no", "raw://x", 404)
    assert (error.msg, error.url, error.code) == ("no", "raw://x", 404)
    job = JobError("dead", "m:1", "job@1")
    assert (job.error, job.master, job.jobname) == ("dead", "m:1", "job@1")
    assert ModUtilImportError("no", module="x").module == "x"
    with pytest.raises(AttributeError, match=r"DataError has no fact 'colour'; it has \['code', 'msg', 'url'\]"):
        _ = DataError("x").colour
