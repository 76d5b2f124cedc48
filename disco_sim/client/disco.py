"""`Disco`: a cluster with a master's name, the jobs on it, and the only way to make it move."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING, Any

from disco_sim.client import info
from disco_sim.client.driver import Driver
from disco_sim.client.inputs import cut_records, cut_text, frozen, lines_of
from disco_sim.client.job import Job
from disco_sim.client.progress import Progress, display
from disco_sim.client.registry import claim, free_port, opening, release
from disco_sim.client.results import result_iterator
from disco_sim.client.submissions import Submissions
from disco_sim.client.urls import data_of, index_of
from disco_sim.cluster.base import Cluster
from disco_sim.cluster.memory import limit_in_bytes
from disco_sim.cluster.simulated import SimulatedCluster
from disco_sim.engine.base import Engine
from disco_sim.engine.inline import Inline
from disco_sim.error import CommError, DiscoError, JobError, near_jobs
from disco_sim.model import events
from disco_sim.model.cluster import DEFAULT_SLOTS, ClusterSpec
from disco_sim.model.dialect import DOCUMENTED, Dialect
from disco_sim.model.events import Event
from disco_sim.model.plan import Plan
from disco_sim.model.rules import Rules
from disco_sim.sim.costs import Costs
from disco_sim.sim.faults import Faults
from disco_sim.store.names import EPOCH_S
from disco_sim.util import netloc, schemesplit

if TYPE_CHECKING:
    import pstats

    import pandas

    from disco_sim.client.faults import LiveFaults
    from disco_sim.client.moment import Moment
    from disco_sim.client.oob import AllOOBResults
    from disco_sim.client.whatif import WhatIf
    from disco_sim.ddfs import DDFS
    from disco_sim.views.history import History
    from disco_sim.views.render import Card

_NODES = 4

_WHERE = {"nodes": "a ClusterSpec", "slots": "a ClusterSpec", "memory_limit": "memory_bytes="}
"""What a cluster takes instead of an argument of Disco's, where that is not of the same name."""


class Disco:
    """A simulated cluster and its master; everything on it happens in virtual time, on the calling thread.

    `master` may name the master ("disco://localhost"), or be a ClusterSpec, or a cluster that was made before. The
    first open Disco is `master:8989`, the next `master:8990`. `namespace="notebook"` lets job functions see the
    notebook's names, which a real worker would not have. `dialect` says what to do where Disco's documentation and code
    differ.

    The simulated cluster: `nodes` is a number of alike nodes (4), each with `slots` (2), or text such as
    "node01:10 x4, big[1-2] x16". `engine` computes the tasks (in this process; `Processes(2)`: in two others), `costs`
    says how long work takes, and `faults` what goes wrong. Pairs that would take more memory than `memory_limit` go to
    the disk: a number of bytes, or text such as "512 MB" (a quarter of the machine's). A cluster that was made before
    has all this, so it is refused beside one.

    Rules for all jobs, on any cluster (None: those of the cluster, which has the defaults in brackets unless it was
    made with others): `seed` decides all random numbers (0). `oob_limit` put() calls a run (1000) and `max_failures`
    forgiven failures a task (the dialect's: 3) are Disco's limits. `keep="results"` drops what is between the stages
    when a job ends ("all"); `shuffle_order="random"` mixes the order of reduce input ("task"). `policy` is how jobs
    share the slots, "fair" or "fifo", both Disco's ("fair"); `speculative=True`, which Disco has not, lets a second run
    of a slow task start on another node.

    >>> disco = Disco(nodes=2)
    >>> def fun_map(line, params):
    ...     return [(word, 1) for word in line.split()]
    >>> job = disco.new_job(name="count", input=["raw://a b a"], map=fun_map)
    >>> list(result_iterator(job.wait()))
    [('a', 1), ('b', 1), ('a', 1)]
    >>> disco.close()
    """

    def __init__(
        self,
        master: str | ClusterSpec | Cluster | None = None,
        *,
        nodes: int | str | ClusterSpec | None = None,
        slots: int | None = None,
        seed: int | None = None,
        engine: Engine | None = None,
        costs: Costs | None = None,
        faults: Faults | None = None,
        policy: str | None = None,
        speculative: bool | None = None,
        oob_limit: int | None = None,
        max_failures: int | None = None,
        namespace: str = "worker",
        keep: str | None = None,
        memory_limit: int | str | None = None,
        shuffle_order: str | None = None,
        dialect: Dialect = DOCUMENTED,
    ) -> None:
        _choice("namespace", namespace, ("worker", "notebook"))
        _choice("keep", keep, (None, "all", "results"))
        _choice("policy", policy, (None, "fair", "fifo"))
        _choice("shuffle_order", shuffle_order, (None, "task", "random"))
        _limit("oob_limit", oob_limit)
        _limit("max_failures", max_failures)
        for what, given, is_right, rule in (
            (
                "engine",
                engine,
                hasattr(engine, "compute") and not isinstance(engine, type),
                "computes tasks, such as disco_sim.Processes(workers=2)",
            ),
            ("costs", costs, isinstance(costs, Costs), "says how long work takes: disco_sim.Costs(...)"),
            ("faults", faults, isinstance(faults, Faults), "says what goes wrong: disco_sim.Faults().kill(...)"),
            (
                "speculative",
                speculative,
                isinstance(speculative, bool),
                "says whether slow tasks get a second run: True",
            ),
        ):
            if given is not None and not is_right:
                raise DiscoError(f"{what}={given!r} was given; {what} {rule}; leave it out if you do not need it")
        if max_failures is None and dialect is not DOCUMENTED and not len(getattr(master, "log", ())):
            max_failures = dialect.max_failures  # not on a cluster that other jobs have used: its rules stay
        rules = _given(
            seed=seed,
            oob_limit=oob_limit,
            max_failures=max_failures,
            keep=keep,
            shuffle_order=shuffle_order,
            policy=policy,
            speculative=speculative,
        )
        self._n_splits = 0
        self._is_closed = False
        self._is_maker = not hasattr(master, "advance")
        self.dialect = dialect
        self.cluster: Cluster
        # Between choosing a free port and taking it nobody else chooses one.
        with opening:
            if isinstance(master, ClusterSpec) and (nodes is not None or slots is not None):
                raise DiscoError(
                    f"Disco({master!r}, ...) was called with nodes or slots; a ClusterSpec says both: leave them out"
                )
            if master is None or isinstance(master, (str, ClusterSpec)):
                self.cluster = SimulatedCluster(
                    _spec(master if isinstance(master, ClusterSpec) else nodes, slots),
                    engine or Inline(),
                    master=_authority(master if isinstance(master, str) else "master"),
                    rules=Rules(**rules),
                    costs=costs,
                    faults=faults,
                    memory_bytes=limit_in_bytes(memory_limit),
                )
            elif hasattr(master, "advance"):
                own = _given(
                    nodes=nodes, slots=slots, engine=engine, costs=costs, faults=faults, memory_limit=memory_limit
                )
                _refuse_beside(master, own)
                master.rules = master.rules._replace(**rules)
                self.cluster = master
            else:
                raise DiscoError(
                    f"Disco({master!r}) was called; the first argument is a master's URL, a ClusterSpec or a cluster. "
                    f"The number of nodes is given by name: Disco(nodes={master!r})",
                    master=master,
                )
            self._submissions = Submissions(self.cluster, namespace, dialect)
            self._driver = Driver(self.cluster)
            claim(self.master, self)

    # -- the cluster -------------------------------------------------------------------------------

    @property
    def master(self) -> str:
        """Host name and port of the master, such as `master:8989`."""
        return self.cluster.master

    @property
    def seed(self) -> int:
        """What decides all random numbers of the cluster."""
        return self.cluster.rules.seed

    @property
    def now_s(self) -> float:
        """The virtual time, in seconds since the cluster's start."""
        return self.cluster.now_s

    @cached_property
    def history(self) -> History:
        """What the log tells of nodes and jobs at any virtual time; views are made from it."""
        from disco_sim.views.history import History

        return History(self.cluster.log)

    @property
    def listeners(self) -> list[Callable[[Event], None]]:
        """Functions that are called with every event when it has happened; append your own. They must not drive."""
        return self._driver.listeners

    def close(self) -> None:
        """Give the master's port back and take no more jobs; what is there can still be looked at."""
        if not self._is_closed:
            self._is_closed = True
            release(self.master)
            if self._is_maker and isinstance(self.cluster, SimulatedCluster):
                self.cluster.close()

    def __enter__(self) -> Disco:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- jobs in ---------------------------------------------------------------------------------

    def new_job(self, name: str, **parameters: Any) -> Job:
        """Submit a job with Disco's job parameters; it is active until it is driven, by wait() for instance.

        The ones that most jobs have are input (a list), map(entry, params), reduce(iter, params), partitions (1),
        params, and perhaps combiner(key, value, buffer, done, params), partition(key, nr_partitions, params), sort
        and map_reader(fd, size, url); docs/jobs.md tells of all of them.

        Functions, params and inputs are frozen now: what changes in the notebook afterwards has no effect.

        Raises:
            DiscoError: For unknown parameters or wrong values; nothing is submitted then.
            PurityError: If a function uses what a worker would not have.
            InputError: If an input is not there.
        """
        return Job(self, self.submit(name, parameters))

    def submit(self, name: str, parameters: Mapping[str, Any], attributes: Mapping[str, Any] | None = None) -> str:
        """Submit a job and give its full name; `attributes` are a Job's own, which `parameters` win over."""
        if self._is_closed:
            raise DiscoError(
                f"job {name!r} was submitted to {self.master}, which is closed; a closed Disco takes no jobs: "
                "make a new one"
            )
        return self._submissions.submit(name, parameters, attributes)

    def split(self, data: Any, n: int, rows: str = "tuple") -> list[str]:
        """`n` inputs for a job: a text file's path is cut at line ends, other data into slices of its records.

        Records of variables (a list or any iterable, a pandas Series or DataFrame) reach the map
        function as they are; rows of a DataFrame as tuples, or with `rows="dict"` as dicts.

        Raises:
            InputError: If the file is not there, or the data is nothing that has records.
        """
        if type(n) is not int or n < 1:
            raise DiscoError(f"split(..., {n!r}) was asked for; n is the number of inputs, a whole number from 1 on")
        if isinstance(data, (str, os.PathLike)) and not os.fspath(data).endswith(".gz"):
            return cut_text(os.fspath(data), n)
        if isinstance(data, (str, os.PathLike)):
            data = lines_of(os.fspath(data))
        number = self._n_splits
        self._n_splits += 1
        urls: list[str] = []
        for part, records in enumerate(cut_records(data, n, rows)):
            urls.append(f"split://{self.master}/{number}/{part}-of-{n}")
            self.cluster.blobs.put(urls[-1], frozen(records))
        return urls

    # -- what makes it move ------------------------------------------------------------------------

    def run(self) -> None:
        """Let every active job run to its end."""
        self._driver.drive(lambda: False)

    def step(self, run: bool = False, until: Any = None) -> tuple[Event, ...]:
        """Let the next event happen, with `run=True` everything up to the next end of a task run, or with `until`
        everything up to that virtual second of the cluster, which it then is; the events.

        An empty tuple says that nothing happened.

        Raises:
            DiscoError: If `until` is in the past, for nothing un-happens: at(t) looks back.
        """
        log = self.cluster.log
        n_before = len(log)
        if until is not None:
            if isinstance(until, bool) or not isinstance(until, (int, float)) or not until >= self.now_s:
                raise DiscoError(
                    f"step(until={until!r}) was asked for at {self.now_s:.3f} s; until is a number of virtual seconds "
                    "from now on, for nothing un-happens: disco.at(t) shows how it was"
                )
            self._driver.drive(lambda: False, float(until))
        else:
            ends = (events.RunFinished, events.RunFailed)
            n_seen = n_before

            def is_done() -> bool:
                nonlocal n_seen
                new, n_seen = log[n_seen:], len(log)
                return any(not run or isinstance(event, ends) for event in new)

            self._driver.drive(is_done)
        return tuple(log[n_before:])

    def wait(
        self,
        name: str | Job,
        poll_interval: float = 2,
        timeout: float | None = None,
        clean: bool = False,
        show: bool | str | None = None,
    ) -> list[str]:
        """Drive the cluster until the job has ended; the URLs of its results, one per task of its last stage.

        `timeout` is in virtual seconds; a job that is not ready by then stays active. `clean=True` forgets the job's
        record once it is ready. `poll_interval` is there for old code.

        `show` says what is seen meanwhile. None: how far the job is, under a notebook's cell, or on a terminal once it
        has taken a real second; or what the environment variable DISCO_EVENTS says, if it is set. False or "":
        nothing, no warning about the job either. "progress": how far it is, without a terminal too, as text at the end.
        True, "nocolor" or "json": events as they happen. Of a job that has ended before nothing is left to be shown but
        its events.

        Raises:
            JobError: If the job dies (its cause is the job function's own error), is unknown, or is not ready in time.
            DiscoError: If `timeout` is no number.
        """
        name = _name_of(name)
        mode = os.environ.get("DISCO_EVENTS") if show is None else show
        if self.cluster.jobs.status(name) == "unknown job":
            what = near_jobs(name, self._submissions.on_record)
            raise JobError(f"Status unknown job: only a submitted job can be waited for; {what}", self.master, name)
        deadline_s = math.inf if timeout is None else self.now_s + _checked_timeout(timeout)
        is_over = self._driven(name, deadline_s, mode)
        if not is_over:
            why = f"Timeout: the job is not ready after {timeout} virtual seconds; it stays active, wait() goes on"
            if deadline_s == math.inf:
                why = f"Stuck: {self._why_stuck()}; the job stays active: whitelist() a node and wait() again"
            raise JobError(why, self.master, name)
        error = info.job_error(self.cluster, name, self._submissions.spec)
        if error is not None:
            raise error
        urls = self.cluster.jobs.facts(name).results()
        if clean:
            self.clean(name)
        return urls

    def results(self, jobspec: Any, timeout: float = 2000) -> Any:
        """For one job its [status, result URLs]; for a list of jobs (inactive, active) lists of [name, [status, URLs]].

        Drives the cluster for up to `timeout` virtual milliseconds, or until one of the jobs has ended.
        """
        deadline_s = self.now_s + timeout / 1000
        if isinstance(jobspec, (str, Job)):
            name = _name_of(jobspec)
            self._driver.drive(lambda: self.cluster.jobs.status(name) != "active", deadline_s)
            return self._status_and_results(name)
        names = [_name_of(entry[0] if isinstance(entry, (list, tuple)) else entry) for entry in jobspec]
        self._driver.drive(lambda: any(self.cluster.jobs.status(name) != "active" for name in names), deadline_s)
        both = [[name, self._status_and_results(name)] for name in names]
        return [one for one in both if one[1][0] != "active"], [one for one in both if one[1][0] == "active"]

    def events(self, name: str | Job, offset: int = 0) -> Iterator[tuple[int, tuple[str, str, str]]]:
        """The events of a job as (offset, (timestamp, host, message)), oldest first; continue from the last offset.

        Reading on past what has happened drives the cluster, until the job has ended.
        """
        from disco_sim.views.story import Story

        name = self._known(name)
        story, n_told, number = Story(), 0, 0
        while True:
            for event in self.cluster.log.of(name, n_told):
                n_told += 1
                for line in story.tell(event):
                    number += 1
                    if number > offset:
                        yield number, line.record
            is_over = self.cluster.jobs.status(name) != "active" or not self.step()
            if is_over and n_told == self.cluster.log.n_events(name):
                return

    def rawevents(self, name: str | Job, offset: int = 0) -> str:
        """The events so far as text, one JSON list [timestamp, host, message] a line; drives nothing."""
        import json

        from disco_sim.views.story import lines

        name = self._known(name)
        records = [line.record for line in lines(self.cluster.log.of(name))]
        return "".join(json.dumps(record) + "\n" for record in records[offset:])

    # -- control -----------------------------------------------------------------------------------

    def kill(self, name: str | Job) -> None:
        """End a job: its runs are dropped, its record stays, its status is dead. An ended job is left alone."""
        name = _name_of(name)
        if self.cluster.jobs.status(name) == "active":
            self._driver.request(
                events.JobKillAsked(self.now_s, name, "killed"), lambda: self.cluster.jobs.status(name) != "active"
            )

    def blacklist(self, node: str) -> None:
        """Give `node` no new tasks, until whitelist(); what runs there goes on."""
        self._node(node)
        self._driver.request(events.NodeBlacklisted(self.now_s, node))

    def whitelist(self, node: str) -> None:
        """Give `node` tasks again."""
        self._node(node)
        self._driver.request(events.NodeWhitelisted(self.now_s, node))

    def clean(self, name: str | Job) -> None:
        """Kill a job if it runs, and forget its record; its data stays readable. An unknown job is left alone."""
        self.kill(name)
        self.cluster.forget(_name_of(name), with_data=False)

    def purge(self, name: str | Job) -> None:
        """Kill a job if it runs, and forget its record and all its data. An unknown job is left alone."""
        self.kill(name)
        self.cluster.forget(_name_of(name), with_data=True)

    # -- facts, in Disco's shapes --------------------------------------------------------------------

    def jobinfo(self, name: str | Job) -> dict[str, Any]:
        """A dict of facts about a job: timestamp, active, mapi, redi, reduce, results, inputs, hosts, username."""
        name = _name_of(name)
        inputs = [piece.blob for piece in self._submissions.request(name).inputs]
        return info.job_info(self.cluster, name, self._submissions.spec(name).username, inputs)

    def joblist(self) -> list[list[Any]]:
        """[start time in epoch seconds, status, name] of every job, the newest first."""
        rows = [
            [int(EPOCH_S + next(iter(self.cluster.log.of(name))).time_s), self.cluster.jobs.status(name), name]
            for name in self._submissions.on_record
        ]
        return rows[::-1]

    def nodeinfo(self) -> dict[str, dict[str, Any]]:
        """A dict of facts about every node, by host name; disk figures are simulated."""
        return info.node_info(self.cluster)

    @property
    def config(self) -> list[list[str]]:
        """The nodes as [nodespec, slots] rows, as in Disco's configuration page."""
        return info.config_rows(self.cluster.spec)

    def oob_get(self, name: str | Job, key: str) -> str | bytes:
        """The out-of-band result `key` of a job, as str or bytes, as it was put.

        Raises:
            DiscoError: "Unknown key or job name" if the job is unknown; OOBKeyError if only the key is.
        """
        name = self._known_oob(name)
        return self.cluster.oob.get(name, key)

    def oob_list(self, name: str | Job) -> list[str]:
        """The keys of a job's out-of-band results, in the order they became visible."""
        name = self._known_oob(name)
        return list(self.cluster.oob.committed(name))

    def profile_stats(self, name: str | Job, mode: str = "") -> pstats.Stats:
        """The merged profiles of a job that was submitted with profile=True; `mode` is "map", "reduce", "" for all."""
        name = self._known(name)
        return info.profile_stats(self.cluster, name, mode)

    def mapresults(self, name: str | Job) -> list[str]:
        """The URLs of what the first stage produced, for another job to go on from; CommError 404 before its end."""
        plan = self.plan(name)
        name = _name_of(name)
        return self.cluster.jobs.facts(name).results(plan[0].name if plan else None)

    def jobspec(self, name: str | Job) -> dict[str, Any]:
        """The parameters of a job, every default filled in."""
        return dict(vars(self._submissions.spec(_name_of(name))))

    jobdict = jobspec

    def plan(self, name: str | Job) -> Plan:
        """The stages of a job."""
        return self._submissions.request(_name_of(name)).plan

    def jobpack(self, name: str | Job) -> bytes:
        """What was sent to the nodes: the job's parameters, pickled, with its functions as places in a list."""
        pack: bytes = self._submissions.request(_name_of(name)).program.pack
        return pack

    def request(self, url: str, data: Any = None, offset: int = 0) -> bytes:
        """There is no HTTP master here; says so, and what to call instead."""
        raise CommError(
            f"request({url!r}) needs a master that speaks HTTP, and this one lives in the process; use the methods: "
            "jobinfo, nodeinfo, joblist, events, results, oob_get",
            url,
        )

    def result_iterator(self, urls: Iterable[Any], **options: Any) -> Iterator[Any]:
        """`result_iterator(urls, ...)`, with this Disco's own tags."""
        return result_iterator(urls, ddfs=self, **options)

    # -- what is shown -------------------------------------------------------------------------------

    @property
    def nodes(self) -> pandas.DataFrame:
        """A row per node: host slots busy done failed data_errors status speed."""
        from disco_sim.views.frames import nodes_frame

        return nodes_frame(self.history, self._spec, self.now_s)

    @property
    def jobs(self) -> pandas.DataFrame:
        """A row per job: job status stages started_s duration_s, in virtual seconds since the cluster's start."""
        from disco_sim.views.frames import jobs_frame

        return jobs_frame(self.history, self.now_s)

    @cached_property
    def ddfs(self) -> DDFS:
        """The distributed file system of this cluster: blobs on its nodes, and the tags that name them."""
        from disco_sim.ddfs import DDFS

        cluster = self.cluster  # alone: with the Disco it would be a circle, and be there long after its last use
        return DDFS(
            cluster,
            dialect=self.dialect,
            fetch=lambda url: data_of(url, cluster),
            index=lambda url: index_of(url, cluster),
        )

    @property
    def faults(self) -> LiveFaults:
        """What goes wrong on this cluster; more can be added at any time: `disco.faults.kill("node02")`."""
        from disco_sim.client.faults import LiveFaults

        if not isinstance(self.cluster, SimulatedCluster):
            raise DiscoError(f"{self.master} is no simulated cluster, and faults happen on those only")
        return LiveFaults(self.cluster, self._driver)

    @property
    def oob(self) -> AllOOBResults:
        """The out-of-band results of all jobs, by job name; `disco.oob.frame()` is one table of them."""
        from disco_sim.client.oob import AllOOBResults

        return AllOOBResults(self.cluster, self.history)

    def at(self, time_s: float) -> Moment:
        """The state of nodes and jobs at a virtual time, in seconds since the cluster's start; nothing un-happens."""
        from disco_sim.client.moment import Moment

        return Moment(self.cluster, self.history, time_s, self._spec)

    def __repr__(self) -> str:
        spec = self.cluster.spec
        numbers = ((len(spec.nodes), "node"), (spec.n_slots, "slot"), (self.cluster.jobs.n_submitted, "job"))
        facts = [f"{number} {noun}{'s' * (number != 1)}" for number, noun in numbers]
        return f"Disco({', '.join([self.master, *facts, *['closed'] * self._is_closed])})"

    def _card(self) -> Card:
        from disco_sim.views.cards import disco_card

        return disco_card(self.history, self._spec, self.master, until_s=self.now_s)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        card = self._card()
        return {"text/plain": card.text(), "text/html": card.html()}

    # -- inside ----------------------------------------------------------------------------------------

    def _driven(self, name: str, deadline_s: float, mode: bool | str | None) -> bool:
        """Drive until a job has ended, or the deadline, and show `mode` meanwhile (None: the usual); whether it has."""

        def is_over() -> bool:
            return self.cluster.jobs.status(name) != "active"

        if mode is None or mode == "progress":
            place = None if is_over() else display(mode or "")
            if place is None:
                return self._driver.drive(is_over, deadline_s)
            progress = Progress(self.cluster, self._driver.hosts, name, self.plan(name), place)
            return self._driver.drive(is_over, deadline_s, progress)
        if not mode:
            return self._driver.drive(is_over, deadline_s, quiet=name)
        from disco_sim.views.monitor import Monitor

        with self._driver.watched(name, Monitor("auto" if mode is True else mode)):
            return self._driver.drive(is_over, deadline_s)

    def _replayer(self, name: str | Job) -> WhatIf:
        """A finished job, ready to be played again under other settings."""
        from disco_sim.client.whatif import WhatIf
        from disco_sim.cluster.replay import Recording

        name = self._known(name)
        if not isinstance(self.cluster, SimulatedCluster) or self.cluster.jobs.status(name) != "ready":
            raise DiscoError(
                f"job {name!r} is {self.cluster.jobs.status(name)}, and only a job that is ready, on a simulated "
                "cluster, can be played again under other settings: wait() for it first"
            )
        recording = Recording.of(self.cluster, name)
        return WhatIf(
            recording,
            self._submissions.spec(name).partitions,
            lambda n: replace(recording, request=self._submissions.repartitioned(name, n), computed={}),
        )

    @property
    def _spec(self) -> ClusterSpec:
        """The nodes with the speeds that they have by luck."""
        spec = self.cluster.spec
        speeds = getattr(self.cluster, "speeds", {})
        return ClusterSpec(tuple(node._replace(speed=speeds.get(node.host, node.speed)) for node in spec.nodes))

    def _status_and_results(self, name: str) -> list[Any]:
        status = self.cluster.jobs.status(name)
        return [status, self.cluster.jobs.facts(name).results() if status == "ready" else []]

    def _known(self, job: str | Job) -> str:
        """The full name of a job that is on record."""
        return self._submissions.known(_name_of(job))

    def _known_oob(self, job: str | Job) -> str:
        """The full name of a job whose out-of-band results are there."""
        name = _name_of(job)
        if name not in self.cluster.oob:
            raise DiscoError(
                f"Unknown key or job name: there is no job {name!r}; {near_jobs(name, self._submissions.on_record)}"
            )
        return name

    def _node(self, host: str) -> None:
        if host not in self.cluster.spec.hosts:
            raise DiscoError(f"there is no node {host!r}; the nodes are {', '.join(self.cluster.spec.hosts)}")

    def _why_stuck(self) -> str:
        blacklisted = [host for host, facts in self.nodeinfo().items() if facts["blacklisted"]]
        dead = [host for host, facts in self.nodeinfo().items() if not facts["connected"]]
        lost = f", dead are {', '.join(dead)}" if dead else ""
        return f"no node can take its tasks; blacklisted are {', '.join(blacklisted) or 'none'}{lost}"


def _checked_timeout(timeout: Any) -> float:
    if not isinstance(timeout, Real) or math.isnan(timeout):
        raise DiscoError(f"wait(timeout={timeout!r}) was asked for; timeout is a number of virtual seconds, or None")
    return float(timeout)


def _name_of(job: str | Job) -> str:
    if not isinstance(job, (str, Job)):
        raise DiscoError(f"{job!r} was given as a job; a job is given by its full name, or as the Job itself")
    return job if isinstance(job, str) else job.name


def _given(**arguments: Any) -> dict[str, Any]:
    """Those of the arguments that are not None."""
    return {name: value for name, value in arguments.items() if value is not None}


def _refuse_beside(cluster: Cluster, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments of the simulated cluster beside a cluster that was made before, which has its own."""
    if not arguments:
        return
    kind, (name, value) = type(cluster).__name__, next(iter(arguments.items()))
    raise DiscoError(
        f"Disco({kind}(...), {name}={value!r}) was called; {name} belongs to the cluster, and this one was made "
        f"before: give {_WHERE.get(name, f'{name}=')} to {kind}(...) where it is made, or leave the cluster out",
        name=name,
    )


def _spec(nodes: int | str | ClusterSpec | None, slots: int | None) -> ClusterSpec:
    if isinstance(nodes, ClusterSpec):
        return nodes
    if isinstance(nodes, str):
        return ClusterSpec.parse(nodes)
    return ClusterSpec.of(_NODES if nodes is None else nodes, DEFAULT_SLOTS if slots is None else slots)


def _authority(master: str) -> str:
    """Host and port that a master's URL names; a free port when it names none."""
    place = netloc.parse(schemesplit(master)[1].rstrip("/"))
    is_port = place.port.isdigit() and 0 < int(place.port) < 2**16
    if not re.fullmatch(r"[A-Za-z0-9_.\-]+", place.host) or (place.port and not is_port):
        raise DiscoError(
            f"Disco({master!r}) was called, which names no master; a master is a URL such as 'disco://localhost' or "
            "'http://host:8989'. Nodes are given by name: Disco(nodes='node01:10 x4')",
            master=master,
        )
    return f"{place.host}:{place.port or free_port()}"


def _limit(name: str, value: Any) -> None:
    if value is not None and (type(value) is not int or value < 0):
        raise DiscoError(f"{name}={value!r} was given; {name} is a whole number, 0 or more")


def _choice(name: str, value: Any, choices: tuple[str | None, ...]) -> None:
    if value not in choices:
        known = ", ".join(repr(choice) for choice in choices if choice is not None)
        raise DiscoError(f"{name}={value!r} was given; {name} is one of {known}")
