"""When what was computed ahead holds at a run's start, and what is done when it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from disco_sim.engine import parcel
from disco_sim.engine.ahead import Run, Stage
from disco_sim.error import DataError, OOBKeyError
from disco_sim.model.plan import Output
from disco_sim.model.work import NO_DEPENDENCIES, Blob, Dependencies, OOBAnswer, TaskOutcome, TaskWork

INPUTS = (Output(0, "node01", 1, 1, "raw://a"),)


class Store:
    """Answers by a table; what is not in it is an error."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def oob(self, key: str, job: str | None) -> Any:
        if key not in self.answers:
            raise OOBKeyError(f"no {key}")
        return self.answers[key]

    def blob(self, url: str) -> Any:
        if url not in self.answers:
            raise DataError("not there", url)
        return Blob("bytes", b"", 0, self.answers[url])


def work(task=0, **changes):
    """The work of a run."""
    facts = {
        "job": "job", "serial": 1, "stage": "map", "task": task, "attempt": 0, "n_tasks": 3, "label": 0,
        "host": "node01", "master": "master:8989", "program": "program", "inputs": INPUTS, "replica": 0,
        "store": Store(),
    }  # fmt: skip
    return TaskWork(**{**facts, **changes})


def run(is_sure=True, error=None, depends_on=NO_DEPENDENCIES, **changes):
    """A run that has been computed."""
    outcome = None if error is not None else TaskOutcome(depends_on=depends_on)
    return Run(work(**changes), is_sure, is_ended=True, outcome=outcome, error=error)


@pytest.mark.parametrize(
    ("changes", "read", "holds"),
    [
        ({}, {}, True),
        ({"host": "node02", "replica": 1, "attempt": 2}, {}, True),
        ({"host": "node02"}, {"host": "node01"}, False),
        ({"replica": 1}, {"replica": 0}, False),
        ({"host": "node02"}, {"replica": 0, "inputs": (("raw://a",),)}, True),
        ({"inputs": (Output(0, "node02", 1, 1, "raw://a"),)}, {}, False),
        ({"bad": ((0, 0, "corrupt"),)}, {}, False),
        ({"program": "another"}, {}, False),
        ({"luck": 7}, {}, False),
        ({"n_tasks": 4}, {}, False),
    ],
)
def test_what_holds(changes, read, holds):
    """An outcome holds where everything is the same but the place of a run whose code has not read it."""
    assert run(depends_on=Dependencies(**read)).holds(work(**changes)) is holds


def test_an_error_is_not_used():
    """A run that ended without an outcome does not hold: what it depends on is not known."""
    assert not run(error=KeyboardInterrupt()).holds(work())


@pytest.mark.parametrize(
    ("then", "holds"),
    [
        (Store(a="1"), True),
        (Store(a="1", c="3"), True),
        (Store(a="2"), False),
        (Store(), False),
        (Store(a="1", b="2"), False),
    ],
)
def test_answers_that_change(then, holds):
    """An outcome holds if the stores would answer the same, errors too."""
    computed = Run(work(store=Store(a="1")), stage=lambda: None)
    store = computed.work.store
    assert computed.ask("oob", ("a", None)) == (parcel.ANSWER, "1", {})
    kind, error, _ = computed.ask("oob", ("b", None))
    assert (kind, str(parcel.opened(error))) == (parcel.ERROR, "no b")
    answers = tuple(OOBAnswer.of(store, "oob", (key, None), False) for key in "ab")
    computed.is_ended, computed.outcome = True, TaskOutcome(depends_on=Dependencies(oob=answers))
    assert computed.holds(work(store=then)) is holds


@pytest.mark.parametrize(
    ("sizes", "along", "behind"),
    [
        ((10, 10, 10), [0, 1, 2], [1, 2]),
        ((1 << 13, 1 << 13, 1), [], [1, 2]),
        ((1 << 19, 1 << 19, 1), [], [1]),
        ((1 << 21, 1, 1), [], []),
        ((1, None, 1), [0], []),
    ],
)
def test_what_is_sent_before_it_is_asked_for(sizes, along, behind):
    """Small input goes along with its run; of larger input the next pieces go along with one that is asked for."""
    urls = [f"disco://node01/{number}" for number in range(3)]
    store = Store(**{url: size for url, size in zip(urls, sizes, strict=True) if size is not None})
    inputs = (*(Output(0, "node01", 1, size or 1, url) for url, size in zip(urls, sizes, strict=True)), *INPUTS)
    one = Run(work(store=store, inputs=inputs))
    assert list(one.along()) == [urls[number] for number in along]
    kind, blob, more = one.ask("blob", (urls[0],))
    assert (kind, blob.n_bytes) == (parcel.ANSWER, sizes[0])
    assert list(more) == [urls[number] for number in behind]


@pytest.mark.parametrize("n_bytes", [10, 1 << 14])
@pytest.mark.parametrize("change", ["none", "gone", "another"])
def test_input_that_is_gone_at_the_start(n_bytes, change):
    """An outcome does not hold if input that was only sent along, or behind other input, is not there any more."""
    urls = [f"disco://node01/{number}" for number in range(2)]
    inputs = tuple(Output(0, "node01", 1, n_bytes, url) for url in urls)
    computed = Run(work(store=Store(**dict.fromkeys(urls, n_bytes)), inputs=inputs), stage=lambda: None)
    if not computed.along():
        computed.ask("blob", (urls[0],))
    computed.is_ended, computed.outcome = True, TaskOutcome()
    then = {urls[0]: n_bytes}
    if change != "gone":
        then[urls[1]] = n_bytes + (change == "another")
    assert computed.holds(work(store=Store(**then), inputs=inputs)) is (change == "none")


class Pool:
    """Ends runs as it was told, when they are waited for."""

    def __init__(self, *ends: Any, is_now: bool = True) -> None:
        self.ends = list(ends)
        self.is_now = is_now
        self.withdrawn: list[Stage] = []

    def add(self, stage):
        pass

    def wait(self, run):
        end = self.ends.pop(0)
        run.is_ended = True
        if isinstance(end, BaseException):
            run.error = end
        else:
            run.outcome = end
        return self.is_now

    def withdraw(self, stage):
        self.withdrawn.append(stage)


class Coming:
    """Three tasks of which nothing is known yet, or, if they are sure, all."""

    def __init__(self, is_sure=False) -> None:
        self.works = [(work(task, host="node01" if is_sure else ""), is_sure) for task in range(3)]
        self.guesses: list[bool] = []

    def take(self, may_guess):
        self.guesses.append(may_guess)
        return self.works.pop(0) if self.works else None


ANEW = TaskOutcome(oob=(("anew", "1"),))


def stage(*ends, is_sure=False, is_now=True):
    """A stage whose runs end so, and all of whose runs were given away."""
    one = Stage(Coming(is_sure), lambda work: ANEW, Pool(*ends, is_now=is_now))
    while one.next() is not None:
        pass
    return one


def test_what_holds_is_used():
    """A run that was computed ahead is not computed again, whatever its host has turned out to be."""
    outcome = TaskOutcome(oob=(("k", "1"),))
    assert stage(outcome).compute(work(host="node03")) is outcome


def test_what_does_not_hold_is_computed_anew():
    """A run without an outcome, or one that would be another now, is computed when it starts, and guesses end."""
    for end in (None, TaskOutcome()):
        one = stage(end)
        changes = {} if end is None else {"luck": 3}
        assert one.compute(work(**changes)) is ANEW
        assert not one.may_guess


def test_what_saw_another_environment_is_computed_anew():
    """That the user has changed it says nothing of what was guessed."""
    one = stage(TaskOutcome(), is_now=False)
    assert one.compute(work()) is ANEW
    assert one.may_guess


def test_what_was_sure_ends_no_guesses():
    """That a run was moved to another node is no reason to guess no more."""
    one = stage(TaskOutcome(depends_on=Dependencies(host="node01")), is_sure=True)
    assert one.compute(work(host="node02")) is ANEW
    assert one.may_guess


def test_second_runs_are_computed_when_they_start():
    """What was computed ahead is that of the first run of a task alone."""
    one = stage(TaskOutcome())
    one.compute(work())
    assert one.compute(work(attempt=1)) is ANEW


def test_a_run_that_raised_is_computed_anew():
    """What compute() raised for a run ahead of its start is raised, if at all, when it is computed at its start."""
    one = stage(KeyboardInterrupt())
    assert one.compute(work(host="")) is ANEW


def test_a_stage_that_is_forgotten():
    """Nothing of it is given away any more, and what was is taken back."""
    pool = Pool()
    one = Stage(Coming(), lambda work: ANEW, pool)
    one.forget()
    assert one.next() is None
    assert pool.withdrawn == [one]
    assert one.compute(work()) is ANEW


def test_facts_are_all_that_a_work_has():
    """Every field of a work but its program and its stores travels as it is."""
    one = work(luck=5, bad=((0, 0, "gone"),))
    made = TaskWork(**dict(zip(parcel.FACTS, parcel.facts_of(one), strict=True)), program=one.program, store=one.store)
    assert made == one and replace(made, task_id=9) != one
