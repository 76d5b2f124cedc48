"""What outputs hold, as a page shows it."""

from __future__ import annotations

from typing import Any

import pytest

from disco_sim.error import DataError
from disco_sim.model.events import OutputStored
from disco_sim.model.work import Blob
from disco_sim.views.contents import Contents, keys_of
from disco_sim.views.packing import Packing
from disco_sim.views.state import JobState
from tests.unit import logs
from tests.unit.test_views_packing import unpacked


def stored(url: str, n_records: int = 1) -> OutputStored:
    return OutputStored(0.0, "j", "map", 0, 0, "a", 0, n_records, 10, url)


def pairs(*found: tuple[Any, Any]) -> Blob:
    return Blob.of_pairs(found, 10)


def reader(blobs: dict[str, Blob]) -> Any:
    def read(url: str) -> Blob:
        if url not in blobs:
            raise DataError("gone", url)
        return blobs[url]

    return read


def test_keys_are_counted_over_all_outputs() -> None:
    """Equal keys are one key, lists with equal texts too."""
    read = reader({"a": pairs((1, 0), ([2], 0), ("x", 0)), "b": pairs((1.0, 0), ([2], 0))})
    assert keys_of([stored("a"), stored("b")], read) == [(1, 2), ("x", 1), ([2], 2)]


@pytest.mark.parametrize("blobs", [{}, {"a": Blob("bytes", b"x", 1, 1)}])
def test_keys_of_what_is_gone_or_has_none_are_unknown(blobs: dict[str, Blob]) -> None:
    """An output that is gone, or is bytes, has no keys that can be told."""
    assert keys_of([stored("a")], reader(blobs)) is None


def test_a_page_gets_records_and_keys_by_number() -> None:
    """What was packed is what can be asked for: records by output, keys by stage and partition, largest first."""
    scribe = logs.ready()
    state = JobState.of(scribe.log, scribe.job)
    contents, packing = Contents(scribe.read), Packing({})
    outputs = [output for stage in state.stages.values() for output in stage.stored]
    contents.pack(packing, state, outputs)
    columns = unpacked(packing)[1]
    for number, output in enumerate(outputs):
        asked = contents.records_of(number, 1000)
        assert asked is not None and len(asked) == output.n_records
        rows = [row for row, of in enumerate(columns["record.output"][1]) if of == number]
        assert [(columns["record.key"][row], columns["record.value"][row]) for row in rows] == asked
    sizes = columns["key.records"][1]
    assert sum(sizes) == sum(output.n_records for output in outputs)
    n_keys, largest = contents.keys_of(0, 0, 1) or (0, [])
    assert n_keys >= len(largest) == 1


def test_what_is_gone_or_not_there_is_none() -> None:
    """A number that no output has, and an output that is gone, are answered with None."""
    scribe = logs.ready()
    state = JobState.of(scribe.log, scribe.job)
    contents = Contents(reader({}))
    contents.pack(Packing({}), state, list(state.stages["map"].stored))
    assert contents.records_of(0, 5) is None
    assert contents.records_of(10**6, 5) is None
    assert contents.keys_of(0, 0, 5) is None


def test_long_and_odd_texts_are_cut_and_printable() -> None:
    """Keys and values are shown as Python writes them, cut after 80 letters; lines stand for bytes."""
    blobs = {"a": pairs(("<script>\x00", "y" * 500)), "b": Blob("bytes", b"one\ntwo\nthree", 3, 13)}
    scribe = logs.ready()
    state = JobState.of(scribe.log, scribe.job)
    contents = Contents(reader(blobs))
    contents.pack(Packing({}), state, [stored("a"), stored("b")])
    ((key, value),) = contents.records_of(0, 5) or []
    assert key == "'<script>\\x00'" and len(value) == 80 and value.startswith("'yyy")
    assert contents.records_of(1, 2) == [("", "b'one'"), ("", "b'two'")]


def test_much_is_left_out() -> None:
    """Of many records none go along; they can still be asked for."""
    scribe = logs.ready()
    state = JobState.of(scribe.log, scribe.job)
    contents, packing = Contents(reader({"a": pairs(("k", 1))})), Packing({})
    contents.pack(packing, state, [stored("a", 10**6)])
    columns = unpacked(packing)[1]
    assert columns["record.key"] == columns["key.key"] == []
    assert contents.records_of(0, 5) == [("'k'", "1")]


class Broken:
    """A value that cannot be written."""

    __slots__ = ()

    def __repr__(self) -> str:
        raise ValueError("no words")


def test_no_value_breaks_a_view_or_shows_its_address() -> None:
    """Values whose repr fails, is endless or names a place in memory are shown all the same, in the same words."""
    odd = [object(), Broken(), 10**6000, frozenset("zyx"), [0] * 10**6]
    scribe = logs.ready()
    contents = Contents(reader({"a": pairs(*((value, value) for value in odd))}))
    contents.pack(Packing({}), JobState.of(scribe.log, scribe.job), [stored("a", len(odd))])
    found = contents.records_of(0, 10) or []
    keys = [key for key, _ in found]
    assert keys[0] == "<object object>" and keys[3] == "frozenset({'x', 'y', 'z'})"
    assert "Broken" in keys[1] and "bits" in keys[2] and len(keys[4]) <= 80
    assert not any("0x" in key for key in keys)
