/** What there is to say of partitions and pieces: the columns of their table, and hints. Knows nothing of pages. */
import { amountText, secondsText } from "./dom.js";
import { packedKeys } from "./flow_contents.js";
import { percentText, rangeText } from "./flow_layout.js";
import { readerName, readerState } from "./flow_readers.js";

/** Facts of the partitions for `factTable`, whose rows are columns of a flow; `now()` gives {flow, readers, time}. */
export function partitionColumns(play, now) {
    const sum = (unit) => (column) => now().flow.sums[unit][column];
    const amount = (name, unit) => ({
        name,
        isNumber: true,
        text: (column) => amountText(sum(unit)(column)),
        value: sum(unit),
    });
    const state = (column) => now().readers.at(column, now().time);
    const share = (column) => {
        const { flow } = now();
        const total = flow.sums[0].reduce((all, one) => all + one, 0);
        return total ? flow.sums[0][column] / total : 0;
    };
    /** Keys are known of the end only. */
    const keys = (column) => {
        const { flow, time } = now();
        return time >= play.duration ? packedKeys(play, flow.stage, flow.labels[column]) : null;
    };
    return [
        {
            name: "partition",
            isNumber: true,
            text: (column) => String(now().flow.labels[column]),
            value: (column) => column, // in the order of the labels, which are texts where numbers would be rounded
        },
        { name: "host", text: (column) => now().readers.hostAt(column, now().time) },
        amount("records", 0),
        amount("bytes", 1),
        { name: "share", isNumber: true, text: (column) => percentText(share(column)), value: share },
        {
            name: "read_by",
            text: (column) => readText(play, now().readers.stage, state(column)),
            value: (column) => column,
        },
        {
            name: "keys",
            isNumber: true,
            text: (column) => amountText(keys(column)?.[0] ?? -1),
            value: (column) => keys(column)?.[0] ?? NaN,
        },
        { name: "top_key", isMono: true, text: (column) => keys(column)?.[1][0]?.[0] ?? "" },
    ];
}

/** Which task reads a partition, and how far it is: "reduce:2, running"; "" when none does. */
function readText(play, stage, state) {
    return state.tasks.length ? `${readerName(play, stage, state.tasks)}, ${readerState(state)}` : "";
}

/**
 * The hint of a place of the picture: a title, and pairs of a name and a text. The place is {columns, tasks}, each as
 * [from, to]; `isBin` says that all tasks are meant.
 */
export function flowHint(play, { flow, readers, writers, time, unit }, { columns, tasks }, isBin) {
    const first = flow.labels[columns[0]];
    const last = flow.labels[columns[1] - 1];
    const partition = `partition${first === last ? "" : "s"} ${rangeText(first, last)}`;
    if (isBin) {
        return { title: partition, facts: flowBinFacts(play, { flow, readers, time, unit }, columns) };
    }
    const task = `${play.stages[flow.stage].name}:${rangeText(tasks[0], tasks[1] - 1)}`;
    const places = flow.placesIn(...tasks, ...columns);
    if (places.length === 0) {
        const state = tasks[1] - tasks[0] === 1 ? writers.at(tasks[0], time).state : "";
        const none = ["stored", state === "done" ? "nothing for it" : "nothing yet"];
        return { title: `${task} → ${partition}`, facts: state ? [["task", state], none] : [none] };
    }
    const facts = ["records", "bytes"].map((name, number) => [name, amountText(flowSum(flow.amounts[number], places))]);
    if (places.length === 1) {
        const run = play.outputs.run[flow.rows[places[0]]];
        facts.push(["from", play.word("run.host", run)], ["stored", `at ${secondsText(flow.from[places[0]])} s`]);
    } else {
        facts.push(["pieces", amountText(places.length)]);
    }
    return { title: `${task} → ${partition}`, facts };
}

function flowBinFacts(play, { flow, readers, time, unit }, columns) {
    const all = Array.from({ length: columns[1] - columns[0] }, (_, number) => columns[0] + number);
    const total = flow.sums[unit].reduce((sum, one) => sum + one, 0);
    const amount = flowSum(flow.sums[unit], all);
    const facts = [
        ["records", amountText(flowSum(flow.sums[0], all))],
        ["bytes", amountText(flowSum(flow.sums[1], all))],
        ["share", percentText(total ? amount / total : 0)],
        ["pieces", amountText(flowSum(flow.counts, all))],
    ];
    if (all.length === 1) {
        const state = readers.at(columns[0], time);
        if (state.tasks.length) {
            facts.push(["read by", readText(play, readers.stage, state)]);
        }
        const host = readers.hostAt(columns[0], time);
        if (host) {
            facts.push(["node", host]);
        }
    }
    return facts;
}

function flowSum(amounts, places) {
    return places.reduce((sum, place) => sum + amounts[place], 0);
}
