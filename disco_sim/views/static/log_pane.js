/** The pane of the log: its lines up to a time. */
import { choiceBox, filterBox, toolRow } from "./controls.js";
import { make, makeButton, secondsText } from "./dom.js";
import { Haystacks, inWordOrder, matchingRows, rowsBelow, shownText } from "./filters.js";
import { allRows } from "./sorting.js";
import { factTable } from "./table.js";

const LOG_HEIGHT = 430;

/** The columns of the log, for `factTable`. */
export function lineColumns(play) {
    const { lines } = play;
    return [
        {
            name: "time_s",
            isNumber: true,
            text: (row) => secondsText(lines.time[row]),
            value: (row) => lines.time[row],
        },
        { name: "host", text: (row) => play.word("line.host", row) },
        { name: "level", isState: true, text: (row) => play.word("line.level", row) },
        { name: "stage", text: (row) => play.word("line.stage", row) },
        {
            name: "task",
            isNumber: true,
            text: (row) => (lines.task[row] < 0 ? "–" : String(lines.task[row])),
            value: (row) => (lines.task[row] < 0 ? NaN : lines.task[row]),
        },
        { name: "message", text: (row) => lines.message[row] },
    ];
}

/** Tests that lines of a log pass: what they say, their host and their level; "" for any. */
export function lineTests(play, haystacks, { text, host, level }) {
    const tests = [];
    for (const [name, word] of [["host", host], ["level", level]]) {
        if (word) {
            const code = play.columns.words(`line.${name}`).indexOf(word);
            tests.push((row) => play.lines[name][row] === code);
        }
    }
    const search = haystacks.test(text);
    return search ? [...tests, search] : tests;
}

/** The lines, filters over them, and the way back to the newest one. */
export function logPane({ play }) {
    const element = make("div", { className: "dsim-log" });
    const wanted = { text: "", host: "", level: "" };
    let time = 0;
    let parts = null;
    let found = null;
    let shown = "";
    let nFilters = 0;
    let isFollowing = true;

    /** Lines are unpacked only when the pane is first looked at. */
    function begin() {
        const { lines } = play;
        const haystacks = new Haystacks(lines.length, (row) => lines.message[row]);
        const choices = (name) => {
            const words = inWordOrder(play.columns.words(`line.${name}`));
            return [["", "all"], ...words.map((word) => [word, word])];
        };
        const change = (name) => (value) => {
            wanted[name] = value;
            found = matchingRows(lines.length, lineTests(play, haystacks, wanted));
            nFilters += 1;
            draw(time);
        };
        const tools = toolRow(
            filterBox("words of a message", change("text")),
            choiceBox("Node", choices("host"), "", change("host")),
            choiceBox("Level", choices("level"), "", change("level")),
        );
        const newest = makeButton("To the newest line", () => {
            isFollowing = true;
            follow();
        });
        tools.element.append(newest);
        const columns = lineColumns(play);
        const table = factTable({ caption: "Log", columns, height: LOG_HEIGHT, nRows: () => lines.length });
        table.element.addEventListener("scroll", () => {
            isFollowing = table.isAtEnd();
            newest.hidden = isFollowing;
        });
        element.append(tools.element, table.element);
        found = allRows(lines.length);
        return { table, tools, newest };
    }

    function follow() {
        if (isFollowing) {
            parts.table.toEnd();
        }
        parts.newest.hidden = isFollowing;
    }

    function draw(newTime) {
        time = newTime;
        parts ??= begin();
        const nLines = play.nLinesAt(time);
        const rows = rowsBelow(found, nLines);
        const key = `${nFilters} ${rows.length}`;
        if (key !== shown) {
            shown = key;
            parts.table.show(rows);
        }
        follow();
        parts.tools.told.textContent = shownText(rows.length, nLines, "line");
        parts.table.name(`Log up to ${secondsText(time)} s (virtual)`);
    }

    return { name: "Log", element, draw };
}
