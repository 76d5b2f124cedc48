"""The running task, as `put`, `get` and the other worker functions see it."""

from __future__ import annotations

from contextlib import suppress
from operator import index
from typing import Any, Literal, NamedTuple, Protocol

from disco_sim.error import CommError, OOBKeyError, OOBLimitError, OOBPutError
from disco_sim.model.dialect import Dialect
from disco_sim.model.work import NO_DEPENDENCIES, Dependencies, OOBAnswer, Read, TaskWork, urls_of
from disco_sim.runtime.pace import Pace
from disco_sim.runtime.putting import check_documented, check_observed
from disco_sim.tables import shown as shown
from disco_sim.tables import without_addresses, writable

_RECORD_S = 1e-6
"""What a record takes by itself, as long as nobody says anything else: the time that passes between a run's lines."""

# What the real time.sleep takes at most: 2**63 nanoseconds.
_LONGEST_SLEEP_S = 9_223_372_036


def reason_of(error: BaseException) -> str:
    """The type of a user's error and what it says, as an event tells it; never an error, never a memory address."""
    try:
        text = str(error)
    except BaseException as broken:
        text = f"(its message cannot be shown: __str__ raised {type(broken).__name__})"
    name = type(error).__name__
    return writable(f"{name}: {without_addresses(text)}" if text else name)


class SentMessage(NamedTuple):
    """A line that was sent when `n_read` records had been read."""

    n_read: int
    level: str
    text: str


class Position(Protocol):
    """How far somebody is in some records: how many are taken, and the one taken last (None before the first)."""

    @property
    def n_taken(self) -> int: ...
    @property
    def record(self) -> Any: ...


class TaskContext:
    """One run of one task: what its code read of its surroundings, put and said."""

    def __init__(self, work: TaskWork) -> None:
        self._work = work
        self._dialect: Dialect = work.program.dialect
        self._pace = Pace() if self._dialect.messages_are_limited else None
        self.results: dict[str, str | bytes] = {}
        self.n_puts = 0
        self.messages: list[SentMessage] = []
        self._reads: set[str] = set()
        self._answers: dict[tuple[str, tuple[str | None, ...], bool], OOBAnswer] = {}
        self.slept_s = 0.0
        self.is_interruptible = False
        self.read: list[Read] = []
        self._n_done = 0
        self._record: Any = None
        self._position: Position | None = None

    # -- what job functions call -----------------------------------------------------------------

    def put(self, key: Any, value: Any) -> None:
        """Keep an out-of-band result until the run ends."""
        self.n_puts += 1
        where = f"task {self._work.stage}:{self._work.task}"
        if self.n_puts > self._work.oob_limit:
            raise OOBLimitError(
                f"{where} of job {self._work.job!r} made put() call number {self.n_puts}, of key {key!r}; one run "
                f"may put {self._work.oob_limit} results at most, so that no task overwhelms its node: send them "
                "through the normal output, or make the cluster with Disco(oob_limit=...)",
                key=key,
                limit=self._work.oob_limit,
            )
        if not self._dialect.oob_is_strict:
            self.results[key] = check_observed(key, value, where)
            return
        value = check_documented(key, value, where)
        if key in self.results:
            raise OOBPutError(
                f"OOB key {key!r} was put twice by {where}; a key is unique in its job: collect in a variable and put "
                "once, or make keys differ with this_partition()",
                key=key,
            )
        self.results[key] = value

    def get(self, key: str, job: str | None, has_default: bool = False) -> str | bytes | None:
        """An out-of-band result that this run may see; None for a missing one where that is no error.

        Who `has_default` for it treats all reasons for which a key is missing alike.
        """
        job = None if job == self._work.job else job
        if self._dialect.oob_is_strict:
            return self._ask("oob", has_default, key, job)
        if job is None and key in self.results:
            return self.results[key]
        # Its own results are results of the job, so with one of them what is missing is no longer an error.
        has_results = bool(self.results)
        with suppress(OOBKeyError, *[CommError] * has_results):
            return self._ask("latest_oob", has_results, key) if job is None else self._ask("oob", True, key, job)
        return None

    def _ask(self, question: str, has_default: bool, *arguments: str | None) -> str | bytes | None:
        """Ask the stores, and note the answer: the outcome depends on it."""
        key = question, arguments, has_default
        try:
            value: str | bytes | None = getattr(self._work.store, question)(*arguments)
        except Exception as error:
            # What is no key at all is refused by any store, at any time.
            if isinstance(arguments[0], str):
                self._answers[key] = OOBAnswer.raised(*key, error)
            raise
        self._answers[key] = OOBAnswer(*key, value)
        return value

    def message(self, level: str, text: str) -> None:
        """Send a line."""
        n_read = self.n_read
        self.messages.append(SentMessage(n_read, level, writable(text, len(text))))
        # What the system warns of is no line of the task's.
        if self._pace is not None and level != "WARN":
            self.slept_s += self._pace.delay_s(self.slept_s + n_read * _RECORD_S)

    @property
    def work(self) -> TaskWork:
        """All facts of the run; who reads one that may differ in another run of the task has to `note_read` it."""
        return self._work

    @property
    def name(self) -> str:
        """The job's full name."""
        return self._work.job

    @property
    def host(self) -> str:
        """The node's host name."""
        self.note_read("host")
        return self._work.host

    @property
    def master(self) -> str:
        """The master's host and port, or its URL."""
        return f"http://{self._work.master}" if self._dialect.master_is_url else self._work.master

    @property
    def partition(self) -> int:
        """The task's number in its stage, or its label."""
        return self._work.label if self._dialect.map_tasks_are_numbered else self._work.group_label

    @property
    def inputs(self) -> list[Any]:
        """The input URLs as the user wrote them: text, or a list of replicas."""
        self.note_read("inputs")
        if self._dialect.inputs_are_replica_lists:
            return [list(piece.urls) for piece in self._work.inputs]
        return [[url for _, url in piece.replicas] if piece.alternatives else piece.blob for piece in self._work.inputs]

    # -- what the outcome depends on ---------------------------------------------------------------

    def note_read(self, what: Literal["host", "replica", "inputs"]) -> None:
        """The code has seen the run's host, its replica, or the URLs of its inputs."""
        self._reads.add(what)

    @property
    def depends_on(self) -> Dependencies:
        """What the code has read so far, as it was."""
        reads, work = self._reads, self._work
        if not reads and not self._answers:
            return NO_DEPENDENCIES
        return Dependencies(
            work.host if "host" in reads else None,
            work.replica if "replica" in reads else None,
            urls_of(work.inputs) if "inputs" in reads else None,
            tuple(self._answers.values()),
        )

    # -- how far the run has come ------------------------------------------------------------------

    def note(self, n_read: int, record: Any) -> None:
        """The record at hand is the `n_read`-th."""
        self._n_done = n_read
        self._record = record

    def follow(self, position: Position) -> None:
        """From here on records are taken without a word; how far they are, `position` can be asked at any time."""
        self._n_done = self.n_read
        self._position = position

    def unfollow(self) -> None:
        """The records that were followed are done; from here on they are noted one by one."""
        self._n_done = self.n_read
        self._position = None

    @property
    def n_read(self) -> int:
        """How many records the run has read."""
        return self._n_done + (0 if self._position is None else self._position.n_taken)

    @property
    def record(self) -> Any:
        """The record at hand, None before the first."""
        return self._record if self._position is None else self._position.record

    def sleep(self, seconds: Any) -> None:
        """Let virtual time pass: costs no real time, and counts as CPU seconds of the run.

        Takes what time.sleep takes: other kinds of numbers would make every later time of that kind.
        """
        if not isinstance(seconds, float):
            seconds = index(seconds)
        if not seconds >= 0:
            raise ValueError("sleep length must be non-negative")
        if seconds > _LONGEST_SLEEP_S:
            raise OverflowError("timestamp too large to convert to C PyTime_t")
        self.slept_s += float(seconds)
