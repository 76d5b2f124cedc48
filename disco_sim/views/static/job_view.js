/** The view of a job: what it is, a pane for each side of it, and the playback bar that moves them all. */
import { clusterPane } from "./cluster_pane.js";
import { make, makeButton, paletteOf, secondsText, stateClass } from "./dom.js";
import { flowPane } from "./flow_pane.js";
import { isTypedInto, isViewKey, keepKeys } from "./keyboard.js";
import { logPane } from "./log_pane.js";
import { oobPane } from "./oob_pane.js";
import { playerBar } from "./player.js";
import { timelinePane } from "./timeline_pane.js";

const JOB_PANES = [clusterPane, timelinePane, flowPane, oobPane, logPane];
let nJobViews = 0;

/**
 * A view of a Playback. `ask(question)` is answered by a kernel, or with null where there is none. `more` are further
 * panes, made as the others are.
 */
export function jobView(play, ask, more = []) {
    const element = make("div", { className: "dsim-view dsim-job", tabIndex: -1 });
    const name = `dsim-job-${(nJobViews += 1)}`;
    const status = make("span", { className: "dsim-word" });
    const told = make("span", { className: "dsim-soft" });
    const stages = make("div", { className: "dsim-stages" });
    const counters = play.stages.map((stage, number) => {
        const label = make("span", { className: "dsim-stage-name", textContent: stage.name });
        label.style.setProperty("--dsim-stage-colour", `var(--dsim-stage-${number % 6})`);
        const numbers = make("span");
        stages.append(make("span", {}, label, " ", numbers));
        return numbers;
    });
    const context = { play, ask, seek: (time) => bar.seek(time), palette: () => paletteOf(element) };
    const panes = [...JOB_PANES, ...more].map((pane) => pane(context));
    const tabs = make("div", { className: "dsim-tabs", role: "tablist" });
    const places = panes.map((pane, number) => {
        const place = make("div", { className: "dsim-pane", role: "tabpanel", id: `${name}-${number}`, hidden: true });
        const tab = makeButton(pane.name, () => choose(number), { role: "tab", id: `${name}-tab-${number}` });
        tab.setAttribute("aria-controls", place.id);
        place.setAttribute("aria-labelledby", tab.id);
        place.append(pane.element);
        tabs.append(tab);
        return { place, tab };
    });
    let chosen = -1;
    let time = play.duration;
    let frame = 0;
    let isSeen = true;
    const bar = playerBar(play, (newTime, isPlaying) => {
        time = newTime;
        // What nobody sees need not be drawn for each moment of a playback.
        if (isSeen || !isPlaying) {
            later();
        }
    });

    /** Draw once before the next picture, however often something changes. */
    function later() {
        frame ||= requestAnimationFrame(() => {
            frame = 0;
            draw();
        });
    }

    function draw() {
        const word = play.statusAt(time);
        status.textContent = word;
        status.className = `dsim-word ${stateClass(word)}`;
        const reason = word === "dead" && play.facts.reason ? `: ${play.facts.reason}` : "";
        told.textContent = `at ${secondsText(time)} s of ${secondsText(play.duration)} s (virtual)${reason}`;
        play.stages.forEach((stage, number) => {
            const { waiting, running, done, failed } = play.countersAt(number, time);
            const numbers = `${running} running, ${done} done, ${failed} failed`;
            const isBegun = stage.started_s !== null && stage.started_s <= time;
            const rest = word === "dead" ? "not done" : "waiting";
            counters[number].textContent = isBegun ? `${waiting} ${rest}, ${numbers}` : "not begun";
        });
        panes[chosen].draw(time);
    }

    const sights = new IntersectionObserver((entries) => {
        isSeen = entries.at(-1).isIntersecting;
        if (isSeen) {
            later();
        }
    });

    function choose(number) {
        chosen = number;
        bar.element.hidden = Boolean(panes[number].isTimeless);
        places.forEach(({ place, tab }, other) => {
            place.hidden = other !== chosen;
            tab.setAttribute("aria-selected", String(other === chosen));
            tab.tabIndex = other === chosen ? 0 : -1;
        });
        later();
    }

    tabs.onkeydown = (event) => {
        const next = {
            ArrowLeft: (chosen + panes.length - 1) % panes.length,
            ArrowRight: (chosen + 1) % panes.length,
            Home: 0,
            End: panes.length - 1,
        }[event.key];
        if (next !== undefined) {
            event.preventDefault();
            choose(next);
            places[next].tab.focus();
        }
    };
    element.onkeydown = (event) => {
        const isPressed = event.key === " " && event.target.matches("button, [type=checkbox]");
        const isOthers = event.defaultPrevented || isPressed || isTypedInto(event.target) || !isViewKey(event);
        if (!isOthers && !panes[chosen].isTimeless && bar.key(event)) {
            event.preventDefault();
        }
    };
    const head = make("div", { className: "dsim-head dsim-row" }, make("strong", { textContent: "Job" }));
    head.append(make("code", { textContent: play.facts.job }), status, told);
    element.append(head, stages, tabs, ...places.map(({ place }) => place), bar.element);
    const sizes = new ResizeObserver(later);
    sizes.observe(element);
    const themes = new MutationObserver(later);
    themes.observe(document.body, { attributeFilter: ["data-jp-theme-light", "class", "data-vscode-theme-kind"] });
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", later);
    sights.observe(element);
    const letGo = keepKeys(element);
    // At its end nothing runs any more, so that the timeline tells most.
    choose(play.facts.status === "active" ? 0 : 1);
    bar.seek(play.duration);

    function destroy() {
        cancelAnimationFrame(frame);
        bar.destroy();
        sizes.disconnect();
        sights.disconnect();
        letGo();
        themes.disconnect();
        scheme.removeEventListener("change", later);
        panes.forEach((pane) => pane.destroy?.());
    }
    return { element, destroy };
}
