"""disco_sim with all defaults: everything is kept, counted and logged."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from answer import N_INPUTS, N_PARTITIONS, Pairs, main

from disco_sim import Disco, result_iterator


def fun_map(line: str, params: Any) -> Iterator[tuple[str, int]]:
    for word in line.split():
        yield word, 1


def last_digit(entry: str, params: Any) -> Iterator[tuple[str, int]]:
    yield entry[-1:], 1


def grouped(iter: Any, params: Any) -> Iterator[tuple[str, int]]:
    for word, counts in kvgroup(iter):  # noqa: F821  # a name that workers have
        yield word, sum(counts)


def sorted_and_grouped(iter: Any, params: Any) -> Iterator[tuple[str, int]]:
    for word, counts in kvgroup(sorted(iter)):  # noqa: F821  # a name that workers have
        yield word, sum(counts)


def settings(variant: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a variant, such as "sort processes memory_limit=64", gives to Disco and to the job."""
    disco: dict[str, Any] = {}
    job: dict[str, Any] = {"reduce": sorted_and_grouped, "partitions": N_PARTITIONS}
    for word in variant.split():
        name, _, number = word.partition("=")
        if name == "sort":
            job |= {"sort": True, "reduce": grouped}
        elif name == "combiner":
            from disco_sim.func import sum_combiner, sum_reduce

            job |= {"combiner": sum_combiner, "reduce": sum_reduce}
        elif name == "processes":
            from disco_sim.engine.processes import Processes

            disco["engine"] = Processes(int(number))
        elif name == "memory_limit":
            disco[name] = int(number) * 1_000_000
        elif name == "partitions":
            job[name] = int(number)
        else:
            sys.exit(f"there is no variant {word!r}")
    return disco, job


def run(inputs: Callable[[Disco], list[str]], mapped: Callable[..., Any], variant: str) -> Pairs:
    for_disco, for_job = settings(variant)
    with Disco(**for_disco) as disco:
        job = disco.new_job(name="words", input=inputs(disco), map=mapped, **for_job)
        yield from result_iterator(job.wait())


def words(path: str, variant: str) -> Pairs:
    return run(lambda disco: disco.split(path, N_INPUTS), fun_map, variant)


def tasks(n_tasks: int, variant: str) -> Pairs:
    return run(lambda disco: [f"raw://{number}" for number in range(n_tasks)], last_digit, variant)


if __name__ == "__main__":
    main(words, tasks)
