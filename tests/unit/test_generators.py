"""Claims about the random generators of the user, from which runs draw."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy
import pytest

from disco_sim import Disco
from disco_sim.runtime.generators import Generators


def numbers() -> tuple[float, float]:
    """What the two generators give next."""
    return random.random(), float(numpy.random.standard_normal())


@pytest.fixture
def expected() -> Iterator[list[tuple[float, float]]]:
    """What the user would draw if no run did, from generators that are in the same state now."""
    random.seed(5)
    numpy.random.seed(5)
    numbers()
    python, numpys = random.getstate(), numpy.random.get_state()
    drawn = [numbers() for _ in range(9)]
    random.setstate(python)
    numpy.random.set_state(numpys)
    yield drawn
    assert Generators.lent() is None


def drawing(entry: str, params: Any) -> Any:
    """A map that draws from both generators."""
    import random

    import numpy

    yield random.random(), float(numpy.random.standard_normal())
    if entry == "said":
        print(entry)


def test_the_user_s_states_come_back(expected: list[tuple[float, float]]) -> None:
    """However many runs drew, the user draws what would have come next, and each run what its luck says."""
    generators = Generators()
    generators.give_back()
    for _ in range(2):
        drawn = []
        for luck in (3, 2**64 - 1, 3):
            generators.seed(luck)
            drawn.append(numbers())
        assert drawn[0] == drawn[2] != drawn[1]
        generators.give_back()
        assert numbers() == expected.pop(0)


def test_they_are_lent_within(expected: list[tuple[float, float]]) -> None:
    """A run that is computed within `with generators` borrows from them, also when that is left by an error."""
    generators = Generators()
    with pytest.raises(KeyError), generators:
        assert Generators.lent() is generators
        raise KeyError
    assert numbers() == expected[0]


@pytest.mark.parametrize("entry", ["a", "said"])
def test_listeners_draw_from_their_own(expected: list[tuple[float, float]], entry: str) -> None:
    """What the user calls or writes to while a cluster is driven draws as if no run did, and a job's draws stay."""
    drawn = []
    with Disco(nodes=1) as disco:
        inputs = [f"raw://{entry}"] * 3
        alone = disco.new_job("alone", input=inputs, map=drawing)
        alone.wait()
        first = numbers()
        job = disco.new_job("heard", input=inputs, map=drawing)
        disco.listeners.append(lambda event: drawn.append(numbers()) if len(drawn) < 5 else None)
        job.wait()
        assert [first, *drawn, numbers()] == expected[:7]
        again = Disco(nodes=1)
        pairs = [again.new_job("alone", input=inputs, map=drawing), again.new_job("heard", input=inputs, map=drawing)]
        for one, other in zip(pairs, (alone, job), strict=True):
            one.wait()
            assert one.output().equals(other.output())


def test_a_listener_may_run_a_job_elsewhere(expected: list[tuple[float, float]]) -> None:
    """A job on another Disco, run by a listener, gives back what it borrowed to the listener."""
    drawn = []
    with Disco(nodes=1) as disco, Disco(nodes=1) as other:

        def listener(event: Any) -> None:
            if not drawn:
                other.new_job("other", input=["raw://b"], map=drawing).wait()
                drawn.append(numbers())

        disco.listeners.append(listener)
        disco.new_job("test", input=["raw://a"] * 2, map=drawing).wait()
    assert [*drawn, numbers()] == expected[:2]


def test_an_interrupt_gives_them_back(expected: list[tuple[float, float]]) -> None:
    """The user who interrupts a run, or whose listener fails, has the generators again."""

    def interrupted(entry: str, params: Any) -> Any:
        import random

        random.random()
        raise KeyboardInterrupt

    with Disco(nodes=1) as disco:
        job = disco.new_job("test", input=["raw://a"], map=interrupted)
        with pytest.raises(KeyboardInterrupt):
            job.wait()
        assert numbers() == expected[0]
        disco.listeners.append(lambda event: 1 // (type(event).__name__ != "RunFinished"))
        job = disco.new_job("test", input=["raw://a"], map=drawing)
        with pytest.raises(ZeroDivisionError):
            job.wait()
        assert numbers() == expected[1]
