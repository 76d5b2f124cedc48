"""A limit on memory: what goes to disk changes no answer, no time and no log, and its loss is told."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import pytest

from disco_sim import DataError, Disco, DiscoError, JobError, result_iterator
from disco_sim.cluster import memory
from disco_sim.cluster.memory import limit_in_bytes, machine_bytes
from disco_sim.formats import packed_block
from disco_sim.func import sum_combiner
from disco_sim.runtime.buffers import PairBuffer, Room
from disco_sim.runtime.context import TaskContext
from disco_sim.runtime.grouped import Grouped
from disco_sim.runtime.sorting import Sorting

WORDS = [f"word{number % 700} the {number}" for number in range(3000)]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder that holds nothing but what a test makes."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def fun_map(line: str, params: Any) -> Any:
    for word in line.split():
        yield word, 1


def fun_reduce(pairs: Any, params: Any) -> Any:
    for word, counts in kvgroup(pairs):
        yield word, sum(counts)


def sorted_reduce(pairs: Any, params: Any) -> Any:
    for word, counts in kvgroup(sorted(pairs)):
        yield word, sum(counts)


def lists(line: str, params: Any) -> Any:
    yield line[:6], [line, 1.5]


def written(pairs: Any, out: Any, params: Any) -> None:
    for word, counts in kvgroup(pairs):
        out.add(word, sum(counts))


def loud(pairs: Any, params: Any) -> Any:
    for word, counts in kvgroup(pairs):
        print(word, next(counts))
        yield word, 1


def word_count(disco: Disco, **parameters: Any) -> Any:
    return disco.new_job(
        **{
            "name": "words",
            "input": disco.split(WORDS, 3),
            "map": fun_map,
            "reduce": fun_reduce,
            "sort": True,
            "partitions": 3,
            **parameters,
        }
    )


KINDS = {
    "sort": {},
    "unsorted": {"sort": False, "reduce": sorted_reduce},
    "merge": {"sort": "merge", "reduce": lambda pairs, params: pairs, "map": lambda line, params: [(1, line)]},
    "combiner": {"combiner": sum_combiner},
    "partition": {"partition": lambda key, n, params: len(key) % n},
    "lists": {"map": lists, "reduce": lambda pairs, params: pairs},
    "out": {"reduce": written},
    "loud": {"reduce": loud, "status_interval": 700},
    "hot key": {"map": lambda line, params: [("the", number) for number in range(3)], "status_interval": 100},
    "map only": {"reduce": None, "sort": False},
    "shuffled": {"map_shuffle": True},
    "tuples": {"map": lambda line, params: [((line[:5], None), 1)], "reduce": lambda pairs, params: pairs},
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_disk_changes_nothing(kind: str, temporary: Path) -> None:
    """Pairs on disk or in memory: the same results in the same order, the same log, runs and partitions."""
    found = []
    for limit in (None, 2_000):
        with Disco(nodes=2, memory_limit=limit) as disco:
            job = word_count(disco, **KINDS[kind])
            urls = job.wait()
            partitions = job.partitions
            found.append(
                (
                    list(result_iterator(urls)),
                    list(disco.cluster.log),
                    job.tasks.to_csv(),
                    job.log.to_csv(),
                    partitions.drop(columns="spilled").to_csv(),
                )
            )
            assert (partitions["spilled"].sum() > 0) == (limit is not None)
            assert bool(list(temporary.glob("*pairs-*/*"))) == (limit is not None)
    assert found[0] == found[1]
    del disco, job
    gc.collect()
    assert not list(temporary.glob("*pairs-*"))


def test_a_removed_file_ends_the_job_that_needs_it(temporary: Path) -> None:
    """When somebody removes what was spilled the job dies and names the file; all that it did can still be seen."""
    with Disco(nodes=2, memory_limit=2_000) as disco:
        job = word_count(disco)
        while not any(event.__class__.__name__ == "StageFinished" for event in disco.cluster.log):
            disco.step()
        removed = next(iter(temporary.glob("*pairs-*/map-1-*")))
        removed.unlink()
        with pytest.raises(JobError, match="Cannot read a file of pairs") as caught:
            job.wait()
        assert isinstance(caught.value.__cause__, DataError)
        assert caught.value.__cause__.url == str(removed)
        assert str(removed) in str(caught.value)
        assert set(job.tasks["status"]) >= {"done", "failed"}
        assert job.partitions["records"].sum() == 9000
        other = word_count(disco)
        assert dict(result_iterator(other.wait()))["the"] == 3000


def test_a_removed_result_is_told(temporary: Path) -> None:
    """Reading results whose file is gone is a DataError that names it."""
    with Disco(nodes=2, memory_limit=2_000) as disco:
        urls = word_count(disco).wait()
        for path in temporary.glob("*pairs-*/reduce-1-*"):
            path.unlink()
        assert list(result_iterator(urls[:1]))
        with pytest.raises(DataError, match=r"Cannot read a file of pairs.*reduce-1-"):
            list(result_iterator(urls[1:]))


def test_a_full_disk_ends_the_job(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the job dies, tells so, and can be looked at; with room again the next one runs."""
    with Disco(nodes=2, memory_limit=2_000) as disco:
        job = word_count(disco)

        def full(path: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
            if str(path).endswith(".pairs") and mode == "ab":
                raise OSError(28, "No space left on device")
            return open(path, mode, *arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr("disco_sim.pairfiles.open", full, raising=False)
            with pytest.raises(JobError, match=r"No space left on device.*memory_limit"):
                job.wait()
        assert job.status == "dead"
        assert len(job.tasks) > 0
        assert dict(result_iterator(word_count(disco).wait()))["the"] == 3000


def test_results_on_disk_are_read_as_they_are_asked_for(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first results can be had before the last ones are read from disk."""
    monkeypatch.setattr("disco_sim.runtime.reducing.MANY_PAIRS", 100)
    with Disco(nodes=1, memory_limit=2_000) as disco:
        job = word_count(disco, map=lambda line, params: [(line, 1)], partitions=1)
        results = result_iterator(job.wait())
        assert next(results) == ("word0 the 0", 1)
        for path in temporary.glob("*pairs-*/reduce-*"):
            path.unlink()
        with pytest.raises(DataError):
            list(results)


@pytest.mark.parametrize(
    ("given", "n_bytes"),
    [(5, 5), ("7", 7), ("64 MB", 64 * 10**6), ("1.5GiB", 3 * 2**29), ("2 k", 2000), (" 3 Mib ", 3 * 2**20)],
)
def test_limits(given: Any, n_bytes: int) -> None:
    """A limit is a number of bytes or text with a unit."""
    assert limit_in_bytes(given) == n_bytes


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "much", "5 TB", "", True, "i", "0 MB", "9" * 400])
def test_wrong_limits(wrong: Any) -> None:
    """Anything else is told at once, with what would do."""
    with pytest.raises(
        DiscoError, match=r'memory_limit=.* was given; it is a number of bytes, or text such as "512 MB"'
    ):
        Disco(memory_limit=wrong)


def test_the_usual_limit_is_a_quarter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Unless given, the limit is a quarter of what the machine has, or of what its container may take."""
    group = tmp_path / "memory.max"
    group.write_text("max\n")
    monkeypatch.setattr(memory, "_GROUP_LIMITS", (str(group), str(tmp_path / "none")))
    whole = machine_bytes()
    assert whole > 2**20
    assert limit_in_bytes(None) == whole // 4
    group.write_text("1048576\n")
    assert machine_bytes() == 2**20
    monkeypatch.delattr(os, "sysconf")
    group.write_text("max\n")
    assert machine_bytes() == 4 * 2**30


def test_jobs_share_what_may_be_stored() -> None:
    """However many jobs are active, together they are promised half of the limit, and each gets something."""
    budget = memory.MemoryBudget(1000)
    promised: list[int] = []
    for _ in range(5):
        promised.append(budget.of_job(100, sum(promised)))
    assert promised[0] == 200
    assert sum(promised) <= 400
    assert min(promised) > 0
    assert budget.of_job(600, 0) == 0
    assert budget.of_run(200, 2, 10)[1:3] == (250, 10)


def test_what_is_written_by_hand_is_spilled_on_the_way(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reduce that writes to `out`, and a stage of a pipeline, do not wait for their end to write pairs to disk."""
    monkeypatch.setattr("disco_sim.runtime.outputs.MANY_PAIRS", 100)
    seen: list[int] = []
    monkeypatch.setattr(
        "disco_sim.pairfiles.packed_block", lambda raw, level: seen.append(len(raw)) or packed_block(raw, level)
    )
    with Disco(nodes=1, memory_limit=20_000) as disco:
        job = word_count(disco, map=lambda line, params: [(line, 1)], partitions=1, reduce=written)
        job.wait()
        n_blocks = sum(1 for n_bytes in seen if n_bytes < 10_000)
        assert n_blocks > 10
        assert job.partitions["spilled"].tolist()[-1] == 3000


@pytest.mark.parametrize("sort", [True, False])
def test_a_run_leaves_nothing_that_has_to_be_searched_for(sort: bool) -> None:
    """What a run held in memory is free when it ends, and not when Python comes to look for circles."""
    gc.collect()
    gc.disable()
    try:
        with Disco(nodes=1) as disco:
            word_count(disco, sort=sort, reduce=fun_reduce).wait()
            kinds = (Room, PairBuffer, Grouped, Sorting, TaskContext)
            assert not [one for one in gc.get_objects() if isinstance(one, kinds)]
    finally:
        gc.enable()
