/** What there is to say of the nodes of a cluster at a time. Knows nothing of pages. */
import { amountText, secondsText } from "./dom.js";

const CLUSTER_STATUSES = ["dead", "blacklisted", "slow"];
const CLUSTER_MOST_SLOTS_TOLD = 12;
/** What a slot holds besides runs of the job, which are numbers from 0 on. */
export const SLOT_FREE = -1;
export const SLOT_OTHER = -2;

/** For each node its status and its speed at a time. */
export function conditionsAt(play, time) {
    const conditions = play.nodes.map((node) => ({ status: "alive", speed: node.speed }));
    for (let row = 0; row < play.spells.length; row++) {
        if (play.spells.from[row] <= time && !(play.spells.to[row] <= time)) {
            const condition = conditions[play.spellNode[row]];
            const kind = play.word("spell.kind", row);
            // The first one that is true, in this order.
            condition.status = CLUSTER_STATUSES.find((status) => status === kind || status === condition.status);
            condition.speed /= kind === "slow" ? Number(play.word("spell.slowness", row)) : 1;
        }
    }
    return conditions;
}

/**
 * For each node what the nodes table says of it, and what each of its slots holds: the number of a run, SLOT_FREE or
 * SLOT_OTHER. `busy` counts the runs of all jobs, the other counters those of this one.
 */
export function nodesAt(play, time) {
    return conditionsAt(play, time).map(({ status, speed }, number) => {
        const { host, slots } = play.nodes[number];
        const { done, failed, dataErrors } = play.nodeAt(number, time);
        const holds = new Int32Array(slots);
        let busy = 0;
        for (let slot = 0; slot < slots; slot++) {
            holds[slot] = play.runInSlot(number, slot, time);
            busy += holds[slot] !== SLOT_FREE;
        }
        return { host, slots, busy, done, failed, dataErrors, status, speed, holds };
    });
}

/** A speed without needless digits. */
export function speedText(speed) {
    return String(Number(speed.toPrecision(3)));
}

/** The share of its time that a run has behind it, from 0 to 1; NaN when nobody knows how long it will take. */
export function shareGone(play, run, time) {
    const length = play.runs.end[run] - play.runs.start[run];
    return length > 0 ? Math.min(1, Math.max(0, (time - play.runs.start[run]) / length)) : length === 0 ? 1 : NaN;
}

/** The columns of the nodes table, for `factTable`; `nodes()` gives the nodes as they are told now. */
export function nodeColumns(nodes) {
    const count = (name, key = name) => ({
        name,
        isNumber: true,
        value: (node) => nodes()[node][key],
        text: (node) => amountText(nodes()[node][key]),
    });
    return [
        { name: "host", text: (node) => nodes()[node].host },
        ...["slots", "busy", "done", "failed"].map((name) => count(name)),
        count("data_errors", "dataErrors"),
        { name: "status", isState: true, text: (node) => nodes()[node].status },
        {
            name: "speed",
            isNumber: true,
            value: (node) => nodes()[node].speed,
            text: (node) => speedText(nodes()[node].speed),
        },
    ];
}

/** A number of things in words: 1 data error, 2 data errors. */
export function countedText(number, name, many = `${name}s`) {
    return `${amountText(number)} ${number === 1 ? name : many}`;
}

/** The three counters of a node: runs that ended well, that failed for their data, and that failed otherwise. */
export function countersText(node) {
    const crashes = countedText(node.failed, "crash", "crashes");
    return `${amountText(node.done)} ok, ${countedText(node.dataErrors, "data error")}, ${crashes}`;
}

/** The hint of a node: a title, and pairs of a name and a text. `runName(run)` names a run of the job. */
export function nodeHint(play, node, runName) {
    const speed = node.speed === 1 ? "" : `, speed ${speedText(node.speed)}`;
    const facts = [["status", `${node.status}${speed}`]];
    node.holds.slice(0, CLUSTER_MOST_SLOTS_TOLD).forEach((run, slot) => {
        const since = run >= 0 ? `${runName(run)} since ${secondsText(play.runs.start[run])} s` : "";
        facts.push([`slot ${slot}`, since || (run === SLOT_OTHER ? "a run of another job" : "free")]);
    });
    if (node.slots > CLUSTER_MOST_SLOTS_TOLD) {
        facts.push(["busy", `${amountText(node.busy)} of ${countedText(node.slots, "slot")}`]);
    }
    facts.push(["ended", countersText(node)]);
    return { title: node.host, facts };
}

/** The cluster in a sentence. */
export function clusterSentence(nodes, time) {
    const sum = (value) => nodes.reduce((total, node) => total + value(node), 0);
    const words = [
        `Cluster at ${secondsText(time)} s: ${countedText(nodes.length, "node")}`,
        `${amountText(sum((node) => node.busy))} of ${countedText(sum((node) => node.slots), "slot")} busy`,
    ];
    for (const status of CLUSTER_STATUSES) {
        const hosts = nodes.filter((node) => node.status === status).map((node) => node.host);
        if (hosts.length) {
            const names = `${hosts.slice(0, 3).join(", ")}${hosts.length > 3 ? ", …" : ""}`;
            words.push(`${amountText(hosts.length)} ${status} (${names})`);
        }
    }
    return `${words.join(", ")}.`;
}

/** The failed and lost runs of a job by their ends, to be found fast. */
export function badEnds(play) {
    const runs = [];
    for (let run = 0; run < play.runs.length; run++) {
        if (play.runs.status[run] >= 2) {
            runs.push(run);
        }
    }
    runs.sort((one, other) => play.runs.end[one] - play.runs.end[other]);
    return { runs, ends: Float64Array.from(runs, (run) => play.runs.end[run]) };
}
