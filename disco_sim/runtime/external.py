"""External programs as map and reduce: any language that reads its standard input and writes its standard output.

The first argument of the program is `map` or `reduce`, so that one program can be both; that is ours, Disco's
documentation does not tell of arguments.
"""

from __future__ import annotations

import os
import re
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from disco_sim.error import DiscoError
from disco_sim.model.work import TaskWork
from disco_sim.runtime.child import Child
from disco_sim.runtime.context import TaskContext
from disco_sim.runtime.inputs import Opener
from disco_sim.runtime.sandbox import shown
from disco_sim.runtime.wire import NUMBER, Pair, as_bytes, encoded, packed, read_number, read_pairs, with_length

_TAGGED = re.compile(r"\*\*<(MSG|ERR)> ?(.*)")
_MOST_LINES = 5


class External:
    """An external program as a job function; it starts with its first call in a run, and never outlives the run.

    `given` are its files, by name; `op` is the one that is run. `parameters` is what it gets first, None for nothing.
    """

    role: ClassVar[str]

    def __init__(self, given: Mapping[str, bytes], parameters: bytes | None = None) -> None:
        self.given = given
        self.parameters = parameters
        self.__name__ = f"external {self.role}"
        self._task = ""
        self._context: TaskContext | None = None
        self._child: Child | None = None
        self._lines: deque[str] = deque(maxlen=_MOST_LINES)

    def __reduce__(self) -> tuple[Any, ...]:
        # The files travel with the program of the job, and stand in the task's folder.
        return type(self), ({}, self.parameters)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(sorted(self.given))})"

    @property
    def folder(self) -> str:
        """The folder of its files, within that of a task."""
        return f"ext.{self.role}"

    def begin(self, work: TaskWork, context: TaskContext) -> None:
        """From here on it may be called, as part of this run."""
        self._task = f"{work.stage}:{work.task}"
        self._context = context

    def finish(self) -> None:
        """Tell the program that there are no more records, and wait until it has ended.

        Raises:
            DiscoError: If it failed, or wrote more than it should.
        """
        if self._child is None:
            return
        self._check_exit("after its last record")
        rest = self._child.read(NUMBER.size)
        if rest:
            raise self._wrong(f"it wrote {rest!r} after its last answer")
        self.close()

    def close(self) -> None:
        """End the program, if it has not ended."""
        if self._child is not None:
            self._child.close()
            self._child = None

    def _started(self) -> Child:
        if self._child is not None:
            return self._child
        if self._context is None:
            raise DiscoError(
                f"an external program was called as a function, outside of a {self.role} task; it can only be run by "
                f"a job: new_job(..., {self.role}=external([...]))"
            )
        path = os.path.abspath(os.path.join(self.folder, "op"))
        # An interrupt waits until the program can be ended.
        is_interruptible, self._context.is_interruptible = self._context.is_interruptible, False
        try:
            os.chmod(path, 0o755)
            self._child = Child([path, self.role], self._say)
        except OSError as error:
            raise DiscoError(
                f"the external program of {self._task} cannot be started: {error.strerror or error}; its file 'op' is "
                "an executable of the nodes' kind of machine, or a script whose first line is #! and the path of an "
                "interpreter that is there, with lines that end in \\n alone",
                task=self._task,
            ) from error
        finally:
            self._context.is_interruptible = is_interruptible
        if self.parameters is not None:
            self._child.send(with_length(self.parameters))
        return self._child

    def _say(self, line: str) -> None:
        assert self._context is not None
        self._lines.append(line)
        tagged = _TAGGED.match(line)
        if tagged and tagged[1] == "ERR":
            raise DiscoError(
                f"the external program of {self._task} ended the job: {tagged[2]}", task=self._task, text=tagged[2]
            )
        self._context.message("MSG", tagged[2] if tagged else line)

    @contextmanager
    def _reading(self, when: str) -> Iterator[None]:
        """Within it what the program writes is read; what it writes wrong is told as its error."""
        try:
            yield
        except ValueError as error:
            assert self._child is not None
            self._child.listen()
            if self._child.is_ended:
                self._check_exit(when)
            raise self._wrong(str(error)) from None
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(
                f"The external program of {self._task} was waited for; one that keeps its answers in a buffer is "
                "waited for without end: flush the standard output after each of them"
            )
            raise

    def _check_exit(self, when: str) -> None:
        """Wait for the end of the program, and make sure that it ended well."""
        assert self._child is not None
        code = self._child.finish()
        if code:
            how = f"exit code {code}" if code > 0 else f"signal {_signal_name(-code)}"
            raise DiscoError(
                f"the external program of {self._task} ended with {how} {when}; a program that did its work ends "
                f"with exit code 0 once its standard input has ended. {self._last_lines()}",
                task=self._task,
                code=code,
            )

    def _wrong(self, what: str) -> DiscoError:
        return DiscoError(
            f"the external program of {self._task} does not keep to the format: {what}; {_RULES[self.role]}. The "
            "standard output is for that alone: print to the standard error, where each line is a message of the "
            f"task. {self._last_lines()}",
            task=self._task,
        )

    def _last_lines(self) -> str:
        if not self._lines:
            return "It wrote nothing to its standard error"
        return "The last lines of its standard error: " + " | ".join(self._lines)


_RULES = {
    "map": (
        "for every record it gets, a map program writes a number n and then n pairs, n = 0 for none, and flushes; "
        "every number is 4 bytes, the lowest first, and every key and value stands behind its length"
    ),
    "reduce": (
        "a reduce program writes lists of pairs, a number n and then n pairs; every number is 4 bytes, the lowest "
        "first, and every key and value stands behind its length"
    ),
}


class ExternalMap(External):
    """An external program as a map function: it answers each record before it gets the next one."""

    role = "map"

    def __call__(self, record: Any, params: Any) -> list[Pair]:
        """The pairs that the program answers."""
        child = self._started()
        child.send(packed(record))
        when = f"before it had answered the record {shown(record)}"
        with self._reading(when):
            n_pairs = read_number(child.read)
            if n_pairs is None:
                self._check_exit(when)
                raise self._wrong(f"it ended {when}")
            pairs = list(read_pairs(child.read, n_pairs))
        # What it said before it answered is there by now, and belongs to this record.
        child.listen()
        return pairs


class ExternalReduce(External):
    """An external program as a reduce function: it gets all pairs of its partition and writes when it likes."""

    role = "reduce"

    def __call__(self, pairs: Iterable[Any], params: Any) -> Iterator[Pair]:
        """The pairs that the program writes."""
        # All is read before it starts: how far it would have come with a part of it depends on how fast it is.
        data = b"".join(map(packed, pairs))
        try:
            child = self._started()
            child.send(data, is_last=True)
            with self._reading("before the end of its output"):
                while (n_pairs := read_number(child.read)) is not None:
                    yield from read_pairs(child.read, n_pairs)
            self.finish()
        finally:
            self.close()


_KINDS: Mapping[str, type[External]] = {"map": ExternalMap, "reduce": ExternalReduce}


def external_program(role: str, given: Mapping[Any, Any] | External, ext_params: Any) -> External:
    """The job function that stands for a program, which is given as its files by name, as `external(files)` gives them.

    Raises:
        DiscoError: If there is no file `op`, a name or a content is wrong, or the parameters are; and on a system
            without process groups, such as Windows.
    """
    if not hasattr(os, "killpg"):
        raise DiscoError(
            f"{role} is an external program, which can be run on Linux, macOS and other Unix systems alone, for it is "
            "ended together with all that it has started: give a function here",
            argument=role,
        )
    if isinstance(given, External):  # of a job that is submitted again
        return _KINDS[role](given.given, encoded(ext_params))
    way = f"{role}=external(['path/to/program', 'path/to/a/file/it/reads'])"
    if "op" not in given:
        raise DiscoError(
            f"{role} is an external program with the files {', '.join(map(repr, given)) or 'none'}; the one that is "
            f"run has the name 'op', and is missing: {way} of disco_sim.util makes such a dict",
            argument=role,
        )
    files: dict[str, bytes] = {}
    for name, content in given.items():
        if not isinstance(name, str) or name.startswith("/") or set(name.split("/")) & {"", ".", ".."}:
            raise DiscoError(
                f"{role} is an external program with a file of the name {name!r}; names stay inside the task's folder: "
                "text with no / in front or at the end, no . and no .. as a part",
                argument=role,
            )
        if not isinstance(content, (str, bytes, bytearray)):
            raise DiscoError(
                f"{role} is an external program whose file {name!r} is of type {type(content).__name__}; the dict has "
                f"the contents of files, bytes or text: {way} of disco_sim.util reads them",
                argument=role,
            )
        files[name] = as_bytes(content)
    return _KINDS[role](files, encoded(ext_params))


def files_of(function: Any) -> dict[str, bytes]:
    """The files of a job function that is an external program, as they stand in a task's folder; none for any other."""
    if not isinstance(function, External):
        return {}
    return {f"{function.folder}/{name}": content for name, content in function.given.items()}


def is_external(work: TaskWork) -> bool:
    """Whether the job function of a run is an external program."""
    return f"ext.{work.program.roles[work.stage]}/op" in work.program.files


def begun(function: Any, work: TaskWork, context: TaskContext, opener: Opener) -> External | None:
    """The external program that a job function is or stands for, ready to be called, ended by `opener` at the latest.

    None for a function of Python.
    """
    program = getattr(function, "__wrapped__", function)
    if not isinstance(program, External):
        return None
    program.begin(work, context)
    return opener.keep(program)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
