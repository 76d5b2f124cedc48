import assert from "node:assert/strict";
import { test } from "node:test";

import {
    binsText, darkness, flowHit, flowLayout, percentText, rangeText, skewText, spreadOf, stepFor, stepRange,
} from "../../disco_sim/views/static/flow_layout.js";

test("things share a place only when they would be too small to be seen", () => {
    assert.equal(stepFor(100, 300), 1);
    assert.equal(stepFor(101, 300), 2);
    assert.equal(stepFor(5000, 300), 50);
    assert.equal(stepFor(0, 300), 1);
});

test("however many tasks and partitions there are, all have a place in the picture", () => {
    const sizes = [[1, 1, 300], [12, 3, 1000], [5000, 20, 600], [100000, 1000, 600], [7, 4001, 320]];
    for (const [nTasks, nLabels, width] of sizes) {
        const layout = flowLayout(nTasks, nLabels, width);
        const { rowStep, columnStep, nRows, nColumns, rowHeight, columnWidth } = layout;
        assert.ok(nRows * rowStep >= nTasks && (nRows - 1) * rowStep < nTasks);
        assert.ok(nColumns * columnStep >= nLabels && (nColumns - 1) * columnStep < nLabels);
        assert.ok(rowHeight >= 3 && columnWidth >= 3, `${rowHeight} x ${columnWidth}`);
        assert.ok(layout.left + nColumns * columnWidth <= width);
        assert.ok(layout.height < 520);
    }
});

test("what is at a point is what is drawn there", () => {
    const layout = flowLayout(12, 3, 600);
    for (let row = 0; row < 12; row++) {
        for (let column = 0; column < 3; column++) {
            const x = layout.left + (column + 0.5) * layout.columnWidth;
            assert.deepEqual(flowHit(layout, x, layout.top + (row + 0.5) * layout.rowHeight), { row, column });
            assert.deepEqual(flowHit(layout, x, layout.base - 1), { row: -1, column });
        }
    }
    assert.equal(flowHit(layout, layout.left - 1, layout.top + 1), null);
    assert.equal(flowHit(layout, layout.left + 3 * layout.columnWidth + 1, layout.top + 1), null);
    assert.equal(flowHit(layout, layout.left + 1, layout.top + 12 * layout.rowHeight + 5), null);
});

test("the last of several places together may stand for fewer", () => {
    assert.deepEqual([0, 1, 2].map((place) => stepRange(place, 4, 10)), [[0, 4], [4, 8], [8, 10]]);
});

test("the more a square holds the darker it is, and what is not empty can be seen", () => {
    assert.equal(darkness(0, 10), 0);
    assert.ok(darkness(1, 1e9) >= 0.12);
    assert.ok(darkness(5, 10) > darkness(4, 10));
    assert.equal(darkness(10, 10), 1);
});

test("shares are whole percents, small ones with a decimal", () => {
    const told = ["0 %", "0.4 %", "9.9 %", "10 %", "61 %", "100 %"];
    assert.deepEqual([0, 0.004, 0.099, 0.0996, 0.61, 1].map(percentText), told);
});

test("a skew is told by the largest partition, its share and how many times the mean it is", () => {
    const labels = [4, 5, 6, 7];
    const columns = [0, 1, 2, 3];
    const told = (...amounts) => skewText(amounts, columns, labels, "records");
    assert.equal(told(10, 10, 61, 19), "Partition 6 holds 61 %, 2.4 times the mean: skewed.");
    assert.equal(told(10, 20, 30, 40), "Partition 7 holds 40 %, 1.6 times the mean.");
    assert.equal(told(5, 5, 5, 5), "All 4 partitions hold the same, 5 records.");
    assert.equal(told(0, 0, 0, 0), "No records are there yet.");
    assert.equal(skewText([0, 1200, 0, 0], [1], labels, "records"), "All 1,200 records are in partition 5.");
    assert.equal(skewText([], [], [], "records"), "No records are there yet.");
});

test("the mean is that of the partitions that have a row, empty ones too", () => {
    assert.deepEqual(spreadOf([6, 0, 0, 99], [0, 1, 2]), { total: 6, mean: 2, largest: 0, times: 3 });
    assert.deepEqual(spreadOf([3, 3], [0, 1]).largest, 0);
    assert.deepEqual(spreadOf([0], [0]), { total: 0, mean: 0, largest: -1, times: 0 });
});

test("what rows and columns stand for is told when it is more than one", () => {
    assert.equal(binsText({ rowStep: 1, columnStep: 1 }), "");
    assert.equal(binsText({ rowStep: 12, columnStep: 1 }), "each row is 12 tasks");
    assert.equal(binsText({ rowStep: 2, columnStep: 4 }), "each row is 2 tasks, each column is 4 partitions");
    assert.deepEqual([rangeText(3, 3), rangeText(3, 7)], ["3", "3–7"]);
});
