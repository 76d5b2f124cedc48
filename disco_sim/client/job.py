"""`Job`: one job on a Disco, to be waited for, looked into and run again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from disco_sim.client import info
from disco_sim.client.arguments import defaults
from disco_sim.client.frontend import WIDGET_VIEW, has_front_end
from disco_sim.client.registry import open_discos
from disco_sim.client.results import result_iterator
from disco_sim.error import DiscoError, JobError
from disco_sim.node.worker import masters

if TYPE_CHECKING:
    import pstats

    import pandas

    from disco_sim.client.disco import Disco
    from disco_sim.client.moment import JobMoment
    from disco_sim.client.oob import OOBResults
    from disco_sim.views.playback import JobData
    from disco_sim.views.stepper_widget import Stepper
    from disco_sim.views.widgets import JobView


_MOST_EVENTS_SHOWN = 200_000
"""A displayed job of more events shows its card only; to send its view would take seconds, so that is asked for."""


class Job:
    """A job by its full name on a Disco. Made by `disco.new_job(...)`, or from a subclass and `run`.

    A subclass may carry job parameters as class attributes; arguments of `run` win over them. Frames are
    fresh copies, `*_s` are virtual seconds since the job's submission; they never drive the cluster.

    >>> class Count(Job):
    ...     @staticmethod
    ...     def map(line, params):
    ...         yield line, 1
    >>> from disco_sim import Disco
    >>> with Disco(nodes=1) as disco:
    ...     print(list(result_iterator(Count(disco).run(input=["raw://a"]).wait())))
    [('a', 1)]
    """

    _parameters: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = {name: value for name, value in vars(cls).items() if name in defaults()}
        cls._parameters = {
            **cls._parameters,
            **{name: value.__func__ if isinstance(value, staticmethod) else value for name, value in own.items()},
        }
        for name in own:
            if hasattr(Job, name):
                delattr(cls, name)  # job.partitions stays the table, whatever the parameter is

    def __init__(self, master: Disco | str | None = None, name: str | None = None) -> None:
        if isinstance(master, str):
            master, name = None, name or master
        self.name: str = name or type(self).__name__
        self._disco: Disco | None = master
        self._view: tuple[Any, JobView] | None = None

    @property
    def disco(self) -> Disco:
        """The Disco that the job is on; a Job made without one takes the newest open one, or makes its own."""
        if self._disco is None:
            from disco_sim.client.disco import Disco

            self._disco = next(iter(open_discos()), None) or Disco()
        return self._disco

    # -- run and control ------------------------------------------------------------------------------

    def run(self, **parameters: Any) -> Job:
        """Submit the job with these parameters and the class's own; returns itself, active, under its full name."""
        own = {name: value for name, value in vars(self).items() if name in defaults()}
        prefix = self.name.partition("@")[0]
        self.name = self.disco.submit(prefix, parameters, {**self._parameters, **own})
        return self

    def resubmit(self, **changes: Any) -> Job:
        """The same job submitted again, with some parameters changed, as a new Job."""
        given, own = self.disco._submissions.again(self.name, changes)
        return Job(self.disco, self.disco.submit(self.name.partition("@")[0], given, own))

    def wait(
        self,
        poll_interval: float = 2,
        timeout: float | None = None,
        clean: bool = False,
        show: bool | str | None = None,
    ) -> list[str]:
        """Drive the cluster until this job has ended; the URLs of its results. See `Disco.wait`.

        A notebook or a terminal shows meanwhile how far the job is; `show=False` shows nothing, `show=True` its events.
        """
        return self.disco.wait(self.name, poll_interval, timeout, clean, show)

    def results(self, timeout: float = 2000) -> Any:
        """[status, result URLs], after driving for up to `timeout` virtual milliseconds."""
        return self.disco.results(self.name, timeout)

    def kill(self) -> None:
        """End the job; its record stays."""
        self.disco.kill(self.name)

    def clean(self) -> None:
        """Kill the job if it runs, and forget its record."""
        self.disco.clean(self.name)

    def purge(self) -> None:
        """Kill the job if it runs, and forget its record and data."""
        self.disco.purge(self.name)

    # -- facts ------------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """`active`, `ready`, `dead`, or `unknown job`."""
        return self.disco.cluster.jobs.status(self.name)

    @property
    def error(self) -> JobError | None:
        """Why a dead job died, with the job function's own exception as its cause; None for any other job."""
        return info.job_error(self.disco.cluster, self.name, self.disco._submissions.spec)

    def jobinfo(self) -> dict[str, Any]:
        """A dict of facts, in Disco's shape."""
        return self.disco.jobinfo(self.name)

    def jobspec(self) -> dict[str, Any]:
        """The job's parameters, every default filled in."""
        return self.disco.jobspec(self.name)

    jobdict = jobspec

    def mapresults(self) -> list[str]:
        """The URLs of what the first stage produced."""
        return self.disco.mapresults(self.name)

    def events(self, offset: int = 0) -> Iterator[tuple[int, tuple[str, str, str]]]:
        """The job's events as (offset, (timestamp, host, message)); reading to the end drives the cluster."""
        return self.disco.events(self.name, offset)

    def rawevents(self, offset: int = 0) -> str:
        """The events so far as text, one JSON list a line."""
        return self.disco.rawevents(self.name, offset)

    def oob_get(self, key: str) -> str | bytes:
        """The out-of-band result under `key`."""
        return self.disco.oob_get(self.name, key)

    def oob_list(self) -> list[str]:
        """The keys of the job's out-of-band results."""
        return self.disco.oob_list(self.name)

    def profile_stats(self, mode: str = "") -> pstats.Stats:
        """The merged profiles of the job's tasks, if it ran with profile=True."""
        return self.disco.profile_stats(self.name, mode)

    # -- looking into it ----------------------------------------------------------------------------------

    @property
    def tasks(self) -> pandas.DataFrame:
        """A row per run of a task: where and when it ran, how it ended, what it read and wrote."""
        from disco_sim.views.frames import tasks_frame

        return tasks_frame(self.disco.history, self.name)

    @property
    def phases(self) -> pandas.DataFrame:
        """A row per phase of each run that has ended: startup, wait (for the disk), read, transfer, cpu, write."""
        from disco_sim.views.frames import phases_frame

        return phases_frame(self.disco.history, self.name)

    @property
    def partitions(self) -> pandas.DataFrame:
        """A row per stage and partition: records, keys, bytes, its share, its largest key."""
        from disco_sim.views.frames import partitions_frame

        return partitions_frame(self.disco.history, self.name, self.disco.cluster.blobs.get)

    @property
    def shuffle(self) -> pandas.DataFrame:
        """A row per piece of data that moved between stages: from which task and host, to which."""
        from disco_sim.views.frames import shuffle_frame

        return shuffle_frame(self.disco.history, self.name)

    def flow(self, by: str = "records", stage: str | None = None) -> Flow:
        """How the output of one stage is spread over partitions: a table with a bar a partition, and a heat map.

        Counted by "records" or "bytes"; `stage` is the one that writes. None: the first that wrote anything which the
        next stage reads by label or all at once, else the first that wrote anything. It is as of now, and stays so.

        Raises:
            DiscoError: For any other `by`, or a stage that the job does not have.
        """
        from disco_sim.client.flow import Flow

        return Flow(self.disco.history.job(self.name), self.disco.cluster.blobs.get, by, stage)

    @property
    def oob(self) -> OOBResults:
        """The job's out-of-band results by key; `job.oob.frame()` is a table of them."""
        from disco_sim.client.oob import OOBResults

        return OOBResults(self.disco.cluster, self.disco.history, self.name)

    @property
    def log(self) -> pandas.DataFrame:
        """A row per line of the job's log: time_s host level stage task message."""
        from disco_sim.views.frames import log_frame

        return log_frame(self.disco.history, self.name)

    def output(self) -> pandas.DataFrame:
        """The results as a table: partition key value; of a finished job only, in the order of `result_iterator`.

        `partition` is the label that a result was stored under, as in `partitions`.
        """
        from disco_sim.views.frames import output_frame

        if self.status != "ready":
            return output_frame([])
        facts = self.disco.cluster.jobs.facts(self.name)
        plan, pieces = facts.request.plan, facts.request.inputs
        stored = [(piece.label, piece.blob) for piece in (facts.pieces(plan[-1].name) if plan else pieces)]
        return output_frame(
            (label, key, value) for label, url in stored for key, value in result_iterator([url], ddfs=self.disco)
        )

    def at(self, time_s: float) -> JobMoment:
        """The job's tables as of `time_s` virtual seconds after its submission; nothing un-happens."""
        from disco_sim.client.moment import JobMoment

        return JobMoment(self.disco.cluster, self.disco.history, self.name, time_s)

    def compare(self, other: Job, by: str = "task") -> pandas.DataFrame:
        """This job and `other` side by side: a row per task, or with by="phase" a row per stage and phase.

        By task: hosts, number of runs, virtual seconds from the first run's start to the last one's end, records. By
        phase: the seconds of all runs together. `difference_s` is how much longer the other one took. Tasks are matched
        by stage and number; what one of the jobs does not have is <NA>.

        Raises:
            DiscoError: If `other` is no Job, or `by` neither of the two.
        """
        from disco_sim.views.frames import compare_frame

        if not isinstance(other, Job):
            raise DiscoError(
                f"compare({other!r}) was asked for; a job is compared with another Job, as resubmit() gives one"
            )
        logs = self.disco.history, other.disco.history
        return compare_frame(logs[0], self.name, logs[1], other.name, by=by)

    def what_if(
        self,
        nodes: Any = None,
        slots: Any = None,
        partitions: Any = None,
        costs: Any = None,
        faults: Any = None,
        speculative: Any = None,
    ) -> pandas.DataFrame:
        """How long this job would take on other clusters, at other prices, or while things go wrong: a row a setting.

        Each argument is one value or a list; all combinations are played, each alone on a cluster whose time begins
        with the job, without faults unless given. `nodes` is a number, a text such as "node01:10 x4" or a ClusterSpec,
        `slots` the slots of each node. `costs` and `faults` may be dicts, whose keys name them in the table.

        The work that was recorded is played again, and no function of yours is called, unless it asked for something
        that is different then (the host it runs on, say), or `partitions` is another: `computed` is the number of
        runs that were computed anew. Each task has the same luck in every row.

        `speed_up` is against the job as it ran, alone on its cluster; `efficiency` is that per slot. No schedule on
        these slots is faster than `lower_s` (unknown with faults or copies when costs have luck); `upper_s` bounds any
        that lets no slot idle (infinite with faults, copies, or tasks bound to nodes). The columns from `cpu` to
        `startup` are shares of the critical path.
        `network_sharing` says whether transfers were shared exactly or by ports. A job that dies has no makespan.

        Raises:
            DiscoError: If the job is not ready, or for a value that cannot be.
        """
        return self.disco._replayer(self.name).frame(
            nodes=nodes, slots=slots, partitions=partitions, costs=costs, faults=faults, speculative=speculative
        )

    def bottleneck(self) -> Bottleneck:
        """Which of six changes would make this job faster by most: one more slot a node, twice the network, twice the
        disk, twice the partitions, speculative copies, or no work in its slowest task (of a stage with several).

        Each is played by itself, as `what_if` does; displayed, it is a table of all six.
        """
        return self.disco._replayer(self.name).bottleneck()

    def samples(self) -> list[tuple[float, int, int]]:
        """(CPU seconds, records in and out, bytes in and out) of each task that is done and was computed here, measured
        on this machine; `Costs.fit(job)` learns from them.
        """
        computed = self.disco.cluster.jobs.facts(self.name).computed
        return [
            (counts.cpu_s, counts.records_in + counts.records_out, counts.bytes_in + counts.bytes_out)
            for counts in (one.outcome.counts for one in computed.values())
        ]

    def story(self, task: str) -> Story:
        """Everything that happened to one task, such as "map:0"."""
        story = Story(self, *self._task(task))
        _ = story.lines  # so that a task which is not there is told here, not where the story is displayed
        return story

    def explain(self, key: Any) -> Explanation:
        """Where `key` went and why: its partition, its node, the tasks it came from and went to."""
        from disco_sim.client.explain import explain

        return explain(self.disco.cluster, self.name, self.disco.jobspec(self.name), key)

    def debug(self, task: str | None = None, run: int | None = None) -> None:
        """Run one recorded run again under pdb, with the same input, node, random numbers and view of the OOB store.

        `task` is such as "map:0" (None: the run that ended the job, else the first task), `run` the
        number of its run (None: its last). When the run fails, pdb stops in the user's function where it
        failed; otherwise it stops at the function's first line. Nothing it does changes the job.
        """
        from disco_sim.client.debugging import debug

        if task is None:
            found = self.disco.cluster.failure(self.name)
            if found is not None:
                debug(found[1])
                return
            task = f"{self.disco.plan(self.name)[0].name}:0"
        stage, number = self._task(task)
        frame = self.tasks
        runs = frame.run[(frame.stage == stage) & (frame.task == number)].tolist()
        if not runs:
            raise DiscoError(f"task {task} of job {self.name!r} has not run yet; wait() for the job, or step() it")
        debug(self.disco.cluster.work(self.name, stage, number, runs[-1] if run is None else run))

    def stepper(self, max_records: int = 2000) -> Stepper:
        """A widget that goes through the job one record at a time: map's pairs, where each goes and why, reduce.

        The recorded runs are run again to see what each call did; nothing of the job changes, and what they print is
        not shown. In the page: forward, back, to a key, and a question before each answer ("Predict"); no kernel is
        needed. `max_records` is how many records the tasks may have read, or map yielded.

        Raises:
            DiscoError: If the job is active, has more records, does anything else than map and reduce, or its data are
                no longer kept.
        """
        from disco_sim.client.stepping import stepper

        return stepper(self.disco.cluster, self.disco.history.job(self.name), max_records)

    def view(self) -> JobView:
        """A widget that plays the job back: the cluster, a timeline, the flow of records, out-of-band results, the log.

        The page plays by itself, with no kernel. While nothing new happens to the job it is the same widget each time.
        """
        from disco_sim.views.widgets import JobView

        moment = self.disco.cluster.log.n_events(self.name), self.disco.now_s if self.status == "active" else None
        if self._view is None or self._view[0] != moment:
            self._view = moment, JobView(self.data())
        return self._view[1]

    def report(self, path: str | os.PathLike[str], title: str | None = None, steps: bool = True) -> str:
        """Write the job as one HTML file that plays without a notebook, and loads nothing; gives the file's path.

        It holds all that `view()` shows, records and keys while they are few. For jobs of up to 500 records it has the
        stepper, too, for which their functions are called once more; steps=False leaves it out.

        Raises:
            DiscoError: If the file cannot be written.
        """
        from disco_sim.client.reporting import write_report

        data = self.data() if steps else replace(self.data(), steps=lambda: None)
        return write_report(data, path, f"Job {self.name}" if title is None else title)

    def _task(self, task: str) -> tuple[str, int]:
        stage, colon, number = str(task).rpartition(":")
        names = [one.name for one in self.disco.plan(self.name)]
        if not colon or stage not in names or not number.isdigit():
            raise DiscoError(
                f"{task!r} names no task of job {self.name!r}; write STAGE:NUMBER with a stage of {', '.join(names)}, "
                f"such as '{names[0] if names else 'map'}:0'",
                task=task,
            )
        return stage, int(number)

    def __reduce__(self) -> tuple[Any, ...]:
        # A Job may travel in params, for get(key, job): as its name and its master's.
        return _job, (type(self), self.name, None if self._disco is None else self._disco.master)

    def __repr__(self) -> str:
        status = self._known_status()
        if status == "unknown job":
            return f"{type(self).__name__}({self.name}, {'forgotten' if '@' in self.name else 'not submitted'})"
        progress = self.disco.history.job(self.name).progress
        return f"{type(self).__name__}({self.name}, {status}{', ' if progress else ''}{progress})"

    def _known_status(self) -> str:
        """The status, whatever a subclass calls `status`; nothing is made for it."""
        return "unknown job" if self._disco is None else self._disco.cluster.jobs.status(self.name)

    def data(self) -> JobData:
        """What views of the job are made from: its history, and ways to read what is kept."""
        from disco_sim.client.oob import OOBResults
        from disco_sim.client.stepping import few_steps
        from disco_sim.views.playback import JobData

        # Not the Disco: widgets live long, and would keep it open.
        cluster, history, name = self.disco.cluster, self.disco.history, self.name
        return JobData(
            history=history,
            job=name,
            read=cluster.blobs.get,
            values=lambda: dict(OOBResults(cluster, history, name)),
            nodes=cluster.spec.nodes,
            oob_limit=cluster.rules.oob_limit,
            now_s=lambda: cluster.now_s,
            steps=lambda: few_steps(cluster, history.job(name)),
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        if self._known_status() == "unknown job":
            return {"text/plain": repr(self)}
        card = Job.data(self).card()
        bundle: dict[str, Any] = {"text/plain": card.text(), "text/html": card.html()}
        if has_front_end() and self.disco.cluster.log.n_events(self.name) <= _MOST_EVENTS_SHOWN:
            bundle |= {WIDGET_VIEW: {"version_major": 2, "version_minor": 0, "model_id": Job.view(self).model_id}}
        return bundle


def _job(kind: type[Job], name: str, master: str | None) -> Job:
    """A travelled Job at the other end, on the open Disco of the same master."""
    return kind(masters.get(master) if master is not None else None, name)


class Story:
    """What happened to one task, event by event; displayed as text and as a table."""

    def __init__(self, job: Job, stage: str, task: int) -> None:
        self._log = job.disco.cluster.log
        self._job = job.name
        self._stage = stage
        self._task = task

    @property
    def lines(self) -> list[str]:
        """The story's lines as text: virtual seconds since the job's submission, host, message."""
        from disco_sim.views.story import task_story

        start_s = next(self._log.of(self._job)).time_s
        told = task_story(self._log, self._job, self._stage, self._task)
        return [f"{line.time_s - start_s:.3f} s {line.host} {line.text}" for line in told]

    def __repr__(self) -> str:
        return f"Story({self._job}, {self._stage}:{self._task}, {len(self.lines)} lines)"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from disco_sim.views.cards import story_card

        card = story_card(self._log, self._job, self._stage, self._task)
        return {"text/plain": card.text(), "text/html": card.html()}


if TYPE_CHECKING:
    from disco_sim.client.explain import Explanation
    from disco_sim.client.flow import Flow
    from disco_sim.client.whatif import Bottleneck
