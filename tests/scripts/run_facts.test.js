import assert from "node:assert/strict";
import { test } from "node:test";

import { RunFacts, runColumns, runHint, runsByTask } from "../../disco_sim/views/static/run_facts.js";
import { story } from "./cluster_story.js";

const play = story();
const facts = new RunFacts(play);

function rowAt(run, time) {
    return Object.fromEntries(runColumns(facts, () => time).map((column) => [column.name, column.text(run)]));
}

test("runs stand by stage, task and run, as in the frame", () => {
    assert.deepEqual(Array.from(runsByTask(play)), [0, 3, 1, 2, 4]);
});

test("the columns are those of the frame, in its order", () => {
    const names = runColumns(facts, () => 0).map((column) => column.name);
    const counts = "inputs records_in records_out bytes_in bytes_out oob_puts";
    assert.equal(names.join(" "), `stage task partition host run status ${counts} start_s end_s reason`);
});

test("counts, end and reason of a run are unknown while it runs", () => {
    const row = rowAt(1, 1.2);
    assert.equal(row.status, "running");
    for (const name of ["records_in", "records_out", "bytes_in", "bytes_out", "oob_puts", "end_s"]) {
        assert.equal(row[name], "–", name);
    }
    assert.equal(row.reason, "");
    assert.equal(row.inputs, "1");
});

test("from its end on a run has its counts and says why it failed", () => {
    const row = rowAt(1, 1.5);
    assert.deepEqual([row.status, row.end_s, row.reason, row.records_out], ["failed", "1.500", "bad line", "1,234"]);
});

test("that the output of a run was lost is told when it is, not when the run ends", () => {
    assert.equal(rowAt(0, 2.4).reason, "");
    assert.equal(rowAt(0, 2.5).reason, "output lost: a fault");
    assert.deepEqual([2.4, 2.5].map((time) => facts.isOutputLostAt(0, time)), [false, true]);
    assert.equal(facts.isOutputLostAt(3, 4), false);
});

test("phases follow each other, and those that took no time are left out", () => {
    const phases = facts.phases(2);
    assert.deepEqual(phases.map(([kind]) => kind), ["startup", "read", "cpu", "wait", "write"]);
    assert.equal(phases[0][1], 1.5);
    phases.slice(1).forEach(([, start], number) => assert.equal(start, phases[number][2]));
    const unknown = story({ runs: [{ startup: NaN, read: NaN, cpu: NaN, write_wait: NaN, write: NaN }] });
    assert.deepEqual(new RunFacts(unknown).phases(0), []);
});

test("a hint of a run that has ended tells all of it", () => {
    const { title, facts: told } = runHint(facts, 2, 4);
    assert.equal(title, "map:1 run 1");
    assert.deepEqual(told.slice(0, 4), [
        ["where", "node01, slot 1"],
        ["state", "done"],
        ["time", "1.500 to 2.500 s, took 1.000 s"],
        ["startup", "0.500 s"],
    ]);
    const byName = Object.fromEntries(told);
    assert.equal(byName.records, "5 in, 1,234 out");
    assert.equal(byName.oob, "2 put");
    assert.ok(!("reason" in byName) && !("critical" in byName));
});

test("a hint of a run that goes on tells nothing that nobody knows yet", () => {
    assert.deepEqual(runHint(facts, 1, 1).facts, [["where", "node02, slot 0"], ["state", "running since 0.000 s"]]);
    assert.deepEqual(runHint(facts, 4, 1).facts, [["where", "node01, slot 0"], ["later", "starts at 3.000 s"]]);
});

test("a hint tells what the critical path has of a run, and why a run failed", () => {
    const byName = (run) => Object.fromEntries(runHint(facts, run, 4).facts);
    assert.equal(byName(4).critical, "waiting 2.000 s, cpu 1.500 s");
    assert.equal(byName(1).reason, "bad line");
});
