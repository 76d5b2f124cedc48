/** A job of a few runs among faults, as a Playback: what the tests of the drawn panes are told of. */
import { Playback } from "../../disco_sim/views/static/playback.js";
import { fakeColumns } from "./fake.js";

const RUN_DEFAULTS = {
    stage: 0, task: 0, attempt: 0, label: 0, slot: 0, n_pieces: 1, host: "node01", status: 1, kind: "", reason: "",
    start: 0, end: 1, records_in: 5, records_out: 1234, bytes_in: 70, bytes_out: 80, oob_puts: 0,
    startup: 0.5, read_wait: 0, read: 0.1, transfer: 0, cpu: 0.3, write_wait: 0.05, write: 0.05,
};

/** Columns under a prefix, of rows. */
function columnsOf(prefix, rows, names) {
    return Object.fromEntries(names.map((name) => [`${prefix}.${name}`, rows.map((row) => row[name])]));
}

/**
 * Two nodes with two slots each. map:0 is done and its output is lost at 2.5; map:1 fails and is done in its second
 * run; reduce:0 ends the job. node02 is dead from 1.5 to 2.0, slow from 0.5 on, and blacklisted from 2.2 on.
 */
export function story({ duration = 4, runs = null } = {}) {
    const rows = (
        runs ?? [
            { task: 0, start: 0, end: 1 },
            { task: 1, host: "node02", start: 0, end: 1.5, status: 2, kind: "data", reason: "bad line" },
            { task: 1, attempt: 1, slot: 1, start: 1.5, end: 2.5, oob_puts: 2 },
            { task: 0, attempt: 1, start: 2.5, end: 3 },
            { stage: 1, task: 0, start: 3, end: 4 },
        ]
    ).map((row) => ({ ...RUN_DEFAULTS, ...row }));
    if (runs === null) {
        rows[0].reason = "output lost: a fault";
    }
    const spells = [
        { host: "node02", kind: "slow", from: 0.5, to: NaN, slowness: "4" },
        { host: "node02", kind: "dead", from: 1.5, to: 2, slowness: "1" },
        { host: "node02", kind: "blacklisted", from: 2.2, to: NaN, slowness: "1" },
    ];
    const others = [{ host: "node02", slot: 1, start: 0.2, end: 0.9 }];
    const path = [
        { run: 0, kind: "startup", seconds: 0.5 },
        { run: 4, kind: "waiting", seconds: 2 },
        { run: 4, kind: "cpu", seconds: 1.5 },
    ];
    const stage = { grouping: "split", n_tasks: 2, started_s: 0, ended_s: 3, labels: [0], task_labels: null };
    const facts = {
        job: "count@1",
        status: "ready",
        duration_s: duration,
        nodes: [{ host: "node01", slots: 2, speed: 1 }, { host: "node02", slots: 2, speed: 2 }],
        stages: [{ ...stage, name: "map" }, { ...stage, name: "reduce", n_tasks: 1, started_s: 3, ended_s: 4 }],
    };
    return new Playback(
        fakeColumns(facts, {
            ...columnsOf("run", rows, Object.keys(RUN_DEFAULTS)),
            ...columnsOf("lost", [{ stage: 0, task: 0, time: 2.5 }], ["stage", "task", "time"]),
            ...columnsOf("spell", spells, ["host", "kind", "from", "to", "slowness"]),
            ...columnsOf("other", others, ["host", "slot", "start", "end"]),
            ...columnsOf("path", path, ["run", "kind", "seconds"]),
        }),
    );
}
