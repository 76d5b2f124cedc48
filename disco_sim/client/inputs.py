"""What a job reads: input URLs expanded into pieces when the job is submitted, and data cut into inputs."""

from __future__ import annotations

import glob
import os
import pickle
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

from disco_sim import func
from disco_sim.client.registry import open_discos, owner_of, tagged
from disco_sim.client.urls import index_of
from disco_sim.cluster.base import Cluster
from disco_sim.error import DataError, DiscoError, InputError, InvalidTag
from disco_sim.model.dialect import DOCUMENTED, Dialect
from disco_sim.model.plan import Output
from disco_sim.model.work import Blob
from disco_sim.runtime.inputs import STORED_SCHEMES
from disco_sim.runtime.pairs import size_of_all
from disco_sim.runtime.sandbox import shown
from disco_sim.store.results import with_port
from disco_sim.streams import BYTE_RANGE, open_url
from disco_sim.util import schemesplit

_SCHEMES = ("raw", "url", "http", "https", "file", "dir", "disco", "split", "tag")
_REPLICA_SCHEMES = ("raw", "url", "http", "https", "file", "disco", "split")
_SCHEMES_WITH_HOST = ("http", "https", "disco")


class Expansion:
    """The inputs of a job as pieces; `labels` are their partitions when all of them come partitioned, else None.

    Rules: Disco's documentation. A tag, a directory, a glob or a `dir://` result becomes several
    inputs; a list inside the list is one input with replicas. An input whose URL names no node of the
    cluster gets a home: that of task i is at node i mod n. A `dialect` may have the pieces in reverse
    order, and leave it to the tasks to find that an input is not there; a missing tag is no input then.

    Raises:
        InputError: For a file, glob, tag or result that is not there, or an input of an unknown kind.
    """

    def __init__(self, inputs: Iterable[Any], cluster: Cluster, dialect: Dialect = DOCUMENTED) -> None:
        self._cluster = cluster
        self._dialect = dialect
        self._hosts = cluster.spec.hosts
        entries = list(inputs)
        found = [one for entry in entries for one in self._replica_lists(entry, set())]
        if dialect.inputs_are_reversed:
            found.reverse()
        self.pieces = tuple(self._piece(number, label, urls) for number, (label, urls) in enumerate(found))
        is_partitioned = bool(entries) and all(
            isinstance(entry, str) and schemesplit(entry)[0] == "dir" for entry in entries
        )
        self.labels = range(1 + max((piece.label for piece in self.pieces), default=0)) if is_partitioned else None

    def _replica_lists(self, entry: Any, seen_tags: set[str]) -> Iterator[tuple[int, list[str]]]:
        """What one entry of the input list stands for: (partition, replica list) for each input."""
        if isinstance(entry, (list, tuple)):
            if len(entry) == 1:
                yield from self._replica_lists(entry[0], seen_tags)
                return
            if not entry or not all(isinstance(url, (str, os.PathLike)) for url in entry):
                raise InputError(
                    f"input {entry!r} is no list of replicas; a list inside the input list holds URLs of the same data",
                    input=entry,
                )
            yield 0, self._replicas([os.fspath(url) for url in entry])
            return
        if not isinstance(entry, (str, os.PathLike)):
            raise InputError(
                f"input {shown(entry)} is of type {type(entry).__name__}; an input is a URL or path, or a list of "
                "replicas: disco.split(records, n) makes inputs of data in variables",
                input=entry,
            )
        url = os.fspath(entry)
        scheme, rest = schemesplit(url)
        if self._dialect.scheme_module is None:
            _check_scheme(url, _SCHEMES)
        if scheme == "dir":
            for label, blob in self._index(url):
                yield label, self._stored([blob])
        elif not scheme and self._is_name(url):
            yield from self._tag(url, seen_tags, is_bare=True)
        elif scheme == "tag":
            yield from self._tag(rest, seen_tags)
        elif scheme in ("", "file"):
            yield from ((0, [path]) for path in self._paths(url, rest))
        else:
            yield 0, self._stored([url])

    def _index(self, url: str) -> list[tuple[int, str]]:
        try:
            found = index_of(url, self._cluster)
        except DataError as error:
            raise InputError(f"input {url!r} cannot be used: {error}", input=url) from error
        # What was shuffled keeps its labels; what a dialect with a shuffle has reduced is data like any other.
        is_labelled = not self._dialect.has_map_shuffle or url.rpartition("/")[2].startswith("map_shuffle-")
        return found if is_labelled else [(0, blob) for _, blob in found]

    def _is_name(self, url: str) -> bool:
        """Whether an input without scheme stands for a tag, as Disco has it; a file of that name goes first."""
        return not self._dialect.inputs_are_checked and "/" not in url and url != "-" and not os.path.exists(url)

    def _tag(self, place: str, seen: set[str], *, is_bare: bool = False) -> Iterator[tuple[int, list[str]]]:
        """What a tag stands for, and the tags in it; `place` may have a token and a host before the name.

        A name that `is_bare` may have been meant for a file.
        """
        name = place.rpartition("/")[2]
        if name in seen:
            return
        seen.add(name)
        is_checked = self._dialect.inputs_are_checked
        try:
            entries = tagged(place, self._cluster, ignore_missing=not is_checked)
        except (DataError, InvalidTag) as error:
            if is_bare and isinstance(error, InvalidTag):
                raise InvalidTag(
                    f"input {place!r} cannot be used: there is no file of that name here, seen from the folder the "
                    f"script runs in, and a name without a / stands for a tag, which this cannot be: {error}; give the "
                    f"path with a /, such as {os.path.join(os.curdir, place)!r}",
                    tag=place,
                ) from error
            if not is_checked:
                raise
            raise InputError(f"input tag://{name} cannot be used: {error}", input=f"tag://{name}") from error
        if is_bare and not entries and not self._has_tag(name):
            warnings.warn(
                f"input {place!r} is no input: there is neither a file of that name here nor a tag, and Disco takes a "
                f"tag that is not there for an empty one; write {os.path.join(os.curdir, place)!r} if it is a file, "
                f"or tag://{name} if the tag may be missing",
                RuntimeWarning,
                stacklevel=2,
            )
        for urls in entries:
            yield from self._replica_lists(urls, seen)

    def _has_tag(self, name: str) -> bool:
        clusters = [self._cluster, *(disco.cluster for disco in open_discos())]
        return any(name in cluster.tags for cluster in clusters)

    def _paths(self, url: str, path: str) -> list[str]:
        """The files that a path, a directory or a glob stands for, as the user wrote them."""
        if os.path.isfile(path) or _range_of(path):
            return [url]
        if os.path.isdir(path):
            names = sorted(name for name in os.listdir(path) if not name.startswith("."))
            files = [os.path.join(path, name) for name in names if os.path.isfile(os.path.join(path, name))]
            what = "the directory holds no file"
        elif any(letter in path for letter in "*?["):
            files = [found for found in sorted(glob.glob(path, recursive=True)) if os.path.isfile(found)]
            what = "no file matches the pattern"
        else:
            files, what = [], "there is no such file"
        if not files and not self._dialect.inputs_are_checked:
            return [url]
        if not files:
            tag = f", tag://{path} for the tag of that name" if path in self._cluster.tags else ""
            raise InputError(
                f"input {url!r} cannot be used: {what}, seen from the folder the notebook runs in; "
                f"give a path of a file, a directory, a glob, or a URL such as raw://some text{tag}; records in a "
                "variable become inputs by disco.split(records, 8)",
                input=url,
            )
        return files

    def _replicas(self, urls: list[str]) -> list[str]:
        """The replica list itself, if each of it is of a kind that can be read, and at least one may be there."""
        if not self._dialect.inputs_are_checked:
            return self._stored(urls)
        for url in urls:
            _check_scheme(url, _REPLICA_SCHEMES)
        if all(schemesplit(url)[0] in ("", "file") and size_of_file(url) is None for url in urls):
            raise InputError(f"none of the replicas {urls!r} is there; give at least one file that exists", input=urls)
        return self._stored(urls)

    def _stored(self, urls: list[str]) -> list[str]:
        """The replica list itself, if not all of it is stored data that is gone; data of another Disco is fetched."""
        urls = [with_port(url) for url in urls]
        gone: DataError | None = None
        n_gone = 0
        for url in urls:
            if schemesplit(url)[0] not in STORED_SCHEMES:
                continue
            try:
                owner = owner_of(url, self._cluster)
                blob = owner.blobs.get(url)
            except DataError as error:
                gone, n_gone = error, n_gone + 1
                continue
            if owner is not self._cluster:
                self._cluster.blobs.put(url, blob)
        if gone is not None and n_gone == len(urls) and self._dialect.inputs_are_checked:
            raise InputError(f"input {urls[0]!r} cannot be used: {gone}", input=urls[0]) from gone
        return urls

    def _piece(self, number: int, label: int, urls: list[str]) -> Output:
        home = self._hosts[number % len(self._hosts)]
        places: list[tuple[str, str]] = []
        for url in urls:
            scheme, rest = schemesplit(url)
            host = re.sub(r":\d+\Z", "", rest.split("/", 1)[0]) if scheme in _SCHEMES_WITH_HOST else ""
            places.append((host if host in self._hosts else home, url))
        (first, blob), *others = places
        return Output(label, first, 0, self._size(urls), blob, tuple(others))

    def _size(self, urls: list[str]) -> int:
        """The bytes of the first replica whose size can be told, else 0."""
        for url in urls:
            scheme, rest = schemesplit(url)
            if scheme == "raw":
                return len(rest.encode("utf-8", "surrogatepass"))  # os.listdir gives names with half surrogates
            size = size_of_file(url)
            if scheme in STORED_SCHEMES:
                with suppress(DataError):
                    size = self._cluster.blobs.get(url).n_bytes
            if size is not None:
                return size
        return 0


def _check_scheme(url: str, schemes: tuple[str, ...]) -> None:
    scheme = schemesplit(url)[0]
    if scheme and scheme not in schemes:
        what = "unknown scheme" if scheme not in _SCHEMES else "scheme"
        where = "" if schemes is _SCHEMES else " inside a list of replicas"
        raise InputError(
            f"input {url!r} has the {what} {scheme!r}{where}; the schemes there are {', '.join(schemes)}, and none for "
            "a path: write one of them, or open it in a map_input_stream function that gets raw://YOUR-URL",
            input=url,
        )


def _range_of(path: str) -> re.Match[str] | None:
    found = BYTE_RANGE.fullmatch(path)
    return found if found and os.path.isfile(found["path"]) else None


def size_of_file(url: str) -> int | None:
    """The bytes of the file, or of the range of a file, that a path or file:// URL names; None for anything else."""
    scheme, path = schemesplit(url)
    if scheme not in ("", "file"):
        return None
    if os.path.isfile(path):
        return os.path.getsize(path)
    found = _range_of(path)
    return int(found["end"]) - int(found["start"]) if found else None


def cut_text(path: str, n: int) -> list[str]:
    """`n` inputs that are the byte ranges of a text file, cut at line ends, of about equal size.

    Raises:
        InputError: If there is no such file.
    """
    if os.path.isdir(path):
        raise InputError(
            f"split({shown(path)}, {n}): this is a directory, and split cuts one file; as an input it stands for its "
            f"files: input=[{shown(path)}]",
            input=path,
        )
    if not os.path.isfile(path):
        raise InputError(
            f"split({shown(path)}, {n}): there is no such file; give the path of a text file, or records themselves: "
            "disco.split(text.splitlines(), 8)",
            input=path,
        )
    size = os.path.getsize(path)
    borders = [0]
    with open(path, "rb") as file:
        for number in range(1, n):
            # A cut that falls on a line's first byte is right already: look at the byte before it.
            position = max(size * number // n, borders[-1])
            if position:
                file.seek(position - 1)
                file.readline()
                position = file.tell()
            borders.append(max(borders[-1], min(position, size)))
    borders.append(size)
    return [f"{path}?bytes={start}-{end}" for start, end in pairwise(borders)]


def lines_of(path: str) -> list[str]:
    """The lines of a text file that may be packed.

    Raises:
        InputError: If it cannot be read as UTF-8 text.
    """
    try:
        stream, size, url = open_url(path)
        with stream:
            return list(func.map_line_reader(stream, size, url))
    except DataError as error:
        raise InputError(f"split({path!r}, ...): {error}", input=path) from error


def cut_records(records: Any, n: int, rows: str) -> list[list[Any]]:
    """`n` lists of consecutive records of about equal length; rows of a DataFrame are tuples, or dicts."""
    if rows not in ("tuple", "dict"):
        raise DiscoError(f"rows={rows!r} was given; rows is 'tuple' or 'dict', the form of a DataFrame's rows")
    if hasattr(records, "itertuples"):
        records = records.to_dict("records") if rows == "dict" else records.itertuples(index=False, name=None)
    elif not hasattr(records, "__iter__") or isinstance(records, (bytes, bytearray, set, frozenset, dict)):
        raise InputError(
            f"split({shown(records)}, {n}): a value of type {type(records).__name__} has no records, or no order of "
            "them; give a path, a list or another iterable, a Series or a DataFrame: sorted(...) makes a list of a "
            "set, list(....items()) of a dict",
            input=records,
        )
    everything = list(records)
    borders = [len(everything) * number // n for number in range(n + 1)]
    return [everything[start:end] for start, end in pairwise(borders)]


def frozen(records: list[Any]) -> Blob:
    """The records as they are now, so that every task run gets its own copy.

    Raises:
        InputError: If a record cannot be pickled.
    """
    try:
        data = pickle.dumps(records, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise InputError(
            f"the records cannot be sent to the nodes: {re.sub(r' at 0x[0-9a-f]+', '', str(error))}; records travel by "
            "pickle: split plain data"
        ) from error
    return Blob("pickled", data, len(records), size_of_all(records))
