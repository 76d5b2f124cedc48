"""wait() in a live kernel: which outputs a cell gets, and what of them a notebook keeps, always the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.kernel.conftest import Kernel

pytestmark = pytest.mark.kernel

OUTPUTS = ("stream", "display_data", "execute_result", "error", "update_display_data")

COUNT = """
from disco_sim import Disco

def fun_map(line, params):
    print("got", line)
    for word in line.split():
        yield word, 1

def fun_reduce(pairs, params):
    for word, counts in kvgroup(sorted(pairs)):
        yield word, sum(counts)

disco = Disco("disco://master:9000", nodes=2)
job = disco.new_job(name="count", input=["raw://to be", "raw://or not"], map=fun_map, reduce=fun_reduce, partitions=2)
len(job.wait())
"""


def messages_of(kernel: Kernel, code: str) -> list[dict[str, Any]]:
    """What the kernel sends to the front end while it runs a cell."""
    messages: list[dict[str, Any]] = []
    kernel.client.execute_interactive(code, timeout=60, output_hook=messages.append)
    return messages


def outputs_of(kernel: Kernel, code: str) -> list[Any]:
    """The outputs of a cell as a front end has them in the end: text, bundles, names of errors."""
    outputs: list[Any] = []
    numbers: dict[str, int] = {}
    for message in messages_of(kernel, code):
        kind, content = message["msg_type"], message["content"]
        display_id = content.get("transient", {}).get("display_id")
        if kind == "update_display_data":
            outputs[numbers[display_id]] = content["data"]
        elif kind == "stream" and outputs and isinstance(outputs[-1], str):
            outputs[-1] += content["text"]
        elif kind in OUTPUTS:
            numbers[display_id] = len(outputs)
            outputs.append(content.get("text") or content.get("data") or content["ename"])
    return outputs


def test_a_cell_keeps_what_was_printed_and_the_last_state(kernel: Kernel) -> None:
    """The place of the live picture is left empty, then come the prints, the last state, and the cell's own value."""
    place, printed, end, value = outputs_of(kernel, COUNT)
    assert place == {"text/plain": "", "text/html": ""}
    assert printed == "got to be\ngot or not\n"
    assert sorted(end) == ["text/html", "text/plain"]
    assert end["text/plain"].splitlines()[1] == (
        "  map     0 waiting, 0 running, 2 done, 0 failed · 4.0 records/s · 0.500 s"
    )
    assert end["text/html"].startswith('<div class="dsim-progress"')
    assert value == {"text/plain": "2"}


def test_two_runs_of_a_cell_keep_the_same(kernel: Kernel) -> None:
    """Nothing that a notebook keeps depends on real time."""
    first = outputs_of(kernel, COUNT)
    kernel.execute("disco.close()")
    assert outputs_of(kernel, COUNT) == first


def test_while_it_runs_its_place_changes(kernel: Kernel) -> None:
    """The first output is empty, then changed to the first state, and empty again at the end; no widget is opened."""
    messages = messages_of(kernel, COUNT)
    places = [
        message["content"]["data"] for message in messages if "display_id" in message["content"].get("transient", {})
    ]
    nothing = {"text/plain": "", "text/html": ""}
    assert (places[0], places[-1]) == (nothing, nothing)
    assert "active" in places[1]["text/plain"] and places[1]["text/html"].startswith('<div class="dsim-progress"')
    assert not [message for message in messages if message["msg_type"] == "comm_open"]


def test_an_error_comes_after_the_last_state(kernel: Kernel) -> None:
    """A job that dies, and one that is not ready in time, are shown before their error."""
    kernel.execute(COUNT)
    dead = outputs_of(kernel, "disco.new_job(name='bad', input=['raw://a'], map=lambda line, params: 1 / 0).wait()")
    assert (": dead, " in dead[1]["text/plain"], dead[2:]) == (True, ["JobError"])
    late = outputs_of(kernel, "disco.new_job(name='late', input=['raw://a'], map=fun_map).wait(timeout=0.25)")
    assert late[1]["text/plain"].splitlines()[-1] == "  nodes  1 of 4 slots busy  ▅·"
    assert late[2:] == ["JobError"]


def test_an_interrupt_comes_after_the_last_state(kernel: Kernel, tmp_path: Path) -> None:
    """The stop button leaves the state of a dead job, and nothing else."""
    begun = tmp_path / "begun"
    code = f"""
from disco_sim import Disco

def forever(line, params):
    open({str(begun)!r}, "w").close()
    while True: pass

Disco().new_job(name="forever", input=["raw://a"], map=forever).wait()
"""
    with kernel.interrupted_when(begun.exists):
        place, end, error = outputs_of(kernel, code)
    assert place == {"text/plain": "", "text/html": ""}
    assert ": dead, " in end["text/plain"]
    assert error == "KeyboardInterrupt"


def test_what_shows_nothing_leaves_nothing(kernel: Kernel) -> None:
    """A job that is over, and show=False, give a cell no output of ours."""
    kernel.execute(COUNT)
    assert outputs_of(kernel, "len(job.wait())") == [{"text/plain": "2"}]
    quiet = "len(disco.new_job(name='quiet', input=['raw://a'], map=lambda line, params: []).wait(show=False))"
    assert outputs_of(kernel, quiet) == [{"text/plain": "1"}]
