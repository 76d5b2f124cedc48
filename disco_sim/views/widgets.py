"""A job as a widget: a slider over virtual time, and the partitions, out-of-band results and log as of that time.

Plain ipywidgets: no thread, no Output widget, and nothing depends on when a handler runs.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor, log10
from typing import Any

import ipywidgets

from disco_sim.store.log import Log
from disco_sim.tables import chip, html, table
from disco_sim.views.cards import STAGES_CAPTION, log_section, oob_section, partitions_section
from disco_sim.views.render import Card, Section, preformatted
from disco_sim.views.rows import OOBValues, Read, stage_table
from disco_sim.views.state import JobState

_MANY_EVENTS = 5000
"""Above this many events the views follow the slider when it is let go, not while it moves."""


class JobView(ipywidgets.VBox):  # type: ignore[misc]
    """The widget of one job; `time` is its slider, in virtual seconds since the job's submission."""

    def __init__(self, log: Log, job: str, read: Read | None = None, oob_values: OOBValues | None = None) -> None:
        self._log = log
        self._job = job
        self._read = read
        self._values = oob_values if oob_values is not None else {}
        self.time = ipywidgets.FloatSlider(
            min=0.0,
            max=1.0,
            description="Virtual time (s)",
            readout_format=".3f",
            style={"description_width": "initial"},
            layout={"width": "95%"},
        )
        self._head, self._problem = ipywidgets.HTML(), ipywidgets.HTML()
        self._pages = {title: ipywidgets.HTML() for title in ("Partitions", "OOB", "Log")}
        for part in (self._head, self._problem, *self._pages.values()):
            part.add_class("jp-RenderedHTMLCommon")  # JupyterLab then draws tables and code as in any output
        self._tabs = ipywidgets.Tab(children=tuple(self._pages.values()), titles=tuple(self._pages))
        super().__init__(children=(self._head, self.time, self._tabs, self._problem))
        self.refresh()
        self.time.observe(self._on_time, names="value")

    def refresh(self) -> None:
        """Take in what has happened since the view was made, and go to the latest time."""
        duration_s = JobState.of(self._log, self._job).duration_s
        step = step_of(duration_s)
        self.time.continuous_update = self._log.n_events(self._job) <= _MANY_EVENTS
        # A slider stops at whole steps only, so its end is the first step at which everything has happened.
        self.time.max = max(ceil(duration_s / step - 1e-9) * step, step)
        self.time.step = step
        self.time.value = self.time.max
        self._guarded(self._show)

    def _on_time(self, change: Any) -> None:
        self._guarded(self._show)

    def _guarded(self, show: Callable[[], None]) -> None:
        """Show an error in the view itself: what a handler raises would be seen nowhere."""
        try:
            show()
        except Exception as error:
            self._problem.value = preformatted(f"This view could not be drawn. {type(error).__name__}: {error}")
        else:
            self._problem.value = ""

    def _show(self) -> None:
        is_now = self.time.value >= self.time.max
        until_s = None if is_now else self.time.value
        state = JobState.of(self._log, self._job, until_s)
        at_s = min(self.time.value, state.duration_s)
        self._head.value = (
            f"<div><strong>Job</strong> <code>{html(self._job)}</code> {chip(state.status)} at {at_s:.3f} s</div>"
            f"{table(stage_table(state), STAGES_CAPTION)}"
        )
        self._pages["Partitions"].value = partitions_section(state, self._read).html
        self._pages["OOB"].value = oob_section(state, self._values).html
        self._pages["Log"].value = log_section(self._log, self._job, state, until_s).html

    def __repr__(self) -> str:
        duration_s = JobState.of(self._log, self._job).duration_s
        return f"JobView({self._job!r}, at {min(self.time.value, duration_s):.3f} s of {duration_s:.3f} s)"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        # The HTML stands in where no kernel is behind the view: in a notebook that was opened but not run.
        state = JobState.of(self._log, self._job)
        sections = (
            Section("Stages", table(stage_table(state), STAGES_CAPTION), is_open=True),
            partitions_section(state, self._read),
            oob_section(state, self._values),
            log_section(self._log, self._job, state),
        )
        card = Card("Job", self._job, state.status, (("at", f"{state.duration_s:.3f} s (virtual)"),), sections)
        return {**super()._repr_mimebundle_(**options), "text/html": card.html()}


def job_view(log: Log, job: str, read: Read | None = None, oob_values: OOBValues | None = None) -> ipywidgets.Widget:
    """The widget of one job. `read` gives the data of an output, `oob_values` the committed out-of-band results.

    Raises:
        DiscoError: If the log does not know the job.
    """
    return JobView(log, job, read, oob_values)


def step_of(duration_s: float) -> float:
    """The step of a slider over `duration_s`: a round number, a few hundred steps long, never under a millisecond.

    >>> step_of(3.2), step_of(60.0), step_of(0.0)
    (0.01, 0.2, 0.001)
    """
    rough = duration_s / 400
    if rough <= 0.001:
        return 0.001
    power = floor(log10(rough))
    factor = next(factor for factor in (1, 2, 5, 10) if factor * 10.0**power >= rough * (1 - 1e-9))
    return float(f"{factor}e{power}")
