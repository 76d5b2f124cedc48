"""Outcomes that were computed: whether one holds for another run of its task, and whether two of them are alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import eq
from typing import Any, NamedTuple

from disco_sim.model.plan import Output
from disco_sim.model.work import NO_DEPENDENCIES, Blob, TaskOutcome, TaskWork


class Computed(NamedTuple):
    """An outcome that was computed, and the pieces of input that it was computed from."""

    outcome: TaskOutcome
    pieces: tuple[Output, ...]

    def holds(self, pieces: tuple[Output, ...], work: Callable[[], TaskWork]) -> bool:
        """Whether a run that reads `pieces` would compute the same; `work` makes its work, if that has to be known.

        The pieces hold the same data, wherever they are, and what the code depends on beside them is the same.
        """
        if pieces is not self.pieces and list(map(_data_of, pieces)) != list(map(_data_of, self.pieces)):
            return False
        depends_on = self.outcome.depends_on
        return depends_on == NO_DEPENDENCIES or depends_on.hold(work())

    def is_like(self, other: Computed) -> bool:
        """Whether later stages can see no difference."""
        mine, others = self.outcome, other.outcome
        return (
            mine.oob == others.oob
            and _sizes(mine) == _sizes(others)
            and all(_is_same(one, another) for (_, one), (_, another) in zip(mine.outputs, others.outputs, strict=True))
        )

    @property
    def has_data(self) -> bool:
        """Whether its outputs are kept, not only their sizes."""
        return all(blob.data is not None for _, blob in self.outcome.outputs)

    def without_messages(self) -> Computed:
        """A copy without its messages."""
        return self._replace(outcome=replace(self.outcome, messages=())) if self.outcome.messages else self

    def without_data(self) -> Computed:
        """A copy with its outputs' sizes only."""
        outputs = tuple((label, blob._replace(data=None)) for label, blob in self.outcome.outputs)
        return self._replace(outcome=replace(self.outcome, outputs=outputs))


def _is_same(one: Blob, other: Blob) -> bool:
    """Whether two blobs of the same size hold the same; of what was pickled the bytes are compared."""
    if one.form != "columns" or other.form != "columns" or None in (one.data, other.data):
        return one.form == other.form and one.data == other.data
    try:
        return one.data is other.data or all(map(eq, one.records(), other.records()))
    except Exception:  # the objects' own comparison, or a file that is gone
        return False


def _sizes(outcome: TaskOutcome) -> list[tuple[Any, ...]]:
    return [(label, blob.form == "bytes", blob.n_records, blob.n_bytes) for label, blob in outcome.outputs]


def _data_of(piece: Output) -> tuple[int, int, int, str]:
    # The last part of a job's own output names the task that made it and the label, and no node; other URLs say it all.
    is_output = piece.blob.startswith("disco://") and "/ddfs/" not in piece.blob
    return piece.label, piece.n_records, piece.n_bytes, piece.blob.rpartition("/")[2] if is_output else piece.blob
