"""What each public object shows of itself: a card with facts and sections, as HTML and as text.

Cards are made from a log and plain values; they need no pandas. Times are virtual seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from disco_sim.error import JobError
from disco_sim.model.cluster import ClusterSpec, Node
from disco_sim.store.log import Log
from disco_sim.tables import Table, counted, rgba, shown, table, table_text
from disco_sim.views import rows
from disco_sim.views.contents import Read
from disco_sim.views.flow import flow_section
from disco_sim.views.history import History, events_of, history_of, job_state
from disco_sim.views.render import Card, Section, preformatted, stage_colour, table_section
from disco_sim.views.rows import OOBValues
from disco_sim.views.stages import Run, StageState
from disco_sim.views.state import JobState
from disco_sim.views.story import task_story, timestamp
from disco_sim.views.timeline import timeline_image

STAGES_CAPTION = "Tasks of each stage, and its failed runs"

_MOST_LINES = 50
_MOST_REASONS = 4
_KEY_COLUMNS = ("keys", "top_key", "top_key_records")


def job_card(
    log: Log | History,
    job: str,
    *,
    read: Read | None = None,
    values: OOBValues | None = None,
    nodes: Sequence[Node] = (),
    until_s: float | None = None,
) -> Card:
    """The card of a job as of now, or of `until_s` virtual seconds after its submission.

    Columns about keys are there when `read` is given and their outputs are kept.
    """
    history = history_of(log)
    state = history.job(job, until_s)
    facts = [
        ("stages", state.progress or "none"),
        ("inputs", str(state.n_inputs)),
        ("submitted", timestamp(state.submitted_s)),
        ("took" if state.ended_s is not None else "running for", f"{state.duration_s:.3f} s (virtual)"),
    ]
    if state.hosts:
        facts.append(("runs on", ", ".join(state.hosts)))
    if state.reason:
        facts.append(("reason", state.reason))
    if lost := _lost(state):
        facts.append(("lost", lost))
    facts += [("warning", text) for text in state.warnings]
    if state.network == "ports":
        facts.append(("network", "shared by ports; too many transfers at once to share it exactly"))
    if state.is_dropped:
        facts.append(("kept", "results only; outputs between the stages were dropped"))
    flow = flow_section(state)
    sections = [
        table_section("Stages", rows.stage_table(state), caption=STAGES_CAPTION, is_open=True),
        Section("Timeline", timeline_image(state, nodes, history.outages(state)), is_open=bool(state.runs)),
        partitions_section(state, read),
        *([] if flow is None else [flow]),
        *tasks_sections(state),
        oob_section(state, values or {}),
        log_section(log, job, state, until_s),
    ]
    return Card("Job", job, state.status, tuple(facts), tuple(sections))


def _lost(state: JobState) -> str:
    """What a job lost while it went on, by reason; which runs its own death ended need not be told."""
    runs, tasks = Counter[str](), Counter[str]()
    for run in state.runs:
        if run.status == "lost" and not (state.status == "dead" and run.end_s == state.ended_s):
            runs[run.reason] += 1
    for stage in state.stages.values():
        tasks.update(loss.reason for loss in stage.lost)
    told: list[str] = []
    for reason in dict.fromkeys([*runs, *tasks]):
        parts = [counted(runs[reason], "run")] if runs[reason] else []
        parts += [f"the output of {counted(tasks[reason], 'task')}"] if tasks[reason] else []
        told.append(f"{' and '.join(parts)} ({reason})")
    return "; ".join([*told[:_MOST_REASONS], *(["and more"] if len(told) > _MOST_REASONS else [])])


def partitions_shown(state: JobState, read: Read | None = None) -> Table:
    """The table of partitions without those columns that have nothing to tell: of keys, and of what went to disk."""
    found = rows.partitions_table(state, read)
    columns = dict(zip(found.columns, zip(*found.rows, strict=True), strict=True)) if found.rows else {}
    hidden = set() if any(count is not None for count in columns.get("keys", ())) else set(_KEY_COLUMNS)
    if not any(columns.get("spilled", ())):
        hidden.add("spilled")
    kept = [number for number, name in enumerate(found.columns) if name not in hidden]
    return Table(
        tuple(found.columns[number] for number in kept), [tuple(row[number] for number in kept) for row in found.rows]
    )


def partitions_section(state: JobState, read: Read | None = None) -> Section:
    """The partitions of each stage's output: one table a stage, with a bar for the records of each partition."""
    shown = partitions_shown(state, read)
    tables = []
    for number, name in enumerate(state.stages):
        part = Table(shown.columns[1:], [row[1:] for row in shown.rows if row[0] == name])
        if part.rows:
            colour = rgba(stage_colour(number), 0.8)
            tables.append(table(part, f"Partitions of the output of {name}", bars={"records": colour}))
    html = "".join(tables) or table(shown, "")
    is_open = bool(shown.rows)
    return Section(f"Partitions ({len(shown.rows)})", html, table_text(shown, indent="  "), is_open)


def tasks_sections(state: JobState) -> list[Section]:
    """The runs of each stage's tasks; `partition` is what a task reads."""
    found = rows.tasks_table(state)
    sections = []
    for name, stage in state.stages.items():
        runs = [row[1:] for row in found.rows if row[0] == name]
        if runs:
            title = f"Tasks of {name} ({counted(len(stage.tasks), 'task')}, {counted(len(runs), 'run')})"
            # In most jobs nothing fails or is lost, and then there are no reasons to show.
            end = None if any(run[-1] for run in runs) else -1
            shown = Table(found.columns[1:end], [run[:end] for run in runs])
            sections.append(table_section(title, shown, has_text=False))
    return sections


def oob_section(state: JobState, values: OOBValues) -> Section:
    """The out-of-band results of a job."""
    found = rows.oob_table(state, values)
    return table_section(f"Out-of-band results ({len(found.rows)})", found)


def log_section(log: Log | History, job: str, state: JobState, until_s: float | None = None) -> Section:
    """The last lines of a job's log."""
    lines = rows.job_lines(log, job, until_s)
    last = lines[-_MOST_LINES:]
    shown = f", the last {len(last)} shown" if len(last) < len(lines) else ""
    title = f"Log ({counted(len(lines), 'line')}{shown})"
    return table_section(title, rows.lines_table(last, state.submitted_s), has_text=False)


def disco_card(
    log: Log | History,
    spec: ClusterSpec,
    name: str,
    facts: Mapping[str, str] | None = None,
    until_s: float | None = None,
) -> Card:
    """The card of a cluster as of now, or of `until_s` virtual seconds since its start.

    `name` is that of its master, `facts` are shown beside the counted ones.
    """
    nodes, jobs = rows.nodes_table(log, spec, until_s), rows.jobs_table(log, until_s)
    events = events_of(log)
    now_s = until_s if until_s is not None else events[-1].time_s if len(events) else 0.0
    statuses = [row[1] for row in jobs.rows]
    counts = ", ".join(f"{statuses.count(status)} {status}" for status in ("active", "ready", "dead"))
    counted_facts = [
        ("nodes", str(len(spec.nodes))),
        ("slots", str(spec.n_slots)),
        ("jobs", counts),
        ("virtual time", f"{now_s:.3f} s, {timestamp(now_s)}"),
    ]
    sections = (
        table_section(f"Nodes ({len(nodes.rows)})", nodes, is_open=True),
        # Newest first, as on Disco's own status page.
        table_section(f"Jobs ({len(jobs.rows)})", Table(jobs.columns, jobs.rows[::-1]), is_open=bool(jobs.rows)),
    )
    return Card("Disco", name, "", (*counted_facts, *(facts or {}).items()), sections)


def oob_card(log: Log | History, job: str, values: OOBValues) -> Card:
    """The card of a job's out-of-band results."""
    state = job_state(log, job)
    found = rows.oob_table(state, values)
    committed = sum(entry.state == "committed" for entry in state.oob)
    facts = (
        ("committed", str(committed)),
        ("dropped", str(len(state.oob) - committed)),
        ("bytes", str(sum(entry.n_bytes for entry in state.oob if entry.state == "committed"))),
    )
    return Card("OOB of", job, state.status, facts, (table_section("Results", found, is_open=True),))


def all_oob_card(log: Log | History, values: Mapping[str, OOBValues]) -> Card:
    """The card of the out-of-band results of all jobs."""
    found = rows.all_oob_table(log, values)
    committed = sum(row[-1] == "committed" for row in found.rows)
    facts = (
        ("jobs", str(len({row[0] for row in found.rows}))),
        ("committed", str(committed)),
        ("dropped", str(len(found.rows) - committed)),
    )
    return Card("OOB of", "all jobs", "", facts, (table_section("Results", found, is_open=True),))


def key_card(
    job: str,
    key: object,
    facts: tuple[tuple[str, str], ...],
    sent: Sequence[tuple[str, str, int]],
) -> Card:
    """The card of one key's way through a job; `sent` are (task, host, records) of the tasks that wrote it."""
    found = Table(("task", "host", "records"), list(sent))
    colour = rgba(stage_colour(0), 0.8)
    section = table_section(f"Written by ({counted(len(sent), 'task')})", found, bars={"records": colour}, is_open=True)
    return Card("Key", shown(key), "", (("job", job), *facts), (section,))


def story_card(log: Log | History, job: str, stage: str, task: int) -> Card:
    """The card of one task: every line that concerns it.

    Raises:
        DiscoError: If the job never had such a task.
    """
    told = task_story(events_of(log), job, stage, task)
    state = job_state(log, job)
    found = state.stages[stage]
    runs = [run for run in state.runs if run.stage == stage and run.task == task]
    facts = (
        ("job", job),
        # The same number as in the table of tasks: what this_partition() answers.
        ("partition", str(runs[-1].label if runs else found.tasks[task].label)),
        ("inputs", str(len(found.tasks[task].pieces))),
        ("runs", str(len(runs))),
        ("hosts", ", ".join(dict.fromkeys(run.host for run in runs)) or "none yet"),
    )
    lines = rows.lines_table(told, state.submitted_s)
    # Stage and task are the same in every line.
    kept = Table(("time_s", "host", "level", "message"), [(*row[:3], row[5]) for row in lines.rows])
    sections = (table_section("Story", kept, is_open=True),)
    return Card("Task", f"{stage}:{task}", _status(found, task, runs), facts, sections)


def _status(stage: StageState, task: int, runs: Sequence[Run]) -> str:
    """How it stands with a task: what its latest run came to, but for one whose output was lost, or that runs twice."""
    if task in stage.done:
        return "done"
    if any(number == task for number, _ in stage.running):
        return "running"
    return runs[-1].status if runs and runs[-1].status != "done" else "waiting"


def error_card(error: JobError) -> Card:
    """The card of a job's failure: what and where, the record at hand, the user's source lines, and the cause."""
    known = {name: value for name, value in error.__dict__.items() if value not in (None, "")}
    cause = error.__cause__
    stage, task = known.get("stage"), known.get("task")
    facts: list[tuple[str, str]] = []
    if stage is not None:
        facts.append(("task", f"{stage}:{task}" if task is not None else str(stage)))
    if "host" in known:
        facts.append(("host", str(known["host"])))
    if "time_s" in known:
        facts.append(("at", f"{float(known['time_s']):.3f} s (virtual)"))
    what = str(known.get("reason") or (error.args[0] if error.args else ""))
    told = {
        "What happened": what,
        "Record at hand": str(known.get("record", "")),
        "Your code": str(known.get("lines", "")),
        "Cause": "" if cause is None else f"{type(cause).__name__}: {cause}",
        "Why the job ended": str(known.get("ended", "")),
        "What to do": str(known.get("advice", "")),
    }
    if told["Cause"] == what:
        del told["Cause"]
    sections = [
        Section(title, preformatted(text), _indented(text), is_open=True) for title, text in told.items() if text
    ]
    if "trace" in known:
        sections.append(Section("Traceback", preformatted(str(known["trace"]))))
    return Card("Job", str(known.get("jobname", known.get("job", ""))), "dead", tuple(facts), tuple(sections))


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
