"""A job as a widget: everything that happened is sent to the page once, which plays it back without the kernel.

What the page asks later (records and keys that were too many to be sent) is answered between cells, as any widget's
handler runs; nothing else depends on when that is.
"""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from disco_sim.views.contents import Contents
from disco_sim.views.playback import JobData, playback
from disco_sim.views.scripts import script, style

_MOST_RECORDS = 200
_MOST_KEYS = 100


class JobView(anywidget.AnyWidget):
    """The widget of one job. A page plays it back by itself; `refresh()` takes in what has happened since."""

    _esm = script("job_widget.js")
    _css = style("style.css", "job.css", "pictures.css", "results.css")
    playback = traitlets.Bytes().tag(sync=True)

    def __init__(self, data: JobData) -> None:
        self._data = data
        self._contents = Contents(data.read)
        self._static: tuple[str, str] | None = None
        super().__init__(playback=playback(data, self._contents))
        self.on_msg(self._answer)

    def refresh(self) -> None:
        """Take in what has happened since the view was made; pages that show it begin anew, at the latest time."""
        self._static = None
        self.playback = playback(self._data, self._contents)

    def _answer(self, _: Any, message: Any, __: Any) -> None:
        """Answer what a page asks; an answer of None says that it cannot be known any more."""
        content: Any = None
        match message:
            case {"kind": "records", "output": int(output)}:
                content = self._contents.records_of(output, _MOST_RECORDS)
            case {"kind": "keys", "stage": int(stage), "label": int() | str() as label}:
                content = self._contents.keys_of(stage, label, _MOST_KEYS)
        if isinstance(message, dict) and "ask" in message:
            self.send({"answer": message["ask"], "content": content})

    def __repr__(self) -> str:
        state = self._data.state
        return f"JobView({state.job}, {state.status} at {state.duration_s:.3f} s, {state.progress or 'no stages'})"

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        # The card stands in where no kernel is behind the view: in a notebook that was opened but not run.
        if self._static is None:
            card = self._data.card()
            self._static = f"{self!r}\n{card.text()}", card.html()
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return {**data, "text/plain": self._static[0], "text/html": self._static[1]}, metadata
