"""The scripts and styles of widgets and pages: the modules of `static`, each joined with what it imports.

A front end takes one module as text, and nothing may be loaded from elsewhere. So the modules keep to a form in which
they can be put one behind the other: they import only each other, by the same names, and no two of them give one name
to different things.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async |)function\b|const\b|class\b)", re.MULTILINE)


@cache
def script(entry: str) -> str:
    """The module `entry` and all that it imports, in the order of need, as the text of one module."""
    found: dict[str, str] = {}

    def add(name: str) -> None:
        if name not in found:
            text = (STATIC / name).read_text(encoding="utf-8")
            for needed in _IMPORT.findall(text):
                add(needed)
            found[name] = _EXPORT.sub("", _IMPORT.sub("", text))

    add(entry)
    return "\n".join(found.values())


@cache
def style(*names: str) -> str:
    """Style sheets of `static`, one after the other."""
    return "\n".join((STATIC / name).read_text(encoding="utf-8") for name in names)
