"""What Disco's own modules used to run on Python 2 and 3, for scripts that imported it from there; on Python 3 alone.

Which names the real module had is not documented: these are the ones that such scripts need.
"""

from __future__ import annotations

import pickle
from io import BytesIO, StringIO
from typing import Any

__all__ = [
    "BytesIO", "StringIO", "basestring", "bytes_to_str", "cPickle", "force_ascii", "force_utf8", "integer_types",
    "pickle_dump", "pickle_dumps", "pickle_load", "pickle_loads", "str_to_bytes",
]  # fmt: skip

basestring = str
integer_types = (int,)
cPickle = pickle


def bytes_to_str(data: bytes | str) -> str:
    """The text of UTF-8 bytes; text passes as it is.

    >>> bytes_to_str(b"cat"), bytes_to_str("cat")
    ('cat', 'cat')
    """
    return data.decode("utf-8") if isinstance(data, bytes) else data


def str_to_bytes(text: str | bytes) -> bytes:
    """The UTF-8 bytes of text; bytes pass as they are.

    >>> str_to_bytes("caf\\u00e9")
    b'caf\\xc3\\xa9'
    """
    return text.encode("utf-8") if isinstance(text, str) else text


def force_utf8(value: Any) -> bytes:
    """The UTF-8 bytes of anything: bytes as they are, other objects by their text."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8")


def force_ascii(value: Any) -> bytes:
    """The ASCII bytes of anything, other characters replaced by `?`."""
    return value if isinstance(value, bytes) else str(value).encode("ascii", "replace")


def pickle_dumps(value: Any, protocol: int = 1) -> bytes:
    """The pickle of a value, of protocol 1 as Disco's files have it."""
    return pickle.dumps(value, protocol)


def pickle_loads(data: bytes | str) -> Any:
    """The value of a pickle, also of one that Python 2 wrote; text counts as its bytes (Latin-1)."""
    return pickle.loads(data.encode("latin-1") if isinstance(data, str) else data)


def pickle_dump(value: Any, file: Any, protocol: int = 1) -> None:
    """Write the pickle of a value to a binary file."""
    pickle.dump(value, file, protocol)


def pickle_load(file: Any) -> Any:
    """The next value of a binary file of pickles."""
    return pickle.load(file)
