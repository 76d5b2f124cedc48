/** What a Playback says of a job at some times, as JSON: node facts.js PACKED "[0, 1.5]" */
import { readFileSync } from "node:fs";

import { unpack } from "../../disco_sim/views/static/columns.js";
import { Playback } from "../../disco_sim/views/static/playback.js";

const [path, times] = process.argv.slice(2);
const play = new Playback(await unpack(readFileSync(path)));

function runAt(run, time) {
    const { runs } = play;
    const isRunning = play.runStateAt(run, time) === "running";
    return [
        play.stages[runs.stage[run]].name, runs.task[run], runs.label[run], play.nodes[play.runNode[run]].host,
        runs.attempt[run], play.runStateAt(run, time), isRunning ? -1 : runs.records_in[run], runs.start[run],
    ];
}

function partitionsAt(time) {
    const found = {};
    for (let output = 0; output < play.outputs.length; output++) {
        if (play.isStoredAt(output, time)) {
            const key = `${play.stages[play.outputs.stage[output]].name} ${play.outputs.label[output]}`;
            found[key] = (found[key] ?? 0) + play.outputs.records[output];
        }
    }
    return found;
}

function slotsAt(time) {
    return play.nodes.map((node, number) =>
        Array.from({ length: node.slots }, (_, slot) => play.runInSlot(number, slot, time)),
    );
}

const facts = JSON.parse(times).map((time) => ({
    status: play.statusAt(time),
    counters: play.stages.map((stage, number) => [stage.name, ...Object.values(play.countersAt(number, time))]),
    nodes: play.nodes.map((node, number) => {
        const { busy, done, failed, dataErrors } = play.nodeAt(number, time);
        return [node.host, node.slots, busy, done, failed, dataErrors, play.nodeStatusAt(number, time)];
    }),
    runs: Array.from({ length: play.nRunsAt(time) }, (_, run) => runAt(run, time)),
    partitions: partitionsAt(time),
    busy: slotsAt(time).map((slots) => slots.filter((run) => run !== -1).length),
    keys: Array.from(play.oob.key.slice(0, play.nResultsAt(time))),
    messages: Array.from(play.lines.message.slice(0, play.nLinesAt(time))),
}));
console.log(JSON.stringify({ facts, moments: Array.from(play.moments) }));
