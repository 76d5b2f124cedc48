/** Rows found by what they say. Knows nothing of pages. */
import { countUpTo } from "./playback.js";

/** The rows from 0 on that pass every test. */
export function matchingRows(nRows, tests) {
    const found = new Int32Array(nRows);
    let nFound = 0;
    for (let row = 0; row < nRows; row++) {
        if (tests.every((test) => test(row))) {
            found[nFound++] = row;
        }
    }
    return found.subarray(0, nFound);
}

/** The first of `rows`, which are in order, that are below `nRows`: a part of the same array. */
export function rowsBelow(rows, nRows) {
    return rows.subarray(0, countUpTo(rows, nRows - 1));
}

/** Texts of rows to be searched without regard to case; they are made when one is first searched. */
export class Haystacks {
    constructor(nRows, text) {
        this.nRows = nRows;
        this.text = text;
    }

    /** A test of a row: whether its text has `needle`; null when there is nothing to be looked for. */
    test(needle) {
        const wanted = needle.trim().toLowerCase();
        if (!wanted) {
            return null;
        }
        this.texts ??= Array.from({ length: this.nRows }, (_, row) => this.text(row).toLowerCase());
        return (row) => this.texts[row].includes(wanted);
    }
}

/** How many are shown: "12 results", or "3 of 12 results" when some are not. */
export function shownText(nShown, nAll, one) {
    const amount = (number) => number.toLocaleString("en-US");
    const things = nAll === 1 ? one : `${one}s`;
    return nShown === nAll ? `${amount(nAll)} ${things}` : `${amount(nShown)} of ${amount(nAll)} ${things}`;
}

/** Words in the order of people: node2 comes before node10. */
export function inWordOrder(words) {
    return [...words].sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
}
