"""The dialect of old code: what Disco 0.5.4 did, as a value that any job can have.

The modules of the workers import what runs jobs, so each is imported when a task first needs its names.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from disco_sim.compat.disco.schemes import scheme_module
from disco_sim.model.dialect import Dialect

__all__ = ["V05", "classic_namespace", "namespace_of_0_3", "pipeline_namespace"]


def classic_namespace() -> dict[str, Any]:
    """Fresh globals for the functions of a classic job of Disco 0.5."""
    from disco_sim.compat.disco.worker.classic import worker

    return _globals_of(worker)


def pipeline_namespace() -> dict[str, Any]:
    """Fresh globals for the functions of pipeline stages of Disco 0.5."""
    from disco_sim.compat.disco.worker.pipeline import worker

    return _globals_of(worker)


def namespace_of_0_3() -> dict[str, Any]:
    """Fresh globals for the functions of a job of Disco 0.3."""
    from disco_sim.compat.disco.node import worker

    return _globals_of(worker)


def _globals_of(worker: ModuleType) -> dict[str, Any]:
    return {**worker.names(), "__name__": worker.__name__}


V05 = Dialect(
    "0.5",
    unknown_arguments_are_errors=False,
    max_failures=100,
    force_flags_count=False,
    lines_are_text=False,
    inputs_are_reversed=True,
    inputs_are_checked=False,
    has_map_shuffle=True,
    map_tasks_are_numbered=False,
    inputs_are_replica_lists=True,
    master_is_url=True,
    partitions_are_checked=False,
    combiners_end_everywhere=False,
    oob_is_strict=False,
    names_are_checked=False,
    sort_can_merge=False,
    memory_is_short_once=False,
    profiles_are_by_uid=True,
    messages_are_limited=True,
    exits_are_retried=True,
    files_are_in_lib=True,
    results_tag="disco:results:",
    scheme_module=scheme_module,
    namespace=classic_namespace,
    pipeline_namespace=pipeline_namespace,
)
