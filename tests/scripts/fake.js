/** Columns for tests, without packing. */

const WORDS = new Set([
    "run.host", "run.kind", "run.reason", "spell.host", "spell.kind", "spell.slowness", "other.host", "path.kind",
    "oob.state", "line.host", "line.level", "line.stage",
]);

/**
 * What a Playback takes in the place of Columns: `columns` are plain arrays by name. Columns that are sent as words are
 * given as texts, and get their numbers here.
 */
export function fakeColumns(facts, columns) {
    const words = new Map();
    const values = new Map();
    for (const [name, column] of Object.entries(columns)) {
        if (WORDS.has(name)) {
            words.set(name, Array.from(new Set(column)));
            values.set(name, Int32Array.from(column, (word) => words.get(name).indexOf(word)));
        } else {
            values.set(name, column.some((value) => typeof value === "string") ? column : Float64Array.from(column));
        }
    }
    return {
        facts,
        columns,
        column: (name) => values.get(name) ?? [],
        words: (name) => words.get(name) ?? [],
    };
}
