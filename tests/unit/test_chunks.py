"""Files of chunks: what was written is read, damage is told, and no file outlives who needs it."""

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

from disco_sim.chunks import Chunk, ChunkFolder, ChunkWriter
from disco_sim.error import DataError
from disco_sim.model.columns import Columns

plain = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4) | st.binary(max_size=4)
)


def written(folder: Path, keys: list[Any], is_plain: bool = True) -> Chunk:
    writer = ChunkWriter(ChunkFolder(str(folder)), "map-0")
    chunk = writer.write(Columns(keys, [1] * len(keys)), is_plain)
    return chunk


@given(st.lists(st.lists(st.tuples(plain, plain), max_size=5), min_size=1, max_size=4), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_is_read(tmp_path: Path, batches: list[list[Any]], is_plain: bool) -> None:
    """Every chunk of a file gives its own pairs, of their own types, in any order of reading and again."""
    writer = ChunkWriter(ChunkFolder(str(tmp_path)), "map-0")
    chunks = [
        writer.write(Columns([key for key, _ in pairs], [value for _, value in pairs]), is_plain) for pairs in batches
    ]
    for _ in range(2):
        for chunk, pairs in reversed(list(zip(chunks, batches, strict=True))):
            assert repr(list(chunk.load().pairs())) == repr(pairs)
            assert (chunk.n_records, chunk.held_bytes) == (len(pairs), 0)


def test_a_file_goes_with_its_last_chunk(tmp_path: Path) -> None:
    """As long as somebody has a chunk its file is there; a copy, as another process has it, keeps nothing."""
    chunk = written(tmp_path, ["a"])
    copy = pickle.loads(pickle.dumps(chunk))
    assert copy.load().keys == ["a"]
    del copy
    gc.collect()
    assert len(list(tmp_path.iterdir())) == 1
    chunk.file.own()
    del chunk
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_a_file_can_be_handed_over(tmp_path: Path) -> None:
    """Who gave a file away leaves it alone, and who owns it now removes it."""
    chunk = written(tmp_path, ["a"])
    heir = pickle.loads(pickle.dumps(chunk))
    chunk.file.disown()
    heir.file.own()
    del chunk
    gc.collect()
    assert heir.load().keys == ["a"]
    del heir
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_a_folder_goes_with_its_owner() -> None:
    """A folder is made when it is needed, and removed with all that is in it; copies are the same folder."""
    folder = ChunkFolder()
    copy = pickle.loads(pickle.dumps(folder))
    assert copy.path == folder.path
    chunk = ChunkWriter(folder, "map-0").write(Columns(["a"], [1]), True)
    assert repr(folder) == repr(copy) == "ChunkFolder()"
    assert repr(chunk.file).startswith("ChunkFile('map-0-")
    path = folder.path
    del copy
    gc.collect()
    assert os.path.isdir(path)
    del folder, chunk
    gc.collect()
    assert not os.path.exists(path)


def test_a_removed_file_is_told(tmp_path: Path) -> None:
    """Somebody tidied the temporary folder: the error names the file and says what to do."""
    chunk = written(tmp_path, ["a"])
    os.unlink(chunk.file.path)
    with pytest.raises(DataError, match=r"No such file or directory.*leave the temporary folder alone") as caught:
        chunk.load()
    assert caught.value.url == chunk.file.path


@pytest.mark.parametrize("at", [-1, 20])
def test_damage_is_told(tmp_path: Path, at: int) -> None:
    """A changed byte, or a file cut short, is an error that names the file, never other pairs."""
    chunk = written(tmp_path, ["a", "b", "c"] * 100)
    path = Path(chunk.file.path)
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged or cut") as caught:
        chunk.load()
    assert caught.value.url == str(path)
    path.write_bytes(content[: at - 1])
    with pytest.raises(DataError, match="damaged or cut"):
        chunk.load()


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the error names the file, the limit that led there, and what to do."""
    writer = ChunkWriter(ChunkFolder(str(tmp_path)), "map-0")
    writer.write(Columns(["a"], [1]), True)

    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("builtins.open", lambda path, mode: Full())
    with pytest.raises(DataError, match=r"No space left on device.*memory_limit.*free some space") as caught:
        writer.write(Columns(["b"], [1]), True)
    assert caught.value.url == writer.file.path


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """A folder that cannot be written to is named, since no file is there yet."""
    folder = tmp_path / "gone"
    with pytest.raises(DataError, match="Cannot write") as caught:
        ChunkWriter(ChunkFolder(str(folder)), "map-0").write(Columns(["b"], [1]), True)
    assert caught.value.url == str(folder)
