"""Any plan on any cluster with any failures, kills and blacklists: what must hold of it does."""

from __future__ import annotations

from zlib import crc32

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disco_sim.cluster.simulated import SimulatedCluster
from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec, Node
from disco_sim.model.job import JobRequest, Limits
from disco_sim.model.plan import Output, Stage
from disco_sim.model.rules import Rules
from disco_sim.model.work import Blob, Counts, Message, Read, TaskOutcome
from disco_sim.store.results import index_of
from tests.clusters import Scripted, failure, finish, of_kind, orders_in, replayed
from tests.properties import checks

SETTINGS = settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
MAX_FAILURES = 3


@st.composite
def clusters(draw):
    """One to four nodes of one to three slots, of different speed."""
    slots = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    return ClusterSpec(
        tuple(Node(f"n{number}", n, draw(st.sampled_from([1.0, 0.5]))) for number, n in enumerate(slots))
    )


def stages():
    """A stage after the first, without its name."""
    label = st.tuples(st.just("group_label"), st.sampled_from([None, range(0), range(2), range(4)]))
    other = st.tuples(st.sampled_from(["split", "group_node", "group_node_label"]), st.none())
    everything = st.tuples(st.just("group_all"), st.sampled_from([None, range(1)]))
    return st.one_of(label, other, everything)


@st.composite
def plans(draw):
    """Zero to four stages, the first of which splits the inputs."""
    rest = draw(st.lists(stages(), max_size=3))
    shapes = [("split", None), *rest] if draw(st.integers(0, 9)) else []
    return tuple(Stage(f"s{number}", *shape) for number, shape in enumerate(shapes))


FAILURES = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 6)),
    st.lists(st.sampled_from(["data"] * 6 + ["memory", "fatal"]), min_size=1, max_size=5),
    max_size=4,
)


class Script:
    """A stage's code: fails as the table says of (stage, task, attempt), else passes its records on by label."""

    def __init__(self, table, n_labels):
        self.table = table
        self.n_labels = n_labels

    def __call__(self, work):
        level = int(work.stage[1:])
        kinds = self.table.get((level, work.task), ())
        oob = ((f"{work.stage}:{work.task}", str(work.attempt)),)
        records = []
        for piece in work.inputs:
            if piece.blob.startswith("raw://"):
                records.append((piece.blob, 1))
            else:
                records += work.store.blob(piece.blob).pairs()
        if work.attempt < len(kinds):
            return failure(kinds[work.attempt], oob=dict(oob))
        by_label: dict[int, list] = {}
        for record in records:
            by_label.setdefault(crc32(f"{level}{record[0]}".encode()) % self.n_labels, []).append(record)
        outputs = tuple((label, Blob.of_pairs(found, 1000 * len(found))) for label, found in by_label.items())
        return TaskOutcome(
            outputs=outputs,
            oob=oob,
            messages=(Message(0.5, "MSG", "half"),),
            counts=Counts(
                records_in=len(records),
                records_out=len(records),
                bytes_out=1000 * len(records),
                slept_s=0.25 * (work.task % 3),
                read=tuple(Read(number, 0, piece.n_bytes) for number, piece in enumerate(work.inputs)),
            ),
        )

    def is_fatal(self, level, task):
        """Whether a task with this table ends its job, as documented."""
        kinds = self.table.get((level, task), [])[: MAX_FAILURES + 1]
        return "fatal" in kinds or kinds.count("memory") > 1 or len(kinds) > MAX_FAILURES


@st.composite
def jobs(draw, spec):
    """A request: a plan, inputs with or without homes and replicas, limits, and a script."""
    plan = draw(plans())
    n_inputs = draw(st.integers(0, 6))
    hosts = st.sampled_from([*spec.hosts, "", "elsewhere"])
    inputs = tuple(
        Output(
            0, draw(hosts), 0, 10, f"raw://{number}", tuple((draw(hosts), "u") for _ in range(draw(st.integers(0, 1))))
        )
        for number in range(n_inputs)
    )
    limits = Limits(
        max_cores=draw(st.sampled_from([1, 2, 100])),
        force_remote=draw(st.booleans()) and not draw(st.integers(0, 3)),
    )
    script = Script(draw(FAILURES), draw(st.integers(1, 4)))
    return plan, inputs, limits, script


def submitted(computer, made):
    for serial, (plan, inputs, limits, script) in enumerate(made):
        program = {stage.name: script for stage in plan}
        computer.submit(JobRequest(f"job{serial}", serial, plan, inputs, program, limits))


def fresh(spec, seed):
    return SimulatedCluster(spec, Scripted(), rules=Rules(seed=seed, max_failures=MAX_FAILURES))


@SETTINGS
@given(st.data(), clusters(), st.integers(0, 3))
def test_jobs_with_failures(data, spec, seed):
    """Whatever fails, slots, barriers, time, bytes, commits and private blacklists are as they must be."""
    made = data.draw(st.lists(jobs(spec), min_size=1, max_size=3))
    computer = fresh(spec, seed)
    submitted(computer, made)
    log = finish(computer)
    checks.all_of(log, spec)
    if not any(limits.force_remote for _, _, limits, _ in made):
        checks.no_run_where_its_task_failed(log, spec)
    for serial, (plan, inputs, limits, script) in enumerate(made):
        job = f"job{serial}"
        n_tasks = {
            event.stage: len(event.tasks) for event in computer.log.of(job) if isinstance(event, events.StageStarted)
        }
        dies = any(
            script.is_fatal(level, task)
            for level, stage in enumerate(plan)
            for task in range(n_tasks.get(stage.name, 0))
        )
        if not limits.force_remote:
            assert computer.jobs.status(job) == ("dead" if dies else "ready")
        if computer.jobs.status(job) == "ready" and plan:
            blobs = [blob for url in computer.jobs.facts(job).results() for _, blob in index_of(computer.jobs, url)]
            found = [pair for blob in blobs for pair in computer.blobs.get(blob).pairs()]
            assert sorted(found) == sorted((piece.blob, 1) for piece in inputs)
            assert set(computer.oob.committed(job)) == {
                f"{stage}:{task}" for stage, n in n_tasks.items() for task in range(n)
            }
            for key, entry in computer.oob.committed(job).items():
                stage, _, task = key.partition(":")
                kinds = script.table.get((int(stage[1:]), int(task)), ())
                assert entry.value == str(len(kinds))


@SETTINGS
@given(st.data(), clusters(), st.integers(0, 3))
def test_the_same_again(data, spec, seed):
    """The same jobs and seed give the same log, event for event; and a fresh scheduler says the same of it again."""
    made = data.draw(st.lists(jobs(spec), min_size=1, max_size=3))
    logs = []
    for _ in range(2):
        computer = fresh(spec, seed)
        submitted(computer, made)
        logs.append(finish(computer))
    assert logs[0] == logs[1]
    assert sorted(replayed(logs[0], spec, MAX_FAILURES), key=repr) == sorted(orders_in(logs[0]), key=repr)


@SETTINGS
@given(st.data(), clusters())
def test_kills_and_blacklists_at_any_time(data, spec):
    """Kills, blacklists and whitelists between any two events break nothing; with a node left, all jobs end."""
    made = data.draw(st.lists(jobs(spec), min_size=1, max_size=3))
    asks = data.draw(
        st.lists(
            st.one_of(
                st.builds(events.NodeBlacklisted, st.just(0.0), st.sampled_from(spec.hosts)),
                st.builds(events.NodeWhitelisted, st.just(0.0), st.sampled_from(spec.hosts)),
                st.builds(
                    events.JobKillAsked, st.just(0.0), st.sampled_from(["job0", "job1", "job2"]), st.just("killed")
                ),
                st.none(),
            ),
            max_size=25,
        )
    )
    computer = fresh(spec, 0)
    submitted(computer, made)
    for ask in asks:
        if ask is not None:
            computer.ask(ask)
        computer.advance()
    for host in spec.hosts:
        computer.ask(events.NodeWhitelisted(0.0, host))
    log = finish(computer)
    checks.all_of(log, spec)
    orders = replayed(log, spec, MAX_FAILURES)
    assert sorted(orders, key=repr) == sorted(orders_in(log), key=repr)


@SETTINGS
@given(st.data(), clusters(), clusters())
def test_results_do_not_depend_on_the_cluster(data, spec, other):
    """The same job on two clusters gives the same records by task, when its stages are not grouped by node."""
    made = [data.draw(jobs(spec))]
    plan, inputs, _, script = made[0]
    if any("node" in stage.grouping for stage in plan):
        plan = plan[:1]
    homeless = tuple(Output(0, "", 0, 10, piece.blob) for piece in inputs)
    found = []
    for one in (spec, other):
        computer = fresh(one, 0)
        submitted(computer, [(plan, homeless, Limits(), script)])
        finish(computer)
        status = computer.jobs.status("job0")
        found.append((status, [
            [(label, computer.blobs.get(blob).pairs()) for label, blob in index_of(computer.jobs, url)]
            for url in (computer.jobs.facts("job0").results() if status == "ready" and plan else [])
        ]))  # fmt: skip
    assert found[0] == found[1]


@SETTINGS
@given(st.data(), clusters())
def test_tasks_run_at_home_when_they_can(data, spec):
    """When a stage begins on an idle cluster, no task is moved while its own node has a free slot."""
    homes = data.draw(st.lists(st.sampled_from(spec.hosts), min_size=1, max_size=8))
    inputs = tuple(Output(0, host, 0, 10, f"raw://{number}") for number, host in enumerate(homes))
    computer = fresh(spec, 0)
    submitted(computer, [((Stage("s0", "split"),), inputs, Limits(), Script({}, 1))])
    log = finish(computer)
    slots = {node.host: node.slots for node in spec.nodes}
    first = [event for event in of_kind(log, events.RunStarted) if event.time_s == 0.0]
    for host, n_slots in slots.items():
        at_home = sum(homes[event.task] == event.host == host for event in first)
        assert at_home == min(n_slots, homes.count(host))
