"""What an engine that computes ahead is told of a stage, and when; nothing of it changes what happens."""

from __future__ import annotations

import pytest

from disco_sim.cluster.simulated import SimulatedCluster
from disco_sim.engine.base import Foresight
from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.plan import Output
from disco_sim.model.rules import Rules
from disco_sim.store.outcomes import Computed
from tests.clusters import (
    TWO_STAGES,
    Scripted,
    at_home,
    cluster,
    failure,
    finish,
    of_kind,
    outcome,
    pairs,
    request,
    sleeping,
)


class Foreseeing(Scripted):
    """A scripted engine that takes all the work it can get whenever a run starts, and guesses if it `may_guess`."""

    def __init__(self, may_guess: bool = True) -> None:
        super().__init__()
        self.may_guess = may_guess
        self.stages: list[OneStage] = []

    def expect(self, coming):
        self.stages.append(OneStage(self, coming))
        return self.stages[-1]


class OneStage:
    """A stage as its engine sees it: (task, host, replica, is_sure) of what it was told before each of its runs."""

    def __init__(self, engine, coming) -> None:
        self.engine = engine
        self.coming = coming
        self.told: list[list[tuple[int, str, int, bool]]] = []
        self.is_forgotten = False

    def compute(self, work):
        told = []
        while (taken := self.coming.take(self.engine.may_guess)) is not None:
            told.append((taken[0].task, taken[0].host, taken[0].replica, taken[1]))
        self.told.append(told)
        return self.engine.compute(work)

    def forget(self):
        self.is_forgotten = True


def foreseen(jobs=None, may_guess=True, **options):
    """A cluster of two nodes that has run jobs, and its engine."""
    engine = Foreseeing(may_guess)
    computer = SimulatedCluster(ClusterSpec.of(2, 1), engine, **options)
    for job in [request(inputs=4)] if jobs is None else jobs:
        computer.submit(job)
    finish(computer)
    return computer, engine


def test_an_engine_is_asked_once():
    """Engines are told apart by what they can do, and not by their class."""
    assert isinstance(Foreseeing(), Foresight)
    assert not isinstance(Scripted(), Foresight)


def test_what_is_told():
    """Of those runs that are ordered the host is known, except of the one that starts now; the others have none yet."""
    _, engine = foreseen()
    (stage,) = engine.stages
    assert stage.told == [[(1, "node02", 0, True), (2, "", 0, False), (3, "", 0, False)], [], [], []]
    assert stage.is_forgotten


def test_without_guesses():
    """An engine that wants no guesses is told of runs when they are ordered."""
    _, engine = foreseen(may_guess=False, jobs=[request(inputs=6, script={"first": sleeping(1.0)})])
    (stage,) = engine.stages
    assert stage.told[0] == [(1, "node02", 0, True)]
    assert stage.told[1:] == [[]] * 5  # the others are ordered one by one, in the instant of their start


def test_replicas_are_not_guessed():
    """Which replica a run reads is known when it is ordered, and a task that has several is not told of before."""
    pieces = tuple(Output(0, "node01", 0, 0, f"raw://{n}", (("node02", f"raw://again{n}"),)) for n in range(4))
    _, engine = foreseen(jobs=[request(inputs=pieces)])
    (stage,) = engine.stages
    assert stage.told[0] == [(1, "node02", 1, True)]
    assert all(is_sure for told in stage.told for *_, is_sure in told)


def test_every_stage_is_told_of_by_itself():
    """The second stage is told of when it starts, with what the first has stored."""
    computer, engine = foreseen(
        jobs=[request(plan=TWO_STAGES, inputs=2, script={"first": lambda work: outcome((0, pairs(("a", 1))))})]
    )
    assert [len(stage.told) for stage in engine.stages] == [2, 2]
    assert [(task, is_sure) for task, *_, is_sure in engine.stages[1].told[0]] == [(1, True)]
    assert all(stage.is_forgotten for stage in engine.stages)
    assert of_kind(computer.log, events.JobFinished)


@pytest.mark.parametrize("kind", ["fatal", "data"])
def test_a_dead_job_is_forgotten(kind):
    """Whatever a job dies of, nothing of it is told any more; a retry is nothing that comes."""
    fails = {"first": lambda work: failure(kind) if work.task == 0 else outcome()}
    computer, engine = foreseen(jobs=[request(inputs=8, script=fails)], rules=Rules(max_failures=1))
    (stage,) = engine.stages
    assert of_kind(computer.log, events.JobDied)
    assert stage.is_forgotten and stage.coming.take(True) is None
    assert sorted(task for told in stage.told for task, *_ in told) == list(range(1, 8))


def test_what_is_known_does_not_come():
    """A task whose outcome was handed over with the job is neither told of nor computed."""
    computer, engine = foreseen(jobs=[])
    pieces = at_home("", "", "", "")
    known = Computed(outcome(), pieces[2:3])
    computer.submit(request(inputs=pieces), {("first", 2): known})
    finish(computer)
    (stage,) = engine.stages
    assert [task for task, *_ in stage.told[0]] == [1, 3]
    assert sorted(work.task for work in engine.works) == [0, 1, 3]


def test_nothing_changes():
    """The log is that of an engine that computes each run when it starts."""
    ahead, _ = foreseen(jobs=[request(plan=TWO_STAGES, inputs=5)])
    plain = cluster(2)
    plain.submit(request(plan=TWO_STAGES, inputs=5))
    assert list(ahead.log) == finish(plain)
