"""What crosses to worker processes and back comes out as it was, or says what it was."""

from __future__ import annotations

import gc
import linecache
import os
import pickle
import sys
import warnings
from functools import partial
from types import SimpleNamespace

import pytest

from disco_sim.engine import parcel
from disco_sim.error import CommError, DataError, DiscoError
from disco_sim.model.work import Blob, Counts, Dependencies, Failure, TaskOutcome
from disco_sim.runtime.buffers import Room
from disco_sim.runtime.program import FunctionCode
from tests.works import memory, work


def travelled(error):
    """An error at the other end."""
    return parcel.opened(pickle.loads(pickle.dumps(parcel.sealed(error))))


def caught(raise_):
    try:
        raise_()
    except BaseException as error:
        return error


def test_errors_with_all_that_is_behind_them():
    """Type, arguments, facts, cause and context are kept."""

    def fails():
        try:
            try:
                {}["k"]
            except KeyError:
                raise OSError(2, "gone", "file")  # noqa: B904 - its context is what is looked at
        except OSError as error:
            raise CommError("no answer", "disco://a", 404) from error

    error = travelled(caught(fails))
    assert (type(error), error.code, error.url) == (CommError, 404, "disco://a")
    assert (type(error.__cause__), error.__cause__.filename) == (FileNotFoundError, "file")
    assert isinstance(error.__cause__.__context__, KeyError)
    assert error.__suppress_context__


def test_names_that_were_not_found():
    """What Python itself forgets of an error when it is pickled is kept: the name."""
    assert travelled(NameError("name 'x' is not defined", name="x")).name == "x"
    assert travelled(caught(lambda: sys.nothing)).name == "nothing"


class TwoArguments(Exception):
    """Is pickled, but cannot be made again."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


@pytest.mark.parametrize("error", [TwoArguments(1, 2), type("Special", (Exception,), {})("1 and 2")])
def test_errors_that_cannot_travel(error):
    """Their type and message are told by an error of ours."""
    found = travelled(error)
    assert type(found) is DiscoError
    assert f"{type(error).__name__}: 1 and 2" in str(found)


def test_errors_in_a_circle():
    """Errors that are behind each other still are."""
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    found = travelled(one)
    assert (str(found), str(found.__cause__)) == ("one", "other")
    assert found.__cause__.__cause__ is found


def test_errors_that_are_raised_from_one_another():
    """Each travels once, though it is both cause and context of the next, and stays one object; none is left out."""
    error = ValueError(0)
    for number in range(1, 1000):
        behind, error = error, ValueError(number)
        error.__cause__ = error.__context__ = behind
    assert len(parcel.sealed(error)) == 1000
    found, numbers = travelled(error), []
    while found is not None:
        assert found.__cause__ is found.__context__
        numbers.extend(found.args)
        found = found.__cause__
    assert numbers == list(reversed(range(1000)))


def test_failures():
    """A failure keeps all its texts; its error has its frames as a note."""
    failure = Failure("data", "DataError: bad", DataError("bad", "raw://a"), "Traceback\n  line", "lines", "record")
    outcome = TaskOutcome(counts=Counts(records_in=3), failure=failure, depends_on=Dependencies(host="node01"))
    sent, error = parcel.sealed_outcome(outcome)
    found = parcel.opened_outcome(*pickle.loads(pickle.dumps((sent, error))))
    assert (found.counts, found.depends_on) == (outcome.counts, outcome.depends_on)
    assert found.failure.error.url == "raw://a"
    assert found.failure.error.__notes__ == ["In a worker process:\nTraceback\n  line"]
    assert (found.failure.kind, found.failure.lines, found.failure.record) == ("data", "lines", "record")


@pytest.mark.parametrize("value", [1, (1.0, None, "\u00e4", b"x"), float("inf"), SimpleNamespace])
def test_pairs(value):
    """Pairs in memory are the same pairs afterwards, with their counts."""
    pairs = [(f"key{number}", value) for number in range(30)]
    sent, error = parcel.sealed_outcome(TaskOutcome(outputs=((4, Blob.of_pairs(pairs, 300)),)))
    ((label, blob),) = parcel.opened_outcome(pickle.loads(pickle.dumps(sent)), error).outputs
    assert (label, blob.pairs(), blob.n_records, blob.n_bytes) == (4, pairs, 30, 300)


def test_pairs_in_files_are_handed_over(tmp_path):
    """More pairs than are sent stay in a file, which is the receiver's from then on and goes with it."""
    sent_work = parcel.facts_sent(work(memory(tmp_path, 10**9, 10**9)))
    memory_there = sent_work[parcel.FACTS.index("memory")]
    room = Room(work(memory_there))
    buffer = room.buffer()
    for number in range(5000):
        buffer.add(f"key{number}", number)
    held_bytes = buffer.measured()
    room.settle()
    outcome, error = parcel.sealed_outcome(TaskOutcome(outputs=((0, buffer.blob()),)))
    data = pickle.dumps(outcome)
    assert len(data) < 1000
    del outcome, buffer, room
    gc.collect()
    (path,) = tmp_path.iterdir()
    opened = parcel.opened_outcome(pickle.loads(data), error)
    ((_, blob),) = opened.outputs
    assert blob.pairs() == [(f"key{number}", number) for number in range(5000)]
    assert (blob.n_spilled, blob.held_bytes) == (0, held_bytes)
    del opened, blob
    gc.collect()
    assert not path.exists()


def test_programs_that_cannot_leave():
    """What pickle refuses is None."""
    assert parcel.packed_program(lambda: None) is None
    assert parcel.packed_program(partial(print, 1)) is not None


def test_lines_of_cells(monkeypatch):
    """The source of what is in no file travels with the functions made of it."""
    code = compile("def f():\n    pass\n", "<cell 7>", "exec")
    monkeypatch.setitem(linecache.cache, "<cell 7>", (18, None, ["def f():\n", "    pass\n"], "<cell 7>"))
    data = parcel.packed_program(SimpleNamespace(functions=(FunctionCode(code, "f", None),)))
    monkeypatch.delitem(linecache.cache, "<cell 7>")
    program = parcel.unpacked_program(data)
    linecache.checkcache()
    assert linecache.getline("<cell 7>", 2) == "    pass\n"
    assert program.functions[0].code == code
    linecache.cache.pop("<cell 7>")


def test_surroundings(monkeypatch, tmp_path):
    """A process can be made to have those of another, whatever it had itself."""
    monkeypatch.setenv("DISCO_TEST", "before")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setattr(sys, "argv", ["one", "two"])
    meta_path = sys.meta_path[:]
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        there = pickle.loads(pickle.dumps(parcel.Surroundings.now()))
        warnings.resetwarnings()
        os.environ["DISCO_TEST"] = "after"
        os.environ["DISCO_OTHER"] = "new"
        sys.path.clear()
        sys.argv[:] = []
        there.apply()
        assert (os.environ["DISCO_TEST"], "DISCO_OTHER" in os.environ) == ("before", False)
        assert sys.path[-1] == str(tmp_path) and sys.argv == ["one", "two"]
        assert warnings.filters[0][:3] == ("error", None, ResourceWarning)
        assert parcel.Surroundings.now() == there
    assert sys.meta_path == meta_path
