/** What is to be seen at a step of a job: all that came before it, folded together; nothing is kept between steps. */

/** A pair of texts as Python writes it; of something that is no pair, the text itself. */
export function pairText([key, value]) {
    return value === "" ? key : `(${key}, ${value})`;
}

/**
 * The state after step `number`: the step itself, the record at hand and where its pairs went so far, the bins of
 * partitions, what the reduce at hand reads, has taken and will take, and the outputs by task. What the very step
 * brought has `isNew`.
 */
export function pictureAt(told, number) {
    const bins = told.partitions.map((label) => ({ label, pairs: [], buffer: null }));
    const outputs = [];
    const seen = { step: told.steps[number], record: null, placed: [], bins, reduce: null, outputs };
    for (let at = 0; at <= number; at++) {
        stepperTake(seen, told.steps[at], at === number);
    }
    if (seen.reduce) {
        seen.reduce.coming = stepperComing(told.steps, number, seen.step.task);
    }
    return seen;
}

function stepperTake(seen, step, isNew) {
    const marked = (pairs, from) => pairs.map((pair) => ({ pair, from, isNew }));
    if (step.kind === "record") {
        seen.record = step;
        seen.placed = [];
    } else if (step.kind === "pair" || step.kind === "combine") {
        const bin = seen.bins.find(({ label }) => label === step.partition);
        const isCombined = "buffer" in step;
        bin.pairs.push(...marked(isCombined ? step.given : [step.pair], step.task));
        bin.buffer = isCombined ? { task: step.task, text: step.buffer, isNew, isLast: step.kind === "combine" } : null;
        if (step.kind === "pair") {
            seen.placed.push(step.partition);
        }
    } else if (step.kind === "shuffle") {
        seen.reduce = { shuffle: step, taken: [], coming: [], isDone: false };
        seen.outputs.push({ task: step.task, host: step.host, pairs: [] });
        seen.bins.forEach((bin) => (bin.buffer = null));
    } else if (step.kind === "take") {
        seen.reduce.taken.push({ pair: step.pair, from: step.from, isNew });
    } else if (step.kind === "rest") {
        seen.reduce.isDone = true;
    }
    if (seen.reduce && step.given) {
        seen.outputs.at(-1).pairs.push(...marked(step.given, step.task));
    }
}

/** The pairs that the task of a step takes after it. */
function stepperComing(steps, number, task) {
    const coming = [];
    for (let at = number + 1; at < steps.length && steps[at].task === task; at++) {
        if (steps[at].kind === "take") {
            coming.push(steps[at].pair);
        }
    }
    return coming;
}

/** The part of a list of at most `most` items that shows the item at `place`, and how many are before and after it. */
export function windowOf(items, place, most) {
    const first = Math.max(0, Math.min(place - Math.floor(most / 2), items.length - most));
    const shown = items.slice(first, first + most);
    return { shown, first, nBefore: first, nAfter: items.length - first - shown.length };
}

/**
 * Why the pair of a step goes where it goes, as lines: the calculation with its numbers. Without a step it is that of
 * any key, and with `isHidden` the answer is left out.
 */
export function whyLines(told, step, isHidden = false) {
    const key = step ? step.pair[0] : "key";
    const n = told.n_partitions;
    if (told.partitions[0] === null) {
        return ["one output,", "no partition function"];
    }
    const isOpen = !step || isHidden;
    if (told.is_default) {
        const digits = isOpen ? "= ..." : `= ${step.answer.match(/.{1,8}/g).join(" ")}`;
        return [`md5(${key})`, digits, `mod ${n} = ${isOpen ? "?" : step.partition}`];
    }
    return [`${told.partition}(${key}, ${n}, params)`, `= ${isOpen ? "?" : step.answer}`];
}
