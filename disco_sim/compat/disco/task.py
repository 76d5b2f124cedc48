"""`Task`: the facts of the task that is running, as job functions ask for them.

The same object is the bare name `Task` in classic job functions and what `from disco.task import Task` gives. Both
generations' names are there; where they differ, the newer one counts.
"""

from __future__ import annotations

import os
from hashlib import md5
from typing import Any
from weakref import WeakKeyDictionary

from disco_sim.compat.disco.settings import DEFAULTS
from disco_sim.error import DiscoError, nearest
from disco_sim.node import worker as node
from disco_sim.util import DISCO_PORT

__all__ = ["Task", "active"]


# A task that asks for its job's parameters gets them made once, and they are gone with it.
_parameters: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


def active() -> type[Task] | None:
    """`Task` while a task runs, None otherwise."""
    return Task if node.running.get() is not None else None


class _Facts(type):
    """What `Task` answers: every fact is that of the task which runs at the moment.

    Outside a task each of them raises DiscoError.
    """

    @property
    def jobname(cls) -> str:
        """The full name of the job."""
        return str(_context("jobname").name)

    @property
    def host(cls) -> str:
        """The host name of the node that runs the task."""
        return str(_context("host").host)

    @property
    def master(cls) -> str:
        """The master's URL, such as http://localhost:8989; `load_oob` takes it."""
        return f"http://{_context('master').work.master}"

    @property
    def netloc(cls) -> tuple[str, int]:
        """The host name of the node, and the port that the cluster's data are served at."""
        return cls.host, cls.disco_port

    @property
    def disco_port(cls) -> int:
        """The port of the master."""
        return int(_context("disco_port").work.master.rpartition(":")[2] or DISCO_PORT)

    @property
    def put_port(cls) -> int:
        """The port at which a node of Disco takes blobs; here nobody listens at it."""
        _context("put_port")
        return int(DEFAULTS["DDFS_PUT_PORT"])

    port = disco_port

    @property
    def stage(cls) -> str:
        """The name of the stage: map, map_shuffle, reduce, or that of a pipeline's stage."""
        return str(_context("stage").work.stage)

    mode = stage

    @property
    def id(cls) -> int:
        """Of a task that reads one input, as in map, its number in its stage; of others the label of what they read."""
        work = _context("id").work
        return int(work.task if work.grouping == "split" else work.group_label)

    @property
    def taskid(cls) -> int:
        """The task's number, counted through all stages of the job."""
        return int(_context("taskid").work.task_id)

    @property
    def partid(cls) -> int | None:
        """The partition that a task reads, None in map and where there is one task for all partitions."""
        work = _context("partid").work
        return None if work.grouping in ("split", "group_all") else int(work.group_label)

    @property
    def ispartitioned(cls) -> bool:
        """Whether the stage has a task for each partition."""
        return bool(_context("ispartitioned").work.grouping in ("group_label", "group_node_label"))

    @property
    def group(cls) -> str:
        """What the task's inputs have in common, as `label-host`; the host is empty if any will do."""
        return f"{cls.group_label}-{cls.group_host}"

    @property
    def group_label(cls) -> int:
        """The label of the task's inputs; 0 in map, and where all labels are read."""
        return int(_context("group_label").work.group_label)

    @property
    def group_host(cls) -> str:
        """The host that the URL of the task's input names, or whose outputs it groups; empty if they are of several."""
        context = _context("group_host")
        context.note_read("inputs")
        return str(context.work.named_host)

    @property
    def grouping(cls) -> str:
        """How the stage's inputs become tasks: split, group_all, group_label, group_node or group_node_label."""
        return str(_context("grouping").work.grouping)

    @property
    def uid(cls) -> str:
        """A name of the task that is unique in the job, such as `map:0-a-4-2`: stage, group, task and job number.

        Disco ends it with a time and a process number; here it is the same in every simulation.
        """
        context = _context("uid")
        context.note_read("inputs")
        return str(context.work.uid)

    run_id = uid

    @property
    def inputs(cls) -> list[Any]:
        """What `this_inputs()` gives."""
        return list(_context("inputs").inputs)

    # -- the job ----------------------------------------------------------------------------------

    @property
    def jobdict(cls) -> dict[str, Any]:
        """The job's parameters as this task got them: a copy, made when it is first asked for."""
        context = _context("jobdict")
        if context not in _parameters:
            _parameters[context] = context.work.program.load()
        return _parameters[context]

    jobobjs = jobdict

    @property
    def settings(cls) -> Any:
        """The settings of Disco, as environment variables and settings files have them."""
        from disco_sim.compat.disco.settings import DiscoSettings

        _context("settings")
        return DiscoSettings()

    # -- files ------------------------------------------------------------------------------------

    @property
    def jobpath(cls) -> str:
        """The folder that the task runs in, where its required files are; it is the task's own, and gone after it."""
        _context("jobpath")
        return os.getcwd()

    taskpath = jobroot = taskroot = root = disco_data = ddfs_data = jobpath

    @property
    def lib(cls) -> str:
        """The folder of the required files that were given by their paths."""
        return os.path.join(cls.jobpath, "lib")

    @property
    def jobfile(cls) -> str:
        """Where Disco keeps the job on a node; nothing is there, for the job is in this process."""
        return os.path.join(cls.jobpath, "jobfile")

    @property
    def blobs(cls) -> list[str]:
        """The paths of the files that the task has made so far in its folder, sorted."""
        folder = cls.jobpath
        return sorted(entry.path for entry in os.scandir(folder) if entry.is_file())

    def path(cls, name: str) -> str:
        """The path of the file `name` in the task's folder."""
        return os.path.join(cls.taskpath, name)

    def url(cls, name: str, scheme: str = "disco") -> str:
        """The URL by which other nodes of a Disco cluster would read the task's file `name`."""
        job, host = cls.jobname, cls.host
        home = md5(job.encode(), usedforsecurity=False).hexdigest()[:2]
        return f"{scheme}://{host}/disco/{host}/{home}/{job}/.disco/{name}"

    def output_filename(cls, label: int) -> str:
        """The name of the file that Disco would write the output `label` of this task to.

        Raises:
            ValueError: If the label is no whole number.
        """
        if not isinstance(label, int):
            raise ValueError(f"the label {label!r} of an output is of type {type(label).__name__}; labels are int")
        return f"{cls.stage}-{cls.taskid}-{label}"

    def open_url(cls, url: str) -> Any:
        """A stream of what a URL holds, as the module `disco.schemes.scheme_NAME` of its scheme opens it."""
        from disco_sim.compat.disco.schemes import module_of

        _context("open_url")
        stream = module_of(url).input_stream(None, None, url, None)
        return stream[0] if isinstance(stream, tuple) else stream

    # -- out-of-band results ------------------------------------------------------------------------

    def put(cls, key: str, value: bytes) -> None:
        """Store an out-of-band result, as the bare `put` does."""
        _context("put(...)")
        node.put(key, value)

    def get(cls, key: str) -> Any:
        """An out-of-band result of this job; one of another job is `disco.util.load_oob(Task.master, job, key)`."""
        _context("get(...)")
        return node.get(key)

    def track_status(cls, iterator: Any, message_template: str) -> Any:
        """Iterate as `iterator` does; at the end a line says how many entries there were.

        `message_template` has a `%` directive for text, such as "%s entries mapped".
        """
        context = _context("track_status(...)")
        n_entries = 0
        for n_entries, entry in enumerate(iterator, 1):  # noqa: B007 - the count is told at the end
            yield entry
        context.message("MSG", f"Done: {message_template % n_entries}")

    # -- whatever else is asked ---------------------------------------------------------------------

    def __getattr__(cls, name: str) -> Any:
        # Parameters of the job are facts of its tasks: Task.params, and Task.reader for map_reader in map.
        if not name.startswith("_"):
            parameters = cls.jobdict
            for known in (name, f"{cls.stage}_{name}"):
                if known in parameters:
                    return parameters[known]
            near = nearest(name, [*dir(cls), *parameters], most=1)
            hint = f"did you mean {near[0]!r}?" if near else "dir(Task) lists what it has"
            raise AttributeError(f"Task has no fact {name!r}, and its job has no such parameter; {hint}")
        raise AttributeError(name)

    def __dir__(cls) -> list[str]:
        return sorted({*(name for name in vars(_Facts) if not name.startswith("_")), *super().__dir__()})

    def __repr__(cls) -> str:
        return "<Task of no job>" if node.running.get() is None else f"<Task {cls.uid} of {cls.jobname}>"


class Task(metaclass=_Facts):
    """The task that is running; ask the class itself, or any instance of it: `Task.host`, `Task.get(key)`.

    Facts of both generations: jobname, host, master, netloc, port, disco_port, put_port, stage, mode, id, taskid,
    partid, ispartitioned, group, group_label, group_host, grouping, uid, run_id, inputs, jobdict, jobobjs, settings,
    jobpath, taskpath, lib, jobfile, blobs; path(name), url(name, scheme), output_filename(label), open_url(url),
    put(key, value), get(key), track_status(iterator, template). A name that it has not is looked up among the job's
    parameters, alone and behind the stage: `Task.params`, `Task.reader`.

    Outside a task there is nothing to tell:

    >>> Task.host
    Traceback (most recent call last):
        ...
    disco_sim.error.DiscoError: Task.host was asked for outside a task; ...
    """

    def __init__(self, *arguments: Any, **facts: Any) -> None:
        """Any instance tells of the running task; what it is made with does not matter."""

    def __getattr__(self, name: str) -> Any:
        return getattr(type(self), name)

    def __dir__(self) -> list[str]:
        return dir(type(self))

    def __repr__(self) -> str:
        return repr(type(self))


def _context(fact: str) -> Any:
    """The context of the running task."""
    context = node.running.get()
    if context is None:
        raise DiscoError(
            f"Task.{fact} was asked for outside a task; Task tells of the task that is running, inside job functions, "
            "and not in threads that they start. Outside, job.tasks shows every task of a job",
            fact=fact,
        )
    return context
