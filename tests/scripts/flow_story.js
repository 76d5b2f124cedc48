/** A small job with outputs, results and lines, as a Playback: what the tests of flow, results and log are told of. */
import { Playback } from "../../disco_sim/views/static/playback.js";
import { fakeColumns } from "./fake.js";

function columnsOf(prefix, rows) {
    return Object.fromEntries(Object.keys(rows[0]).map((name) => [`${prefix}.${name}`, rows.map((row) => row[name])]));
}

const RUN = {
    stage: 0, task: 0, attempt: 0, slot: 0, host: "node01", status: 1, kind: "", start: 0, end: 1, oob_puts: 0,
};

/**
 * map:0 is done at 1, its output is lost at 2 and made anew at 3 on node02; map:1 is done at 1.5 on node02, map:2 fails
 * at 1 and is done at 2.5. reduce:0 runs from 3 to 4, reduce:1 from 3.5 on. Partition 2 was asked for and stays empty.
 */
export function flowStory() {
    const runs = [
        { oob_puts: 2 },
        { task: 1, host: "node02", end: 1.5, oob_puts: 9 },
        { task: 2, status: 2, kind: "data", oob_puts: 1 },
        { task: 2, attempt: 1, start: 1.5, end: 2.5, oob_puts: 1 },
        { task: 0, attempt: 1, host: "node02", start: 2, end: 3, oob_puts: 2 },
        { stage: 1, task: 0, start: 3, end: 4 },
        { stage: 1, task: 1, host: "node02", status: 0, start: 3.5, end: NaN },
    ].map((run) => ({ ...RUN, ...run }));
    const output = (stage, run, label, records, lost = NaN) => {
        return { stage, run, label, records, bytes: 10 * records, lost };
    };
    const outputs = [
        output(0, 0, 0, 6, 2), output(0, 4, 0, 6), output(0, 0, 1, 2, 2), output(0, 4, 1, 2),
        output(0, 1, 0, 8), output(0, 3, 1, 4), output(1, 5, 0, 3),
    ];
    const results = [
        { key: "a:2", value: "", size: 5, run: 2, put: 1, state: "dropped" },
        { key: "a:0", value: "Zebra", size: 5, run: 0, put: 1, state: "committed" },
        { key: "b:0", value: "<b>", size: 7, run: 0, put: 1, state: "committed" },
        { key: "a:1", value: "zoo", size: 3, run: 1, put: 1.5, state: "committed" },
    ];
    const lines = [
        { time: 0, host: "master", level: "SYS", stage: "", task: -1, message: "New job" },
        { time: 1, host: "node01", level: "MSG", stage: "map", task: 0, message: "a Zebra" },
        { time: 1, host: "node10", level: "WARN", stage: "map", task: 2, message: "bad zebra" },
        { time: 2.5, host: "node2", level: "MSG", stage: "map", task: 2, message: "fine" },
    ];
    const records = [
        { output: 0, key: "'x'", value: "1" },
        { output: 0, key: "'y'", value: "2" },
        { output: 4, key: "'z'", value: "1" },
    ];
    const keys = [
        { stage: 0, label: 0, n_keys: 5, key: "'x'", records: 9 },
        { stage: 0, label: 0, n_keys: 5, key: "'y'", records: 3 },
    ];
    const stages = [
        { name: "map", n_tasks: 3, started_s: 0, ended_s: 3, labels: [0, 1, 2], asked: [0, 1, 2], reads: null },
        { name: "reduce", n_tasks: 3, started_s: 3, ended_s: null, labels: [0, 1], asked: [], reads: [[0], [1], [2]] },
    ];
    const facts = {
        job: "count@1", status: "active", duration_s: 4, oob_limit: 10, stages,
        nodes: [{ host: "node01", slots: 2, speed: 1 }, { host: "node02", slots: 2, speed: 1 }],
    };
    return new Playback(
        fakeColumns(facts, {
            "path.run": [],
            ...columnsOf("run", runs),
            ...columnsOf("lost", [{ stage: 0, task: 0, time: 2 }]),
            ...columnsOf("output", outputs),
            ...columnsOf("oob", results),
            ...columnsOf("line", lines),
            ...columnsOf("record", records),
            ...columnsOf("key", keys),
        }),
    );
}
