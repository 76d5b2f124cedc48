"""Names in the file system: what may be given as a tag, what blobs are called, and what jobs call theirs."""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple

from disco_sim.error import CommError, InvalidTag
from disco_sim.store.tags import check_name
from disco_sim.util import ddfs_name, ddfs_oobname, schemesplit

_UNSAFE = re.compile(r"[^A-Za-z0-9_\-@:]")
_LONGEST_NAME = 511
_LONGEST_BLOB_NAME = 200
"""A blob with a longer name is stored under the MD5 of it, as the real file system does."""


class TagAddress(NamedTuple):
    """What a tag is asked for with: its name, the token in its URL or None, and the host:port in it or ''."""

    name: str
    token: str | None = None
    place: str = ""

    @classmethod
    def parse(cls, tag: Any) -> TagAddress:
        """The address in `name`, `tag://name`, `tag://token@host/name`, or the first element of a list.

        >>> TagAddress.parse("tag://secret@master:8989/data:words")
        TagAddress(name='data:words', token='secret', place='master:8989')
        >>> TagAddress.parse(["data:words", "more"])
        TagAddress(name='data:words', token=None, place='')

        Raises:
            InvalidTag: For anything else, and for characters that no name has.
        """
        if isinstance(tag, (list, tuple)) and tag:
            return cls.parse(tag[0])
        scheme, rest = schemesplit(tag) if isinstance(tag, str) else ("?", "")
        if scheme not in ("", "tag"):
            raise InvalidTag(
                f"Invalid tag: {tag!r} is no tag; a tag is given as its name, such as 'data:words', as "
                "'tag://data:words', as 'tag://token@host/data:words', or as a list that begins with one of these",
                tag=tag,
            )
        place, slash, name = rest.rpartition("/")
        token, at, place = place.rpartition("@")
        check_name(name)
        return cls(name, token if slash and at else None, place)

    @property
    def url(self) -> str:
        """The tag's URL, with the token and the place it came with."""
        token = f"{self.token}@" if self.token is not None else ""
        return f"tag://{token}{self.place}/{self.name}" if token or self.place else f"tag://{self.name}"


def safe_name(name: str) -> str:
    """The name with every character that no tag or blob may have as `_`.

    >>> safe_name("texts/hamlet.txt")
    'texts_hamlet_txt'
    """
    return _UNSAFE.sub("_", name)


def blob_name(url: str) -> str:
    """The name of the blob that a URL is of: its last part, up to a `$`.

    >>> blob_name("disco://node01/ddfs/vol0/blob/5d/words$503-490c0-1")
    'words'
    """
    return url.rpartition("/")[2].partition("$")[0]


def stored_name(name: Any) -> str:
    """The name that a blob is stored under.

    Raises:
        CommError: 403, for characters that no name has, and for names that are too long.
    """
    if not isinstance(name, str) or not name or _UNSAFE.search(name) or len(name) > _LONGEST_NAME:
        raise CommError(
            f"Invalid prefix: a blob cannot be named {name!r}; a name has 1 to {_LONGEST_NAME} of the characters "
            "A-Z a-z 0-9 _ - @ : and DDFS.safe_name(name) replaces all others",
            str(name),
            403,
        )
    return name if len(name) <= _LONGEST_BLOB_NAME else hexhash(name, 32)


def chunk_name(url: str, number: int) -> str:
    """The name of the chunk with a number (from 0) of what a URL has; other URLs have other names.

    >>> chunk_name("texts/hamlet.txt", 0)
    'texts_hamlet_txt-0'
    """
    name = safe_name(url)
    return f"{name if len(name) <= _LONGEST_BLOB_NAME - 20 else hexhash(url, 32)}-{number}"


def hexhash(name: str, n_digits: int = 2) -> str:
    """The first hex digits of the MD5 of a name, which its URL has as a folder.

    >>> hexhash("words")
    '89'
    """
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:n_digits]


def stamp(epoch_s: float, serial: int) -> str:
    """Megaseconds, seconds and microseconds since 1970 in hex, later by `serial` microseconds.

    Serials go up with time, so no two are alike.

    >>> stamp(1283299200.5, 3)
    '503-490c0-7a123'
    """
    seconds, microseconds = divmod(round(epoch_s * 10**6) + serial, 10**6)
    return f"{seconds // 10**6:x}-{seconds % 10**6:x}-{microseconds:x}"


def job_tag(jobname: str) -> str:
    """The tag that the saved results of a job have.

    >>> job_tag("words@1:2:3")
    'disco:job:results:words@1:2:3'
    """
    return ddfs_name(jobname)


def job_oob(jobname: str) -> str:
    """The tag that the out-of-band results of a job have.

    >>> job_oob("words@1:2:3")
    'disco:job:oob:words@1:2:3'
    """
    return ddfs_oobname(jobname)


def job_blob(jobname: str, path: str) -> str:
    """The name of the blob that a file of a job is saved as.

    >>> job_blob("words@1:2:3", "/tmp/part-0.gz")
    'discoblob:words@1:2:3:part-0_gz'
    """
    return safe_name(f"discoblob:{jobname}:{path.rpartition('/')[2]}")
