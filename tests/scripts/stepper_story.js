/** Small jobs step by step, written by hand, as `steps_of` gives them. */

const told = {
    job: "count@1:2:3", status: "ready", map: "words", partition: "default_partition", is_default: true, combiner: "",
    reduce: "count", order: "sorted", notes: [],
};

function record(task, pairs) {
    const step = { kind: "record", task, host: "node01", input: "raw://x", number: 1, record: "'x'", pairs, puts: [] };
    return { ...step, say: "" };
}

function pair(task, at, key, partition, answer = "", more = {}) {
    return { kind: "pair", task, host: "node01", at, pair: [key, "1"], partition, answer, say: "", ...more };
}

function take(task, number, key, given = []) {
    return { kind: "take", task, host: "node01", number, pair: [key, "1"], from: "map:0", given, puts: [], say: "" };
}

function shuffle(task, partition) {
    const step = { kind: "shuffle", task, host: "node01", partition, pieces: [], order: "sorted", given: [], puts: [] };
    return { ...step, say: "" };
}

function rest(task, given) {
    return { kind: "rest", task, host: "node01", given, puts: [], say: "" };
}

/** "to be" and "be" in two records, two partitions. */
export const wordCount = {
    ...told,
    n_partitions: 2,
    partitions: [0, 1],
    steps: [
        { kind: "start", say: "" },
        record("map:0", [["'to'", "1"], ["'be'", "1"]]),
        pair("map:0", 0, "'to'", 1, "01b6e20344b68835c5ed1ddedf20d531"),
        pair("map:0", 1, "'be'", 0, "910955a907e739b81ec8855763108a28"),
        record("map:1", [["'be'", "1"]]),
        pair("map:1", 0, "'be'", 0, "910955a907e739b81ec8855763108a28"),
        shuffle("reduce:0", 0),
        take("reduce:0", 1, "'be'"),
        take("reduce:0", 2, "'be'"),
        rest("reduce:0", [["'be'", "2"]]),
        shuffle("reduce:1", 1),
        take("reduce:1", 1, "'to'"),
        rest("reduce:1", [["'to'", "1"]]),
        { kind: "end", say: "" },
    ],
};

/** "a a" with a combiner, one partition, no reduce. */
export const combined = {
    ...told,
    combiner: "add",
    reduce: "",
    n_partitions: 1,
    partitions: [0],
    steps: [
        { kind: "start", say: "" },
        record("map:0", [["'a'", "1"], ["'a'", "1"]]),
        pair("map:0", 0, "'a'", 0, "0cc1", { buffer: "{'a': 1}", given: [] }),
        pair("map:0", 1, "'a'", 0, "0cc1", { buffer: "{'a': 2}", given: [] }),
        {
            kind: "combine", task: "map:0", host: "node01", partition: 0, buffer: "{'a': 2}", given: [["'a'", "2"]],
            say: "",
        },
        { kind: "end", say: "" },
    ],
};

/** "a", no partitions, no reduce. */
export const mapOnly = {
    ...told,
    reduce: "",
    n_partitions: 0,
    partitions: [null],
    steps: [
        { kind: "start", say: "" },
        record("map:0", [["'a'", "1"]]),
        pair("map:0", 0, "'a'", null),
        { kind: "end", say: "" },
    ],
};

/** A reduce over pairs with these keys, in one task. */
export function reduceOf(...keys) {
    const takes = keys.map((key, number) => take("reduce:0", number + 1, key));
    return { ...told, partitions: [0], steps: [shuffle("reduce:0", 0), ...takes, rest("reduce:0", [])] };
}

/** One pair that goes to a partition out of `n`. */
export function placeOf(partition, n) {
    const partitions = Array.from({ length: n }, (_, number) => number);
    return { ...told, n_partitions: n, partitions, steps: [pair("map:0", 0, "'a'", partition, "0cc1")] };
}
