"""What a cluster keeps of its jobs: their records, what tasks stored, and the work of every run, made again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from disco_sim.cluster.memory import MemoryBudget
from disco_sim.cluster.record import DoneTask, JobRecord, RunKey, StartedRun
from disco_sim.error import CommError, DiscoError, near_jobs
from disco_sim.model import events
from disco_sim.model.events import Event
from disco_sim.model.job import JobRequest
from disco_sim.model.keyed_random import draw_integer
from disco_sim.model.plan import NODE_GROUPINGS, Output, check_plan
from disco_sim.model.rules import Rules
from disco_sim.model.work import Blob, Failure, TaskOutcome, TaskWork
from disco_sim.store.blobs import BlobStore
from disco_sim.store.names import EPOCH_S, job_blob, short_name, stamp, stored_url, without_port
from disco_sim.store.oob import COMMITTED, OOBEntry, OOBStore
from disco_sim.store.oobtags import OOBTags, blob_of
from disco_sim.store.tags import StoredBlob, TagStore
from disco_sim.store.view import RunView


class Archive:
    """The jobs of one master, and all that they stored. It changes when it is told to, never by itself.

    `purged` are jobs whose record was dropped, and whose data go with the next collection of garbage.
    """

    def __init__(self, master: str, rules: Rules, memory_bytes: int | None) -> None:
        self.master = master
        self.rules = rules
        self.jobs: dict[str, JobRecord] = {}
        self.purged: list[str] = []
        self._port = master.rpartition(":")[2]
        self.oob = OOBStore()
        self._oob_tags = OOBTags(self.oob, self._port)
        self.blobs = BlobStore(self._oob_tags.blob)
        self._budget = None if memory_bytes is None else MemoryBudget(memory_bytes)
        self.tags = TagStore(self._oob_tags)
        # The results of purged jobs that a tag still refers to, by their URL.
        self._indexes: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self._ended_s: dict[str, float] = {}

    # -- questions ---------------------------------------------------------------------------------

    def record(self, job: str) -> JobRecord:
        """The record of a job.

        Raises:
            DiscoError: If there is none.
        """
        if job not in self.jobs:
            raise DiscoError(f"Unknown job {job!r} on master {self.master}; {near_jobs(job, self.jobs)}", job=job)
        return self.jobs[job]

    def status(self, job: str) -> str:
        """`active`, `ready`, `dead` or `unknown job`."""
        return self.jobs[job].status if job in self.jobs else "unknown job"

    def results(self, job: str, stage: str | None = None) -> list[str]:
        """The URLs of what a finished stage (None: the last) produced, one per task, in task order."""
        record = self.record(job)
        if stage is None:
            if record.status != "ready":
                return []
            if record.request.save_as is not None and record.request.plan:
                return [f"tag://{record.request.save_as}"]
            if not record.request.plan:
                return [piece.blob for piece in record.request.inputs]
            stage = record.request.plan[-1].name
        if stage not in record.finished:
            raise CommError(f"Not found: stage {stage!r} of job {job!r} is not finished", job, 404)
        return record.result_urls(stage, self._port)

    def index(self, url: str) -> list[tuple[int, str]]:
        """The (label, blob URL) pairs behind the `dir://` URL of one task's output."""
        *_, job, name = ("", *url.split("/"))
        found = self.jobs[job].index(name) if job in self.jobs else self._indexes.get((job, name))
        if found is None:
            raise CommError("Unable to access resource: no such result; take the URL from job.results()", url, 404)
        return found

    def read(self, url: str) -> Blob:
        """The data under a blob's URL."""
        return self.blobs.get(url)

    def store(self, url: str, blob: Blob) -> None:
        """Keep data under a URL, for jobs to read."""
        self.blobs.put(url, blob)

    def failure(self, job: str) -> tuple[Failure, TaskWork] | None:
        """Why a job died, with the work of the run that ended it; None when no run did."""
        record = self.record(job)
        if record.ended_by is None:
            return None
        return record.failures[record.ended_by], self.work(job, *record.ended_by)

    def work(self, job: str, stage: str, task: int, attempt: int) -> TaskWork:
        """The work of a run that has started, made again as it was."""
        record = self.record(job)
        started = record.started.get((stage, task, attempt))
        if started is None:
            runs = ", ".join(f"{name}:{number} run {run}" for name, number, run in record.started) or "none"
            raise DiscoError(f"job {job!r} has no run {attempt} of task {stage}:{task}; its runs are: {runs}")
        return self.work_at(record, (stage, task, attempt), started)

    def work_at(self, record: JobRecord, run: RunKey, started: StartedRun) -> TaskWork:
        """The work of a run that has started so, or may come to."""
        stage, task, attempt = run
        host, replica, moment = started
        job = record.request.name
        tasks = record.tasks[stage]
        level = record.stage_level(stage)
        plan = record.request.plan
        grouping, group = plan[level].grouping, tasks[task]
        return TaskWork(
            job=job,
            serial=record.request.serial,
            stage=stage,
            task=task,
            attempt=attempt,
            n_tasks=len(tasks),
            # Tasks that split their input are told apart by their number, the others by what they group.
            label=task if grouping == "split" else group.label,
            host=host,
            master=self.master,
            program=record.request.program,
            inputs=group.pieces,
            replica=replica,
            store=RunView(self.blobs, self.oob, job, stage, level, task, moment),
            # The attempt is no part of it: a retry computes what the first run would have.
            luck=draw_integer(self.rules.seed, "run", record.request.serial, stage, task),
            oob_limit=self.rules.oob_limit,
            shuffle_order=self.rules.shuffle_order if level else "task",
            bad=record.bad.get(run, ()),
            grouping=grouping,
            group_label=group.label,
            group_host=group.hosts[0] if group.hosts and grouping in NODE_GROUPINGS else "",
            task_id=task + sum([len(record.tasks[earlier.name]) for earlier in plan[:level]]),
            memory=None if self._budget is None else self._budget.of_run(record.memory_bytes, len(plan), len(tasks)),
        )

    # -- changes -----------------------------------------------------------------------------------

    def open(self, request: JobRequest) -> JobRecord:
        """A job begins.

        Raises:
            DiscoError: If there is one of this name, or its plan cannot be.
        """
        if request.name in self.jobs:
            raise DiscoError(f"job {request.name!r} is on {self.master} already; full job names are unique")
        check_plan(request.plan)
        promised_bytes = sum(record.memory_bytes for record in self.jobs.values() if record.status == "active")
        record = self.jobs[request.name] = JobRecord(request)
        if self._budget is not None:
            record.memory_bytes = self._budget.of_job(self.blobs.held_bytes, promised_bytes)
        record.done = {stage.name: {} for stage in request.plan}
        self.oob.open(request.name, self.rules.oob_is_unique)
        return record

    def keep(self, run: events.RunFinished, outcome: TaskOutcome) -> list[events.OutputStored]:
        """A run ended well: store its outputs, which are then those of its task; the events of it."""
        record = self.jobs[run.job]
        stored = []
        outputs = outcome.outputs
        if len(outputs) > 1:
            outputs = tuple(sorted(outputs, key=lambda output: output[0]))
        kept: list[Output] = []
        for label, blob in outputs:
            url = f"disco://{record.folder(run.host, self._port)}/{run.stage}-{run.task}-{label}"
            self.blobs.put(url, blob)
            kept.append(Output(label, run.host, blob.n_records, blob.n_bytes, url))
            stored.append(events.OutputStored(*run[:6], label, blob.n_records, blob.n_bytes, url))
        record.done[run.stage][run.task] = DoneTask(run.host, tuple(kept))
        return stored

    def conflict(self, run: events.RunFinished, outcome: TaskOutcome) -> Exception | None:
        """The error of a run that put an out-of-band key which another task has put, if it did."""
        return self.oob.conflict(run.job, run.stage, run.task, (key for key, _ in outcome.oob))

    def put(self, run: Any, outcome: TaskOutcome, state: str) -> Iterator[Event]:
        """A run ended: store its out-of-band results as committed or dropped; the events of it.

        A task that runs again, because its output was lost, commits nothing a second time where keys are unique.
        """
        entries = [
            entry
            for entry in self._entries(run, outcome, state)
            if state != COMMITTED or not self.rules.oob_is_unique or not self.oob.is_committed(run.job, entry.key)
        ]
        self.oob.add(run.job, entries)
        for entry in entries:
            yield events.OOBStored._make((*run[:6], entry.key, entry.n_bytes, state))

    def lose(self, job: str, stage: str, task: int, reason: str) -> None:
        """What a done task stored is lost: it is not done any more."""
        record = self.jobs[job]
        done = record.done[stage].pop(task)
        record.lost[stage, task] = {output.label: output.blob for output in done.outputs}
        for output in done.outputs:
            self.blobs.drop(output.blob, reason)

    def end(self, job: str, status: str, time_s: float) -> bool:
        """A job has ended: other jobs may see its results, which are saved if it wants that.

        Whether what is between its stages was dropped.
        """
        record = self.jobs[job]
        record.status = status
        self._ended_s[job] = time_s
        self.oob.end(job)
        plan = record.request.plan
        if status == "ready" and record.request.save_as is not None and plan:
            saved = [[self._save(job, piece, time_s)] for piece in record.pieces(plan[-1].name)]
            self.tags.tag(record.request.save_as, saved, time_s=time_s)
        if self.rules.keep == "all" or len(plan) < 2:
            return False
        between = [stage.name for stage in plan[:-1]]
        self._drop(piece for stage in between for piece in record.pieces(stage))
        for key, computed in record.computed.items():
            if key[0] in between:
                record.computed[key] = computed.without_data()
        return True

    def forget(self, job: str, with_data: bool) -> None:
        """Drop the record of a job that has ended, and, `with_data`, all it stored.

        What a tag refers to stays, and belongs to the file system then; so does what the job saved.

        Raises:
            DiscoError: If the job is active.
        """
        record = self.jobs.get(job)
        if record is None:
            return
        if record.status == "active":
            raise DiscoError(
                f"job {job!r} is still active, and only the record of an ended job can be dropped; a kill asked for "
                "while the cluster moves is taken a little later: clean or purge the job after that",
                job=job,
            )
        record.status = "unknown job"
        if with_data:
            kept = self._hand_over(job, record)
            self._drop(piece for stage in record.done for piece in record.pieces(stage) if piece.blob not in kept)
            self.oob.forget(job)
            self._ended_s.pop(job, None)
            del self.jobs[job]

    def _save(self, job: str, piece: Output, time_s: float) -> str:
        """Let an output be a blob of the file system too, on the node where it is; the URL of that."""
        blob = self.blobs.get(piece.blob)
        name = short_name(job_blob(job, piece.blob))
        stamped = stamp(EPOCH_S + time_s, self.tags.next_serial())
        url = stored_url(piece.host, self._port, "blob", name, stamped)
        self.blobs.put(url, blob)
        self.tags.remember(StoredBlob(blob.n_bytes, time_s, (url,), (piece.host,)))
        return url

    def _hand_over(self, job: str, record: JobRecord) -> set[str]:
        """Let the file system have those data of a job that a tag refers to; their URLs."""
        tagged = set(map(without_port, self.tags.referenced()))
        results = [url.rpartition("/")[2] for url in tagged if url.startswith("dir://") and f"/{job}/" in url]
        kept: set[str] = set()
        for stage, done in record.done.items():
            # A result's URL names its stage first, in whichever form it is written.
            is_tagged = any(name.startswith(f"{stage}-") for name in results)
            for task, found in done.items():
                if is_tagged:
                    pairs = [(output.label, output.blob) for output in found.outputs]
                    self._indexes[job, f"{stage}-{task}.index"] = pairs
                for output in found.outputs:
                    if (is_tagged or without_port(output.blob) in tagged) and output.blob in self.blobs:
                        kept.add(output.blob)
                        self._remember(job, output.blob, output.host)
        for entry in self.oob.committed(job).values():
            url = self._oob_tags.url(entry)
            if without_port(url) in tagged:
                self.blobs.put(url, blob_of(entry))
                self._remember(job, url, entry.host)
        return kept

    def _remember(self, job: str, url: str, host: str) -> None:
        n_bytes = self.blobs.get(url).n_bytes
        self.tags.remember(StoredBlob(n_bytes, self._ended_s[job], (url,), (host,)))

    def _drop(self, pieces: Iterable[Output]) -> None:
        for piece in pieces:
            self.blobs.drop(piece.blob)

    def _entries(self, run: Any, outcome: TaskOutcome, state: str) -> list[OOBEntry]:
        level = self.jobs[run.job].stage_level(run.stage)
        return [
            OOBEntry(key, value, run.stage, level, run.task, run.attempt, run.host, run.time_s, state)
            for key, value in outcome.oob
        ]
