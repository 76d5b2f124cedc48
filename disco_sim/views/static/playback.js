/** A job at any virtual time, told from the columns of `playback.py`. Knows nothing of pages. */
import { Columns } from "./columns.js";

export const RUN_STATES = ["running", "done", "failed", "lost"];
const RUN_RUNNING = 0;
const RUN_DONE = 1;
const RUN_FAILED = 2;
const RUN_LOST = 3;

/** How many values of a sorted array are at most `limit`. */
export function countUpTo(sorted, limit) {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
        const middle = (low + high) >>> 1;
        if (sorted[middle] <= limit) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/**
 * A job that can be asked what was so at a time. Rows of runs, outputs, results and lines are numbers; `runs`, `outputs`,
 * `oob` and `lines` have a column for each of their facts.
 */
export class Playback {
    /** @param {Columns} columns */
    constructor(columns) {
        this.columns = columns;
        this.facts = columns.facts;
        this.duration = columns.facts.duration_s;
        this.stages = columns.facts.stages;
        this.runs = playbackGroup(columns, "run");
        this.outputs = playbackGroup(columns, "output");
        this.spells = playbackGroup(columns, "spell");
        this.others = playbackGroup(columns, "other");
        this.path = playbackGroup(columns, "path");
        this.losses = playbackGroup(columns, "lost");
        this.nodes = playbackNodes(columns);
        this.nodeNumbers = new Map(this.nodes.map((node, number) => [node.host, number]));
        this.runNode = this.numbersOfHosts("run.host");
        this.spellNode = this.numbersOfHosts("spell.host");
        this.otherNode = this.numbersOfHosts("other.host");
        this.isCritical = new Uint8Array(this.runs.length);
        for (const run of this.path.run) {
            this.isCritical[run] = 1;
        }
        this.histories = this.stages.map((_, stage) => stageHistory(this, stage));
        this.nodeHistories = nodeHistories(this);
        this.slotRuns = slotRuns(this);
    }

    /** The out-of-band results; texts are unpacked when this is first asked for. */
    get oob() {
        return (this.madeOOB ??= playbackGroup(this.columns, "oob"));
    }

    /** The lines of the log; texts are unpacked when this is first asked for. */
    get lines() {
        return (this.madeLines ??= playbackGroup(this.columns, "line"));
    }

    /** The numbers of the nodes in a column of host names. */
    numbersOfHosts(name) {
        const numbers = this.columns.words(name).map((host) => this.nodeNumbers.get(host));
        return Int32Array.from(this.columns.column(name), (code) => numbers[code]);
    }

    /** The word in a column of words, such as the host of a run. */
    word(name, row) {
        return this.columns.words(name)[this.columns.column(name)[row]];
    }

    /** The name of a task, such as map:0. */
    taskName(run) {
        return `${this.stages[this.runs.stage[run]].name}:${this.runs.task[run]}`;
    }

    /** active, ready or dead. */
    statusAt(time) {
        return time >= this.duration ? this.facts.status : "active";
    }

    /** Disco's four numbers of a stage: waiting, running and done tasks, and failed runs. */
    countersAt(stage, time) {
        const history = this.histories[stage];
        const row = countUpTo(history.times, time) - 1;
        if (row < 0) {
            return { waiting: 0, running: 0, done: 0, failed: 0 };
        }
        const running = history.running[row];
        const done = history.done[row];
        return { waiting: history.nTasks - running - done, running, done, failed: history.failed[row] };
    }

    /** What the runs of this job on a node came to: busy, done, data_errors, failed. */
    nodeAt(node, time) {
        const history = this.nodeHistories[node];
        const row = countUpTo(history.times, time) - 1;
        if (row < 0) {
            return { busy: 0, done: 0, dataErrors: 0, failed: 0 };
        }
        return {
            busy: history.busy[row],
            done: history.done[row],
            dataErrors: history.dataErrors[row],
            failed: history.failed[row],
        };
    }

    /** dead, blacklisted, slow or alive: the first that is true. */
    nodeStatusAt(node, time) {
        const found = new Set();
        for (let row = 0; row < this.spells.length; row++) {
            const isNow = this.spells.from[row] <= time && !(this.spells.to[row] <= time);
            if (this.spellNode[row] === node && isNow) {
                found.add(this.word("spell.kind", row));
            }
        }
        return ["dead", "blacklisted", "slow"].find((kind) => found.has(kind)) ?? "alive";
    }

    /** The run that holds a slot at a time; -1 for none, -2 for one of another job. */
    runInSlot(node, slot, time) {
        const rows = this.slotRuns.own[this.slotRuns.first[node] + slot];
        const run = rows ? lastStarted(rows, this.runs.start, time) : -1;
        if (run >= 0 && !(this.runs.end[run] <= time)) {
            return run;
        }
        const others = this.slotRuns.others[this.slotRuns.first[node] + slot];
        const other = others ? lastStarted(others, this.others.start, time) : -1;
        return other >= 0 && !(this.others.end[other] <= time) ? -2 : -1;
    }

    /** running, done, failed or lost; "" before the run started. */
    runStateAt(run, time) {
        if (this.runs.start[run] > time) {
            return "";
        }
        return this.runs.end[run] <= time ? RUN_STATES[this.runs.status[run]] : RUN_STATES[RUN_RUNNING];
    }

    /** How many runs have started; runs are in that order. */
    nRunsAt(time) {
        return countUpTo(this.runs.start, time);
    }

    /** Whether an output is there: stored, and not lost again. */
    isStoredAt(output, time) {
        return this.runs.end[this.outputs.run[output]] <= time && !(this.outputs.lost[output] <= time);
    }

    /** How many results have been committed or dropped; they are in that order. */
    nResultsAt(time) {
        return countUpTo(this.oob.put, time);
    }

    /** How many lines have been said; they are in that order. */
    nLinesAt(time) {
        return countUpTo(this.lines.time, time);
    }

    /** The times at which anything changes, each once, in order, from 0 on. */
    get moments() {
        if (this.madeMoments === undefined) {
            const times = [0, this.duration, ...this.runs.start, ...this.runs.end, ...this.losses.time];
            times.push(...this.spells.from, ...this.spells.to);
            const known = Float64Array.from(times.filter((time) => time >= 0 && time <= this.duration)).sort();
            this.madeMoments = known.filter((time, number) => number === 0 || time > known[number - 1]);
        }
        return this.madeMoments;
    }

    /** How many of the moments have come; between two of them nothing changes but time. */
    momentAt(time) {
        return countUpTo(this.moments, time);
    }

    /** The next time at which anything changes; the end when there is none. */
    nextMoment(time) {
        const number = countUpTo(this.moments, time);
        return number < this.moments.length ? this.moments[number] : this.duration;
    }

    /** The last time before this one at which anything changed; 0 when there is none. */
    previousMoment(time) {
        let number = countUpTo(this.moments, time) - 1;
        while (number >= 0 && this.moments[number] >= time) {
            number--;
        }
        return number >= 0 ? this.moments[number] : 0;
    }
}

/** All columns whose names begin with `prefix`, without it, and their length. */
function playbackGroup(columns, prefix) {
    const group = { length: 0 };
    for (const name of Object.keys(columns.columns)) {
        if (name.startsWith(`${prefix}.`)) {
            group[name.slice(prefix.length + 1)] = columns.column(name);
            group.length = columns.column(name).length;
        }
    }
    return group;
}

/** The nodes of the cluster, and those that only events name. */
function playbackNodes(columns) {
    const nodes = columns.facts.nodes.map((node) => ({ ...node }));
    const known = new Set(nodes.map((node) => node.host));
    for (const name of ["run.host", "spell.host", "other.host"]) {
        for (const host of columns.words(name)) {
            if (!known.has(host)) {
                known.add(host);
                nodes.push({ host, slots: 1, speed: 1 });
            }
        }
    }
    for (const prefix of ["run", "other"]) {
        const byHost = new Map(nodes.map((node) => [node.host, node]));
        const hosts = columns.words(`${prefix}.host`);
        const codes = columns.column(`${prefix}.host`);
        columns.column(`${prefix}.slot`).forEach((slot, row) => {
            const node = byHost.get(hosts[codes[row]]);
            node.slots = Math.max(node.slots, slot + 1);
        });
    }
    return nodes;
}

/** The last of `rows`, which are in order of their starts, that has started by a time; -1 for none. */
function lastStarted(rows, starts, time) {
    let low = 0;
    let high = rows.length;
    while (low < high) {
        const middle = (low + high) >>> 1;
        if (starts[rows[middle]] <= time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? rows[low - 1] : -1;
}

/**
 * The counters of a stage after each change. A task that is done and runs once more is done; one whose output is lost is
 * not; one that has two runs is one running task.
 */
function stageHistory(play, stage) {
    const { runs, losses } = play;
    const facts = play.stages[stage];
    const changes = [];
    if (facts.started_s !== null) {
        changes.push([facts.started_s, 0, -1]);
    }
    for (let run = 0; run < runs.length; run++) {
        if (runs.stage[run] === stage) {
            changes.push([runs.start[run], 3, run]);
            if (runs.status[run] !== RUN_RUNNING) {
                changes.push([runs.end[run], 1, run]);
            }
        }
    }
    for (let row = 0; row < losses.length; row++) {
        if (losses.stage[row] === stage) {
            changes.push([losses.time[row], 2, row]);
        }
    }
    // In one instant runs end before outputs are lost, and before other runs start; but no run ends before it starts.
    changes.sort((one, other) => one[0] - other[0] || one[1] - other[1] || one[2] - other[2]);
    const history = {
        nTasks: facts.n_tasks ?? 0,
        times: new Float64Array(changes.length),
        running: new Int32Array(changes.length),
        done: new Int32Array(changes.length),
        failed: new Int32Array(changes.length),
    };
    const nRunning = new Map();
    const doneTasks = new Set();
    let running = 0;
    let failed = 0;
    const change = (task, by) => {
        const before = nRunning.get(task) ?? 0;
        nRunning.set(task, before + by);
        if (!doneTasks.has(task)) {
            running += (before + by > 0) - (before > 0);
        }
    };
    const setDone = (task, isDone) => {
        if (doneTasks.has(task) !== isDone) {
            const isRunning = (nRunning.get(task) ?? 0) > 0;
            running += isRunning ? (isDone ? -1 : 1) : 0;
            if (isDone) {
                doneTasks.add(task);
            } else {
                doneTasks.delete(task);
            }
        }
    };
    changes.forEach(([time, kind, row], number) => {
        if (kind === 3) {
            change(runs.task[row], 1);
        } else if (kind === 1) {
            change(runs.task[row], -1);
            failed += runs.status[row] === RUN_FAILED;
            if (runs.status[row] === RUN_DONE) {
                setDone(runs.task[row], true);
            }
        } else if (kind === 2) {
            setDone(losses.task[row], false);
        }
        history.times[number] = time;
        history.running[number] = running;
        history.done[number] = doneTasks.size;
        history.failed[number] = failed;
    });
    return history;
}

/** What runs came to on each node, after each change. */
function nodeHistories(play) {
    const { runs } = play;
    const changes = play.nodes.map(() => []);
    for (let run = 0; run < runs.length; run++) {
        changes[play.runNode[run]].push([runs.start[run], run, 1]);
        if (runs.status[run] !== RUN_RUNNING) {
            changes[play.runNode[run]].push([runs.end[run], run, -1]);
        }
    }
    const kinds = play.columns.words("run.kind");
    return changes.map((found) => {
        found.sort((one, other) => one[0] - other[0]);
        const history = { times: new Float64Array(found.length) };
        for (const name of ["busy", "done", "dataErrors", "failed"]) {
            history[name] = new Int32Array(found.length);
        }
        const now = { busy: 0, done: 0, dataErrors: 0, failed: 0 };
        found.forEach(([time, run, by], row) => {
            now.busy += by;
            if (by < 0 && runs.status[run] !== RUN_LOST) {
                const isData = kinds[runs.kind[run]] === "data";
                now[runs.status[run] === RUN_DONE ? "done" : isData ? "dataErrors" : "failed"] += 1;
            }
            history.times[row] = time;
            for (const name of Object.keys(now)) {
                history[name][row] = now[name];
            }
        });
        return history;
    });
}

/** The runs of each slot in the order they started, of this job and of others; slots are numbered node by node. */
function slotRuns(play) {
    const first = [];
    let nSlots = 0;
    for (const node of play.nodes) {
        first.push(nSlots);
        nSlots += node.slots;
    }
    const own = [];
    const others = [];
    for (let run = 0; run < play.runs.length; run++) {
        (own[first[play.runNode[run]] + play.runs.slot[run]] ??= []).push(run);
    }
    for (let row = 0; row < play.others.length; row++) {
        (others[first[play.otherNode[row]] + play.others.slot[row]] ??= []).push(row);
    }
    return { first, own, others };
}
