"""Out-of-band results of all jobs, and the rules of who may see which."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from disco_sim.error import CommError, DiscoError, OOBKeyError, OOBPutError, OOBVisibilityError, nearest

COMMITTED, DROPPED = "committed", "dropped"


class OOBEntry(NamedTuple):
    """One out-of-band result: which run of which task put it on which host; `put_s` is the run's virtual end.

    `level` is the number of the stage in its plan; `state` is committed, or dropped when the run failed.
    `order` is given by the store: what was stored later, in the same instant too, has a higher one.
    """

    key: str
    value: str | bytes
    stage: str
    level: int
    task: int
    attempt: int
    host: str
    put_s: float
    state: str
    order: int = 0

    @property
    def n_bytes(self) -> int:
        """The size of the value: bytes, or UTF-8 bytes of text."""
        value = self.value
        return len(value) if isinstance(value, bytes) else len(value.encode("utf-8", "surrogatepass"))


class OOBStore:
    """Entries by job and key; results of failed runs are kept apart, as dropped.

    In a job whose keys are unique each can be committed once; else what is committed last is its value.

    `moment` counts what has happened to the store. A run that started at a moment sees the store as it was
    then, whenever it is computed: many things happen in one instant of virtual time, so time would not do.
    """

    def __init__(self) -> None:
        self._not_unique: set[str] = set()
        self._committed: dict[str, dict[str, OOBEntry]] = {}
        self._replaced: dict[str, dict[str, list[OOBEntry]]] = {}
        self._dropped: dict[str, list[OOBEntry]] = {}
        self._ended: dict[str, int] = {}
        self.moment = 0

    def open(self, job: str, is_unique: bool = True) -> None:
        """A job begins; it has no results yet, and its keys are unique or not."""
        if not is_unique:
            self._not_unique.add(job)
        self._committed[job] = {}
        self._dropped[job] = []

    def end(self, job: str) -> None:
        """A job has ended, ready or dead: other jobs may now read its results."""
        self.moment += 1
        self._ended[job] = self.moment

    def forget(self, job: str) -> None:
        """Drop all that is known of a job."""
        for table in (self._committed, self._replaced, self._dropped, self._ended):
            table.pop(job, None)
        self._not_unique.discard(job)

    def conflict(self, job: str, stage: str, task: int, keys: Iterable[str]) -> OOBPutError | None:
        """The error of the first key that another task of the job than this one has committed already, if any.

        Another run of the same task, made again because its output was lost, never clashes.
        """
        committed = self._committed[job] if job not in self._not_unique else {}
        for key in keys:
            other = committed.get(key)
            if other is not None and (other.stage, other.task) != (stage, task):
                return OOBPutError(
                    f"OOB key {key!r} was put by task {stage}:{task} and by task "
                    f"{other.stage}:{other.task} of the same job; a key is unique in its job, or one value would be "
                    f"lost: put the task into the key, as in put('{key}:%d' % this_partition(), ...)",
                    key=key,
                    tasks=(f"{other.stage}:{other.task}", f"{stage}:{task}"),
                )
        return None

    def add(self, job: str, entries: Iterable[OOBEntry]) -> None:
        """Store the entries of a run that has ended: committed ones by key, dropped ones for the record."""
        is_unique = job not in self._not_unique
        for entry in entries:
            self.moment += 1
            entry = entry._replace(order=self.moment)
            if entry.state == COMMITTED and is_unique:
                # What a first run of the task put may have been read, so it stays.
                self._committed[job].setdefault(entry.key, entry)
            elif entry.state == COMMITTED:
                before = self._committed[job].get(entry.key)
                if before is not None:
                    self._replaced.setdefault(job, {}).setdefault(entry.key, []).append(before)
                self._committed[job][entry.key] = entry
            else:
                self._dropped[job].append(entry)

    def borrow(self, other: OOBStore, but: str) -> None:
        """Let what other jobs than `but` put into another store be read here; those that ended, ended before all."""
        for job in other.jobs:
            if job != but:
                self._committed[job], self._dropped[job] = other.committed(job), []
                if other.has_ended(job):
                    self._ended[job] = 0

    def __contains__(self, job: str) -> bool:
        return job in self._committed

    @property
    def jobs(self) -> tuple[str, ...]:
        """The jobs in the order they began."""
        return tuple(self._committed)

    def committed(self, job: str) -> dict[str, OOBEntry]:
        """The committed entries of a job by key, in the order they became visible."""
        return dict(self._committed.get(job, {}))

    def has_ended(self, job: str) -> bool:
        """Whether the job has ended, so that other jobs can read its results."""
        return job in self._ended

    def has_results(self, job: str) -> bool:
        """Whether the job has committed any."""
        return bool(self._committed.get(job))

    def is_committed(self, job: str, key: str) -> bool:
        """Whether the job has committed this key."""
        return key in self._committed.get(job, ())

    def of_key(self, key: str) -> Iterator[OOBEntry]:
        """The committed entry of each job that has this key, in the order the jobs began."""
        return (committed[key] for committed in self._committed.values() if key in committed)

    def entries(self, job: str) -> list[OOBEntry]:
        """All entries of a job, dropped ones too, in the order they were stored."""
        everything = [*self._committed.get(job, {}).values(), *self._dropped.get(job, ())]
        return sorted(everything, key=lambda entry: entry.order)

    def get(self, job: str, key: str) -> str | bytes:
        """The value of a committed key, asked from outside any task.

        Raises:
            OOBKeyError: With the keys that come near, when the job has no such key.
        """
        entry = self._committed.get(job, {}).get(key)
        if entry is None:
            raise self._missing(job, key, self._committed.get(job, {}), "Disco.oob_list(name) lists them all")
        return entry.value

    def see(self, job: str, key: str, *, reader: str, stage: str, level: int, task: int, moment: int) -> str | bytes:
        """The value of `key` of `job` as a task of job `reader` sees it, having started at `moment`.

        Raises:
            OOBVisibilityError: If the result is, or may come, from a task that runs at the same time.
            OOBKeyError: If nobody put the key.
            DiscoError: If there is no such job.
        """
        me = f"{stage}:{task}"
        if job != reader:
            if job not in self._committed:
                hint = _hint(nearest(job, self._committed))
                raise DiscoError(
                    f"Unknown key or job name: get({key!r}, {job!r}) in task {me}, but there is no job {job!r} on this "
                    f"master{hint}. Take the full name from job.name, or pass the job itself",
                    key=key,
                    job=job,
                )
            if self._ended.get(job, math.inf) > moment:
                raise OOBVisibilityError(
                    f"get({key!r}, {job!r}) in task {me}: that job was still running when this task started; only "
                    "results of finished jobs can be read: wait() for it before this job is submitted",
                    key=key,
                    job=job,
                    is_missing=False,
                )
            entry = self._committed[job].get(key)
            if entry is None:
                raise self._missing(job, key, self._committed[job], "the job put no such key")
            return entry.value
        if level == 0:
            raise OOBVisibilityError(
                f"get({key!r}) in task {me}: a task cannot read results of its own stage, because tasks that run at "
                "the same time must not depend on each other; a later stage can read this one's results, and any "
                "task those of a finished job: get(key, job)",
                key=key,
                job=job,
                is_missing=False,
            )
        entry = self._committed[job].get(key)
        if entry is not None and entry.order <= moment:
            if entry.level < level:
                return entry.value
            raise OOBVisibilityError(
                f"get({key!r}) in task {me}: the key belongs to task {entry.stage}:{entry.task} of the same stage; "
                "tasks that run at the same time must not depend on each other: put the value in the stage before, "
                "or send it through the output",
                key=key,
                job=job,
                # Whether it is there yet depends on the number of slots, so with a default it counts as missing.
                is_missing=True,
            )
        visible = {name: entry for name, entry in self._committed[job].items() if entry.level < level}
        raise self._missing(job, key, visible, "the stages before put no such key")

    def latest(self, job: str, key: str, moment: int) -> str | bytes | None:
        """What had been committed last under `key` of `job` at `moment`; None if nothing had.

        Raises:
            CommError: 404, if nothing had been committed under any key.
        """
        committed = self._committed[job]
        entry = committed.get(key)
        if entry is not None:
            for one in (entry, *reversed(self._replaced.get(job, {}).get(key, ()))):
                if one.order <= moment:
                    return one.value
        replaced = (versions[0] for versions in self._replaced.get(job, {}).values())
        if not any(one.order <= moment for one in (*committed.values(), *replaced)):
            raise CommError(
                f"Tag not found: no task of job {job!r} that has ended has put an out-of-band result yet; get({key!r}) "
                "finds what is there, and gives None for a key that is missing once there is any",
                f"tag://disco:job:oob:{job}",
                404,
            )
        return None

    def _missing(self, job: str, key: str, visible: dict[str, OOBEntry], why: str) -> OOBKeyError:
        near = nearest(str(key), visible)
        n_keys = "1 key" if len(visible) == 1 else f"{len(visible)} keys"
        return OOBKeyError(
            f"Unknown key {key!r} of job {job!r}, which has {n_keys}: {why}{_hint(near)}. "
            "Give get(key, default=...) where a key may be missing",
            key=key,
            job=job,
            near=tuple(near),
        )


def _hint(near: list[str]) -> str:
    return f"; near it: {str(near)[1:-1]}" if near else ""
