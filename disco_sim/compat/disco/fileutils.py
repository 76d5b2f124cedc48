"""Disco's `disco.fileutils`: its file format, chunks for its file system, and files that appear whole or not at all."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Iterable
from typing import Any

from disco_sim.error import DataError, DiscoError
from disco_sim.formats import BLOCK_BYTES, DiscoOutput

__all__ = [  # noqa: F822 - Chunker is imported on use
    "CHUNK_SIZE", "MAX_RECORD_SIZE", "AtomicFile", "Chunker", "DiscoOutput", "DiscoOutputStream", "DiscoZipFile",
    "Wait",
]  # fmt: skip

CHUNK_SIZE = 64 * BLOCK_BYTES
MAX_RECORD_SIZE = BLOCK_BYTES
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)

DiscoOutputStream = DiscoOutput


def __getattr__(name: str) -> Any:
    if name == "Chunker":  # not at the top: most scripts need no file system
        from disco_sim.ddfs import Chunker

        return Chunker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class Wait(DiscoError):
    """Something that is not there yet; nothing here raises it."""


class AtomicFile:
    """A file to write bytes or text (as UTF-8) to, which is there, under its name, once it was closed well.

    In a `with` statement that ends by an error it is dropped. A file that was there before is replaced.

    Raises:
        DataError: If the folder cannot be written to.
    """

    def __init__(self, path: str, mode: str = "w") -> None:
        self.name = self.path = os.fspath(path)
        folder = os.path.dirname(os.path.abspath(self.path))
        try:
            os.makedirs(folder, exist_ok=True)
            self._file = tempfile.NamedTemporaryFile(dir=folder, prefix=".partial-", delete=False)  # noqa: SIM115
        except OSError as error:
            raise DataError(f"Cannot write the file: {error.strerror}", self.path) from error
        self.closed = False

    def write(self, data: bytes | str) -> int:
        """Write; the number of bytes."""
        return self._file.write(data.encode() if isinstance(data, str) else data)

    def flush(self) -> None:
        """Hand on what is pending; the file is not there by its name before it is closed."""
        self._file.flush()

    def close(self) -> None:
        """Let the file be there; calling again changes nothing."""
        if not self.closed:
            self.closed = True
            self._file.close()
            os.chmod(self._file.name, 0o644)
            os.replace(self._file.name, self.path)

    def drop(self) -> None:
        """Forget what was written."""
        if not self.closed:
            self.closed = True
            self._file.close()
            os.unlink(self._file.name)

    def __enter__(self) -> AtomicFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, where: object) -> None:
        if kind is None:
            self.close()
        else:
            self.drop()


class DiscoZipFile(zipfile.ZipFile):
    """A zip archive in memory, as a job's home travels; equal files make equal bytes, whenever they are packed.

    >>> archive = DiscoZipFile()
    >>> archive.writestr("lib/words.txt", b"cat")
    >>> sorted(archive.namelist())
    ['lib/words.txt']
    """

    def __init__(self) -> None:
        self.buffer = io.BytesIO()
        super().__init__(self.buffer, "w", zipfile.ZIP_DEFLATED)

    def writestr(
        self,
        zinfo_or_arcname: str | zipfile.ZipInfo,
        data: Any,
        compress_type: int | None = None,
        compresslevel: int | None = None,
    ) -> None:
        """Add data, bytes or text as UTF-8, under a name."""
        entry = zinfo_or_arcname
        if isinstance(entry, str):
            entry = zipfile.ZipInfo(entry, _ZIP_TIME)
            entry.compress_type = self.compression
        super().writestr(entry, data, compress_type, compresslevel)

    def writepath(self, pathname: str, exclude: Iterable[str] = ()) -> None:
        """Add a file, or all files below a folder, under their paths; names that end like one of `exclude` stay out."""
        endings = tuple(exclude)
        for path in sorted(_files_of(pathname)):
            if not (endings and path.endswith(endings)):
                with open(path, "rb") as file:
                    self.writestr(path.lstrip(os.sep), file.read())

    def dumps(self) -> bytes:
        """Close the archive, and give its bytes."""
        self.close()
        return self.buffer.getvalue()


def _files_of(path: str) -> Iterable[str]:
    if not os.path.isdir(path):
        return [path]
    return [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
