"""Which task each pair that reduce took came from, as far as traces of runs can tell. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence

from disco_sim.model.events import OutputStored
from disco_sim.model.plan import Output
from disco_sim.model.trace import Told, TracedMap, TracedReduce


class Origins:
    """The origins of pairs in one job; `stored` are the outputs of its tasks."""

    def __init__(self, maps: Sequence[TracedMap], stored: Sequence[OutputStored]) -> None:
        self._stored = {output.blob: output for output in stored}
        self._written: dict[tuple[str, int], list[Told]] = defaultdict(list)
        for traced in maps:
            task = f"{traced.stage}:{traced.task}"
            for placed in (placed for record in traced.records for placed in record.pairs):
                if placed.combined is None:
                    self._written[task, placed.partition or 0].append(placed.pair)
                else:
                    self._written[task, placed.combined.partition] += placed.combined.given
            for combined in traced.last:
                self._written[task, combined.partition] += combined.given

    def is_of_task(self, piece: Output) -> bool:
        """Whether a task of this job stored a piece, so that it is no input of the job."""
        return piece.blob in self._stored

    def of_piece(self, piece: Output) -> str:
        """The task that stored a piece, such as "map:0"; the URL of an input."""
        output = self._stored.get(piece.blob)
        return piece.blob.replace("\n", "\\n") if output is None else f"{output.stage}:{output.task}"

    def of_pairs(self, traced: TracedReduce) -> list[str]:
        """The origin of each pair that a reduce took; '' where it cannot be known.

        A sort keeps equal keys in the order of arrival, so among equal pairs the first belongs to the first task.
        """
        if traced.order == "arrival":
            return ["" if one.piece is None else self.of_piece(traced.pieces[one.piece]) for one in traced.taken]
        arrived: dict[Told, deque[str]] = defaultdict(deque)
        if not traced.n_skipped:
            for number in traced.read:
                piece = traced.pieces[number]
                for pair in self._written.get((self.of_piece(piece), piece.label), ()):
                    arrived[pair].append(self.of_piece(piece))
        return [arrived[one.pair].popleft() if arrived.get(one.pair) else "" for one in traced.taken]
