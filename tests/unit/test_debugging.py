"""job.debug() outside a notebook: plain pdb, fed with commands, in the frames a user looks for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from io import StringIO
from typing import Any

import pytest

from disco_sim import Disco, Job, JobError, result_iterator
from disco_sim.func import sum_reduce

Ask = Callable[..., str]


@pytest.fixture
def disco() -> Iterator[Disco]:
    """A cluster of two nodes."""
    with Disco(nodes=2) as disco:
        yield disco


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """`ask(job, "p line", "c", task="map:0")`: what job.debug shows when these commands are typed."""

    def debugged(job: Job, *commands: str, task: str | None = None) -> str:
        commands_left = StringIO("".join(f"{command}\n" for command in commands))
        monkeypatch.setattr(sys, "stdin", commands_left)
        capsys.readouterr()
        traced = sys.gettrace()
        job.debug(task)
        assert sys.gettrace() is traced
        assert commands_left.read() == "", "not every command was asked for"
        return capsys.readouterr().out

    return debugged


def count_words(line, params):
    """Pairs of a word and its length."""
    words = line.split()
    print("words", words)
    for word in words:
        yield word, len(word)


def first_word(line, params):
    """Fails for a line without words."""
    words = line.split()
    yield words[0], 1


def longest(pairs, params):
    """The longest key of a partition."""
    keys = sorted(key for key, _ in pairs)
    return [(max(keys, key=len, default=""), len(keys))]


def counted(disco: Disco, **parameters: Any) -> Job:
    """A finished job over two lines."""
    job = disco.new_job(name="count", **{"input": ["raw://to be", "raw://or not"], "map": count_words, **parameters})
    job.wait()
    return job


def state(job: Job) -> tuple[Any, ...]:
    """All there is to see of a job and its cluster."""
    return (
        repr(list(job.disco.cluster.log)),
        job._repr_mimebundle_(),
        list(result_iterator(job.results()[1])),
        job.disco.now_s,
    )


def test_a_failed_run_is_entered_where_it_failed(disco: Disco, ask: Ask) -> None:
    """The failing run is the one debugged; the reason is told, and the job function's variables can be read."""
    job = disco.new_job(name="first", input=["raw://to be", "raw:// "], map=first_word)
    with pytest.raises(JobError):
        job.wait()
    shown = ask(job, "p line, words", "up", "q")
    assert shown.startswith("map:1 on node02 fails: IndexError: list index out of range\n")
    assert "(' ', [])" in shown
    assert "Oldest frame" in shown, "above the job function there is nothing of ours"


@pytest.mark.parametrize("end", ["c", "q"])
def test_a_healthy_run_stops_at_the_first_line(disco: Disco, ask: Ask, end: str) -> None:
    """n and p work from the first line of the function on; however it ends, the job is what it was."""
    job = counted(disco)
    before = state(job)
    shown = ask(job, "p line", "n", "n", "p words", end)
    assert "-> words = line.split()" in shown and "'to be'" in shown
    assert "['to', 'be']" in shown
    assert shown.count("words ['to', 'be']\n") == 1, "prints are shown once, while the user steps"
    assert state(job) == before


def test_a_reduce_task_sees_its_pairs_again(disco: Disco, ask: Ask) -> None:
    """A task of the second stage is debugged by name, with the input it had."""
    job = counted(disco, reduce=longest, partitions=1)
    before = state(job)
    assert "['be', 'not', 'or', 'to']" in ask(job, "n", "p keys", "c", task="reduce:0")
    assert state(job) == before


@pytest.mark.parametrize(
    "function",
    [lambda line, params: [(line, 1)], partial(lambda factor, line, params: [(line, factor)], 2)],
    ids=["lambda", "partial"],
)
def test_lambdas_and_partials_are_entered(disco: Disco, ask: Ask, function: Any) -> None:
    """What wraps no statement stops at its one line."""
    assert "'to be'" in ask(counted(disco, map=function), "p line", "c")


def test_a_function_of_disco_sim_is_entered_too(disco: Disco, ask: Ask) -> None:
    """A reduce function out of disco_sim.func is stopped in like a user's own."""
    shown = ask(counted(disco, reduce=sum_reduce, partitions=1), "p params", "c", task="reduce:0")
    assert "sum_reduce()" in shown


def test_an_answer_that_is_wrong_stops_in_the_function_that_gave_it(disco: Disco, ask: Ask) -> None:
    """When the error comes after the function has returned, the debugger shows how it came to return that."""
    job = disco.new_job(name="seven", input=["raw://a"], map=lambda line, params: 7)
    with pytest.raises(JobError):
        job.wait()
    shown = ask(job, "p line", "c")
    assert shown.startswith("map:0 on node01 fails after the function has returned: DiscoError: map function")
    assert "\n(Pdb) 'a'\n" in shown


def test_an_error_in_a_function_of_disco_sim_stops_there(disco: Disco, ask: Ask) -> None:
    """When a ready-made reduce function fails on a user's values, its frame is the one shown."""
    job = disco.new_job(
        name="sum",
        input=["raw://a b"],
        map=lambda line, params: [("a", "x"), ("a", 1)],
        reduce=sum_reduce,
        partitions=1,
    )
    with pytest.raises(JobError):
        job.wait()
    assert "disco_sim/func.py" in ask(job, "where", "q").replace("\\", "/")


def test_a_run_that_calls_nothing_says_so(disco: Disco, ask: Ask, tmp_path: Any) -> None:
    """Without records the function is never called, and without Python code there is no line to stop at."""
    (tmp_path / "empty.txt").write_text("")
    job = counted(disco, input=[str(tmp_path / "empty.txt")])
    assert ask(job) == "The map function of map:0 on node01 is not called: there are no records for it\n"
    job = counted(disco, map=zip, params="xyz")
    assert ask(job) == "The map function of map:0 on node01 has no lines of Python to stop at\n"
