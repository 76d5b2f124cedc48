"""The tables of a cluster as pandas DataFrames: fresh, with a RangeIndex and the same dtypes when empty.

Text is `str`, counts `int64`, times `float64`; where a count may not be known it is `Int64` with <NA>. Partitions are
`int64`, or `object` where one of them has more than 64 bits. Keys and values are what job functions gave and so
`object`, but for `output_frame`. What the columns mean is said in `rows.py`.
`*_s` and `until_s` are virtual seconds since the job's submission, in frames of the cluster since its start. With a
history in place of the log, what was read for one frame need not be read again for the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from disco_sim.model.cluster import ClusterSpec
from disco_sim.store.log import Log
from disco_sim.tables import Table
from disco_sim.views import comparison, rows
from disco_sim.views.contents import Read
from disco_sim.views.history import History, job_state
from disco_sim.views.rows import OOBValues

_TEXT = {"stage", "host", "status", "reason", "from_host", "to_host", "state", "level", "message", "job", "stages"}
_TEXT |= {"other_host", "phase"}
_DECIMAL = {"start_s", "end_s", "put_s", "time_s", "started_s", "duration_s", "share", "speed"}
_DECIMAL |= {"other_duration_s", "difference_s", "seconds", "other_seconds", "times_mean"}
_MAY_BE_UNKNOWN = {"keys", "top_key_records", "records_in", "records_out", "bytes_in", "bytes_out", "oob_puts"}
_MAY_BE_UNKNOWN |= {"spilled", "runs", "other_runs", "other_records_in"}
_PLAIN = {str: "str", int: "int64", float: "float64", bool: "bool"}
INT64 = range(-(2**63), 2**63)
"""What `int64` holds."""


def tasks_frame(log: Log | History, job: str, until_s: float | None = None) -> pd.DataFrame:
    """`job.tasks`: a row per run, by stage, task and run; status: running, done, failed, lost (ended from outside)."""
    return _frame(rows.tasks_table(job_state(log, job, until_s)))


def phases_frame(log: Log | History, job: str, until_s: float | None = None) -> pd.DataFrame:
    """`job.phases`: a row per phase of each run that has ended; phase: startup, wait (for the node's disk), read,
    transfer, cpu, write. Phases that took no time have no row, nor have runs whose phases the log does not tell.
    """
    return _frame(rows.phases_table(job_state(log, job, until_s)))


def partitions_frame(
    log: Log | History, job: str, read: Read | None = None, until_s: float | None = None
) -> pd.DataFrame:
    """`job.partitions`: a row per started stage and partition; without `read`, keys are <NA>."""
    return _frame(rows.partitions_table(job_state(log, job, until_s), read))


def shuffle_frame(log: Log | History, job: str, until_s: float | None = None) -> pd.DataFrame:
    """`job.shuffle`: a row per piece of output and the task of a later stage that reads it."""
    return _frame(rows.shuffle_table(job_state(log, job, until_s)))


def flow_frame(found: Table) -> pd.DataFrame:
    """`job.flow().frame()`: a row per partition of one stage's output, from `flow.flow_table`."""
    return _frame(found)


def oob_frame(log: Log | History, job: str, values: OOBValues, until_s: float | None = None) -> pd.DataFrame:
    """`job.oob.frame()`: a row per out-of-band result, dropped ones too; `values` are the committed ones by key."""
    return _frame(rows.oob_table(job_state(log, job, until_s), values))


def all_oob_frame(log: Log | History, values: Mapping[str, OOBValues], until_s: float | None = None) -> pd.DataFrame:
    """`disco.oob.frame()`: the out-of-band results of all jobs, `job` first; `put_s` is of the cluster."""
    return _frame(rows.all_oob_table(log, values, until_s))


def log_frame(log: Log | History, job: str, until_s: float | None = None) -> pd.DataFrame:
    """`job.log`: a row per line; `task` is <NA> for lines of the job itself, whose host is 'master'."""
    start_s = job_state(log, job, 0.0).submitted_s
    return _frame(rows.lines_table(rows.job_lines(log, job, until_s), start_s), task="Int64")


def output_frame(pairs: Iterable[tuple[int, Any, Any]]) -> pd.DataFrame:
    """`job.output()`: a row per result, in order. `key` and `value` have the dtype of their values when all are of one
    of the types str, int, float or bool, so that results can be plotted and summed; else, and when empty, `object`.
    """
    partitions, keys, values = [list(column) for column in zip(*pairs, strict=True)] or [[], [], []]
    return pd.DataFrame(
        {
            "partition": _series(partitions, "int64"),
            "key": _series(keys, _dtype(keys)),
            "value": _series(values, _dtype(values)),
        }
    )


def nodes_frame(log: Log | History, spec: ClusterSpec, until_s: float | None = None) -> pd.DataFrame:
    """`disco.nodes`: a row per node; `done`, `failed` and `data_errors` count runs of all jobs."""
    return _frame(rows.nodes_table(log, spec, until_s))


def jobs_frame(log: Log | History, until_s: float | None = None) -> pd.DataFrame:
    """`disco.jobs`: a row per job in the order of submission; `stages` reads 'map 4/4, reduce 1/3'."""
    return _frame(rows.jobs_table(log, until_s))


def compare_frame(
    log: Log | History, job: str, other_log: Log | History, other_job: str, by: str = "task"
) -> pd.DataFrame:
    """`job.compare(other)`: a row per task of either job; what one of them does not have is <NA> or NaN.

    By "phase" a row per stage and phase, with the seconds of all runs together.

    Raises:
        DiscoError: If `by` is neither.
    """
    return _frame(comparison.compare_table(job_state(log, job), job_state(other_log, other_job), by))


def _frame(table: Table, **dtypes: str) -> pd.DataFrame:
    columns = [list(column) for column in zip(*table.rows, strict=True)] or [[] for _ in table.columns]
    series: dict[str, pd.Series[Any]] = {}
    for name, column in zip(table.columns, columns, strict=True):
        dtype = dtypes.get(name) or _dtype_of(name)
        unknown = float("nan") if dtype == "float64" else pd.NA
        series[name] = _series([unknown if value is None else value for value in column], dtype)
    return pd.DataFrame(series)


def _series(column: list[Any], dtype: str) -> pd.Series[Any]:
    try:
        return pd.Series(column, dtype=dtype)
    except OverflowError:  # a partition function, or a stage, gave a label of more than 64 bits
        return pd.Series(column, dtype="object")
    except UnicodeEncodeError:
        # Text with half a surrogate pair has no UTF-8; it is shown with a backslash rather than not at all.
        return pd.Series([str(text).encode("utf-8", "backslashreplace").decode() for text in column], dtype=dtype)


def _dtype_of(name: str) -> str:
    if name in _TEXT:
        return "str"
    if name in _DECIMAL:
        return "float64"
    if name in _MAY_BE_UNKNOWN:
        return "Int64"
    return "object" if name in ("key", "value", "top_key") else "int64"


def _dtype(column: list[Any]) -> str:
    """The dtype of what job functions gave, when it is of one plain type."""
    kinds = {type(value) for value in column}
    if len(kinds) != 1 or (kinds == {int} and any(value not in INT64 for value in column)):
        return "object"
    return _PLAIN.get(kinds.pop(), "object")
