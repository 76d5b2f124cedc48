/** Columns as `packing.py` packs them: numbers as typed arrays, words by their codes, texts when they are first wanted. */

const COLUMN_ARRAYS = { u1: Uint8Array, i4: Int32Array, f8: Float64Array };
const COLUMN_GRAIN = 1e6;

/** The columns packed into `bytes`, an ArrayBuffer or a view of one. */
export async function unpack(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Columns(await new Response(stream).arrayBuffer());
}

/** Columns by name, and the facts that came with them. */
export class Columns {
    constructor(buffer) {
        const length = new DataView(buffer).getUint32(0, true);
        const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
        this.facts = header.facts;
        this.buffer = buffer;
        this.start = 4 + length;
        this.columns = header.columns;
        this.made = new Map();
    }

    /** The values of a column: a typed array, or for texts an array. A column that is not there is empty. */
    column(name) {
        if (!this.made.has(name)) {
            this.made.set(name, this.make(name));
        }
        return this.made.get(name);
    }

    /** The different words of a column of words; its values are their numbers. */
    words(name) {
        return this.columns[name]?.[4] ?? [];
    }

    make(name) {
        if (!(name in this.columns)) {
            return [];
        }
        const [kind, offset, count, meaning] = this.columns[name];
        if (kind === "text") {
            return JSON.parse(new TextDecoder().decode(new Uint8Array(this.buffer, this.start + offset, count)));
        }
        const values = new COLUMN_ARRAYS[kind](this.buffer, this.start + offset, count);
        if (meaning === "time") {
            return addedUp(values);
        }
        return meaning === "span" ? Float64Array.from(values, (grain) => (grain < 0 ? NaN : grain / COLUMN_GRAIN)) : values;
    }
}

/** Seconds, of the steps in microseconds from each to the next. */
export function addedUp(steps) {
    const seconds = new Float64Array(steps.length);
    let grains = 0;
    for (let number = 0; number < steps.length; number++) {
        grains += steps[number];
        seconds[number] = grains / COLUMN_GRAIN;
    }
    return seconds;
}
