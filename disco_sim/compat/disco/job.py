"""`Job` as Disco 0.5 has it: a class whose attributes are parameters, and `run`; and what jobs travel as, `JobPack`."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from disco_sim.client.arguments import Params, defaults
from disco_sim.client.job import Job as NativeJob
from disco_sim.compat.disco.worker.classic.worker import Worker as ClassicWorker
from disco_sim.compat.jobchain import JobChain
from disco_sim.compat.story import also_as_in_events
from disco_sim.error import DiscoError, JobError

if TYPE_CHECKING:
    import pstats

    from disco_sim.compat.disco.core import Disco

__all__ = ["Job", "JobChain", "JobError", "JobPack"]

_NOT_PARAMETERS = ("name", "prefix")
_KNOWN = {*defaults(), *ClassicWorker()} - {*_NOT_PARAMETERS}
_BOTH = ("partitions", "shuffle")
"""Parameters of a job that have the name of a table of what it did."""


class Job(NativeJob):
    """A job, submitted by `run`, under a full name that begins with `name`, or else with the name of its class.

    A parameter is what `run` was given, else an attribute of the Job or of its class, else of its worker, else the
    default. The class of the worker is `Worker`; `master` is an address, or a Disco. A Job by its full name is one that
    was submitted before. Everything that a job of disco_sim shows, `tasks`, `view()` or `error`, say, is here too.

    >>> from disco_sim.compat import masters
    >>> class Count(Job):
    ...     partitions = 2
    ...     @staticmethod
    ...     def map(line, params):
    ...         yield line, 1
    >>> job = Count(master="disco://localhost:8996").run(input=["raw://a"])
    >>> job.wait()
    [['dir://node01:8996/disco/node01/.../.disco/map_shuffle-1-....results']]
    >>> masters.forget()
    """

    Worker: ClassVar[Any] = ClassicWorker
    partitions: Any
    shuffle: Any

    def __init_subclass__(cls, **options: Any) -> None:
        # Not the way of the base: what Disco's users write into a class is found when the job is run.
        super(NativeJob, cls).__init_subclass__(**options)
        for name in _BOTH:
            if name in vars(cls):
                cls._hidden = {**cls._hidden, name: vars(cls)[name]}
                delattr(cls, name)
        cls._parameters = {}

    _hidden: ClassVar[dict[str, Any]] = {}

    def __init__(self, name: Any = None, master: Any = None, worker: Any = None, settings: Any = None) -> None:
        if name is not None and not isinstance(name, str):
            name, master = master, name  # as the order was in Disco 0.3
        super().__init__(None, name or getattr(type(self), "name", None) or type(self).__name__)
        self.worker: Any = worker() if isinstance(worker, type) else self.Worker() if worker is None else worker
        self._master = master
        self._settings = settings

    @property
    def disco(self) -> Any:
        """The connection to the master of this job."""
        from disco_sim.compat.disco.core import Disco

        if self._disco is None:
            given = self._master
            connection: Any = given if isinstance(given, Disco) else Disco(given, self._settings)
            self._disco = connection
        return self._disco

    # -- run -------------------------------------------------------------------------------------------

    def run(self, **jobargs: Any) -> Job:
        """Submit the job with these parameters, and its own; returns itself, active, under its full name.

        Raises:
            DiscoError: If the job cannot be run; nothing is submitted then.
        """
        given = dict(jobargs)
        prefix = str(given.pop("name", None) or self.name).partition("@")[0]
        if set(prefix) & {".", "/"}:
            raise DiscoError(
                f'Failed to submit jobpack: Job failed to start: "invalid prefix"; {prefix!r} has a . or / in it, and '
                "a job's name, or the name of its class, has neither"
            )
        self.name = self._native.submit(prefix, given, self.parameters)
        return self

    @property
    def parameters(self) -> dict[str, Any]:
        """What the job is given beside the arguments of `run`: by itself, its class and its worker."""
        known = _KNOWN | set(self.worker) - {*_NOT_PARAMETERS}
        own = {name: value for name, value in vars(self).items() if name in known}
        owner = {"owner": self.disco.setting("DISCO_JOB_OWNER")} if hasattr(self.disco, "native") else {}
        return {**owner, **_of_worker(self.worker), **_of_class(self, known), **own}

    def resubmit(self, **changes: Any) -> Job:
        """The same job submitted again, with some parameters changed, as a new Job."""
        given, own = self._native._submissions.again(self.name, changes)
        again = type(self).__new__(type(self))
        name = self._native.submit(self.name.partition("@")[0], given, own)
        vars(again).update({**vars(self), "name": name, "_view": None})
        return again

    @property
    def _native(self) -> Any:
        return getattr(self.disco, "native", self.disco)

    # -- facts -----------------------------------------------------------------------------------------

    @property
    def error(self) -> JobError | None:
        """Why a dead job died, with the job function's own exception as its cause; None for any other job.

        Its task is named by its number in its stage, and by that which events have, counted through the job.
        """
        found = super().error
        return found if found is None or not self._is_observed else also_as_in_events(found)

    def _task(self, task: str) -> tuple[str, int]:
        # Events and URLs of results count through the whole job; both ways are taken where they cannot be confused.
        stage, number = super()._task(task)
        tasks = self._native.cluster.jobs.facts(self.name).tasks
        if stage not in tasks or number < len(tasks[stage]):
            return stage, number
        names = [one.name for one in self._native.plan(self.name)]
        first = sum(len(tasks[earlier]) for earlier in names[: names.index(stage)])
        within = number - first
        if self._is_observed and 0 <= within < len(tasks[stage]):
            return stage, within
        there = _span(stage, 0, len(tasks[stage]))
        also = f" ({_span(stage, first, len(tasks[stage]))} in the events)" * bool(self._is_observed and first)
        raise DiscoError(f"job {self.name!r} has no task {task}; its {stage} tasks are: {there}{also}", task=task)

    @property
    def _is_observed(self) -> bool:
        return bool(getattr(self.disco, "is_observed", False))

    def jobdict(self) -> dict[str, Any]:
        """What the master was told of the job."""
        found: dict[str, Any] = self.disco.jobdict(self.name)
        return found

    def jobpack(self) -> JobPack:
        """What was sent to the nodes."""
        found: JobPack = self.disco.jobpack(self.name)
        return found

    def stageresults(self, stage: str) -> list[Any]:
        """The results of a finished stage, a list of replicas for each of its tasks."""
        found: list[Any] = self.disco.stageresults(self.name, stage)
        return found

    def profile_stats(self, mode: str = "", stream: Any = None) -> pstats.Stats:
        """The merged profiles of the job's tasks, if it ran with profile=True, sorted by cumulative time."""
        stats: pstats.Stats = self.disco.profile_stats(self.name, mode, stream)
        return stats

    def __reduce__(self) -> tuple[Any, ...]:
        # A Job may travel in params, for load_oob, say: as its name and its master's.
        return _job, (type(self), self.name, None if self._disco is None else self._native.master)


def _job(kind: type[Job], name: str, master: str | None) -> Job:
    """A travelled Job at the other end, on the same master."""
    job = kind.__new__(kind)
    Job.__init__(job, name, None if master is None else f"disco://{master}")
    return job


def _span(stage: str, first: int, n_tasks: int) -> str:
    """The names of so many tasks of a stage, numbered from `first`."""
    if n_tasks < 2:
        return f"{stage}:{first}" if n_tasks else "none"
    return f"{stage}:{first} to {stage}:{first + n_tasks - 1}"


class _GivesWay:
    """A property of a Job that an attribute of the same name takes the place of, when a user sets one.

    Disco's own Job has fewer properties, so that old code gives its attributes whatever names it likes.
    """

    def __init__(self, shown: property) -> None:
        self._shown = shown
        self.__doc__ = shown.__doc__

    def __get__(self, job: Any, kind: Any = None) -> Any:
        return self if job is None else self._shown.__get__(job, kind)


class _Parameter:
    """A parameter that has the name of a table: what the user's code has set, else the table once the job is submitted.

    Set, it is a parameter for the next run.
    """

    def __init__(self, name: str, shown: property) -> None:
        self._name = name
        self._shown = shown
        self.__doc__ = shown.__doc__

    def __get__(self, job: Any, kind: Any = None) -> Any:
        if job is None:
            return self if kind is None else kind._hidden.get(self._name, self)
        own = {**type(job)._hidden, **vars(job)}
        if self._name in own:
            return _bound(job, own[self._name])
        return self._shown.__get__(job, kind) if "@" in job.name else job.worker.get(self._name)

    def __set__(self, job: Any, value: Any) -> None:
        vars(job)[self._name] = value


for _name, _property in [*vars(NativeJob).items(), *vars(Job).items()]:
    if isinstance(_property, property):
        setattr(Job, _name, _Parameter(_name, _property) if _name in _BOTH else _GivesWay(_property))


def _of_class(job: Any, known: set[str]) -> dict[str, Any]:
    """The parameters that the class of a job has as attributes, its own or those of classes before it."""
    found: dict[str, Any] = {}
    for one in reversed(type(job).__mro__):
        if one not in (Job, NativeJob, object):
            # What was set on the class after its body is live; what the body had is hidden behind the table's name.
            own = {**vars(one).get("_hidden", {}), **vars(one)}
            found.update({name: _bound(job, value) for name, value in own.items() if name in known})
    return found


def _bound(job: Any, value: Any) -> Any:
    """A class's attribute as a parameter: functions without self, and with the class where it is a class's method."""
    if isinstance(value, classmethod):
        return partial(value.__func__, type(job))
    if isinstance(value, staticmethod):
        return value.__func__
    # A property, or what else computes an attribute of the instance, gives the parameter.
    return value.__get__(job, type(job)) if hasattr(value, "__get__") and not callable(value) else value


def _of_worker(worker: Mapping[str, Any]) -> dict[str, Any]:
    """What was given to a worker, or its class has changed: all that Disco's own worker does not have by default."""
    own = next((kind for kind in type(worker).__mro__ if kind.__module__.startswith(_OWN_PACKAGE)), None)
    usual = own().defaults() if own is not None and hasattr(own, "defaults") else {}
    found: dict[str, Any] = {}
    for name, value in worker.items():
        is_usual = name in usual and (
            value is usual[name] or (type(value) is type(usual[name]) and value == usual[name])
        )
        is_empty = isinstance(value, Params) and not vars(value)
        if not is_usual and not is_empty and name not in _NOT_PARAMETERS:
            found[name] = value
    return found


_OWN_PACKAGE = f"{__name__.partition('.')[0]}."
_HEAD = b"disco_sim job pack 1\n"


class JobPack:
    """What of a job goes to the nodes: `jobdict` for the master, `jobenvs` for its tasks' environment, `jobhome`, a zip
    of its files, and `jobdata`, its parameters, with functions as places in a list. `job` is its full name.

    `dumps()` makes bytes of it, and `loads()` it of those.
    """

    def __init__(
        self, jobdict: dict[str, Any], jobenvs: dict[str, str], jobhome: bytes, jobdata: bytes, job: str = ""
    ) -> None:
        self.jobdict = jobdict
        self.jobenvs = jobenvs
        self.jobhome = jobhome
        self.jobdata = jobdata
        self.job = job

    @classmethod
    def of(cls, disco: Disco, job: str) -> JobPack:
        """The pack of a job that was submitted."""
        import zipfile

        program = disco.native._submissions.request(job).program
        files = {f"lib/{one.name}.py": one.source.encode() for one in program.modules if one.source is not None}
        home = io.BytesIO()
        with zipfile.ZipFile(home, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in sorted({**files, **program.files}.items()):
                archive.writestr(zipfile.ZipInfo(name), content)
        envs = {"LD_LIBRARY_PATH": "lib", "PYTHONPATH": "lib"}
        return cls(disco.answers.job_dict(job), envs, home.getvalue(), program.pack, job)

    def dumps(self) -> bytes:
        """The pack as bytes."""
        facts = {"job": self.job, "jobdict": self.jobdict, "jobenvs": self.jobenvs, "n_home": len(self.jobhome)}
        return _HEAD + json.dumps(facts).encode() + b"\n" + self.jobhome + self.jobdata

    @classmethod
    def loads(cls, data: Any) -> JobPack:
        """The pack of its bytes, or of a binary file of them.

        Raises:
            DiscoError: If they are none.
        """
        data = data.read() if hasattr(data, "read") else data
        if not isinstance(data, bytes) or not data.startswith(_HEAD):
            raise DiscoError(f"{str(data)[:40]!r} is no job pack; a pack is what JobPack.dumps() gave")
        line, _, rest = data[len(_HEAD) :].partition(b"\n")
        facts = json.loads(line)
        n_home = facts["n_home"]
        return cls(facts["jobdict"], facts["jobenvs"], rest[:n_home], rest[n_home:], facts["job"])

    load = loads

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JobPack) and self.dumps() == other.dumps()

    def __hash__(self) -> int:
        return hash(self.job)

    def __repr__(self) -> str:
        return f"JobPack({self.job}, {len(self.jobhome)} bytes of files, {len(self.jobdata)} bytes of parameters)"
