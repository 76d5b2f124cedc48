/** The pane of the cluster: what each slot of each node runs at a time, and what runs on it came to. */
import {
    SLOT_OTHER, badEnds, clusterSentence, nodeColumns, nodeHint, nodesAt,
} from "./cluster_facts.js";
import { boxCorner, clusterLayout, nodeAtPoint, nodesInSight } from "./cluster_layout.js";
import { paintBadEnd, paintNode } from "./cluster_paint.js";
import { make, secondsText } from "./dom.js";
import { makeLegend, makePicture, pointOf } from "./picture.js";
import { countUpTo } from "./playback.js";
import { RunFacts } from "./run_facts.js";
import { factTable } from "./table.js";

/** For so large a share of the job a slot shows that a run failed or was lost in it. */
const CLUSTER_FLASH = 0.03;

/** A box per node, a tile per slot; under it the nodes table. */
export function clusterPane({ play, palette }) {
    const facts = new RunFacts(play);
    const picture = makePicture("Cluster", () => draw(time));
    const legend = makeLegend();
    const ends = badEnds(play);
    const numbers = Int32Array.from(play.nodes, (_, number) => number);
    const columns = nodeColumns(() => nodes);
    const table = factTable({ caption: "Nodes", columns, height: 260, onSelect: choose });
    const element = make("div", {}, picture.element, legend.element, table.element);
    let time = 0;
    let nodes = nodesAt(play, 0);
    let layout = clusterLayout(nodes, 600);
    let layoutWidth = 0;
    let told = "";
    let chosen = -1;
    let pointed = null;

    function draw(newTime) {
        time = newTime;
        nodes = nodesAt(play, time);
        if (picture.box.clientWidth !== layoutWidth) {
            layoutWidth = picture.box.clientWidth;
            layout = clusterLayout(nodes, layoutWidth);
        }
        const { pen, height, top } = picture.begin(layout.height);
        const scene = { pen, layout, palette: palette(), play, time, top };
        const [first, last] = nodesInSight(layout, top, height);
        for (let node = first; node < last; node++) {
            paintNode(scene, nodes[node], node, node === chosen);
        }
        const isFlashing = drawBadEnds(scene, first, last);
        picture.canvas.setAttribute("aria-label", clusterSentence(nodes, time));
        legend.show(legendEntries(isFlashing));
        showTable();
        showHint();
    }

    /** Mark the slots of runs that failed or were lost a moment ago; a new run in such a slot does not hide it. */
    function drawBadEnds(scene, first, last) {
        const lasts = play.duration * CLUSTER_FLASH;
        let number = countUpTo(ends.ends, time) - 1;
        const found = new Set();
        for (; number >= 0 && time - ends.ends[number] < lasts; number--) {
            const run = ends.runs[number];
            const node = play.runNode[run];
            const isFailed = play.runs.status[run] === 2;
            if (node >= first && node < last) {
                paintBadEnd(scene, node, play.runs.slot[run], isFailed, 1 - (time - ends.ends[number]) / lasts);
            }
            found.add(isFailed ? "failed" : "lost");
        }
        return found;
    }

    function legendEntries(isFlashing) {
        const entries = [["gone", "time gone by of a run"], ["free", "free slot"]];
        if (nodes.some((node) => node.holds.includes(SLOT_OTHER))) {
            entries.push(["other", "run of another job"]);
        }
        for (const [word, text] of [["failed", "run just failed"], ["lost", "run just lost"]]) {
            if (isFlashing.has(word)) {
                entries.push([`end-${word}`, text]);
            }
        }
        for (const status of ["dead", "blacklisted", "slow"]) {
            if (nodes.some((node) => node.status === status)) {
                entries.push([status, `${status} node`]);
            }
        }
        return entries;
    }

    /** The rows change only when a fact does, so a sorted table of many nodes costs nothing in between. */
    function showTable() {
        const shown = Array.from(numbers, (node) => columns.map((column) => column.text(node)).join()).join();
        if (shown !== told) {
            told = shown;
            table.show(numbers);
        }
        const counted = "busy counts runs of all jobs; done, failed and data_errors those of this job.";
        table.name(`Nodes at ${secondsText(time)} s. ${counted}`);
    }

    function showHint() {
        const node = pointed ? nodeAtPoint(layout, pointed.x, pointed.y + picture.box.scrollTop) : chosen;
        if (node < 0) {
            picture.hint.hide();
            return;
        }
        const corner = boxCorner(layout, node);
        const beside = { x: corner.x + layout.boxWidth, y: corner.y + layout.boxHeight - picture.box.scrollTop - 20 };
        picture.hint.show(nodeHint(play, nodes[node], (run) => facts.name(run)), pointed ?? beside, !pointed);
    }

    function choose(node) {
        chosen = node === chosen ? -1 : node;
        table.mark(chosen);
        if (chosen >= 0) {
            picture.bringInSight(boxCorner(layout, chosen).y, layout.boxHeight, 0);
        }
        draw(time);
    }

    picture.canvas.onpointermove = (event) => {
        pointed = pointOf(event, picture.canvas);
        showHint();
    };
    picture.canvas.onpointerleave = () => {
        pointed = null;
        showHint();
    };
    picture.canvas.onclick = (event) => {
        const point = pointOf(event, picture.canvas);
        const node = nodeAtPoint(layout, point.x, point.y + picture.box.scrollTop);
        choose(node < 0 ? chosen : node);
    };
    element.onkeydown = (event) => {
        if (event.key === "Escape" && chosen >= 0) {
            event.stopPropagation();
            choose(chosen);
        }
    };
    return { name: "Cluster", element, draw };
}
