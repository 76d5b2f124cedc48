/** A job at any virtual time, told from the columns of `playback.py`. Knows nothing of pages. */
import { Columns } from "./columns.js";
import { RUN_RUNNING, RUN_STATES, nodeHistories, slotRuns, stageHistory } from "./histories.js";

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

/** How many of `rows`, which are in the order of their `times`, have come by a limit. */
export function countOfRows(rows, times, limit) {
    let low = 0;
    let high = rows.length;
    while (low < high) {
        const middle = (low + high) >>> 1;
        if (times[rows[middle]] <= limit) {
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
        const run = rows?.[countOfRows(rows, this.runs.start, time) - 1] ?? -1;
        if (run >= 0 && !(this.runs.end[run] <= time)) {
            return run;
        }
        const others = this.slotRuns.others[this.slotRuns.first[node] + slot];
        const other = others?.[countOfRows(others, this.others.start, time) - 1] ?? -1;
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
