/** What is in a partition, beside the picture of a flow: its keys or the records of one piece, and its pieces. */
import { amountText, make, makeButton, secondsText } from "./dom.js";
import { packedKeys, packedRecords, shownOf } from "./flow_contents.js";
import { percentText } from "./flow_layout.js";
import { allRows } from "./sorting.js";
import { factTable } from "./table.js";

const FLOW_CONTENT_HEIGHT = 250;
const FLOW_CHOOSE = "Choose a partition for its keys, or a square for its records.";
const FLOW_NOT_HERE =
    "are not in this page. In a notebook, job.view() reads them while the job keeps what was stored.";

/**
 * `show(flow, chosen)` tells of the partition {column, place} of a flow, and of the output at `place` if it is not -1;
 * `follow(flow)` when time has changed. `onPiece(place)` hears that another piece was chosen; -1 for none.
 */
export function flowDetails({ play, ask }, onPiece) {
    const title = make("strong");
    const back = makeButton("Keys", () => onPiece(-1), { hidden: true, title: "The keys of the whole partition" });
    const told = make("p", { className: "dsim-soft dsim-sentence", role: "status" });
    const pairs = { rows: [], all: 1 };
    const keyTable = factTable({ caption: "Keys", height: FLOW_CONTENT_HEIGHT, columns: flowKeyColumns(pairs) });
    const recordTable = factTable({
        caption: "Records",
        height: FLOW_CONTENT_HEIGHT,
        columns: [
            { name: "key", isMono: true, letters: 22, text: (row) => pairs.rows[row][0] },
            { name: "value", isMono: true, letters: 40, text: (row) => pairs.rows[row][1] },
        ],
    });
    let flow = null;
    let chosen = { column: -1, place: -1 };
    let nAsked = 0;
    let shown = "";
    const pieceTable = factTable({
        caption: "Pieces",
        height: FLOW_CONTENT_HEIGHT,
        columns: flowPieceColumns(play, () => flow),
        onSelect: (place) => onPiece(place === chosen.place ? -1 : place),
    });
    const answers = new Map();
    const head = make("div", { className: "dsim-row dsim-details-head" }, title, back);
    const element = make("div", { className: "dsim-details" }, head, told, keyTable.element, recordTable.element);
    element.append(pieceTable.element);

    function show(newFlow, newChosen) {
        [flow, chosen] = [newFlow, newChosen];
        const isChosen = chosen.column >= 0;
        head.hidden = !isChosen;
        back.hidden = chosen.place < 0;
        keyTable.element.hidden = true;
        recordTable.element.hidden = true;
        pieceTable.element.hidden = !isChosen;
        pieceTable.mark(chosen.place);
        told.hidden = false;
        told.textContent = FLOW_CHOOSE;
        nAsked += 1;
        if (!isChosen) {
            return;
        }
        const label = flow.labels[chosen.column];
        if (chosen.place >= 0) {
            showRecords(flow.rows[chosen.place], label);
        } else {
            showKeys(label);
        }
        shown = "";
        follow(flow);
    }

    /** Give what is here, or else what a kernel answers, to `use`, unless something else was chosen meanwhile. */
    function get(here, question, what, use) {
        const key = JSON.stringify(question);
        const known = here ?? answers.get(key);
        if (known) {
            use(known);
            return;
        }
        const number = nAsked;
        told.textContent = `Asking for the ${what} …`;
        ask(question).then((answer) => {
            if (answer) {
                answers.set(key, answer);
            }
            if (number === nAsked) {
                if (answer) {
                    use(answer);
                } else {
                    told.textContent = `These ${what} ${FLOW_NOT_HERE}`;
                }
            }
        });
    }

    function showKeys(label) {
        title.textContent = `Partition ${label}`;
        // Keys are those of the end, whatever time is shown.
        const nRecords = flowFinalRecords(play, flow, label);
        const here = packedKeys(play, flow.stage, label) ?? (nRecords === 0 ? [0, []] : null);
        get(here, { kind: "keys", stage: flow.stage, label }, "keys", ([nKeys, keys]) => {
            told.hidden = true;
            pairs.rows = keys;
            pairs.all = Math.max(1, nRecords);
            keyTable.element.hidden = false;
            keyTable.name(`${shownOf("The largest", keys.length, nKeys, "key")} at the end of the job`);
            keyTable.show(allRows(keys.length));
        });
    }

    function showRecords(output, label) {
        const run = play.outputs.run[output];
        title.textContent = `${play.taskName(run)} to partition ${label}`;
        get(packedRecords(play, output), { kind: "records", output }, "records", (records) => {
            const nAll = Math.max(play.outputs.records[output], records.length);
            told.hidden = true;
            pairs.rows = records;
            recordTable.element.hidden = false;
            recordTable.name(shownOf("First", records.length, nAll, "record"));
            recordTable.show(allRows(records.length));
        });
    }

    function follow(newFlow) {
        flow = newFlow;
        if (chosen.column < 0) {
            return;
        }
        const key = `${flow.stage} ${chosen.column} ${flow.version}`;
        if (key !== shown) {
            shown = key;
            const places = flow.placesIn(0, flow.nTasks, chosen.column, chosen.column + 1);
            pieceTable.show(Int32Array.from(places));
            const pieces = shownOf("", places.length, places.length, "piece");
            pieceTable.name(`${pieces} in partition ${flow.labels[chosen.column]}`);
        }
    }

    return { element, show, follow };
}

/** How many records a partition has when all is over. */
function flowFinalRecords(play, flow, label) {
    const column = flow.labels.indexOf(label);
    let sum = 0;
    flow.rows.forEach((_, place) => {
        const isLeft = flow.from[place] <= play.duration && !(flow.until[place] <= play.duration);
        sum += flow.column[place] === column && isLeft ? flow.amounts[0][place] : 0;
    });
    return sum;
}

function flowKeyColumns(pairs) {
    return [
        { name: "key", isMono: true, letters: 22, text: (row) => pairs.rows[row][0] },
        {
            name: "records",
            isNumber: true,
            text: (row) => amountText(pairs.rows[row][1]),
            value: (row) => pairs.rows[row][1],
        },
        {
            name: "share",
            text: (row) => percentText(pairs.rows[row][1] / pairs.all),
            value: (row) => pairs.rows[row][1],
            bar: (row) => pairs.rows[row][1] / pairs.all,
        },
    ];
}

function flowPieceColumns(play, flow) {
    const output = (place) => flow().rows[place];
    const run = (place) => play.outputs.run[output(place)];
    const amount = (name) => ({
        name,
        isNumber: true,
        text: (place) => amountText(play.outputs[name][output(place)]),
        value: (place) => play.outputs[name][output(place)],
    });
    return [
        { name: "task", text: (place) => play.taskName(run(place)), value: (place) => flow().task[place] },
        { name: "host", text: (place) => play.word("run.host", run(place)) },
        ...["records", "bytes"].map(amount),
        {
            name: "stored_s",
            isNumber: true,
            text: (place) => secondsText(flow().from[place]),
            value: (place) => flow().from[place],
        },
    ];
}
