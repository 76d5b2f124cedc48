"""What a job reads: input URLs expanded into pieces when the job is submitted, and data cut into inputs."""

from __future__ import annotations

import glob
import os
import pickle
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from disco_sim.client.registry import cluster_of
from disco_sim.cluster.base import Cluster
from disco_sim.error import DataError, DiscoError, InputError
from disco_sim.model.plan import Output
from disco_sim.model.work import Blob
from disco_sim.runtime.shuffle import size_of_all
from disco_sim.streams import BYTE_RANGE
from disco_sim.util import schemesplit

_SCHEMES = ("raw", "http", "https", "file", "dir", "disco", "split", "tag")


class Expansion:
    """The inputs of a job as pieces; `labels` are their partitions when all of them come partitioned, else None.

    Rules: Disco's documentation. A tag, a directory, a glob or a `dir://` result becomes several
    inputs; a list inside the list is one input with replicas. An input whose URL names no node of the
    cluster gets a home: input i is at node i mod n.

    Raises:
        InputError: For a file, glob, tag or result that is not there, or an input of an unknown kind.
    """

    def __init__(self, inputs: Iterable[Any], cluster: Cluster) -> None:
        self._cluster = cluster
        self._hosts = cluster.spec.hosts
        entries = list(inputs)
        self.pieces: tuple[Output, ...] = tuple(self._all(entries))
        is_partitioned = bool(entries) and all(
            isinstance(entry, str) and schemesplit(entry)[0] == "dir" for entry in entries
        )
        self.labels = range(1 + max((piece.label for piece in self.pieces), default=0)) if is_partitioned else None

    def _all(self, entries: list[Any]) -> Iterator[Output]:
        number = 0
        for entry in entries:
            for label, urls in self._replica_lists(entry, set()):
                yield self._piece(number, label, urls)
                number += 1

    def _replica_lists(self, entry: Any, seen_tags: set[str]) -> Iterator[tuple[int, list[str]]]:
        if isinstance(entry, (list, tuple)):
            if not entry or not all(isinstance(url, (str, os.PathLike)) for url in entry):
                raise InputError(
                    f"input {entry!r} is no list of replicas; a list inside the input list holds URLs of the same data"
                )
            yield self._existing([os.fspath(url) for url in entry])
            return
        if not isinstance(entry, (str, os.PathLike)):
            raise InputError(
                f"input {entry!r} is of type {type(entry).__name__}; an input is a URL or path, or a list of replicas: "
                "disco.split(records, n) makes inputs of data in variables",
                input=entry,
            )
        url = os.fspath(entry)
        scheme, rest = schemesplit(url)
        if scheme == "dir":
            yield from ((label, [blob]) for label, blob in cluster_of(url, self._cluster).index(url))
        elif scheme == "tag":
            yield from self._tag(rest, seen_tags)
        elif scheme in ("", "file"):
            yield from ((0, [path]) for path in self._paths(url, rest))
        elif scheme in _SCHEMES:
            yield self._existing([url])
        else:
            raise InputError(
                f"input {url!r} has the unknown scheme {scheme!r}; the schemes are {', '.join(_SCHEMES)}, "
                "and a path without one",
                input=url,
            )

    def _tag(self, name: str, seen: set[str]) -> Iterator[tuple[int, list[str]]]:
        if name in seen:
            return
        seen.add(name)
        try:
            entries = self._cluster.tags.urls(name)
        except DataError as error:
            raise InputError(f"input tag://{name}: {error}", input=f"tag://{name}") from error
        for urls in entries:
            if schemesplit(urls[0])[0] == "tag":
                yield from self._tag(schemesplit(urls[0])[1], seen)
            else:
                yield 0, urls

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
        if not files:
            raise InputError(
                f"input {url!r} cannot be used: {what}, seen from the folder the notebook runs in; "
                "give a path of a file, a directory, a glob, or a URL such as raw://some text",
                input=url,
            )
        return files

    def _existing(self, urls: list[str]) -> tuple[int, list[str]]:
        """The replica list itself, if at least one of it may be there."""
        stored = [url for url in urls if schemesplit(url)[0] in ("disco", "split")]
        for url in stored:
            owner = cluster_of(url, self._cluster)
            if owner is not self._cluster:
                self._cluster.store(url, owner.read(url))
        if len(stored) == len(urls) == 1:
            try:
                self._cluster.read(urls[0])
            except DataError as error:
                raise InputError(f"input {urls[0]!r} cannot be used: {error}", input=urls[0]) from error
        paths = [url for url in urls if schemesplit(url)[0] in ("", "file")]
        if len(paths) == len(urls) and not any(size_of_file(url) is not None for url in paths):
            raise InputError(f"none of the replicas {urls!r} is there; give at least one file that exists", input=urls)
        return 0, urls

    def _piece(self, number: int, label: int, urls: list[str]) -> Output:
        home = self._hosts[number % len(self._hosts)]
        places: list[tuple[str, str]] = []
        for url in urls:
            host = re.sub(r":\d+\Z", "", schemesplit(url)[1].split("/", 1)[0]) if "://" in url else ""
            places.append((host if host in self._hosts else home, url))
        (first, blob), *others = places
        return Output(label, first, 0, self._size(blob), blob, tuple(others))

    def _size(self, url: str) -> int:
        scheme, rest = schemesplit(url)
        if scheme in ("disco", "split"):
            return self._cluster.read(url).n_bytes
        if scheme == "raw":
            return len(rest.encode())
        return size_of_file(url) or 0


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
    if not os.path.isfile(path):
        raise InputError(
            f"split({path!r}, {n}): there is no such file; give the path of a text file, or records themselves: "
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


def cut_records(records: Any, n: int, rows: str) -> list[list[Any]]:
    """`n` lists of consecutive records of about equal length; rows of a DataFrame are tuples, or dicts."""
    if rows not in ("tuple", "dict"):
        raise DiscoError(f"rows={rows!r} was given; rows is 'tuple' or 'dict', the form of a DataFrame's rows")
    if type(records).__module__.partition(".")[0] == "pandas":
        if hasattr(records, "itertuples"):
            records = records.to_dict("records") if rows == "dict" else records.itertuples(index=False, name=None)
    elif not hasattr(records, "__iter__"):
        raise InputError(
            f"split({records!r}, {n}): a value of type {type(records).__name__} has no records; give a path, a list or "
            "any iterable, a Series or a DataFrame"
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
            f"the records cannot be sent to the nodes: {error}; records travel by pickle: split plain data"
        ) from error
    return Blob("pickled", data, len(records), size_of_all(records))
