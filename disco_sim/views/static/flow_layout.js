/** Where everything of the picture of a flow stands, and what its amounts are in words. Knows nothing of pages. */
import { amountText } from "./dom.js";

const FLOW_LEAST = 3;
const FLOW_ROWS_HEIGHT = 300;
const FLOW_MOST_ROW = 20;
const FLOW_MOST_COLUMN = 116;
const FLOW_FALL = 22;
const FLOW_BIN = 104;
const FLOW_TOP = 8;
const FLOW_SIDE = 78;
/** Above so many times the mean, a partition is told to be skewed. */
export const FLOW_SKEWED = 2;

/** How many things share one place, so that places are not smaller than can be seen. */
export function stepFor(count, room, least = FLOW_LEAST) {
    return Math.max(1, Math.ceil((count * least) / Math.max(room, least)));
}

/** The picture of so many tasks and partitions in a width: squares above, under them a bin for each column. */
export function flowLayout(nTasks, nLabels, width) {
    const rowStep = stepFor(nTasks, FLOW_ROWS_HEIGHT);
    const hasHosts = width >= 460 && rowStep === 1;
    const left = hasHosts ? 138 : 92;
    const room = Math.max(60, width - left - FLOW_SIDE);
    const columnStep = stepFor(nLabels, room);
    const nRows = Math.ceil(nTasks / rowStep);
    const nColumns = Math.ceil(nLabels / columnStep);
    const rowHeight = Math.min(FLOW_MOST_ROW, Math.floor(FLOW_ROWS_HEIGHT / Math.max(nRows, 1)));
    const columnWidth = Math.min(FLOW_MOST_COLUMN, room / Math.max(nColumns, 1));
    const binTop = FLOW_TOP + nRows * rowHeight + FLOW_FALL;
    const base = binTop + FLOW_BIN;
    return {
        width, left, hasHosts, top: FLOW_TOP, nTasks, nLabels, rowStep, columnStep, nRows, nColumns, rowHeight,
        columnWidth: columnWidth >= 8 ? Math.floor(columnWidth) : columnWidth,
        binTop, base, binHeight: FLOW_BIN, height: base + 62,
    };
}

/** What is at a point: {row, column} of a square, {row: -1, column} of a bin; null elsewhere. */
export function flowHit(layout, x, y) {
    const column = Math.floor((x - layout.left) / layout.columnWidth);
    if (column < 0 || column >= layout.nColumns) {
        return null;
    }
    const row = Math.floor((y - layout.top) / layout.rowHeight);
    if (row >= 0 && row < layout.nRows) {
        return { row, column };
    }
    return y >= layout.binTop && y <= layout.height ? { row: -1, column } : null;
}

/** The numbers from and to which something in a binned place reaches; the upper end is not among them. */
export function stepRange(place, step, count) {
    return [place * step, Math.min(count, (place + 1) * step)];
}

/** How full a place is, from 0 to 1, as it is drawn: what is not empty can be seen. */
export function darkness(amount, largest) {
    return amount > 0 && largest > 0 ? 0.12 + 0.88 * Math.min(1, amount / largest) ** 0.75 : 0;
}

/** A share in percent, with a decimal when it is small. */
export function percentText(share) {
    const percent = 100 * share;
    return `${percent > 0 && percent < 9.95 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

/** How much there is in all, the mean, and the column with the most; of the columns given. */
export function spreadOf(amounts, columns) {
    let total = 0;
    let largest = -1;
    for (const column of columns) {
        total += amounts[column];
        if (largest < 0 || amounts[column] > amounts[largest]) {
            largest = column;
        }
    }
    const mean = columns.length ? total / columns.length : 0;
    return { total, mean, largest: total > 0 ? largest : -1, times: total > 0 ? amounts[largest] / mean : 0 };
}

/** How unevenly partitions are filled, in words. */
export function skewText(amounts, columns, labels, unit) {
    const { total, mean, largest, times } = spreadOf(amounts, columns);
    if (largest < 0) {
        return `No ${unit} are there yet.`;
    }
    if (columns.length === 1) {
        return `All ${amountText(total)} ${unit} are in partition ${labels[largest]}.`;
    }
    if (columns.every((column) => amounts[column] === amounts[largest])) {
        return `All ${columns.length} partitions hold the same, ${amountText(mean)} ${unit}.`;
    }
    const skewed = times > FLOW_SKEWED ? ": skewed" : "";
    const share = percentText(amounts[largest] / total);
    return `Partition ${labels[largest]} holds ${share}, ${times.toFixed(1)} times the mean${skewed}.`;
}

/** What one row and one column of a binned picture stand for; "" when each is one. */
export function binsText({ rowStep, columnStep }) {
    const told = [
        rowStep > 1 ? `each row is ${rowStep} tasks` : "",
        columnStep > 1 ? `each column is ${columnStep} partitions` : "",
    ].filter(Boolean);
    return told.join(", ");
}

/** Numbers from the first to the last: "3", or "3–7". */
export function rangeText(first, last) {
    return first === last ? `${first}` : `${first}–${last}`;
}
