"""Files of pairs: what was written is read, damage is told, and no file outlives who needs it."""

from __future__ import annotations

import errno
import gc
import io
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disco_sim.error import DataError
from disco_sim.model.columns import Columns
from disco_sim.pairfiles import FiledPairs, PairFolder, PairWriter

plain = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4) | st.binary(max_size=4)
)


def written(folder: Path, keys: list[Any], is_plain: bool = True) -> FiledPairs:
    writer = PairWriter(PairFolder(str(folder)), "map-0")
    part = writer.write(Columns.of((key, 1) for key in keys), is_plain)
    return part


@given(st.lists(st.lists(st.tuples(plain, plain), max_size=5), min_size=1, max_size=4), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_is_read(tmp_path: Path, batches: list[list[Any]], is_plain: bool) -> None:
    """Every part of a file gives its own pairs, of their own types, in any order of reading and again."""
    writer = PairWriter(PairFolder(str(tmp_path)), "map-0")
    parts = [writer.write(Columns.of(pairs), is_plain) for pairs in batches]
    for _ in range(2):
        for part, pairs in reversed(list(zip(parts, batches, strict=True))):
            assert repr(list(part.load().pairs())) == repr(pairs)
            assert (part.n_records, part.held_bytes) == (len(pairs), 0)


def test_a_file_goes_with_its_last_chunk(tmp_path: Path) -> None:
    """As long as somebody has a part its file is there; a copy, as another process has it, keeps nothing."""
    part = written(tmp_path, ["a"])
    copy = pickle.loads(pickle.dumps(part))
    assert copy.load().table == ["a"]
    del copy
    gc.collect()
    assert len(list(tmp_path.iterdir())) == 1
    part.file.own()
    del part
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_a_file_can_be_handed_over(tmp_path: Path) -> None:
    """Who gave a file away leaves it alone, and who owns it now removes it."""
    part = written(tmp_path, ["a"])
    heir = pickle.loads(pickle.dumps(part))
    part.file.disown()
    heir.file.own()
    del part
    gc.collect()
    assert heir.load().table == ["a"]
    del heir
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_a_folder_goes_with_its_owner() -> None:
    """A folder is made when it is needed, and removed with all that is in it; copies are the same folder."""
    folder = PairFolder()
    copy = pickle.loads(pickle.dumps(folder))
    assert copy.path == folder.path
    part = PairWriter(folder, "map-0").write(Columns.of([("a", 1)]), True)
    assert repr(folder) == repr(copy) == "PairFolder()"
    assert repr(part.file).startswith("PairFile('map-0-")
    path = folder.path
    del copy
    gc.collect()
    assert os.path.isdir(path)
    del folder, part
    gc.collect()
    assert not os.path.exists(path)


def test_a_removed_file_is_told(tmp_path: Path) -> None:
    """Somebody tidied the temporary folder: the error names the file and says what to do."""
    part = written(tmp_path, ["a"])
    os.unlink(part.file.path)
    with pytest.raises(DataError, match=r"No such file or directory.*leave the temporary folder alone") as caught:
        part.load()
    assert caught.value.url == part.file.path


@pytest.mark.parametrize("at", [-1, 20])
def test_damage_is_told(tmp_path: Path, at: int) -> None:
    """A changed byte, or a file cut short, is an error that names the file, never other pairs."""
    part = written(tmp_path, ["a", "b", "c"] * 100)
    path = Path(part.file.path)
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged or cut") as caught:
        part.load()
    assert caught.value.url == str(path)
    path.write_bytes(content[: at - 1])
    with pytest.raises(DataError, match="damaged or cut"):
        part.load()


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the error names the file, the limit that led there, and what to do."""
    writer = PairWriter(PairFolder(str(tmp_path)), "map-0")
    writer.write(Columns.of([("a", 1)]), True)

    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("builtins.open", lambda path, mode: Full())
    with pytest.raises(DataError, match=r"No space left on device.*memory_limit.*free some space") as caught:
        writer.write(Columns.of([("b", 1)]), True)
    assert caught.value.url == writer.file.path


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """A folder that cannot be written to is named, since no file is there yet."""
    folder = tmp_path / "gone"
    with pytest.raises(DataError, match="Cannot write") as caught:
        PairWriter(PairFolder(str(folder)), "map-0").write(Columns.of([("b", 1)]), True)
    assert caught.value.url == str(folder)
