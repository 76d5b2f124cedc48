"""A finished job played again: what is the same, what is computed anew, bounds, shares, and what would help most."""

from __future__ import annotations

import math

import pytest

from disco_sim import ClusterSpec, Costs, Disco, Faults, JobError
from disco_sim.client.whatif import BOTTLENECK, WHAT_IF
from disco_sim.cluster.replay import Recording, Setting, play, rehomed
from disco_sim.compat.dialect import V05
from disco_sim.error import DiscoError
from disco_sim.func import sum_reduce
from disco_sim.model import events
from disco_sim.model.dialect import DOCUMENTED
from disco_sim.model.plan import Output
from disco_sim.pipeline import Stage
from disco_sim.views.critical import KINDS, Analysis

SLOW = Costs(startup_s=0.1, cpu_record_s=0.01)


def count_words(line, params):
    for word in line.split():
        yield word, 1


def once(line, params):
    yield line, 1


def nothing(line, params):
    return []


def where(line, params):
    yield this_host(), 1


def size_of(pairs, params):
    yield "n", sum(1 for _ in pairs)


def lines_of(n):
    return [f"w{number % 7} w{number % 3} w{number}" for number in range(n)]


def ready(disco, records=400, n=8, map=count_words, reduce=sum_reduce, partitions=2, **parameters):
    """A job that has ended."""
    given = lines_of(records) if isinstance(records, int) else records
    job = disco.new_job(
        name="job", input=disco.split(given, n), map=map, reduce=reduce, partitions=partitions, **parameters
    )
    job.wait()
    return job


def makespan(job):
    return float(job.tasks.end_s.max())


# -- what is the same ------------------------------------------------------------------------------------------------


def test_the_same_setting_gives_the_same_run():
    """Played as it ran, a job takes as long as it did, with the same runs at the same times, and computes nothing."""
    with Disco(seed=3, costs=Costs(cpu_record_s=0.01, noise=0.5, node_noise=0.2)) as disco:
        job = ready(disco)
        (row,) = job.what_if().itertuples()
        assert row.makespan_s == pytest.approx(makespan(job), abs=1e-12)
        assert (row.speed_up, row.efficiency, row.computed, row.status) == (1.0, 1.0, 0, "ready")
        assert (row.nodes, row.slots, row.total_slots, row.partitions) == (4, 2, 8, 2)
        assert row.node_seconds == 4 * row.makespan_s
        recording = Recording.of(disco.cluster, job.name)
        again = play(recording, Setting(disco.cluster.spec, disco.cluster.costs))
        assert list(again.cluster.log) == list(disco.cluster.log.of(job.name))


def test_the_job_and_its_disco_do_not_change():
    """Asking what if leaves the log, the time and the results of the Disco alone."""
    with Disco(costs=SLOW) as disco:
        job = ready(disco)
        before = list(disco.cluster.log), disco.now_s, job.output().values.tolist()
        job.what_if(nodes=[1, 2], partitions=[1, 3], faults=Faults().kill("node01", at=1.0))
        job.bottleneck()
        assert (list(disco.cluster.log), disco.now_s, job.output().values.tolist()) == before


def test_noise_is_the_same_on_any_number_of_nodes():
    """Each task has the same noise in every row, so that rows can be compared."""
    with Disco(costs=Costs(cpu_record_s=0.01, noise=0.5)) as disco:
        job = ready(disco)
        recording = Recording.of(disco.cluster, job.name)
        factors = []
        for nodes in (4, 8):
            played = play(recording, Setting(ClusterSpec.of(nodes), disco.cluster.costs)).cluster
            found = [event for event in played.log if isinstance(event, events.PhasesPlayed)]
            factors.append(sorted((event.stage, event.task, event.attempt, event.slowdown) for event in found))
        assert factors[0] == factors[1]
        assert len({factor for *_, factor in factors[0]}) == 10


def test_more_slots_are_never_slower_for_alike_tasks():
    """Alike tasks without transfers take as many waves as slots leave, and bounds hold in each row."""
    with Disco(costs=SLOW) as disco:
        frame = ready(disco, n=16, map=nothing).what_if(nodes=[1, 2, 4, 8, 16], slots=[1, 2])
    assert frame.makespan_s.groupby(frame.slots).is_monotonic_decreasing.all()
    assert ((frame.lower_s <= frame.makespan_s + 1e-9) & (frame.makespan_s <= frame.upper_s + 1e-9)).all()
    assert frame[["nodes", "slots"]].values.tolist() == [[n, s] for n in (1, 2, 4, 8, 16) for s in (1, 2)]


def test_shares_are_of_the_critical_path():
    """The six shares of a row sum to 1, and name what the time went by with."""
    costs = {
        "startup": Costs(startup_s=100.0),
        "cpu": Costs(cpu_record_s=1.0),
        "disk": Costs(disk_bytes_s=10.0),
        "network": Costs(port_bytes_s=10.0, disk_bytes_s=1e12),
        "straggler": Costs(cpu_record_s=1.0, straggler_share=1.0, straggler_factor=50.0),
    }
    with Disco() as disco:
        frame = ready(disco, n=8).what_if(costs=costs).set_index("costs")
    assert frame[list(KINDS)].sum(axis=1).tolist() == pytest.approx([1.0] * 5)
    for name in costs:
        assert frame.loc[name, list(KINDS)].astype(float).idxmax() == name


def test_waiting_is_what_more_slots_would_save():
    """On one slot the last task waits for all others."""
    with Disco(costs=SLOW) as disco:
        job = ready(disco, n=16)
        frame = job.what_if(nodes=[1, 16], slots=1)
    assert frame.waiting[0] > 0.5
    assert frame.waiting[1] == pytest.approx(0.0, abs=0.01)


# -- what is computed anew -------------------------------------------------------------------------------------------


def test_other_partitions_are_computed_once():
    """Another number of partitions is other work: it is computed in the first row that asks, and told."""
    with Disco(costs=SLOW) as disco:
        frame = ready(disco).what_if(nodes=[4, 8], partitions=[2, 4])
    assert frame.computed.tolist() == [0, 8 + 4, 0, 0]
    assert frame.partitions.tolist() == [2, 4, 2, 4]


def passed_on(interface, state, label, inp):
    for key, value in inp:
        interface.output(label).add(key, value)


def cut(interface, state, label, inp):
    for line in inp:
        for number in range(3 * len(line)):
            interface.output(number % 3).add(str(number), line)


BY_NODE = [
    ("split", Stage("cut", process=cut)),
    ("group_node", Stage("node", process=passed_on)),
    ("split", Stage("each", process=passed_on)),
    ("group_node_label", Stage("label", process=passed_on)),
    ("group_all", Stage("all", process=passed_on)),
]


@pytest.mark.parametrize(
    ("dialect", "shape"),
    [
        (V05, {"map": count_words, "reduce": sum_reduce, "partitions": 3}),
        (V05, {"map": count_words, "partitions": 3}),
        (DOCUMENTED, {"map": count_words, "reduce": sum_reduce, "partitions": 3, "shuffle": True}),
        (DOCUMENTED, {"pipeline": BY_NODE}),
    ],
)
def test_what_is_joined_by_node_is_joined_anew(dialect, shape):
    """On other nodes, stages that group by node have other tasks; the time told is that of a real run there."""
    costs = Costs(disk_bytes_s=1e3, port_bytes_s=1e3, cpu_record_s=1e-3)
    texts = [f"raw://{'ab cd ' * n}" for n in (5, 30, 9, 1, 20, 3, 7, 12)]

    def job(nodes, slots):
        disco = Disco(nodes=nodes, slots=slots, dialect=dialect, costs=costs)
        job = disco.new_job(name="job", input=texts, **shape)
        job.wait()
        disco.close()
        return job, disco.jobs.duration_s.iloc[0]

    recorded, _ = job(2, 2)
    for nodes in (1, 2, 3, 8):
        for slots in (1, 4):
            told = recorded.what_if(nodes=nodes, slots=slots).makespan_s.iloc[0]
            assert math.isclose(told, job(nodes, slots)[1], rel_tol=1e-9)
    assert len(recorded.bottleneck().frame()) == 6


def test_files_of_the_same_name_are_not_the_same(tmp_path):
    """What a node would read elsewhere is told apart by whole paths, not by the last part of them."""
    paths = []
    for folder, text in (("a", "x"), ("b", "x"), ("c", "x"), ("d", "x"), ("e", "x" * 40)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "part.txt").write_text(text.ljust(50) + "\n")
        paths.append(str(tmp_path / folder / "part.txt"))

    def letters(interface, state, label, inp):
        for line in inp:
            for number in range(50 * len(line.strip())):
                interface.output(0).add(number, 1)

    def job(nodes):
        with Disco(nodes=nodes, costs=SLOW) as disco:
            job = disco.new_job(name="x", input=paths, pipeline=[("group_node", Stage("letters", process=letters))])
            job.wait()
            return job, disco.jobs.duration_s.iloc[0]

    recorded, _ = job(4)
    assert math.isclose(recorded.what_if(nodes=3).makespan_s.iloc[0], job(3)[1], rel_tol=1e-9)


def test_code_that_asks_where_it_runs_is_computed_again():
    """A run whose code read its host is computed where it runs now; the others are not."""
    with Disco(costs=SLOW) as disco:
        job = ready(disco, map=where, n=8)
        frame = job.what_if(nodes=[4, 8])
    assert frame.computed[0] == 0
    assert 0 < frame.computed[1] <= 8 + 2


def test_results_only_are_enough():
    """What is between the stages need not be kept for playing again, unless code has to be called with it."""
    with Disco(costs=SLOW, keep="results") as disco:
        assert ready(disco).what_if(nodes=[2, 8]).computed.tolist() == [0, 0]
        asking = ready(disco, map=where).what_if(nodes=[2, 8])
        assert asking.computed.tolist() == [10, 10]
        assert asking.status.tolist() == ["ready", "ready"]


def test_other_jobs_can_be_read():
    """Code that is computed again can read out-of-band results and outputs of jobs that had ended before."""

    def stores(line, params):
        put("k" + line, "7")
        yield line, 1

    def asks(entry, params):
        yield this_host(), int(get("ka", params.job))

    from disco_sim import Params

    with Disco(nodes=2) as disco:
        first = disco.new_job(name="first", input=["raw://a", "raw://b"], map=stores)
        urls = first.wait()
        job = disco.new_job(name="second", input=urls, map=asks, params=Params(job=first.name), map_reader=None)
        job.wait()
        frame = job.what_if(nodes=[2, 1])
        assert frame.status.tolist() == ["ready", "ready"]
        assert frame.computed[1] >= 1


# -- settings ----------------------------------------------------------------------------------------------------------


def test_faults_in_a_row():
    """Faults cost time, are named, and a job that dies of them has no makespan; bounds know nothing of failures."""
    faults = {"none": Faults(), "one": Faults().kill("node02", at=0.3), "all": Faults()}
    for host in ("node01", "node02", "node03", "node04"):
        faults["all"] = faults["all"].kill(host, at=0.3)
    with Disco(costs=SLOW) as disco:
        frame = ready(disco).what_if(faults=faults).set_index("faults")
    assert frame.status.tolist() == ["ready", "ready", "dead"]
    assert frame.makespan_s["one"] > frame.makespan_s["none"]
    assert math.isnan(frame.makespan_s["all"])
    assert frame.upper_s["one"] == math.inf


def test_clusters_by_name():
    """Nodes may be a text or a cluster, with slots and speeds of their own; a number repeats the job's nodes."""
    with Disco(nodes="fast x4 @2, slow x1 @0.5", costs=SLOW) as disco:
        job = ready(disco)
        frame = job.what_if(nodes=["a[1-3] x2", ClusterSpec.of(2, 3), 3])
        assert frame.total_slots.tolist() == [6, 6, 9]
        assert frame.slots.tolist()[:2] == [2, 3]
        assert frame.slots.isna().tolist() == [False, False, True]
        assert job.what_if(nodes=2, slots=1).total_slots.tolist() == [2]


def test_the_frame():
    """The columns and dtypes are always the same."""
    with Disco(costs=SLOW) as disco:
        frame = ready(disco, reduce=None, partitions=None).what_if(speculative=[False, True])
    assert tuple(frame.columns) == WHAT_IF
    assert frame.dtypes.astype(str).to_dict() == {
        **dict.fromkeys(WHAT_IF, "float64"),
        **dict.fromkeys(("costs", "faults", "status", "network_sharing"), "str"),
        **dict.fromkeys(("nodes", "total_slots", "partitions", "computed"), "int64"),
        "slots": "Int64",
        "speculative": "bool",
    }
    assert frame.speculative.tolist() == [False, True]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"nodes": 0}, "nodes=0 was given"),
        ({"nodes": []}, r"what_if\(nodes=\[\]\) was asked for"),
        ({"slots": 0}, r"what_if\(slots=0\) was asked for; slots is a whole number of at least 1"),
        ({"partitions": -1}, r"partitions=-1"),
        ({"partitions": 1.5}, r"partitions=1.5"),
        ({"costs": 3}, r"what_if\(costs=...\) was given 3"),
        ({"faults": {"x": None}}, r"what_if\(faults=...\) was given None as 'x'"),
        ({"faults": Faults().kill("nosuch", at=1.0)}, "no host 'nosuch'"),
        ({"speculative": 2}, "speculative is True or False"),
    ],
)
def test_what_cannot_be_asked(settings, message):
    """A setting that cannot be is refused, with its name and the rule, before anything is played."""
    with Disco(costs=SLOW) as disco:
        job = ready(disco)
        with pytest.raises(DiscoError, match=message):
            job.what_if(**settings)


def test_only_finished_jobs():
    """An active or dead job cannot be played again, and says so."""
    with Disco() as disco:
        active = disco.new_job(name="active", input=["raw://a"], map=once)
        with pytest.raises(DiscoError, match="is active, and only a job that is ready"):
            active.what_if(nodes=2)
        dead = disco.new_job(name="dead", input=["raw://a"], map=lambda line, params: 1 / 0)
        with pytest.raises(JobError):
            dead.wait()
        with pytest.raises(DiscoError, match="is dead, and only a job that is ready"):
            dead.bottleneck()


def test_rehomed():
    """Inputs that had only been given a home get the one they would have; stored data stay or move with their node."""
    before, after = ClusterSpec.of(2), ClusterSpec.of(3)
    stored = "disco://node02:8989/disco/node02/x"
    inputs = (
        Output(0, "node01", 0, 0, "raw://a"),
        Output(0, "node02", 0, 0, "raw://b"),
        Output(0, "node01", 0, 0, "raw://c"),
        Output(0, "node02", 0, 0, stored, (("node01", "raw://d"),)),
        Output(0, "", 0, 0, "http://elsewhere/e"),
    )
    moved = rehomed(inputs, before, after)
    assert [piece.host for piece in moved] == ["node01", "node02", "node03", "node02", ""]
    assert moved[3].alternatives == (("node01", "raw://d"),)
    assert [piece.host for piece in rehomed(inputs, before, ClusterSpec.parse("x, y"))] == ["x", "y", "x", "y", ""]
    assert rehomed(inputs, before, before) is inputs


# -- the bottleneck ---------------------------------------------------------------------------------------------------


def long_words(line, params):
    yield line, "x" * 1000


def many_keys(line, params):
    for number in range(10):
        yield f"{line}:{number}", 1


SIX = {
    "one more slot a node": (
        {"costs": Costs(startup_s=0.0, cpu_record_s=0.1)},
        {"n": 24, "map": nothing, "records": 480},
    ),
    "twice the network": (
        {"costs": Costs(startup_s=0.0, port_bytes_s=1e4, disk_bytes_s=1e9)},
        {"n": 8, "map": long_words, "partitions": 8, "reduce": size_of},
    ),
    "twice the disk": (
        {"costs": Costs(startup_s=0.0, disk_bytes_s=1e4, port_bytes_s=1e9), "slots": 1},
        {"n": 4, "map": long_words, "reduce": None, "partitions": None},
    ),
    "twice the partitions": (
        {"costs": Costs(startup_s=0.0, cpu_record_s=0.01)},
        {"n": 8, "map": many_keys, "partitions": 2, "reduce": size_of},
    ),
    "speculative copies": (
        {"seed": 0, "costs": Costs(startup_s=0.0, cpu_record_s=0.1, straggler_share=0.2, straggler_factor=20.0)},
        {"n": 16, "map": nothing, "slots": 4, "partitions": 1},
    ),
    "without the slowest task": (
        {"costs": Costs(startup_s=0.0, cpu_record_s=0.1)},
        {"input": ["raw://" + "a\n" * n for n in (10, 10, 10, 500)], "map": nothing, "partitions": 1},
    ),
}


@pytest.mark.parametrize("change", SIX)
def test_the_bottleneck(change):
    """For each of the six changes there is a job that it helps most, and the table says by how much."""
    options, job = (dict(part) for part in SIX[change])
    options.update({"slots": job.pop("slots")} if "slots" in job else {})
    with Disco(**options) as disco:
        if "input" in job:
            job = disco.new_job(name="job", reduce=size_of, **job)
            job.wait()
        else:
            job = ready(disco, **job)
        found = job.bottleneck()
        before_s = makespan(job)
    frame = found.frame()
    assert found.change == change
    assert tuple(frame.columns) == BOTTLENECK
    assert sorted(frame.change) == sorted(SIX)
    assert frame.change[0] == change
    assert frame.saved_s[0] > frame.saved_s[1] + 1e-9
    assert found.saved_s == pytest.approx(before_s - frame.makespan_s[0])
    assert frame.share.tolist() == pytest.approx((frame.saved_s / before_s).tolist())
    shown = found._repr_mimebundle_()
    assert change in repr(found)
    assert all(name in shown["text/plain"] and name in shown["text/html"] for name in SIX)


def test_no_bottleneck():
    """A job that is nothing but start-up is helped by none of the six, and says so."""
    with Disco(nodes=1, slots=1, costs=Costs(cpu_record_s=0, cpu_byte_s=0, disk_bytes_s=math.inf)) as disco:
        job = disco.new_job(name="job", input=["raw://a"], map=once)
        job.wait()
        found = job.bottleneck()
    assert (found.change, found.saved_s) == (None, 0.0)
    assert repr(found) == "Bottleneck(none of the six changes makes 0.500 s shorter)"


# -- the analysis -----------------------------------------------------------------------------------------------------


def test_the_critical_path_leads_to_the_end():
    """Its segments follow each other from submission to end, also when runs fail, die with nodes, and run again."""
    for seed in range(30):
        faults = Faults.random(seed, nodes=4, until=8.0)
        with Disco(costs=Costs(cpu_record_s=0.02, noise=0.3), faults=faults) as disco:
            job = ready(disco)
            analysis = Analysis.of(disco.cluster.log, job.name)
            total_s = sum(segment.seconds for segment in analysis.critical_path())
            assert total_s == pytest.approx(analysis.makespan_s)
            assert all(segment.kind in KINDS for segment in analysis.critical_path())
            assert sum(analysis.shares().values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("n_slots", "lower_s", "upper_s"),
    [
        (1, 20.0, 20.0),  # 12 + 8: one after the other, whatever the order
        (2, 11.0, 15.5),  # 7 + 4; 12/2 + 7/2 and 8/2 + 4/2
        (4, 11.0, 13.25),  # 7 + 4; 12/4 + 3/4 * 7 and 8/4 + 3/4 * 4
    ],
)
def test_bounds_by_hand(n_slots, lower_s, upper_s):
    """The upper bound is Graham's: for each stage, total / n_slots plus (1 - 1 / n_slots) times its longest run."""
    analysis = Analysis()
    for stage, took_s in (("map", (2.0, 3.0, 7.0)), ("reduce", (4.0, 4.0))):
        analysis.add(events.StageStarted(0.0, "job", stage, ()))
        for task, cpu_s in enumerate(took_s):
            run = ("job", stage, task, 0, "node01")
            analysis.add(events.RunStarted(0.0, *run, 0, 0))
            analysis.add(events.PhasesPlayed(cpu_s, *run, 0.0, 0.0, 0.0, 0.0, cpu_s, 0.0, 0.0, 1.0))
            analysis.add(events.RunFinished(cpu_s, *run, 0, 0, 0, 0, 0))
    assert analysis.bounds(n_slots) == (pytest.approx(lower_s), pytest.approx(upper_s))


def test_bounds_hold_with_luck_and_speeds():
    """Every makespan without failures lies between its bounds."""
    for seed in range(10):
        costs = Costs(cpu_record_s=0.02, noise=0.4, node_noise=0.3, disk_bytes_s=1e5, port_bytes_s=1e5)
        with Disco(seed=seed, nodes="a x2 @2, b[1-2] x1", costs=costs) as disco:
            frame = ready(disco, n=13, partitions=5).what_if(nodes=["a x2 @2, b[1-2] x1", 2, 7], slots=[1, 3])
        assert ((frame.lower_s <= frame.makespan_s + 1e-9) & (frame.makespan_s <= frame.upper_s + 1e-9)).all()


def test_samples_teach_costs():
    """Costs.fit(job) learns prices from the CPU seconds that the functions of a job took here."""
    with Disco() as disco:
        job = ready(disco, records=4000)
        assert len(job.samples()) == 8 + 2
        assert all(seconds > 0 and n_records > 0 for seconds, n_records, _ in job.samples())
        learnt = Costs.fit(job)
    assert learnt.cpu_task_s + learnt.cpu_record_s + learnt.cpu_byte_s > 0


# -- what was found ---------------------------------------------------------------------------------------------------


def test_as_it_ran_has_its_copies():
    """A job that ran with second runs of slow tasks is played with them, unless the question says otherwise."""
    costs = Costs(cpu_record_s=1.0, straggler_share=0.15, straggler_factor=20.0)
    with Disco(costs=costs, speculative=True) as disco:
        job = ready(disco, records=16, n=16, reduce=None, partitions=None)
        frame = job.what_if()
        assert (frame.speculative[0], frame.makespan_s[0]) == (True, pytest.approx(makespan(job)))
        assert job.what_if(speculative=False).makespan_s[0] > makespan(job)


def test_bounds_that_are_not_known():
    """With copies luck may be other than it was, and tasks bound to nodes leave slots idle: then no bound is told."""
    costs = Costs(cpu_record_s=1.0, straggler_share=0.15, straggler_factor=20.0)
    with Disco(costs=costs) as disco:
        frame = ready(disco, records=80, n=16).what_if(speculative=[False, True])
    assert frame.lower_s.isna().tolist() == [False, True]
    assert frame.upper_s.tolist()[1] == math.inf
    with Disco(costs=SLOW) as disco:
        frame = ready(disco, scheduler={"force_local": True}).what_if(nodes=[1, 4])
    assert frame.upper_s.tolist() == [math.inf, math.inf]


def test_a_bad_replica_that_is_not_there():
    """A fault of a replica that the input has not changes nothing, also when code has to be computed again."""
    faults = Faults().missing("map:1", replica=2).kill("node02", at=0.1)
    with Disco(nodes=3) as disco:
        job = disco.new_job(name="job", input=["raw://a", "raw://b"], map=where, reduce=sum_reduce, partitions=2)
        job.wait()
        assert job.what_if(faults=faults).status.tolist() == ["ready"]


def test_faults_without_effect_are_played_in_silence(capsys):
    """What-if writes no warning, neither of the faults that it is given nor of those of the job's own cluster."""
    with Disco(nodes=3, faults=Faults().crash("mpa:0")) as disco:
        job = ready(disco)
        capsys.readouterr()
        assert job.what_if(faults=[Faults().crash("mpa:1"), Faults().lose("map:99")]).status.tolist() == ["ready"] * 2
        job.bottleneck()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("keep", ["all", "results"])
def test_bad_data_in_a_row(keep):
    """A task that finds its data corrupt is computed, and so is all before it when that was not kept."""
    faults = Faults().corrupt("reduce:0", runs=1)
    with Disco(nodes=2, keep=keep, faults=faults) as disco:
        expected_s = makespan(ready(disco, n=2))
    with Disco(nodes=2, keep=keep) as disco:
        frame = ready(disco, n=2).what_if(faults=faults)
    assert (frame.status[0], frame.makespan_s[0]) == ("ready", pytest.approx(expected_s))


def test_partitions_that_died_are_computed_again():
    """What was computed for a row that died is no recording for the next one."""
    dead = Faults().kill("node01", at=0.1).kill("node02", at=0.1)
    with Disco(nodes=2) as disco:
        frame = ready(disco, n=2).what_if(partitions=3, faults={"dead": dead, "none": Faults()})
    assert frame.status.tolist() == ["dead", "ready"]
    assert frame.makespan_s.isna().tolist() == [True, False]


def test_the_bottleneck_of_a_job_whose_input_is_gone(tmp_path):
    """Other partitions cannot be played when the input is gone; the other changes can."""
    path = tmp_path / "text.txt"
    path.write_text("a b\nc d\n", encoding="utf-8")
    with Disco(nodes=2, costs=SLOW) as disco:
        job = disco.new_job(name="job", input=[str(path)], map=count_words, reduce=sum_reduce)
        job.wait()
        path.unlink()
        frame = job.bottleneck().frame()
    assert frame.change.tolist()[-1] == "twice the partitions"
    assert frame.makespan_s.isna().tolist() == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"costs": {}}, r"what_if\(costs=\[\]\) was asked for"),
        ({"costs": Faults()}, r"what_if\(costs=...\) was given Faults\(\)"),
        ({"nodes": {"a": 1}}, r"nodes is one value or a list of them"),
        ({"nodes": "4"}, "a number of nodes is a number: nodes=4"),
    ],
)
def test_what_cannot_be_asked_either(settings, message):
    """An empty dict, a value of another kind, or a dict where names mean nothing is refused."""
    with Disco(costs=SLOW) as disco:
        job = ready(disco)
        with pytest.raises(DiscoError, match=message):
            job.what_if(**settings)


def test_alike_costs_are_a_row_each():
    """Two equal values of a list are two rows."""
    with Disco(costs=SLOW) as disco:
        assert len(ready(disco).what_if(costs=[Costs(), Costs()])) == 2
