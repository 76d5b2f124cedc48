/** The pane of the out-of-band results: what has been committed or dropped by a time, and by which tasks. */
import { choiceBox, filterBox, toolRow } from "./controls.js";
import { make, makeButton, secondsText } from "./dom.js";
import { Haystacks, matchingRows, rowsBelow, shownText } from "./filters.js";
import { ResultTally, resultColumns, resultTaskColumns, resultText } from "./oob_facts.js";
import { allRows } from "./sorting.js";
import { factTable } from "./table.js";

const OOB_HEIGHT = 400;
const OOB_NONE = "This job has no out-of-band results. A job function stores one with put(key, value).";

/** The results with filters over them, and beside them the tasks that put them. */
export function oobPane({ play }) {
    const element = make("div", { className: "dsim-oob" });
    const wanted = { text: "", state: "", task: -1 };
    let time = 0;
    let parts = null;
    let found = null;
    let shown = "";
    let nFilters = 0;

    /** Keys and values are unpacked only when the pane is first looked at. */
    function begin() {
        const { oob } = play;
        const tally = new ResultTally(play);
        const haystacks = new Haystacks(oob.length, (row) => resultText(play, row));
        const change = (name, value) => {
            wanted[name] = value;
            found = matchingRows(oob.length, resultTests(tally, haystacks, wanted));
            nFilters += 1;
            draw(time);
        };
        const states = [["", "all"], ["committed", "committed"], ["dropped", "dropped"]];
        const tools = toolRow(
            filterBox("key, value or task", (text) => change("text", text)),
            choiceBox("State", states, "", (state) => change("state", state)),
        );
        const allTasks = makeButton("All tasks", () => chooseTask(-1), { hidden: true });
        tools.element.append(allTasks);
        const summary = make("p", { className: "dsim-sentence" });
        const results = factTable({
            caption: "Results",
            columns: resultColumns(play),
            height: OOB_HEIGHT,
            rowClass: (row) => (tally.isDropped(row) ? "dsim-struck" : ""),
            nRows: () => oob.length,
        });
        const tasks = factTable({
            caption: "By task",
            columns: resultTaskColumns(tally),
            height: OOB_HEIGHT,
            onSelect: (task) => chooseTask(task === wanted.task ? -1 : task),
        });
        const chooseTask = (task) => {
            tasks.mark(task);
            allTasks.hidden = task < 0;
            change("task", task);
        };
        const main = make("div", { className: "dsim-main" }, results.element);
        const aside = make("div", { className: "dsim-aside" }, tasks.element);
        element.append(summary, tools.element, make("div", { className: "dsim-sides" }, main, aside));
        found = allRows(oob.length);
        return { tally, tools, summary, results, tasks };
    }

    function draw(newTime) {
        time = newTime;
        if (play.oob.length === 0) {
            element.textContent = OOB_NONE;
            return;
        }
        parts ??= begin();
        const { tally, tools, summary, results, tasks } = parts;
        const nResults = play.nResultsAt(time);
        const rows = rowsBelow(found, nResults);
        if (tally.count !== nResults || shown === "") {
            tally.moveTo(nResults);
            tasks.show(tally.tasks);
        }
        const key = `${nFilters} ${rows.length}`;
        if (key !== shown) {
            shown = key;
            results.show(rows);
        }
        const whose = wanted.task < 0 ? "" : ` (only of ${tally.names[wanted.task]})`;
        summary.textContent = tally.sentence;
        tools.told.textContent = `${shownText(rows.length, nResults, "result")}${whose}`;
        results.name(`Results up to ${secondsText(time)} s (virtual)`);
    }

    return { name: "OOB", element, draw };
}

/** Tests that results pass: what they say, their state and their task; "" and -1 for any. */
export function resultTests(tally, haystacks, { text, state, task }) {
    const tests = [];
    if (task >= 0) {
        tests.push((row) => tally.taskOf[row] === task);
    }
    if (state) {
        tests.push((row) => tally.isDropped(row) === (state === "dropped"));
    }
    const search = haystacks.test(text);
    return search ? [...tests, search] : tests;
}
