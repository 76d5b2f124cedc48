/** What outputs hold, as far as a page has it with it. Knows nothing of pages. */

/** The first records of the output with a number, as [key, value]; null when they are not here. */
export function packedRecords(play, output) {
    if (play.outputs.records[output] === 0 && play.outputs.bytes[output] === 0) {
        return [];
    }
    play.madeRecords ??= contentPlaces(play.columns.column("record.output"));
    const places = play.madeRecords.get(output);
    if (!places) {
        return null;
    }
    const keys = play.columns.column("record.key");
    const values = play.columns.column("record.value");
    return places.map((place) => [keys[place], values[place]]);
}

/** The largest keys of a partition at the end as [n_keys, [[key, records], ...]]; null when they are not here. */
export function packedKeys(play, stage, label) {
    const stages = play.columns.column("key.stage");
    const labels = play.columns.column("key.label");
    play.madeKeys ??= contentPlaces(Array.from(stages, (one, place) => `${one}:${labels[place]}`));
    const places = play.madeKeys.get(`${stage}:${label}`);
    if (!places) {
        return null;
    }
    const keys = play.columns.column("key.key");
    const records = play.columns.column("key.records");
    return [play.columns.column("key.n_keys")[places[0]], places.map((place) => [keys[place], records[place]])];
}

function contentPlaces(values) {
    const found = new Map();
    values.forEach((value, place) => {
        if (!found.has(value)) {
            found.set(value, []);
        }
        found.get(value).push(place);
    });
    return found;
}

/** "First 20 of 312 records", or how many there are when all are shown. */
export function shownOf(which, nShown, nAll, one) {
    const amount = (number) => number.toLocaleString("en-US");
    const things = nAll === 1 ? one : `${one}s`;
    return nShown < nAll ? `${which} ${amount(nShown)} of ${amount(nAll)} ${things}` : `${amount(nAll)} ${things}`;
}
