"""Disco's small helpers that need no cluster: pairs, iterables, URLs, names and sizes.

Knows errors only; what opens data lives in `streams`, what asks a cluster in `ddfs` and `client`.
"""

from __future__ import annotations

import inspect
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from types import FunctionType
from typing import Any, NamedTuple, TypeVar

from disco_sim.error import DataError, DiscoError

K = TypeVar("K")
V = TypeVar("V")

DISCO_PORT = "8989"
JOB_URL_SCHEMES = ("disco", "dir", "http")
SIZE_UNITS = ("bytes", "KB", "MB", "GB", "TB")


# Pairs


def kvgroup(kviter: Iterable[tuple[K, V]]) -> Iterator[tuple[K, Iterator[V]]]:
    """Each run of consecutive equal keys, with an iterator over its values; give sorted pairs to get every key once.

    Nothing is kept: the values of a key are gone as soon as the next key is asked for.

    >>> [(key, sum(values)) for key, values in kvgroup([("a", 1), ("a", 2), ("b", 1), ("a", 5)])]
    [('a', 3), ('b', 1), ('a', 5)]
    """
    # What a task has sorted knows its groups, and no pair has to be looked at to find them.
    groups = kviter.kvgroups() if hasattr(kviter, "kvgroups") else None
    if groups is not None:
        yield from itertools.chain(groups)  # which cannot be closed: who stops here may read on there
        return
    for key_of_group, pairs in itertools.groupby(kviter, itemgetter(0)):
        yield key_of_group, map(itemgetter(1), pairs)


def iskv(entry: Any) -> bool:
    """Whether `entry` is a pair: a tuple of length 2.

    >>> iskv(("a", 1)), iskv(["a", 1])
    (True, False)
    """
    return isinstance(entry, tuple) and len(entry) == 2


def kvify(entry: Any) -> tuple[Any, Any]:
    """The entry itself if it is a pair, otherwise the pair of the entry and None.

    >>> kvify(("a", 1)), kvify("a")
    (('a', 1), ('a', None))
    """
    return entry if iskv(entry) else (entry, None)


def key(kv: Sequence[Any]) -> Any:
    """The key of a pair.

    >>> key(("a", 1))
    'a'
    """
    return kv[0]


# Iterables


def isiterable(value: Any) -> bool:
    """Whether `value` can be iterated; str and bytes count as single values.

    >>> isiterable([1]), isiterable("text"), isiterable(b"data"), isiterable(1)
    (True, False, False, False)
    """
    return hasattr(value, "__iter__") and not isinstance(value, (str, bytes))


def iterify(value: Any) -> Iterator[Any]:
    """An iterator over `value` if it is iterable, otherwise over `value` as the only item.

    >>> list(iterify([1, 2])), list(iterify("text"))
    ([1, 2], ['text'])
    """
    return iter(value) if isiterable(value) else iter((value,))


def flatten(iterable: Iterable[Any]) -> Iterator[Any]:
    """All items in all depths of nested iterables, in order; str and bytes are items.

    >>> list(flatten([1, [2, ("ab", [b"c"])], []]))
    [1, 2, 'ab', b'c']
    """
    for item in iterable:
        if isiterable(item):
            yield from flatten(item)
        else:
            yield item


def rapply(iterable: Iterable[Any], fn: Callable[[Any], Any]) -> Iterator[Any]:
    """Each item with `fn` applied; an item that is iterable becomes an iterator of the same kind.

    >>> [item if isinstance(item, int) else list(item) for item in rapply([1, [2, 3]], lambda n: n * 10)]
    [10, [20, 30]]
    """
    return (rapply(item, fn) if isiterable(item) else fn(item) for item in iterable)


def ilen(iterable: Iterable[Any]) -> int:
    """How many items an iterable has; an iterator is used up.

    >>> ilen(n for n in range(5))
    5
    """
    return sum(1 for _ in iterable)


def partition(iterable: Iterable[V], fn: Callable[[V], Any]) -> tuple[list[V], list[V]]:
    """The items for which `fn` is true, and the others; not to be confused with a job's partition function.

    >>> partition(range(5), lambda n: n % 2)
    ([1, 3], [0, 2, 4])
    """
    chosen: list[V] = []
    others: list[V] = []
    for item in iterable:
        (chosen if fn(item) else others).append(item)
    return chosen, others


# Functions and objects


def argcount(fn: Callable[..., Any]) -> int:
    """How many positional arguments `fn` can still take, those with defaults included and `*args` not.

    What functools.partial has bound is not counted; an argument that it bound by name ends the count,
    because Python takes the arguments after it by name only. `self` of a bound method is not counted.

    >>> from functools import partial
    >>> argcount(lambda entry, params: []), argcount(partial(pow, 2)), argcount([].append)
    (2, 2, 1)

    Raises:
        DiscoError: If `fn` is not callable, or is a builtin that does not tell its arguments.
    """
    if type(fn) is FunctionType and not vars(fn):  # nothing about it says that its signature is another one
        return fn.__code__.co_argcount
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError) as error:
        raise DiscoError(
            f"Cannot tell how many arguments {fn!r} takes; Disco calls functions by their argument count: "
            f"wrap it in a def or lambda with named arguments"
        ) from error
    return sum(
        parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD) for parameter in parameters
    )


def reify(dotted_name: str) -> Any:
    """The module, or the object in a module, that a dotted name stands for.

    >>> reify("os.path.basename")("a/b")
    'b'

    Raises:
        DiscoError: If there is no such module or object.
    """
    import pkgutil

    try:
        return pkgutil.resolve_name(dotted_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise DiscoError(
            f"Nothing has the name {dotted_name!r}: {error}; write package.module.object, importable here"
        ) from error


def external(files: Sequence[str]) -> dict[str, bytes]:
    """The contents of an external program, to be given as `map` or `reduce`: the first file is the one to run.

    The first file gets the name `op`, the others keep their base names.

    Raises:
        DataError: If a file cannot be read.
    """
    contents: dict[str, bytes] = {}
    for number, path in enumerate(files):
        try:
            with open(path, "rb") as file:
                contents["op" if number == 0 else os.path.basename(path)] = file.read()
        except OSError as error:
            raise DataError(f"Cannot read a file of an external program: {error.strerror}", path) from error
    return contents


# URLs


class netloc(NamedTuple):
    """A host and a port (a string, '' for none), as URLs have them; false when there is no host.

    >>> netloc.parse("node01:8989")
    netloc(host='node01', port='8989')
    >>> str(netloc("node01")), bool(netloc.parse(""))
    ('node01', False)
    """

    host: str = ""
    port: str = ""

    @classmethod
    def parse(cls, text: str) -> netloc:
        """The host and port of `host`, `host:port` or `[IPv6 address]:port`."""
        head, bracket, rest = text.rpartition("]")
        host, _, port = rest.partition(":")
        return cls(head + bracket + host, port)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host

    def __bool__(self) -> bool:
        return bool(self.host)


def schemesplit(url: str) -> tuple[str, str]:
    """The scheme of a URL and what follows `://`; a plain path has the scheme ''.

    >>> schemesplit("tag://data:words"), schemesplit("/data/words.txt")
    (('tag', 'data:words'), ('', '/data/words.txt'))
    """
    scheme, found, rest = url.partition("://")
    return (scheme, rest) if found else ("", url)


def urlsplit(url: str, localhost: str | None = None, disco_port: str = DISCO_PORT) -> tuple[str, netloc, str]:
    """The scheme, host and path of a URL, with `disco://` replaced by what serves it.

    `disco://` becomes `file` on the host `localhost` and `http` on any other. What follows `file://`
    or `raw://` is all path, as is a plain path and the name in `tag://name`. A token before `@` is left out.

    >>> urlsplit("disco://node01/data/x")
    ('http', netloc(host='node01', port='8989'), 'data/x')
    >>> urlsplit("disco://node01/data/x", localhost="node01")
    ('file', netloc(host='', port=''), 'data/x')
    >>> urlsplit("tag://words")
    ('tag', netloc(host='', port=''), 'words')
    """
    scheme, rest = schemesplit(url)
    if scheme in ("", "file", "raw") or (scheme == "tag" and "/" not in rest):
        return scheme, netloc(), rest.rpartition("@")[2] if scheme == "tag" else rest
    place, _, path = rest.partition("/")
    location = netloc.parse(place.rpartition("@")[2])
    if scheme != "disco":
        return scheme, location, path
    if location.host == localhost:
        return "file", netloc(), path
    return "http", netloc(location.host, location.port or disco_port), path


def urljoin(parts: tuple[str, netloc, str]) -> str:
    """The URL of a scheme, host and path: the way back from `urlsplit`.

    >>> urljoin(("http", netloc("node01", "80"), "a/b")), urljoin(("", netloc(), "/data/x"))
    ('http://node01:80/a/b', '/data/x')
    """
    scheme, location, path = parts
    return f"{scheme}://" * bool(scheme) + (f"{location}/{path}" if location else path)


def urlresolve(url: str, localhost: str | None = None) -> str:
    """The URL that serves a URL: `disco://` becomes `http://` with a port, or `file://` on `localhost`.

    >>> urlresolve("disco://node01/data/x"), urlresolve("raw://text")
    ('http://node01:8989/data/x', 'raw://text')
    """
    return urljoin(urlsplit(url, localhost))


def urltoken(url: str) -> str | None:
    """The access token in a URL such as `tag://token@host/name`, or None.

    >>> urltoken("tag://secret@master/words"), urltoken("tag://words")
    ('secret', None)
    """
    token, found, _ = schemesplit(url)[1].partition("/")[0].rpartition("@")
    return token if found else None


# Names and sizes


def jobname(url: str) -> str:
    """The name of the job whose result a URL is: the path component before the last.

    >>> jobname("dir://node01/disco/node01/8a/words@4f2:a:1/reduce-index.txt.gz")
    'words@4f2:a:1'

    Raises:
        DiscoError: If the URL is not `disco://`, `dir://` or `http://`, or has too short a path.
    """
    scheme, rest = schemesplit(url)
    path = rest.partition("/")[2].split("/")
    if scheme not in JOB_URL_SCHEMES or len(path) < 2:
        raise DiscoError(
            f"Cannot tell the job of {url!r}; a result's URL has a scheme of {', '.join(JOB_URL_SCHEMES)} and ends "
            f"in /JOBNAME/FILE: pass one of the URLs that job.wait() returned",
            url=url,
        )
    return path[-2]


def ddfs_name(jobname: str) -> str:
    """The tag under which a job saves its results.

    >>> ddfs_name("words@1:2:3")
    'disco:job:results:words@1:2:3'
    """
    return f"disco:job:results:{jobname}"


def ddfs_oobname(jobname: str) -> str:
    """The tag that holds a job's out-of-band results.

    >>> ddfs_oobname("words@1:2:3")
    'disco:job:oob:words@1:2:3'
    """
    return f"disco:job:oob:{jobname}"


def format_size(n_bytes: float) -> str:
    """A number of bytes in the largest unit that leaves at least 1, in steps of 1024.

    >>> format_size(500), format_size(1280), format_size(3 * 1024**2)
    ('500.0bytes', '1.2KB', '3.0MB')
    """
    number = float(n_bytes)
    units = iter(SIZE_UNITS)
    unit = next(units)
    for larger in units:
        if abs(number) < 1024:
            break
        number, unit = number / 1024, larger
    return f"{number:3.1f}{unit}"
