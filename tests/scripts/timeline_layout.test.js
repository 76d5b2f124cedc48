import assert from "node:assert/strict";
import { test } from "node:test";

import { slotHint, timelineMarks, timelineSentence } from "../../disco_sim/views/static/timeline_facts.js";
import {
    TimeScale, firstInSight, following, moved, nodeAtHeight, pathRuns, roundTicks, rowAtTime, slotAtHeight,
    timelineLayout, zoomed,
} from "../../disco_sim/views/static/timeline_layout.js";
import { RunFacts } from "../../disco_sim/views/static/run_facts.js";
import { story } from "./cluster_story.js";

function nodes(number, slots = 2) {
    return Array.from({ length: number }, (_, row) => ({ host: `node${row + 1}`, slots }));
}

test("each slot is found at its own height, and none between nodes", () => {
    const some = nodes(7, 3);
    const layout = timelineLayout(some, 900);
    for (let node = 0; node < 7; node++) {
        for (let slot = 0; slot < 3; slot++) {
            const y = layout.tops[node] + slot * layout.row;
            assert.deepEqual(slotAtHeight(layout, some, y), { node, slot });
            assert.deepEqual(slotAtHeight(layout, some, y + layout.row - 0.5), { node, slot });
        }
        assert.equal(slotAtHeight(layout, some, layout.tops[node] + 3 * layout.row + 1), null);
    }
    assert.equal(slotAtHeight(layout, some, 0), null);
    assert.equal(slotAtHeight(layout, some, 5000), null);
    assert.equal(nodeAtHeight(layout, -5), 0);
});

test("rows shrink as slots become many, but not below what can be seen", () => {
    const rows = [4, 20, 100, 1000].map((number) => timelineLayout(nodes(number, 4), 900).row);
    assert.deepEqual(rows, Array.from(rows).sort((one, other) => other - one));
    assert.ok(rows[0] >= 20 && rows.at(-1) >= 6);
});

test("long names of hosts leave most of the width to the bars", () => {
    const layout = timelineLayout([{ host: "x".repeat(200), slots: 1 }], 600);
    assert.ok(layout.left <= 150 && layout.right > 500);
});

test("a scale maps times to places and back", () => {
    const scale = new TimeScale(100, 900, 2, 6);
    assert.deepEqual([2, 4, 6].map((time) => scale.x(time)), [100, 500, 900]);
    assert.equal(scale.time(scale.x(3.25)), 3.25);
    assert.equal(new TimeScale(0, 10, 0, 0).x(0), 0, "a job of no time at all has a scale");
});

test("ticks are round, in sight, and have the digits they need", () => {
    const { times, digits } = roundTicks(new TimeScale(0, 900, 0, 3.3));
    assert.deepEqual(times, [0, 0.5, 1, 1.5, 2, 2.5, 3]);
    assert.equal(digits, 1);
    assert.equal(roundTicks(new TimeScale(0, 900, 0, 5000)).digits, 0);
    const near = roundTicks(new TimeScale(0, 900, 1.0001, 1.0042));
    assert.ok(near.times.every((time) => time >= 1.0001 - 1e-9 && time <= 1.0042 + 1e-9) && near.times.length > 3);
    assert.equal(new Set(near.times.map((time) => time.toFixed(near.digits))).size, near.times.length);
});

test("zooming in keeps the middle where it is, and zooming out ends at the whole job", () => {
    const once = zoomed({ from: 0, to: 10 }, 2, 4, 10);
    assert.deepEqual(once, { from: 2, to: 7 });
    assert.equal((4 - once.from) / 5, 0.4);
    assert.deepEqual(zoomed(once, 0.25, 4, 10), { from: 0, to: 10 });
});

test("there is an end to zooming in", () => {
    let window = { from: 0, to: 10 };
    for (let number = 0; number < 60; number++) {
        window = zoomed(window, 2, 5, 10);
    }
    assert.ok(Math.abs(window.to - window.from - 10 / 2000) < 1e-9);
});

test("what is looked at never leaves the job", () => {
    assert.deepEqual(moved({ from: 2, to: 4 }, -5, 10), { from: 0, to: 2 });
    assert.deepEqual(moved({ from: 2, to: 4 }, 50, 10), { from: 8, to: 10 });
});

test("what is looked at follows a time that leaves it, and stays where it is otherwise", () => {
    const window = { from: 2, to: 4 };
    assert.equal(following(window, 3, 10), window);
    const later = following(window, 6, 10);
    assert.ok(later.from <= 6 && later.to >= 6 && Math.abs(later.to - later.from - 2) < 1e-9);
    assert.deepEqual(following(window, 0, 10), { from: 0, to: 2 });
});

test("of the runs in a slot the first in sight is the one that goes on", () => {
    const starts = [0, 1, 2, 3];
    const rows = [0, 1, 2, 3];
    assert.deepEqual([-1, 0, 1.5, 9].map((time) => firstInSight(rows, starts, time)), [0, 0, 1, 3]);
});

test("a run is found at its time and near its ends; of two that touch, the one that begins", () => {
    const rows = [4, 7, 9];
    const starts = { 4: 0, 7: 1, 9: 3 };
    const ends = { 4: 1, 7: 2, 9: NaN };
    const at = (time) => rowAtTime(rows, starts, ends, time, 0.05, 10);
    assert.deepEqual([0.5, 1, 1.5, 2.04, 2.5, 2.97, 8].map(at), [4, 7, 7, 7, -1, 9, 9]);
    assert.equal(rowAtTime([], starts, ends, 1, 1, 10), -1);
});

test("the critical path goes through each run once", () => {
    assert.deepEqual(pathRuns({ run: [0, 0, 4, 4, 4] }), [0, 4]);
});

test("a place between bars tells what was the matter with the node, and what another job ran", () => {
    const play = story();
    assert.deepEqual(slotHint(play, { node: 1, slot: 0 }, 1.7, 4), {
        title: "node02, slot 0",
        facts: [["slow", "from 0.500 s on"], ["dead", "from 1.500 to 2.000 s"]],
    });
    assert.deepEqual(slotHint(play, { node: 1, slot: 1 }, 0.3, 4).facts, [["runs", "a run of another job"]]);
    assert.equal(slotHint(play, { node: 0, slot: 1 }, 0.3, 4), null);
});

test("a place between bars tells nothing of what is later than now", () => {
    const play = story();
    assert.equal(slotHint(play, { node: 1, slot: 0 }, 1.7, 1.6), null);
    const untilNow = slotHint(play, { node: 1, slot: 0 }, 1.6, 1.7).facts;
    assert.deepEqual(untilNow[1], ["dead", "from 1.500 s on"]);
});

test("the sentence of a timeline counts what has happened by then", () => {
    const stages = "map 1 done, 1 running, 1 failed; reduce 0 done, 0 running, 0 failed";
    assert.equal(timelineSentence(story(), 1.7), `Timeline of count@1 at 1.700 s: 3 runs on 2 nodes; ${stages}.`);
});

test("the legend explains what the job has, and phases only where they can be seen", () => {
    const play = story();
    const marks = timelineMarks(play, new RunFacts(play));
    const words = (perSecond, has) => marks.entries(has, { perSecond }, 20).map(([, text]) => text);
    const all = words(100, { phases: true, path: true });
    const expected = ["failed run", "output lost later", "dead node", "slow node", "critical path", "startup", "read"];
    for (const text of expected) {
        assert.ok(all.includes(text), text);
    }
    assert.ok(!all.includes("lost run") && !all.includes("transfer"));
    const few = words(5, { phases: true, path: false });
    assert.ok(!few.includes("startup") && !few.includes("critical path"));
});
