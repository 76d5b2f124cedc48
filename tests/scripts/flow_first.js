/** The stage that the flow pane opens on, by name: node flow_first.js PACKED */
import { readFileSync } from "node:fs";

import { unpack } from "../../disco_sim/views/static/columns.js";
import { firstFlowStage } from "../../disco_sim/views/static/flow_pane.js";
import { Playback } from "../../disco_sim/views/static/playback.js";

const play = new Playback(await unpack(readFileSync(process.argv[2])));
const stages = play.stages.map((_, stage) => stage);
console.log(play.stages[firstFlowStage(play, stages)].name);
