/** The picture of a cluster, drawn: a box per node, a tile per slot. */
import { SLOT_FREE, SLOT_OTHER, shareGone, speedText } from "./cluster_facts.js";
import { boxCorner, slotCorner } from "./cluster_layout.js";
import { amountText, stageColour } from "./dom.js";
import { cutText, frameBox, hatchBox } from "./picture.js";

/** Tiles lower than this have neither frames nor round corners. */
const CLUSTER_PLAIN = 10;
const CLUSTER_ROUND = 3;

/** How boxes and words of a status look. */
function statusLooks(status, palette) {
    return {
        dead: { colour: palette.bad, dashes: [] },
        blacklisted: { colour: palette.odd, dashes: [5, 3] },
        slow: { colour: palette.odd, dashes: [1.5, 2.5] },
    }[status];
}

/** Draw the box of a node; `scene` is {pen, layout, palette, play, time, top}, `isMarked` says that it was chosen. */
export function paintNode(scene, node, number, isMarked) {
    const { pen, layout, palette } = scene;
    const { boxWidth, boxHeight } = layout;
    const corner = boxCorner(layout, number);
    const x = corner.x;
    const y = corner.y - scene.top;
    const looks = statusLooks(node.status, palette);
    if (layout.hasName) {
        pen.fillStyle = palette.band;
        pen.globalAlpha = 0.55;
        pen.beginPath();
        pen.roundRect(x + 0.5, y + 0.5, boxWidth - 1, boxHeight - 1, 6);
        pen.fill();
        pen.globalAlpha = 1;
    }
    if (node.status === "dead") {
        pen.globalAlpha = 0.25;
        hatchBox(pen, x + 2, y + 2, boxWidth - 4, boxHeight - 4, palette.bad, layout.hasName ? 7 : 4);
        pen.globalAlpha = 1;
    }
    const colour = isMarked ? palette.ink : (looks?.colour ?? palette.line);
    paintFrame(pen, x, y, layout, colour, isMarked ? 2 : looks ? 1.5 : 1, looks?.dashes ?? []);
    for (let slot = 0; slot < node.slots; slot++) {
        const place = slotCorner(layout, slot);
        paintSlot(scene, node, node.holds[slot], x + place.x, y + place.y);
    }
    if (layout.hasName) {
        paintName(scene, node, looks, x, y);
    }
    if (layout.hasCounters) {
        paintCounters(scene, node, x + layout.pad, y + boxHeight - layout.pad - 1);
    }
}

function paintFrame(pen, x, y, layout, colour, thickness, dashes) {
    if (!layout.hasName) {
        frameBox(pen, x, y, layout.boxWidth, layout.boxHeight, colour, thickness, dashes);
        return;
    }
    pen.strokeStyle = colour;
    pen.lineWidth = thickness;
    pen.setLineDash(dashes);
    pen.beginPath();
    pen.roundRect(x + thickness / 2, y + thickness / 2, layout.boxWidth - thickness, layout.boxHeight - thickness, 6);
    pen.stroke();
    pen.setLineDash([]);
}

function paintSlot(scene, node, holds, x, y) {
    const { pen, layout, palette, play, time } = scene;
    const { slotWidth: width, slotHeight: height } = layout;
    if (holds === SLOT_FREE) {
        paintFreeSlot(pen, x, y, width, height, palette, node.status);
    } else if (holds === SLOT_OTHER) {
        pen.fillStyle = palette.soft;
        pen.globalAlpha = 0.3;
        pen.fillRect(x, y, width, height);
        pen.globalAlpha = 0.7;
        hatchBox(pen, x, y, width, height, palette.soft, height < CLUSTER_PLAIN ? 3 : 5);
        pen.globalAlpha = 1;
    } else {
        const colour = stageColour(palette, play.runs.stage[holds]);
        const gone = shareGone(play, holds, time);
        const isLarge = height >= CLUSTER_PLAIN;
        pen.fillStyle = colour;
        pen.globalAlpha = isLarge ? 0.35 : 0.55;
        fillTile(pen, x, y, width, height, isLarge, 1);
        pen.globalAlpha = 1;
        if (gone > 0) {
            fillTile(pen, x, y, width, height, isLarge, gone);
        }
        if (isLarge) {
            frameTile(pen, x, y, width, height, colour, 1, []);
        }
        if (height >= 18) {
            paintTask(scene, holds, x, y, gone);
        }
    }
}

function paintFreeSlot(pen, x, y, width, height, palette, status) {
    if (height < CLUSTER_PLAIN) {
        pen.fillStyle = palette.line;
        pen.globalAlpha = 0.45;
        pen.fillRect(x, y, width, height);
        pen.globalAlpha = 1;
        return;
    }
    pen.fillStyle = palette.ground;
    fillTile(pen, x, y, width, height, true, 1);
    frameTile(pen, x, y, width, height, palette.line, 1, status === "alive" || status === "slow" ? [] : [3, 3]);
}

/** Fill a tile up to a share of its width, from the left. */
function fillTile(pen, x, y, width, height, isRound, share) {
    if (!isRound) {
        pen.fillRect(x, y, width * share, height);
        return;
    }
    const filled = width * share;
    const right = share === 1 ? CLUSTER_ROUND : 0;
    pen.beginPath();
    pen.roundRect(x, y, filled, height, [CLUSTER_ROUND, right, right, CLUSTER_ROUND]);
    pen.fill();
}

function frameTile(pen, x, y, width, height, colour, thickness, dashes) {
    pen.strokeStyle = colour;
    pen.lineWidth = thickness;
    pen.setLineDash(dashes);
    pen.beginPath();
    pen.roundRect(x + thickness / 2, y + thickness / 2, width - thickness, height - thickness, CLUSTER_ROUND);
    pen.stroke();
    pen.setLineDash([]);
}

/** The task in a tile, in one colour on the part that is filled and in another on the rest. */
function paintTask({ pen, layout, palette, play }, run, x, y, gone) {
    const { slotWidth: width, slotHeight: height } = layout;
    const name = play.taskName(run);
    const text = name.length * 7 + 14 <= width ? name : String(play.runs.task[run]);
    if (text.length * 7 + 6 > width) {
        return;
    }
    pen.font = `600 ${height >= 26 ? 12 : 11}px ${palette.font}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const filled = width * (gone > 0 ? gone : 0);
    for (const [from, to, colour] of [[0, filled, palette.ground], [filled, width, palette.ink]]) {
        pen.save();
        pen.beginPath();
        pen.rect(x + from, y, to - from, height);
        pen.clip();
        pen.fillStyle = colour;
        pen.fillText(text, x + width / 2, y + height / 2 + 0.5);
        pen.restore();
    }
}

function paintName({ pen, layout, palette }, node, looks, x, y) {
    const isLarge = layout.hasCounters;
    const baseline = y + layout.pad + (isLarge ? 12 : 10);
    let right = x + layout.boxWidth - layout.pad;
    pen.textBaseline = "alphabetic";
    if (isLarge) {
        const words = [];
        if (looks) {
            words.push([node.status, looks.colour]);
        }
        if (node.speed !== 1) {
            words.unshift([`speed ${speedText(node.speed)}`, palette.soft]);
        }
        pen.font = `11.5px ${palette.font}`;
        pen.textAlign = "right";
        const nameEnd = x + layout.pad + node.host.length * 7.5;
        for (const [word, colour] of words.reverse()) {
            // The host and the status matter more than the speed, which the table and the hint tell, too.
            if (word !== node.status && right - pen.measureText(word).width < nameEnd + 8) {
                continue;
            }
            pen.fillStyle = colour;
            pen.fillText(word, right, baseline);
            right -= pen.measureText(word).width + 8;
        }
    }
    pen.font = `600 ${isLarge ? 13 : 11}px ${palette.font}`;
    pen.textAlign = "left";
    pen.fillStyle = node.status === "dead" ? palette.soft : palette.ink;
    const nLetters = Math.floor((right - x - layout.pad) / (isLarge ? 7 : 6.2));
    pen.fillText(cutText(node.host, nLetters), x + layout.pad, baseline);
}

function paintCounters({ pen, palette }, node, x, baseline) {
    pen.font = `11.5px ${palette.font}`;
    pen.textAlign = "left";
    pen.textBaseline = "alphabetic";
    const counters = [
        [`${amountText(node.done)} ok`, node.done ? palette.good : palette.soft],
        [`${amountText(node.dataErrors)} data`, node.dataErrors ? palette.odd : palette.soft],
        [`${amountText(node.failed)} crash`, node.failed ? palette.bad : palette.soft],
    ];
    for (const [text, colour] of counters) {
        pen.fillStyle = colour;
        pen.fillText(text, x, baseline);
        x += pen.measureText(text).width + 12;
    }
}

/** Mark a slot in which a run has just failed (a cross) or was lost (a slant); `strength` goes from 1 to 0. */
export function paintBadEnd({ pen, layout, palette, top }, node, slot, isFailed, strength) {
    const corner = boxCorner(layout, node);
    const place = slotCorner(layout, slot);
    const { slotWidth: width, slotHeight: height } = layout;
    const x = corner.x + place.x;
    const y = corner.y + place.y - top;
    const colour = isFailed ? palette.bad : palette.odd;
    const inset = Math.min(height * 0.28, 8);
    const side = height - 2 * inset;
    // Not on the name of the next run.
    const left = width > 2 * height ? x + width - inset - side : x + width / 2 - side / 2;
    pen.globalAlpha = strength;
    if (height < CLUSTER_PLAIN) {
        frameBox(pen, x, y, width, height, colour, 1.5);
    } else {
        frameTile(pen, x, y, width, height, colour, 2, []);
    }
    pen.strokeStyle = colour;
    pen.lineWidth = height < CLUSTER_PLAIN ? 1.5 : 2.5;
    pen.lineCap = "round";
    pen.beginPath();
    pen.moveTo(left, y + inset + side);
    pen.lineTo(left + side, y + inset);
    if (isFailed) {
        pen.moveTo(left, y + inset);
        pen.lineTo(left + side, y + inset + side);
    }
    pen.stroke();
    pen.lineCap = "butt";
    pen.globalAlpha = 1;
}
