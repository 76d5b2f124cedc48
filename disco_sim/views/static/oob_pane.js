/** (being written) */
import { make } from "./dom.js";

export function oobPane(context) {
    const element = make("div", { textContent: "oob" });
    return { name: "oob", element, draw() {} };
}
