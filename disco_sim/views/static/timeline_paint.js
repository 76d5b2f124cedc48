/** The timeline of a job, drawn: a row per slot, a bar per run. */
import { secondsText } from "./dom.js";
import { cutText, frameBox, hatchBox } from "./picture.js";
import { barBox, paintOthers, paintRuns, rowTop } from "./timeline_bars.js";
import { nodeAtHeight, pathRuns, roundTicks } from "./timeline_layout.js";

/** How wide the word is that says what the axis counts, in pixels. */
const TIMELINE_WORD = 50;

/** The nodes in sight: the first one, and the one behind the last. */
function nodesBetween(scene) {
    const { layout, top, height, play } = scene;
    const last = nodeAtHeight(layout, top + height - layout.axis);
    return [nodeAtHeight(layout, top), Math.min(play.nodes.length, last + 1)];
}

/**
 * Draw a timeline. `scene` is {pen, width, height, top, layout, scale, palette, play, facts, time, has, chosen}: `has`
 * says whether `phases` and the critical `path` are drawn, `chosen` is the run that is marked.
 */
export function paintTimeline(scene) {
    const { pen, layout, scale, height } = scene;
    const ticks = roundTicks(scale);
    const [first, last] = nodesBetween(scene);
    pen.save();
    pen.beginPath();
    pen.rect(0, layout.axis - 1, scene.width, height - layout.axis + 1);
    pen.clip();
    for (let node = first; node < last; node++) {
        paintBand(scene, node);
    }
    paintSpells(scene, first, last);
    paintGrid(scene, ticks.times);
    for (let node = first; node < last; node++) {
        for (let slot = 0; slot < scene.play.nodes[node].slots; slot++) {
            const y = rowTop(scene, node, slot);
            if (y + layout.row >= layout.axis && y <= height) {
                paintOthers(scene, node, slot, y);
                paintRuns(scene, node, slot, y);
            }
        }
    }
    if (scene.has.path) {
        paintPath(scene);
    }
    paintChosen(scene);
    paintLater(scene);
    pen.restore();
    paintHosts(scene, first, last);
    paintAxis(scene, ticks);
}

function paintBand(scene, node) {
    const { pen, layout, scale, palette, play } = scene;
    pen.fillStyle = palette.band;
    pen.globalAlpha = 0.7;
    pen.fillRect(scale.left, rowTop(scene, node, 0), scale.right - scale.left, play.nodes[node].slots * layout.row);
    pen.globalAlpha = 1;
}

function paintSpells(scene, first, last) {
    const { pen, layout, scale, palette, play } = scene;
    for (let row = 0; row < play.spells.length; row++) {
        const node = play.spellNode[row];
        const until = Number.isNaN(play.spells.to[row]) ? play.duration : play.spells.to[row];
        const left = Math.max(scale.left, scale.x(play.spells.from[row]));
        const width = Math.min(scale.right, scale.x(until)) - left;
        if (node < first || node >= last || width < 1) {
            continue;
        }
        const kind = play.word("spell.kind", row);
        const y = rowTop(scene, node, 0);
        const height = play.nodes[node].slots * layout.row;
        const colour = kind === "dead" ? palette.bad : palette.odd;
        pen.fillStyle = colour;
        pen.globalAlpha = kind === "dead" ? 0.13 : 0.07;
        pen.fillRect(left, y, width, height);
        pen.globalAlpha = kind === "dead" ? 0.55 : 0.4;
        if (kind === "slow") {
            frameBox(pen, left, y, width, height, colour, 1, [1.5, 2.5]);
        } else {
            hatchBox(pen, left, y, width, height, colour, kind === "dead" ? 7 : 13);
        }
        pen.globalAlpha = 1;
    }
}

function paintGrid({ pen, scale, layout, height, palette }, times) {
    pen.fillStyle = palette.line;
    pen.globalAlpha = 0.6;
    for (const time of times) {
        pen.fillRect(Math.round(scale.x(time)), layout.axis, 1, height - layout.axis);
    }
    pen.globalAlpha = 1;
}

/** A frame around each run of the critical path, joined by lines; where the path waits they are dashed. */
function paintPath(scene) {
    const { pen, scale, layout, palette, play } = scene;
    const { start, end, slot } = play.runs;
    pen.save();
    pen.beginPath();
    pen.rect(scale.left - 1, 0, scale.right - scale.left + 2, scene.height);
    pen.clip();
    pen.strokeStyle = palette.ink;
    pen.lineWidth = 2;
    let from = null;
    for (const run of pathRuns(play.path)) {
        const top = rowTop(scene, play.runNode[run], slot[run]);
        const x = Math.round(scale.x(start[run]));
        // Between the rows, where no bar is in the way.
        paintJoin(pen, from ?? { x: scale.x(0), y: top }, { x, y: top });
        const box = barBox(scene, run, top);
        if (box) {
            frameBox(pen, box.x - 1, box.y - 1, box.width + 2, box.height + 2, palette.ink, 2);
        }
        from = { x: Math.round(scale.x(end[run])), y: top + layout.row / 2 };
    }
    pen.restore();
}

function paintJoin(pen, from, to) {
    pen.beginPath();
    pen.moveTo(from.x, from.y);
    pen.lineTo(from.x, to.y);
    pen.stroke();
    if (to.x - from.x > 1) {
        pen.setLineDash([2, 3]);
        pen.beginPath();
        pen.moveTo(from.x, to.y);
        pen.lineTo(to.x, to.y);
        pen.stroke();
        pen.setLineDash([]);
    }
}

function paintChosen(scene) {
    const { pen, palette, play, chosen } = scene;
    const box = chosen >= 0 ? barBox(scene, chosen, rowTop(scene, play.runNode[chosen], play.runs.slot[chosen])) : null;
    if (box) {
        frameBox(pen, box.x - 3, box.y - 3, box.width + 6, box.height + 6, palette.accent, 2);
    }
}

/** What is later than now is there, but faint. */
function paintLater({ pen, scale, layout, height, palette, time }) {
    const left = Math.max(scale.left, Math.min(scale.right, scale.x(time)));
    pen.fillStyle = palette.ground;
    pen.globalAlpha = 0.84;
    pen.fillRect(left, layout.axis, scale.right - left + 3, height - layout.axis);
    pen.globalAlpha = 1;
}

function paintHosts(scene, first, last) {
    const { pen, layout, palette, play } = scene;
    pen.save();
    pen.beginPath();
    pen.rect(0, layout.axis, layout.left, scene.height - layout.axis);
    pen.clip();
    pen.font = `12px ${palette.font}`;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    pen.fillStyle = palette.ink;
    let below = -Infinity;
    for (let node = first; node < last; node++) {
        const y = rowTop(scene, node, 0) + (play.nodes[node].slots * layout.row) / 2;
        if (y >= below) {
            pen.fillText(cutText(play.nodes[node].host, Math.floor((layout.left - 10) / 6.6)), layout.left - 8, y);
            below = y + 13;
        }
    }
    pen.restore();
}

function paintAxis({ pen, scale, layout, width, height, palette, time }, { times, digits }) {
    const x = scale.x(time);
    const isNowInSight = x >= scale.left - 0.5 && x <= scale.right + 0.5;
    pen.textBaseline = "alphabetic";
    pen.font = `600 11.5px ${palette.font}`;
    const half = pen.measureText(secondsText(time)).width / 2 + 6;
    // Beside the word at the left, whatever the time.
    const middle = Math.max(TIMELINE_WORD + half, Math.min(width - half, x));
    pen.font = `11.5px ${palette.font}`;
    pen.textAlign = "left";
    pen.fillStyle = palette.soft;
    pen.fillText("seconds", 0, 18);
    pen.textAlign = "center";
    for (const tick of times) {
        const place = Math.min(width - 12, scale.x(tick));
        if (!isNowInSight || Math.abs(place - middle) > half + 6 + 3 * digits) {
            pen.fillText(tick.toFixed(digits), place, 18);
        }
    }
    pen.fillStyle = palette.line;
    pen.fillRect(scale.left, layout.axis - 5, scale.right - scale.left, 1);
    for (const tick of times) {
        pen.fillRect(Math.round(scale.x(tick)), layout.axis - 5, 1, 5);
    }
    if (isNowInSight) {
        pen.fillStyle = palette.accent;
        pen.fillRect(Math.round(x) - 1, layout.axis - 9, 2, height - layout.axis + 9);
        pen.beginPath();
        pen.roundRect(middle - half, 3, 2 * half, 19, 4);
        pen.fill();
        pen.font = `600 11.5px ${palette.font}`;
        pen.fillStyle = palette.ground;
        pen.fillText(secondsText(time), middle, 17);
    }
}
