"""What crosses between a cluster and an engine: the work of one task run, and its outcome.

`TaskWork` holds everything that a run may ask for, so that any engine, in this process or another,
computes the same outcome from it. `TaskOutcome.depends_on` says which of it the code really read, and what it was.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from disco_sim.error import CommError, OOBKeyError
from disco_sim.model.columns import Columns
from disco_sim.model.plan import Output


class Blob(NamedTuple):
    """Stored data: `columns` (batches of pairs, in memory or in files), `pickled` (a pickle of a list of records) or
    `bytes` (a file's content).

    Pairs and records that could be changed by a reader are pickled, so every reader gets its own. `n_bytes` is an
    estimate for pairs and exact for bytes.
    """

    form: Literal["columns", "pickled", "bytes"]
    data: Any
    n_records: int
    n_bytes: int

    @classmethod
    def of_pairs(cls, pairs: Iterable[tuple[Any, Any]], n_bytes: int = 0) -> Blob:
        """A blob of pairs of plain data, in memory.

        >>> list(Blob.of_pairs([("a", 1), ("b", 2)]).records())
        [('a', 1), ('b', 2)]
        """
        columns = Columns.of(pairs)
        return cls("columns", (columns,), columns.n_records, n_bytes)

    def batches(self) -> Iterator[Columns | list[Any]]:
        """What a blob that holds pairs or records holds, some at a time; do not change the lists.

        Raises:
            DataError: If they were kept in a file that is gone or damaged.
        """
        if self.form == "pickled":
            return iter((pickle.loads(self.data),))
        return (batch.load() for batch in self.data)

    def records(self) -> Iterator[Any]:
        """The pairs or records of a blob, of which not all need to fit in memory."""
        for batch in self.batches():
            yield from batch if isinstance(batch, list) else batch.pairs()

    def pairs(self) -> list[Any]:
        """All pairs or records."""
        return list(self.records())

    @property
    def held_bytes(self) -> int:
        """An estimate of the memory that it takes."""
        if self.data is None:  # only its sizes are known
            return 0
        return sum(batch.held_bytes for batch in self.data) if self.form == "columns" else len(self.data)

    @property
    def n_spilled(self) -> int:
        """How many of its records are on disk, as memory was short."""
        if self.form != "columns":
            return 0
        return sum(batch.n_records for batch in self.data if batch.is_spilled)


class Memory(NamedTuple):
    """How much memory the pairs of one run may take, in bytes by estimate; what is beyond it goes to files in `folder`.

    A run may hold `buffer_bytes` before it writes what it has to disk, and leave `kept_bytes` of what it stores. More
    than `sent_bytes` it leaves in files, too, for another process to read them.
    """

    folder: Any
    buffer_bytes: int
    kept_bytes: int
    sent_bytes: int | None = None


class StoreView(Protocol):
    """What a task run may read of the stores, as of the virtual time it started."""

    def blob(self, url: str) -> Blob:
        """The data stored under `url`; DataError when it is not there."""

    def oob(self, key: str, job: str | None) -> str | bytes:
        """The committed out-of-band result of `job` (None: this job); OOBKeyError or OOBVisibilityError."""

    def latest_oob(self, key: str) -> str | bytes | None:
        """What any task of this job has put last under `key`, None if none has; CommError if none has put anything."""


@dataclass(frozen=True, slots=True)
class TaskWork:
    """All that one run of one task may ask for.

    `replica` is the index of the replica the scheduler chose; `luck` seeds the run's random numbers;
    `label` is what `this_partition()` answers; `n_tasks` is how many tasks the stage has. `bad` are (piece, replica,
    what is wrong) of input pieces that cannot be read, though they may be there. `grouping` made the task, of what has
    the label `group_label` and, where nodes are told apart, is on `group_host`. `task_id` counts through the whole job.
    `memory` is None where there is no limit.
    """

    job: str
    serial: int
    stage: str
    task: int
    attempt: int
    n_tasks: int
    label: int
    host: str
    master: str
    program: Any
    inputs: tuple[Output, ...]
    replica: int
    store: StoreView
    luck: int = 0
    oob_limit: int = 1000
    shuffle_order: str = "task"
    bad: tuple[tuple[int, int, str], ...] = ()
    grouping: str = "split"
    group_label: int = 0
    group_host: str = ""
    task_id: int = 0
    memory: Memory | None = None

    @property
    def uid(self) -> str:
        """A name of the task that is unique in its job, such as `map:0-a-4-2`: stage, group, task and job number.

        Its group is its label and the host that the URL of its input names, whatever node of the cluster has that.
        """
        return f"{self.stage}:{self.group_label}-{self.named_host}-{self.task_id}-{self.serial:x}"

    @property
    def named_host(self) -> str:
        """The host in the URL of the task's only input, or the node whose outputs it groups; '' for none."""
        if self.grouping != "split" or not self.inputs:
            return self.group_host
        scheme, found, rest = self.inputs[0].blob.partition("://")
        named = re.match(r"[A-Za-z0-9_.\-@:]*", rest.partition("/")[0] if found and scheme != "file" else "")
        return named[0].partition(":")[0].rpartition("@")[2] if named else ""


class Message(NamedTuple):
    """A line that a run sent: `at` is the share (0..1) of the run's records that had been read by then."""

    at: float
    level: str
    text: str


class Read(NamedTuple):
    """A replica of an input piece that a run read, by their numbers in its work: where they are is not its business."""

    piece: int
    replica: int
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The work that a run did, from which its virtual time follows; the same wherever the run and its inputs are.

    All but `cpu_s`, the CPU seconds that the run really took here, which differ from time to time: no part of equality
    and of the repr, and used only by costs that ask for them.
    """

    records_in: int = 0
    records_out: int = 0
    bytes_out: int = 0
    slept_s: float = 0.0
    read: tuple[Read, ...] = ()
    cpu_s: float = field(default=0.0, compare=False, repr=False)

    @property
    def bytes_in(self) -> int:
        """All bytes read, from this node and from others."""
        return sum(read.n_bytes for read in self.read)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run failed. kind `data` and `crash`: try again elsewhere; `memory`: try again once; `fatal`: the job ends.

    `lines` are the user's own source lines at the failure, `record` the input record at hand (its repr).
    """

    kind: Literal["data", "crash", "memory", "fatal"]
    reason: str
    error: BaseException
    trace: str = ""
    lines: str = ""
    record: str = ""


class OOBAnswer(NamedTuple):
    """What the stores answered when a run asked for an out-of-band result: a value, or the class and text of an error.

    `question` is a method of `StoreView`. Where the code `has_default`, it cannot tell why a key is missing, so the
    value is None then, whatever the reason.
    """

    question: str
    arguments: tuple[str | None, ...]
    has_default: bool
    value: str | bytes | None
    error: str = ""

    @classmethod
    def of(cls, store: StoreView, question: str, arguments: tuple[str | None, ...], has_default: bool) -> OOBAnswer:
        """What `store` answers now."""
        try:
            return cls(question, arguments, has_default, getattr(store, question)(*arguments))
        except Exception as error:
            return cls.raised(question, arguments, has_default, error)

    @classmethod
    def raised(cls, question: str, arguments: tuple[str | None, ...], has_default: bool, error: Exception) -> OOBAnswer:
        """An error as the answer."""
        is_missing = isinstance(error, OOBKeyError | CommError) or getattr(error, "is_missing", False)
        text = "" if has_default and is_missing else f"{type(error).__name__}: {error}"
        return cls(question, arguments, has_default, None, text)

    @property
    def is_lasting(self) -> bool:
        """Whether the answer is the same wherever and whenever the run happens: a value that a stage before has put, or
        a job that has ended.
        """
        return self.question == "oob" and self.value is not None


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What an outcome depends on beside the data of its input: what the code read of its surroundings, as it was.

    `host` is the node's name, `replica` the number of the replica it was to read, `inputs` the URLs of each input
    piece, `oob` the answers of the stores. None, and no answer, for what the code did not read.
    """

    host: str | None = None
    replica: int | None = None
    inputs: tuple[tuple[str, ...], ...] | None = None
    oob: tuple[OOBAnswer, ...] = ()

    def hold(self, work: TaskWork) -> bool:
        """Whether the code would read the same in another run of its task; if so, that run has the same outcome.

        >>> work = TaskWork("job", 0, "map", 0, 1, 1, 0, "node02", "master:8989", None, (), 0, store=None)
        >>> Dependencies().hold(work), Dependencies(host="node02").hold(work), Dependencies(host="node01").hold(work)
        (True, True, False)
        """
        return (
            (self.host is None or self.host == work.host)
            and (self.replica is None or self.replica == work.replica)
            and (self.inputs is None or self.inputs == urls_of(work.inputs))
            and all(answer == OOBAnswer.of(work.store, *answer[:3]) for answer in self.oob)
        )

    @property
    def are_lasting(self) -> bool:
        """Whether they hold for any run of the task that reads the same data, on any cluster."""
        is_placed = self.host is not None or self.replica is not None or self.inputs is not None
        return not is_placed and all(answer.is_lasting for answer in self.oob)


NO_DEPENDENCIES = Dependencies()


def urls_of(inputs: Iterable[Output]) -> tuple[tuple[str, ...], ...]:
    """The URLs of the replicas of each input piece."""
    return tuple([tuple(piece.urls) for piece in inputs])


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What one run produced; it becomes visible as a whole, at the run's virtual end, if `failure` is None.

    Another run of the task has the same outcome if what it `depends_on` would be answered alike.
    """

    outputs: tuple[tuple[int, Blob], ...] = ()
    oob: tuple[tuple[str, str | bytes], ...] = ()
    messages: tuple[Message, ...] = ()
    counts: Counts = field(default_factory=Counts)
    failure: Failure | None = None
    depends_on: Dependencies = NO_DEPENDENCIES
