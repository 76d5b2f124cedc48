"""A worker process from outside: how it is started, told, heard and ended, and of what it died."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import sys
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from disco_sim.error import DiscoError

if TYPE_CHECKING:
    import subprocess
    from multiprocessing.connection import Connection

_START = (
    "import sys; number, folder, *sys.path[:] = sys.argv[1:]; "
    "__import__('disco_sim.engine.child', fromlist=['main']).main(int(number), folder)"
)
"""Not a module that is run by name: that would be `__main__`, in which what the user's own refers to is looked for."""

_UNREAD_BYTES = 1 << 15
"""What is sent at most while the process may not be reading. It waits in the socket; what does not fit there would stop
this process, which the other one may be waiting for.
"""

_SOCKET_BYTES = 1 << 17
_END_S = 0.5
"""Real seconds for a process to be gone that has closed its socket."""


class Died(Exception):
    """A worker process is not there any more."""


class WorkerProcess:
    """A process with a socket to it, and the runs that it was given: `at_hand`, the one that it computes first.

    It is in a session of its own, so that Ctrl-C is for this process alone, and what it starts ends with it. So does
    `folder`, an empty one for its runs.

    Raises:
        DiscoError: If the system does not start it.
    """

    def __init__(self, folder: str) -> None:
        import socket
        import subprocess
        from multiprocessing.connection import Connection

        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
        environment = dict(os.environ)
        if sys.flags.hash_randomization and not environment.get("PYTHONHASHSEED", "").isdecimal():
            environment["PYTHONHASHSEED"] = "0"  # a set of text has the same order in all of them
        # As multiprocessing does, so that code means the same there as in an interpreter with the same flags.
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        with theirs:
            try:
                self._process: subprocess.Popen[bytes] = subprocess.Popen(
                    [sys.executable, *flags, "-c", _START, str(theirs.fileno()), folder, *sys.path],
                    stdin=subprocess.DEVNULL,
                    stdout=2,
                    pass_fds=(theirs.fileno(),),
                    env=environment,
                    start_new_session=True,
                )
            except BaseException as error:
                ours.close()
                shutil.rmtree(folder, ignore_errors=True)
                if not isinstance(error, OSError):
                    raise
                raise DiscoError(
                    f"a worker process of this engine could not be started: {error}; it runs sys.executable, which is "
                    f"{sys.executable!r}, and needs memory and a free process of the system: leave engine= out until "
                    "it can be started",
                    how=str(error),
                ) from error
        self._folder = folder
        self.connection: Connection = Connection(ours.detach())
        self.at_hand: deque[Any] = deque()
        self.is_ready = False
        self.programs: set[int] = set()
        self.surroundings: Any = None
        self._unsent: deque[bytes] = deque()
        self._n_sent = 0

    def give(self, run: Any, message: bytes) -> None:
        """Let it compute a run after those that it has; it may be told of it later.

        Raises:
            Died: If it is gone.
        """
        self.at_hand.append(run)
        self._unsent.append(message)
        self.send()

    def send(self) -> None:
        """Tell it of the runs that it was given, as far as it can be told now.

        Raises:
            Died: If it is gone.
        """
        while self._unsent and (not self._n_sent or len(self._unsent[0]) <= _UNREAD_BYTES):
            self._n_sent += 1
            self._write(self._unsent.popleft())

    def answer(self, *message: Any) -> None:
        """Answer the question for which it waits.

        Raises:
            Died: If it is gone.
        """
        self._write(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))

    def hear(self) -> tuple[Any, ...]:
        """What it says next.

        Raises:
            Died: If it says no more.
        """
        try:
            message: tuple[Any, ...] = pickle.loads(self.connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise Died from error
        return message

    def done(self) -> Any:
        """The run that it has told the end of."""
        self._n_sent -= 1
        return self.at_hand.popleft()

    @property
    def is_gone(self) -> bool:
        """Whether the process has ended, though its socket may still be held open by what it started."""
        return self._process.poll() is not None

    def end(self) -> None:
        """End it, and what it started in its own session; its folder is removed."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def why_gone(self) -> str:
        """Of what it died; it is ended first, if it has only stopped listening."""
        from subprocess import TimeoutExpired

        try:
            code = self._process.wait(_END_S)
            how = f"exit status {code}"
            if code < 0:
                how = f"killed by signal {-code} ({signal.Signals(-code).name})"
        except TimeoutExpired:
            how = "closed its connection"
        except ValueError:
            how = f"killed by signal {-code}"
        self.end()
        return how

    def _write(self, message: bytes) -> None:
        try:
            self.connection.send_bytes(message)
        except OSError as error:
            raise Died from error


def check_platform() -> None:
    """Make sure that there can be worker processes.

    Raises:
        DiscoError: On a platform where a process cannot be handed an open socket.
    """
    if os.name != "posix":
        raise DiscoError(
            f"Processes() was called on {sys.platform}; worker processes are handed a socket, which only POSIX systems "
            "such as Linux and macOS can do: use the engine disco_sim.engine.inline.Inline(), or leave engine= out"
        )
