import assert from "node:assert/strict";
import { test } from "node:test";

import { pairText, pictureAt, whyLines, windowOf } from "../../disco_sim/views/static/stepper_facts.js";
import { combined, mapOnly, wordCount } from "./stepper_story.js";

const at = (told, kind, number = 0) => {
    const found = told.steps.map((step, place) => (step.kind === kind ? place : -1)).filter((place) => place >= 0);
    return found.at(number);
};
const inBins = (seen) => seen.bins.map(({ pairs }) => pairs.map(({ pair }) => pair[0]));

test("a pair is written as Python writes it, and what is no pair by itself", () => {
    assert.equal(pairText(["'a'", "1"]), "('a', 1)");
    assert.equal(pairText(["'a'", ""]), "'a'");
});

test("before the first record nothing is read and the bins are there, empty", () => {
    const seen = pictureAt(wordCount, 0);
    assert.equal(seen.record, null);
    assert.equal(seen.reduce, null);
    assert.deepEqual(inBins(seen), [[], []]);
});

test("a pair is in its bin from its step on, and new in that step alone", () => {
    const place = at(wordCount, "pair", 1);
    assert.deepEqual(inBins(pictureAt(wordCount, place - 1)), [[], ["'to'"]]);
    const seen = pictureAt(wordCount, place);
    assert.deepEqual(inBins(seen), [["'be'"], ["'to'"]]);
    assert.deepEqual(seen.bins.map(({ pairs }) => pairs.map(({ isNew }) => isNew)), [[true], [false]]);
    assert.deepEqual(seen.placed, [1, 0]);
});

test("nothing un-happens and nothing is kept: any step looks the same, whatever was looked at before", () => {
    const forward = wordCount.steps.map((_, number) => JSON.stringify(pictureAt(wordCount, number)));
    const back = [];
    for (let number = wordCount.steps.length - 1; number >= 0; number--) {
        back[number] = JSON.stringify(pictureAt(wordCount, number));
    }
    assert.deepEqual(back, forward);
});

test("where the pairs of a new record go is not known yet", () => {
    assert.deepEqual(pictureAt(wordCount, at(wordCount, "record", 1)).placed, []);
});

test("with a combiner a pair is in the buffer, and only what the combiner gives is in the bin", () => {
    const before = pictureAt(combined, at(combined, "pair", 1));
    assert.deepEqual(inBins(before), [[]]);
    assert.deepEqual(before.bins[0].buffer, { task: "map:0", text: "{'a': 2}", isNew: true, isLast: false });
    const after = pictureAt(combined, at(combined, "combine"));
    assert.deepEqual(inBins(after), [["'a'"]]);
    assert.equal(after.bins[0].buffer.isLast, true);
});

test("a job that only maps has one bin, and nothing is reduced", () => {
    const seen = pictureAt(mapOnly, mapOnly.steps.length - 1);
    assert.deepEqual(inBins(seen), [["'a'"]]);
    assert.equal(seen.reduce, null);
    assert.deepEqual(seen.outputs, []);
});

test("a reduce task has what it took, what comes, and its own output", () => {
    const seen = pictureAt(wordCount, at(wordCount, "take", 1));
    assert.equal(seen.reduce.shuffle.task, "reduce:0");
    assert.deepEqual(seen.reduce.taken.map(({ pair, isNew }) => [pair[0], isNew]), [["'be'", false], ["'be'", true]]);
    assert.deepEqual(seen.reduce.coming, []);
    assert.deepEqual(seen.outputs, [{ task: "reduce:0", host: "node01", pairs: [] }]);
    const before = pictureAt(wordCount, at(wordCount, "shuffle"));
    assert.deepEqual(before.reduce.coming.map(([key]) => key), ["'be'", "'be'"]);
    const end = pictureAt(wordCount, wordCount.steps.length - 1);
    const given = end.outputs.map(({ pairs }) => pairs.map(({ pair }) => pair));
    assert.deepEqual(given, [[["'be'", "2"]], [["'to'", "1"]]]);
    assert.equal(end.reduce.isDone, true);
});

test("a window shows the item at a place, and counts the others", () => {
    const items = Array.from("abcdefgh");
    for (let place = 0; place < items.length; place++) {
        const { shown, first, nBefore, nAfter } = windowOf(items, place, 3);
        assert.equal(shown.length, 3);
        assert.ok(shown.includes(items[place]));
        assert.equal(nBefore, first);
        assert.equal(nBefore + 3 + nAfter, 8);
    }
    assert.deepEqual(windowOf(["a"], 0, 3), { shown: ["a"], first: 0, nBefore: 0, nAfter: 0 });
});

test("the reason shows the real numbers, and none of them while it is asked for", () => {
    const step = wordCount.steps[at(wordCount, "pair")];
    const digits = "01b6e203 44b68835 c5ed1dde df20d531";
    assert.deepEqual(whyLines(wordCount, step), ["md5('to')", `= ${digits}`, "mod 2 = 1"]);
    assert.deepEqual(whyLines(wordCount, step, true), ["md5('to')", "= ...", "mod 2 = ?"]);
    assert.deepEqual(whyLines(wordCount, null), ["md5(key)", "= ...", "mod 2 = ?"]);
    const own = { ...wordCount, is_default: false, partition: "by_length" };
    assert.deepEqual(whyLines(own, { ...step, answer: "True" }), ["by_length('to', 2, params)", "= True"]);
    assert.deepEqual(whyLines(mapOnly, mapOnly.steps[at(mapOnly, "pair")]), ["one output,", "no partition function"]);
});
