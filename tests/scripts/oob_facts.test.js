import assert from "node:assert/strict";
import { test } from "node:test";

import { Haystacks, matchingRows } from "../../disco_sim/views/static/filters.js";
import {
    ResultTally, putsText, resultColumns, resultTaskColumns, resultText,
} from "../../disco_sim/views/static/oob_facts.js";
import { resultTests } from "../../disco_sim/views/static/oob_pane.js";
import { flowStory } from "./flow_story.js";

const play = flowStory();

test("a run is told to be close to the limit above 80 percent of it", () => {
    assert.equal(putsText(12, 1000), "12 of 1000");
    assert.equal(putsText(800, 1000), "800 of 1000");
    assert.equal(putsText(801, 1000), "801 of 1000, close to the limit");
    assert.equal(putsText(1000, 1000), "1000 of 1000, at the limit");
});

test("results are counted by task, forwards and back", () => {
    const tally = new ResultTally(play);
    assert.deepEqual(tally.tasks, []);
    tally.moveTo(4);
    assert.deepEqual(tally.names, ["map:0", "map:1", "map:2"]);
    assert.deepEqual(Array.from(tally.committed), [2, 1, 0]);
    assert.deepEqual(Array.from(tally.dropped), [0, 0, 1]);
    assert.deepEqual(Array.from(tally.bytes), [12, 3, 0]);
    assert.deepEqual(tally.total, { committed: 3, dropped: 1, bytes: 15 });
    assert.deepEqual(tally.tasks, [0, 1, 2]);
    tally.moveTo(2);
    assert.deepEqual(tally.tasks, [0, 2]);
    assert.deepEqual(tally.total, { committed: 1, dropped: 1, bytes: 5 });
    tally.moveTo(0);
    assert.deepEqual(tally.total, { committed: 0, dropped: 0, bytes: 0 });
});

test("the fullest run is the one with most puts among those whose results are there", () => {
    const tally = new ResultTally(play);
    assert.equal(tally.sentence, "No result has been committed or dropped yet.");
    tally.moveTo(3);
    assert.equal(tally.sentence, "2 committed (12 bytes), 1 dropped. The fullest run: map:0 has put 2 of 10.");
    tally.moveTo(4);
    assert.match(tally.sentence, /map:1 has put 9 of 10, close to the limit\.$/);
});

test("results are found by key, value or task, by state and by a chosen task", () => {
    const tally = new ResultTally(play);
    const texts = new Haystacks(play.oob.length, (row) => resultText(play, row));
    const find = (wanted) => {
        return Array.from(matchingRows(4, resultTests(tally, texts, { text: "", state: "", task: -1, ...wanted })));
    };
    assert.deepEqual(find({}), [0, 1, 2, 3]);
    assert.deepEqual(find({ text: "zEb" }), [1]);
    assert.deepEqual(find({ text: "map:0" }), [1, 2]);
    assert.deepEqual(find({ text: "b:0" }), [2]);
    assert.deepEqual(find({ state: "dropped" }), [0]);
    assert.deepEqual(find({ state: "committed", task: 1 }), [3]);
    assert.deepEqual(find({ text: "zebra", task: 1 }), []);
});

test("a result shows its facts as they are, with the puts of its run", () => {
    const columns = resultColumns(play);
    assert.equal(columns.map((column) => column.name).join(" "), "key value size task run host put_s state puts");
    assert.deepEqual(
        columns.map((column) => column.text(2)),
        ["b:0", "<b>", "7", "map:0", "0", "node01", "1.000", "committed", "2 of 10"],
    );
    assert.deepEqual(columns.map((column) => column.text(0)).slice(-2), ["dropped", "1 of 10"]);
});

test("tasks are sorted by stage and number, not by their names", () => {
    const [task] = resultColumns(play).filter((column) => column.name === "task");
    assert.deepEqual([0, 1, 3].map((row) => task.value(row)), [2, 0, 1]);
    const tally = new ResultTally(play);
    tally.moveTo(4);
    assert.deepEqual(resultTaskColumns(tally).map((column) => column.text(0)), ["map:0", "2", "0", "12"]);
});
