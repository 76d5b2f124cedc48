"""What outputs hold: the records of one, and the keys of several together, largest first. Reads what is still kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from disco_sim.error import DataError
from disco_sim.model.columns import Columns
from disco_sim.model.events import OutputStored
from disco_sim.model.work import Blob
from disco_sim.tables import plain, shown
from disco_sim.views.packing import Packing, exact
from disco_sim.views.state import JobState

Read = Callable[[str], Blob]
"""Gives the data under a URL; raises DataError when it is gone."""

_FEW_RECORDS = 20_000
"""Up to so many records in all, the first of each output and the largest keys go along with a playback."""

_MOST_SENT = 4_000
_LONGEST = 80


def keys_of(outputs: Iterable[OutputStored], read: Read) -> list[tuple[Any, int]] | None:
    """Every key of `outputs` and how many records have it, in the order of first use; None when it cannot be known.

    Keys that Python holds equal (1, 1.0, True) are one; so are lists and the like whose texts are equal.
    """
    counts: Counter[Any] = Counter()
    unhashable: dict[str, tuple[Any, int]] = {}
    try:
        for output in outputs:
            blob = read(output.blob)
            if blob.form == "bytes":
                return None
            for batch in blob.batches():
                if isinstance(batch, Columns):
                    for code, n in Counter(batch.codes).items():
                        _count(batch.table[code], n, counts, unhashable)
                else:
                    for key, _ in batch:
                        _count(key, 1, counts, unhashable)
    except (DataError, OSError):
        return None
    return [*counts.items(), *unhashable.values()]


def n_spilled(outputs: Iterable[OutputStored], read: Read | None) -> int | None:
    """How many records of `outputs` are on disk and not in memory; None when they are no longer kept."""
    try:
        return None if read is None else sum(read(output.blob).n_spilled for output in outputs)
    except (DataError, OSError):
        return None


def _count(key: Any, n: int, counts: Counter[Any], unhashable: dict[str, tuple[Any, int]]) -> None:
    try:
        counts[key] += n
    except TypeError:
        try:
            text = repr(key)
        except Exception:
            text = shown(key)
        unhashable[text] = (key, unhashable.get(text, (key, 0))[1] + n)


class Contents:
    """What the outputs of one job hold, as texts for a page. `pack` comes first: it gives the outputs their numbers."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._outputs: Sequence[OutputStored] = ()
        self._parts: dict[tuple[int, int | str], list[OutputStored]] = {}

    def records_of(self, output: int, n: int) -> list[tuple[str, str]] | None:
        """The first `n` records of an output as (key, value), each as Python writes it; None when it is gone.

        Of an output that is bytes, the first lines stand for values.
        """
        try:
            blob = self._read(self._outputs[output].blob)
            if blob.form == "bytes":
                return [("", _short(line)) for line in bytes(blob.data[: n * 1000]).split(b"\n")[:n]]
            return [(_short(key), _short(value)) for key, value in islice(blob.records(), n)]
        except (DataError, OSError, IndexError):
            return None

    def keys_of(self, stage: int, label: int | str, n: int) -> tuple[int, list[tuple[str, int]]] | None:
        """How many keys a partition of a stage's output has, and the `n` with the most records; None if unknown.

        `label` is as `exact` gives it.
        """
        found = keys_of(self._parts.get((stage, label), ()), self._read)
        if found is None:
            return None
        largest = sorted(found, key=lambda one: -one[1])[:n]
        return len(found), [(_short(key), count) for key, count in largest]

    def pack(self, packing: Packing, state: JobState, outputs: Sequence[OutputStored]) -> None:
        """Put the first records of `outputs` and the largest keys of each partition into a packing, if it is cheap."""
        self._outputs = outputs
        self._parts = {
            (number, exact(label)): stored
            for number, stage in enumerate(state.stages.values())
            for label, stored in stage.stored_by_label().items()
        }
        records: list[tuple[int, str, str]] = []
        keys: list[tuple[int, int | str, int, str, int]] = []
        n_records = sum(output.n_records for output in outputs)
        if n_records <= _FEW_RECORDS and 0 < len(outputs) <= _MOST_SENT:
            n = max(1, min(50, _MOST_SENT // len(outputs)))
            for number in range(len(outputs)):
                records += [(number, *record) for record in self.records_of(number, n) or ()]
            n = max(1, min(20, _MOST_SENT // max(len(self._parts), 1)))
            for part in self._parts:
                found = self.keys_of(*part, n)
                if found is not None:
                    keys += [(*part, found[0], *largest) for largest in found[1]]
        packing.integers("record.output", [record[0] for record in records])
        packing.texts("record.key", [record[1] for record in records])
        packing.texts("record.value", [record[2] for record in records])
        packing.integers("key.stage", [key[0] for key in keys])
        packing.labels("key.label", [key[1] for key in keys])
        packing.integers("key.n_keys", [key[2] for key in keys])
        packing.texts("key.key", [key[3] for key in keys])
        packing.integers("key.records", [key[4] for key in keys])


def _short(value: object) -> str:
    return plain(shown(value, _LONGEST))
