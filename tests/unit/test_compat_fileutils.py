"""Claims about files that appear whole, archives in memory, and the old names of Disco's format."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from disco_sim.compat.disco import fileutils
from disco_sim.error import DataError
from disco_sim.func import chain_reader


def test_an_atomic_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    """Not before close; a new folder is made; what was there is replaced; text is UTF-8."""
    path = tmp_path / "new" / "words"
    file = fileutils.AtomicFile(str(path))
    assert file.write("the café\n") == 10
    file.flush()
    assert not path.exists()
    file.close()
    file.close()
    assert path.read_text(encoding="utf-8") == "the café\n"
    with fileutils.AtomicFile(str(path)) as again:
        again.write(b"cat")
    assert path.read_bytes() == b"cat"
    assert os.listdir(path.parent) == ["words"]


def test_an_atomic_file_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """After an error in the with statement the old file is as it was, and nothing lies about."""
    path = tmp_path / "words"
    path.write_text("old")

    def fail() -> None:
        with fileutils.AtomicFile(str(path)) as file:
            file.write("half")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["words"]
    with pytest.raises(DataError, match="Cannot write the file"):
        fileutils.AtomicFile(str(path / "below"))


def test_archives_are_equal_when_their_files_are(tmp_path: Path) -> None:
    """Contents come back; packing twice gives the same bytes, whatever the times of the files."""
    (tmp_path / "lib").mkdir()
    for name in ("b.py", "a.py", "a.pyc"):
        (tmp_path / "lib" / name).write_text(name)
    packed = []
    for time in (0, 10**9):
        os.utime(tmp_path / "lib" / "a.py", (time, time))
        archive = fileutils.DiscoZipFile()
        archive.writepath(str(tmp_path / "lib"), exclude=[".pyc"])
        archive.writestr("jobdata", "é")
        packed.append(archive.dumps())
    assert packed[0] == packed[1]
    with zipfile.ZipFile(io.BytesIO(packed[0])) as again:
        names = again.namelist()
        assert [os.path.basename(name) for name in names] == ["a.py", "b.py", "jobdata"]
        assert again.read("jobdata") == "é".encode()
        assert again.read(names[0]) == b"a.py"


def test_output_streams_write_what_chain_reader_reads() -> None:
    """Disco's own writer, under its old name."""
    file = io.BytesIO()
    output = fileutils.DiscoOutputStream(file)
    output.add("cat", 2)
    output.close()
    file.seek(0)
    assert list(chain_reader(file, None, "raw://")) == [("cat", 2)]


def test_the_chunker_is_that_of_the_file_system() -> None:
    """It is imported when it is asked for; other names are unknown."""
    from disco_sim.ddfs import Chunker

    assert fileutils.Chunker is Chunker
    with pytest.raises(AttributeError, match="no attribute 'Junker'"):
        fileutils.Junker  # noqa: B018
