import assert from "node:assert/strict";
import { test } from "node:test";

import { calmly, cutText, hatchLines, hintPlace } from "../../disco_sim/views/static/picture.js";

test("hatching fills a box and does not leave it", () => {
    const lines = hatchLines(10, 20, 50, 16, 6);
    assert.ok(lines.length >= 10);
    for (const [fromX, fromY, toX, toY] of lines) {
        for (const x of [fromX, toX]) {
            assert.ok(x >= 10 && x <= 60);
        }
        for (const y of [fromY, toY]) {
            assert.ok(y >= 20 - 1e-9 && y <= 36 + 1e-9);
        }
        assert.equal(Math.abs(toX - fromX), Math.abs(toY - fromY), "all lines slant alike");
    }
});

test("a hint stands beside its point, and inside of the room where that can be", () => {
    const size = { width: 100, height: 40 };
    const room = { width: 300, height: 200 };
    assert.deepEqual(hintPlace({ x: 50, y: 50 }, size, room), { left: 64, top: 64 });
    assert.deepEqual(hintPlace({ x: 280, y: 180 }, size, room), { left: 166, top: 126 });
    assert.equal(hintPlace({ x: 20, y: 20 }, { width: 290, height: 40 }, room).left, 0);
    assert.equal(hintPlace({ x: 20, y: 20 }, { width: 100, height: 500 }, room).top, 34, "not above the picture");
});

test("texts are cut to so many letters", () => {
    assert.deepEqual([10, 5, 4, 2].map((number) => cutText("node1", number)), ["node1", "node1", "nod…", ""]);
});

test("much is shown at most once in a while, and in the end", async () => {
    let nShown = 0;
    const calm = calmly(() => (nShown += 1));
    for (let number = 0; number < 50; number++) {
        calm.call(true);
    }
    assert.equal(nShown, 0);
    await new Promise((done) => setTimeout(done, 400));
    assert.equal(nShown, 1);
});

test("little is shown at once, and what waited is then not shown again", async () => {
    let nShown = 0;
    const calm = calmly(() => (nShown += 1));
    calm.call(true);
    calm.call(false);
    assert.equal(nShown, 1);
    await new Promise((done) => setTimeout(done, 400));
    assert.equal(nShown, 1);
});
