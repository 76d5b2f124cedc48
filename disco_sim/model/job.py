"""What a job is: every parameter resolved (`JobSpec`), and what a cluster needs of it (`JobRequest`).

`plan_of` is the only place that knows map and reduce as a shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from disco_sim.error import DiscoError
from disco_sim.model.dialect import DOCUMENTED, Dialect
from disco_sim.model.plan import Output, Plan, Stage

Function = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """A Disco job with every default filled in; the fields are Disco's documented job parameters."""

    name: str
    prefix: str
    input: tuple[Any, ...]
    map: Function | None
    map_init: Function
    map_reader: Function | None
    map_input_stream: tuple[Function, ...]
    map_output_stream: tuple[Function, ...]
    map_writer: Function | None
    combiner: Function | None
    partition: Function
    partitions: int
    merge_partitions: bool
    reduce: Function | None
    reduce_init: Function
    reduce_reader: Function | None
    reduce_input_stream: tuple[Function, ...]
    reduce_output_stream: tuple[Function, ...]
    reduce_writer: Function | None
    ext_map: bool
    ext_reduce: bool
    ext_params: Any
    params: Any
    profile: bool
    required_files: Mapping[str, bytes]
    required_modules: Sequence[Any] | None
    scheduler: Mapping[str, Any]
    save: bool
    sort: bool | str
    status_interval: int
    version: str
    username: str
    nr_reduces: int
    mem_sort_limit: int
    owner: str
    save_results: bool
    save_info: str
    map_shuffle: Any
    reduce_shuffle: Any
    shuffle: Any
    sort_buffer_size: str
    pipeline: Sequence[Any]

    @property
    def is_saved(self) -> bool:
        """Whether the results are kept under a tag."""
        return self.save or self.save_results


class Limits(NamedTuple):
    """Where and how much of a job may run at once: Disco's `scheduler` parameter."""

    max_cores: int = 2**31
    force_local: bool = False
    force_remote: bool = False


class JobRequest(NamedTuple):
    """A job as a cluster takes it: a plan, its inputs, and a program that only the runtime can read.

    If `oob_is_unique`, an out-of-band key can be put once in the job, else the last put wins. `spec` are the parameters
    that the job was made of, and `own` the names of those that came from a Job's own class: they are kept with the job
    for the client, and no cluster reads them.
    """

    name: str
    serial: int
    plan: Plan
    inputs: tuple[Output, ...]
    program: Any
    limits: Limits = Limits()
    save_as: str | None = None
    oob_is_unique: bool = True
    spec: JobSpec | None = None
    own: frozenset[str] = frozenset()


def plan_of(spec: JobSpec, input_labels: range | None, dialect: Dialect = DOCUMENTED) -> Plan:
    """The stages of a job; `input_labels` are the partitions of its inputs when they are partitioned, else None.

    As documented: reduce has exactly `partitions` tasks (empty ones too), one when the map output is
    not partitioned, and as many as the inputs have partitions when there is no map. With a dialect that
    `has_map_shuffle`, what each node holds of the map output is joined first, and only labels with data are reduced.

    Raises:
        DiscoError: If partitions are to be merged and there are none.
    """
    if spec.pipeline:
        return tuple(Stage(entry.stage.name, entry.grouping) for entry in spec.pipeline)
    stages = _observed(spec) if dialect.has_map_shuffle else _documented(spec, input_labels)
    if stages and stages[-1].name == "reduce" and (spec.reduce_shuffle or spec.shuffle):
        stages.append(Stage("reduce_shuffle", "group_node"))
    return tuple(stages)


def _documented(spec: JobSpec, input_labels: range | None) -> list[Stage]:
    partitioned = range(spec.partitions) if spec.map is not None and spec.partitions else None
    if spec.map is None:
        partitioned = input_labels
    if spec.merge_partitions and partitioned is None:
        raise DiscoError(
            "merge_partitions=True was given, but neither the map output nor the input is partitioned; "
            "can't merge partitions without partitions: give partitions=N or leave merge_partitions out"
        )
    stages: list[Stage] = []
    if spec.map is not None:
        stages.append(Stage("map", "split"))
    if spec.map is not None and (spec.map_shuffle or spec.shuffle):
        stages.append(Stage("map_shuffle", "group_node"))
    if spec.reduce is not None:
        if partitioned is None or spec.merge_partitions:
            stages.append(Stage("reduce", "group_all", range(1)))
        else:
            stages.append(Stage("reduce", "group_label", partitioned))
    return stages


def _observed(spec: JobSpec) -> list[Stage]:
    stages: list[Stage] = []
    if spec.map is not None:
        stages += [Stage("map", "split"), Stage("map_shuffle", "group_node")]
    if spec.reduce is not None:
        stages.append(Stage("reduce", "group_label" if spec.partitions > 1 else "group_all"))
    return stages
