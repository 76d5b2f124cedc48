/** (being written) */
import { make } from "./dom.js";

export function clusterPane(context) {
    const element = make("div", { textContent: "cluster" });
    return { name: "cluster", element, draw() {} };
}
