"""Files on their way into the file system and out of it."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator
from typing import Any

from disco_sim.ddfs.names import blob_name, safe_name, stored_name
from disco_sim.error import DiscoError
from disco_sim.tables import counted


class NamedFile(io.BytesIO):
    """Bytes as an open file, with a `name`, and the number of bytes as `size`."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name
        self.size = len(data)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {counted(self.size, 'byte')})"


class BlobFile(NamedFile):
    """The bytes of a blob as an open file. `name` is the blob's name, `url` the replica, `size` the number of bytes."""

    def __init__(self, data: bytes, url: str) -> None:
        super().__init__(data, blob_name(url))
        self.url = url


def content_of(file: Any) -> tuple[str, bytes]:
    """The (blob name, bytes) of a path, a (path, name) or a (file object, name); text becomes UTF-8.

    A path without a name is named by its last part, as `safe_name` writes it.

    Raises:
        DiscoError: For anything else.
        CommError: 403, for a name that no blob can have.
        OSError: If the file cannot be read.
    """
    if isinstance(file, (str, os.PathLike)):
        source: Any = os.fspath(file)
        name: Any = safe_name(os.path.basename(source))
    elif isinstance(file, (tuple, list)) and len(file) == 2:
        source, name = file
    else:
        raise DiscoError(
            f"{file!r} cannot be pushed; what is pushed is a path, a (path, name), or a (file object, name), such as "
            "(io.BytesIO(data), 'words')"
        )
    name = stored_name(name)
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as opened:
            return name, opened.read()
    if not hasattr(source, "read"):
        what = "bytes are wrapped: (io.BytesIO(data), name)" if isinstance(source, bytes) else "give a path or a file"
        raise DiscoError(f"{name!r} cannot be pushed: a {type(source).__name__} is neither a path nor a file; {what}")
    data = source.read()
    return name, data.encode() if isinstance(data, str) else bytes(data)


def tarblobs(
    tarball: Any, compress: bool = True, include: str | None = None, exclude: str | None = None
) -> Iterator[tuple[str, io.BytesIO, int]]:
    """The files in a tar archive (a path or an open file) as (blob name, buffer, size in bytes), in its order.

    Each is gzipped, and its name ends in `_gz`, unless `compress=False`. Names that do not have the text `include` in
    them, or have `exclude`, are left out. `[(buffer, name) for name, buffer, size in ...]` can be pushed.
    """
    import tarfile

    is_open = hasattr(tarball, "read")
    with tarfile.open(None if is_open else tarball, fileobj=tarball if is_open else None) as archive:
        for member in archive:
            is_wanted = (include is None or include in member.name) and (exclude is None or exclude not in member.name)
            content = archive.extractfile(member) if member.isfile() and is_wanted else None
            if content is None:
                continue
            data, name = content.read(), safe_name(member.name)
            if compress:
                # Without a time of its own, equal files give equal bytes.
                data, name = gzip.compress(data, mtime=0), f"{name}_gz"
            yield name, NamedFile(data, name), len(data)
