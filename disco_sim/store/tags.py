"""Tags: names for lists of data, each entry a list of replica URLs of the same data."""

from __future__ import annotations

import re

from disco_sim.error import CommError, DiscoError

_NAME = re.compile(r"[A-Za-z0-9_\-@:]{1,511}")


class TagStore:
    """Tags by name, newest entries first as in Disco's file system."""

    def __init__(self) -> None:
        self._tags: dict[str, list[list[str]]] = {}

    def tag(self, name: str, urls: list[list[str]]) -> None:
        """Put `urls` (each a list of replicas) in front of the tag's entries; the tag is made if need be.

        Raises:
            DiscoError: If the name has other characters than letters, digits and _-@: or is too long.
        """
        if not _NAME.fullmatch(name):
            raise DiscoError(
                f"tag name {name!r} cannot be used; a name has 1 to 511 of the characters A-Z a-z 0-9 _ - @ :",
                tag=name,
            )
        self._tags[name] = [list(replicas) for replicas in urls] + self._tags.get(name, [])

    def urls(self, name: str) -> list[list[str]]:
        """The entries of a tag, each a list of replica URLs; CommError with code 404 when there is no such tag."""
        if name not in self._tags:
            known = ", ".join(sorted(self._tags)) or "none"
            raise CommError(f"Tag not found; the tags are: {known}", f"tag://{name}", 404)
        return [list(replicas) for replicas in self._tags[name]]

    def list(self, prefix: str = "") -> list[str]:
        """The names that begin with `prefix`, sorted."""
        return sorted(name for name in self._tags if name.startswith(prefix))

    def delete(self, name: str) -> None:
        """Forget a tag; one that is not there is fine."""
        self._tags.pop(name, None)
