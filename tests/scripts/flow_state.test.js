import assert from "node:assert/strict";
import { test } from "node:test";

import { packedKeys, packedRecords, shownOf } from "../../disco_sim/views/static/flow_contents.js";
import { flowHint, partitionColumns } from "../../disco_sim/views/static/flow_facts.js";
import { FlowReaders, TaskStates, readerName, readerState } from "../../disco_sim/views/static/flow_readers.js";
import { FlowState } from "../../disco_sim/views/static/flow_state.js";
import { flowStory } from "./flow_story.js";

const play = flowStory();

function flowAt(time, stage = 0) {
    const flow = new FlowState(play, stage);
    flow.moveTo(time);
    return flow;
}

/** The sums of records by partition at a time. */
const recordsAt = (time) => Array.from(flowAt(time).sums[0]);

test("an output counts from its run's end until it is lost, and again when it is made anew", () => {
    assert.deepEqual(recordsAt(0.5), [0, 0, 0]);
    assert.deepEqual(recordsAt(1), [6, 2, 0]);
    assert.deepEqual(recordsAt(1.5), [14, 2, 0]);
    assert.deepEqual(recordsAt(2), [8, 0, 0]);
    assert.deepEqual(recordsAt(2.5), [8, 4, 0]);
    assert.deepEqual(recordsAt(3), [14, 6, 0]);
    assert.deepEqual(Array.from(flowAt(3).sums[1]), [140, 60, 0]);
});

test("a task that is done once more counts once", () => {
    const again = flowStory();
    again.outputs.lost = again.outputs.lost.map(() => NaN);
    const flow = new FlowState(again, 0);
    for (const time of [1.5, 2.9]) {
        flow.moveTo(time);
        assert.equal(flow.sums[0][0], 14, `at ${time}`);
    }
    flow.moveTo(3);
    assert.equal(flow.sums[0][0], 14);
});

test("any way through time leads to the same state", () => {
    const flow = new FlowState(play, 0);
    for (const time of [4, 1, 2.2, 0, 1.5, 3, 2, 2.5, 4, 0.9]) {
        flow.moveTo(time);
        const other = flowAt(time);
        assert.deepEqual(flow.sums, other.sums, `at ${time}`);
        assert.deepEqual(flow.squares, other.squares, `at ${time}`);
        assert.deepEqual(flow.counts, other.counts, `at ${time}`);
        assert.deepEqual(flow.parts, other.parts, `at ${time}`);
    }
});

test("the version changes when anything stored has, and only then", () => {
    const flow = flowAt(1);
    const before = flow.version;
    flow.moveTo(1.4);
    assert.equal(flow.version, before);
    flow.moveTo(1.5);
    assert.notEqual(flow.version, before);
});

test("binned squares add up, and looks are measured by what they ever hold", () => {
    const flow = flowAt(4);
    assert.deepEqual([flow.nRows, flow.nColumns], [3, 3]);
    assert.deepEqual(Array.from(flow.squares[0]), [6, 2, 0, 8, 0, 0, 0, 4, 0]);
    assert.equal(flow.largestSquare[0], 8);
    flow.setBins(2, 2);
    assert.deepEqual([flow.nRows, flow.nColumns], [2, 2]);
    assert.deepEqual(Array.from(flow.squares[0]), [16, 0, 4, 0]);
    assert.deepEqual([flow.largestSquare[0], flow.largestColumn[0]], [16, 20]);
    flow.moveTo(2);
    assert.deepEqual(Array.from(flow.squares[0]), [8, 0, 0, 0]);
    assert.equal(flow.largestSquare[0], 16);
});

test("partitions that were asked for have a row from the stage's start on, others when they have data", () => {
    assert.deepEqual(flowAt(0).parts, [0, 1, 2]);
    assert.deepEqual(flowAt(2.9, 1).parts, []);
    assert.deepEqual(flowAt(3, 1).parts, []);
    assert.deepEqual(flowAt(4, 1).parts, [0]);
});

test("pieces are found by ranges of tasks and partitions", () => {
    const tasksOf = (time, ...ranges) => {
        const flow = flowAt(time);
        return flow.placesIn(...ranges).map((place) => [flow.task[place], flow.rows[place]]);
    };
    assert.deepEqual(tasksOf(1.5, 0, 3, 0, 1), [[0, 0], [1, 4]]);
    assert.deepEqual(tasksOf(4, 0, 3, 0, 1), [[0, 1], [1, 4]]);
    assert.deepEqual(tasksOf(4, 2, 3, 0, 3), [[2, 5]]);
    assert.deepEqual(tasksOf(4, 2, 3, 0, 1), []);
});

test("what came a moment ago is on its way, unless it is gone", () => {
    const rowsOf = (time, seconds, most = 10) => {
        const flow = flowAt(time);
        return flow.recent(seconds, most).map((place) => flow.rows[place]);
    };
    assert.deepEqual(rowsOf(1.5, 0.4), [4]);
    assert.deepEqual(rowsOf(1.5, 0.6), [0, 2, 4]);
    assert.deepEqual(rowsOf(2, 1.1), [4]);
    assert.equal(rowsOf(1.5, 0.6, 2).length, 2);
});

test("a task waits, runs and is done, and no more when its output is lost", () => {
    const states = new TaskStates(play, 0);
    const told = (task, time) => {
        const { state, run } = states.at(task, time);
        return [state, run];
    };
    assert.deepEqual(told(0, 0.5), ["running", 0]);
    assert.deepEqual(told(0, 1), ["done", 0]);
    assert.deepEqual(told(0, 2), ["running", 4]);
    assert.deepEqual(told(0, 3), ["done", 4]);
    assert.deepEqual(told(2, 1.2), ["waiting", 2]);
    assert.deepEqual(told(2, 1.6), ["running", 3]);
    assert.deepEqual(new TaskStates(play, 1).at(2, 4), { run: -1, state: "waiting" });
});

test("a partition is where its reading task is; after the last stage, where it was written", () => {
    const flow = flowAt(3.5);
    const readers = new FlowReaders(play, flow);
    assert.deepEqual([0, 1, 2].map((column) => readers.hostAt(column, 2.9)), ["", "", ""]);
    assert.deepEqual([0, 1, 2].map((column) => readers.hostAt(column, 3.5)), ["node01", "node02", ""]);
    assert.deepEqual([0, 1, 2].map((column) => readerState(readers.at(column, 4))), ["done", "running", "waiting"]);
    assert.equal(readerName(play, 1, readers.at(1, 4).tasks), "reduce:1");
    assert.equal(readerName(play, 1, [0, 1]), "2 reduce tasks");
    const last = flowAt(4, 1);
    const none = new FlowReaders(play, last);
    assert.deepEqual([none.hostAt(0, 4), readerState(none.at(0, 4))], ["node01", ""]);
    last.moveTo(3);
    assert.equal(none.hostAt(0, 3), "");
});

test("the table of partitions has their facts, and their keys only at the end", () => {
    const rowAt = (time, column) => {
        const flow = flowAt(time);
        const columns = partitionColumns(play, () => ({ flow, readers: new FlowReaders(play, flow), time }));
        return Object.fromEntries(columns.map((one) => [one.name, one.text(column)]));
    };
    assert.deepEqual(rowAt(4, 0), {
        partition: "0", host: "node01", records: "14", bytes: "140", share: "70 %", read_by: "reduce:0, done",
        keys: "5", top_key: "'x'",
    });
    const before = rowAt(3.9, 0);
    assert.deepEqual([before.keys, before.top_key, before.read_by], ["–", "", "reduce:0, running"]);
    assert.deepEqual([rowAt(4, 2).records, rowAt(4, 2).share, rowAt(4, 2).keys], ["0", "0 %", "–"]);
});

test("a hint of a square tells of one piece or of several, and why there is none", () => {
    const hint = (time, tasks, columns) => {
        const flow = flowAt(time);
        const now = { flow, readers: new FlowReaders(play, flow), writers: new TaskStates(play, 0), time, unit: 0 };
        return flowHint(play, now, { tasks, columns }, false);
    };
    assert.deepEqual(hint(1.5, [1, 2], [0, 1]), {
        title: "map:1 → partition 0",
        facts: [["records", "8"], ["bytes", "80"], ["from", "node02"], ["stored", "at 1.500 s"]],
    });
    assert.deepEqual(hint(1.5, [0, 2], [0, 2]), {
        title: "map:0–1 → partitions 0–1",
        facts: [["records", "16"], ["bytes", "160"], ["pieces", "3"]],
    });
    assert.deepEqual(hint(1, [1, 2], [0, 1]).facts, [["task", "running"], ["stored", "nothing yet"]]);
    assert.deepEqual(hint(2, [1, 2], [1, 2]).facts, [["task", "done"], ["stored", "nothing for it"]]);
});

test("a hint of a bin tells its share and who reads it", () => {
    const flow = flowAt(4);
    const now = { flow, readers: new FlowReaders(play, flow), writers: new TaskStates(play, 0), time: 4, unit: 0 };
    const { title, facts } = flowHint(play, now, { tasks: [0, 3], columns: [1, 2] }, true);
    assert.equal(title, "partition 1");
    assert.deepEqual(facts, [
        ["records", "6"], ["bytes", "60"], ["share", "30 %"], ["pieces", "2"],
        ["read by", "reduce:1, running"], ["node", "node02"],
    ]);
});

test("records and keys are known as far as they came along", () => {
    assert.deepEqual(packedRecords(play, 0), [["'x'", "1"], ["'y'", "2"]]);
    assert.equal(packedRecords(play, 5), null);
    assert.deepEqual(packedKeys(play, 0, 0), [5, [["'x'", 9], ["'y'", 3]]]);
    assert.equal(packedKeys(play, 0, 1), null);
    assert.equal(shownOf("First", 2, 312, "record"), "First 2 of 312 records");
    assert.equal(shownOf("First", 1, 1, "record"), "1 record");
});

test("an output without records has none, and needs not be asked for", () => {
    const empty = flowStory();
    empty.outputs.records[5] = 0;
    empty.outputs.bytes[5] = 0;
    assert.deepEqual(packedRecords(empty, 5), []);
});
