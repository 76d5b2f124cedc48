/** The views of a page that has no kernel: each place in it is filled from the data that stands in it. */
import { unpack } from "./columns.js";
import { jobView } from "./job_view.js";
import { Playback } from "./playback.js";
import { stepper } from "./stepper.js";

function pageBytes(text) {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** The stepper as a pane; it has steps of its own, and no use for the playback bar. */
function stepperPane(told) {
    const { element, destroy } = stepper(told);
    element.classList.add("dsim-inner");
    return () => ({ name: "Stepper", isTimeless: true, element, draw() {}, destroy });
}

for (const place of document.querySelectorAll(".dsim-place")) {
    const data = place.querySelector("script[type='application/octet-stream']").textContent;
    unpack(pageBytes(data)).then((columns) => {
        const steps = columns.column("steps.told");
        const more = steps.length ? [stepperPane(JSON.parse(steps[0]))] : [];
        place.replaceChildren(jobView(new Playback(columns), async () => null, more).element);
    });
}
