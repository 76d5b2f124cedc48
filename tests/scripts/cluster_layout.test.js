import assert from "node:assert/strict";
import { test } from "node:test";

import {
    boxCorner, clusterLayout, nodeAtPoint, nodesInSight, slotCorner,
} from "../../disco_sim/views/static/cluster_layout.js";

function nodes(number, slots = 4) {
    return Array.from({ length: number }, (_, row) => ({ host: `node${row + 1}`, slots }));
}

test("few nodes get large boxes with their names and counters", () => {
    const layout = clusterLayout(nodes(4), 1100);
    assert.ok(layout.hasName && layout.hasCounters);
    assert.equal(layout.columns, 4);
});

test("boxes never get larger when there are more nodes, and then lose counters and names", () => {
    const layouts = [1, 4, 12, 40, 100, 300, 1000].map((number) => clusterLayout(nodes(number), 1100));
    const areas = layouts.map((layout) => layout.boxWidth * layout.boxHeight);
    assert.deepEqual(areas, Array.from(areas).sort((one, other) => other - one));
    assert.ok(!layouts.at(-1).hasName && !layouts.at(-1).hasCounters);
    assert.ok(layouts.at(-1).height <= 400, "a thousand nodes are seen at once");
});

for (const width of [320, 600, 1100]) {
    test(`all boxes and slots are inside of a width of ${width}`, () => {
        for (const slots of [1, 2, 8, 12, 64]) {
            for (const number of [1, 3, 24, 500]) {
                const layout = clusterLayout(nodes(number, slots), width);
                const whole = layout.columns * (layout.boxWidth + layout.gap) - layout.gap;
                assert.ok(whole <= width, `${slots} x ${number}`);
                const last = slotCorner(layout, slots - 1);
                assert.ok(last.x + layout.slotWidth <= layout.boxWidth - layout.pad + 1e-9);
                assert.ok(last.y + layout.slotHeight <= layout.boxHeight - layout.pad - layout.foot + 1e-9);
            }
        }
    });
}

test("rows of few boxes are even: six boxes are three and three", () => {
    const layout = clusterLayout(nodes(6), 1100);
    assert.equal(layout.columns, 3);
});

test("slots of a node stand in rows of equal length", () => {
    assert.equal(clusterLayout(nodes(2, 12), 1100).perLine, 6);
});

test("no two slots of a node overlap", () => {
    const layout = clusterLayout(nodes(10, 12), 800);
    const seen = new Set(Array.from({ length: 12 }, (_, slot) => Object.values(slotCorner(layout, slot)).join()));
    assert.equal(seen.size, 12);
    assert.ok(slotCorner(layout, 1).x - slotCorner(layout, 0).x > layout.slotWidth);
});

test("each box is hit at its corners and not beside them", () => {
    const layout = clusterLayout(nodes(30), 700);
    for (let node = 0; node < 30; node++) {
        const { x, y } = boxCorner(layout, node);
        assert.equal(nodeAtPoint(layout, x, y), node);
        assert.equal(nodeAtPoint(layout, x + layout.boxWidth - 1, y + layout.boxHeight - 1), node);
        assert.equal(nodeAtPoint(layout, x + layout.boxWidth + 1, y), -1);
    }
    assert.equal(nodeAtPoint(layout, -1, 5), -1);
    assert.equal(nodeAtPoint(layout, 5, layout.height + 100), -1);
});

test("where there is no box for the last places of a row, none is hit", () => {
    const layout = clusterLayout(nodes(101), 1100);
    const { x, y } = boxCorner(layout, 101);
    assert.equal(nodeAtPoint(layout, x + 1, y + 1), -1);
});

test("the nodes in sight are those whose boxes show, and no more than a row beyond", () => {
    const layout = clusterLayout(nodes(3000), 600);
    const [first, last] = nodesInSight(layout, 200, 400);
    assert.ok(boxCorner(layout, first).y <= 200 && boxCorner(layout, first).y + layout.boxHeight + layout.gap > 200);
    assert.ok(boxCorner(layout, last).y >= 600 && boxCorner(layout, last).y < 600 + layout.boxHeight + layout.gap);
    assert.deepEqual(nodesInSight(layout, 0, layout.height + 50), [0, 3000]);
});

test("a cluster without nodes has a layout", () => {
    const layout = clusterLayout([], 500);
    assert.equal(nodeAtPoint(layout, 1, 1), -1);
    assert.deepEqual(nodesInSight(layout, 0, 100), [0, 0]);
});
