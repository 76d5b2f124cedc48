"""A job's `pipeline` as users write it, checked: [(grouping, Stage), ...]."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from disco_sim.client.functions import check_function
from disco_sim.error import DiscoError
from disco_sim.model.plan import GROUPINGS
from disco_sim.pipeline import PipelineStage, Stage
from disco_sim.tables import shown

_FORM = "pipeline=[('split', Stage('map', process=...)), ('group_label', Stage('reduce', process=...))]"
_FUNCTIONS = {
    "init": (2, "init(interface, params)"),
    "process": (4, "process(interface, state, label, inp)"),
    "done": (2, "done(interface, state)"),
    "input_hook": (2, "input_hook(state, labels)"),
}
_CHAINS = {"input_chain": "(stream, size, url, params)", "output_chain": "(stream, partition, url, params)"}


def checked_pipeline(value: Any) -> tuple[PipelineStage, ...]:
    """The stages of a pipeline; each entry is (grouping, Stage), or (grouping, Stage, True) for a concurrent stage.

    Raises:
        DiscoError: For anything else, an unknown grouping, a name that stands twice or cannot stand in a URL, or a
            function that takes other arguments.
    """
    if value is None:
        return ()
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise DiscoError(f"pipeline={shown(value)} was given; it is a list: {_FORM}", argument="pipeline")
    entries = tuple(_entry(entry) for entry in value)
    names: set[str] = set()
    for entry in entries:
        name = entry.stage.name
        if name in names:
            raise DiscoError(f"Repeated stage {name!r} in the pipeline; stage names are unique: rename one", stage=name)
        names.add(name)
    return entries


def _entry(entry: Any) -> PipelineStage:
    stage: Any
    try:
        grouping, stage, *rest = entry
    except (TypeError, ValueError):
        raise DiscoError(f"{shown(entry)} is no stage of a pipeline: {_FORM}", argument="pipeline") from None
    if not isinstance(stage, Stage) or len(rest) > 1:
        raise DiscoError(
            f"{shown(entry)} is no stage of a pipeline; a stage is (grouping, Stage(...)), or (grouping, Stage(...), "
            f"True) if it is concurrent: {_FORM}",
            argument="pipeline",
        )
    if grouping not in GROUPINGS:
        raise DiscoError(
            f"Unknown grouping {grouping!r} of stage {stage.name!r}; groupings are {', '.join(GROUPINGS)}",
            stage=stage.name,
        )
    if type(stage.name) is not str or not re.fullmatch(r"[A-Za-z0-9_\-]{1,100}", stage.name):
        raise DiscoError(
            f"a stage has the name {stage.name!r}; a name is 1 to 100 of the characters A-Z a-z 0-9 _ -: Stage('map', "
            "process=...)",
            stage=stage.name,
        )
    for argument, (count, form) in _FUNCTIONS.items():
        function = getattr(stage, argument)
        if function is not None:
            check_function(f"stage {stage.name!r} {argument}", function, (count,), form)
    for argument, form in _CHAINS.items():
        for function in getattr(stage, argument):
            check_function(f"stage {stage.name!r} {argument}", function, (4,), f"stream{form}")
    return PipelineStage(grouping, stage, bool(rest and rest[0]))
