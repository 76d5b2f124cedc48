"""The out-of-band results of a job, or of all jobs, as users look at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from disco_sim.cluster.base import Cluster
from disco_sim.error import OOBKeyError, near_jobs

if TYPE_CHECKING:
    import pandas

    from disco_sim.views.history import History
    from disco_sim.views.render import Card


class OOBResults(Mapping[str, "str | bytes"]):
    """What the tasks of a job put, by key: `job.oob["words"]`; only results of runs that ended well are in it.

    `frame()` shows all of them, dropped ones of failed runs too.
    """

    def __init__(self, cluster: Cluster, history: History, job: str) -> None:
        self._cluster = cluster
        self._history = history
        self._job = job

    def __getitem__(self, key: str) -> str | bytes:
        return self._cluster.oob.get(self._job, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._cluster.oob.committed(self._job))

    def __len__(self) -> int:
        return len(self._cluster.oob.committed(self._job))

    def frame(self) -> pandas.DataFrame:
        """A row per result: key value size stage task run host put_s state (committed or dropped)."""
        from disco_sim.views.frames import oob_frame

        return oob_frame(self._history, self._job, dict(self))

    def _card(self) -> Card:
        from disco_sim.views.cards import oob_card

        return oob_card(self._history, self._job, dict(self))

    def __repr__(self) -> str:
        return f"OOBResults({self._job}, {len(self)} keys)"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        card = self._card()
        return {"text/plain": card.text(), "text/html": card.html()}


class AllOOBResults(Mapping[str, OOBResults]):
    """The out-of-band results of every job of a Disco, by job name; a Job itself will do as well."""

    def __init__(self, cluster: Cluster, history: History) -> None:
        self._cluster = cluster
        self._history = history

    def __getitem__(self, job: Any) -> OOBResults:
        name = str(getattr(job, "name", job))
        if name not in self._cluster.oob:
            raise OOBKeyError(f"there is no job {name!r}; {near_jobs(name, self._cluster.oob.jobs)}", job=name)
        return OOBResults(self._cluster, self._history, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._cluster.oob.jobs)

    def __len__(self) -> int:
        return len(self._cluster.oob.jobs)

    def frame(self) -> pandas.DataFrame:
        """A row per result of any job: job, then the columns of a job's own frame."""
        from disco_sim.views.frames import all_oob_frame

        return all_oob_frame(self._history, self)

    def __repr__(self) -> str:
        return f"AllOOBResults({len(self)} jobs, {sum(len(results) for results in self.values())} keys)"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from disco_sim.views.cards import all_oob_card

        card = all_oob_card(self._history, self)
        return {"text/plain": card.text(), "text/html": card.html()}
