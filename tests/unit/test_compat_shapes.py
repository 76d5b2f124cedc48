"""Claims about what is answered in the shapes of Disco 0.5.4, where a connection does not show it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import Disco
from disco_sim.compat.shapes import POLL_S, Answers, checked_rows
from disco_sim.compat.story import Story, stage_counts
from disco_sim.error import CommError, DiscoError
from disco_sim.model.dialect import V05


@pytest.fixture
def answers() -> Iterator[Answers]:
    """The answers of a master of two nodes."""
    with Disco("disco://localhost:8993", nodes=2, dialect=V05) as disco:
        yield Answers(disco)


def copied(line: Any, params: Any) -> Any:
    """A map function."""
    yield line, 1


def test_answers_move_time_by_two_seconds_while_a_job_is_active(answers: Answers) -> None:
    """Two seconds go by if a job is active, none otherwise, and none for a task that asks."""

    def fun_map(line: Any, params: Any) -> Any:
        import time

        from disco_sim.compat.disco.core import Disco

        Disco("disco://localhost:8993").jobinfo(this_name())  # type: ignore[name-defined]
        time.sleep(5)
        yield line, 1

    answers.let_pass()
    assert answers.native.now_s == 0.0
    job = answers.native.new_job("asks", input=["raw://a"], map=fun_map)
    answers.let_pass()
    assert answers.native.now_s == POLL_S
    assert answers.status(job.name) == ("active", [])
    job.wait()
    assert answers.status(job.name)[0] == "ready"


def test_lines_are_told_once(answers: Answers) -> None:
    """What is asked again is not made again, and what came meanwhile is added; it is the whole story."""
    job = answers.native.new_job("one", input=["raw://a"], map=copied)
    first = list(answers.lines(job.name))
    job.wait()
    every = answers.lines(job.name)
    assert every[: len(first)] == first
    story = Story(answers.native.cluster.archive)
    assert every == [line for event in answers.native.cluster.log.of(job.name) for line in story.tell(event)]
    assert [number for number, _ in answers.events(job.name, 2)] == list(range(3, len(every) + 1))


def test_inputs_are_as_they_were_given(answers: Answers) -> None:
    """Though tasks run in reverse, inputs are told in their order, with all replicas."""
    job = answers.native.new_job("one", input=["raw://a", ["raw://b", "raw://c"]], map=copied)
    assert answers.inputs(job.name) == [["raw://a"], ["raw://b", "raw://c"]]


def test_jobs_that_were_forgotten_are_not_suggested(answers: Answers) -> None:
    """The error of an unknown job names those that are on record only."""
    job, other = (answers.native.new_job(name, input=["raw://a"], map=copied) for name in ("one", "two"))
    answers.purge(job.name)
    with pytest.raises(CommError) as caught:
        answers.known(job.name, "jobinfo")
    assert str(caught.value).endswith(f"the jobs are: {other.name}")


@given(st.lists(st.tuples(st.text("ab", min_size=1, max_size=3), st.integers(1, 9))))
def test_configurations_are_tables_of_text(rows: list[tuple[str, int]]) -> None:
    """Rows become [nodespec, slots] as text, unless a node is in two."""
    if len({name for name, _ in rows}) < len(rows):
        with pytest.raises(DiscoError, match="twice"):
            checked_rows(rows)
    else:
        assert checked_rows(rows) == [[name, str(slots)] for name, slots in rows]


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(1, 60))
def test_no_task_is_counted_twice(waiting: int, running: int, done: int, max_cores: int) -> None:
    """Pending and waiting are together what waits, and no more than may run is waiting."""
    pending, ready, *others = stage_counts(waiting, running, done, 0, running, max_cores)
    assert pending + ready == waiting
    assert others == [running, done, 0]
    assert ready + running <= max(max_cores, running)
