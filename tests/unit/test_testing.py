"""`disco_sim.testing`: job functions, logs and whole clusters in people's own tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disco_sim import ClusterSpec, Costs, Disco, Faults, JobError, Params
from disco_sim.error import DiscoError, InputError, PurityError
from disco_sim.model import events
from disco_sim.node.worker import masters
from disco_sim.sim.fault import KillNode
from disco_sim.testing import (
    check_invariants,
    invariants,
    log_digest,
    run,
    same_log,
    simulate,
    strategies,
)
from tests.clusters import of_kind


def length_map(line, params):
    """(line, its length), as the simplest of maps."""
    yield line, len(line)


def told_map(line, params):
    """The same, and a line for the log and a result out of band."""
    print(line)
    put(f"at:{line}", this_host())
    yield line, len(line)


def sum_reduce(pairs, params):
    """(key, sum of its values)."""
    for key, values in kvgroup(sorted(pairs)):
        yield key, sum(values)


def test_results_come_in_partition_order():
    """All results are there, those of partition 0 first."""
    found = run(length_map, sum_reduce, ["a", "bb", "a"], partitions=3, partition=lambda key, n, params: 3 - len(key))
    assert found == [("bb", 2), ("a", 2)]


def test_records_are_spread_over_several_tasks_in_order():
    """Functions are tested as they will run: the records are cut over four tasks, on more than one node."""

    def tell(record, params):
        yield record, (this_partition(), this_host())

    found = run(tell, records=range(8))
    assert [key for key, _ in found] == list(range(8))
    assert [task for _, (task, _) in found] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert {host for _, (_, host) in found} == {"node01", "node02"}


def test_records_may_be_any_iterable_and_none_at_all():
    """A generator will do, and a job without records has no results."""
    assert run(length_map, records=(word for word in ["a"])) == [("a", 1)]
    assert run(length_map) == []


@pytest.mark.parametrize("records", ["to be", b"to be"])
def test_one_text_is_no_list_of_records(records):
    """A text instead of a list of them is refused, rather than cut into its characters."""
    with pytest.raises(InputError, match=r"one after the other: \[b?'to be'\]"):
        run(length_map, records=records)


def test_job_parameters_are_passed_on():
    """Every job parameter can be given, `input` in place of the records too."""

    def times(line, params):
        yield line, params.factor

    assert run(times, input=["raw://a"], params=Params(factor=3), name="mine") == [("a", 3)]


def test_the_functions_own_error_is_the_cause():
    """A failing function is told as a JobError whose cause is what the function raised."""
    with pytest.raises(JobError) as caught:
        run(lambda line, params: [(line, int(line))], records=["a"])
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_variable_of_the_test_is_refused():
    """A function that would not work on another machine fails here, too."""
    factor = 3
    with pytest.raises(PurityError, match="closure over 'factor'"):
        run(lambda line, params: [(line, factor)], records=["a"])


def test_nothing_stays_open():
    """The cluster is closed afterwards, after a failure too."""
    before = set(masters)
    run(length_map, records=["a"])
    with pytest.raises(JobError):
        run(lambda line, params: 1 / 0, records=["a"])
    assert set(masters) == before


# -- simulate ----------------------------------------------------------------------------------------------


def test_a_simulated_job_can_be_looked_at_from_all_sides():
    """Tables, results, results out of band, its story and other settings are there, though its Disco is closed."""
    job = simulate(told_map, sum_reduce, ["a", "bb"], nodes=3, slots=1, partitions=2, name="mine")
    assert repr(job.disco).endswith("closed)")
    assert (job.status, job.name.partition("@")[0]) == ("ready", "mine")
    assert sorted(job.output().key) == ["a", "bb"]
    assert sorted(job.disco.result_iterator(job.wait())) == [("a", 1), ("bb", 2)]
    assert sorted(job.oob) == ["at:a", "at:bb"]
    assert len(job.tasks) == 4 and not job.partitions.empty and not job.shuffle.empty and not job.log.empty
    assert job.disco.nodes.slots.tolist() == [1, 1, 1]
    assert job.story("map:0").lines
    assert job.what_if(nodes=[1, 2]).status.tolist() == ["ready", "ready"]
    assert "mine" in job._repr_mimebundle_()["text/html"]


def test_simulated_faults_costs_and_luck():
    """Faults strike, costs count, and a seed has its luck."""
    faults = Faults().crash("map:0").kill("node02", at=0.25)
    job = simulate(told_map, records=["a", "bb"], faults=faults, costs=Costs(startup_s=1.0, noise=0.5), seed=3)
    assert job.tasks.status.value_counts().to_dict() == {"done": 2, "failed": 1, "lost": 1}
    assert job.tasks.start_s.iloc[0] == 0.0 and job.tasks.end_s.min() == 0.25
    slowdowns = [event.slowdown for event in of_kind(job.disco.cluster.log, events.PhasesPlayed)]
    others = simulate(told_map, records=["a", "bb"], costs=Costs(noise=0.5), seed=4).disco.cluster.log
    assert not set(slowdowns) & {event.slowdown for event in of_kind(others, events.PhasesPlayed)}


def test_a_simulated_job_may_die():
    """A job that dies is given back all the same: its status and its error say so."""
    job = simulate(lambda line, params: [(line, int(line))], records=["7", "seven"])
    assert job.status == "dead"
    assert isinstance(job.error.__cause__, ValueError)
    assert job.tasks.status.tolist() == ["lost", "failed"]


def test_simulated_jobs_leave_nothing_open():
    """Each gets the same master, and nothing is open afterwards, nor after wrong arguments."""
    before = set(masters)
    assert simulate(length_map, records=["a"]).disco.master == simulate(length_map, records=["a"]).disco.master
    for wrong in ({"records": "to be"}, {"faults": Faults().kill("node09", at=1.0)}, {"partitons": 2}):
        with pytest.raises(DiscoError):
            simulate(length_map, **{"records": ["a"], **wrong})
    assert set(masters) == before


# -- logs --------------------------------------------------------------------------------------------------


def test_the_same_job_on_two_open_discos_has_the_same_log():
    """Ports and the names that follow from them are no difference, whatever is given: Discos, jobs or a list."""
    with Disco(nodes=2) as one, Disco(nodes=2) as other:
        jobs = []
        for disco in (one, other):
            job = disco.new_job(name="job", input=disco.split(["a", "b"], 2), map=told_map, reduce=sum_reduce)
            job.wait()
            jobs.append(job)
        assert jobs[0].name != jobs[1].name and one.master != other.master
        same_log(one, other)
        same_log(*jobs)
        same_log(list(one.cluster.log), one.cluster.log)
        assert log_digest(one) == log_digest(other) == log_digest(jobs[0])


def test_the_first_difference_is_shown():
    """The error tells where the logs part, what each has there, and what was before."""
    calm = simulate(length_map, records=["a", "bb"])
    with pytest.raises(AssertionError) as caught:
        same_log(calm, simulate(length_map, records=["a", "bb"], costs=Costs(startup_s=2.0)))
    first, *lines = str(caught.value).splitlines()
    position = int(re.match(r"the logs differ from event (\d+) on, at 0\.5\d+ s and 2\.0\d+ s\Z", first)[1])
    assert [line.split(":")[0].strip() for line in lines] == [
        *[f"before {number}" for number in range(position - 3, position)],
        f"one    {position}",
        f"other  {position}",
    ]
    assert "time_s=0.5" in lines[-2] and "time_s=2.0" in lines[-1]


def test_a_log_that_ends_early_differs():
    """A log that is the beginning of another one is not the same."""
    log = list(simulate(length_map, records=["a"]).disco.cluster.log)
    for one, other, told in ((log, log[:-1], "other "), (log[:-1], log, "one   ")):
        with pytest.raises(AssertionError, match=f"{told} {len(log) - 1}: nothing, the log ends here"):
            same_log(one, other)
    same_log([], [])


def test_one_job_of_several_can_be_compared():
    """With a job's name, or how it begins, what happened of other jobs and nodes does not count."""
    with Disco(nodes=2) as one, Disco(nodes=2) as other:
        for disco, records in ((one, ["a"]), (other, ["bb"])):
            disco.new_job(name="same", input=["raw://x"], map=length_map).wait()
            disco.new_job(name="other", input=disco.split(records, 1), map=length_map).wait()
        same_log(one, other, "same")
        for name in ("other", None):
            with pytest.raises(AssertionError, match="the logs differ"):
                same_log(one, other, name)


def test_a_digest_counts_nanoseconds():
    """What differs by less than a nanosecond, as logarithms do between machines, has one digest; more has another."""
    log = list(simulate(length_map, records=["a"]).disco.cluster.log)
    digests = [
        log_digest([event._replace(time_s=event.time_s + more_s) for event in log]) for more_s in (0.0, 1e-13, 1e-6)
    ]
    assert digests[0] == digests[1] != digests[2]
    assert re.fullmatch(r"[0-9a-f]{64}", digests[0])


SCRIPT = """
from disco_sim import Costs, Faults
from disco_sim.testing import check_invariants, log_digest, simulate

def fun_map(line, params):
    print(line)
    for word in sorted(set(line.split())):
        put(f"{this_partition()}:{word}", word)
    for word in line.split():
        yield word, 1

def fun_reduce(pairs, params):
    for word, counts in kvgroup(sorted(pairs)):
        yield word, sum(counts)

verses = ["when I do count the clock", "that tells the time", "and see the brave day", "sunk in hideous night"]
costs = Costs(startup_s=1.0, cpu_record_s=0.5, port_bytes_s=20.0, noise=0.5, straggler_share=0.2, node_noise=0.2)
faults = Faults.random(8, 3, until=15.0, n=12)
job = simulate(
    fun_map, fun_reduce, verses, nodes=3, costs=costs, faults=faults, seed=5, speculative=True, partitions=3, sort=True
)
check_invariants(job)
print(job.status, log_digest(job))
"""


def test_a_digest_does_not_depend_on_the_hash_seed():
    """A job with faults, noise, copies and results out of band has one log whatever Python's hash seed is."""
    told = set()
    for seed in ("0", "1", "4242"):
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        told.add(ran.stdout.splitlines()[-1])
    assert len(told) == 1
    assert told.pop().startswith("ready ")


# -- invariants --------------------------------------------------------------------------------------------


def troubled():
    """A log in which much happens: a crash, a dead node that returns, lost outputs, results out of band."""
    faults = Faults().crash("map:1").kill("node02", at=1.2).restore("node02", at=4.0).lose("map:0")
    job = simulate(told_map, sum_reduce, ["a", "bb", "ccc"], nodes=3, slots=1, partitions=2, faults=faults)
    assert job.status == "ready"
    return list(job.disco.cluster.log)


def at(log, kind, n=0, **fields):
    """The position of the n-th event of a kind, of those with these fields."""
    found = [
        position
        for position, event in enumerate(log)
        if isinstance(event, kind) and all(getattr(event, name) == value for name, value in fields.items())
    ]
    return found[n]


def changed(log, position, **fields):
    return [*log[:position], log[position]._replace(**fields), *log[position + 1 :]]


def inserted(log, position, event):
    return [*log[:position], event, *log[position:]]


def without(log, position):
    return [*log[:position], *log[position + 1 :]]


def test_a_log_full_of_trouble_holds():
    """With crashes, dead nodes and lost outputs everything holds, at the end and at each moment before."""
    log = troubled()
    check_invariants(log)
    for n_events in range(len(log)):
        check_invariants(log[:n_events], is_over=False)
    with pytest.raises(AssertionError, match=r"has not ended; wait\(\) for it first, or give is_over=False"):
        check_invariants(log[:-1])


def n_at_once(log):
    """How many events happen at time 0."""
    return sum(event.time_s == 0.0 for event in log)


BROKEN = {
    "time never goes back": lambda log: changed(log, 5, time_s=-1.0),
    "a slot holds one run at a time": lambda log: changed(log, at(log, events.RunStarted, 1), host="node01", slot=0),
    "a run ends where it started": lambda log: changed(log, at(log, events.RunFinished), host="node03"),
    "no run starts on a dead node": lambda log: inserted(log, n_at_once(log), events.NodeDied(0.25, "node01")),
    "no run starts on a blacklisted node": lambda log: inserted(log, 1, events.NodeBlacklisted(0.0, "node01")),
    "the runs of a task are numbered in order": lambda log: changed(log, at(log, events.RunStarted), attempt=1),
    "only what runs can end": lambda log: inserted(
        log, at(log, events.RunFinished) + 1, log[at(log, events.RunFinished)]
    ),
    "every run ends before its job does": lambda log: without(log, at(log, events.RunFinished, -1)),
    "a run stores its outputs when it finishes": lambda log: changed(log, at(log, events.OutputStored), attempt=7),
    "what a run counts is what it stored": lambda log: changed(log, at(log, events.OutputStored), n_records=77),
    "the phases of a run are as long as it was": lambda log: changed(log, at(log, events.PhasesPlayed), cpu_s=9.0),
    "an output is stored once, unless it was lost": lambda log: inserted(
        log, at(log, events.OutputStored) + 1, log[at(log, events.OutputStored)]
    ),
    "only what is done can be lost": lambda log: inserted(
        log, at(log, events.OutputLost) + 1, log[at(log, events.OutputLost)]
    ),
    "what a run put is committed when it finishes": lambda log: changed(log, at(log, events.OOBStored), state="x"),
    "a key is committed once": lambda log: inserted(
        log, at(log, events.OOBStored, state="committed") + 1, log[at(log, events.OOBStored, state="committed")]
    ),
    "what comes after 'map' comes when that is done": lambda log: inserted(
        log, 2, log[at(log, events.StageStarted, stage="reduce")]._replace(time_s=0.0)
    ),
    "a stage is one of its job's plan": lambda log: changed(log, at(log, events.StageStarted), stage="shuffle"),
    "a run is of a task of a stage that has started": lambda log: without(log, at(log, events.StageStarted)),
    "nothing happens of a job that has ended": lambda log: [*log, log[at(log, events.TaskDelayed)]],
    "a job begins with its submission": lambda log: log[1:],
}

RULES = (
    invariants.time_never_goes_back,
    invariants.a_slot_holds_one_run,
    invariants.nodes_that_are_away_get_no_run,
    invariants.runs_are_numbered_and_end_once,
    invariants.what_is_counted_is_stored,
    invariants.phases_are_as_long_as_their_run,
    invariants.outputs_are_stored_once,
    invariants.keys_are_committed_once,
    invariants.stages_follow_each_other,
    invariants.jobs_end_once,
)


def told_by(rule, log):
    """What a rule says of a log, '' if it holds."""
    try:
        rule(log)
    except AssertionError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_rule_is_told(broken):
    """Each rule notices a log that was changed so that it does not hold, and tells where; so does the check of all."""
    log = BROKEN[broken](troubled())
    told = [text for rule in RULES if (text := told_by(rule, log))]
    assert any(re.search(f"{broken}.*, but event \\d+ is ", text) for text in told), told
    with pytest.raises(AssertionError):
        check_invariants(log)


def test_a_cluster_narrows_what_may_be():
    """With a cluster, runs are on its hosts and in its slots; a Disco and a job bring theirs along."""
    job = simulate(length_map, records=["a"], nodes=2, slots=1)
    check_invariants(job)
    check_invariants(job.disco)
    log = list(job.disco.cluster.log)
    check_invariants(log, ClusterSpec.parse("node01 x1"))
    with pytest.raises(AssertionError, match="a run starts in a slot of the cluster"):
        check_invariants(log, ClusterSpec.parse("other x4"))


def test_a_run_on_a_dying_node_is_lost_in_that_instant():
    """A run may start on a node that dies in the same instant, if it is lost in it."""
    start = events.RunStarted(1.0, "job", "map", 0, 0, "node01", 0, 0)
    lost = events.RunFailed(1.0, "job", "map", 0, 0, "node01", "lost", "node01 died", 0, 0, 0, 0.0)
    died = events.NodeDied(1.0, "node01")
    invariants.nodes_that_are_away_get_no_run([died, start, lost, died._replace(time_s=2.0)])
    with pytest.raises(AssertionError, match="is lost in that instant"):
        invariants.nodes_that_are_away_get_no_run([died, start, lost._replace(time_s=2.0)])


# -- strategies --------------------------------------------------------------------------------------------

FEW = settings(max_examples=50, database=None)


@FEW
@given(strategies.clusters(max_nodes=3, max_slots=2, speeds=[2.0]))
def test_clusters_are_as_asked_for(spec):
    """Clusters have up to so many nodes and slots, and the speeds that were given."""
    assert 1 <= len(spec.nodes) <= 3
    assert all(node.slots in (1, 2) and node.speed == 2.0 for node in spec.nodes)


@FEW
@given(strategies.costs(with_luck=False), strategies.costs())
def test_costs_are_as_asked_for(sure, lucky):
    """Costs without luck have none."""
    assert (sure.noise, sure.straggler_share, sure.node_noise) == (0.0, 0.0, 0.0)
    assert isinstance(lucky, Costs)


@FEW
@given(strategies.records(), strategies.records("pairs", max_size=2))
def test_records_are_as_asked_for(lines, pairs):
    """Records are texts without line ends, or pairs of a text and a whole number, that a job takes as they are."""
    assert all(isinstance(line, str) and "\n" not in line for line in lines)
    assert len(pairs) <= 2 and all((type(word), type(number)) == (str, int) for word, number in pairs)
    with pytest.raises(DiscoError, match="kind is one of 'lines', 'pairs'"):
        strategies.records("rows")


@FEW
@given(st.data(), strategies.clusters())
def test_plans_are_about_the_jobs_that_were_given(data, spec):
    """Faults of a plan are about tasks that the job has, within the time that it took, and leave a node alive."""
    calm = simulate(length_map, sum_reduce, ["a", "bb"], nodes=spec, partitions=1, costs=Costs(startup_s=4.0))
    plan = data.draw(strategies.fault_plans(spec, calm, max_size=20))
    plan.check(spec)
    assert all((fault.stage, fault.task) in {("map", 0), ("map", 1), ("reduce", 0)} for fault in plan
               if hasattr(fault, "stage"))  # fmt: skip
    assert all((getattr(fault, "at_s", None) or 0.0) <= calm.disco.now_s for fault in plan)
    assert len({fault.host for fault in plan if isinstance(fault, KillNode)}) < len(spec.nodes)
    assert list(data.draw(strategies.fault_plans(2, until=3.0, max_size=0))) == []


@pytest.mark.parametrize("call", ["clusters", "costs", "records", "fault_plans"])
def test_without_hypothesis_the_way_out_is_told(monkeypatch, call):
    """Strategies can be imported without Hypothesis, and say how to get it when they are called."""
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(DiscoError, match=rf"strategies\.{call}\(\) was called, but Hypothesis is not installed"):
        getattr(strategies, call)(*[2][: call == "fault_plans"])
