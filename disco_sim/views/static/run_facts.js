/** What there is to say of a run at a time: the columns of its table, and its hint. Knows nothing of pages. */
import { amountText, secondsText } from "./dom.js";

/** The phases of a run in the order they are played: the column, and the kind of phase. */
export const RUN_PHASES = [
    ["startup", "startup"],
    ["read_wait", "wait"],
    ["read", "read"],
    ["transfer", "transfer"],
    ["cpu", "cpu"],
    ["write_wait", "wait"],
    ["write", "write"],
];

/** The runs of a job as told at a time. Counts, ends and reasons of a run are unknown while it runs. */
export class RunFacts {
    constructor(play) {
        this.play = play;
        this.lostAt = lossTimes(play);
    }

    /** Whether a run is done and what it had stored is lost by a time. */
    isOutputLostAt(run, time) {
        return this.lostAt.has(run) && this.lostAt.get(run) <= time;
    }

    /** Why a run failed or was lost, or that its output was lost later; "" otherwise. */
    reasonAt(run, time) {
        const state = this.play.runStateAt(run, time);
        const isTold = state === "done" ? this.isOutputLostAt(run, time) : state !== "running" && state !== "";
        return isTold ? this.play.word("run.reason", run) : "";
    }

    /** The end of a run, NaN while it runs. */
    endAt(run, time) {
        return this.play.runs.end[run] <= time ? this.play.runs.end[run] : NaN;
    }

    /** A count of a run such as records_in, -1 while it runs. */
    countAt(name, run, time) {
        return this.play.runs.end[run] <= time ? this.play.runs[name][run] : -1;
    }

    /** map:3, with the number of the run where it is not the first one. */
    name(run) {
        const attempt = this.play.runs.attempt[run];
        return attempt ? `${this.play.taskName(run)} run ${attempt}` : this.play.taskName(run);
    }

    /** [kind, start, end] of each phase of a run that took any time; none where the log does not tell. */
    phases(run) {
        const spans = [];
        let start = this.play.runs.start[run];
        for (const [name, kind] of RUN_PHASES) {
            const seconds = this.play.runs[name]?.[run];
            if (seconds > 0) {
                spans.push([kind, start, start + seconds]);
                start += seconds;
            }
        }
        return spans;
    }

    /** [kind, seconds] of the segments of the critical path that belong to a run. */
    onPath(run) {
        const { path } = this.play;
        const segments = [];
        for (let row = 0; row < path.length; row++) {
            if (path.run[row] === run) {
                segments.push([this.play.word("path.kind", row), path.seconds[row]]);
            }
        }
        return segments;
    }
}

/** All runs by stage, task and run, as in the tasks table. */
export function runsByTask(play) {
    const { stage, task, attempt } = play.runs;
    return Int32Array.from({ length: play.runs.length }, (_, run) => run).sort(
        (one, other) => stage[one] - stage[other] || task[one] - task[other] || attempt[one] - attempt[other],
    );
}

/** The columns of the tasks table, for `factTable`; `now()` is the time they are told at. */
export function runColumns(facts, now) {
    const { play } = facts;
    const { runs } = play;
    const numberText = (number) => (number < 0 ? "–" : `${number}`);
    const number = (name, value) => ({ name, isNumber: true, value, text: (run) => numberText(value(run)) });
    const amount = (name, value) => ({ name, isNumber: true, value, text: (run) => amountText(value(run)) });
    const count = (name) => amount(name, (run) => facts.countAt(name, run, now()));
    const seconds = (name, value) => ({ name, isNumber: true, value, text: (run) => secondsText(value(run)) });
    return [
        { name: "stage", text: (run) => play.stages[runs.stage[run]].name },
        number("task", (run) => runs.task[run]),
        {
            name: "partition",
            isNumber: true,
            value: (run) => Number(runs.label[run]), // a text, where a number would be rounded
            text: (run) => `${runs.label[run]}`,
        },
        { name: "host", text: (run) => play.word("run.host", run) },
        number("run", (run) => runs.attempt[run]),
        { name: "status", isState: true, text: (run) => play.runStateAt(run, now()) },
        amount("inputs", (run) => runs.n_pieces[run]),
        ...["records_in", "records_out", "bytes_in", "bytes_out", "oob_puts"].map(count),
        seconds("start_s", (run) => runs.start[run]),
        seconds("end_s", (run) => facts.endAt(run, now())),
        { name: "reason", text: (run) => facts.reasonAt(run, now()) },
    ];
}

/** The hint of a run: a title, and pairs of a name and a text. */
export function runHint(facts, run, time) {
    const { play } = facts;
    const { runs } = play;
    const where = `${play.word("run.host", run)}, slot ${runs.slot[run]}`;
    const state = play.runStateAt(run, time);
    if (state === "") {
        const later = ["later", `starts at ${secondsText(runs.start[run])} s`];
        return { title: facts.name(run), facts: [["where", where], later] };
    }
    const told = [["where", where]];
    if (state === "running") {
        told.push(["state", `running since ${secondsText(runs.start[run])} s`]);
        return { title: facts.name(run), facts: told };
    }
    const [start, end] = [runs.start[run], runs.end[run]];
    told.push(["state", state]);
    told.push(["time", `${secondsText(start)} to ${secondsText(end)} s, took ${secondsText(end - start)} s`]);
    const seconds = new Map();
    for (const [kind, from, to] of facts.phases(run)) {
        seconds.set(kind, (seconds.get(kind) ?? 0) + to - from);
    }
    for (const [kind, sum] of seconds) {
        if (secondsText(sum) !== secondsText(0)) {
            told.push([kind, `${secondsText(sum)} s`]);
        }
    }
    for (const name of ["records", "bytes"]) {
        told.push([name, `${amountText(runs[`${name}_in`][run])} in, ${amountText(runs[`${name}_out`][run])} out`]);
    }
    if (runs.oob_puts[run] > 0) {
        told.push(["oob", `${amountText(runs.oob_puts[run])} put`]);
    }
    const reason = facts.reasonAt(run, time);
    if (reason) {
        told.push(["reason", reason]);
    }
    const onPath = facts.onPath(run);
    if (onPath.length) {
        told.push(["critical", onPath.map(([kind, part]) => `${kind} ${secondsText(part)} s`).join(", ")]);
    }
    return { title: facts.name(run), facts: told };
}

/** When the output of a run that was done got lost, by its number. */
function lossTimes(play) {
    const { runs, losses } = play;
    const byTask = new Map();
    for (let row = 0; row < losses.length; row++) {
        const key = `${losses.stage[row]}:${losses.task[row]}`;
        byTask.set(key, [...(byTask.get(key) ?? []), losses.time[row]]);
    }
    const found = new Map();
    if (byTask.size) {
        for (let run = 0; run < runs.length; run++) {
            // Nothing else gives a run that is done a reason.
            if (runs.status[run] === 1 && play.word("run.reason", run)) {
                const times = byTask.get(`${runs.stage[run]}:${runs.task[run]}`) ?? [];
                found.set(run, times.find((time) => time >= runs.end[run]) ?? Infinity);
            }
        }
    }
    return found;
}
