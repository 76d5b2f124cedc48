/** (being written) */
import { make } from "./dom.js";

export function logPane(context) {
    const element = make("div", { textContent: "log" });
    return { name: "log", element, draw() {} };
}
