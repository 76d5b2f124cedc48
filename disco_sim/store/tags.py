"""Tags: names for lists of data, each entry a list of replica URLs of the same data; and the blobs stored for them.

Times are virtual seconds; what date they stand for, and what a blob's URL looks like, is the business of whoever asks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from disco_sim.error import CommError, InvalidTag, nearest
from disco_sim.store.names import blob_name

_NAME = re.compile(r"[A-Za-z0-9_\-@:]{1,511}")
READ_TOKEN, WRITE_TOKEN = "ddfs:read-token", "ddfs:write-token"
"""The attributes that set a tag's tokens; they are not among those that are listed."""

MOST_ATTRIBUTES, LONGEST_ATTRIBUTE_BYTES, LONGEST_VALUE_BYTES = 1000, 1024, 4096

Entries = list[list[str]]
"""What a tag holds: a list of replica URLs for each piece of data, or the URL of another tag alone."""


@dataclass
class Tag:
    """One tag; `serial` counts the changes of all tags, so that no two states of tags have the same.

    `read_token` and `write_token` are what reading and changing it asks for; None lets everybody. A tag that `shows`
    what is kept elsewhere says so, and cannot be changed. Entries are kept with the oldest first, so that to put one in
    front of many takes no longer than of few.
    """

    name: str
    oldest_first: Entries = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    read_token: str | None = None
    write_token: str | None = None
    modified_s: float = 0.0
    serial: int = 0
    shows: str = ""

    _names: set[str] | None = field(default=None, repr=False, compare=False)

    @property
    def entries(self) -> Entries:
        """What the tag holds, the newest first."""
        return self.oldest_first[::-1]

    def put(self, entries: Entries) -> None:
        """Let these be all entries."""
        self.oldest_first = entries[::-1]
        self._names = None

    def add(self, entries: Entries, is_update: bool) -> None:
        """Put these in front of the others; in an update those are left out whose name is there already."""
        if is_update:
            if self._names is None:
                self._names = {name_of(replicas[0]) for replicas in self.oldest_first}
            entries = list(_new(entries, self._names))
        elif self._names is not None:
            self._names.update(name_of(replicas[0]) for replicas in entries)
        self.oldest_first.extend(reversed(entries))

    def check(self, token: str | None, to: str) -> None:
        """Refuse a wrong token; `to` is read or write.

        Raises:
            CommError: With code 401; 403 for changing what only shows something.
        """
        if self.shows and to == "write":
            raise CommError(
                f"Tag cannot be changed: it shows {self.shows}, which stays with the job and goes when it is purged; "
                "make a tag of your own, which may have this one in it",
                f"tag://{self.name}",
                403,
            )
        wanted = self.read_token if to == "read" else self.write_token
        if wanted is not None and token != wanted:
            what = "no token was given" if token is None else "another token was given"
            raise CommError(
                f"Tag is protected: to {to} it takes the token that it was made with, and {what}; give token=..., or "
                f"put it into the URL: tag://TOKEN@/{self.name}",
                f"tag://{self.name}",
                401,
            )


class Shown(Protocol):
    """Tags that show what is kept elsewhere, for a `TagStore`."""

    def names(self) -> Iterator[str]:
        """Which there are."""

    def tag(self, name: str) -> Tag | None:
        """One of them, None if there is no such."""


class StoredBlob(NamedTuple):
    """A blob that was pushed or saved: its size in bytes, the virtual time, the URL and host of each replica."""

    n_bytes: int
    pushed_s: float
    urls: tuple[str, ...]
    hosts: tuple[str, ...]


class TagStore:
    """Tags by name, newest entries first as in Disco's file system, and which blobs were pushed.

    `pushed` has them by the URL of their first replica, `loads` what they take at each host: (bytes, blobs). Whoever
    changes a tag gives the virtual time of it. Tags that are `shown` are there too, unless one of that name was made.
    """

    def __init__(self, shown: Shown | None = None) -> None:
        self._shown = shown
        self._tags: dict[str, Tag] = {}
        self._n_given = 0
        self.pushed: dict[str, StoredBlob] = {}
        self.loads: dict[str, tuple[int, int]] = {}

    # -- questions ---------------------------------------------------------------------------------

    def __contains__(self, name: str) -> bool:
        return self._find(name) is not None

    def __len__(self) -> int:
        return len(self._names())

    def get(self, name: str, token: str | None = None, to: str = "read") -> Tag:
        """The tag itself, for those who may read it, or with to="write" change it.

        Raises:
            CommError: 404 when there is no such tag, 401 for a wrong token, 403 for changing what is only shown.
        """
        tag = self._find(name)
        if tag is None:
            known = self.list()
            # Many tags are of jobs, and a message that names them all would not be read.
            near = known if len(known) <= 10 else nearest(name, known)
            raise CommError(f"Tag not found; the tags are: {', '.join(near) or 'none'}", f"tag://{name}", 404)
        tag.check(token, to)
        return tag

    def urls(self, name: str, token: str | None = None) -> Entries:
        """The entries of a tag, each a list of replica URLs; CommError as for `get`."""
        return [[*replicas] for replicas in self.get(name, token).entries]

    def all(self) -> Iterator[Tag]:
        """Every tag, by name, whoever may read it."""
        found = map(self._find, self.list())
        return (tag for tag in found if tag is not None)

    def referenced(self) -> set[str]:
        """Every URL in any tag that was made."""
        return {url for tag in self._tags.values() for replicas in tag.oldest_first for url in replicas}

    def next_serial(self) -> int:
        """A number above all that were given before."""
        self._n_given += 1
        return self._n_given

    # -- changes -----------------------------------------------------------------------------------

    def tag(
        self, name: str, urls: Iterable[Sequence[str]], token: str | None = None, time_s: float = 0.0, mode: str = ""
    ) -> Tag:
        """Put `urls` (each a list of replicas) in front of the tag's entries; the tag is made if need be.

        With mode="update" entries whose name (see `name_of`) is there already are left out; mode="put" replaces all
        entries. The `token` that a tag is made with protects it from then on.

        Raises:
            InvalidTag: If the name has other characters than letters, digits and _-@: or is too long.
            CommError: 403 for an entry that is no list of URLs and for a tag that is only shown, 401 for a wrong token.
        """
        check_name(name)
        entries = [_checked(name, replicas) for replicas in urls]
        if name in self:
            tag = self.get(name, token, "write")
        else:
            tag = self._tags[name] = Tag(name, read_token=token, write_token=token)
        if mode == "put":
            tag.put(entries)
        else:
            tag.add(entries, is_update=mode == "update")
        self._changed(tag, time_s)
        return tag

    def set_attribute(
        self, name: str, attribute: str, value: Any, token: str | None = None, time_s: float = 0.0
    ) -> None:
        """Set an attribute of a tag, a text; `ddfs:read-token` and `ddfs:write-token` are its tokens.

        Raises:
            CommError: 404 and 401 as for `get`; 403 if name or value is no text or too long, or there are too many.
        """
        tag = self.get(name, token, "write")
        for what, text, longest in (
            ("name", attribute, LONGEST_ATTRIBUTE_BYTES),
            ("value", value, LONGEST_VALUE_BYTES),
        ):
            if not isinstance(text, str) or len(text.encode("utf-8", "surrogatepass")) > longest or not attribute:
                raise CommError(
                    f"Invalid attribute {str(attribute)[:40]!r}: its {what} is {_kind(text)}; names are texts of 1 to "
                    f"{LONGEST_ATTRIBUTE_BYTES} bytes, values of up to {LONGEST_VALUE_BYTES}: give str(value)",
                    f"tag://{name}",
                    403,
                )
        if attribute == READ_TOKEN:
            tag.read_token = value
        elif attribute == WRITE_TOKEN:
            tag.write_token = value
        elif attribute not in tag.attributes and len(tag.attributes) >= MOST_ATTRIBUTES:
            raise CommError(
                f"Too many attributes: the tag has {MOST_ATTRIBUTES}, which is as many as one may have; delete one, or "
                "push what you want to keep as a blob",
                f"tag://{name}",
                403,
            )
        else:
            tag.attributes[attribute] = value
        self._changed(tag, time_s)

    def delete_attribute(self, name: str, attribute: str, token: str | None = None, time_s: float = 0.0) -> None:
        """Forget an attribute of a tag; without its token attribute, everybody may read or change the tag.

        Raises:
            CommError: 404 when there is no such tag or attribute, 401 for a wrong token.
        """
        tag = self.get(name, token, "write")
        if attribute == READ_TOKEN:
            tag.read_token = None
        elif attribute == WRITE_TOKEN:
            tag.write_token = None
        elif tag.attributes.pop(attribute, None) is None:
            raise no_attribute(tag, attribute)
        self._changed(tag, time_s)

    def delete(self, name: str, token: str | None = None) -> None:
        """Forget a tag; one that is not there is fine. What it pointed to stays until it is collected.

        Raises:
            CommError: 401 for a wrong token, 403 for a tag that is only shown.
        """
        if name in self:
            self.get(name, token, "write")
            del self._tags[name]

    def remember(self, blob: StoredBlob) -> None:
        """A blob was pushed."""
        self.pushed[blob.urls[0]] = blob
        self._load(blob, 1)

    def forget(self, blob: StoredBlob) -> None:
        """A blob was collected."""
        del self.pushed[blob.urls[0]]
        self._load(blob, -1)

    def _find(self, name: str) -> Tag | None:
        found = self._tags.get(name)
        return self._shown.tag(name) if found is None and self._shown is not None else found

    def _names(self) -> Collection[str]:
        return self._tags if self._shown is None else {*self._tags, *self._shown.names()}

    def _load(self, blob: StoredBlob, sign: int) -> None:
        for host in blob.hosts:
            n_bytes, n_blobs = self.loads.get(host, (0, 0))
            self.loads[host] = n_bytes + sign * blob.n_bytes, n_blobs + sign

    def _changed(self, tag: Tag, time_s: float) -> None:
        tag.modified_s = time_s
        tag.serial = self.next_serial()

    # Last, because within the class its name stands for itself from here on.
    def list(self, prefix: str = "") -> list[str]:
        """The names that begin with `prefix`, sorted."""
        return sorted(name for name in self._names() if name.startswith(prefix))


def check_name(name: Any) -> None:
    """Refuse what cannot be the name of a tag.

    Raises:
        InvalidTag: With what a name is made of.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidTag(
            f"Invalid tag: tag name {name!r} cannot be used; a name has 1 to 511 of the characters A-Z a-z 0-9 _ - @ :",
            tag=name,
        )


def name_of(url: str) -> str:
    """What an entry is known by when a tag is updated: the name of a blob, and of anything else its URL.

    >>> name_of("disco://node01/ddfs/vol0/blob/5d/words$503-490c0-1"), name_of("raw://a$b")
    ('words', 'raw://a$b')
    """
    return blob_name(url) if "/ddfs/" in url and url.startswith("disco://") else url


def no_attribute(tag: Tag, attribute: str) -> CommError:
    """The error of an attribute that is not there."""
    known = ", ".join(sorted(tag.attributes)) or "none"
    return CommError(f"Attribute not found: {attribute!r}; the tag has: {known}", f"tag://{tag.name}", 404)


def _checked(name: str, replicas: Any) -> list[str]:
    if isinstance(replicas, (str, bytes)) or not isinstance(replicas, Sequence) or not replicas:
        shown = [replicas] if isinstance(replicas, str) else ["tag://other"]
        raise CommError(
            f"Invalid url object: {replicas!r} stands in the urls of the tag; each of them is a list of replicas, of "
            f"one URL or more: write {shown!r}",
            f"tag://{name}",
            403,
        )
    if not all(isinstance(url, str) and url for url in replicas):
        raise CommError(
            f"Invalid url object: {replicas!r} is no list of replicas; a replica is a URL, as text",
            f"tag://{name}",
            403,
        )
    return [*replicas]


def _new(entries: Entries, names: set[str]) -> Iterator[list[str]]:
    """The entries whose name is not among `names`, nor that of one before."""
    for replicas in entries:
        name = name_of(replicas[0])
        if name not in names:
            names.add(name)
            yield replicas


def _kind(value: Any) -> str:
    if not isinstance(value, str):
        return f"of type {type(value).__name__}"
    return f"{len(value.encode('utf-8', 'surrogatepass'))} bytes long" if value else "empty"
