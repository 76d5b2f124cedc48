"""Claims about what a reduce may give, in which order it reads, and what is said when it gives something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from disco_sim import Disco, DiscoError, JobError, result_iterator


@pytest.fixture
def disco() -> Iterator[Disco]:
    """A cluster that stays usable."""
    with Disco(nodes=2) as one:
        yield one
        job = one.new_job("after", input=["raw://x"], reduce_reader=lambda fd, size, url: [(1, 2)], reduce=echo)
        assert list(result_iterator(job.wait())) == [(1, 2)]


def echo(pairs: Any, params: Any) -> Any:
    """A reduce that gives its pairs back."""
    return pairs


def death(disco: Disco, **parameters: Any) -> DiscoError:
    """Why a job died, after a map that went well: the cause of its JobError."""
    job = disco.new_job("test", input=["raw://a"], map=lambda line, params: [(line, 1)], **parameters)
    with pytest.raises(JobError) as caught:
        job.wait()
    assert job.tasks.status.tolist() == ["done", "failed"]
    cause = caught.value.__cause__
    assert isinstance(cause, DiscoError)
    return cause


RULE = (
    "a reduce function of two arguments, reduce(iter, params), yields (key, value) pairs; one of three, "
    "reduce(iter, out, params), writes them with out.add(key, value)"
)


@pytest.mark.parametrize(
    ("function", "answer"), [(lambda pairs, params: None, None), (lambda pairs, params: len(list(pairs)), 1)]
)
def test_a_reduce_that_gives_no_pairs(disco: Disco, function: Any, answer: Any) -> None:
    """A reduce of two arguments that returns None, or anything else without items, is told the rule."""
    error = death(disco, reduce=function)
    assert f"reduce function '<lambda>' returned {answer}; {RULE}" in str(error)
    assert (error.function, error.answer) == ("<lambda>", answer)


@pytest.mark.parametrize("item", ["ab", 5, ("a",), ("a", 1, 2), {1: 2, 3: 4}])
def test_a_reduce_that_yields_something_else_than_pairs(disco: Disco, item: Any) -> None:
    """An item that is no pair is shown with the rule."""
    error = death(disco, reduce=lambda pairs, params: [params], params=item)
    assert f"reduce function '<lambda>' yielded {item!r}, which is not a pair; {RULE}" in str(error)
    assert error.answer == item


def test_a_reduce_of_three_arguments_that_yields(disco: Disco) -> None:
    """A reduce of three arguments that yields would silently do nothing; that is told."""

    def reduce(pairs: Any, out: Any, params: Any) -> Any:
        yield from pairs

    error = death(disco, reduce=reduce)
    assert "reduce function 'reduce' takes three arguments and yields, so none of it has run" in str(error)
    assert RULE in str(error)


def test_random_order_of_input() -> None:
    """With shuffle_order='random' reduce reads its pieces in a mixed order: the same one for the same seed."""

    def order(**options: Any) -> list[str]:
        with Disco(nodes=2, **options) as disco:
            inputs = [f"raw://{letter}" for letter in "abcdefgh"]
            job = disco.new_job("test", input=inputs, map=lambda line, params: [(line, 1)], reduce=echo)
            return [key for key, _ in result_iterator(job.wait())]

    mixed = order(shuffle_order="random", seed=1)
    assert order() == list("abcdefgh")
    assert mixed == order(shuffle_order="random", seed=1) != list("abcdefgh")
    assert sorted(mixed) == list("abcdefgh")
    assert order(shuffle_order="random", seed=2) != mixed


@pytest.mark.parametrize(("interval", "expected"), [(2, ["2 entries reduced", "4 entries reduced"]), (0, [])])
@pytest.mark.parametrize("sort", [False, True, "merge"])
def test_reduce_tells_how_far_it_is(disco: Disco, interval: int, expected: list[str], sort: Any) -> None:
    """Every so many pairs a line is logged, whatever way the pairs come."""
    job = disco.new_job(
        "test",
        input=["raw://a\nb\nc", "raw://d\ne"],
        map=lambda line, params: [(line, 1)],
        reduce=echo,
        status_interval=interval,
        sort=sort,
    )
    job.wait()
    lines = [line for line in job.log.message if "entries reduced" in line]
    assert lines == [*expected, "Done: 5 entries reduced"]
