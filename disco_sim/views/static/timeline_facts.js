/** What there is to say of a timeline: its legend, its places between the bars, and itself. Knows nothing of pages. */
import { SLOT_OTHER, countedText } from "./cluster_facts.js";
import { secondsText } from "./dom.js";
import { hasRoomForPhases } from "./timeline_layout.js";

/** What a timeline has to explain: the entries of its legend. */
export function timelineMarks(play, facts) {
    const longest = new Map();
    const states = new Set();
    let longestRun = 0;
    for (let run = 0; run < play.runs.length; run++) {
        states.add(play.runs.status[run]);
        longestRun = Math.max(longestRun, play.runs.end[run] - play.runs.start[run] || 0);
        for (const [kind, start, end] of facts.phases(run)) {
            longest.set(kind, Math.max(longest.get(kind) ?? 0, end - start));
        }
    }
    const spells = new Set(Array.from({ length: play.spells.length }, (_, row) => play.word("spell.kind", row)));
    const samples = [
        ["failed", "failed run", states.has(2)],
        ["lost", "lost run", states.has(3)],
        ["output-lost", "output lost later", facts.lostAt.size > 0],
        ["faint", "run of another job", play.others.length > 0],
        ["spell-dead", "dead node", spells.has("dead")],
        ["spell-blacklisted", "blacklisted node", spells.has("blacklisted")],
        ["slow", "slow node", spells.has("slow")],
    ];
    const found = samples.filter(([, , isThere]) => isThere).map(([looks, text]) => [looks, text]);
    return {
        hasPhases: longest.size > 0,
        /** Phases that are too short to be seen are not explained. */
        entries: (has, scale, row) => {
            const areSeen = has.phases && hasRoomForPhases(longestRun * scale.perSecond, row);
            const seen = (kind) => areSeen && longest.get(kind) * scale.perSecond >= 0.5;
            return [
                ["running", "still running"],
                ...found,
                ...(has.path ? [["path", "critical path"]] : []),
                ...["startup", "wait", "read", "transfer", "write"].filter(seen).map((kind) => [`phase-${kind}`, kind]),
            ];
        },
    };
}

/** The hint of a place in a slot where no run of the job is; null where there is nothing to tell. */
export function slotHint(play, { node, slot }, at, time) {
    if (at > time) {
        return null;
    }
    const told = [];
    for (let row = 0; row < play.spells.length; row++) {
        const { from, to } = play.spells;
        if (play.spellNode[row] === node && from[row] <= at && !(to[row] <= at)) {
            const until = to[row] <= time ? ` to ${secondsText(to[row])} s` : " s on";
            told.push([play.word("spell.kind", row), `from ${secondsText(from[row])}${until}`]);
        }
    }
    if (play.runInSlot(node, slot, at) === SLOT_OTHER) {
        told.push(["runs", "a run of another job"]);
    }
    return told.length ? { title: `${play.nodes[node].host}, slot ${slot}`, facts: told } : null;
}

/** The timeline in a sentence. */
export function timelineSentence(play, time) {
    const nRuns = play.nRunsAt(time);
    const counts = play.stages.map((stage, number) => {
        const { running, done, failed } = play.countersAt(number, time);
        return `${stage.name} ${done} done, ${running} running, ${failed} failed`;
    });
    const where = `${countedText(nRuns, "run")} on ${countedText(play.nodes.length, "node")}`;
    return `Timeline of ${play.facts.job} at ${secondsText(time)} s: ${where}; ${counts.join("; ")}.`;
}
