import assert from "node:assert/strict";
import { test } from "node:test";

import { Haystacks, inWordOrder, matchingRows, rowsBelow, shownText } from "../../disco_sim/views/static/filters.js";
import { lineColumns, lineTests } from "../../disco_sim/views/static/log_pane.js";
import { flowStory } from "./flow_story.js";

const play = flowStory();
const messages = () => new Haystacks(play.lines.length, (row) => play.lines.message[row]);
const find = (wanted) => {
    const tests = lineTests(play, messages(), { text: "", host: "", level: "", ...wanted });
    return Array.from(matchingRows(play.lines.length, tests));
};

test("lines are found by text without regard to case, by host and by level", () => {
    assert.deepEqual(find({}), [0, 1, 2, 3]);
    assert.deepEqual(find({ text: "ZEBRA" }), [1, 2]);
    assert.deepEqual(find({ text: " zebra " }), [1, 2]);
    assert.deepEqual(find({ level: "MSG" }), [1, 3]);
    assert.deepEqual(find({ host: "node01", level: "MSG" }), [1]);
    assert.deepEqual(find({ text: "zebra", level: "MSG" }), [1]);
    assert.deepEqual(find({ text: "zebra", host: "master" }), []);
});

test("texts are made once, and only when one is searched", () => {
    let nMade = 0;
    const haystacks = new Haystacks(3, () => `${(nMade += 1)}`);
    assert.equal(haystacks.test("  "), null);
    assert.equal(nMade, 0);
    assert.deepEqual([0, 1, 2].map(haystacks.test("2")), [false, true, false]);
    haystacks.test("3")(0);
    assert.equal(nMade, 3);
});

test("of what is found, only what has happened by a time is shown", () => {
    const found = Int32Array.of(1, 4, 5, 9);
    assert.deepEqual(Array.from(rowsBelow(found, 0)), []);
    assert.deepEqual(Array.from(rowsBelow(found, 5)), [1, 4]);
    assert.deepEqual(Array.from(rowsBelow(found, 6)), [1, 4, 5]);
    assert.deepEqual(Array.from(rowsBelow(found, 100)), [1, 4, 5, 9]);
    assert.equal(rowsBelow(found, 100).buffer, found.buffer);
});

test("how many are shown is told, and of how many when some are not", () => {
    assert.equal(shownText(12, 12, "result"), "12 results");
    assert.equal(shownText(1, 1, "line"), "1 line");
    assert.equal(shownText(3, 1200, "line"), "3 of 1,200 lines");
    assert.equal(shownText(0, 1, "line"), "0 of 1 line");
});

test("names with numbers stand in the order of their numbers", () => {
    assert.deepEqual(inWordOrder(["node10", "node2", "master"]), ["master", "node2", "node10"]);
});

test("a line shows the columns of the log frame, and a dash for no task", () => {
    const columns = lineColumns(play);
    assert.equal(columns.map((column) => column.name).join(" "), "time_s host level stage task message");
    assert.deepEqual(columns.map((column) => column.text(0)), ["0.000", "master", "SYS", "", "–", "New job"]);
    assert.deepEqual(columns.map((column) => column.text(3)), ["2.500", "node2", "MSG", "map", "2", "fine"]);
    assert.ok(Number.isNaN(columns[4].value(0)));
});
