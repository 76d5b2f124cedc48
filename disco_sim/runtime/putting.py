"""What may be put as an out-of-band result: the checks of a key and a value, one function for each dialect."""

from __future__ import annotations

import re
from typing import Any

from disco_sim.error import OOBPutError
from disco_sim.tables import shown

_MOST_DOCUMENTED, _MOST_OBSERVED = 256, 511
_OTHER = re.compile(r"[^A-Za-z0-9_\-@:]")


def check_documented(key: Any, value: Any, where: str) -> str | bytes:
    """The value, if it is text or bytes and the key is text of 1 to 256 valid characters.

    Raises:
        OOBPutError: If not, with a key or a value that would do.
    """
    _check_key(key, _MOST_DOCUMENTED, where)
    if isinstance(value, (str, bytes)):
        return value
    way = "bytes" if isinstance(value, (bytearray, memoryview)) else "str"
    raise OOBPutError(
        f"put({key!r}, {shown(value)}) in {where}: the value is of type {type(value).__name__}, but OOB values "
        f"are str or bytes: put({key!r}, {way}(value)), or json.dumps or pickle.dumps it",
        key=key,
        type=type(value).__name__,
    )


def check_observed(key: Any, value: Any, where: str) -> bytes:
    """The value as Disco 0.5.4 takes it: bytes, bytearrays and the like are their bytes, None is none of them.

    Raises:
        OOBPutError: If the key has other than valid characters.
        TypeError: For a value of another type, text too.
    """
    _check_key(key, _MOST_OBSERVED, where)
    if value is None:
        return b""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(
        f"a bytes-like object is required, not {type(value).__name__!r}: put({key!r}, ...) in {where} takes bytes, "
        "such as text.encode()"
    )


def _check_key(key: Any, most: int, where: str) -> None:
    if isinstance(key, str) and 1 <= len(key) <= most and not _OTHER.search(key):
        return
    # Disco's own check changed every other character to _ and wanted the key unchanged.
    text = key if isinstance(key, str) else _text_of(key)
    valid = _OTHER.sub("_", text)[:most] or "a_key"
    what = f"contains invalid characters, or is not text of 1 to {most} of them"
    if not isinstance(key, str):
        what = f"contains invalid characters: it is of type {type(key).__name__}, and a key is text (str)"
    raise OOBPutError(
        f"OOB key {what}: {shown(key)} in {where}; allowed are A-Z a-z 0-9 _ - : @ : try {valid!r}", key=key
    )


def _text_of(key: Any) -> str:
    """The text that somebody may have meant by a key which is none; '' for what has no text of its own."""
    if isinstance(key, (bytes, bytearray)):
        return key.decode(errors="replace")
    return str(key) if isinstance(key, (int, float)) else ""
