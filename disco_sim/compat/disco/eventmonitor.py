"""`EventMonitor`: prints the events of one job and how far it is, as DISCO_EVENTS has it, whenever it is refreshed."""

from __future__ import annotations

from typing import Any, TextIO

from disco_sim.compat.story import Story
from disco_sim.views.monitor import Monitor

__all__ = ["EventMonitor"]


class EventMonitor:
    """Prints what has happened to a job since the last `refresh()`.

    `show` is a mode of DISCO_EVENTS: "" or False for nothing, "json" for JSON lines on the standard output, "nocolor"
    for text on the standard error, anything else for colours where that is a terminal. `disco` is a connection (None:
    that of the job, or the one in the settings); `job` is a Job or its full name; `name` is another word for it.
    """

    def __init__(
        self,
        show: Any = True,
        disco: Any = None,
        job: Any = None,
        name: str | None = None,
        stream_out: TextIO | None = None,
        stream_err: TextIO | None = None,
    ) -> None:
        from disco_sim.compat.disco.core import Disco

        if isinstance(disco, str) or (disco is not None and not hasattr(disco, "native")):
            disco, job = None, disco if job is None else job
        job = name if job is None else job
        self.disco: Any = disco or getattr(job, "disco", None) or Disco()
        self.name = str(getattr(job, "name", job))
        mode = "" if not show else "auto" if show is True else str(show)
        jobs = self.disco.native.cluster.jobs
        if self.disco.is_observed:
            self._monitor = Monitor(mode, stream_out, stream_err, lambda job: Story(jobs))
        else:
            self._monitor = Monitor(mode, stream_out, stream_err)
        self._n_shown = 0

    def refresh(self) -> None:
        """Print the events that are new, and the status line if its numbers have changed.

        Raises:
            CommError: 404, if the job is unknown.
        """
        self.disco.answers.known(self.name, "rawevents")
        for event in self.disco.native.cluster.log.of(self.name, self._n_shown):
            self._n_shown += 1
            self._monitor.show(self.name, event)
        self._monitor.flush()

    def __repr__(self) -> str:
        return f"EventMonitor({self.name}, {self._n_shown} events shown)"
