import assert from "node:assert/strict";
import { test } from "node:test";

import {
    SLOT_FREE, SLOT_OTHER, badEnds, clusterSentence, conditionsAt, countersText, nodeColumns, nodeHint, nodesAt,
    shareGone, speedText,
} from "../../disco_sim/views/static/cluster_facts.js";
import { RunFacts } from "../../disco_sim/views/static/run_facts.js";
import { story } from "./cluster_story.js";

const play = story();

test("of several things that are the matter with a node the worst is told, and slowness counts all the time", () => {
    assert.deepEqual(conditionsAt(play, 0.4)[1], { status: "alive", speed: 2 });
    assert.deepEqual(conditionsAt(play, 1)[1], { status: "slow", speed: 0.5 });
    assert.deepEqual(conditionsAt(play, 1.7)[1], { status: "dead", speed: 0.5 });
    assert.deepEqual(conditionsAt(play, 2.1)[1], { status: "slow", speed: 0.5 });
    assert.deepEqual(conditionsAt(play, 3)[1], { status: "blacklisted", speed: 0.5 });
});

test("conditions are the playback's own at every moment", () => {
    for (const time of play.moments) {
        conditionsAt(play, time).forEach(({ status }, node) => assert.equal(status, play.nodeStatusAt(node, time)));
    }
});

test("busy counts runs of other jobs too, the counters do not", () => {
    const [one, other] = nodesAt(play, 0.5);
    assert.deepEqual([one.busy, Array.from(one.holds)], [1, [0, SLOT_FREE]]);
    assert.deepEqual([other.busy, Array.from(other.holds)], [2, [1, SLOT_OTHER]]);
    assert.deepEqual([other.done, other.failed, other.dataErrors], [0, 0, 0]);
});

test("a run that failed for its data is a data error from its end on, not a crash", () => {
    assert.equal(nodesAt(play, 1.49)[1].dataErrors, 0);
    const node = nodesAt(play, 1.5)[1];
    assert.deepEqual([node.dataErrors, node.failed, node.busy], [1, 0, 0]);
    assert.equal(countersText(node), "0 ok, 1 data error, 0 crashes");
});

test("the columns of the nodes are those of the frame, in its order", () => {
    const now = nodesAt(play, 1.7);
    const columns = nodeColumns(() => now);
    const names = ["host", "slots", "busy", "done", "failed", "data_errors", "status", "speed"];
    assert.deepEqual(columns.map((column) => column.name), names);
    assert.deepEqual(columns.map((column) => column.text(1)), ["node02", "2", "0", "0", "0", "1", "dead", "0.5"]);
});

test("speeds have no needless digits", () => {
    assert.deepEqual([1, 2, 1 / 3, 0.05].map(speedText), ["1", "2", "0.333", "0.05"]);
});

test("the share of a run's time goes from 0 to 1, and is unknown when its end is", () => {
    assert.deepEqual([-1, 0, 0.25, 1, 9].map((time) => shareGone(play, 0, time)), [0, 0, 0.25, 1, 1]);
    const active = story({ runs: [{ start: 0, end: NaN, status: 0 }] });
    assert.ok(Number.isNaN(shareGone(active, 0, 1)));
    const instant = story({ runs: [{ start: 1, end: 1 }] });
    assert.equal(shareGone(instant, 0, 1), 1);
});

test("a hint of a node tells its status, each slot and what ended there", () => {
    const facts = new RunFacts(play);
    const hint = nodeHint(play, nodesAt(play, 0.5)[1], (run) => facts.name(run));
    assert.equal(hint.title, "node02");
    assert.deepEqual(hint.facts, [
        ["status", "slow, speed 0.5"],
        ["slot 0", "map:1 since 0.000 s"],
        ["slot 1", "a run of another job"],
        ["ended", "0 ok, 0 data errors, 0 crashes"],
    ]);
});

test("a hint of a node of very many slots tells the first ones and how many are busy", () => {
    const node = { ...nodesAt(play, 0.5)[0], slots: 64, busy: 3, holds: new Int32Array(64).fill(SLOT_FREE) };
    const { facts } = nodeHint(play, node, String);
    assert.equal(facts.filter(([name]) => name.startsWith("slot ")).length, 12);
    assert.deepEqual(facts.find(([name]) => name === "busy"), ["busy", "3 of 64 slots"]);
});

test("the sentence of a cluster names what is the matter with whom", () => {
    assert.equal(
        clusterSentence(nodesAt(play, 1.7), 1.7),
        "Cluster at 1.700 s: 2 nodes, 1 of 4 slots busy, 1 dead (node02).",
    );
    assert.equal(clusterSentence(nodesAt(play, 0.1), 0.1), "Cluster at 0.100 s: 2 nodes, 2 of 4 slots busy.");
});

test("bad ends are the failed and lost runs, by their ends", () => {
    const many = story({
        runs: [
            { start: 0, end: 3, status: 3 },
            { slot: 1, start: 0, end: 1, status: 1 },
            { slot: 1, start: 1, end: 2, status: 2, kind: "crash" },
        ],
    });
    const { runs, ends } = badEnds(many);
    assert.deepEqual(runs, [2, 0]);
    assert.deepEqual(Array.from(ends), [2, 3]);
});
