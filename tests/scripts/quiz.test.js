import assert from "node:assert/strict";
import { test } from "node:test";

import {
    bareKey, keysOf, questionBefore, scoreText, stepHash, stepOfKey, verdictOf,
} from "../../disco_sim/views/static/quiz.js";
import { combined, mapOnly, placeOf, reduceOf, wordCount } from "./stepper_story.js";

const texts = (question) => question.choices.map(({ text }) => text);
const right = (question) => question.choices.filter(({ isRight }) => isRight).map(({ text }) => text);

test("a pair about to be placed is asked for with all partitions in their order, one of them right", () => {
    const question = questionBefore(wordCount, 2);
    assert.equal(question.words, "Which partition does ('to', 1) go to?");
    assert.deepEqual(texts(question), ["partition 0", "partition 1"]);
    assert.deepEqual(right(question), ["partition 1"]);
});

test("of many partitions twelve are choices, the right one among them", () => {
    for (const partition of [0, 7, 99]) {
        const question = questionBefore(placeOf(partition, 100), 0);
        assert.equal(new Set(texts(question)).size, 12);
        assert.deepEqual(right(question), [`partition ${partition}`]);
    }
});

test("where there is one partition or none, there is nothing to ask", () => {
    assert.equal(questionBefore(placeOf(0, 1), 0), null);
    assert.equal(questionBefore(mapOnly, 2), null);
});

test("what reduce gets next has up to four different pairs as choices, one of them right", () => {
    const told = reduceOf("'a'", "'b'", "'b'", "'c'", "'d'", "'e'", "'f'");
    for (let number = 1; number <= 7; number++) {
        const question = questionBefore(told, number);
        assert.equal(question.words, "What does count get next in reduce:0?");
        assert.equal(new Set(texts(question)).size, 4);
        assert.deepEqual(right(question), [`(${told.steps[number].pair[0]}, 1)`]);
    }
});

test("all choices are pairs that some reduce task really takes", () => {
    const real = new Set(wordCount.steps.filter(({ kind }) => kind === "take").map(({ pair }) => `(${pair[0]}, 1)`));
    const question = questionBefore(wordCount, 7);
    assert.ok(texts(question).every((text) => real.has(text)));
    assert.deepEqual(texts(question).toSorted(), ["('be', 1)", "('to', 1)"]);
});

test("a reduce that gets nothing but the same pair is not asked about", () => {
    assert.equal(questionBefore(reduceOf("'a'", "'a'"), 1), null);
});

test("only pairs about to be placed or taken are asked about", () => {
    const asked = wordCount.steps.filter((_, number) => questionBefore(wordCount, number)).map(({ kind }) => kind);
    assert.deepEqual(new Set(asked), new Set(["pair", "take"]));
    assert.equal(questionBefore(wordCount, wordCount.steps.length), null);
    assert.equal(questionBefore(combined, 4), null);
});

test("the order of choices is the same each time, and the right one is not always at the same place", () => {
    const told = reduceOf(...Array.from("abcdefghijklmnopqrstuvwxyz", (letter) => `'${letter}'`));
    const numbers = Array.from({ length: 26 }, (_, number) => number + 1);
    const once = numbers.map((number) => questionBefore(told, number));
    assert.deepEqual(once, numbers.map((number) => questionBefore(told, number)));
    const places = once.map(({ choices }) => choices.findIndex(({ isRight }) => isRight));
    for (const place of [0, 1, 2, 3]) {
        const share = places.filter((one) => one === place).length;
        assert.ok(share >= 2 && share <= 13, `place ${place} is right ${share} times of 26`);
    }
});

test("the hash of a number is a whole number of 32 bits, and its own", () => {
    const hashes = Array.from({ length: 1000 }, (_, number) => stepHash(number));
    assert.equal(new Set(hashes).size, 1000);
    assert.ok(hashes.every((hash) => Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32));
});

test("a verdict says right or wrong in words, with what was said and what is", () => {
    const question = questionBefore(wordCount, 2);
    assert.equal(verdictOf(question, question.choices[1]), "Right: partition 1.");
    assert.equal(verdictOf(question, question.choices[0]), "Wrong: you said partition 0, and it is partition 1.");
});

test("the score is in words, and nothing before the first answer", () => {
    assert.equal(scoreText({ right: 3, asked: 4 }), "3 of 4 right");
    assert.equal(scoreText({ right: 0, asked: 0 }), "");
});

test("keys are typed without the quotes that Python puts around text and bytes", () => {
    assert.equal(bareKey("'a'"), "a");
    assert.equal(bareKey('"it\'s"'), "it's");
    assert.equal(bareKey("b'\\xff'"), "\\xff");
    assert.equal(bareKey("17"), "17");
    assert.equal(bareKey("'"), "'");
});

test("a jump goes to the next step of a key, after the last to the first, and nowhere for an unknown key", () => {
    const found = [];
    for (let at = stepOfKey(wordCount.steps, 0, "be"); !found.includes(at); ) {
        found.push(at);
        at = stepOfKey(wordCount.steps, at, "be");
    }
    assert.deepEqual(found, [3, 5, 7, 8, 9]);
    assert.equal(stepOfKey(wordCount.steps, 3, "'to'"), 11);
    assert.equal(stepOfKey(wordCount.steps, 0, "<script>"), -1);
    assert.equal(stepOfKey(combined.steps, 3, "a"), 4);
});

test("keys are listed once each, in the order of their first step, as many as asked for", () => {
    assert.deepEqual(keysOf(wordCount.steps, 10), ["to", "be"]);
    assert.deepEqual(keysOf(wordCount.steps, 1), ["to"]);
});
