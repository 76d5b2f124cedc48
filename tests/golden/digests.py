"""Digests of what jobs leave behind: each event of a log by its position and values, tables, and pages.

The names of event classes do not count, nor does the last digit of a time, which differs between machines.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import pandas

from disco_sim import Disco, Job
from tests.golden.scenarios import ROOT

N_TIME_DIGITS = 9
N_EVENT_HEX = 4
"""Hex digits that are kept of each event: the first that differs can be named."""

FRAMES: dict[str, Callable[[Job], pandas.DataFrame]] = {
    "tasks": lambda job: job.tasks,
    "phases": lambda job: job.phases,
    "partitions": lambda job: job.partitions,
    "shuffle": lambda job: job.shuffle,
    "oob": lambda job: job.oob.frame(),
    "log": lambda job: job.log,
    "output": lambda job: job.output(),
    "halfway": lambda job: job.at(job.disco.now_s / 2).tasks,
}

PAGES: dict[str, Callable[[Job], Any]] = {
    "job": lambda job: job,
    "oob page": lambda job: job.oob,
    "flow": lambda job: job.flow(),
    "story": lambda job: job.story(f"{job.disco.plan(job.name)[0].name}:0"),
    "snapshot": lambda job: job.at(job.disco.now_s / 2),
}


def event_lines(disco: Disco) -> Iterator[str]:
    """Each event of a log as a line: which kind it is, by order of appearance, and its values."""
    kinds: dict[type, int] = {}
    for event in disco.cluster.log:
        kind = kinds.setdefault(type(event), len(kinds))
        yield _anywhere(f"{kind} {_plain(tuple(event))}")


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, N_TIME_DIGITS)
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return value


def _anywhere(text: str) -> str:
    """The text as it would be in any checkout, run in any folder."""
    return text.replace(os.getcwd(), "FOLDER").replace(str(ROOT), "ROOT")


def digest(text: str, n_hex: int = 12) -> str:
    """The first hex digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:n_hex]


def digests(discos: list[Disco]) -> dict[str, str]:
    """The digests of all that some Discos hold; under "events" those of each event in turn."""
    found = {"events": "".join(digest(line, N_EVENT_HEX) for disco in discos for line in event_lines(disco))}
    jobs = [Job(disco, name) for disco in discos for name in disco.cluster.log.jobs]
    tables = {name: [*map(_or_error(_table, table), jobs)] for name, table in FRAMES.items()}
    for name, table in (("nodes", lambda disco: disco.nodes), ("jobs", lambda disco: disco.jobs)):
        tables[name] = [*map(_or_error(_table, table), discos)]
    pages = {name: [*map(_or_error(_page, page), jobs)] for name, page in PAGES.items()}
    pages["disco"] = [*map(_or_error(_page, lambda disco: disco), discos)]
    return found | {name: digest("\n".join(texts)) for name, texts in (tables | pages).items()}


def _table(frame: pandas.DataFrame) -> str:
    return f"{frame.dtypes.to_dict()}\n{frame.to_csv(float_format=f'%.{N_TIME_DIGITS}f')}"


def _page(shown: Any) -> str:
    bundle = shown._repr_mimebundle_()
    return f"{bundle['text/plain']}\n{bundle.get('text/html', '')}\n{shown!r}"


def _or_error(text_of: Callable[[Any], str], get: Callable[[Any], Any]) -> Callable[[Any], str]:
    """What there is to see of something, or the error that says why there is nothing, as of a purged job."""

    def told(thing: Any) -> str:
        try:
            return _anywhere(text_of(get(thing)))
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    return told
