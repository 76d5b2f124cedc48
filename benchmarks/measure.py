"""What a whole program takes, with all processes that it starts: CPU, wall and memory.

The program runs below a small supervisor, which inherits processes that lose their parent, and waits for each: so the
CPU seconds are those that the kernel counted, of all of them. Memory is looked at ten times a second, and what the
processes hold at that moment is summed; what two of them share counts twice. Works on Linux, which has /proc.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

SAMPLED_EVERY_S = 0.1
LEFT_ALONE_S = 10.0
"""How long what a program leaves behind may go on after it has ended."""

SET_CHILD_SUBREAPER = 36  # of prctl(2)


class Cost(NamedTuple):
    """What a program took, and the answer that it printed last."""

    cpu_s: float
    wall_s: float
    peak_bytes: int
    answer: str


class Failed(Exception):
    """The program did not come to its end, or within its limits; the message says why, in a few words."""


def measured(command: Sequence[str], variables: Mapping[str, str], limit_s: float, limit_bytes: int) -> Cost:
    """Run a program with these environment variables more.

    Raises:
        Failed: it ended with an error, or took more than its limits.
    """
    asked = json.dumps([list(command), limit_s, limit_bytes])
    # Isolated, the supervisor sees none of the variables, which are the program's.
    supervisor = [sys.executable, "-I", __file__, asked]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | dict(variables)
    done = subprocess.run(supervisor, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise Failed(f"the supervisor ended with {done.returncode}")
    told = json.loads(done.stdout)
    if told["failure"]:
        raise Failed(told["failure"])
    return Cost(told["cpu_s"], told["wall_s"], told["peak_bytes"], told["answer"])


class Sampler(threading.Thread):
    """Looks at the processes below this one while they run, and ends them all when they take too much."""

    def __init__(self, limit_s: float, limit_bytes: int) -> None:
        super().__init__(daemon=True)
        self.limit_s, self.limit_bytes = limit_s, limit_bytes
        self.peak_bytes = 0
        self.failure = ""
        self.ended_s: float | None = None  # when the program itself ended

    def run(self) -> None:
        started_s = time.monotonic()
        while True:
            time.sleep(SAMPLED_EVERY_S)
            tree = descendants(os.getpid())
            self.peak_bytes = max(self.peak_bytes, sum(map(resident_bytes, tree)))
            now_s = time.monotonic()
            if self.ended_s is None:
                if self.peak_bytes > self.limit_bytes:
                    self.failure = f"stopped at {self.limit_bytes / 1e9:.1f} GB"
                elif now_s - started_s > self.limit_s:
                    self.failure = f"stopped after {self.limit_s:.0f} s"
            if self.failure or (self.ended_s is not None and now_s - self.ended_s > LEFT_ALONE_S):
                for process in tree:
                    try:
                        os.kill(process, signal.SIGKILL)
                    except ProcessLookupError:
                        continue  # it has just ended by itself


def descendants(ancestor: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path("/proc", name, "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it has just ended
            parent = int(stat.rpartition(")")[2].split()[1])  # a program's name may hold blanks and brackets
            children.setdefault(parent, []).append(int(name))
    found = list(children.get(ancestor, ()))
    for process in found:
        found.extend(children.get(process, ()))
    return found


def resident_bytes(process: int) -> int:
    """What a process holds in memory; 0 when it has ended."""
    try:
        return int(Path("/proc", str(process), "statm").read_bytes().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def supervise(command: list[str], limit_s: float, limit_bytes: int) -> dict[str, object]:
    """Run a program and wait for all that it started."""
    if ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError("this system does not hand orphans on (prctl PR_SET_CHILD_SUBREAPER)")
    sampler = Sampler(limit_s, limit_bytes)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started_s = time.monotonic()
        program = subprocess.Popen(command, stdout=output, stderr=errors)
        sampler.start()
        while True:
            try:
                process, status = os.waitpid(-1, 0)
            except ChildProcessError:
                break
            if process == program.pid:
                sampler.ended_s = time.monotonic()
                wall_s = sampler.ended_s - started_s
                program.returncode = os.waitstatus_to_exitcode(status)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        answer, error = last_line(output), last_line(errors)
    failure = sampler.failure
    if program.returncode and not failure:
        failure = error or f"ended with {program.returncode}"
    return {
        "cpu_s": used.ru_utime + used.ru_stime,
        "wall_s": wall_s,
        # A short program has its peak between two looks; the largest single process is known to the kernel.
        "peak_bytes": max(sampler.peak_bytes, used.ru_maxrss * 1024),
        "answer": answer,
        "failure": failure,
    }


def last_line(file: IO[bytes]) -> str:
    """The last line of text in a file that is not empty."""
    file.seek(0)
    return (file.read().decode("utf-8", "replace").strip().splitlines() or [""])[-1].strip()


if __name__ == "__main__":
    print(json.dumps(supervise(*json.loads(sys.argv[1]))))
