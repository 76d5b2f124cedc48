/** Draws the picture of a flow: squares of what each task stored, and bins that fill. */
import { amountText, secondsText, stageColour } from "./dom.js";
import { FLOW_SKEWED, darkness, percentText, stepRange } from "./flow_layout.js";
import { FLOW_UNITS } from "./flow_state.js";
import { frameBox } from "./picture.js";

const FLOW_LABEL_AWAY = 15;
const FLOW_LEVELS = 24;
const FLOW_ROOMY = 28;
const FLOW_TOLD = 34;
const FLOW_TURN = 2 * Math.PI;

/**
 * The whole picture. The scene has {pen, layout, palette, flow, unit, spread, columnSums, readers, hostOfTask, isBusy,
 * chosen, dots}: `readers` and `columnSums` by column of the picture, `dots` as [place, share of the way].
 */
export function paintFlow(scene) {
    const { pen, palette } = scene;
    pen.font = `12px ${palette.font}`;
    pen.textBaseline = "middle";
    pen.lineWidth = 1;
    paintFlowGround(scene);
    paintFlowSquares(scene);
    paintFlowTaskNames(scene);
    paintFlowBins(scene);
    paintFlowMean(scene);
    paintFlowShares(scene);
    paintFlowUnder(scene);
    paintFlowChosen(scene);
    paintFlowDots(scene);
}

function flowX(layout, column) {
    return layout.left + column * layout.columnWidth;
}

/** The room between neighbours, as far as there is any to spare. */
function flowGap(size) {
    return size >= 40 ? 3 : size >= 12 ? 2 : size >= 6 ? 1 : 0;
}

/** Where outputs can come to be, and what is yet to come. */
function paintFlowGround({ pen, layout, palette }) {
    pen.fillStyle = palette.band;
    const width = layout.nColumns * layout.columnWidth - flowGap(layout.columnWidth);
    if (layout.rowHeight < 6 || layout.columnWidth < 6) {
        pen.fillRect(layout.left, layout.top, width, layout.nRows * layout.rowHeight);
        return;
    }
    const gap = [flowGap(layout.columnWidth), flowGap(layout.rowHeight)];
    for (let row = 0; row < layout.nRows; row++) {
        for (let column = 0; column < layout.nColumns; column++) {
            const y = layout.top + row * layout.rowHeight;
            pen.fillRect(flowX(layout, column), y, layout.columnWidth - gap[0], layout.rowHeight - gap[1]);
        }
    }
}

function paintFlowSquares({ pen, layout, palette, flow, unit }) {
    const amounts = flow.squares[unit];
    const largest = flow.largestSquare[unit];
    const levels = Array.from({ length: FLOW_LEVELS + 1 }, () => []);
    for (let square = 0; square < amounts.length; square++) {
        if (amounts[square] > 0) {
            levels[Math.round(darkness(amounts[square], largest) * FLOW_LEVELS)].push(square);
        }
    }
    const width = layout.columnWidth - flowGap(layout.columnWidth);
    const height = layout.rowHeight - flowGap(layout.rowHeight);
    pen.fillStyle = stageColour(palette, flow.stage);
    levels.forEach((squares, level) => {
        pen.globalAlpha = level / FLOW_LEVELS;
        for (const square of squares) {
            const row = Math.floor(square / flow.nColumns);
            pen.fillRect(flowX(layout, square % flow.nColumns), layout.top + row * layout.rowHeight, width, height);
        }
    });
    pen.globalAlpha = 1;
}

/** Names of tasks, as many as there is room for, and beside them where they ran. */
function paintFlowTaskNames({ pen, layout, palette, hostOfTask, names }) {
    const step = Math.max(1, Math.ceil((layout.rowStep > 1 ? 2 : 1) * (FLOW_LABEL_AWAY / layout.rowHeight)));
    for (let row = 0; row < layout.nRows; row += step) {
        const task = row * layout.rowStep;
        const y = layout.top + row * layout.rowHeight + (layout.rowHeight - flowGap(layout.rowHeight)) / 2;
        pen.textAlign = "left";
        pen.fillStyle = palette.ink;
        pen.fillText(`${names.stage}:${task}`, 0, y, layout.left - 10);
        const host = layout.hasHosts ? hostOfTask(task) : "";
        if (host) {
            pen.textAlign = "right";
            pen.fillStyle = palette.soft;
            pen.fillText(host, layout.left - 10, y, 58);
        }
    }
}

/** A line at the height of the mean, across all bins. */
function paintFlowMean({ pen, layout, palette, flow, unit, spread }) {
    if (spread.total === 0 || layout.nColumns < 2) {
        return;
    }
    const y = flowBinY(layout, flow, unit, spread.mean * layout.columnStep);
    const right = flowX(layout, layout.nColumns);
    pen.strokeStyle = palette.soft;
    pen.setLineDash([4, 3]);
    pen.beginPath();
    pen.moveTo(layout.left - 6, Math.round(y) + 0.5);
    pen.lineTo(right + 4, Math.round(y) + 0.5);
    pen.stroke();
    pen.setLineDash([]);
    pen.textAlign = "left";
    pen.fillStyle = palette.soft;
    const mean = spread.mean * layout.columnStep;
    pen.fillText(`mean ${mean < 10 ? mean.toFixed(1) : amountText(Math.round(mean))}`, right + 8, y, 68);
}

function flowBinY(layout, flow, unit, amount) {
    const most = flow.largestColumn[unit];
    return layout.base - (most > 0 ? (amount / most) * (layout.binHeight - 18) : 0);
}

function paintFlowBins(scene) {
    for (let column = 0; column < scene.layout.nColumns; column++) {
        paintFlowBin(scene, column);
    }
}

function paintFlowBin({ pen, layout, palette, flow, unit, spread, columnSums }, column) {
    const x = flowX(layout, column);
    const width = layout.columnWidth - flowGap(layout.columnWidth);
    const isRoomy = width >= FLOW_ROOMY;
    const inset = isRoomy ? 3 : 0;
    const amount = columnSums[column];
    if (isRoomy) {
        paintFlowJar(pen, x + 0.5, layout.binTop + 10, width - 1, layout.base - layout.binTop - 9.5, palette.line);
    } else {
        pen.fillStyle = palette.band;
        pen.fillRect(x, layout.binTop + 10, width, layout.base - layout.binTop - 10);
    }
    if (amount <= 0) {
        return;
    }
    const y = Math.min(flowBinY(layout, flow, unit, amount), layout.base - 1);
    const isSkewed = amount > FLOW_SKEWED * spread.mean * layout.columnStep && layout.nColumns > 1;
    pen.fillStyle = isSkewed ? palette.odd : stageColour(palette, flow.stage);
    pen.globalAlpha = 0.85;
    pen.beginPath();
    pen.roundRect(x + inset, y, width - 2 * inset, Math.max(1, layout.base - inset - y), isRoomy ? [2, 2, 4, 4] : 0);
    pen.fill();
    pen.globalAlpha = 1;
}

/** What share each bin has, where there is room for it; it can be read over lines. */
function paintFlowShares({ pen, layout, palette, flow, unit, spread, columnSums }) {
    const width = layout.columnWidth - flowGap(layout.columnWidth);
    if (width < FLOW_TOLD) {
        return;
    }
    pen.textAlign = "center";
    pen.strokeStyle = palette.ground;
    pen.fillStyle = palette.ink;
    pen.lineWidth = 4;
    pen.lineJoin = "round";
    columnSums.forEach((amount, column) => {
        if (amount > 0) {
            const text = percentText(amount / spread.total);
            const [x, y] = [flowX(layout, column) + width / 2, flowBinY(layout, flow, unit, amount) - 9];
            pen.strokeText(text, x, y, width);
            pen.fillText(text, x, y, width);
        }
    });
    pen.lineWidth = 1;
}

/** An open vessel: sides and a bottom. */
function paintFlowJar(pen, x, y, width, height, colour) {
    pen.strokeStyle = colour;
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(x, y + height - 5);
    pen.quadraticCurveTo(x, y + height, x + 5, y + height);
    pen.lineTo(x + width - 5, y + height);
    pen.quadraticCurveTo(x + width, y + height, x + width, y + height - 5);
    pen.lineTo(x + width, y);
    pen.stroke();
}

/** The lines under the bins: numbers of partitions, what reads them and how far that is, and on which node. */
function paintFlowUnder({ pen, layout, palette, flow, readers, names }) {
    const [numbersY, statesY] = [layout.base + 14, layout.base + 32];
    const hostsY = names.reader ? statesY + 18 : statesY;
    pen.textAlign = "left";
    pen.fillStyle = palette.soft;
    pen.fillText(names.unit, 0, layout.base - 10, layout.left - 12);
    pen.fillText("partition", 0, numbersY);
    pen.fillText(names.reader, 0, statesY, layout.left - 12);
    const hostWidth = pen.measureText("node000").width;
    const isHostShown = layout.columnWidth >= hostWidth && readers.some((reader) => reader.host);
    if (isHostShown) {
        pen.fillText("node", 0, hostsY);
    }
    const step = Math.max(1, Math.ceil((8 + 8 * `${flow.labels[flow.labels.length - 1]}`.length) / layout.columnWidth));
    for (let column = 0; column < layout.nColumns; column++) {
        const middle = flowX(layout, column) + (layout.columnWidth - flowGap(layout.columnWidth)) / 2;
        const reader = readers[column];
        pen.textAlign = "center";
        if (column % step === 0) {
            pen.fillStyle = palette.ink;
            pen.fillText(`${flow.labels[column * layout.columnStep]}`, middle, numbersY);
        }
        if (reader.state) {
            paintFlowState(pen, layout, palette, reader, middle, statesY);
        }
        if (isHostShown && reader.host) {
            pen.fillStyle = palette.soft;
            pen.fillText(reader.host, middle, hostsY, layout.columnWidth - 4);
        }
    }
}

/** How far the reading tasks of a column are: an empty, half or full circle, with the word if it fits; or a bar. */
function paintFlowState(pen, layout, palette, reader, middle, y) {
    const colour = { done: palette.good, running: palette.busy, waiting: palette.soft }[reader.state];
    pen.strokeStyle = colour;
    pen.fillStyle = colour;
    if (layout.columnWidth < 14) {
        const width = Math.max(1, layout.columnWidth - flowGap(layout.columnWidth));
        const share = reader.state === "running" ? 0.5 : reader.state === "done" ? 1 : 0.15;
        pen.fillRect(middle - width / 2, y + 5 - 10 * share, width, 10 * share);
        return;
    }
    const isTold = layout.columnWidth >= 74;
    const x = isTold ? middle - 30 : middle;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.arc(x, y, 4, 0, FLOW_TURN);
    pen.stroke();
    if (reader.state !== "waiting") {
        pen.beginPath();
        pen.arc(x, y, 4, FLOW_TURN / 4, reader.state === "done" ? FLOW_TURN * 1.25 : FLOW_TURN * 0.75);
        pen.fill();
    }
    pen.lineWidth = 1;
    if (isTold) {
        pen.textAlign = "left";
        pen.fillText(reader.state, x + 10, y, layout.columnWidth - 20);
        pen.textAlign = "center";
    }
}

function paintFlowChosen({ pen, layout, palette, flow, chosen }) {
    if (chosen.column < 0) {
        return;
    }
    const column = Math.floor(chosen.column / layout.columnStep);
    const x = flowX(layout, column) - 2;
    const width = layout.columnWidth - flowGap(layout.columnWidth) + 4;
    if (chosen.place >= 0) {
        const row = Math.floor(flow.task[chosen.place] / layout.rowStep);
        const height = layout.rowHeight - flowGap(layout.rowHeight) + 4;
        frameBox(pen, x, layout.top + row * layout.rowHeight - 2, width, height, palette.ink, 2);
    } else {
        pen.fillStyle = palette.accent;
        pen.fillRect(x + 2, layout.base + 4, width - 4, 2);
    }
}

/** Dots on their way from a square down to a bin. */
function paintFlowDots({ pen, layout, palette, flow, unit, columnSums, dots }) {
    pen.strokeStyle = palette.ground;
    pen.fillStyle = stageColour(palette, flow.stage);
    for (const [place, share] of dots) {
        const row = Math.floor(flow.task[place] / layout.rowStep);
        const column = Math.floor(flow.column[place] / layout.columnStep);
        const middle = flowX(layout, column) + (layout.columnWidth - flowGap(layout.columnWidth)) / 2;
        const start = layout.top + (row + 0.5) * layout.rowHeight;
        const end = flowBinY(layout, flow, unit, columnSums[column]);
        const most = Math.max(1, Math.min(5, layout.columnWidth / 2 - 0.5));
        const amount = flow.amounts[unit][place] / (flow.largestSquare[unit] || 1);
        // As things fall: slowly at first.
        const y = start + (end - start) * share * share;
        pen.beginPath();
        pen.arc(middle, y, Math.max(1.5, most * Math.sqrt(Math.min(1, amount))), 0, FLOW_TURN);
        pen.fill();
        pen.stroke();
    }
}

/** The picture in a sentence, for those who do not see it. */
export function flowSentence({ names, time, spread, unit, nPieces, nColumns, skew }) {
    const total = `${amountText(spread.total)} ${FLOW_UNITS[unit]}`;
    const where = `${amountText(nPieces)} pieces and ${nColumns} partitions`;
    return `${names.title} at ${secondsText(time)} s: ${total} in ${where}. ${skew}`;
}

/** The labels and tasks of a place of the picture: [from, to] of both. */
export function flowRanges(layout, hit) {
    return {
        columns: stepRange(hit.column, layout.columnStep, layout.nLabels),
        tasks: hit.row < 0 ? [0, layout.nTasks] : stepRange(hit.row, layout.rowStep, layout.nTasks),
    };
}
