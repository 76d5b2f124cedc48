"""Frames: their rows, and dtypes that do not depend on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import Costs, Disco, Faults, Job
from disco_sim.error import DiscoError
from disco_sim.model.cluster import ClusterSpec, Node
from disco_sim.model.events import OutputLost, OutputsDropped
from disco_sim.model.plan import Stage
from disco_sim.model.work import Blob
from disco_sim.store.log import Log
from disco_sim.views import comparison, frames, rows
from disco_sim.views.history import History
from tests.unit import logs

SPEC = ClusterSpec.of(4)
MAKERS: dict[str, tuple[tuple[str, ...], Callable[[logs.Scribe, float | None], pd.DataFrame]]] = {
    "tasks": (rows.TASKS, lambda scribe, at: frames.tasks_frame(scribe.log, scribe.job, at)),
    "phases": (rows.TASK_PHASES, lambda scribe, at: frames.phases_frame(scribe.log, scribe.job, at)),
    "partitions": (
        rows.PARTITIONS,
        lambda scribe, at: frames.partitions_frame(scribe.log, scribe.job, scribe.read, at),
    ),
    "shuffle": (rows.SHUFFLE, lambda scribe, at: frames.shuffle_frame(scribe.log, scribe.job, at)),
    "oob": (rows.OOB, lambda scribe, at: frames.oob_frame(scribe.log, scribe.job, logs.OOB_VALUES, at)),
    "log": (rows.LOG, lambda scribe, at: frames.log_frame(scribe.log, scribe.job, at)),
    "nodes": (rows.NODES, lambda scribe, at: frames.nodes_frame(scribe.log, SPEC, at)),
    "jobs": (rows.JOBS, lambda scribe, at: frames.jobs_frame(scribe.log, at)),
}


@pytest.mark.parametrize("name", MAKERS)
@given(at=st.none() | st.floats(-1.0, 5.0))
def test_columns_and_dtypes_never_change(name: str, at: float | None) -> None:
    """A frame has the same columns, dtypes and kind of index at any time, empty or not."""
    columns, make = MAKERS[name]
    full, found = make(logs.troubled(), None), make(logs.ready(), at)
    assert tuple(found.columns) == columns
    assert found.dtypes.to_dict() == full.dtypes.to_dict()
    assert isinstance(found.index, pd.RangeIndex)


def test_a_task_row_per_run() -> None:
    """The tasks of a job are its runs, by stage, task and run; times count from the submission."""
    scribe = logs.ready(start_s=9.0)
    found = frames.tasks_frame(scribe.log, scribe.job)
    assert found[["stage", "task", "run", "status"]].to_numpy().tolist() == [
        ["map", 0, 0, "done"],
        ["map", 1, 0, "failed"],
        ["map", 1, 1, "done"],
        ["reduce", 0, 0, "done"],
        ["reduce", 1, 0, "done"],
        ["reduce", 2, 0, "done"],
    ]
    assert list(found.loc[2, ["start_s", "end_s", "host", "records_out"]]) == [2.75, 3.25, "node01", 1]
    assert found.loc[1, "reason"] == "bad line"
    assert found["inputs"].to_list() == [1, 1, 1, 2, 0, 1]


def test_a_running_run_has_no_counts_yet() -> None:
    """What a running run has read and written is not known, and it has no end."""
    scribe = logs.ready()
    row = frames.tasks_frame(scribe.log, scribe.job, 0.25).loc[0]
    assert row["status"] == "running"
    assert row[["records_in", "records_out", "bytes_in", "bytes_out", "oob_puts", "end_s"]].isna().all()


def test_partitions_tell_where_records_come_together() -> None:
    """A map partition is at the host of its reduce task, empty partitions that were asked for have a row."""
    scribe = logs.ready()
    found = frames.partitions_frame(scribe.log, scribe.job, scribe.read)
    assert found.drop(columns=["bytes", "spilled"]).to_numpy().tolist() == [
        ["map", 0, "node01", 4, 2, 0.8, "the", 3],
        ["map", 1, "node02", 0, 0, 0.0, pd.NA, 0],
        ["map", 2, "node03", 1, 1, 0.2, "<script>", 1],
        ["reduce", 0, "node01", 2, 2, 2 / 3, "a", 1],
        ["reduce", 1, "node02", 0, 0, 0.0, pd.NA, 0],
        ["reduce", 2, "node03", 1, 1, 1 / 3, "<script>", 1],
    ]


@pytest.mark.parametrize("grouping", ["group_node", "group_node_label"])
def test_a_partition_read_at_several_hosts_is_at_none(grouping: str) -> None:
    """When the records of a partition are read on several hosts, there is no one host to name."""
    scribe = logs.Scribe(plan=(Stage("map", "split"), Stage("shuffle", grouping)))
    scribe.submit(2)
    for task, host in enumerate(("node01", "node02")):
        scribe.start(0.0, "map", task, host)
        scribe.store(0.5, "map", task, host, 0, logs.pairs(("a", 1)))
        scribe.finish(0.5, "map", task, host)
    tasks = scribe.begin(0.5, scribe.plan[1], tuple(scribe.outputs["map"]))
    before = frames.partitions_frame(scribe.log, scribe.job)
    assert before["host"].to_list() == [""]
    for task, inputs in enumerate(tasks):
        scribe.start(0.5, "shuffle", task, inputs.hosts[0])
    assert frames.partitions_frame(scribe.log, scribe.job)["host"].to_list() == [""]


def test_keys_that_are_not_kept_are_unknown() -> None:
    """Keys are <NA> without a reader, for dropped or missing outputs, and for outputs that are bytes."""
    columns = ["keys", "top_key", "top_key_records"]
    scribe = logs.ready()
    assert frames.partitions_frame(scribe.log, scribe.job)[columns].isna().all(axis=None)
    scribe.add(OutputsDropped(4.25, scribe.job))
    found = frames.partitions_frame(scribe.log, scribe.job, scribe.read)
    assert found.groupby("stage")["keys"].count().to_dict() == {"map": 0, "reduce": 3}
    scribe.blobs["disco://node01/reduce-0-0"] = Blob("bytes", b"the 3", 1, 5)
    del scribe.blobs["disco://node02/reduce-1-1"]
    assert frames.partitions_frame(scribe.log, scribe.job, scribe.read)["keys"].dropna().to_dict() == {5: 1}


def test_keys_of_any_kind_are_counted() -> None:
    """Keys that cannot be hashed count by their text, and equal numbers are one key."""
    scribe = logs.Scribe(plan=(Stage("map", "split"),))
    scribe.submit(1)
    scribe.start(0.0, "map", 0, "node01")
    scribe.store(0.5, "map", 0, "node01", 0, logs.pairs(([1], 0), (1, 0), (True, 0), ([1], 0), ([1], 0)))
    scribe.finish(0.5, "map", 0, "node01")
    row = frames.partitions_frame(scribe.log, scribe.job, scribe.read).loc[0]
    assert [row["keys"], row["top_key"], row["top_key_records"]] == [2, [1], 3]


def test_the_shuffle_has_a_row_per_piece_and_reader() -> None:
    """Each output that a later task reads is a row; inputs of the job itself are none."""
    scribe = logs.ready()
    assert frames.shuffle_frame(scribe.log, scribe.job).to_numpy().tolist() == [
        ["reduce", 0, 0, 0, "node01", "node01", 3, 30],
        ["reduce", 1, 0, 0, "node01", "node01", 1, 10],
        ["reduce", 0, 2, 2, "node01", "node03", 1, 10],
    ]


def test_phases_have_a_row_each() -> None:
    """A run's phases are rows in their order, with their times; what took no time and runs still going have none."""
    scribe = logs.troubled(start_s=9.0)
    found = frames.phases_frame(scribe.log, scribe.job)
    assert found.iloc[[0, 1, 2, 3]].to_numpy().tolist() == [
        ["map", 0, 0, "node01", "startup", 0.0, 0.5, 0.5],
        ["map", 0, 0, "node01", "read", 0.5, 0.625, 0.125],
        ["map", 0, 0, "node01", "cpu", 0.625, 0.875, 0.25],
        ["map", 0, 0, "node01", "write", 0.875, 1.0, 0.125],
    ]
    copy = found[(found.stage == "map") & (found.task == 1) & (found.run == 2)]
    assert copy.phase.tolist() == ["startup", "wait", "read"] and copy.end_s.tolist() == [2.75, 2.875, 3.0]
    runs = found[(found.stage == "map") & (found.task == 1)].run
    assert runs.unique().tolist() == [0, 2], "the log does not tell the phases of run 1"
    assert len(frames.phases_frame(scribe.log, scribe.job, 0.75)) == 0


@pytest.mark.parametrize(
    ("until_s", "from_hosts"),
    [
        (1.5, ["node02", "node02"]),
        (2.25, ["node02", "node02"]),
        (3.0, ["node02", "node04"]),
        (None, ["node02", "node04"]),
    ],
)
def test_a_piece_is_read_where_it_was_when_the_reader_started(until_s: float | None, from_hosts: list[str]) -> None:
    """When a lost piece was stored anew, tasks that had read it before are told from those that read the new one."""
    scribe = logs.troubled()
    found = frames.shuffle_frame(scribe.log, scribe.job, until_s)
    assert found[["from_task", "to_task", "partition"]].to_numpy().tolist() == [
        [0, 0, 0],
        [1, 0, 0],
        [0, 2, 2],
        [1, 2, 2],
    ]
    assert found[found.from_task == 0].from_host.tolist() == ["node01", "node01"]
    assert found[found.from_task == 1].from_host.tolist() == from_hosts
    assert found.to_host.tolist() == ["node01", "node01", "node03", "node03"]


def test_a_piece_that_is_lost_again_and_again() -> None:
    """However often a piece was lost, a reader reads the one that was there, also back at the first host."""
    plan = (Stage("map", "split"), Stage("reduce", "group_all"), Stage("sort", "group_all"))
    scribe = logs.Scribe(plan=plan)
    scribe.submit(1)
    for attempt, host in enumerate(("node01", "node02", "node01", "node03")):
        at = float(attempt)
        scribe.start(at, "map", 0, host, attempt=attempt)
        scribe.finish(at + 0.5, "map", 0, host, attempt=attempt)
        scribe.store(at + 0.5, "map", 0, host, 0, logs.pairs(("a", 1)), attempt=attempt)
        if attempt == 0:
            scribe.begin(0.5, plan[1], tuple(scribe.outputs["map"]))
        scribe.start(at + 0.5, "reduce", 0, "node04", attempt=attempt)
        assert frames.shuffle_frame(scribe.log, scribe.job).from_host.tolist() == [host]
        scribe.fail(at + 0.75, "reduce", 0, "node04", "lost", "what it reads is lost", attempt=attempt)
        scribe.add(OutputLost(at + 0.75, scribe.job, "map", 0, host, "lost on purpose"))


def test_a_piece_that_was_read_before_another_stood_in_its_place() -> None:
    """A reader that is done has read what was there in its time, though a later run stored under the same URL."""
    scribe = logs.Scribe()
    scribe.submit(1)
    for attempt, host in enumerate(("node01", "node02", "node01")):
        at = float(attempt)
        scribe.start(at, "map", 0, host, attempt=attempt)
        scribe.finish(at + 0.5, "map", 0, host, attempt=attempt)
        for label in range(3):
            scribe.store(at + 0.5, "map", 0, host, label, logs.pairs(("a", 1)), attempt=attempt)
        if attempt == 0:
            scribe.begin(0.5, scribe.plan[1], tuple(scribe.outputs["map"]))
        scribe.start(at + 0.5, "reduce", attempt, "node03")
        scribe.finish(at + 0.75, "reduce", attempt, "node03")
        scribe.add(OutputLost(at + 0.75, scribe.job, "map", 0, host, f"{host} died"))
    assert frames.shuffle_frame(scribe.log, scribe.job).from_host.tolist() == ["node01", "node02", "node01"]


def _words(line: str, params: Any) -> Iterator[tuple[str, int]]:
    """A pair for each word."""
    for word in line.split():
        yield word, 1


def _counts(pairs: Iterator[tuple[str, int]], params: Any) -> Iterator[tuple[str, int]]:
    """How often each word comes."""
    for word, ones in kvgroup(sorted(pairs)):  # type: ignore[name-defined]
        yield word, sum(ones)


def _counted(faults: Faults) -> Job:
    """A word count on slow disks and a slow network; its reduce tasks start at 2.5 s and read for 2 to 5 s."""
    costs = Costs(cpu_record_s=0.05, port_bytes_s=40.0, disk_bytes_s=200.0)
    lines = [f"raw://{line}" for line in ("a b c d e f g", "a b c d e f") for _ in range(4)]
    disco = Disco(nodes=3, costs=costs, seed=1, faults=faults)
    job = disco.new_job("count", input=lines, map=_words, reduce=_counts, partitions=3)
    job.wait()
    return job


@pytest.mark.parametrize(("at_s", "n_readers"), [(3.0, 3), (4.5, 2), (5.5, 1)])
def test_what_is_made_again_counts_once(at_s: float, n_readers: int) -> None:
    """When a node dies while reduce runs, partitions and shuffle are as without faults, but for where things are."""
    well, again = _counted(Faults()), _counted(Faults().kill("node02", at=at_s))
    pd.testing.assert_frame_equal(again.partitions.drop(columns="host"), well.partitions.drop(columns="host"))
    hosts = ["from_host", "to_host"]
    pd.testing.assert_frame_equal(again.shuffle.drop(columns=hosts), well.shuffle.drop(columns=hosts))
    runs = again.tasks[again.tasks.status == "done"]
    makers, readers = (runs[runs.stage == stage] for stage in ("map", "reduce"))
    for piece in again.shuffle.itertuples():
        reader = readers[readers.task == piece.to_task].iloc[0]
        maker = makers[(makers.task == piece.from_task) & (makers.end_s <= reader.start_s)].iloc[-1]
        assert (piece.from_host, piece.to_host) == (maker.host, reader.host)
    is_moved = again.shuffle.from_host != well.shuffle.from_host
    lost = runs.task[runs.reason == "output lost: node02 died"].tolist()
    assert (is_moved.sum(), sorted(set(again.shuffle.from_task[is_moved]))) == (n_readers * len(lost), lost)
    assert again.partitions.host.tolist() == readers.host.tolist() * 2


def test_oob_shows_values_of_what_was_committed() -> None:
    """A committed result has its value as it was put, a dropped one has none."""
    scribe = logs.ready(start_s=2.0)
    found = frames.oob_frame(scribe.log, scribe.job, logs.OOB_VALUES)
    assert found["value"].to_list() == ["12", pd.NA, b"\x00\xff"]
    assert found["state"].to_list() == ["committed", "dropped", "committed"]
    assert found["put_s"].to_list() == [0.5, 0.75, 3.25]
    everything = frames.all_oob_frame(scribe.log, {scribe.job: logs.OOB_VALUES})
    assert tuple(everything.columns) == ("job", *rows.OOB)
    assert everything["put_s"].to_list() == [2.5, 2.75, 5.25]
    assert everything.dtypes.to_dict() == frames.all_oob_frame(Log(), {}).dtypes.to_dict()
    assert frames.all_oob_frame(scribe.log, {}).empty, "a job whose data are gone is left out"


def test_the_log_counts_from_the_submission() -> None:
    """A job's log counts its seconds from the submission, and the job's own lines have no task."""
    scribe = logs.ready(start_s=100.0)
    found = frames.log_frame(scribe.log, scribe.job)
    assert list(found.loc[0]) == [0.0, "master", "SYS", "", pd.NA, "Job initialized: 2 inputs, stages: map, reduce"]
    assert found["time_s"].iloc[-1] == 4.25
    assert frames.log_frame(scribe.log, scribe.job, 0.0)["time_s"].max() == 0.0


def test_nodes_and_jobs_of_a_cluster() -> None:
    """Every node of the cluster has a row, also an idle one; jobs come in the order of submission."""
    scribe = logs.ready()
    dead = logs.dead(scribe.log, start_s=5.0)
    nodes = frames.nodes_frame(scribe.log, SPEC)
    assert nodes.loc[[0, 3]].to_numpy().tolist() == [
        ["node01", 2, 0, 3, 1, 0, "alive", 1.0],
        ["node04", 2, 0, 0, 0, 0, "alive", 1.0],
    ]
    assert frames.jobs_frame(scribe.log).to_numpy().tolist() == [
        [scribe.job, "ready", "map 2/2, reduce 3/3", 0.0, 4.25],
        [dead.job, "dead", "map 0/2, reduce 0/3", 5.0, 0.5],
    ]
    assert len(frames.jobs_frame(scribe.log, 1.0)) == 1


def test_nodes_have_a_status_and_a_speed() -> None:
    """A node's speed is what is left of its own, and its status says why nothing or little runs there."""
    scribe = logs.troubled()
    spec = ClusterSpec((Node("node01"), Node("node02"), Node("node03", speed=2.0)))
    found = frames.nodes_frame(scribe.log, spec, 3.0)
    assert found[["host", "busy", "status", "speed"]].to_numpy().tolist() == [
        ["node01", 1, "alive", 1.0],
        ["node02", 0, "dead", 1.0],
        ["node03", 1, "slow", 0.5],
    ]


def test_compared_by_phase() -> None:
    """By phase, jobs are compared in the seconds of each phase of each stage; what is not known has none."""
    troubled, ready = logs.troubled(), logs.ready()
    found = frames.compare_frame(troubled.log, troubled.job, ready.log, ready.job, by="phase")
    assert tuple(found.columns) == comparison.COMPARE_PHASES
    assert found.stage.tolist() == ["map"] * 6 + ["reduce"] * 6
    assert found.phase.tolist() == ["startup", "wait", "read", "transfer", "cpu", "write"] * 2
    assert found.seconds.tolist() == [1.25, 0.125, 0.375, 0.0, 0.5, 0.25, 1.5, 0.0, 0.5, 0.75, 0.0, 0.0]
    assert found[["other_seconds", "difference_s"]].isna().all(axis=None)
    same = frames.compare_frame(troubled.log, troubled.job, troubled.log, troubled.job, by="phase")
    assert same.difference_s.tolist() == [0.0] * 12
    assert same.dtypes.map(str).tolist() == ["str", "str", "float64", "float64", "float64"]


def test_compared_by_task() -> None:
    """A task is compared by the run that did it, whatever runs of it were lost after or before."""
    troubled = logs.troubled()
    found = frames.compare_frame(troubled.log, troubled.job, troubled.log, troubled.job)
    assert tuple(found.columns) == comparison.COMPARE
    row = found[(found.stage == "map") & (found.task == 1)].iloc[0]
    assert [row.host, row.runs, row.duration_s, row.records_in] == ["node04", 3, 3.0, 5]


def test_compared_by_anything_else() -> None:
    """A wrong word for what to compare by is an error that names the right ones."""
    scribe = logs.ready()
    with pytest.raises(DiscoError, match=r"by='node'\) was asked for; jobs are compared by='task' or by='phase'"):
        frames.compare_frame(scribe.log, scribe.job, scribe.log, scribe.job, by="node")


@pytest.mark.parametrize("at", [None, 0.0, 2.5])
@pytest.mark.parametrize("name", MAKERS)
def test_frames_are_made_of_a_history_as_of_a_log(name: str, at: float | None) -> None:
    """A frame is the same whether it is made of a log or of its history."""
    scribe = logs.troubled()
    make = MAKERS[name][1]
    expected = make(scribe, at)
    scribe.log = History(scribe.log)  # type: ignore[assignment]
    pd.testing.assert_frame_equal(make(scribe, at), expected)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], "int64"),
        ([0.5, 1.5], "float64"),
        ([True, False], "bool"),
        (["a", "b"], "str"),
        ([1, 2.5], "object"),
        ([2**70, 1], "object"),
        ([[1], [2]], "object"),
        ([(1, 2), (3, 4)], "object"),
        ([None, None], "object"),
        ([], "object"),
    ],
)
def test_results_have_the_dtype_of_their_values(values: list[Any], dtype: str) -> None:
    """Results of one plain type can be summed and plotted, any others come back as they are."""
    found = frames.output_frame((0, "key", value) for value in values)
    assert tuple(found.columns) == rows.OUTPUT
    assert found["value"].dtype == dtype
    assert found["partition"].dtype == "int64"
    assert found["value"].to_list() == values


def test_text_without_utf8_is_shown() -> None:
    """A message with half a surrogate pair does not keep a frame from being made or printed."""
    scribe = logs.Scribe()
    scribe.submit()
    scribe.start(0.0, "map", 0, "node01")
    scribe.say(0.5, "map", 0, "node01", "bad \ud800")
    assert "bad" in frames.log_frame(scribe.log, scribe.job)["message"].iloc[-1]


def test_frames_are_fresh() -> None:
    """Changing a frame changes nothing else."""
    scribe = logs.ready()
    changed = frames.tasks_frame(scribe.log, scribe.job)
    changed["host"] = "x"
    assert frames.tasks_frame(scribe.log, scribe.job).loc[0, "host"] == "node01"
