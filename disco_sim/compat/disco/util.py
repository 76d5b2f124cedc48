"""Disco's `disco.util`: the helpers of disco_sim.util, and those that ask an open cluster.

The shapes are those of Disco 0.5; names that only 0.3 had are here too.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from types import FunctionType
from typing import Any

from disco_sim.client.registry import tagged
from disco_sim.compat.disco.dPickle import pack, unpack
from disco_sim.compat.masters import connect
from disco_sim.compat.sorting import decode, disk_sort, dsorted, encode, sort_reader, unix_sort
from disco_sim.error import DataError, DiscoError, InputError, OOBKeyError
from disco_sim.node.worker import data_err, err, msg, running
from disco_sim.runtime.program import is_installed
from disco_sim.util import (
    argcount,
    ddfs_name,
    ddfs_oobname,
    external,
    flatten,
    format_size,
    ilen,
    isiterable,
    iskv,
    iterify,
    key,
    kvgroup,
    kvify,
    netloc,
    partition,
    rapply,
    reify,
    schemesplit,
    urljoin,
    urlresolve,
    urlsplit,
    urltoken,
)
from disco_sim.util import jobname as _jobname

__all__ = [
    "DataError", "DiscoError", "argcount", "auth_token", "chainify", "data_err", "ddfs_name", "ddfs_oobname",
    "ddfs_save", "decode", "deref", "disk_sort", "dsorted", "encode", "err", "external", "flatten", "format_size",
    "globalize", "hexhash", "identity", "ilen", "inputexpand", "inputlist", "isiterable", "iskv", "ispartitioned",
    "iterify", "jobname", "key", "kvgroup", "kvify", "listify", "load_oob", "msg", "netloc", "pack", "pack_files",
    "pack_stack", "parse_dir", "partition", "proxy_url", "rapply", "read_index", "reify", "save_oob", "schemesplit",
    "shuffled", "sort_reader", "unix_sort", "unpack", "unpack_stack", "urljoin", "urllist", "urlresolve", "urlsplit",
    "urltoken",
]  # fmt: skip

auth_token = urltoken

_NO_TAG = ("", "-")
_NEVER_A_TAG = set("/.?*[\\")


# Iterables


def identity(value: Any) -> Any:
    """The value itself."""
    return value


def listify(value: Any) -> list[Any]:
    """The items of an iterable as a list, or the value as the only one.

    >>> listify("cat"), listify(("a", "b"))
    (['cat'], ['a', 'b'])
    """
    return list(iterify(value))


def chainify(iterables: Iterable[Iterable[Any]]) -> list[Any]:
    """All items of all the iterables, in one list.

    >>> chainify([[1, 2], [], [[3]]])
    [1, 2, [3]]
    """
    return list(chain.from_iterable(iterables))


def shuffled(iterable: Iterable[Any], seed: Any = 0) -> list[Any]:
    """The items in another order, which depends on `seed` and their number alone: the same in every run.

    Within a job function it is the task's own luck, as for random.shuffle.

    >>> sorted(shuffled("abc"))
    ['a', 'b', 'c']
    """
    items = list(iterable)
    # A running task has a seeded random already; outside, the process has not.
    (random if running.get() is not None else random.Random(seed)).shuffle(items)
    return items


# Functions


def globalize(object: Any, globals: dict[str, Any]) -> Any:
    """Let a function see `globals` besides its own ones, which win; what a functools.partial holds, too. Gives it back.

    Functions of installed modules are left alone.
    """
    if isinstance(object, partial):
        for part in (object.func, *object.args, *object.keywords.values()):
            globalize(part, globals)
    elif isinstance(object, FunctionType) and not is_installed(object):
        for name, value in globals.items():
            object.__globals__.setdefault(name, value)
    return object


def pack_stack(functions: Iterable[Callable[..., Any]]) -> bytes:
    """A sequence of functions as bytes, for `unpack_stack`."""
    return pack(list(functions))


def unpack_stack(data: bytes, globals: dict[str, Any] | None = None) -> list[Any]:
    """The functions that `pack_stack` packed, seeing `globals`."""
    functions: list[Any] = unpack(data, globals)
    return functions


def pack_files(files: Iterable[str]) -> dict[str, bytes]:
    """The contents of files by their base names.

    Raises:
        DataError: If one cannot be read.
    """
    contents = {}
    for path in files:
        try:
            with open(path, "rb") as file:
                contents[os.path.basename(path)] = file.read()
        except OSError as error:
            raise DataError(f"Cannot read a required file: {error.strerror}", path) from error
    return contents


# Names and URLs


def hexhash(data: str | bytes) -> str:
    """The first two hex digits of the MD5 of data, which name the folders of jobs and blobs.

    >>> hexhash("words@1:2:3") == hexhash(b"words@1:2:3")
    True
    """
    octets = data.encode() if isinstance(data, str) else data
    return hashlib.md5(octets, usedforsecurity=False).hexdigest()[:2]


def jobname(url: str) -> str:
    """The name of the job whose result a URL is, also of URLs with `/.disco/` in them.

    >>> jobname("dir://localhost/disco/localhost/8a/words@1:2:3/.disco/reduce-3-17.results")
    'words@1:2:3'

    Raises:
        DiscoError: If the URL is not `disco://`, `dir://` or `http://`, or has too short a path.
    """
    return _jobname(url.replace("/.disco/", "/"))


def proxy_url(url: str, proxy: str = "", meth: str = "GET", to_master: bool = True) -> str:
    """The URL by which a proxy serves a URL; without a proxy the URL itself, as for a tag.

    Unlike Disco 0.5.4 it does so for URLs with a dot in them, too.

    >>> proxy_url("disco://node01/data/x", "http://proxy:8000", to_master=False)
    'http://proxy:8000/proxy/node01/GET/data/x'
    """
    scheme, location, path = urlsplit(url)
    if not proxy or scheme == "tag" or not location:
        return url
    return f"{proxy}/{path}" if to_master else f"{proxy}/proxy/{location.host}/{meth}/{path}"


# Inputs and results


def read_index(dir: str) -> Iterator[tuple[int, str, int]]:
    """The (label, URL, size in bytes) of every output behind a result URL, `dir://` or an index in a file.

    An index file has a line `label URL size` for each; names that end in .gz are decompressed.

    Raises:
        CommError: If the result, or the Disco that made it, is gone.
        DataError: If an index file cannot be read.
    """
    from disco_sim.compat.disco.comm import index_of, open_url

    if schemesplit(dir)[0] == "dir":
        yield from index_of(dir)
        return
    with open_url(dir) as file:
        for line in file:
            fields = line.split()
            try:
                yield int(fields[0]), fields[1].decode(), int(fields[2]) if len(fields) > 2 else 0
            except (IndexError, ValueError) as error:
                raise DataError(f"No line of an index: {line[:60]!r}; each is 'label URL size'", dir) from error


def parse_dir(dir: str, label: int | None = None) -> list[str]:
    """The sorted URLs of the outputs behind a result URL, only those of one label if it is given."""
    return sorted(url for its_label, url, _ in read_index(dir) if label in (None, its_label))


def inputexpand(input: Any, label: Any = None, settings: Any = None) -> list[Any]:
    """The inputs that one entry of a job's input stands for, each a URL or a list of replicas.

    A tag is all its blobs, nested tags too, each tag once; a result's `dir://` URL is its outputs, only those of
    `label` if it is a number, and stays as it is if `label` is False. A name without a scheme and with nothing of a
    path in it is a tag. What a list of several replicas holds is not expanded. `settings` are not needed.
    """
    replicas = listify(input)
    if len(replicas) != 1:
        return [replicas]
    url = replicas[0]
    scheme, rest = schemesplit(url)
    if scheme == "dir" and label is not False:
        return parse_dir(url, None if label is True else label)
    if scheme == "tag" or (not scheme and url not in _NO_TAG and not _NEVER_A_TAG & set(url)):
        return tagged(rest, ignore_missing=True)
    return [input]


def inputlist(inputs: Any, label: Any = None, settings: Any = None) -> list[Any]:
    """All inputs that a job's input stands for, each a URL or a list of replicas; see `inputexpand`.

    Raises:
        InputError: If `inputs` is a single text.
    """
    if not isiterable(inputs):
        raise InputError(f"{inputs!r} is not a list of inputs, or a list of such lists: give [{inputs!r}]")
    return chainify(inputexpand(input, label, settings) for input in inputs)


def urllist(url: Any, partid: int | None = None, listdirs: bool = True, ddfs: Any = None) -> list[Any]:
    """Disco 0.3's `inputexpand`: results are expanded if `listdirs`, of one partition if it is given."""
    return inputexpand(url, partid if listdirs else False)


def deref(inputs: Any, resolve: bool = False) -> Iterator[list[str]]:
    """The replica list of every input, expanded; with `resolve`, URLs that serve `disco://` ones.

    >>> list(deref(["raw://a", ["raw://b", "raw://c"]]))
    [['raw://a'], ['raw://b', 'raw://c']]
    """
    for input in inputlist(inputs):
        yield [urlresolve(url) if resolve else url for url in iterify(input)]


def ispartitioned(input: Any) -> bool:
    """Whether all of the inputs are results, `dir://`, and there are some.

    >>> ispartitioned([["dir://node01/x"]]), ispartitioned([]), ispartitioned(["raw://a"])
    (True, False, False)
    """
    urls = list(flatten(iterify(input)))
    return bool(urls) and all(schemesplit(url)[0] == "dir" for url in urls)


# Out-of-band results, and what is kept under a tag


def load_oob(host: str, name: str, key: str) -> bytes | None:
    """The out-of-band result `key` of job `name`, as bytes; None if a job that has some has not that one.

    `host` is the master's URL, as `Task.master` or this_master() give it. In a task the job must have ended.

    Raises:
        DiscoError: If there is no such job.
    """
    task = running.get()
    try:
        value: Any = connect(host).oob_get(name, key) if task is None else task.get(key, name)
    except OOBKeyError:
        return None
    return value.encode() if isinstance(value, str) else value


def save_oob(host: str, name: str, key: str, value: bytes, ddfs_token: str | None = None) -> None:
    """Store an out-of-band result of job `name`, which has to be the job of the running task, as with put().

    Raises:
        DiscoError: Outside a task, or for another job: what a job put belongs to its own tasks, and is kept with them.
    """
    task = running.get()
    if task is None or task.name != name:
        place = "outside any task" if task is None else f"in a task of job {task.name!r}"
        raise DiscoError(
            f"save_oob(..., {name!r}, {key!r}, ...) was called {place}; an out-of-band result is kept with the task "
            "that put it, so only the job's own tasks can: put it there, or keep your data under a tag with DDFS.push",
            key=key,
        )
    task.put(key, value)


def ddfs_save(blobs: Iterable[Any], name: str, master: str) -> str:
    """Push files under the tag of a job's saved results, and give the tag's URL."""
    ddfs = connect(master).ddfs
    tag = ddfs.job_tag(name)
    ddfs.push(tag, list(blobs))
    return f"tag://{tag}"
