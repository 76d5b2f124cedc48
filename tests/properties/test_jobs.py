"""Real job functions on any cluster, whatever fails: the answer is that of a few lines of plain Python."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disco_sim import Disco, Params, result_iterator
from disco_sim.func import default_partition, sum_combiner
from disco_sim.model import events
from tests.clusters import of_kind, orders_in, replayed
from tests.properties import checks

SETTINGS = settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])

LINES = st.lists(
    st.lists(st.sampled_from(["a", "b", "cd", "ä", "x y", "z" * 30, "1"]), max_size=6).map(" ".join), max_size=5
)


def words(line, params):
    """Fails with DataError on the hosts that the table names for this task."""
    if params.at == "begin" and this_host() in params.bad.get(f"map:{this_partition()}", ()):
        data_err("bad block", this_host())
    if params.partitions:
        params.seen.append(line)
    for word in line.split(" "):
        yield word, 1
    if params.at == "end" and this_host() in params.bad.get(f"map:{this_partition()}", ()):
        raise OSError("disk full")


def note(records, params):
    put(f"map:{this_partition()}", f"{this_host()} {len(params.seen)}")


def total(pairs, params):
    counts = {}
    for word, n in pairs:
        counts[word] = counts.get(word, 0) + n
    put(f"reduce:{this_partition()}", get("map:0", default="none"))
    if this_host() in params.bad.get(f"reduce:{this_partition()}", ()):
        raise DataError("bad block", this_host())
    for word in sorted(counts):
        yield word, counts[word]


@st.composite
def runs(draw):
    """A cluster of at least two nodes, inputs, job parameters, and for some tasks the hosts on which they fail."""
    n_nodes = draw(st.integers(2, 5))
    hosts = [f"node{number:02d}" for number in range(1, n_nodes + 1)]
    tasks = [f"{stage}:{number}" for stage in ("map", "reduce") for number in range(4)]
    # One host is good for every task, and at most three failures are forgiven.
    bad = draw(
        st.dictionaries(st.sampled_from(tasks), st.lists(st.sampled_from(hosts[1:][:3]), unique=True), max_size=4)
    )
    return {
        "nodes": n_nodes,
        "slots": draw(st.integers(1, 2)),
        "seed": draw(st.integers(0, 2)),
        "lines": draw(st.lists(LINES, max_size=5)),
        "partitions": draw(st.sampled_from([None, 1, 2, 4])),
        "combiner": draw(st.sampled_from([None, sum_combiner])),
        "sort": draw(st.booleans()),
        "bad": bad,
        "at": draw(st.sampled_from(["begin", "end"])),
    }


def run(one):
    with Disco(nodes=one["nodes"], slots=one["slots"], seed=one["seed"]) as disco:
        inputs = [url for lines in one["lines"] for url in disco.split(lines, 1)]
        params = Params(bad=one["bad"], at=one["at"], partitions=one["partitions"], seen=[])
        job = disco.new_job(
            name="job", input=inputs, map=words, map_init=note, reduce=total, params=params,
            partitions=one["partitions"], combiner=one["combiner"], sort=one["sort"],
        )  # fmt: skip
        urls = job.wait()
        by_task = [list(result_iterator([url])) for url in urls]
        log = list(disco.cluster.log)
        assert sorted(replayed(log, disco.cluster.spec), key=repr) == sorted(orders_in(log), key=repr)
        return by_task, log, dict(job.oob), disco.cluster.spec


@SETTINGS
@given(runs())
def test_the_answer_is_plain_python_s(one):
    """Counts are Counter's, each word in the partition of its hash, whatever nodes, slots, combiner and failures."""
    by_task, log, _, spec = run(one)
    expected = Counter(word for lines in one["lines"] for line in lines for word in line.split(" "))
    n = one["partitions"] or 1
    assert by_task == [
        sorted((word, count) for word, count in expected.items() if default_partition(word, n, None) == number)
        for number in range(n)
    ]
    checks.all_of(log, spec)
    checks.no_run_where_its_task_failed(log, spec)


@SETTINGS
@given(runs())
def test_what_failed_runs_put_is_dropped(one):
    """Each task commits its result once, from the run that ended well, though its failed runs put the same key."""
    _, log, oob, _ = run(one)
    ended_on = {f"{event.stage}:{event.task}": event.host for event in of_kind(log, events.RunFinished)}
    assert set(oob) == set(ended_on)
    # Every run has its own copy of params, so no run has seen a line when it begins.
    assert all(oob[task] == f"{host} 0" for task, host in ended_on.items() if task.startswith("map"))
    failed = of_kind(log, events.RunFailed)
    assert all(event.host in one["bad"][f"{event.stage}:{event.task}"] for event in failed)
    dropped = [event for event in of_kind(log, events.OOBStored) if event.state == "dropped"]
    assert len(dropped) == sum(event.oob_puts for event in failed)


@SETTINGS
@given(runs())
def test_the_same_seed_gives_the_same_log(one):
    """Running the same job again gives the same log, event for event."""
    first, second = run(one), run(one)
    assert first == second


@SETTINGS
@given(runs(), st.integers(2, 5), st.integers(1, 3))
def test_the_answer_does_not_depend_on_the_cluster(one, nodes, slots):
    """Another number of nodes, slots and failures gives the same records in the same partitions."""
    other = {**one, "nodes": nodes, "slots": slots, "bad": {}}
    assert run(one)[0] == run(other)[0]
