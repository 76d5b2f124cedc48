/** The columns of the picture of a step: record, map's pairs, partitions, what reduce gets, and what comes out. */
import { make } from "./dom.js";
import { pairText, whyLines, windowOf } from "./stepper_facts.js";

const STEPPER_PAIRS = 10;
const STEPPER_IN_BIN = 5;
const STEPPER_TAKEN = 7;
const STEPPER_COMING = 3;
const STEPPER_OUTPUTS = 8;
const STEPPER_ORDERS = {
    arrival: "in order of arrival",
    sorted: "sorted by key",
    merged: "merged by key",
};

/**
 * The columns for what `pictureAt` gives. `asked` is the step that is asked for, null if none is: its answer is not
 * told; with `isHidden` no pair is shown before reduce takes it.
 */
export function stepperColumns(told, seen, asked, isHidden) {
    const columns = [];
    if (seen.reduce && told.reduce) {
        columns.push(shuffleColumn(told, seen));
    } else if (told.map) {
        columns.push(recordColumn(seen), pairsColumn(told, seen, asked));
    }
    if (told.partitions.length) {
        columns.push(binsColumn(told, seen, asked));
    }
    if (told.reduce) {
        columns.push(takenColumn(told, seen, isHidden), outputColumn(seen));
    }
    return columns;
}

function stepperColumn(title, className, ...content) {
    const head = make("div", { className: "dsim-stepper-title" }, title);
    return make("section", { className: `dsim-stepper-column ${className}` }, head, ...content);
}

function stepperNote(text) {
    return make("div", { className: "dsim-soft dsim-stepper-note", textContent: text });
}

/** A pair in a list; a mark and a frame, not colour alone, say that it is the one at hand. */
function stepperPair(pair, { isNow = false, isDim = false, aside = "", title = "" } = {}) {
    const text = make("span", { className: "dsim-mono dsim-stepper-text", textContent: pairText(pair) });
    const line = make("li", { className: "dsim-stepper-pair" }, text);
    line.classList.toggle("dsim-stepper-now", isNow);
    line.classList.toggle("dsim-stepper-dim", isDim);
    line.title = title || pairText(pair);
    if (isNow) {
        line.setAttribute("aria-current", "step");
    }
    if (aside) {
        line.append(make("span", { className: "dsim-stepper-aside", textContent: aside }));
    }
    return line;
}

function stepperMore(count, words) {
    const line = { className: "dsim-soft dsim-stepper-more", textContent: `… ${count} ${words}` };
    return count ? [make("li", line)] : [];
}

/** The last pairs of a list, and how many are before them. */
function lastPairs(pairs, most, options) {
    const shown = pairs.slice(-most);
    const lines = shown.map((one) => stepperPair(one.pair, { isNow: one.isNew, ...options(one) }));
    return make("ul", {}, ...stepperMore(pairs.length - shown.length, "before"), ...lines);
}

/** The out-of-band results that were put in a step. */
function stepperPuts(step) {
    return (step.puts ?? []).map(([key, value]) =>
        make("div", { className: "dsim-mono dsim-stepper-put", textContent: `put(${key}, ${value})` }),
    );
}

function recordColumn(seen) {
    const { record, step } = seen;
    if (!record) {
        return stepperColumn("Record", "", stepperNote("nothing is read yet"));
    }
    const where = make("div", {}, make("strong", { textContent: record.task }), ` on ${record.host}`);
    const input = make("div", { className: "dsim-soft dsim-stepper-url", textContent: record.input });
    const text = make("div", { className: "dsim-mono dsim-stepper-record" });
    text.textContent = record.number ? record.record : "no records";
    text.classList.toggle("dsim-stepper-now", step.kind === "record");
    const number = record.number ? [stepperNote(`record ${record.number}`)] : [];
    const puts = stepperPuts(step.kind === "puts" ? step : record);
    return stepperColumn("Record", "", where, input, ...number, text, ...puts);
}

function pairsColumn(told, seen, asked) {
    const title = `${told.map} yields`;
    if (!seen.record) {
        return stepperColumn(title, "", stepperNote("nothing yet"));
    }
    const { pairs } = seen.record;
    if (!pairs.length) {
        return stepperColumn(title, "", stepperNote("nothing"));
    }
    const current = asked?.kind === "pair" ? asked.at : seen.step.kind === "pair" ? seen.step.at : -1;
    const { shown, first, nBefore, nAfter } = windowOf(pairs, Math.max(current, 0), STEPPER_PAIRS);
    const lines = shown.map((pair, number) => {
        const at = first + number;
        const isPlaced = at < seen.placed.length;
        const aside = isPlaced ? `→ ${seen.placed[at] ?? "output"}` : at === current ? "where to?" : "";
        return stepperPair(pair, { isNow: at === current, isDim: isPlaced && at !== current, aside });
    });
    return stepperColumn(
        title,
        "",
        make("ul", {}, ...stepperMore(nBefore, "before"), ...lines, ...stepperMore(nAfter, "more")),
    );
}

function binsColumn(told, seen, asked) {
    const isAsked = asked?.kind === "pair";
    const { step } = seen;
    const placing = isAsked ? asked : step.kind === "pair" ? step : null;
    const why = make("div", { className: "dsim-mono dsim-stepper-why" });
    why.append(...whyLines(told, placing, isAsked).map((line) => make("div", { textContent: line })));
    const reading = seen.reduce ? new Set(seen.reduce.shuffle.pieces.map(({ partition }) => partition)) : null;
    if (reading && seen.reduce.shuffle.partition !== null) {
        reading.add(seen.reduce.shuffle.partition);
    }
    const boxes = seen.bins.map((bin) => {
        const isWritten = !isAsked && ["pair", "combine"].includes(step.kind) && bin.label === step.partition;
        const isHere = reading ? reading.has(bin.label) && step.kind !== "end" : isWritten;
        return binBox(bin, isHere, reading !== null);
    });
    const title = told.partitions[0] === null ? "Output of the map tasks" : "Partitions";
    const content = reading ? [] : [why];
    content.push(make("div", { className: "dsim-stepper-boxes" }, ...boxes));
    return stepperColumn(title, "dsim-stepper-bins", ...content);
}

function binBox(bin, isHere, isReading) {
    const name = bin.label === null ? "one for each task" : `partition ${bin.label}`;
    const count = bin.pairs.length === 1 ? "1 pair" : `${bin.pairs.length} pairs`;
    const head = make(
        "div",
        { className: "dsim-stepper-bin-head" },
        make("strong", { textContent: name }),
        make("span", { className: "dsim-soft", textContent: count }),
    );
    const box = make("div", { className: "dsim-stepper-bin" }, head);
    box.classList.toggle("dsim-stepper-here", isHere);
    if (bin.buffer && isHere) {
        const words = bin.buffer.isLast ? "buffer at the end" : "buffer";
        const text = make("div", { className: "dsim-mono dsim-stepper-buffer", textContent: bin.buffer.text });
        box.append(stepperNote(`combiner's ${words}, ${bin.buffer.task}`), text);
    }
    if (isHere && isReading) {
        box.append(stepperNote("is read now"));
    }
    if (bin.pairs.length) {
        const options = (one) => ({ isNow: isHere && one.isNew, title: `from ${one.from}` });
        box.append(lastPairs(bin.pairs, STEPPER_IN_BIN, options));
    } else {
        box.append(stepperNote(bin.buffer && isHere ? "nothing is written yet" : "empty"));
    }
    return box;
}

function shuffleColumn(told, seen) {
    const { shuffle } = seen.reduce;
    const rows = shuffle.pieces.slice(0, STEPPER_PAIRS).map((piece) => {
        const records = piece.records === null ? "" : piece.records === 1 ? "1 record" : `${piece.records} records`;
        const partition = shuffle.partition === null && piece.partition !== null ? `partition ${piece.partition}` : "";
        const words = [piece.host && `on ${piece.host}`, partition, records].filter(Boolean).join(", ");
        const from = make("span", { className: "dsim-stepper-text" }, make("strong", { textContent: piece.from }));
        const line = { className: "dsim-stepper-pair", title: piece.from };
        return make("li", line, from, make("span", { textContent: words }));
    });
    const list = make("ul", {}, ...rows, ...stepperMore(shuffle.pieces.length - rows.length, "more"));
    list.classList.toggle("dsim-stepper-now", seen.step.kind === "shuffle" && rows.length > 0);
    const to = make("div", {}, "to ", make("strong", { textContent: shuffle.task }), ` on ${shuffle.host}`);
    const none = rows.length ? [] : [stepperNote("nothing was written for it")];
    return stepperColumn(told.map ? "Shuffle" : "Input", "dsim-stepper-shuffle", to, list, ...none);
}

function takenColumn(told, seen, isHidden) {
    const title = `${told.reduce} gets`;
    if (!seen.reduce) {
        const words = `pairs ${STEPPER_ORDERS[told.order]}, when map is done`;
        return stepperColumn(title, "dsim-stepper-later", stepperNote(words));
    }
    const { shuffle, taken, coming, isDone } = seen.reduce;
    const order = stepperNote(`${shuffle.task}, ${STEPPER_ORDERS[shuffle.order]}`);
    const list = lastPairs(taken, STEPPER_TAKEN, (one) => ({
        isDim: !one.isNew,
        aside: one.from,
        title: one.from ? `from ${one.from}` : "",
    }));
    const next = isHidden ? [] : coming.slice(0, STEPPER_COMING).map((pair) => stepperPair(pair));
    next.forEach((line) => line.classList.add("dsim-stepper-coming"));
    if (next.length) {
        list.append(make("li", { className: "dsim-soft dsim-stepper-note", textContent: "then come" }));
    }
    list.append(...next, ...stepperMore(coming.length - next.length, "to come"));
    const end = isDone ? [stepperNote("no more pairs")] : [];
    return stepperColumn(title, "dsim-stepper-taken", order, list, ...end, ...stepperPuts(seen.step));
}

function outputColumn(seen) {
    const groups = seen.outputs
        .filter(({ pairs }, number) => pairs.length || number === seen.outputs.length - 1)
        .slice(-STEPPER_OUTPUTS)
        .map(({ task, pairs }) =>
            make(
                "div",
                {},
                stepperNote(task),
                pairs.length ? lastPairs(pairs, STEPPER_OUTPUTS, () => ({})) : stepperNote("nothing yet"),
            ),
        );
    const className = seen.reduce ? "" : "dsim-stepper-later";
    return stepperColumn("Output", className, ...(groups.length ? groups : [stepperNote("nothing yet")]));
}
