"""Random faults by the thousand: six jobs give the answer that they give in peace, and the invariants hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from disco_sim import Costs, Disco, Faults
from disco_sim.testing import check_invariants
from tests.chaos.effects import KINDS, Played, effects
from tests.chaos.jobs import JOBS, SPEC, Answer, ChaosJob

FEW = 25
MANY = 1000

UNTIL_S = 45.0
CALM = Costs(startup_s=1.0, cpu_record_s=0.25, disk_bytes_s=40.0, port_bytes_s=15.0)
"""Prices at which a job takes about a minute, so that faults up to `UNTIL_S` fall into all of its parts."""
LUCKY = replace(CALM, noise=0.3, straggler_share=0.1)


def play(job: ChaosJob, faults: Faults, seed: int) -> tuple[Answer, Played]:
    """The answer of a job, and how it was played; costs, policy and copies differ from seed to seed."""
    costs = (LUCKY, CALM)[seed % 2]
    with Disco(
        nodes=SPEC,
        costs=costs,
        faults=faults,
        seed=seed,
        policy=("fair", "fifo")[seed % 2],
        speculative=seed % 3 == 0,
    ) as disco:
        answer = job.run(disco)
        check_invariants(disco)
        return answer, Played(list(disco.cluster.log), costs, seed)


def strike(job: ChaosJob, seeds: range) -> tuple[Counter[str], Counter[str]]:
    """Let plans of faults strike a job: how many events of each kind happened, and how often faults had an effect."""
    kinds: Counter[str] = Counter()
    struck: Counter[str] = Counter()
    answer, calm = play(job, Faults(), 1)
    assert answer == job.expected
    for seed in seeds:
        faults = Faults.random(seed, SPEC, UNTIL_S, n=3 + seed % 8)
        try:
            answer, played = play(job, faults, seed)
            assert answer == job.expected
        except Exception as error:
            error.add_note(f"{job.name}, seed {seed}: {faults!r}")
            raise
        kinds.update(type(event).__name__ for event in played.log)
        struck += effects(played, calm)
    return kinds, struck


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_few_plans_change_no_answer(job):
    """A job gives its answer whatever strikes it; these plans are the first of the many."""
    strike(job, range(FEW))


@pytest.mark.chaos
def test_many_plans_change_no_answer(capsys):
    """No plan of a thousand changes the answer of any job, and no kind of fault is without effect in all of them."""
    kinds: Counter[str] = Counter()
    struck: Counter[str] = Counter()
    for job in JOBS:
        more_kinds, more_struck = strike(job, range(MANY))
        kinds += more_kinds
        struck += more_struck
    with capsys.disabled():
        print(f"\n{MANY:,} plans of faults x {len(JOBS)} jobs: {kinds.total():,} events")
        for title, counts in (("events by kind", kinds), ("effects of faults", struck)):
            print(f"{title}:")
            for name, number in counts.most_common():
                print(f"  {number:9,} {name}")
    assert [kind for kind in KINDS if not struck[kind]] == []
