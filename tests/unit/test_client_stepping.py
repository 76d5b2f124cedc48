"""Claims about job.stepper(): which jobs can be gone through, in which order, and what is said of those that cannot."""

from __future__ import annotations

import json
from typing import Any

import pytest

from disco_sim import Costs, Disco, DiscoError, Faults, Job, JobError
from disco_sim.client.stepping import traced_steps
from disco_sim.func import sum_reduce
from disco_sim.views.state import JobState
from tests import clusters
from tests.unit.functions import words

LINES = ["to be or", "not to be"]


def fussy(line, params):
    """Fails, a virtual second later than others, for a line with not."""
    import time

    if "not" in line:
        time.sleep(1)
        raise ValueError("no nots")
    return [(line, 1)]


def submitted(disco: Disco, **parameters: Any) -> Job:
    """A job over two lines, not driven yet."""
    return disco.new_job("test", **{"input": disco.split(LINES, 2), "map": words, **parameters})


def steps(job: Job, most: int = 2000) -> list[dict[str, Any]]:
    """The steps of a job."""
    found: list[dict[str, Any]] = traced_steps(job.disco.cluster, job.disco.history.job(job.name), most)["steps"]
    return found


def kinds(job: Job) -> list[tuple[str, str]]:
    """The kind and task of each step, neighbours that are alike told once."""
    found: list[tuple[str, str]] = []
    for step in steps(job):
        one = step["kind"], step.get("task", "")
        if not found or found[-1] != one:
            found.append(one)
    return found


def test_the_order_of_steps(disco: Disco) -> None:
    """Map tasks come first, each record with its pairs, then each reduce task with its shuffle, and the end."""
    job = submitted(disco, reduce=sum_reduce, partitions=2)
    job.wait(show=False)
    assert kinds(job) == [
        ("start", ""),
        ("record", "map:0"), ("pair", "map:0"),
        ("record", "map:1"), ("pair", "map:1"),
        ("shuffle", "reduce:0"), ("rest", "reduce:0"),
        ("shuffle", "reduce:1"), ("take", "reduce:1"), ("rest", "reduce:1"),
        ("end", ""),
    ]  # fmt: skip


def test_map_tasks_come_as_their_runs_started() -> None:
    """A task that had to run again is shown where the run that did it started: after those that began before."""
    with Disco(nodes=2, slots=1, faults=Faults().crash("map:0"), costs=Costs(startup_s=0.1)) as one:
        job = submitted(one, input=one.split(["a", "b", "c"], 3))
        job.wait(show=False)
        runs = one.history.job(job.name).stages["map"].done
        assert runs[0].attempt == 1
        order = [f"map:{run.task}" for run in sorted(runs.values(), key=lambda run: run.start_s)]
        assert [task for kind, task in kinds(job) if kind == "record"] == order != ["map:0", "map:1", "map:2"]


def test_the_widget_has_all_of_it(disco: Disco) -> None:
    """job.stepper() sends every step at once, as JSON, the same each time; the job stays what it is."""
    job = submitted(disco, reduce=sum_reduce)
    job.wait(show=False)
    before = repr(list(disco.cluster.log))
    one, other = job.stepper(), job.stepper()
    assert one.steps == other.steps and json.loads(one.steps)["steps"] == steps(job)
    assert repr(one) == f"Stepper({job.name}, ready, {len(steps(job))} steps)"
    assert repr(list(disco.cluster.log)) == before


def test_an_active_job(disco: Disco) -> None:
    """A job that goes on cannot be stepped through; the error says what to do."""
    with pytest.raises(DiscoError, match=r"is active, .* wait\(\) for it first"):
        submitted(disco).stepper()


def test_a_forgotten_job(disco: Disco) -> None:
    """Of a job that was purged nothing is left to be traced."""
    job = submitted(disco)
    job.wait(show=False)
    job.purge()
    with pytest.raises(DiscoError, match="Unknown job"):
        job.stepper()


def test_too_many_records(disco: Disco) -> None:
    """A job of more records than asked for is refused with the count and the ways out; the limit can be raised."""
    job = submitted(disco, reduce=sum_reduce)
    job.wait(show=False)
    with pytest.raises(DiscoError) as caught:
        job.stepper(max_records=7)
    error = caught.value
    assert "its map and reduce tasks read 8 records, and stepper(max_records=7) shows at most 7" in str(error)
    assert "less input" in str(error) and "ask for stepper(max_records=8)" in str(error)
    assert (error.n_records, error.max_records) == (8, 7)
    assert len(json.loads(job.stepper(max_records=8).steps)["steps"]) > 8


def test_too_many_pairs(disco: Disco) -> None:
    """Pairs that no reduce reads count, too."""
    job = submitted(disco, map=lambda line, params: [(number, 1) for number in range(30)])
    job.wait(show=False)
    with pytest.raises(DiscoError, match="its map function yielded 60 records"):
        job.stepper(max_records=50)


@pytest.mark.parametrize("limit", [0, -1, 1.5, "10", None])
def test_a_limit_that_is_none(disco: Disco, limit: Any) -> None:
    """max_records is a whole number from 1 on."""
    job = submitted(disco)
    job.wait(show=False)
    with pytest.raises(DiscoError, match="it is a whole number from 1 on"):
        job.stepper(max_records=limit)


def test_a_job_that_died(disco: Disco) -> None:
    """Of a dead job the tasks that were done are shown, and at the end that it died and why."""
    job = submitted(disco, map=fussy)
    with pytest.raises(JobError):
        job.wait(show=False)
    assert kinds(job)[:3] == [("start", ""), ("record", "map:0"), ("pair", "map:0")]
    end = steps(job)[-1]["say"]
    assert end.startswith("The job died: ") and "no nots" in end and end.endswith("Shown was what 1 task did before.")


def test_a_job_of_which_nothing_was_done(disco: Disco) -> None:
    """A job that was killed before it began has a start and an end."""
    job = submitted(disco)
    job.kill()
    assert kinds(job) == [("start", ""), ("end", "")]
    assert steps(job)[0]["say"] == "No task was done."


def test_what_was_dropped() -> None:
    """When the data between the stages were not kept, the error says so, and how to keep them."""
    with Disco(nodes=2, keep="results") as disco:
        job = submitted(disco, reduce=sum_reduce)
        job.wait(show=False)
        with pytest.raises(DiscoError, match=r"was dropped when it ended; make the cluster with Disco\(keep='all'\)"):
            job.stepper()


def test_a_plan_of_another_shape() -> None:
    """A plan that is not map and reduce is refused with its stages, whatever its program is."""
    cluster = clusters.cluster()
    cluster.submit(clusters.request(plan=clusters.TWO_STAGES))
    clusters.finish(cluster)
    with pytest.raises(DiscoError, match="has the stages first, second; steps can be shown of jobs that map"):
        traced_steps(cluster, JobState.of(cluster.log, "job"), 10)


def test_a_job_without_stages(disco: Disco) -> None:
    """A job that neither maps nor reduces has nothing to step through."""
    job = submitted(disco, map=None)
    job.wait(show=False)
    with pytest.raises(DiscoError, match="has the stages none"):
        job.stepper()


def test_functions_that_depend_on_something_else(disco: Disco, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a run gives something else than what was recorded, a note says which one and why that may be."""

    def environment(line, params):
        import os

        return [(os.environ["STEPPER_TEST"], 1)]

    monkeypatch.setenv("STEPPER_TEST", "a")
    job = submitted(disco, map=environment, input=["raw://x"])
    job.wait(show=False)
    state = disco.history.job(job.name)
    assert traced_steps(disco.cluster, state, 9)["notes"] == []
    monkeypatch.setenv("STEPPER_TEST", "abc")
    (note,) = traced_steps(disco.cluster, state, 9)["notes"]
    assert note.startswith("map:0 gave something else than in its recorded run")
