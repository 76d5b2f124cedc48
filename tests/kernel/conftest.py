"""A live kernel for tests: what only happens in one, such as %debug and input, is tried in one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Kernel:
    """A running kernel; `execute` runs a cell in it as a front end would."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client

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


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    """A fresh kernel in an empty folder, without the user's own profile."""
    manager, client = start_new_kernel(
        kernel_name="python3", cwd=str(tmp_path), env={**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}
    )
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
