/** The bars of a timeline, drawn: one per run, with its state, its phases and its name. */
import { stageColour } from "./dom.js";
import { frameBox, hatchBox } from "./picture.js";
import { firstInSight, hasRoomForPhases } from "./timeline_layout.js";

const BAR_LETTER = 6.4;
/** Bars lower than this have no details. */
const BAR_PLAIN = 9;
const BAR_DASHES = [4, 3];

/** How the phases of a run are toned at the foot of its bar; cpu is the bar itself. */
const PHASE_TONES = {
    startup: ["ground", 0.7],
    wait: ["ink", 0.7],
    read: ["ground", 0.4],
    transfer: ["ink", 0.35],
    write: ["ground", 0.4],
};

/** Where the row of a slot begins, on the canvas. */
export function rowTop({ layout, top }, node, slot) {
    return layout.axis + layout.tops[node] + slot * layout.row - top;
}

/** Those of `rows`, in order of their starts, that may be in sight. */
function* rowsInSight(rows, starts, scale) {
    for (let place = firstInSight(rows, starts, scale.from); place < rows.length; place++) {
        if (starts[rows[place]] > scale.to) {
            return;
        }
        yield rows[place];
    }
}

/** Draw the runs of other jobs in a slot. */
export function paintOthers({ pen, layout, scale, palette, play }, node, slot, y) {
    const rows = play.slotRuns.others[play.slotRuns.first[node] + slot];
    if (!rows) {
        return;
    }
    const { start, end } = play.others;
    pen.fillStyle = palette.soft;
    pen.globalAlpha = 0.2;
    for (const row of rowsInSight(rows, start, scale)) {
        const left = Math.max(scale.left, scale.x(start[row]));
        const right = Math.min(scale.right, scale.x(Number.isNaN(end[row]) ? play.duration : end[row]));
        if (right > scale.left) {
            pen.fillRect(left, y + 2, Math.max(1, right - left - 1), layout.row - 4);
        }
    }
    pen.globalAlpha = 1;
}

/** The box of the bar of a run, cut where the picture ends; null where nothing of it is in sight. */
export function barBox({ layout, scale, play, time }, run, y) {
    const { start, end } = play.runs;
    // A run that goes on is as long as it will be: what is later is faint. An end that nobody knows is now.
    const until = Number.isNaN(end[run]) ? Math.max(time, start[run]) : end[run];
    const left = Math.round(Math.max(scale.left, scale.x(start[run])));
    const right = Math.round(Math.min(scale.right, scale.x(until)));
    if (scale.x(until) < scale.left || left > scale.right) {
        return null;
    }
    const inset = layout.row >= 10 ? 2 : 1;
    // A pixel is left free, so that runs that follow each other can be told apart.
    return { x: left, y: y + inset, width: Math.max(1, right - left - 1), height: layout.row - 2 * inset };
}

/** Draw the runs of the job in a slot whose row begins at `y`. */
export function paintRuns(scene, node, slot, y) {
    const { pen, scale, palette, play } = scene;
    const rows = play.slotRuns.own[play.slotRuns.first[node] + slot];
    if (!rows) {
        return;
    }
    const { start, stage, status } = play.runs;
    let painted = -1;
    for (const run of rowsInSight(rows, start, scale)) {
        const box = barBox(scene, run, y);
        // Of many short runs in one pixel one is enough, unless one of them failed.
        if (box === null || (box.width === 1 && box.x === painted && status[run] < 2)) {
            continue;
        }
        painted = box.x;
        paintBar(pen, scene, run, box, stageColour(palette, stage[run]));
    }
}

function paintBar(pen, scene, run, box, colour) {
    const { layout, palette, play, facts, time } = scene;
    const state = play.runStateAt(run, time);
    const isInVain = state === "failed" || state === "lost";
    const isOutputLost = state === "done" && facts.isOutputLostAt(run, time);
    const frame = state === "failed" ? palette.bad : palette.odd;
    pen.fillStyle = colour;
    pen.globalAlpha = isInVain ? 0.22 : isOutputLost ? 0.4 : state === "running" ? 0.6 : 1;
    pen.fillRect(box.x, box.y, box.width, box.height);
    pen.globalAlpha = 1;
    if (isInVain) {
        if (box.width > 3) {
            hatchBox(pen, box.x, box.y, box.width, box.height, frame, 6, 1.1);
        }
        frameBox(pen, box.x, box.y, Math.max(2, box.width), box.height, frame, box.width > 4 ? 1.3 : 1);
    } else if (isOutputLost) {
        frameBox(pen, box.x, box.y, box.width, box.height, palette.odd, 1.3, BAR_DASHES);
    } else if (state === "running" && box.width > 3 && box.height >= BAR_PLAIN) {
        paintOpenEnd(scene, box, colour);
    }
    const hasStrip = scene.has.phases && state === "done" && !isOutputLost && hasRoomForPhases(box.width, layout.row);
    if (hasStrip) {
        paintPhases(scene, run, box);
    }
    paintLabel(scene, run, box, colour, isInVain || isOutputLost, hasStrip);
}

/** A run that goes on: a dashed frame up to now. */
function paintOpenEnd({ pen, scale, time }, box, colour) {
    const width = Math.min(box.x + box.width, Math.round(scale.x(time))) - box.x;
    if (width > 3) {
        frameBox(pen, box.x, box.y, width, box.height, colour, 1.5, BAR_DASHES);
    }
}

function paintPhases({ pen, scale, palette, facts }, run, box) {
    const height = box.height >= 16 ? 5 : 3;
    const y = box.y + box.height - height - 1;
    for (const [kind, start, end] of facts.phases(run)) {
        const left = Math.max(scale.x(start), box.x + 1);
        const right = Math.min(scale.x(end), box.x + box.width - 1);
        if (kind in PHASE_TONES && right - left >= 0.5) {
            const [colour, strength] = PHASE_TONES[kind];
            pen.fillStyle = palette[colour];
            pen.globalAlpha = strength;
            pen.fillRect(left, y, right - left, height);
        }
    }
    pen.globalAlpha = 1;
}

function paintLabel({ pen, palette, play, facts }, run, box, colour, isFaint, hasStrip) {
    if (box.height < 12 || box.width < 14) {
        return;
    }
    const nLetters = (box.width - 8) / BAR_LETTER;
    const names = [facts.name(run), play.taskName(run), String(play.runs.task[run])];
    const text = names.find((name) => name.length <= nLetters);
    if (text === undefined) {
        return;
    }
    pen.font = `11px ${palette.font}`;
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    const y = box.y + box.height / 2 + (hasStrip ? -2 : 0.5);
    if (isFaint) {
        // On a hatched bar the name needs a plate to be read.
        pen.fillStyle = colour;
        pen.fillRect(box.x + 2, box.y + 2, Math.min(box.width - 4, pen.measureText(text).width + 6), box.height - 4);
    }
    pen.fillStyle = palette.ground;
    pen.fillText(text, box.x + 5, y);
}
