"""The steps of a job as a widget: all of them are sent to the page once, and it goes through them without a kernel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets

from disco_sim.tables import counted
from disco_sim.views.scripts import script, style
from disco_sim.views.stepper import steps_card


class Stepper(anywidget.AnyWidget):
    """The widget of what `steps_of` gives: forward, back, to a key, and with a question before each answer."""

    _esm = script("stepper_widget.js")
    _css = style("style.css", "stepper.css")
    steps = traitlets.Unicode().tag(sync=True)

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._told = told
        super().__init__(steps=json.dumps(told, ensure_ascii=False, separators=(",", ":")))

    def __repr__(self) -> str:
        return f"Stepper({self._told['job']}, {self._told['status']}, {counted(len(self._told['steps']), 'step')})"

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        # The card stands in where no kernel is behind the widget: in a notebook that was opened but not run.
        card = steps_card(self._told)
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return {**data, "text/plain": f"{self!r}\n{card.text()}", "text/html": card.html()}, metadata
