import assert from "node:assert/strict";
import { test } from "node:test";

import { allRows, compareValues, rowsInOrder, sortedRows } from "../../disco_sim/views/static/sorting.js";

const sizes = [30, NaN, 4, 30, 100];
const size = { text: (row) => String(sizes[row]), value: (row) => sizes[row] };
const names = ["b", "a", "B", "a", ""];
const name = { text: (row) => names[row] };

test("numbers are sorted as numbers, and what is not known is last both ways", () => {
    assert.deepEqual(Array.from(sortedRows(allRows(5), size, 1)), [2, 0, 3, 4, 1]);
    assert.deepEqual(Array.from(sortedRows(allRows(5), size, -1)), [4, 0, 3, 2, 1]);
});

test("texts are sorted as texts, and what is equal stays in its order", () => {
    assert.deepEqual(Array.from(sortedRows(allRows(5), name, 1)), [4, 2, 1, 3, 0]);
    assert.deepEqual(Array.from(sortedRows(Int32Array.of(3, 1, 0), name, 1)), [3, 1, 0]);
});

test("without a column rows are as they were given", () => {
    const rows = [3, 1];
    assert.equal(sortedRows(rows, undefined, 1), rows);
});

test("two values compare the other way round with a sign of -1", () => {
    assert.ok(compareValues(1, 2) < 0 && compareValues(1, 2, -1) > 0);
    assert.ok(compareValues("a", "b") < 0 && compareValues("a", "b", -1) > 0);
    assert.equal(compareValues("a", "a"), 0);
    assert.ok(compareValues(NaN, 1) > 0 && compareValues(NaN, 1, -1) > 0 && compareValues(1, NaN, -1) < 0);
    assert.equal(compareValues(NaN, NaN), 0);
});

test("rows taken out of a sorted whole are sorted as by themselves", () => {
    for (const sign of [1, -1]) {
        const whole = sortedRows(allRows(5), size, sign);
        for (const rows of [[], [4], [1, 2, 4], [0, 1, 2, 3, 4]]) {
            const found = rowsInOrder(Int32Array.from(rows), whole);
            assert.deepEqual(Array.from(found), Array.from(sortedRows(Int32Array.from(rows), size, sign)));
        }
    }
});
