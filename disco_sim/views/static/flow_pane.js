/** (being written) */
import { make } from "./dom.js";

export function flowPane(context) {
    const element = make("div", { textContent: "flow" });
    return { name: "flow", element, draw() {} };
}
