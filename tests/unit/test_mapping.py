"""Claims about what a map, a combiner and an output stream may give, and what is said when they give something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from disco_sim import Disco, DiscoError, JobError, result_iterator
from disco_sim.error import PartitionError
from disco_sim.func import map_output_stream


@pytest.fixture
def disco() -> Iterator[Disco]:
    """A cluster that stays usable, and keeps its failed job to be looked into."""
    with Disco(nodes=1) as one:
        yield one
        job = one.new_job("after", input=["raw://x"], map=lambda entry, params: [(entry, 1)])
        assert list(result_iterator(job.wait())) == [("x", 1)]


def death(disco: Disco, **parameters: Any) -> DiscoError:
    """Why a job died: the cause of its JobError."""
    job = disco.new_job("test", **{"input": ["raw://the cat\nsat"], **parameters})
    with pytest.raises(JobError) as caught:
        job.wait()
    assert job.status == "dead"
    assert job.tasks.status.tolist()[-1] == "failed"
    cause = caught.value.__cause__
    assert isinstance(cause, DiscoError)
    assert caught.value.reason == f"{type(cause).__name__}: {cause}"
    return cause


def forgot_return(line: str, params: Any) -> Any:
    """A map that gives nothing."""
    line.split()


WAYS = [
    {},
    {"combiner": lambda key, value, buffer, done, params: None},
    {"partition": lambda key, n, params: 0},
    {"partitions": None},
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("function", "answer"), [(forgot_return, None), (lambda line, params: len(line), 7)])
def test_a_map_that_gives_no_pairs(disco: Disco, way: Any, function: Any, answer: Any) -> None:
    """A map that returns None, or anything else without items, is named with the record and the ways to write it."""
    error = death(disco, map=function, **way)
    name = function.__name__
    assert f"map function '{name}' returned {answer} for the record 'the cat'; it must return an iterable" in str(error)
    assert "yield key, value, or return a list of pairs ([] for none)" in str(error)
    assert (error.function, error.answer, error.record) == (name, answer, "the cat")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("function", "shown"),
    [
        (lambda line, params: line.split(), "'the'"),
        (lambda line, params: ["ab"], "'ab'"),
        (lambda line, params: [{"ab": 1, "cd": 2}], "{'ab': 1, 'cd': 2}"),
        (lambda line, params: (line, 1), "'the cat'"),
        (lambda line, params: [(line, 1, 2)], "('the cat', 1, 2)"),
        (lambda line, params: [5], "5"),
        (lambda line, params: {"ab": 1}, "'ab'"),
    ],
)
def test_a_map_that_yields_something_else_than_pairs(disco: Disco, way: Any, function: Any, shown: str) -> None:
    """An item that is no pair is shown with its record; texts of length two and dicts are none."""
    error = death(disco, map=function, **way)
    assert f"'<lambda>' yielded {shown} for the record 'the cat', which is not a (key, value) pair" in str(error)
    assert "for instance yield word, 1" in str(error)
    assert error.record == "the cat"


def test_the_users_own_error_is_the_cause(disco: Disco) -> None:
    """What a job function raises ends the job at once, and is the cause of the JobError, with record and line."""

    def fun_map(line: str, params: Any) -> Any:
        yield line, 1 / (line == "the cat")

    job = disco.new_job("test", input=["raw://the cat\nsat"], map=fun_map)
    with pytest.raises(JobError, match="ZeroDivisionError") as caught:
        job.wait()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert caught.value.record == "'sat'"
    assert 'yield line, 1 / (line == "the cat")' in caught.value.lines
    assert len(job.tasks) == 1


def test_a_partition_out_of_range(disco: Disco) -> None:
    """A partition function that gives a wrong number ends the job with key and value."""
    error = death(disco, map=lambda line, params: [(line, 7)], partition=lambda key, n, params: n, partitions=2)
    assert isinstance(error, PartitionError)
    assert (error.key, error.value, error.answer) == ("the cat", 7, 2)


@pytest.mark.parametrize(
    ("combiner", "shown"),
    [
        (lambda key, value, buffer, done, params: [5], "5"),
        (lambda key, value, buffer, done, params: ["ab"] if done else None, "'ab'"),
        (lambda key, value, buffer, done, params: 7, "7"),
        (lambda key, value, buffer, done, params: True if done else None, "True"),
    ],
)
def test_a_combiner_that_gives_something_else_than_pairs(disco: Disco, combiner: Any, shown: str) -> None:
    """A combiner returns None or pairs, in any call."""
    error = death(disco, map=lambda line, params: [(line, 1)], combiner=combiner)
    assert f"combiner '<lambda>' gave {shown}; it must return None or an iterable of (key, value) pairs" in str(error)


def test_output_streams_that_cannot_be(disco: Disco) -> None:
    """A chain that opens no file of the task, or ends with something without add, is told with the way to write it."""
    fun_map = lambda line, params: [(line, 1)]  # noqa: E731
    error = death(disco, map=fun_map, map_output_stream=[lambda stream, partition, url, params: print])
    assert "wrote to no file of the task; begin it with map_output_stream" in str(error)
    error = death(disco, map=fun_map, map_output_stream=[map_output_stream, lambda stream, *more: (5, "url")])
    assert "an output stream chain ends with 5, which has no method add(key, value)" in str(error)


def test_output_streams_are_closed(disco: Disco) -> None:
    """Streams of a chain are closed from the last to the first, so that what they hold back is written."""

    def late(stream: Any, partition: int, url: str, params: Any) -> Any:
        class Late:
            def __init__(self) -> None:
                self.pairs: list[Any] = []

            def add(self, key: Any, value: Any) -> None:
                self.pairs.append((key, value))

            def close(self) -> None:
                for key, value in self.pairs:
                    stream.add(key, value)

        return Late(), url

    chain = (map_output_stream, late)
    job = disco.new_job("test", input=["raw://a"], map=lambda line, params: [(line, 1)], map_output_stream=chain)
    assert list(result_iterator(job.wait())) == [("a", "1")]
