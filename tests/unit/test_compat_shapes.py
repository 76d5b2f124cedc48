"""Claims about what is answered in the shapes of Disco 0.5.4, where a connection does not show it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import Disco
from disco_sim.compat.dialect import V05
from disco_sim.compat.disco import core
from disco_sim.compat.shapes import POLL_S, Answers, checked_rows
from disco_sim.compat.story import Story, stage_counts
from disco_sim.error import DiscoError
from disco_sim.store.log import Log


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
    story = Story(answers.native.cluster.jobs)
    assert every == [line for event in answers.native.cluster.log.of(job.name) for line in story.tell(event)]
    assert [number for number, _ in answers.events(job.name, 2)] == list(range(3, len(every) + 1))


def test_inputs_are_as_they_were_given(answers: Answers) -> None:
    """Though tasks run in reverse, inputs are told in their order, with all replicas."""
    job = answers.native.new_job("one", input=["raw://a", ["raw://b", "raw://c"]], map=copied)
    assert answers.inputs(job.name) == [["raw://a"], ["raw://b", "raw://c"]]


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


def test_polling_reads_each_event_but_twice(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking again and again until a job is ready does not read its log from the start each time."""
    n_read, n_asked, of = 0, 0, Log.of

    def counted(log: Log, name: str, start: int = 0) -> Iterator[Any]:
        nonlocal n_read
        for event in of(log, name, start):
            n_read += 1
            yield event

    monkeypatch.setattr(Log, "of", counted)
    inputs = [f"raw://{number}" for number in range(200)]
    job = answers.native.new_job("long", input=inputs, map=copied)
    while answers.job_info(job.name)["active"] == "active":
        n_asked += 1
        answers.let_pass()
    assert n_asked > 5
    # Once for the state and once for the results' URLs; and the first event each time, for the job's limits.
    assert n_read <= 2 * answers.native.cluster.log.n_events(job.name) + n_asked + 1


def test_a_forgotten_job_is_said_to_be_forgotten(answers: Answers) -> None:
    """Of a job that was purged or cleaned the errors say so; of one that never was, which there are."""
    job, other = (answers.native.new_job(name, input=["raw://a"], map=copied) for name in ("one", "two"))
    answers.purge(job.name)
    disco = core.Disco(answers.native)
    for ask in (disco.wait, disco.jobinfo, disco.rawevents, disco.oob_list):
        with pytest.raises(DiscoError, match="it was cleaned or purged, so its record is forgotten") as caught:
            ask(job.name)
        assert "the jobs are" not in str(caught.value)
        with pytest.raises(DiscoError, match=f"the jobs are: {other.name}"):
            ask("never@1:2:3")
