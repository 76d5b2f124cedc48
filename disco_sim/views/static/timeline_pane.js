/** The pane of the timeline: which slot ran what, and when; with the critical path, and zoom. */
import { amountText, make, makeButton, secondsText } from "./dom.js";
import { calmly, makeLegend, makePicture, pointOf } from "./picture.js";
import { RunFacts, runColumns, runHint, runsByTask } from "./run_facts.js";
import { factTable } from "./table.js";
import { barBox, rowTop } from "./timeline_bars.js";
import { slotHint, timelineMarks, timelineSentence } from "./timeline_facts.js";
import { TimeScale, following, moved, rowAtTime, slotAtHeight, timelineLayout, zoomed } from "./timeline_layout.js";
import { paintTimeline } from "./timeline_paint.js";

const TIMELINE_NEAR = 3;
const TIMELINE_MANY = 3000;

/** A row per slot, a bar per run; under it the tasks table. */
export function timelinePane({ play, seek, palette }) {
    const facts = new RunFacts(play);
    const order = runsByTask(play);
    const marks = timelineMarks(play, facts);
    const picture = makePicture("Timeline", () => draw(time));
    const { canvas } = picture;
    const legend = makeLegend();
    const phases = toggle("Phases", marks.hasPhases);
    const path = toggle("Critical path", play.path.length > 0);
    const inButton = makeButton("Zoom in", () => zoom(2, time));
    const outButton = makeButton("Zoom out", () => zoom(0.5, time));
    const allButton = makeButton("All", () => look({ from: 0, to: play.duration }));
    const tools = make("div", { className: "dsim-row dsim-tools" }, phases.label, path.label);
    tools.append(make("span", { className: "dsim-grow" }), inButton, outButton, allButton);
    const table = factTable({
        caption: "Runs",
        columns: runColumns(facts, () => time),
        height: 260,
        onSelect: choose,
    });
    const tableLater = calmly(showTable);
    const element = make("div", {}, tools, picture.element, legend.element, table.element);
    let time = 0;
    let window = { from: 0, to: play.duration };
    let scene = null;
    let moment = -1;
    let chosen = -1;
    let pointed = null;
    let drag = null;

    /** A labelled checkbox, on from the start where there is anything to show. */
    function toggle(name, isPossible) {
        const box = make("input", { type: "checkbox", checked: isPossible, disabled: !isPossible });
        box.onchange = () => draw(time);
        return { box, label: make("label", { className: isPossible ? "" : "dsim-soft" }, box, name) };
    }

    function draw(newTime) {
        if (newTime !== time) {
            window = following(window, newTime, play.duration);
        }
        time = newTime;
        const layout = timelineLayout(play.nodes, picture.box.clientWidth);
        const sight = picture.begin(layout.height);
        const scale = new TimeScale(layout.left, layout.right, window.from, window.to);
        const has = { phases: phases.box.checked, path: path.box.checked };
        scene = { ...sight, layout, scale, palette: palette(), play, facts, time, has, chosen };
        paintTimeline(scene);
        showCursor();
        outButton.disabled = isWhole();
        allButton.disabled = isWhole();
        canvas.setAttribute("aria-label", timelineSentence(play, time));
        legend.show(marks.entries(has, scale, layout.row));
        const nRuns = play.nRunsAt(time);
        const counted = "Counts are known when a run has ended.";
        table.name(`Runs started by ${secondsText(time)} s: ${amountText(nRuns)}. ${counted}`);
        if (play.momentAt(time) !== moment) {
            moment = play.momentAt(time);
            tableLater.call(nRuns > TIMELINE_MANY);
        }
        showHint();
    }

    function isWhole() {
        return window.to - window.from >= play.duration;
    }

    /** The cursor says what a press does: go to a time on the axis, move what is looked at elsewhere. */
    function showCursor() {
        const isOnAxis = pointed !== null && pointed.y < scene.layout.axis;
        canvas.style.cursor = isOnAxis ? "pointer" : isWhole() ? "default" : drag ? "grabbing" : "grab";
    }

    function showTable() {
        const nRuns = play.nRunsAt(time);
        table.show(order.filter((run) => run < nRuns));
    }

    function look(newWindow) {
        window = newWindow;
        draw(time);
    }

    function zoom(factor, middle) {
        const isInSight = middle >= window.from && middle <= window.to;
        look(zoomed(window, factor, isInSight ? middle : (window.from + window.to) / 2, play.duration));
    }

    /** The run at a point of the canvas, -1 for none. */
    function runAt(point) {
        const slot = placeOf(point);
        const rows = slot ? play.slotRuns.own[play.slotRuns.first[slot.node] + slot.slot] : null;
        if (!rows) {
            return -1;
        }
        const near = TIMELINE_NEAR / scene.scale.perSecond;
        return rowAtTime(rows, play.runs.start, play.runs.end, scene.scale.time(point.x), near, play.duration);
    }

    /** The node and slot at a point; null on the axis and beside the bars. */
    function placeOf(point) {
        const { layout, scale, top } = scene;
        const isInside = point.y >= layout.axis && point.x >= scale.left - 2 && point.x <= scale.right + 2;
        return isInside ? slotAtHeight(layout, play.nodes, point.y - layout.axis + top) : null;
    }

    function showHint() {
        const hint = pointed && !drag ? hintAt(pointed) : !pointed && chosen >= 0 ? chosenHint() : null;
        if (hint) {
            picture.hint.show(hint.told, hint.point, !pointed);
        } else {
            picture.hint.hide();
        }
    }

    function hintAt(point) {
        const run = runAt(point);
        const slot = placeOf(point);
        const at = scene.scale.time(point.x);
        const told = run >= 0 ? runHint(facts, run, time) : slot ? slotHint(play, slot, at, time) : null;
        return told && { told, point };
    }

    function chosenHint() {
        const box = barBox(scene, chosen, rowTop(scene, play.runNode[chosen], play.runs.slot[chosen]));
        const isInSight = box && box.y >= scene.layout.axis - 4 && box.y < scene.height;
        const point = isInSight && { x: box.x + box.width / 2, y: box.y + box.height };
        return isInSight ? { told: runHint(facts, chosen, time), point } : null;
    }

    /** Mark a run, here and in the table, and bring it in sight; none when it was marked already. */
    function choose(run) {
        chosen = run === chosen ? -1 : run;
        table.mark(chosen);
        if (chosen >= 0) {
            const { start, slot } = play.runs;
            const place = scene.layout.tops[play.runNode[chosen]] + slot[chosen] * scene.layout.row;
            picture.bringInSight(place, scene.layout.row, scene.layout.axis + 4);
            window = following(window, start[chosen], play.duration);
        }
        draw(time);
    }

    canvas.onpointerdown = (event) => {
        const point = pointOf(event, canvas);
        const isOnAxis = point.y < scene.layout.axis;
        drag = { point, window, isOnAxis, isMoved: false };
        if (isOnAxis) {
            canvas.setPointerCapture(event.pointerId);
            seekTo(point);
        }
    };
    canvas.onpointermove = (event) => {
        pointed = pointOf(event, canvas);
        if (drag?.isOnAxis) {
            seekTo(pointed);
        } else if (drag && (drag.isMoved || Math.abs(pointed.x - drag.point.x) > 4)) {
            if (!drag.isMoved) {
                drag.isMoved = true;
                canvas.setPointerCapture(event.pointerId);
            }
            look(moved(drag.window, (drag.point.x - pointed.x) / scene.scale.perSecond, play.duration));
        }
        showCursor();
        showHint();
    };
    canvas.onpointerup = () => {
        const run = drag && !drag.isOnAxis && !drag.isMoved ? runAt(drag.point) : -1;
        drag = null;
        if (run >= 0 && play.runStateAt(run, time)) {
            choose(run);
        }
    };
    canvas.onpointercancel = () => (drag = null);
    canvas.onpointerleave = () => {
        pointed = null;
        showHint();
    };
    canvas.addEventListener(
        "wheel",
        (event) => {
            if (event.ctrlKey || event.metaKey) {
                event.preventDefault();
                const at = scene.scale.time(pointOf(event, canvas).x);
                zoom(Math.exp(-Math.max(-200, Math.min(200, event.deltaY)) / 300), at);
            }
        },
        { passive: false },
    );
    element.onkeydown = (event) => {
        if (event.key === "Escape" && chosen >= 0) {
            event.stopPropagation();
            choose(chosen);
        }
    };

    function seekTo(point) {
        seek(Math.max(window.from, Math.min(window.to, scene.scale.time(point.x))));
    }

    return { name: "Timeline", element, draw, destroy: tableLater.cancel };
}
