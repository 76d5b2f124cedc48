"""A live kernel for tests: what only happens in one, such as %debug and input, is tried in one."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

UNDERWAY_MS = 300
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Kernel:
    """A running kernel; `execute` runs a cell in it as a front end would."""

    def __init__(self, client: BlockingKernelClient, pid: int) -> None:
        self.client = client
        self.pid = pid

    def execute(self, code: str, answers: Sequence[str] = (), timeout_s: float = 60) -> str:
        """Run `code`, type one of `answers` at each prompt, and return all that was shown, without colours.

        Prompts and answers stand in the text too, as they do under a cell. A prompt that no answer is left for
        is an error (it gets a "q", which ends pdb), and so is an answer that nobody asked for.
        """
        shown: list[str] = []
        left = list(answers)
        unanswered: list[str] = []

        def show(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                shown.append(content["text"])
            elif message["msg_type"] in ("execute_result", "display_data"):
                shown.append(content["data"].get("text/plain", "") + "\n")
            elif message["msg_type"] == "error":
                shown.append("\n".join(content["traceback"]) + "\n")

        def answer(message: dict[str, Any]) -> None:
            prompt = message["content"]["prompt"]
            # Prompts travel on another socket than what was shown before them, which may arrive a little later.
            shown_before = self.client.iopub_channel.socket
            while shown_before.poll(UNDERWAY_MS):
                show(self.client.session.recv(shown_before, mode=0)[1])
            if not left:
                unanswered.append(prompt)
                self.client.input("q")
                return
            shown.append(f"{prompt}{left[0]}\n")
            self.client.input(left.pop(0))

        self.client.execute_interactive(code, allow_stdin=True, timeout=timeout_s, output_hook=show, stdin_hook=answer)
        text = COLOUR.sub("", "".join(shown))
        assert not unanswered, f"no answer for the prompts {unanswered} after:\n{text}"
        assert not left, f"nobody asked for {left}; shown was:\n{text}"
        return text

    @contextmanager
    def interrupted_when(self, is_time: Callable[[], bool], timeout_s: float = 30) -> Iterator[None]:
        """Press the stop button of the notebook once `is_time()`, while the body waits for a cell."""

        def press() -> None:
            deadline = time.monotonic() + timeout_s
            while time.monotonic() < deadline and not is_time():
                time.sleep(0.05)
            os.kill(self.pid, signal.SIGINT)  # what the manager does too, but with an event loop of its own

        finger = Thread(target=press)
        finger.start()
        try:
            yield
        finally:
            finger.join()


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    """A fresh kernel in an empty folder, without the user's own profile."""
    manager, client = start_new_kernel(
        kernel_name="python3", cwd=str(tmp_path), env={**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}
    )
    try:
        yield Kernel(client, manager.provisioner.pid)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
