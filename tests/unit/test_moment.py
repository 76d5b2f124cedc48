"""`at(t)` and `compare`: the past read from the log, and two jobs side by side."""

from __future__ import annotations

import pandas
import pytest

from disco_sim import Disco, Job
from disco_sim.client.moment import JobMoment, Moment
from disco_sim.error import DiscoError
from disco_sim.func import sum_reduce
from disco_sim.views.history import History
from tests.unit.sanitizer import checked


def words(line, params):
    put(line.replace(" ", "-"), "x")
    for word in line.split():
        yield word, 1


@pytest.fixture
def disco():
    with Disco(nodes=2, slots=1) as disco:
        yield disco


def count(disco, **changes):
    parameters = {"input": ["raw://a b", "raw://b c", "raw://c d"], "map": words, "reduce": sum_reduce, **changes}
    job = disco.new_job(name="count", **parameters)
    job.wait()
    return job


def test_at_the_end(disco):
    """At a time after the job's end every table is what it is now."""
    job = count(disco)
    then = job.at(100)
    assert then.status == "ready"
    for name in ("tasks", "partitions", "shuffle", "log"):
        pandas.testing.assert_frame_equal(getattr(then, name), getattr(job, name))
    pandas.testing.assert_frame_equal(then.oob, job.oob.frame())


def test_at_the_beginning(disco):
    """At time 0 two of the three map tasks run, nothing is done and nothing is visible; no task runs again."""
    job = count(disco)
    n_events = len(disco.cluster.log)
    then = job.at(0)
    assert then.status == "active"
    assert then.tasks.status.tolist() == ["running", "running"]
    assert len(then.oob) == 0
    assert len(disco.cluster.log) == n_events
    assert job.status == "ready"


def test_at_between(disco):
    """Between two ends of runs the first one's results are visible, the later one's not."""
    job = count(disco)
    ends = job.tasks.end_s.sort_values().tolist()
    then = job.at((ends[1] + ends[2]) / 2)
    assert then.tasks.status.tolist() == ["done", "done", "running"]
    assert then.oob.key.tolist() == job.oob.frame().key.tolist()[:2]
    assert repr(then).startswith(f"JobMoment({job.name}, active at 0.")
    assert "active" in then._repr_mimebundle_()["text/plain"]


def test_moment_of_a_disco(disco):
    """disco.at(t) counts from the cluster's start: a second job begins where the first one ended."""
    first = count(disco)
    second_start_s = disco.now_s
    second = count(disco)
    moment = disco.at(second_start_s + 0.1)
    assert moment.jobs.status.tolist() == ["ready", "active"]
    assert moment.nodes.busy.tolist() == [1, 1]
    assert moment.job(first).status == "ready"
    assert moment.job(second.name).time_s == pytest.approx(0.1)
    assert repr(moment) == f"Moment({disco.master} at {second_start_s + 0.1:.3f} s)"
    with pytest.raises(DiscoError, match=r"was submitted at \d\.\d+ s, after 0\.100 s"):
        disco.at(0.1).job(second)


def test_phases_at_a_moment(disco):
    """The phases of a run are there from its end on."""
    job = count(disco)
    ends = job.tasks.end_s.tolist()
    assert len(job.at(0).phases) == 0
    phases = job.at(ends[0]).phases
    assert phases.task.unique().tolist() == [0, 1]
    assert phases.groupby("task").seconds.sum().tolist() == pytest.approx(ends[:2])
    assert job.at(100).phases.stage.unique().tolist() == ["map", "reduce"]


def test_a_moment_shows_itself(disco):
    """A moment of a Disco is shown as its nodes and jobs as of then, not as of now."""
    count(disco)
    second_start_s = disco.now_s
    count(disco)
    text = disco.at(second_start_s + 0.1)._repr_mimebundle_()["text/plain"]
    assert text.startswith(f"Disco {disco.master}\n  nodes: 2\n  slots: 2\n  jobs: 1 active, 1 ready, 0 dead\n")
    assert f"virtual time: {second_start_s + 0.1:.3f} s" in text
    assert "map 0/3, reduce 0/1" in text
    checked(disco.at(0)._repr_mimebundle_()["text/html"])


def test_a_moment_with_a_dead_node(disco):
    """A moment tells which nodes were dead then, and a job's card what it had lost by then, and why."""
    disco.faults.kill("node02", at=0.75).restore("node02", at=2.0)
    job = count(disco)
    assert [disco.at(time_s).nodes.status.tolist()[1] for time_s in (0.5, 1.0, 2.0)] == ["alive", "dead", "alive"]
    cards = [job.at(time_s)._repr_mimebundle_()["text/plain"] for time_s in (0.6, 1.0)]
    assert "lost" not in cards[0]
    assert "  lost: the output of 1 task (node02 died)\n" in cards[1]


def test_moments_share_a_history(disco):
    """A moment reads what the history it is given has read already."""
    job = count(disco)
    past = History(disco.cluster.log)
    then = Moment(disco.cluster, past, 0.75)
    assert then.job(job).time_s == JobMoment(disco.cluster, past, job.name, 0.75).time_s == 0.75
    assert then.job(job).tasks.status.tolist() == job.at(0.75).tasks.status.tolist()


@pytest.mark.parametrize("time_s", [-1, "soon", float("nan"), True])
def test_no_moment(disco, time_s):
    """A time that is no number of seconds from 0 on is refused."""
    job = count(disco)
    with pytest.raises(DiscoError, match="a moment is a number of virtual seconds, 0 or more"):
        job.at(time_s)


def test_compare_with_itself(disco):
    """Compared with itself a job differs in nothing."""
    job = count(disco)
    frame = job.compare(job)
    assert len(frame) == 4
    assert frame.difference_s.tolist() == [0.0] * 4
    assert (frame.host == frame.other_host).all()


def test_compare_with_no_job(disco):
    """A job is compared with a Job; anything else is told so."""
    with pytest.raises(DiscoError, match=r"compare\('x'\) was asked for; .* as resubmit\(\) gives one"):
        Job(disco).compare("x")


def test_compare_with_another_cluster(disco):
    """Compared with a job on another cluster the frame shows where tasks ran, how often, and how long they took."""

    def unlucky(line, params):
        if this_host() == "node01":
            data_err("no disk", "raw://a")
        yield line, 1

    job = count(disco, reduce=None)
    with Disco(nodes=2) as other_disco:
        other = count(other_disco, map=unlucky, partitions=1)
        frame = job.compare(other)
    assert frame.stage.tolist() == ["map", "map", "map", "reduce"]
    assert frame.runs.tolist()[:3] == [1, 1, 1]
    assert frame.other_runs.tolist()[:3] == [2, 1, 2]
    assert frame.difference_s[0] > 1
    assert pandas.isna(frame.host[3])
    assert pandas.isna(frame.runs[3])
    assert frame.dtypes.map(str).tolist() == [
        *("str", "int64", "str", "str", "Int64", "Int64", "float64", "float64", "float64", "Int64", "Int64")
    ]


def test_all_out_of_band_results_at_a_moment():
    """disco.at(t).oob has what was visible then, of every job that had been submitted."""

    def fun_map(line, params):
        put("k", line)
        yield line, 1

    with Disco(nodes=1) as disco:
        first = disco.new_job(name="first", input=["raw://a"], map=fun_map)
        first.wait()
        between_s = disco.now_s
        second = disco.new_job(name="second", input=["raw://b"], map=fun_map)
        second.wait()
        assert disco.at(0.0).oob.empty
        assert disco.at(between_s).oob[["job", "value"]].values.tolist() == [[first.name, "a"]]
        assert disco.at(disco.now_s).oob.value.tolist() == ["a", "b"]
        assert disco.at(disco.now_s).oob.equals(disco.oob.frame())
