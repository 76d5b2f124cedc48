/** A table of facts of any length: it holds elements only for the rows in sight. */
import { make, stateClass } from "./dom.js";
import { allRows, rowsInOrder, sortedRows } from "./sorting.js";

const TABLE_ROW_HEIGHT = 24;
const TABLE_MORE = 12;
const TABLE_LONG = 40;
const TABLE_WIDEST = 36;
let nTables = 0;

/**
 * A table whose rows are numbers, shown by `columns`: {name, text, value, bar, isNumber, isState, isMono, letters}.
 * `text`, `value` and `bar` are functions of a row: `value` is what is sorted by (default: the text), `bar` the share of
 * the cell that a bar fills. `isNumber` also says which side the column stands at, `letters` about how many are in sight.
 *
 * `rowClass(row)` gives rows a class, `onSelect(row)` lets them be chosen, by a click or by the arrow keys. `show(rows)`
 * takes the rows to be shown, in order; a click on a head sorts them, a second one the other way round, a third one not
 * at all. Where the values of a row never change, `nRows()` says how many rows there are in all, from 0 on: then they
 * are sorted once for all times.
 */
export function factTable({ caption, columns, height = 300, rowClass = null, onSelect = null, nRows = null }) {
    const heads = columns.map((column, number) => tableHead(column, () => sortBy(number)));
    const topGap = tableGap(columns.length);
    const bottomGap = tableGap(columns.length);
    const body = make("tbody", {}, topGap, bottomGap);
    const text = make("caption", { textContent: caption });
    const table = make("table", {}, text, make("thead", {}, make("tr", {}, ...heads)), body);
    const element = make("div", { className: "dsim-facts", tabIndex: onSelect ? -1 : 0 }, table);
    const name = `dsim-facts-${(nTables += 1)}`;
    const widest = columns.map(() => 0);
    const orders = new Map();
    const lines = [];
    let given = [];
    let rows = [];
    let sorting = { column: -1, sign: 1 };
    let selected = -1;
    let first = -1;
    let last = -1;
    element.style.maxHeight = `${height}px`;
    element.setAttribute("role", "region");
    element.setAttribute("aria-label", caption);
    if (columns.length && !columns[columns.length - 1].isNumber) {
        table.className = "dsim-facts-open";
    }
    if (onSelect) {
        table.tabIndex = 0;
        table.setAttribute("role", "grid");
        table.onkeydown = takeKey;
    }

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
        show(given);
    }

    function show(newRows) {
        given = newRows;
        rows = inOrder();
        table.setAttribute("aria-rowcount", String(rows.length + 1));
        draw(true);
    }

    /** The given rows as they are sorted now. */
    function inOrder() {
        const column = columns[sorting.column];
        if (!column || nRows === null) {
            return sortedRows(given, column, sorting.sign);
        }
        const key = `${sorting.column}:${sorting.sign}`;
        if (!orders.has(key)) {
            orders.set(key, sortedRows(allRows(nRows()), column, sorting.sign));
        }
        return rowsInOrder(given, orders.get(key));
    }

    function draw(isNew = false) {
        const most = rows.length * TABLE_ROW_HEIGHT;
        const top = Math.min(element.scrollTop, Math.max(0, most - height));
        const from = Math.max(0, Math.floor(top / TABLE_ROW_HEIGHT) - TABLE_MORE);
        const to = Math.min(rows.length, Math.ceil((top + height) / TABLE_ROW_HEIGHT) + TABLE_MORE);
        if (!isNew && from === first && to === last) {
            return;
        }
        [first, last] = [from, to];
        // Lines stay where they are and get another row: so a click that begins on one ends on it, too.
        while (lines.length > to - from) {
            lines.pop().element.remove();
        }
        while (lines.length < to - from) {
            const line = tableLine(columns);
            line.element.onclick = () => onSelect && select(line.row);
            lines.push(line);
            bottomGap.before(line.element);
        }
        lines.forEach((line, place) => fill(line, rows[from + place], from + place));
        setGap(topGap, from);
        setGap(bottomGap, rows.length - to);
        markActive();
    }

    function fill(line, row, number) {
        line.row = row;
        const looks = `${rowClass ? rowClass(row) : ""}${onSelect ? " dsim-choice" : ""}`.trim();
        if (line.element.className !== looks) {
            line.element.className = looks;
        }
        if (line.number !== number) {
            line.number = number;
            line.element.id = `${name}-${number}`;
            line.element.setAttribute("aria-rowindex", String(number + 2));
        }
        if (onSelect) {
            line.element.setAttribute("aria-selected", String(row === selected));
        }
        columns.forEach((column, place) => {
            const cell = line.cells[place];
            const shown = column.text(row);
            if (cell.shown !== shown) {
                cell.shown = shown;
                cell.place.textContent = shown;
                if (column.isState) {
                    cell.place.className = shown ? `dsim-word ${stateClass(shown)}` : "";
                } else if (shown.length > TABLE_LONG) {
                    cell.element.title = shown;
                } else {
                    cell.element.removeAttribute("title");
                }
                widen(place, shown.length);
            }
            if (column.bar) {
                cell.element.style.setProperty("--dsim-share", `${(100 * column.bar(row)).toFixed(1)}%`);
            }
        });
    }

    /** Columns only ever get wider, so that they stand still while rows pass. */
    function widen(place, nLetters) {
        const letters = Math.min(nLetters, columns[place].letters ?? TABLE_WIDEST);
        if (letters > widest[place]) {
            widest[place] = letters;
            heads[place].style.minWidth = `calc(${(letters * 0.9).toFixed(1)}ch + 18px)`;
        }
    }

    function select(row) {
        selected = row;
        draw(true);
        onSelect(row);
    }

    function takeKey(event) {
        if (event.target !== table) {
            return;
        }
        const place = rows.indexOf(selected);
        const page = Math.max(1, Math.floor(height / TABLE_ROW_HEIGHT) - 3);
        const steps = { ArrowUp: place - 1, ArrowDown: place + 1, PageUp: place - page, PageDown: place + page };
        const goal = { ...steps, Home: 0, End: rows.length };
        const isPress = event.key === "Enter" || event.key === " ";
        if (!(event.key in goal || isPress) || rows.length === 0) {
            return;
        }
        event.preventDefault();
        event.stopPropagation();
        const next = isPress ? place : Math.max(0, Math.min(rows.length - 1, goal[event.key]));
        if (next >= 0 && (isPress || next !== place)) {
            bringInSight(next);
            select(rows[next]);
        }
    }

    function bringInSight(place) {
        const edge = element.clientHeight - text.offsetHeight - heads[0].offsetHeight - TABLE_ROW_HEIGHT;
        const top = place * TABLE_ROW_HEIGHT;
        if (top < element.scrollTop) {
            element.scrollTop = top;
        } else if (top > element.scrollTop + edge) {
            element.scrollTop = top - edge;
        }
    }

    /** Tell who hears the table which row is the chosen one. */
    function markActive() {
        if (onSelect) {
            const line = lines.find((one) => one.row === selected);
            if (line) {
                table.setAttribute("aria-activedescendant", line.element.id);
            } else {
                table.removeAttribute("aria-activedescendant");
            }
        }
    }

    element.addEventListener("scroll", () => draw());
    return {
        element,
        show,
        /** Give the table another caption. */
        name(words) {
            if (text.textContent !== words) {
                text.textContent = words;
            }
        },
        /** Mark a row as chosen, without telling anybody. */
        mark(row) {
            selected = row;
            draw(true);
        },
        /** Bring the last row in sight. */
        toEnd() {
            element.scrollTop = rows.length * TABLE_ROW_HEIGHT + height;
            draw();
        },
        /** Bring the first row in sight. */
        toStart() {
            element.scrollTop = 0;
            draw();
        },
        /** Whether the last row is in sight. */
        isAtEnd: () => element.scrollTop + element.clientHeight >= element.scrollHeight - TABLE_ROW_HEIGHT,
    };
}

function tableHead(column, sort) {
    const arrow = make("span");
    arrow.setAttribute("aria-hidden", "true");
    const button = make("button", { type: "button", onclick: sort }, column.name, arrow);
    const head = make("th", { scope: "col", className: column.isNumber ? "dsim-number" : "" }, button);
    head.setAttribute("aria-sort", "none");
    return head;
}

/** An empty row that stands for those out of sight. */
function tableGap(nColumns) {
    const line = make("tr", { className: "dsim-gap", hidden: true }, make("td", { colSpan: nColumns }));
    line.setAttribute("aria-hidden", "true");
    return line;
}

function setGap(gap, nRows) {
    gap.hidden = nRows === 0;
    gap.firstChild.style.height = `${nRows * TABLE_ROW_HEIGHT}px`;
}

/** A row that can be filled again and again. */
function tableLine(columns) {
    const cells = columns.map((column) => {
        const looks = [column.isNumber && "dsim-number", column.isMono && "dsim-mono", column.bar && "dsim-barred"];
        const element = make("td", { className: looks.filter(Boolean).join(" ") });
        if (column.letters) {
            element.style.maxWidth = `calc(${column.letters}ch + 18px)`;
        }
        const place = column.isState ? element.appendChild(make("span")) : element;
        return { element, place, shown: "" };
    });
    return { element: make("tr", {}, ...cells.map((cell) => cell.element)), cells, row: -1, number: -1 };
}
