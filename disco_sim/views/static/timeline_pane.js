/** (being written) */
import { make } from "./dom.js";

export function timelinePane(context) {
    const element = make("div", { textContent: "timeline" });
    return { name: "timeline", element, draw() {} };
}
