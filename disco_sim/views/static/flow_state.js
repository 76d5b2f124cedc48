/** What one stage has stored at a time: by partition, and by task and partition. Knows nothing of pages. */
import { countOfRows, countUpTo } from "./playback.js";

export const FLOW_UNITS = ["records", "bytes"];

/** From when to when each output counts, by its number: from its run's end until it is lost or made anew. */
export function outputSpans(play) {
    const { outputs, runs } = play;
    const nexts = flowNextDone(play);
    const from = new Float64Array(outputs.length);
    const until = new Float64Array(outputs.length);
    for (let output = 0; output < outputs.length; output++) {
        const run = outputs.run[output];
        const lost = Number.isNaN(outputs.lost[output]) ? Infinity : outputs.lost[output];
        const anew = nexts.has(run) ? runs.end[nexts.get(run)] : Infinity;
        from[output] = runs.end[run];
        until[output] = Math.min(lost, anew);
    }
    return { from, until };
}

/** For runs that did a task which a later run did again: that run. */
function flowNextDone(play) {
    const { runs } = play;
    const done = flowDoneByEnd(play);
    const latest = new Map();
    const nexts = new Map();
    for (const run of done) {
        const key = runs.stage[run] * 2 ** 32 + runs.task[run];
        if (latest.has(key)) {
            nexts.set(latest.get(key), run);
        }
        latest.set(key, run);
    }
    return nexts;
}

function flowDoneByEnd(play) {
    const { runs } = play;
    const done = [];
    for (let run = 0; run < runs.length; run++) {
        if (runs.status[run] === 1) {
            done.push(run);
        }
    }
    return done.sort((one, other) => runs.end[one] - runs.end[other] || one - other);
}

/**
 * The outputs of a stage as they come and go. Columns are partitions by the places of their labels in `labels`, outputs
 * are known by their places in `rows`. `moveTo(time)` costs what has changed since the time before.
 */
export class FlowState {
    constructor(play, stage) {
        const { outputs, runs } = play;
        this.play = play;
        this.stage = stage;
        this.labels = play.stages[stage].labels;
        this.asked = new Set(play.stages[stage].asked);
        const spans = (play.madeSpans ??= outputSpans(play));
        const columnOf = new Map(this.labels.map((label, column) => [label, column]));
        const rows = [];
        for (let output = 0; output < outputs.length; output++) {
            if (outputs.stage[output] === stage) {
                rows.push(output);
            }
        }
        this.rows = Int32Array.from(rows);
        this.column = this.rows.map((output) => columnOf.get(outputs.label[output]));
        this.task = this.rows.map((output) => runs.task[outputs.run[output]]);
        this.nTasks = this.task.reduce((most, task) => Math.max(most, task + 1), play.stages[stage].n_tasks ?? 0);
        this.from = Float64Array.from(this.rows, (output) => spans.from[output]);
        this.until = Float64Array.from(this.rows, (output) => spans.until[output]);
        this.amounts = FLOW_UNITS.map((unit) => Float64Array.from(this.rows, (output) => outputs[unit][output]));
        this.arrivals = flowOrder(this.from);
        this.departures = flowOrder(this.until);
        this.setBins(1, 1);
    }

    /** Put so many tasks in one row and so many partitions in one column; the amounts of each square are added up. */
    setBins(rowStep, columnStep) {
        if (this.rowStep === rowStep && this.columnStep === columnStep) {
            return;
        }
        [this.rowStep, this.columnStep] = [rowStep, columnStep];
        this.nRows = Math.ceil(this.nTasks / rowStep);
        this.nColumns = Math.ceil(this.labels.length / columnStep);
        this.square = this.rows.map((_, place) => {
            const row = Math.floor(this.task[place] / rowStep);
            return row * this.nColumns + Math.floor(this.column[place] / columnStep);
        });
        const { time } = this;
        this.clear();
        this.findLargest();
        this.clear();
        if (time !== undefined) {
            this.moveTo(time);
        }
    }

    clear() {
        this.nArrived = 0;
        this.nGone = 0;
        this.version = (this.version ?? 0) + 1;
        this.counts = new Int32Array(this.labels.length);
        this.sums = FLOW_UNITS.map(() => new Float64Array(this.labels.length));
        this.squares = FLOW_UNITS.map(() => new Float64Array(this.nRows * this.nColumns));
    }

    /** The most that any square and any column of the picture ever hold, by unit: what their looks are measured by. */
    findLargest() {
        this.largestSquare = [0, 0];
        this.largestColumn = [0, 0];
        const columns = FLOW_UNITS.map(() => new Float64Array(this.nColumns));
        let gone = 0;
        for (const place of this.arrivals) {
            for (; gone < this.departures.length && this.until[this.departures[gone]] <= this.from[place]; gone++) {
                this.addTo(columns, this.departures[gone], -1);
            }
            this.addTo(columns, place, 1);
            for (let unit = 0; unit < FLOW_UNITS.length; unit++) {
                this.largestSquare[unit] = Math.max(this.largestSquare[unit], this.squares[unit][this.square[place]]);
                const column = Math.floor(this.column[place] / this.columnStep);
                this.largestColumn[unit] = Math.max(this.largestColumn[unit], columns[unit][column]);
            }
        }
    }

    addTo(columns, place, sign) {
        for (let unit = 0; unit < FLOW_UNITS.length; unit++) {
            columns[unit][Math.floor(this.column[place] / this.columnStep)] += sign * this.amounts[unit][place];
        }
        this.add(place, sign);
    }

    /** Go to a time, forwards or back. */
    moveTo(time) {
        this.time = time;
        const arrived = countOfRows(this.arrivals, this.from, time);
        const gone = countOfRows(this.departures, this.until, time);
        if (arrived !== this.nArrived || gone !== this.nGone) {
            this.version += 1;
        }
        for (; this.nArrived < arrived; this.nArrived++) {
            this.add(this.arrivals[this.nArrived], 1);
        }
        for (; this.nArrived > arrived; this.nArrived--) {
            this.add(this.arrivals[this.nArrived - 1], -1);
        }
        for (; this.nGone < gone; this.nGone++) {
            this.add(this.departures[this.nGone], -1);
        }
        for (; this.nGone > gone; this.nGone--) {
            this.add(this.departures[this.nGone - 1], 1);
        }
    }

    add(place, sign) {
        this.counts[this.column[place]] += sign;
        for (let unit = 0; unit < FLOW_UNITS.length; unit++) {
            const amount = sign * this.amounts[unit][place];
            this.sums[unit][this.column[place]] += amount;
            this.squares[unit][this.square[place]] += amount;
        }
    }

    /** Whether an output counts now. */
    isThere(place) {
        return this.from[place] <= this.time && !(this.until[place] <= this.time);
    }

    /** The columns that a table of partitions has now: those that were asked for, and those that have data. */
    get parts() {
        const started = this.play.stages[this.stage].started_s;
        const found = [];
        if (started !== null && started <= this.time) {
            for (let column = 0; column < this.labels.length; column++) {
                if (this.counts[column] > 0 || this.asked.has(this.labels[column])) {
                    found.push(column);
                }
            }
        }
        return found;
    }

    /** The places of the outputs of some tasks in some partitions that count now; the upper ends are not among them. */
    placesIn(fromTask, toTask, fromColumn, toColumn) {
        const found = [];
        // Outputs are in the order of their tasks.
        const end = countUpTo(this.task, toTask - 1);
        for (let place = countUpTo(this.task, fromTask - 1); place < end; place++) {
            if (this.column[place] >= fromColumn && this.column[place] < toColumn && this.isThere(place)) {
                found.push(place);
            }
        }
        return found;
    }

    /** The places of outputs that came in the `seconds` before now and are still there, at most `most` of them. */
    recent(seconds, most) {
        const first = countOfRows(this.arrivals, this.from, this.time - seconds);
        const step = Math.max(1, Math.ceil((this.nArrived - first) / most));
        const found = [];
        for (let number = first; number < this.nArrived; number += step) {
            const place = this.arrivals[number];
            if (this.isThere(place) && this.amounts[0][place] + this.amounts[1][place] > 0) {
                found.push(place);
            }
        }
        return found;
    }
}

/** The places of times in their order, without those that never come. */
function flowOrder(times) {
    const places = [];
    for (let place = 0; place < times.length; place++) {
        if (Number.isFinite(times[place])) {
            places.push(place);
        }
    }
    return Int32Array.from(places).sort((one, other) => times[one] - times[other] || one - other);
}
