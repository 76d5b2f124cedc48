/** The pane of the flow: records of the tasks of one stage on their way through partitions to the next stage. */
import { choiceBox, switchBox, toolRow } from "./controls.js";
import { clearedCanvas, make, secondsText } from "./dom.js";
import { flowDetails } from "./flow_details.js";
import { flowHint, partitionColumns } from "./flow_facts.js";
import { binsText, flowHit, flowLayout, skewText, spreadOf, stepRange } from "./flow_layout.js";
import { flowRanges, flowSentence, paintFlow } from "./flow_paint.js";
import { packedKeys } from "./flow_contents.js";
import { FlowReaders, TaskStates, readerState } from "./flow_readers.js";
import { FLOW_UNITS, FlowState } from "./flow_state.js";
import { calmly, makeHint, pointOf } from "./picture.js";
import { factTable } from "./table.js";

/** For so large a share of the job, dots move after a run has ended; and at most so many. */
const FLOW_MOVES = 0.025;
const FLOW_MOST_DOTS = 240;
const FLOW_MUCH = 2000;
const FLOW_NOTHING = "This job has no stages whose output could flow.";

/** The picture and the table of partitions, and beside them what is in the one that is chosen. */
export function flowPane(context) {
    const { play, palette } = context;
    const stages = play.stages.map((_, stage) => stage).filter((stage) => play.stages[stage].labels.length > 0);
    if (stages.length === 0) {
        return { name: "Flow", element: make("div", { textContent: FLOW_NOTHING }), draw() {} };
    }
    const sights = new Map();
    let sight = sightOf(firstFlowStage(play, stages));
    let unit = firstFlowUnit(play, sight.flow.stage);
    let time = 0;
    let chosen = { column: -1, place: -1 };
    let pointed = null;
    let layout = flowLayout(sight.flow.nTasks, sight.flow.labels.length, 600);
    let known = "";
    let readers = [];
    let parts = [];

    const titles = stages.map((stage) => [stage, flowTitle(play, stage)]);
    const stageChoice = choiceBox("Stage", titles, sight.flow.stage, chooseStage);
    const unitSwitch = switchBox("Count by", FLOW_UNITS, FLOW_UNITS[unit], (name) => {
        unit = FLOW_UNITS.indexOf(name);
        draw(time);
    });
    const tools = toolRow(stageChoice, unitSwitch);
    const canvas = make("canvas", { role: "img" });
    const picture = make("div", { className: "dsim-flow-picture" }, canvas);
    const hint = makeHint(picture);
    const skew = make("p", { className: "dsim-sentence dsim-flow-skew" });
    const table = factTable({
        caption: "Partitions",
        height: 300,
        columns: partitionColumns(play, () => ({ ...sight, time, unit })),
        onSelect: (column) => choose({ column: column === chosen.column && chosen.place < 0 ? -1 : column, place: -1 }),
    });
    const details = flowDetails(context, (place) => choose({ column: chosen.column, place }));
    const main = make("div", { className: "dsim-main" }, picture, skew, table.element);
    const aside = make("div", { className: "dsim-aside" }, details.element);
    const sides = make("div", { className: "dsim-sides" }, main, aside);
    const element = make("div", { className: "dsim-flow" }, tools.element, sides);
    const tables = calmly(() => table.show(Int32Array.from(parts)));
    begin();

    /** What belongs to a stage; made when it is first looked at. */
    function sightOf(stage) {
        if (!sights.has(stage)) {
            const flow = new FlowState(play, stage);
            sights.set(stage, { flow, readers: new FlowReaders(play, flow), writers: new TaskStates(play, stage) });
        }
        return sights.get(stage);
    }

    /** At first the partition that is the largest in the end is looked into, if its keys are here. */
    function begin() {
        const { flow } = sight;
        flow.moveTo(play.duration);
        const { largest } = spreadOf(flow.sums[unit], flow.parts);
        const column = largest >= 0 && packedKeys(play, flow.stage, flow.labels[largest]) ? largest : -1;
        chosen = { column, place: -1 };
        known = "";
        table.mark(column);
        details.show(flow, chosen);
    }

    function chooseStage(value) {
        sight = sightOf(Number(value));
        unit = firstFlowUnit(play, sight.flow.stage) || unit;
        begin();
        draw(time);
    }

    function choose(newChosen) {
        chosen = newChosen;
        table.mark(chosen.column);
        details.show(sight.flow, chosen);
        draw(time);
    }

    function draw(newTime) {
        time = newTime;
        const { flow } = sight;
        flow.moveTo(time);
        const width = picture.clientWidth;
        layout = flowLayout(flow.nTasks, flow.labels.length, width);
        flow.setBins(layout.rowStep, layout.columnStep);
        const isStarted = play.stages[flow.stage].started_s <= time;
        const versions = [flow.stage, flow.version, sight.readers.versionAt(time), layout.columnStep];
        const key = [...versions, isStarted, time >= play.duration].join(" ");
        if (key !== known) {
            known = key;
            parts = flow.parts;
            readers = Array.from({ length: layout.nColumns }, (_, column) => readersIn(column));
            tables.call(parts.length > FLOW_MUCH);
            details.follow(flow);
        }
        paint(width);
        tools.told.textContent = binsText(layout);
        table.name(`Partitions of ${names().title} at ${secondsText(time)} s (virtual)`);
        showHint();
    }

    /** How far the reading tasks of a column of the picture are, and on which node when it is one partition. */
    function readersIn(column) {
        const sum = { tasks: [], nDone: 0, nRunning: 0, host: "" };
        const [from, to] = stepRange(column, layout.columnStep, layout.nLabels);
        for (let place = from; place < to; place++) {
            const found = sight.readers.at(place, time);
            sum.tasks.push(...found.tasks);
            sum.nDone += found.nDone;
            sum.nRunning += found.nRunning;
            sum.host = to - from === 1 ? sight.readers.hostAt(place, time) : "";
        }
        return { ...sum, state: readerState(sum) };
    }

    function names() {
        const { flow } = sight;
        const reader = sight.readers.stage < 0 ? "" : play.stages[sight.readers.stage].name;
        const { name } = play.stages[flow.stage];
        return { stage: name, reader, unit: FLOW_UNITS[unit], title: flowTitle(play, flow.stage) };
    }

    function paint(width) {
        const { flow, writers } = sight;
        const pen = clearedCanvas(canvas, width, layout.height);
        const spread = spreadOf(flow.sums[unit], parts);
        const columnSums = new Float64Array(layout.nColumns);
        flow.sums[unit].forEach((sum, column) => (columnSums[Math.floor(column / layout.columnStep)] += sum));
        const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
        const lasts = play.duration * FLOW_MOVES;
        const moving = isStill || time >= play.duration ? [] : flow.recent(lasts, FLOW_MOST_DOTS);
        paintFlow({
            pen, layout, palette: palette(), flow, unit, spread, columnSums, readers, chosen, names: names(),
            hostOfTask: (task) => hostOf(writers.at(task, time).run),
            dots: moving.map((place) => [place, (time - flow.from[place]) / lasts]),
        });
        const told = skewText(flow.sums[unit], parts, flow.labels, FLOW_UNITS[unit]);
        if (skew.textContent !== told) {
            skew.textContent = told;
        }
        const nPieces = flow.nArrived - flow.nGone;
        canvas.setAttribute(
            "aria-label",
            flowSentence({ names: names(), time, spread, unit, nPieces, nColumns: parts.length, skew: told }),
        );
    }

    function hostOf(run) {
        return run < 0 ? "" : play.word("run.host", run);
    }

    function showHint() {
        const hit = pointed && flowHit(layout, pointed.x, pointed.y);
        if (hit) {
            hint.show(flowHint(play, { ...sight, time, unit }, flowRanges(layout, hit), hit.row < 0), pointed, false);
        } else {
            hint.hide();
        }
        canvas.style.cursor = hit ? "pointer" : "";
    }

    /** Of several pieces or partitions in one place, the largest is chosen. */
    function chooseAt(hit) {
        const { flow } = sight;
        const { columns, tasks } = flowRanges(layout, hit);
        if (hit.row < 0) {
            let column = columns[0];
            for (let other = columns[0]; other < columns[1]; other++) {
                column = flow.sums[unit][other] > flow.sums[unit][column] ? other : column;
            }
            choose({ column, place: -1 });
            return;
        }
        const places = flow.placesIn(...tasks, ...columns);
        if (places.length) {
            const amounts = flow.amounts[unit];
            const place = places.reduce((most, other) => (amounts[other] > amounts[most] ? other : most));
            choose({ column: flow.column[place], place });
        }
    }

    canvas.onpointermove = (event) => {
        pointed = pointOf(event, canvas);
        showHint();
    };
    canvas.onpointerleave = () => {
        pointed = null;
        showHint();
    };
    canvas.onclick = (event) => {
        const point = pointOf(event, canvas);
        const hit = flowHit(layout, point.x, point.y);
        if (hit) {
            chooseAt(hit);
        }
    };
    return { name: "Flow", element, draw, destroy: tables.cancel };
}

/** From which stage to which: "map → reduce", or "output of reduce". */
export function flowTitle(play, stage) {
    const { name } = play.stages[stage];
    return stage + 1 < play.stages.length ? `${name} → ${play.stages[stage + 1].name}` : `output of ${name}`;
}

/**
 * The first stage that has stored anything which the next one reads by label or all at once: what a stage in between
 * reads by node is only joined. Else the first that has stored anything, and the first one when none has.
 */
export function firstFlowStage(play, stages) {
    const { outputs } = play;
    const found = new Set();
    for (let output = 0; output < outputs.length; output++) {
        if (outputs.records[output] > 0 || outputs.bytes[output] > 0) {
            found.add(outputs.stage[output]);
        }
    }
    const filled = stages.filter((stage) => found.has(stage));
    const read = filled.find((stage) => ["group_label", "group_all"].includes(play.stages[stage + 1]?.grouping));
    return read ?? filled[0] ?? stages[0];
}

/** Records are counted, but of a stage that stored none, bytes. */
function firstFlowUnit(play, stage) {
    const { outputs } = play;
    let hasBytes = false;
    for (let output = 0; output < outputs.length; output++) {
        if (outputs.stage[output] === stage) {
            if (outputs.records[output] > 0) {
                return 0;
            }
            hasBytes ||= outputs.bytes[output] > 0;
        }
    }
    return hasBytes ? 1 : 0;
}
