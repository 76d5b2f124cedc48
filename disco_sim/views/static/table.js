/** A table of facts of any length: it holds elements only for the rows in sight. */
import { make, stateClass } from "./dom.js";

const TABLE_ROW_HEIGHT = 24;
const TABLE_MORE = 12;

/**
 * A table whose rows are numbers, shown by `columns`: {name, text(row), value(row), isNumber, isState, isMono}; `value`
 * is what is sorted by (default: the text), `isNumber` also says which side it stands at. `rowClass(row)` gives rows a
 * class, `onSelect(row)` makes them buttons. `show(rows)` takes the rows to be shown, in order; a click on a head sorts
 * them, a second one the other way round, a third one not at all.
 */
export function factTable({ caption, columns, height = 300, rowClass = null, onSelect = null }) {
    const heads = columns.map((column, number) => makeHead(column, () => sortBy(number)));
    const body = make("tbody");
    const text = make("caption", { textContent: caption });
    const table = make("table", {}, text, make("thead", {}, make("tr", {}, ...heads)), body);
    const element = make("div", { className: "dsim-facts", tabIndex: 0 }, table);
    element.style.maxHeight = `${height}px`;
    element.setAttribute("role", "region");
    element.setAttribute("aria-label", caption);
    let given = [];
    let rows = [];
    let sorting = { column: -1, sign: 1 };
    let selected = -1;
    let first = -1;
    let last = -1;

    function sortBy(number) {
        if (sorting.column !== number) {
            sorting = { column: number, sign: 1 };
        } else {
            sorting = sorting.sign > 0 ? { column: number, sign: -1 } : { column: -1, sign: 1 };
        }
        heads.forEach((head, other) => {
            const isBy = other === sorting.column;
            head.setAttribute("aria-sort", isBy ? (sorting.sign > 0 ? "ascending" : "descending") : "none");
            head.querySelector("span").textContent = isBy ? (sorting.sign > 0 ? " ↑" : " ↓") : "";
        });
        rows = sortedRows(given, columns[sorting.column], sorting.sign);
        draw(true);
    }

    function show(newRows) {
        given = newRows;
        rows = sortedRows(given, columns[sorting.column], sorting.sign);
        table.setAttribute("aria-rowcount", String(rows.length + 1));
        draw(true);
    }

    function draw(isNew = false) {
        const top = element.scrollTop;
        const from = Math.max(0, Math.floor(top / TABLE_ROW_HEIGHT) - TABLE_MORE);
        const to = Math.min(rows.length, Math.ceil((top + height) / TABLE_ROW_HEIGHT) + TABLE_MORE);
        if (!isNew && from === first && to === last) {
            return;
        }
        [first, last] = [from, to];
        const lines = [];
        for (let number = from; number < to; number++) {
            lines.push(makeLine(rows[number], number));
        }
        body.replaceChildren(makeGap(from), ...lines, makeGap(rows.length - to));
    }

    function makeGap(nRows) {
        const cell = make("td", { colSpan: columns.length });
        const line = make("tr", { className: "dsim-gap" }, cell);
        line.setAttribute("aria-hidden", "true");
        line.hidden = nRows === 0;
        cell.style.height = `${nRows * TABLE_ROW_HEIGHT}px`;
        return line;
    }

    function makeLine(row, number) {
        const line = make("tr", { className: rowClass ? rowClass(row) : "" });
        line.setAttribute("aria-rowindex", String(number + 2));
        for (const column of columns) {
            const shown = column.text(row);
            const cell = make("td", { className: column.isNumber ? "dsim-number" : column.isMono ? "dsim-mono" : "" });
            if (column.isState && shown) {
                cell.append(make("span", { className: `dsim-word ${stateClass(shown)}`, textContent: shown }));
            } else {
                cell.textContent = shown;
                if (shown.length > 40) {
                    cell.title = shown;
                }
            }
            line.append(cell);
        }
        if (onSelect) {
            line.tabIndex = 0;
            line.style.cursor = "pointer";
            line.setAttribute("aria-selected", String(row === selected));
            line.onclick = () => select(row);
            line.onkeydown = (event) => {
                if (event.key === "Enter" || event.key === " ") {
                    event.preventDefault();
                    event.stopPropagation();
                    select(row);
                }
            };
        }
        return line;
    }

    function select(row) {
        selected = row;
        draw(true);
        onSelect(row);
    }

    element.onscroll = () => draw();
    return {
        element,
        show,
        /** Give the table another caption. */
        name(words) {
            text.textContent = words;
        },
        /** Mark a row as chosen, without telling anybody. */
        mark(row) {
            selected = row;
            draw(true);
        },
        /** Bring the last row in sight. */
        toEnd() {
            element.scrollTop = rows.length * TABLE_ROW_HEIGHT;
            draw();
        },
    };
}

/** Rows sorted by a column; what is equal stays in its order. Without a column they are as given. */
export function sortedRows(rows, column, sign) {
    if (!column) {
        return rows;
    }
    const value = column.value ?? column.text;
    const values = new Map();
    for (const row of rows) {
        values.set(row, value(row));
    }
    return Array.from(rows).sort((one, other) => sign * compareValues(values.get(one), values.get(other)));
}

/** Below 0, 0 or above, as the first of two numbers or texts comes before the second; NaN comes last. */
export function compareValues(one, other) {
    if (typeof one === "number" && typeof other === "number") {
        return Number.isNaN(one) ? (Number.isNaN(other) ? 0 : 1) : Number.isNaN(other) ? -1 : one - other;
    }
    return one < other ? -1 : one > other ? 1 : 0;
}

function makeHead(column, sort) {
    const button = make("button", { type: "button", onclick: sort }, column.name, make("span"));
    const head = make("th", { scope: "col", className: column.isNumber ? "dsim-number" : "" }, button);
    head.setAttribute("aria-sort", "none");
    return head;
}
