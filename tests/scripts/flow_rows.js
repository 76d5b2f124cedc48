/** The partitions at some times as the flow pane tells them, as JSON: node flow_rows.js PACKED "[0, 1.5]" */
import { readFileSync } from "node:fs";

import { unpack } from "../../disco_sim/views/static/columns.js";
import { FlowReaders } from "../../disco_sim/views/static/flow_readers.js";
import { FlowState } from "../../disco_sim/views/static/flow_state.js";
import { Playback } from "../../disco_sim/views/static/playback.js";

const [path, times] = process.argv.slice(2);
const play = new Playback(await unpack(readFileSync(path)));
const flows = play.stages.map((_, stage) => new FlowState(play, stage));
const readers = flows.map((flow) => new FlowReaders(play, flow));

const rows = JSON.parse(times).map((time) =>
    flows.flatMap((flow, stage) => {
        flow.moveTo(time);
        return flow.parts.map((column) => [
            play.stages[stage].name, flow.labels[column], readers[stage].hostAt(column, time),
            flow.sums[0][column], flow.sums[1][column],
        ]);
    }),
);
console.log(JSON.stringify(rows));
