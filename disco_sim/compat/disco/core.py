"""`Disco`: a connection to a master, as Disco 0.5 has it, and `result_iterator` with its order of arguments.

The master is a simulated cluster, see `disco_sim.compat.masters`. What Disco does not have, `nodes`, `faults`, `at`,
`run` or `split`, say, is that of the disco_sim.Disco behind it, which is `native`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from disco_sim import func
from disco_sim.client.job import Job as NativeJob
from disco_sim.client.results import result_iterator as native_result_iterator
from disco_sim.compat import masters
from disco_sim.compat.params import Params
from disco_sim.compat.shapes import Answers, Status, checked_rows
from disco_sim.compat.story import Story, named_as_in_events
from disco_sim.compat.urls import told
from disco_sim.error import CommError, DataError, DiscoError, JobError
from disco_sim.views.monitor import Monitor

if TYPE_CHECKING:
    import pstats

    from disco_sim.compat.disco.ddfs import DDFS
    from disco_sim.compat.disco.job import JobPack

__all__ = [
    "CommError", "DataError", "Disco", "DiscoError", "Job", "JobChain", "JobError", "JobPack", "Params",
    "result_iterator",
]  # fmt: skip

VERSION = "0.5.4"

Answer = TypeVar("Answer")


class Disco:
    """A connection to the master at an address, such as `disco://localhost` or `http://localhost:8989`.

    Without an address it is the one in the settings. All connections to one port share one cluster; the first makes
    it, with 4 nodes of 2 slots, unless one is open there. Jobs are given by their full names, or as the Job itself.

    Nothing happens on a simulated cluster by itself: wait() and results() let it go on, and jobinfo(), joblist(),
    nodeinfo() and events() let two virtual seconds go by after they have answered, so that loops which ask come to
    their end. On a Disco of the documented dialect, all answers have the shapes of its own, those of Disco 0.3.
    `proxy` has no effect.

    >>> from disco_sim.compat import masters
    >>> disco = Disco("disco://localhost:8997")
    >>> disco.master, disco.joblist()
    ('http://localhost:8997', [])
    >>> masters.forget()
    """

    def __init__(self, master: Any = None, settings: Any = None, proxy: str | None = None) -> None:
        self.settings = settings
        self.proxy = proxy
        if master is None and settings is not None:
            master = settings["DISCO_MASTER"]
        self.native = masters.connect(master)
        self.answers = Answers(self.native)
        self.is_observed = masters.is_observed(self.native)

    @property
    def master(self) -> str:
        """The master's URL, such as http://localhost:8989."""
        return self.answers.url

    # -- jobs in -----------------------------------------------------------------------------------

    def new_job(self, name: str, **jobargs: Any) -> Job:
        """Submit a job with these parameters: a Job, active until it is waited for.

        Raises:
            DiscoError: If the job cannot be run; nothing is submitted then.
        """
        return Job(name, self, settings=self.settings).run(**jobargs)

    def submit(self, jobpack: Any) -> str:
        """Submit a job pack, a JobPack or its dumps(), of a job that this master has had; the new job's full name.

        Raises:
            DiscoError: If it is no job pack, or of an unknown job: functions are not taken out of packs here.
        """
        from disco_sim.compat.disco.job import JobPack

        try:
            pack = jobpack if isinstance(jobpack, JobPack) else JobPack.loads(jobpack)
            given, own = self.native._submissions.again(pack.job, {})
        except DiscoError as error:
            raise DiscoError(
                f"Failed to submit jobpack: {error}; here the pack of a job that is on record can be submitted again; "
                "any other job is submitted by Job().run(...)"
            ) from error
        return self.native.submit(pack.jobdict["prefix"], given, own)

    # -- results -------------------------------------------------------------------------------------

    def wait(
        self,
        jobname: Any,
        poll_interval: float = 2,
        timeout: float | None = None,
        clean: bool = False,
        show: bool | str | None = None,
    ) -> list[Any]:
        """Let the cluster go on until the job is ready: its results, a list of replicas each, or the one tag they have.

        `timeout` is in virtual seconds. `show` says which events are printed, as the setting DISCO_EVENTS does where it
        is None: "" for none, "json", "nocolor", or anything else for colours on a terminal. Without either it is seen
        how far the job is, where one can look. `clean=True` forgets the job's record once it is ready.

        Raises:
            JobError: If the job dies, is unknown, or is not ready in time; it goes on then.
        """
        name = _name(jobname)
        mode = self.setting("DISCO_EVENTS") or None if show is None else show
        if not self.is_observed:
            return self.native.wait(name, poll_interval, timeout, clean, mode)
        return self.answers.replica_lists(self._waited(name, poll_interval, timeout, clean, mode))

    def _waited(self, name: str, poll_interval: float, timeout: float | None, clean: bool, mode: Any) -> list[str]:
        if self.native.cluster.jobs.status(name) == "unknown job":
            raise JobError(f"Status unknown job: {self.answers.near(name)}", self.native.master, name)
        with named_as_in_events():
            return self._driven(name, poll_interval, timeout, clean, mode)

    def _driven(self, name: str, poll_interval: float, timeout: float | None, clean: bool, mode: Any) -> list[str]:
        is_printed = bool(mode) and mode != "progress"
        if not is_printed:
            return self.native.wait(name, poll_interval, timeout, clean, mode)
        jobs = self.native.cluster.jobs
        monitor = Monitor("auto" if mode is True else str(mode), teller=lambda job: Story(jobs))
        with self.native._driver.watched(name, monitor):
            return self.native.wait(name, poll_interval, timeout, clean, False)

    def results(self, jobspec: Any, timeout: float = 2000) -> Any:
        """Of one job (status, results); of a list of jobs (inactive, active), lists of (name, (status, results)).

        The cluster goes on for `timeout` virtual milliseconds, two seconds at least, or until one of the jobs has
        ended. Status is active, ready, dead or unknown job. What is in the list may be an entry of an earlier answer.
        """
        timeout = max(timeout, 2000) if self.is_observed else timeout
        if isinstance(jobspec, (str, NativeJob)):
            found = self.native.results(_name(jobspec), timeout)
            return self.answers.status(_name(jobspec)) if self.is_observed else found
        names = [_name(entry[0] if isinstance(entry, (list, tuple)) else entry) for entry in jobspec]
        found = self.native.results(names, timeout)
        if not self.is_observed:
            return found
        every = [(name, self.answers.status(name)) for name in names]
        inactive: list[tuple[str, Status]] = [one for one in every if one[1][0] != "active"]
        return inactive, [one for one in every if one[1][0] == "active"]

    def stageresults(self, jobname: Any, stage: str) -> list[Any]:
        """The results of a finished stage, a list of replicas for each of its tasks; URLs in the documented dialect.

        Raises:
            CommError: 404, if the job is unknown, or has no such stage, or that is not finished.
        """
        name = _name(jobname)
        with self._polling():
            if not self.is_observed:
                return self.native.cluster.jobs.facts(name).results(stage)
            return self.answers.stage_results(name, stage)

    def mapresults(self, jobname: Any) -> list[str]:
        """The results of the map phase, in the order of its tasks, for a job that only reduces.

        Raises:
            CommError: 404, if the job is unknown or its map phase is not finished.
        """
        name = _name(jobname)
        with self._polling():
            if not self.is_observed:
                return self.native.mapresults(name)
            names = [stage.name for stage in self.native.plan(self.answers.known(name, "get_mapresults"))]
            stage = "map_shuffle" if "map_shuffle" in names else names[0] if names else "map"
            return [url for replicas in self.answers.stage_results(name, stage) for url in replicas]

    def result_iterator(self, *args: Any, **options: Any) -> Iterator[Any]:
        """`result_iterator(results, ...)`, with this master's tags."""
        return result_iterator(*args, **{"ddfs": self, **options})

    # -- facts -----------------------------------------------------------------------------------------

    def jobinfo(self, jobname: Any) -> dict[str, Any]:
        """A dict of facts: timestamp, active, pipeline, results, inputs, worker, hosts, owner.

        Raises:
            CommError: 404, if the job is unknown.
        """
        name = _name(jobname)
        return self._polled(self.answers.job_info(name) if self.is_observed else self.native.jobinfo(name))

    def joblist(self) -> list[list[Any]]:
        """[start time in epoch seconds, status, name] of every job, the newest first."""
        return self._polled(self.native.joblist())

    def nodeinfo(self) -> dict[str, dict[str, Any]]:
        """A dict of facts about every node, by host name; disk figures are simulated."""
        return self._polled(self.native.nodeinfo())

    def events(self, jobname: Any, offset: int = 0) -> Iterator[tuple[int, tuple[str, str, str]]]:
        """The events of a job so far as (offset, (timestamp, host, message)), oldest first; go on from the last offset.

        Raises:
            CommError: 404, if the job is unknown.
        """
        name = _name(jobname)
        if not self.is_observed:
            return self.native.events(name, offset)
        return iter(self._polled(list(self.answers.events(name, offset))))

    def rawevents(self, jobname: Any, offset: int = 0) -> str:
        """The events of a job so far as text, one JSON list [timestamp, host, message] a line."""
        name = _name(jobname)
        with self._polling():
            return self.answers.raw_events(name, offset) if self.is_observed else self.native.rawevents(name, offset)

    def oob_get(self, jobname: Any, key: str) -> Any:
        """The out-of-band result under `key`, as bytes; None if the job has others, but not that.

        Raises:
            DiscoError: If the job is unknown or has none at all.
        """
        name = _name(jobname)
        with self._polling():
            return self.answers.oob_get(name, key) if self.is_observed else self.native.oob_get(name, key)

    def oob_list(self, jobname: Any) -> list[str]:
        """The keys of a job's out-of-band results, each once.

        Raises:
            CommError: 404, if the job is unknown or has none.
        """
        name = _name(jobname)
        with self._polling():
            return self.answers.oob_list(name) if self.is_observed else self.native.oob_list(name)

    def profile_stats(self, jobname: Any, mode: str = "", stream: Any = None) -> pstats.Stats:
        """The merged profiles of a job that ran with profile=True, sorted by cumulative time.

        `mode` is the beginning of a stage's name; `stream` is where print_stats() prints, the standard output if None.

        Raises:
            JobError: If there are no profiles.
        """
        stats: Any = self.native.profile_stats(_name(jobname), mode)
        if stream is not None:
            stats.stream = stream
        sorted_stats: pstats.Stats = stats.sort_stats("cumulative")
        return sorted_stats

    def jobdict(self, jobname: Any) -> dict[str, Any]:
        """What the master was told of a job: prefix, owner, scheduler, input, worker, which stages it has.

        Raises:
            CommError: 404, if the job is unknown.
        """
        name = _name(jobname)
        return self.answers.job_dict(name) if self.is_observed else self.native.jobdict(name)

    def jobspec(self, jobname: Any) -> dict[str, Any]:
        """The parameters of a job, every default filled in."""
        name = _name(jobname)
        return self.native.jobspec(self.answers.known(name, "parameters") if self.is_observed else name)

    def jobpack(self, jobname: Any) -> JobPack:
        """What was sent to the nodes, as a JobPack: jobdict, jobenvs, jobhome (a zip of its files) and jobdata.

        Raises:
            CommError: 404, if the job is unknown.
        """
        from disco_sim.compat.disco.job import JobPack

        return JobPack.of(self, self.answers.known(_name(jobname), "parameters"))

    def _polled(self, answer: Answer) -> Answer:
        with self._polling():
            return answer

    @contextmanager
    def _polling(self) -> Iterator[None]:
        """After it, also after an error, a little time has passed, so that loops that ask come to an end."""
        try:
            yield
        finally:
            if self.is_observed:
                self.answers.let_pass()

    # -- control ---------------------------------------------------------------------------------------

    def kill(self, jobname: Any) -> None:
        """End a job; its record stays, its status is dead. One that has ended or is unknown is left alone."""
        self.native.kill(_name(jobname))

    def clean(self, jobname: Any) -> None:
        """Kill a job if it runs, and forget its record; its data can still be read."""
        self.native.clean(_name(jobname))

    def purge(self, jobname: Any) -> None:
        """Kill a job if it runs, and forget it; its data go when garbage is collected, by `ddfs.gc()`."""
        name = _name(jobname)
        if self.is_observed:
            self.answers.purge(name)
        else:
            self.native.purge(name)

    def blacklist(self, node: str) -> None:
        """Give `node` no new tasks, until whitelist(); what runs there goes on."""
        self.native.blacklist(node)

    def whitelist(self, node: str) -> None:
        """Give `node` tasks again."""
        self.native.whitelist(node)

    @property
    def config(self) -> list[list[str]]:
        """The nodes as [nodespec, slots] rows.

        It can be set to what it is. The nodes of a simulated cluster stay as they were made, so any other table is
        refused: `disco_sim.compat.install(nodes="node01:10 x4")` says what a cluster is made with.
        """
        return self.native.config

    @config.setter
    def config(self, rows: Any) -> None:
        checked = checked_rows(rows)
        if checked != self.native.config:
            raise DiscoError(
                f"config = {checked!r} was given; {self.native.master} has the nodes {self.native.config!r}, and keeps "
                "them as long as it is open: disco_sim.compat.install(nodes='node01:10 x4'), before the first "
                "connection, says which nodes a cluster has"
            )

    # -- the rest -----------------------------------------------------------------------------------------

    @property
    def ddfs(self) -> DDFS:
        """Disco's distributed file system on this cluster."""
        from disco_sim.compat.disco.ddfs import DDFS

        return DDFS(self, settings=self.settings)

    def request(self, url: str, data: Any = None, offset: int = 0) -> bytes:
        """What the master answers at `url`, such as /disco/ctrl/joblist, from byte `offset` on; there is no network.

        Raises:
            CommError: 404, for what is not there, or what is not simulated.
        """
        from disco_sim.compat.control import answer

        return answer(self, url, data)[offset:]

    def master_version(self) -> str:
        """The version of Disco that is simulated."""
        return VERSION

    def setting(self, name: str) -> Any:
        """A setting of this connection, such as DISCO_EVENTS; None if there is none of that name."""
        from disco_sim.compat.disco.settings import DiscoSettings

        settings = DiscoSettings() if self.settings is None else self.settings
        return settings.get(name)

    def __getattr__(self, name: str) -> Any:
        # Before __init__ is through, and where Python itself looks for something special, there is nothing to pass on.
        if name == "native" or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.native, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self.native)})

    def __repr__(self) -> str:
        return repr(self.native)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return self.native._repr_mimebundle_(**options)


def result_iterator(
    urls: Iterable[Any],
    reader: Callable[..., Any] | None = func.chain_reader,
    input_stream: Sequence[Callable[..., Any]] = func.default_stream,
    notifier: Callable[[Any], Any] = func.noop,
    params: Any = None,
    ddfs: Any = None,
) -> Iterator[Any]:
    """The records of results, in their order: (key, value) pairs, unless another `reader` is given.

    `urls` are what `job.wait()` gave, or plain URLs and tags; of a list of replicas the next is read when one fails.
    `notifier` is called with each URL, or list of replicas, before it is read. `ddfs` is whose tags are meant: a Disco,
    a DDFS or a master's address; any open one's without it.

    Raises:
        InputError: If `urls` is not a list.
        DataError: While reading, if the data cannot be read.
    """
    where = masters.connect(ddfs) if isinstance(ddfs, str) else ddfs

    def notify(url: Any) -> None:
        notifier(told(url) if isinstance(url, str) else [told(one) for one in url])

    notify_native = notifier if notifier is func.noop else notify
    return native_result_iterator(urls, notify_native, reader, input_stream, params, where)


def _name(job: Any) -> str:
    """The full name of a job that was given by it, or as the Job."""
    name = getattr(job, "name", job)
    if not isinstance(name, str):
        raise DiscoError(f"{job!r} was given as a job; a job is given by its full name, or as the Job itself")
    return name


from disco_sim.compat.disco.job import Job, JobChain, JobPack  # noqa: E402 - a Job needs a Disco, and this one Jobs
