"""Event logs of tests: which one is meant, whether two are the same, and a digest to write down.

Two Discos that are open at the same time have different ports, and so different URLs and job names. That is no
difference here: a master's port is told as PORT, and the job that came N-th as prefix@N, counted from 0.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from disco_sim.core import Disco, Job
from disco_sim.model.events import Event

Logged = Disco | Job | Iterable[Event]
"""What has a log: a Disco its whole one, a job the events that concern it; or events in order."""

_BEFORE = 3
"""So many events before the first difference are shown."""

_DIGITS = 9
"""Times count to the nanosecond in a digest, for the last digit of a logarithm is not the same on every machine."""

_NAME = re.compile(r"(/[0-9a-f]{2}/)?([\w-]+@[0-9a-f]+:[0-9a-f]+:[0-9a-f]+)")
"""A full job name. In the URL of what a task stored, two digits of the name's MD5 stand before it."""


def events_of(log: Logged) -> list[Event]:
    """The events of a log, in order."""
    if isinstance(log, Disco):
        return list(log.cluster.log)
    if isinstance(log, Job):
        return list(log.disco.cluster.log.of(log.name))
    return list(log)


def same_log(one: Logged, other: Logged, job: str | None = None) -> None:
    """Assert that two logs are the same, event for event; of a job alone if `job` is its name, or what its name begins
    with before the '@'.

    >>> from disco_sim.testing import simulate
    >>> def fun_map(line, params):
    ...     return [(line, 1)]
    >>> same_log(simulate(fun_map, records=["a"]), simulate(fun_map, records=["a"], nodes=3))
    >>> same_log(simulate(fun_map, records=["a"]), simulate(fun_map, records=["bb"]))
    Traceback (most recent call last):
    ...
    AssertionError: the logs differ from event 1 on, at 0.0 s
      before 0: JobSubmitted(time_s=0.0, job='test@0', ...
      one    1: StageStarted(time_s=0.0, job='test@0', ... n_bytes=1, ...
      other  1: StageStarted(time_s=0.0, job='test@0', ... n_bytes=2, ...

    Raises:
        AssertionError: With the first event that differs, its position, and the few before it.
    """
    found, expected = _told(one, job), _told(other, job)
    both = enumerate(zip(found, expected, strict=False))
    first = next((n for n, (mine, its) in both if mine[1] != its[1]), min(len(found), len(expected)))
    if first == len(found) == len(expected):
        return
    times = dict.fromkeys(repr(events[first][0].time_s) for events in (found, expected) if first < len(events))
    lines = [f"the logs differ from event {first} on, at {' s and '.join(times)} s"]
    lines += [f"  before {number}: {found[number][1]}" for number in range(max(0, first - _BEFORE), first)]
    for who, events in (("one   ", found), ("other ", expected)):
        lines.append(f"  {who} {first}: {events[first][1] if first < len(events) else 'nothing, the log ends here'}")
    raise AssertionError("\n".join(lines))


def log_digest(log: Logged) -> str:
    """The SHA-256 of a log, in hex: the same for the same jobs on every machine, whatever Python's hash seed is.

    So a test can hold on to a whole timeline in one line.

    >>> from disco_sim.testing import simulate
    >>> one, other = [simulate(lambda line, params: [(line, 1)], records=["a"]) for _ in range(2)]
    >>> log_digest(one) == log_digest(other)
    True
    """
    digest = hashlib.sha256()
    for _, text in _told(log, None, _DIGITS):
        digest.update(text.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def _told(log: Logged, job: str | None, digits: int | None = None) -> list[tuple[Event, str]]:
    """Each event with its text, in which ports and names of jobs are as the module says."""
    events = events_of(log)
    numbers: dict[str, int] = {}
    for event in events:
        if name := getattr(event, "job", ""):
            numbers.setdefault(name, len(numbers))
    port = _port_of(log)

    def renamed(found: re.Match[str]) -> str:
        before, name = found.groups()
        if name not in numbers:
            return found[0]
        return f"{'/' if before else ''}{name.partition('@')[0]}@{numbers[name]}"

    told = []
    for event in events:
        if job is None or job in ((name := getattr(event, "job", "")), name.partition("@")[0]):
            text = _NAME.sub(renamed, repr(event if digits is None else _rounded(event, digits)))
            told.append((event, text if port is None else text.replace(f":{port}/", ":PORT/")))
    return told


def _port_of(log: Logged) -> str | None:
    disco = log.disco if isinstance(log, Job) else log
    return disco.master.rpartition(":")[2] if isinstance(disco, Disco) else None


def _rounded(value: Any, digits: int) -> Any:
    """The value with its floats rounded, those in tuples of tuples too."""
    if isinstance(value, float):
        return round(value, digits)
    if isinstance(value, tuple):
        parts = [_rounded(part, digits) for part in value]
        return type(value)._make(parts) if hasattr(value, "_make") else tuple(parts)
    return value
