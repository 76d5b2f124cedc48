/** What there is to say of out-of-band results: per task, and of the run with the most. Knows nothing of pages. */
import { amountText, secondsText } from "./dom.js";

/** From so large a share of the limit on, a run is told to be close to it. */
const OOB_CLOSE = 0.8;

/** How many times a run has called put(), of how many it may: "12 of 1000". */
export function putsText(nPuts, limit) {
    const told = `${nPuts} of ${limit}`;
    if (nPuts >= limit) {
        return `${told}, at the limit`;
    }
    return nPuts > OOB_CLOSE * limit ? `${told}, close to the limit` : told;
}

/** Results counted by task as time goes by: `committed`, `dropped` and `bytes` (committed ones) of each of `tasks`. */
export class ResultTally {
    constructor(play) {
        this.play = play;
        this.count = 0;
        const { oob, runs } = play;
        const taskOfKey = new Map();
        const keys = Array.from(oob.run, (run) => runs.stage[run] * 2 ** 32 + runs.task[run]);
        for (const key of [...new Set(keys)].sort((one, other) => one - other)) {
            taskOfKey.set(key, taskOfKey.size);
        }
        this.taskOf = Int32Array.from(keys, (key) => taskOfKey.get(key));
        this.names = [];
        this.taskOf.forEach((task, row) => (this.names[task] ??= play.taskName(oob.run[row])));
        this.committed = new Int32Array(this.names.length);
        this.dropped = new Int32Array(this.names.length);
        this.bytes = new Float64Array(this.names.length);
        this.total = { committed: 0, dropped: 0, bytes: 0 };
        this.droppedCode = play.columns.words("oob.state").indexOf("dropped");
        this.fullest = new Int32Array(oob.length + 1).fill(-1);
        oob.run.forEach((run, row) => {
            const before = this.fullest[row];
            this.fullest[row + 1] = before < 0 || runs.oob_puts[run] > runs.oob_puts[before] ? run : before;
        });
    }

    /** Count the first `count` results. */
    moveTo(count) {
        while (this.count < count) {
            this.add(this.count++, 1);
        }
        while (this.count > count) {
            this.add(--this.count, -1);
        }
    }

    /** Whether a result was dropped with its run. */
    isDropped(row) {
        return this.play.oob.state[row] === this.droppedCode;
    }

    add(row, sign) {
        const task = this.taskOf[row];
        if (this.isDropped(row)) {
            this.dropped[task] += sign;
            this.total.dropped += sign;
        } else {
            const size = sign * this.play.oob.size[row];
            this.committed[task] += sign;
            this.bytes[task] += size;
            this.total.committed += sign;
            this.total.bytes += size;
        }
    }

    /** The tasks that have results, in order of stage and number. */
    get tasks() {
        const found = [];
        for (let task = 0; task < this.names.length; task++) {
            if (this.committed[task] + this.dropped[task] > 0) {
                found.push(task);
            }
        }
        return found;
    }

    /** All results in a sentence, and the run with the most. */
    get sentence() {
        if (this.count === 0) {
            return "No result has been committed or dropped yet.";
        }
        const { committed, dropped, bytes } = this.total;
        const run = this.fullest[this.count];
        const puts = putsText(this.play.runs.oob_puts[run], this.play.facts.oob_limit);
        return (
            `${amountText(committed)} committed (${amountText(bytes)} bytes), ${amountText(dropped)} dropped. ` +
            `The fullest run: ${this.play.taskName(run)} has put ${puts}.`
        );
    }
}

/** What a result is found by: its key, its value and its task. */
export function resultText(play, row) {
    return [play.oob.key[row], play.oob.value[row], play.taskName(play.oob.run[row])].join("\n");
}

/** The columns of the results, for `factTable`. */
export function resultColumns(play) {
    const { oob, runs } = play;
    const ofRun = (value) => (row) => value(oob.run[row]);
    return [
        { name: "key", isMono: true, letters: 22, text: (row) => oob.key[row] },
        { name: "value", isMono: true, letters: 20, text: (row) => oob.value[row] },
        { name: "size", isNumber: true, text: (row) => amountText(oob.size[row]), value: (row) => oob.size[row] },
        {
            name: "task",
            text: ofRun((run) => play.taskName(run)),
            value: ofRun((run) => runs.stage[run] * 2 ** 32 + runs.task[run]),
        },
        {
            name: "run",
            isNumber: true,
            text: ofRun((run) => String(runs.attempt[run])),
            value: ofRun((run) => runs.attempt[run]),
        },
        { name: "host", text: ofRun((run) => play.word("run.host", run)) },
        { name: "put_s", isNumber: true, text: (row) => secondsText(oob.put[row]), value: (row) => oob.put[row] },
        { name: "state", isState: true, text: (row) => play.word("oob.state", row) },
        {
            name: "puts",
            text: ofRun((run) => putsText(runs.oob_puts[run], play.facts.oob_limit)),
            value: ofRun((run) => runs.oob_puts[run]),
        },
    ];
}

/** The columns of the tasks that have results, for `factTable`. */
export function resultTaskColumns(tally) {
    const amount = (name) => ({
        name,
        isNumber: true,
        text: (task) => amountText(tally[name][task]),
        value: (task) => tally[name][task],
    });
    return [
        { name: "task", text: (task) => tally.names[task], value: (task) => task },
        ...["committed", "dropped", "bytes"].map(amount),
    ];
}
