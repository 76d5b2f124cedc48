"""Names in the file system: what may be given as a tag, what blobs are called, and what jobs call theirs."""

from __future__ import annotations

from typing import Any, NamedTuple

from disco_sim.error import CommError, InvalidTag
from disco_sim.store.names import (
    LONGEST_BLOB_NAME,
    LONGEST_NAME,
    UNSAFE,
    blob_name,
    hexhash,
    job_blob,
    safe_name,
    short_name,
    tag_of_job,
)
from disco_sim.store.tags import check_name
from disco_sim.util import ddfs_name, ddfs_oobname, schemesplit

__all__ = [
    "TagAddress", "blob_name", "chunk_name", "job_blob", "job_oob", "job_tag", "safe_name",
    "stored_name",
]  # fmt: skip


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
            InvalidTag: For anything else, a slash without `tag://` too, and for characters that no name has.
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
        if slash and (not scheme or "/" in place):
            raise InvalidTag(
                f"Invalid tag: {tag!r} has {'more than one place' if scheme else 'a slash'}; a name has none, and "
                "stands behind at most one place: 'tag://data:words', 'tag://token@host/data:words'. The parts of a "
                f"name are told apart by colons: {safe_name(rest.replace('/', ':'))!r}",
                tag=tag,
            )
        token, at, place = place.rpartition("@")
        check_name(name)
        return cls(name, token if slash and at else None, place)

    @property
    def url(self) -> str:
        """The tag's URL, with the token and the place it came with."""
        token = f"{self.token}@" if self.token is not None else ""
        return f"tag://{token}{self.place}/{self.name}" if token or self.place else f"tag://{self.name}"


def stored_name(name: Any) -> str:
    """The name that a blob is stored under.

    Raises:
        CommError: 403, for characters that no name has, and for names that are too long.
    """
    if not isinstance(name, str) or not name or UNSAFE.search(name) or len(name) > LONGEST_NAME:
        raise CommError(
            f"Invalid prefix: a blob cannot be named {name!r}; a name has 1 to {LONGEST_NAME} of the characters "
            "A-Z a-z 0-9 _ - @ : and DDFS.safe_name(name) replaces all others",
            str(name),
            403,
        )
    return short_name(name)


def chunk_name(url: str, number: int) -> str:
    """The name of the chunk with a number (from 0) of what a URL has; other URLs have other names.

    >>> chunk_name("texts/hamlet.txt", 0)
    'texts_hamlet_txt-0'
    """
    name = safe_name(url)
    return f"{name if len(name) <= LONGEST_BLOB_NAME - 20 else hexhash(url, 32)}-{number}"


def job_tag(jobname: str) -> str:
    """The tag that the saved results of a job have.

    >>> job_tag("words@1:2:3")
    'disco:job:results:words@1:2:3'
    """
    return tag_of_job(ddfs_name(""), jobname)


def job_oob(jobname: str) -> str:
    """The tag that the out-of-band results of a job have.

    >>> job_oob("words@1:2:3")
    'disco:job:oob:words@1:2:3'
    """
    return tag_of_job(ddfs_oobname(""), jobname)
