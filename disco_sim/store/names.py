"""What data in the file system is called: the characters of names, and the URLs of blobs and tags."""

from __future__ import annotations

import hashlib
import re

from disco_sim.util import DISCO_PORT

UNSAFE = re.compile(r"[^A-Za-z0-9_\-@:]")
_PORT = re.compile(r"(?<=[^/]):\d+(?=/)")
LONGEST_NAME = 511
LONGEST_BLOB_NAME = 200
"""A blob with a longer name is stored under the MD5 of it, as the real file system does."""

EPOCH_S = 1_283_299_200
"""Seconds from 1970 to virtual time 0, which is 2010-09-01 00:00:00 UTC."""


def safe_name(name: str) -> str:
    """The name with every character that no tag or blob may have as `_`.

    >>> safe_name("texts/hamlet.txt")
    'texts_hamlet_txt'
    """
    return UNSAFE.sub("_", name)


def short_name(name: str) -> str:
    """The name that a blob of a valid name is stored under."""
    return name if len(name) <= LONGEST_BLOB_NAME else hexhash(name, 32)


def blob_name(url: str) -> str:
    """The name of the blob that a URL is of: its last part, up to a `$`.

    >>> blob_name("disco://node01/ddfs/vol0/blob/5d/words$503-490c0-1")
    'words'
    """
    return url.rpartition("/")[2].partition("$")[0]


def without_port(url: str) -> str:
    """A URL of stored data with no port, which one may leave out or not where it is Disco's own.

    >>> without_port("disco://node01:8989/disco/node01/8a/words@1:2:3/stage-0-0")
    'disco://node01/disco/node01/8a/words@1:2:3/stage-0-0'
    """
    return _PORT.sub("", url, count=1) if url.startswith("disco://") else url


def job_blob(jobname: str, path: str) -> str:
    """The name of the blob that a file of a job is saved as.

    >>> job_blob("words@1:2:3", "parts/part-0.gz")
    'discoblob:words@1:2:3:part-0_gz'
    """
    return safe_name(f"discoblob:{jobname}:{path.rpartition('/')[2]}")


def tag_of_job(prefix: str, jobname: str) -> str:
    """The tag of a job under a prefix; characters that a tag cannot have become `_`, and a long name is its MD5.

    >>> tag_of_job("disco:results:", "my job@1:2:3")
    'disco:results:my_job@1:2:3'
    """
    name = prefix + safe_name(jobname)
    return name if len(name) <= LONGEST_NAME else prefix + hexhash(jobname, 32)


def hexhash(name: str, n_digits: int = 2) -> str:
    """The first hex digits of the MD5 of a name, which its URL has as a folder.

    >>> hexhash("words")
    '89'
    """
    return hashlib.md5(name.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()[:n_digits]


def stamp(epoch_s: float, serial: int, n_digits: int = 0) -> str:
    """Megaseconds, seconds and microseconds since 1970 in hex, later by `serial` microseconds.

    Serials go up with time, so no two are alike. The microseconds have at least `n_digits` digits; stamps with six or
    more, of which the first is 0 then, are like none without.

    >>> stamp(1283299200.5, 3), stamp(1283299200.5, 3, 6)
    ('503-490c0-7a123', '503-490c0-07a123')
    """
    seconds, microseconds = divmod(round(epoch_s * 10**6) + serial, 10**6)
    return f"{seconds // 10**6:x}-{seconds % 10**6:x}-{microseconds:0{n_digits}x}"


def stored_url(host: str, port: str, kind: str, name: str, stamped: str) -> str:
    """The URL of a blob or a tag (the `kind`) at `host`; the port is left out when it is the one that Disco has.

    >>> stored_url("node01", "8989", "blob", "words", "503-490c0-1")
    'disco://node01/ddfs/vol0/blob/89/words$503-490c0-1'
    """
    place = host if port == DISCO_PORT else f"{host}:{port}"
    return f"disco://{place}/ddfs/vol0/{kind}/{hexhash(name)}/{name}${stamped}"
