"""Six jobs for chaos to strike: each runs on an open Disco and gives its answer, which plain Python gives too."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import chain
from typing import Any, NamedTuple

from disco_sim import Disco, JobError, Params, result_iterator
from disco_sim.func import sum_combiner
from disco_sim.model.cluster import ClusterSpec

SPEC = ClusterSpec.of(4, slots=1)

VERSES = (
    "when I do count the clock that tells the time",
    "and see the brave day sunk in hideous night",
    "when I behold the violet past prime",
    "and sable curls all silvered over with white",
    "when lofty trees I see barren of leaves",
    "which erst from heat did canopy the herd",
    "and summer's green all girded up in sheaves",
    "borne on the bier with white and bristly beard",
)
USERS = tuple((number, f"user {number}") for number in range(20))
ORDERS = tuple((number * 7 % 23, number) for number in range(40))
NUMBERS = tuple(number * 37 % 101 for number in range(60))
TOP = 5


def words(line: str, params: Any) -> Any:
    for word in line.split():
        yield word, 1


def total(pairs: Any, params: Any) -> Any:
    for word, counts in kvgroup(sorted(pairs)):
        yield word, sum(counts)


def words_told(line: str, params: Any) -> Any:
    params.n += len(line.split())
    print(f"{params.n} words so far")
    put(f"{this_partition()}:{params.n}", line)
    for word in line.split():
        yield word, 1


def total_told(pairs: Any, params: Any) -> Any:
    n = 0
    for word, counts in kvgroup(sorted(pairs)):
        n += 1
        yield word, sum(counts)
    put(f"reduce:{this_partition()}", f"{n} of {get('0:10')}")


def places(document: Any, params: Any) -> Any:
    name, text = document.split(": ")
    for word in text.split():
        yield word, name


def documents(pairs: Any, params: Any) -> Any:
    for word, names in kvgroup(pairs):
        yield word, sorted(set(names))


def by_user(row: Any, params: Any) -> Any:
    number, other = row
    yield number, ("name", other) if isinstance(other, str) else ("order", other)


def joined(pairs: Any, params: Any) -> Any:
    rows = {}
    for number, (kind, value) in pairs:
        rows.setdefault(number, {"name": [], "order": []})[kind].append(value)
    for number in sorted(rows):
        for name in rows[number]["name"]:
            for order in sorted(rows[number]["order"]):
                yield number, (name, order)


def tops(pairs: Any, params: Any) -> Any:
    yield from sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[: params.n]


def itself(number: int, params: Any) -> Any:
    yield number, None


def by_range(key: int, nr_partitions: int, params: Any) -> int:
    return key * nr_partitions // 101


def unchanged(pairs: Any, params: Any) -> Any:
    return pairs


Answer = Any


class ChaosJob(NamedTuple):
    """A job by its name, how it runs, and the answer that plain Python gives."""

    name: str
    run: Callable[[Disco], Answer]
    expected: Answer


def _answer(disco: Disco, **parameters: Any) -> Answer:
    """What a job gives: its pairs by partition in order, and what it put."""
    job = disco.new_job(**parameters)
    urls = job.wait()
    return [list(result_iterator([url])) for url in urls], dict(job.oob)


def _word_count(disco: Disco) -> Answer:
    found, _ = _answer(disco, name="count", input=disco.split(VERSES, 8), map=words, reduce=total, partitions=4)
    return sorted(chain.from_iterable(found))


def _combined(disco: Disco) -> Answer:
    found, oob = _answer(
        disco, name="combined", input=disco.split(VERSES, 8), map=words_told, reduce=total_told, partitions=4,
        combiner=sum_combiner, params=Params(n=0),
    )  # fmt: skip
    n_words = [int(text.partition(" ")[0]) for key, text in sorted(oob.items()) if key.startswith("reduce")]
    assert n_words == [len(pairs) for pairs in found]
    return sorted(chain.from_iterable(found)), sorted(
        value for key, value in oob.items() if not key.startswith("reduce")
    )


def _index(disco: Disco) -> Answer:
    # Each input has a replica, so that a bad one can be read elsewhere.
    urls = [f"raw://verse {number}: {verse}" for number, verse in enumerate(VERSES)]
    found, _ = _answer(
        disco, name="index", input=[[url, url] for url in urls], map=places, reduce=documents, partitions=4, sort=True
    )
    return sorted(chain.from_iterable(found))


def _join(disco: Disco) -> Answer:
    inputs = disco.split(USERS, 3) + disco.split(ORDERS, 5)
    found, _ = _answer(disco, name="join", input=inputs, map=by_user, reduce=joined, partitions=3)
    return sorted(chain.from_iterable(found))


def _top(disco: Disco) -> Answer:
    """Two jobs, the second of which reads what the first stored.

    A node that dies between or during them takes results of the first along: then both run once more, as whoever
    drives a chain would do. A node dies once, so there are at most as many rounds as nodes.
    """
    for _ in SPEC.hosts:
        first = disco.new_job(name="count", input=disco.split(VERSES, 4), map=words, reduce=total, partitions=4)
        first.wait()
        n_dead = _n_dead(disco)
        second = disco.new_job(name="top", input=first.wait(), reduce=tops, params=Params(n=TOP), merge_partitions=True)
        try:
            return list(result_iterator(second.wait()))
        except JobError:
            if not n_dead and not _n_dead(disco):
                raise
    raise AssertionError("more rounds than nodes")


def _n_dead(disco: Disco) -> int:
    return sum(type(event).__name__ == "NodeDied" for event in disco.cluster.log)


def _sort(disco: Disco) -> Answer:
    found, _ = _answer(
        disco, name="sort", input=disco.split(NUMBERS, 6), map=itself, reduce=unchanged, partition=by_range,
        partitions=8, sort=True,
    )  # fmt: skip
    return [number for pairs in found for number, _ in pairs]


_COUNTS = Counter(word for verse in VERSES for word in verse.split())
_PLACES: dict[str, list[str]] = defaultdict(list)
for _number, _verse in enumerate(VERSES):
    for _word in dict.fromkeys(_verse.split()):
        _PLACES[_word].append(f"verse {_number}")
_NAMES = dict(USERS)

JOBS = (
    ChaosJob("word count", _word_count, sorted(_COUNTS.items())),
    ChaosJob("combiner and OOB", _combined, (sorted(_COUNTS.items()), sorted(VERSES))),
    ChaosJob("index", _index, sorted(_PLACES.items())),
    ChaosJob("join", _join, sorted((user, (_NAMES[user], order)) for user, order in ORDERS if user in _NAMES)),
    ChaosJob("top of a chain", _top, sorted(_COUNTS.items(), key=lambda pair: (-pair[1], pair[0]))[:TOP]),
    ChaosJob("sort", _sort, sorted(NUMBERS)),
)
