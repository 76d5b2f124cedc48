"""How the records of a job went from the tasks of one stage to the partitions of the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from disco_sim.views.flow import boundary_of, flow_card, flow_table, largest_keys

if TYPE_CHECKING:
    import pandas

    from disco_sim.views.contents import Read
    from disco_sim.views.render import Card
    from disco_sim.views.state import JobState


class Flow:
    """The flow of a job across one stage boundary as of when it was asked for; displayed, tables and a heat map.

    `stage` wrote, `reader` reads ('' after the last stage), `by` is what is counted: records or bytes. `imbalance` is
    the largest partition as times the mean, empty ones too: 1.0 when all are alike, NaN without data. `top_keys` are
    the keys with most records in the largest partition, and how many; none when they are no longer kept.
    """

    def __init__(self, state: JobState, read: Read, by: str = "records", stage: str | None = None) -> None:
        self._boundary = boundary_of(state, by, stage)
        self.job: str = self._boundary.job
        self.stage: str = self._boundary.stage
        self.reader: str = self._boundary.reader
        self.by: str = by
        self.imbalance: float = self._boundary.imbalance
        self.top_keys: list[tuple[Any, int]] = largest_keys(state, self._boundary, read)

    def frame(self) -> pandas.DataFrame:
        """A row per partition: partition host records bytes share times_mean; the last two are of what `by` says."""
        from disco_sim.views.frames import flow_frame

        return flow_frame(flow_table(self._boundary))

    def matrix(self) -> pandas.DataFrame:
        """A row per task of the stage that wrote, a column per partition: records or bytes, as `by` says."""
        import pandas as pd

        from disco_sim.views.frames import INT64

        found, labels = self._boundary, [part.partition for part in self._boundary.parts]
        are_long = any(label not in INT64 for label in labels)
        return pd.DataFrame(
            [[found.pieces.get((task, label), 0) for label in labels] for task in range(len(found.tasks))],
            index=pd.RangeIndex(len(found.tasks), name="from_task"),
            columns=pd.Index(labels, name="partition", dtype="object" if are_long else "int64"),
            dtype="int64",
        )

    def _card(self) -> Card:
        return flow_card(self._boundary, self.top_keys)

    def __repr__(self) -> str:
        what = f"imbalance {self.imbalance:.2f}" if self._boundary.total else "no data"
        return f"Flow({self.job}, {self._boundary.between or 'no stages'}, {self.by}, {what})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        card = self._card()
        return {"text/plain": card.text(), "text/html": card.html()}
