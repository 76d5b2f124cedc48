/** Where times and slots stand in a timeline, and what part of it is looked at. Knows nothing of pages. */
import { countOfRows } from "./playback.js";

const TIMELINE_GOOD_HEIGHT = 396;
const TIMELINE_ROW = 24;
const TIMELINE_LEAST_ROW = 6;
/** Between the axis and the first row, where the critical path may run. */
const TIMELINE_HEADROOM = 4;
const TIMELINE_LETTER = 6.8;
const TIMELINE_MOST_ZOOM = 2000;

/** Rows for the slots of `nodes` ({host, slots}), node by node, each as high as there is room for; and the margins. */
export function timelineLayout(nodes, width) {
    const nRows = nodes.reduce((sum, node) => sum + node.slots, 0);
    const gap = nodes.length > 40 ? 3 : nodes.length > 16 ? 5 : 9;
    const room = (TIMELINE_GOOD_HEIGHT - nodes.length * gap) / Math.max(nRows, 1);
    const row = Math.max(TIMELINE_LEAST_ROW, Math.min(TIMELINE_ROW, Math.floor(room)));
    const tops = new Float64Array(nodes.length + 1).fill(TIMELINE_HEADROOM);
    nodes.forEach((node, number) => {
        tops[number + 1] = tops[number] + node.slots * row + gap;
    });
    const longest = Math.max(7, ...nodes.map((node) => node.host.length));
    const left = Math.round(Math.min(longest * TIMELINE_LETTER + 14, 150, width * 0.24));
    return { row, gap, tops, left, right: Math.max(left + 40, width - 22), axis: 30, height: 30 + tops[nodes.length] };
}

/** The node whose band is at a height below the axis, in the whole picture. */
export function nodeAtHeight(layout, y) {
    let low = 0;
    let high = layout.tops.length - 1;
    while (low < high) {
        const middle = (low + high + 1) >>> 1;
        if (layout.tops[middle] <= y) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

/** The node and the slot at a height below the axis; null between nodes and beyond them. */
export function slotAtHeight(layout, nodes, y) {
    const node = nodeAtHeight(layout, y);
    const slot = Math.floor((y - layout.tops[node]) / layout.row);
    return slot >= 0 && node < nodes.length && slot < nodes[node].slots ? { node, slot } : null;
}

/** Places of times between `left` and `right` when the times `from` to `to` are looked at. */
export class TimeScale {
    constructor(left, right, from, to) {
        Object.assign(this, { left, right, from, to });
        this.perSecond = (right - left) / (to - from || 1);
    }

    /** The place of a time. */
    x(time) {
        return this.left + (time - this.from) * this.perSecond;
    }

    /** The time at a place. */
    time(x) {
        return this.from + (x - this.left) / this.perSecond;
    }
}

/** Round times in what is looked at, about one for each `every` pixels, and how many digits they need. */
export function roundTicks(scale, every = 90) {
    const rough = every / scale.perSecond;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * (1 - 1e-9));
    const times = [];
    // Whole numbers of steps: sums of steps would drift.
    const first = Math.max(0, Math.ceil(scale.from / step - 1e-9));
    for (let number = first; number * step <= scale.to + step * 1e-9; number++) {
        times.push(number * step);
    }
    return { times, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

/** What is looked at, `factor` times closer, with `middle` staying where it is; never beyond the job. */
export function zoomed({ from, to }, factor, middle, duration) {
    const length = Math.min(duration, Math.max((to - from) / factor, duration / TIMELINE_MOST_ZOOM));
    const share = to > from ? (middle - from) / (to - from) : 0.5;
    return moved({ from: middle - share * length, to: middle - share * length + length }, 0, duration);
}

/** What is looked at, later by some seconds; never beyond the job. */
export function moved({ from, to }, by, duration) {
    const length = Math.min(duration, to - from);
    const start = Math.max(0, Math.min(from + by, duration - length));
    return { from: start, to: start + length };
}

/** What is looked at, moved so that a time is in it, a fifth from the left. */
export function following(window, time, duration) {
    if (time >= window.from && time <= window.to) {
        return window;
    }
    return moved(window, time - window.from - (window.to - window.from) * 0.2, duration);
}

/** The place in `rows`, which are in order of their starts, from which on runs may end after a time. */
export function firstInSight(rows, starts, time) {
    // Runs in a slot follow each other, so only the last one that has begun can go on.
    return Math.max(0, countOfRows(rows, starts, time) - 1);
}

/** The one of `rows` that is at a time, or within `near` seconds of it; -1 for none. Unknown ends are at `end`. */
export function rowAtTime(rows, starts, ends, time, near, end) {
    let found = -1;
    let best = Infinity;
    for (let place = firstInSight(rows, starts, time - near); place < rows.length; place++) {
        const row = rows[place];
        if (starts[row] > time + near) {
            break;
        }
        const until = Number.isNaN(ends[row]) ? end : ends[row];
        const away = Math.max(starts[row] - time, time - until, 0);
        // Of two that touch, the one that begins.
        if (away <= near && away <= best) {
            best = away;
            found = row;
        }
    }
    return found;
}

/** The runs of the critical path, each once, in order. */
export function pathRuns(path) {
    return Array.from(new Set(path.run));
}

/** Whether a bar so wide, in a row so high, shows phases. */
export function hasRoomForPhases(width, row) {
    return width > 16 && row >= 13;
}
