"""A program that runs beside its task: what it is sent, what it answers, and what it says on its error stream.

One thread drives all three pipes, so that neither side can block the other for ever, however much the program writes
before it reads.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event

_CHUNK_BYTES = 1 << 16
# Real seconds, which decide nothing but how soon a program that is gone is noticed, and when asking it to end is over.
_LOOK_S = 0.2
_MOST_LOOKS_AFTER = 32
_ASK_S = 0.01
_MOST_ASKS = 50


class Child:
    """A child process with its pipes; `say` gets each line of its error stream, in order, on the thread that drives it.

    Raises:
        OSError: If it cannot be started.
    """

    def __init__(self, command: Sequence[str], say: Callable[[str], None]) -> None:
        import selectors
        import subprocess

        # In a session of its own: Ctrl-C is for the notebook, and what the program starts can be ended with it.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert stdin is not None and stdout is not None and stderr is not None
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        os.set_blocking(self._stdin.fileno(), False)
        os.set_blocking(self._stderr.fileno(), False)
        self._say = say
        self._unsent = memoryview(b"")
        self._is_last = False
        self._is_killed = False
        self._n_looks_after = 0
        self._answers = bytearray()
        self._line = b""
        self._selector = selectors.DefaultSelector()
        self._reads = selectors.EVENT_READ
        self._writes = selectors.EVENT_WRITE
        self._open = {"answers", "lines"}
        self._selector.register(self._stdout, self._reads, self._take_answers)
        self._selector.register(self._stderr, self._reads, self._take_lines)

    @property
    def is_ended(self) -> bool:
        """Whether it answers no more, and all of its answers have come."""
        return "answers" not in self._open

    def send(self, data: bytes, is_last: bool = False) -> None:
        """Write `data` as far as the program takes it now, and the rest while it is read from; `is_last`: and no more.

        A program that does not want it any more is no error.
        """
        self._is_last = self._is_last or is_last
        if self._stdin.closed:
            return
        is_idle = not self._unsent
        self._unsent = memoryview(data) if is_idle else memoryview(bytes(self._unsent) + data)
        if is_idle:
            self._write()
            if self._unsent:
                self._selector.register(self._stdin, self._writes, self._write)

    def read(self, n_bytes: int) -> bytes:
        """The next `n_bytes` that the program answers, fewer only if there are no more."""
        while len(self._answers) < n_bytes and "answers" in self._open:
            self._drive()
        data = bytes(self._answers[:n_bytes])
        del self._answers[:n_bytes]
        return data

    def listen(self) -> None:
        """Take what stands on the error stream by now."""
        while "lines" in self._open:
            try:
                self._take_lines()
            except BlockingIOError:
                return

    def finish(self) -> int:
        """Send no more, wait until the program has ended; its exit code, negative for the signal that ended it."""
        self.send(b"", is_last=True)
        while self._open:
            self._drive()
        code = self._process.wait()
        self._signal(signal.SIGKILL)
        return code

    def close(self) -> None:
        """End the program, and what it started, if it has not ended: it is asked first, and then made to."""
        if self._process.returncode is None:
            self._signal(signal.SIGTERM)
            for _ in range(_MOST_ASKS):
                if self._process.poll() is not None:
                    break
                Event().wait(_ASK_S)  # time.sleep is that of the task, and virtual
            self._signal(signal.SIGKILL)
            self._process.wait()
        for pipe in (self._stdin, self._stdout, self._stderr):
            pipe.close()
        self._selector.close()
        self._open.clear()

    def _drive(self) -> None:
        """Wait until a pipe gives something or takes something, and do that."""
        ready = self._selector.select(_LOOK_S)
        for key, _ in ready:
            key.data()
        if self._process.poll() is None:
            return
        # What it has written is in the pipes, and soon read; what goes on for ever is of somebody else.
        self._n_looks_after += 1
        if ready and self._n_looks_after < _MOST_LOOKS_AFTER:
            return
        # The program has ended, and something that it started keeps its pipes open.
        if not self._is_killed:
            self._is_killed = True
            self._signal(signal.SIGKILL)
            return
        # It is in a session of its own, so it cannot be reached, and is not part of the task any more.
        self._end_answers()
        self._end_lines()

    def _write(self) -> None:
        try:
            while self._unsent:
                self._unsent = self._unsent[os.write(self._stdin.fileno(), self._unsent[:_CHUNK_BYTES]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._unsent = memoryview(b"")
            self._is_last = True
        if self._stdin in self._selector.get_map():
            self._selector.unregister(self._stdin)
        if self._is_last:
            self._stdin.close()

    def _take_answers(self) -> None:
        data = os.read(self._stdout.fileno(), _CHUNK_BYTES)
        self._answers += data
        if not data:
            self._end_answers()

    def _take_lines(self) -> None:
        data = os.read(self._stderr.fileno(), _CHUNK_BYTES)
        if not data:
            self._end_lines()
        self._hear(data)

    def _hear(self, data: bytes) -> None:
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            self._say(line.decode(errors="replace").rstrip("\r"))

    def _end_answers(self) -> None:
        if "answers" in self._open:
            self._open.discard("answers")
            self._selector.unregister(self._stdout)

    def _end_lines(self) -> None:
        if "lines" in self._open:
            self._open.discard("lines")
            self._selector.unregister(self._stderr)
            if self._line:
                self._hear(b"\n")

    def _signal(self, number: int) -> None:
        """Send a signal to the program and to what it started, if there is anything left of them."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
