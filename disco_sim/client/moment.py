"""How a Disco and its jobs were at one moment of virtual time, read from the log; nothing is run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from disco_sim.client.oob import AllOOBResults, OOBResults
from disco_sim.cluster.base import Cluster
from disco_sim.error import DiscoError
from disco_sim.model.cluster import ClusterSpec
from disco_sim.views.history import History

if TYPE_CHECKING:
    import pandas

    from disco_sim.views.render import Card


def checked_time(time_s: Any) -> float:
    """The time itself, if it is a number of virtual seconds from 0 on.

    Raises:
        DiscoError: If it is anything else.
    """
    if isinstance(time_s, bool) or not isinstance(time_s, (int, float)) or not time_s >= 0:
        raise DiscoError(f"at({time_s!r}) was asked for; a moment is a number of virtual seconds, 0 or more")
    return float(time_s)


class JobMoment:
    """A job as it was `time_s` virtual seconds after its submission: the tables of a Job, as of then."""

    def __init__(self, cluster: Cluster, history: History, job: str, time_s: float) -> None:
        self._cluster = cluster
        self._history = history
        self.name: str = job
        self.time_s = checked_time(time_s)

    @property
    def status(self) -> str:
        """`active`, `ready` or `dead`, as of then."""
        return self._history.job(self.name, self.time_s).status

    @property
    def tasks(self) -> pandas.DataFrame:
        """`job.tasks` as of then."""
        from disco_sim.views.frames import tasks_frame

        return tasks_frame(self._history, self.name, self.time_s)

    @property
    def phases(self) -> pandas.DataFrame:
        """`job.phases` of the runs that had ended by then."""
        from disco_sim.views.frames import phases_frame

        return phases_frame(self._history, self.name, self.time_s)

    @property
    def partitions(self) -> pandas.DataFrame:
        """`job.partitions` as of then."""
        from disco_sim.views.frames import partitions_frame

        return partitions_frame(self._history, self.name, self._cluster.blobs.get, self.time_s)

    @property
    def shuffle(self) -> pandas.DataFrame:
        """`job.shuffle` as of then."""
        from disco_sim.views.frames import shuffle_frame

        return shuffle_frame(self._history, self.name, self.time_s)

    @property
    def log(self) -> pandas.DataFrame:
        """`job.log` up to then."""
        from disco_sim.views.frames import log_frame

        return log_frame(self._history, self.name, self.time_s)

    @property
    def oob(self) -> pandas.DataFrame:
        """The out-of-band results that were visible then, and those that had been dropped."""
        from disco_sim.views.frames import oob_frame

        return oob_frame(
            self._history, self.name, dict(OOBResults(self._cluster, self._history, self.name)), until_s=self.time_s
        )

    def _card(self) -> Card:
        from disco_sim.views.cards import job_card

        return job_card(
            self._history,
            self.name,
            read=self._cluster.blobs.get,
            values=dict(OOBResults(self._cluster, self._history, self.name)),
            nodes=self._cluster.spec.nodes,
            until_s=self.time_s,
        )

    def __repr__(self) -> str:
        return f"JobMoment({self.name}, {self.status} at {self.time_s:.3f} s)"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        card = self._card()
        return {"text/plain": card.text(), "text/html": card.html()}


class Moment:
    """A Disco as it was `time_s` virtual seconds after its start."""

    def __init__(self, cluster: Cluster, history: History, time_s: float, spec: ClusterSpec | None = None) -> None:
        self._cluster = cluster
        self._spec = spec or cluster.spec
        self._history = history
        self.time_s = checked_time(time_s)

    @property
    def nodes(self) -> pandas.DataFrame:
        """`disco.nodes` as of then."""
        from disco_sim.views.frames import nodes_frame

        return nodes_frame(self._history, self._spec, self.time_s)

    @property
    def jobs(self) -> pandas.DataFrame:
        """`disco.jobs` as of then."""
        from disco_sim.views.frames import jobs_frame

        return jobs_frame(self._history, self.time_s)

    @property
    def oob(self) -> pandas.DataFrame:
        """The out-of-band results of all jobs that were visible then, and those that had been dropped, `job` first."""
        from disco_sim.views.frames import all_oob_frame

        return all_oob_frame(self._history, AllOOBResults(self._cluster, self._history), self.time_s)

    def job(self, name: Any) -> JobMoment:
        """A job, or its name, as it was at this moment.

        Raises:
            DiscoError: If the job had not been submitted by then.
        """
        name = str(getattr(name, "name", name))
        submitted_s = self._history.job(name, 0.0).submitted_s
        if submitted_s > self.time_s:
            raise DiscoError(f"job {name!r} was submitted at {submitted_s:.3f} s, after {self.time_s:.3f} s")
        return JobMoment(self._cluster, self._history, name, self.time_s - submitted_s)

    def __repr__(self) -> str:
        return f"Moment({self._cluster.master} at {self.time_s:.3f} s)"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from disco_sim.views.cards import disco_card

        card = disco_card(self._history, self._spec, self._cluster.master, until_s=self.time_s)
        return {"text/plain": card.text(), "text/html": card.html()}
