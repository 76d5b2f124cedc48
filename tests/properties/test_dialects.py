"""Both dialects, classic jobs and pipelines, with faults and without: one answer, that of a plain loop."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from disco_sim import Disco, Faults, result_iterator
from disco_sim.compat.dialect import V05
from disco_sim.func import sum_combiner, sum_reduce
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.dialect import DOCUMENTED
from disco_sim.pipeline import Stage
from disco_sim.testing import check_invariants

TEXTS = st.lists(st.text("abc ", max_size=12), max_size=8)
COMMON = {
    "texts": TEXTS,
    "nodes": st.integers(1, 4),
    "seed": st.integers(0, 50),
    "is_struck": st.booleans(),
    "dialect": st.sampled_from([DOCUMENTED, V05]),
}


def words(line, params):
    for word in line.split():
        yield word, 1


def cluster(nodes, seed, is_struck, dialect):
    faults = Faults.random(seed, ClusterSpec.of(nodes), 3.0) if is_struck else None
    return Disco(nodes=nodes, seed=seed, faults=faults, dialect=dialect)


@settings(max_examples=60)
@given(
    **COMMON,
    partitions=st.sampled_from([None, 1, 2, 5]),
    sort=st.booleans(),
    combiner=st.sampled_from([None, sum_combiner]),
    shuffle=st.booleans(),
)
def test_word_counts_agree(texts, nodes, seed, is_struck, dialect, partitions, sort, combiner, shuffle):
    """Whatever the dialect and the shape, the counts are right, and the log keeps its rules."""
    with cluster(nodes, seed, is_struck, dialect) as disco:
        job = disco.new_job(
            name="count",
            input=[f"raw://{text}" for text in texts],
            map=words,
            reduce=sum_reduce,
            partitions=partitions,
            sort=sort,
            combiner=combiner,
            shuffle=shuffle,
        )
        answer = list(result_iterator(job.wait()))
        assert dict(answer) == Counter(word for text in texts for word in text.split())
        assert len(answer) == len(dict(answer)) or (partitions is None and shuffle)
        check_invariants(disco)


def split_words(interface, state, label, inp):
    for line in inp:
        for word in line.split():
            interface.output(ord(word[0]) % 3).add(word, 1)


def passed_on(interface, state, label, inp):
    for key, value in inp:
        interface.output(label).add(key, value)


def nothing(interface, params):
    return {}


def add_up(interface, state, label, inp):
    for key, value in inp:
        state[key] = state.get(key, 0) + value


def give(interface, state):
    for key in sorted(state):
        interface.output(interface.taskinfo.label).add(key, state[key])


@settings(max_examples=60)
@given(
    **COMMON,
    between=st.lists(
        st.tuples(st.sampled_from(["split", "group_label", "group_node_label"]), st.booleans(), st.booleans()),
        max_size=3,
    ),
    last=st.sampled_from(["group_label", "group_all"]),
)
def test_pipelines_agree(texts, nodes, seed, is_struck, dialect, between, last):
    """However many stages pass pairs on, by whatever grouping, sorted and combined or not, the counts are right."""
    pipeline = [("split", Stage("first", process=split_words))]
    pipeline += [
        (grouping, Stage(f"pass-{number}", process=passed_on, combine=combine, sort=sort))
        for number, (grouping, combine, sort) in enumerate(between)
    ]
    pipeline.append((last, Stage("last", init=nothing, process=add_up, done=give)))
    with cluster(nodes, seed, is_struck, dialect) as disco:
        job = disco.new_job(name="count", input=[f"raw://{text}" for text in texts], pipeline=pipeline)
        answer = list(result_iterator(job.wait()))
        assert sorted(answer) == sorted(Counter(word for text in texts for word in text.split()).items())
        check_invariants(disco)
