"""What one run did, call by call: each record with what map made of it, each pair with what reduce did after it.

All that users made is text here, as it was when it was noted: a function may change a value later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from disco_sim.model.plan import Output


class Told(NamedTuple):
    """A pair, or a key and what was put under it, as texts; of something that is no pair, `value` is ''."""

    key: str
    value: str

    def __str__(self) -> str:
        return f"({self.key}, {self.value})" if self.value else self.key


class Combined(NamedTuple):
    """A call of the combiner: the `buffer` of its partition, and the pairs that it gave.

    The buffer is as the call left it; for the last call of a partition, as the call found it.
    """

    partition: int
    buffer: str
    given: tuple[Told, ...]


class Placed(NamedTuple):
    """A pair that map yielded, and where it went; `partition` is None when the output is not partitioned.

    `answer` is what the partition function said: its value, or for the default one the MD5 as 32 hexadecimal digits.
    """

    pair: Told
    partition: int | None
    answer: str
    combined: Combined | None


class Mapped(NamedTuple):
    """A record, the pairs that map made of it, and the out-of-band results that were put meanwhile."""

    record: str
    pairs: tuple[Placed, ...]
    puts: tuple[Told, ...]


class Taken(NamedTuple):
    """A pair that reduce took, and what it gave and put before it took the next one.

    `piece` is the number of the input piece that it came from; None when all were sorted together.
    """

    pair: Told
    piece: int | None
    given: tuple[Told, ...]
    puts: tuple[Told, ...]


class Stretch(NamedTuple):
    """What a reduce gave and put before it took its first pair, or after it was told that there are no more."""

    given: tuple[Told, ...] = ()
    puts: tuple[Told, ...] = ()


@dataclass(frozen=True)
class TracedMap:
    """A run of a map task. `last` are the last calls of the combiner, one a partition, `puts` those outside of map.

    `n_partitions` is 0 when the output is not partitioned; `combiner` is the function's name, '' for none; `n_skipped`
    is how many records the init function took off. `sizes` are (label, records, bytes) of the outputs that it made.
    """

    stage: str
    task: int
    host: str
    pieces: tuple[Output, ...]
    function: str
    partition: str
    is_default_partition: bool
    n_partitions: int
    combiner: str
    n_skipped: int
    records: tuple[Mapped, ...]
    last: tuple[Combined, ...]
    puts: tuple[Told, ...]
    sizes: tuple[tuple[int, int, int], ...]

    @property
    def n_pairs(self) -> int:
        """How many pairs map yielded."""
        return sum(len(record.pairs) for record in self.records)


@dataclass(frozen=True)
class TracedReduce:
    """A run of a reduce task. `before` is what came before the first pair, `after` what came after the last.

    `order` is how pairs reach it: "arrival", "sorted" or "merged"; `read` are the numbers of the pieces in the order in
    which they were read. `is_read` says that it asked for more pairs until
    there were none; otherwise `after` is empty. `n_skipped` and `sizes` are as in `TracedMap`.
    """

    stage: str
    task: int
    label: int
    host: str
    pieces: tuple[Output, ...]
    function: str
    order: str
    read: tuple[int, ...]
    n_skipped: int
    before: Stretch
    taken: tuple[Taken, ...]
    after: Stretch
    is_read: bool
    sizes: tuple[tuple[int, int, int], ...]
