"""A second kind of home for tests: what was committed is kept in a plain dict, from which another session goes on."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from disco_sim.error import DataError, DiscoError
from disco_sim.model.job import JobRequest
from disco_sim.model.work import Blob
from disco_sim.store.facts import UNKNOWN, FailureText, JobFacts, RunKey, TaskKey
from disco_sim.store.jobs import full_name, new_facts, unknown_job
from disco_sim.store.log import Log
from disco_sim.store.oob import OOBStore
from disco_sim.store.oobtags import OOBTags
from disco_sim.store.outcomes import Computed
from disco_sim.store.tags import TagStore


class DictBlobs:
    """Blobs in a dict; a dropped one is its reason."""

    def __init__(self, kept: Mapping[str, Blob | str], oob_tags: OOBTags) -> None:
        self.items = dict(kept)
        self._oob_tags = oob_tags

    @property
    def held_bytes(self) -> int:
        return sum(blob.held_bytes for blob in self.items.values() if isinstance(blob, Blob))

    def put(self, url: str, blob: Blob) -> None:
        self.items[url] = blob

    def get(self, url: str) -> Blob:
        found = self.items.get(url, "nothing is stored there")
        if isinstance(found, str):
            blob = self._oob_tags.blob(url)
            if blob is None:
                raise DataError(f"Unable to access resource: {found}", url)
            return blob
        return found

    def drop(self, url: str, reason: str = "it was dropped or purged with its job") -> None:
        if isinstance(self.items.get(url), Blob):
            self.items[url] = reason

    def __contains__(self, url: str) -> bool:
        return isinstance(self.items.get(url), Blob) or self._oob_tags.blob(url) is not None


class DictJobs:
    """Jobs in a dict, those of earlier sessions among them."""

    def __init__(self, kept: Mapping[str, JobFacts], n_named: int) -> None:
        self.items = {name: copied(facts) for name, facts in kept.items()}
        self.names: list[str] = []
        self._n_before = n_named

    @property
    def n_submitted(self) -> int:
        return len(self.names)

    @property
    def n_named(self) -> int:
        return self._n_before + len(self.names)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[str]:
        return iter(self.items)

    def __contains__(self, job: object) -> bool:
        return job in self.items

    def __getitem__(self, job: str) -> JobFacts:
        return self.items[job]

    def facts(self, job: str) -> JobFacts:
        if job not in self.items or self.items[job].is_purged:
            raise unknown_job(job, self)
        return self.items[job]

    def status(self, job: str) -> str:
        return self.items[job].status if job in self.items else UNKNOWN

    def name(self, prefix: str, seed: int, port: str) -> str:
        return full_name(prefix, seed, port, self.n_named)

    def was_submitted(self, job: str) -> bool:
        return job in self.names

    def begin(
        self, request: JobRequest, port: str, memory_bytes: int, computed: Mapping[TaskKey, Computed]
    ) -> JobFacts:
        facts = new_facts(self, request, port, memory_bytes, computed)
        self.names.append(request.name)
        self.items[request.name] = facts
        return facts

    def learn(self, job: str, stage: str, task: int, computed: Computed, is_kept: bool = True) -> None:
        self.items[job].learn(stage, task, computed, is_kept)

    def fail(self, job: str, run: RunKey, failure: FailureText) -> None:
        self.items[job].failures[run] = failure

    def find_bad(self, job: str, run: RunKey, bad: tuple[tuple[int, int, str], ...]) -> None:
        self.items[job].bad[run] = bad

    def drop_data(self, job: str, stages: Collection[str]) -> None:
        self.items[job].drop_data(stages)

    def keep_results(self, job: str, stages: Collection[str]) -> None:
        self.forget(job)
        self.items[job].keep_results(stages)

    def end(self, job: str, status: str, time_s: float, ended_by: RunKey | None) -> None:
        self.items[job].end(status, time_s, ended_by)

    def forget(self, job: str, is_garbage: bool = False) -> None:
        self.items[job].forget(is_garbage)

    def remove(self, job: str) -> None:
        del self.items[job]


class DictHome:
    """A home that keeps in `kept` what was committed; a home that is made with it later goes on from there."""

    def __init__(self, kept: dict[str, Any] | None = None, is_due: bool = False) -> None:
        self.kept: dict[str, Any] = {} if kept is None else kept
        self.session = 0
        self.is_due = is_due
        self.log = Log()
        oob = OOBStore()
        oob_tags = OOBTags(oob)
        stores = self.kept.get("stores", (oob, oob_tags, TagStore(oob_tags)))
        self.oob, self.oob_tags, self.tags = copy.deepcopy(stores)
        self.blobs = DictBlobs(self.kept.get("blobs", {}), self.oob_tags)
        self.jobs = DictJobs(self.kept.get("jobs", {}), self.kept.get("n_named", 0))

    def open(self, master: str) -> None:
        if self.session:
            raise DiscoError(f"the home of {master} belongs to another cluster")
        self.session = self.kept.get("session", 0) + 1
        self.oob_tags.port = master.rpartition(":")[2]

    def commit(self, now_s: float) -> None:
        self.kept |= {
            "session": self.session,
            "now_s": now_s,
            "stores": copy.deepcopy((self.oob, self.oob_tags, self.tags)),
            "blobs": dict(self.blobs.items),
            "jobs": {name: copied(facts) for name, facts in self.jobs.items.items()},
            "n_named": self.jobs.n_named,
        }

    def close(self) -> None:
        pass


def copied(facts: JobFacts) -> JobFacts:
    """The facts of a job as they are now; what they hold does not change, only their tables do."""
    return replace(
        facts,
        tasks=dict(facts.tasks),
        started=dict(facts.started),
        done={stage: dict(done) for stage, done in facts.done.items()},
        finished=set(facts.finished),
        computed=dict(facts.computed),
        altered=set(facts.altered),
        lost=dict(facts.lost),
        failures=dict(facts.failures),
        bad=dict(facts.bad),
    )
