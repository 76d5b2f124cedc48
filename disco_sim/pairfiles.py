"""Files of pairs, which are kept on disk because memory is short, or because another process is to read them.

Some pairs at a time are a block, as in Disco's file format: compressed, behind a checksum. The files are
this program's own and live no longer than it: plain data are written by `marshal`, whose format may differ from Python
to Python, other data by `pickle`. When something is written, and how much of memory is short, is not known here.
"""

from __future__ import annotations

import marshal
import os
import pickle
import shutil
import weakref
from contextlib import suppress
from tempfile import mkdtemp, mkstemp
from typing import Any, NamedTuple

from disco_sim.error import DataError, DiscoError
from disco_sim.formats import packed_block, read_block
from disco_sim.model.columns import Columns, codes_of

_COMPRESS_LEVEL = 1


class PairFolder:
    """A folder for files of pairs, made when it is first needed; it goes with its owner, and all that is in it.

    A copy of it in another process is the same folder, and leaves it alone.
    """

    def __init__(self, path: str = "") -> None:
        self._path = path

    @property
    def path(self) -> str:
        """Where it is."""
        if not self._path:
            self._path = mkdtemp(prefix="disco-sim-pairs-")
            weakref.finalize(self, shutil.rmtree, self._path, True)
        return self._path

    def __reduce__(self) -> tuple[Any, ...]:
        return PairFolder, (self.path,)

    def __repr__(self) -> str:
        return "PairFolder()"


class PairFile:
    """One file of pairs. Who owns it removes it with the last of what refers to it; a copy owns nothing."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._owned: weakref.finalize[Any, Any] | None = None

    def own(self) -> None:
        """From here on the file goes with this object."""
        if self._owned is None:
            self._owned = weakref.finalize(self, _remove, self.path)

    def disown(self) -> None:
        """Leave the file to somebody else."""
        if self._owned is not None:
            self._owned.detach()
            self._owned = None

    def __reduce__(self) -> tuple[Any, ...]:
        return PairFile, (self.path,)

    def __repr__(self) -> str:
        return f"PairFile({os.path.basename(self.path)!r})"


def _remove(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)


class FiledPairs(NamedTuple):
    """Some pairs in a file, from its byte `offset` on. `key_type` is as in Columns.

    Those that are not `is_spilled` are in a file only to be read by another process, and count as held in memory.
    """

    file: PairFile
    offset: int
    n_records: int
    key_type: type | None
    is_plain: bool
    is_spilled: bool = True
    held_bytes: int = 0

    def load(self) -> Columns:
        """The pairs.

        Raises:
            DataError: If the file is gone or damaged.
        """
        table, data, values = load_block(self.file, self.offset, self.is_plain)
        codes = codes_of()
        codes.frombytes(data)
        return Columns(table, codes, values, self.key_type)


def load_block(file: PairFile, offset: int, is_plain: bool) -> Any:
    """What was written to a file as one block.

    Raises:
        DataError: If the file is gone or damaged.
    """
    try:
        with open(file.path, "rb") as stream:
            stream.seek(offset)
            raw = read_block(stream, file.path)
    except OSError as error:
        raise DataError(
            f"Cannot read a file of pairs: {error.strerror}; it is removed with its cluster, and not before: "
            "leave the temporary folder alone, and run the job again",
            file.path,
        ) from error
    return marshal.loads(raw) if is_plain else pickle.loads(raw)


class PairWriter:
    """Writes to one new file of a folder, which is made with the first block; `name` begins the file's name."""

    def __init__(self, folder: PairFolder, name: str) -> None:
        self._folder = folder
        self._name = name
        self._n_bytes = 0
        self.file = PairFile("")

    def write(self, columns: Columns, is_plain: bool, is_spilled: bool = True) -> FiledPairs:
        """Write some pairs; `is_plain` if keys and values are of types that nobody can change, all the way down.

        Those that only wait to be read are not compressed.

        Raises:
            DataError: If the disk is full, or the like.
        """
        content = columns.table, columns.codes.tobytes(), columns.values
        offset = self.write_block(content, is_plain, _COMPRESS_LEVEL if is_spilled else 0)
        held_bytes = 0 if is_spilled else columns.held_bytes
        return FiledPairs(self.file, offset, columns.n_records, columns.key_type, is_plain, is_spilled, held_bytes)

    def write_block(self, content: Any, is_plain: bool, compress_level: int = _COMPRESS_LEVEL) -> int:
        """Write anything as one block; the byte where it begins.

        Raises:
            DataError: If the disk is full, or the like.
        """
        try:
            raw = marshal.dumps(content) if is_plain else pickle.dumps(content, pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            raise DiscoError(
                f"pairs cannot be written to disk: {error}; what does not fit in Disco(memory_limit=...) travels by "
                "pickle: let readers give plain data, or allow more memory"
            ) from error
        block = packed_block(raw, compress_level)
        offset = self._n_bytes
        try:
            if not self.file.path:
                handle, self.file.path = mkstemp(".pairs", f"{self._name}-", self._folder.path)
                os.close(handle)
                self.file.own()
            # Not kept open: a run that fails would leave it so, and there may be as many runs as there are tasks.
            with open(self.file.path, "ab") as stream:
                stream.write(block)
        except OSError as error:
            raise DataError(
                f"Cannot write a file of pairs: {error.strerror}; pairs that do not fit in Disco(memory_limit=...), or "
                "that another process is to read, go to the temporary folder: free some space there, or allow more "
                "memory",
                self.file.path or self._folder.path,
            ) from error
        self._n_bytes += len(block)
        return offset
