"""What any MapReduce system owes its users: seven behaviours that a well-known university lab asks its students for.

Right answers for two programs, tasks that really run side by side, no work twice, no early end, and crashed workers.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict

from disco_sim import Costs, Disco, Faults, result_iterator
from disco_sim.model import events
from disco_sim.testing import check_invariants, run, simulate
from tests.clusters import of_kind

PAGES = {
    "fox": "the quick brown fox jumps over the lazy dog",
    "cat": "the cat that sat on the mat is a lazy cat",
    "dog": "a dog is no fox and no cat",
    "sea": "she sells sea shells by the sea shore",
    "": "",
}


def words(line, params):
    for word in line.split():
        yield word, 1


def count(pairs, params):
    for word, ones in kvgroup(sorted(pairs)):
        yield word, sum(ones)


def mentions(page, params):
    name, text = page
    for word in text.split():
        yield word, name


def index(pairs, params):
    for word, names in kvgroup(sorted(pairs)):
        yield word, sorted(set(names))


def slow_map(seconds, params):
    """One record a task: it sleeps as long as the record says."""
    import time

    time.sleep(seconds)
    yield seconds, this_partition()


def slow_reduce(pairs, params):
    """One key a partition: it sleeps as long as the key says."""
    import time

    for seconds, task in pairs:
        time.sleep(seconds)
        yield seconds, task


def in_turn(key, nr_partitions, params):
    """Numbers of seconds in a row go to partitions in a row."""
    return int(key) % nr_partitions


def together(log, stage):
    """At each start of a run of the stage: the places that are held then, each a node and a slot."""
    held = {}
    for event in log:
        if isinstance(event, events.RunStarted) and event.stage == stage:
            held[event.task] = (event.host, event.slot)
            yield list(held.values())
        elif isinstance(event, events.RunFinished) and event.stage == stage:
            del held[event.task]


def test_word_count():
    """A word count over several maps and reduces is what one loop over the text counts."""
    found = run(words, count, PAGES.values(), partitions=3)
    assert len(found) == len(dict(found))
    assert dict(found) == Counter(word for text in PAGES.values() for word in text.split())


def test_indexer():
    """An index has each word once, with the names of all documents that have it, in order and once each."""
    expected = defaultdict(set)
    for name, text in PAGES.items():
        for word in text.split():
            expected[word].add(name)
    found = run(mentions, index, PAGES.items(), partitions=4)
    assert sorted(found) == sorted((word, sorted(names)) for word, names in expected.items())


def played(records, **parameters):
    """The log of a job with a map task for each record, on two nodes of two slots, and when wait() came back."""
    with Disco(nodes=2, slots=2) as disco:
        disco.new_job(name="job", input=disco.split(records, len(records)), map=slow_map, **parameters).wait()
        check_invariants(disco)
        return list(disco.cluster.log), disco.now_s


def test_map_parallelism():
    """As many maps run at the same virtual time as there are slots, each in a slot of its own."""
    log, _ = played([3.0] * 6, partitions=None)
    assert [len(places) for places in together(log, "map")] == [1, 2, 3, 4, 4, 4]
    starts = [event.time_s for event in of_kind(log, events.RunStarted)]
    assert starts[:4] == [0.0] * 4 and min(starts[4:]) > 3.0


def test_reduce_parallelism():
    """As many reduces run at the same virtual time as there are slots, and none before the last map has ended."""
    log, _ = played([4.0, 5.0, 6.0, 7.0], reduce=slow_reduce, partitions=4, partition=in_turn)
    assert [len(places) for places in together(log, "reduce")] == [1, 2, 3, 4]
    last_map_s = max(event.time_s for event in of_kind(log, events.RunFinished) if event.stage == "map")
    starts = [event for event in of_kind(log, events.RunStarted) if event.stage == "reduce"]
    assert {event.time_s for event in starts} == {last_map_s}
    assert len({(event.host, event.slot) for event in starts}) == 4


def test_job_count():
    """When nothing fails each map task runs exactly once, however different the tasks and nodes are in speed."""
    seconds = [1.0, 9.0, 2.0, 0.0, 4.0, 1.0, 7.0, 0.0]
    with Disco(nodes="fast x2 @4, slow x1 @0.25, usual x2") as disco:
        job = disco.new_job(name="job", input=disco.split(seconds, 8), map=slow_map, partitions=None)
        found = sorted(result_iterator(job.wait()), key=lambda pair: pair[1])
        runs = [(event.task, event.attempt) for event in of_kind(disco.cluster.log, events.RunStarted)]
    assert found == [(second, task) for task, second in enumerate(seconds)]
    assert sorted(runs) == [(task, 0) for task in range(8)]


def test_early_exit():
    """wait() comes back when the last reduce has ended, though the others ended long before, and all results are there.

    It is the same for one who asks again and again: the job is active until then.
    """
    log, waited_until_s = played([1.0, 2.0, 3.0, 60.0], reduce=slow_reduce, partitions=4, partition=in_turn)
    ends = sorted(event.time_s for event in of_kind(log, events.RunFinished) if event.stage == "reduce")
    assert waited_until_s == ends[-1] > ends[-2] + 50.0
    with Disco(nodes=2, slots=2) as disco:
        job = disco.new_job(
            name="job", input=disco.split([1.0, 60.0], 2), map=slow_map, reduce=slow_reduce, partitions=2
        )
        while job.results(timeout=5000)[0] == "active":
            assert not of_kind(disco.cluster.log, events.JobFinished)
        assert sorted(result_iterator(job.results()[1])) == [(1.0, 0), (60.0, 1)]


def test_crash():
    """Workers that crash in the middle, nodes that die and others that dawdle: the words are counted right."""
    n_crashes = 0
    for seed in range(20):
        luck = random.Random(seed)
        faults = Faults().kill("node03", at=luck.uniform(0.0, 20.0))
        faults = faults.slow("node02", factor=luck.uniform(2.0, 9.0), at=luck.uniform(0.0, 10.0), until=60.0)
        for task in ("map:0", "map:1", "map:2", "map:3", "reduce:0", "reduce:1", "reduce:2"):
            # Three failures of a task are forgiven, the fourth would end the job.
            for attempt in range(luck.randint(0, 3)):
                faults = faults.crash(task, run=attempt)
        job = simulate(
            words, count, PAGES.values(), partitions=3, nodes=3, seed=seed, faults=faults,
            costs=Costs(cpu_record_s=0.2, noise=0.5, straggler_share=0.2),
        )  # fmt: skip
        check_invariants(job)
        found = list(job.disco.result_iterator(job.wait()))
        assert len(found) == len(dict(found))
        assert dict(found) == Counter(word for text in PAGES.values() for word in text.split())
        n_crashes += sum(event.kind == "crash" for event in of_kind(job.disco.cluster.log, events.RunFailed))
    assert n_crashes > 100
