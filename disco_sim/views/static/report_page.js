/** The views of a page that has no kernel: each place in it is filled from the data that stands in it. */
import { unpack } from "./columns.js";
import { jobView } from "./job_view.js";
import { Playback } from "./playback.js";

function pageBytes(text) {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

for (const place of document.querySelectorAll(".dsim-place")) {
    const data = place.querySelector("script[type='application/octet-stream']").textContent;
    unpack(pageBytes(data)).then((columns) => {
        place.replaceChildren(jobView(new Playback(columns), async () => null).element);
    });
}
