"""`at(t)` and `compare`: the past read from the log, and two jobs side by side."""

from __future__ import annotations

import pandas
import pytest

from disco_sim import Disco, Job
from disco_sim.error import DiscoError
from disco_sim.func import sum_reduce


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
