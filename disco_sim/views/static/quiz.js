/** Questions about the steps of a job, and the way to a key. Pure: the same steps give the same questions. */
import { pairText } from "./stepper_facts.js";

const QUIZ_CHOICES = 4;
const QUIZ_PARTITIONS = 12;

/** A whole number that looks like luck, the same for the same number. */
export function stepHash(number) {
    let mixed = Math.imul(number ^ 0x9e3779b9, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * What can be asked before step `number` is shown: its words, and its choices {text, isRight}, exactly one of which is
 * right; null where there is nothing to ask.
 */
export function questionBefore(told, number) {
    const step = told.steps[number];
    if (step?.kind === "pair") {
        return quizPartition(told, step, number);
    }
    return step?.kind === "take" ? quizNext(told, step, number) : null;
}

function quizPartition(told, step, number) {
    if (step.partition === null || told.partitions.length < 2) {
        return null;
    }
    const others = told.partitions.filter((label) => label !== step.partition);
    const labels = [step.partition, ...quizShuffled(others, number).slice(0, QUIZ_PARTITIONS - 1)];
    labels.sort((one, other) => told.partitions.indexOf(one) - told.partitions.indexOf(other));
    return {
        words: `Which partition does ${pairText(step.pair)} go to?`,
        choices: labels.map((label) => ({ text: `partition ${label}`, isRight: label === step.partition })),
    };
}

/** Which pair comes next: the wrong choices are pairs that the task takes later or took before, then any others. */
function quizNext(told, step, number) {
    const right = pairText(step.pair);
    const takes = told.steps.filter(({ kind }) => kind === "take");
    const own = takes.filter(({ task }) => task === step.task);
    const near = [
        ...own.slice(step.number),
        ...own.slice(0, step.number - 1).reverse(),
        ...takes.filter(({ task }) => task !== step.task),
    ];
    const texts = new Set(near.map(({ pair }) => pairText(pair)));
    texts.delete(right);
    const wrong = Array.from(texts).slice(0, QUIZ_CHOICES - 1);
    if (!wrong.length) {
        return null;
    }
    const choices = quizShuffled([right, ...wrong], number);
    return {
        words: `What does ${told.reduce} get next in ${step.task}?`,
        choices: choices.map((text) => ({ text, isRight: text === right })),
    };
}

/** Items in an order that depends on a number alone. */
function quizShuffled(items, number) {
    const keyed = items.map((item, place) => ({ item, key: stepHash(number * 64 + place), place }));
    keyed.sort((one, other) => one.key - other.key || one.place - other.place);
    return keyed.map(({ item }) => item);
}

/** What is said to an answer. */
export function verdictOf(question, choice) {
    const right = question.choices.find(({ isRight }) => isRight);
    return choice.isRight ? `Right: ${right.text}.` : `Wrong: you said ${choice.text}, and it is ${right.text}.`;
}

/** The score in words; "" before the first answer. */
export function scoreText({ right, asked }) {
    return asked ? `${right} of ${asked} right` : "";
}

/** A key as people type it: the text of Python's 'a', "a" or b'a' without its quotes, and all others as they are. */
export function bareKey(text) {
    const quoted = /^b?(['"])([^]*)\1$/.exec(text);
    return quoted ? quoted[2] : text;
}

/** The first step after `from` that concerns a key, going on at the start; -1 if none does. */
export function stepOfKey(steps, from, typed) {
    const isKey = (text) => text === typed || bareKey(text) === typed;
    for (let distance = 1; distance <= steps.length; distance++) {
        const at = (from + distance) % steps.length;
        const { pair, given = [] } = steps[at];
        if ((pair && isKey(pair[0])) || given.some(([key]) => isKey(key))) {
            return at;
        }
    }
    return -1;
}

/** The keys of pairs, each once, in the order of their first step; at most `most`. */
export function keysOf(steps, most) {
    const keys = new Set();
    for (const { pair } of steps) {
        if (pair && keys.size < most) {
            keys.add(bareKey(pair[0]));
        }
    }
    return Array.from(keys);
}
