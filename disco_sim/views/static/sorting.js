/** Rows put in the order of a column's values. Knows nothing of pages. */

/**
 * Below 0, 0 or above, as the first of two numbers or texts comes before the second; with a `sign` of -1 the other way
 * round. NaN, which stands for what is not known, comes last both ways.
 */
export function compareValues(one, other, sign = 1) {
    if (typeof one === "number" && typeof other === "number") {
        if (Number.isNaN(one) || Number.isNaN(other)) {
            return Number(Number.isNaN(one)) - Number(Number.isNaN(other));
        }
        return sign * (one - other);
    }
    return one < other ? -sign : one > other ? sign : 0;
}

/** Rows sorted by a column; what is equal stays in its order. Without a column they are as given. */
export function sortedRows(rows, column, sign) {
    if (!column) {
        return rows;
    }
    const value = column.value ?? column.text;
    const values = Array.from(rows, (row) => value(row));
    const order = new Uint32Array(rows.length);
    for (let number = 0; number < order.length; number++) {
        order[number] = number;
    }
    order.sort((one, other) => compareValues(values[one], values[other], sign) || one - other);
    return Int32Array.from(order, (number) => rows[number]);
}

/** Those of `order`, in which each row is once, that are among `rows`. */
export function rowsInOrder(rows, order) {
    const isThere = new Uint8Array(order.length);
    for (let number = 0; number < rows.length; number++) {
        isThere[rows[number]] = 1;
    }
    const found = new Int32Array(rows.length);
    let nFound = 0;
    for (let number = 0; number < order.length; number++) {
        if (isThere[order[number]]) {
            found[nFound++] = order[number];
        }
    }
    return found;
}

/** The numbers from 0 on, as rows. */
export function allRows(count) {
    const rows = new Int32Array(count);
    for (let row = 0; row < count; row++) {
        rows[row] = row;
    }
    return rows;
}
