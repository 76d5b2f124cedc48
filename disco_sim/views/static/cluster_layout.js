/** Where nodes and their slots stand in the picture of a cluster: boxes of one size. Knows nothing of pages. */

const CLUSTER_GOOD_HEIGHT = 400;
const CLUSTER_LETTER = 7;

/**
 * The sizes a box can have, largest first: `width` is the least, `slot` the height of a slot, `most` its greatest
 * width. The smaller sizes leave out counters and then names, which a hint tells instead.
 */
export const CLUSTER_SIZES = [
    { width: 176, pad: 12, slot: 30, most: 160, slotGap: 6, gap: 12, head: 26, foot: 26 },
    { width: 156, pad: 9, slot: 20, most: 130, slotGap: 5, gap: 9, head: 23, foot: 22 },
    { width: 84, pad: 7, slot: 14, most: 90, slotGap: 4, gap: 7, head: 20, foot: 0 },
    ...[16, 14, 12, 11, 10, 9, 8, 7, 6, 5].map(bareSize),
];

/** The size of a box that is nothing but its slots, which are squares. */
function bareSize(slot) {
    const [pad, gap, slotGap] = [0.4, 0.5, 0.25].map((share) => Math.max(1, Math.round(slot * share)));
    return { width: 0, pad, slot, most: slot, slotGap, gap, head: 0, foot: 0 };
}

const CLUSTER_MOST_ABREAST = 8;
const CLUSTER_MOST_STRETCH = 2;

/**
 * Boxes for `nodes` ({host, slots}) in so much width, in the largest size that is not too high. With several rows they
 * are as even as can be.
 */
export function clusterLayout(nodes, width) {
    const nMost = Math.max(1, ...nodes.map((node) => node.slots));
    const longest = Math.max(0, ...nodes.map((node) => node.host.length));
    let layout = null;
    for (const size of CLUSTER_SIZES) {
        layout = sizedLayout(size, nodes.length, nMost, longest, width);
        if (layout.height <= CLUSTER_GOOD_HEIGHT) {
            break;
        }
    }
    return layout;
}

function sizedLayout(size, nNodes, nMost, longest, width) {
    const hasName = size.head > 0;
    const hasCounters = size.foot > 0;
    const forName = hasName ? 2 * size.pad + longest * CLUSTER_LETTER + (hasCounters ? 20 : 0) : 0;
    const forText = Math.min(Math.max(size.width, Math.min(forName, 260)), width);
    // Slots stand in rows of equal length: 12 slots are 2 rows of 6, not 8 and 4.
    const nFitting = Math.floor((width - 2 * size.pad) / (size.slot + size.slotGap));
    const nAbreast = Math.max(1, Math.min(CLUSTER_MOST_ABREAST, nFitting));
    const nLines = Math.ceil(nMost / nAbreast);
    const perLine = Math.ceil(nMost / nLines);
    const least = Math.max(forText, perLine * (size.slot + size.slotGap) - size.slotGap + 2 * size.pad);
    const mostColumns = Math.max(1, Math.floor((width + size.gap) / (least + size.gap)));
    const nRows = Math.max(1, Math.ceil(nNodes / mostColumns));
    // Boxes without texts stay in full rows: evenness would not be seen, and gaps would.
    const columns = hasName ? Math.max(1, Math.ceil(nNodes / nRows)) : mostColumns;
    const fair = Math.floor((width - (columns - 1) * size.gap) / columns);
    const boxWidth = hasName ? Math.min(fair, Math.round(least * CLUSTER_MOST_STRETCH)) : least;
    const room = (boxWidth - 2 * size.pad + size.slotGap) / perLine - size.slotGap;
    const boxHeight = 2 * size.pad + size.head + nLines * (size.slot + size.slotGap) - size.slotGap + size.foot;
    return {
        ...size,
        hasName,
        hasCounters,
        nNodes,
        columns,
        perLine,
        boxWidth,
        boxHeight,
        slotWidth: Math.max(1, Math.min(size.most, Math.floor(room))),
        slotHeight: size.slot,
        height: nRows * (boxHeight + size.gap) - size.gap,
    };
}

/** The upper left corner of the box of a node. */
export function boxCorner(layout, node) {
    return {
        x: (node % layout.columns) * (layout.boxWidth + layout.gap),
        y: Math.floor(node / layout.columns) * (layout.boxHeight + layout.gap),
    };
}

/** The upper left corner of a slot, seen from that of its box. */
export function slotCorner(layout, slot) {
    return {
        x: layout.pad + (slot % layout.perLine) * (layout.slotWidth + layout.slotGap),
        y: layout.pad + layout.head + Math.floor(slot / layout.perLine) * (layout.slotHeight + layout.slotGap),
    };
}

/** The number of the node whose box is at a point, -1 for none. */
export function nodeAtPoint(layout, x, y) {
    const column = Math.floor(x / (layout.boxWidth + layout.gap));
    const row = Math.floor(y / (layout.boxHeight + layout.gap));
    const node = row * layout.columns + column;
    const isInBox =
        x - column * (layout.boxWidth + layout.gap) < layout.boxWidth &&
        y - row * (layout.boxHeight + layout.gap) < layout.boxHeight;
    return x >= 0 && y >= 0 && column < layout.columns && isInBox && node < layout.nNodes ? node : -1;
}

/** The first node and the one behind the last that are in sight, when `height` of the picture shows from `top` on. */
export function nodesInSight(layout, top, height) {
    const first = Math.floor(top / (layout.boxHeight + layout.gap));
    const last = Math.ceil((top + height) / (layout.boxHeight + layout.gap));
    return [Math.max(0, first * layout.columns), Math.min(layout.nNodes, last * layout.columns)];
}
