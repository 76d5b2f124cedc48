"""Where a key of a job went, and why there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from disco_sim import func
from disco_sim.cluster.base import Cluster
from disco_sim.error import DataError
from disco_sim.model.plan import Output
from disco_sim.runtime.shuffle import checked_partition, name_of
from disco_sim.views.state import JobState


@dataclass(frozen=True)
class Explanation:
    """The way of one key through a job.

    `partition` is None when the map output is not partitioned, or the key does not occur and its
    partition cannot be told. `from_tasks` are (task, host, number of its pairs with the key).
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
    """The way of `key` through `job`, from its kept outputs; the partition function is called once for it."""
    state = JobState.of(cluster.log, job)
    names = list(state.stages)
    n = spec["partitions"]
    partition: int | None = None
    if spec["map"] is None or not names:
        why = "the job has no map, so its input decides"
    elif not n:
        why = "partitions=None: the map output is not partitioned"
    else:
        partition = checked_partition(spec["partition"], n, spec["params"])(key, None)
        if spec["partition"] is func.default_partition:
            why = f"md5 of the key's text mod {n} is {partition}"
        else:
            why = f"{name_of(spec['partition'])}({key!r}, {n}, params) is {partition}"
    first = state.stages[names[0]] if names else None
    sent: list[tuple[str, str, int]] = []
    labels: set[int] = set()
    for stored in first.stored if first is not None else ():
        output = Output(stored.label, stored.host, stored.n_records, stored.n_bytes, stored.blob)
        found = _count(cluster, output, key) if partition is None or stored.label == partition else 0
        if found:
            labels.add(stored.label)
            sent.append((f"{stored.stage}:{stored.task}", stored.host, found))
    # A stage that only joins what a node holds is on the way, and reads no key.
    roles = getattr(cluster.archive.record(job).request.program, "roles", {})
    names = [name for name in names if roles.get(name) != "shuffle"]
    reader = state.stages.get(names[1]) if len(names) > 1 else None
    host = run = ""
    if reader is not None:
        for number, inputs in enumerate(reader.tasks):
            if inputs.label == partition or reader.stage.grouping == "group_all" or inputs.label in labels:
                run, host = f"{reader.stage.name}:{number}", reader.host_of(number)
                break
    return Explanation(job, key, partition, why, host, tuple(sent), run)


def _count(cluster: Cluster, output: Output, key: Any) -> int:
    try:
        blob = cluster.archive.read(output.blob)
    except DataError:
        return 0
    return 0 if blob.form == "bytes" else sum(1 for found, _ in blob.pairs() if found == key)
