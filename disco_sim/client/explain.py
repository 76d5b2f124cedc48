"""Where a key of a job went, and why there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from disco_sim import func
from disco_sim.cluster.base import Cluster
from disco_sim.error import DataError, PartitionError
from disco_sim.model.dialect import Dialect
from disco_sim.model.plan import Output
from disco_sim.runtime.pairs import name_of
from disco_sim.runtime.placing import any_partition, checked_partition
from disco_sim.views.state import JobState


@dataclass(frozen=True)
class Explanation:
    """The way of one key through a job.

    `partition` is None when the map output is not partitioned, the partition function gives none, or a
    pipeline gave the key several labels or none. `from_tasks` are (task, host, number of its pairs with the key).
    """

    job: str
    key: Any
    partition: int | None
    why: str
    host: str
    from_tasks: tuple[tuple[str, str, int], ...]
    run: str

    def __str__(self) -> str:
        where = "no partition" if self.partition is None else f"partition {self.partition}"
        lines = [f"key {self.key!r} of job {self.job}: {where}, because {self.why}"]
        lines += [f"  {task} on {host} sent {n} of its pairs" for task, host, n in self.from_tasks]
        if not self.from_tasks:
            lines.append("  no kept output has the key")
        lines.append(f"  read by {self.run} on {self.host}" if self.run else "  read by no task")
        return "\n".join(lines)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from disco_sim.views.cards import key_card

        facts = (
            ("partition", "none" if self.partition is None else str(self.partition)),
            ("because", self.why),
            ("read by", f"{self.run} on {self.host}" if self.run else "no task"),
        )
        return {"text/plain": str(self), "text/html": key_card(self.job, self.key, facts, self.from_tasks).html()}


def explain(cluster: Cluster, job: str, spec: Mapping[str, Any], key: Any) -> Explanation:
    """The way of `key` through `job`, from its kept outputs; the partition function is called once for it.

    Of a pipeline, its first stage's outputs tell the labels of the key.
    """
    state = JobState.of(cluster.log, job)
    names = list(state.stages)
    program = cluster.jobs.facts(job).request.program
    partition, why = _placed(spec, key, program.dialect) if names else (None, "the job has no stages")
    first = state.stages[names[0]] if names else None
    sent: list[tuple[str, str, int]] = []
    labels: set[int] = set()
    blobs: set[str] = set()
    for stored in first.stored if first is not None else ():
        output = Output(stored.label, stored.host, stored.n_records, stored.n_bytes, stored.blob)
        found = _count(cluster, output, key) if partition is None or stored.label == partition else 0
        if found:
            labels.add(stored.label)
            blobs.add(stored.blob)
            sent.append((f"{stored.stage}:{stored.task}", stored.host, found))
    if spec["pipeline"]:
        partition = next(iter(labels)) if len(labels) == 1 else None
        why = _told_by_stage(names[0], sorted(labels))
    # A stage that only joins what a node holds is on the way, and reads no key.
    names = [name for name in names if program.roles.get(name) != "shuffle"]
    reader = state.stages.get(names[1]) if len(names) > 1 else None
    host = run = ""
    for number, inputs in enumerate(reader.tasks if reader is not None else ()):
        assert reader is not None
        is_read = inputs.label == partition or reader.stage.grouping == "group_all" or inputs.label in labels
        if spec["pipeline"]:
            is_read = any(piece.blob in blobs for piece in inputs.pieces)
        if is_read:
            run, host = f"{reader.stage.name}:{number}", reader.host_of(number)
            break
    return Explanation(job, key, partition, why, host, tuple(sent), run)


def _placed(spec: Mapping[str, Any], key: Any, dialect: Dialect) -> tuple[int | None, str]:
    """The partition that the job's function gives a key, and why; None where it gives none."""
    n = spec["partitions"]
    if spec["pipeline"]:
        return None, "only what a stage stored tells its labels"
    if spec["map"] is None:
        return None, "the job has no map, so its input decides"
    if not n:
        return None, "partitions=None: the map output is not partitioned"
    placing = checked_partition if dialect.partitions_are_checked else any_partition
    try:
        partition = placing(spec["partition"], n, spec["params"])(key, None)
    except PartitionError as error:
        return None, str(error)
    if spec["partition"] is func.default_partition:
        return partition, f"md5 of the key's text mod {n} is {partition}"
    return partition, f"{name_of(spec['partition'])}({key!r}, {n}, params) is {partition}"


def _told_by_stage(stage: str, labels: list[int]) -> str:
    if not labels:
        return f"no kept output of stage {stage!r} has it"
    plural = "" if len(labels) == 1 else "s"
    return f"stage {stage!r} gave it the label{plural} {', '.join(map(str, labels))}"


def _count(cluster: Cluster, output: Output, key: Any) -> int:
    try:
        blob = cluster.blobs.get(output.blob)
        return 0 if blob.form == "bytes" else sum(1 for found, _ in blob.records() if found == key)
    except DataError:
        return 0
