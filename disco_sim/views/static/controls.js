/** Labelled controls over a table. */
import { make } from "./dom.js";

/** A row of controls, with a text at its end that tells what is shown. */
export function toolRow(...controls) {
    const told = make("span", { className: "dsim-told dsim-soft", role: "status" });
    return { element: make("div", { className: "dsim-tools dsim-row" }, ...controls, told), told };
}

/** A box for a text to look for; `onText(text)` hears of every change. */
export function filterBox(placeholder, onText) {
    const input = make("input", { type: "search", placeholder, spellcheck: false, autocomplete: "off" });
    input.oninput = () => onText(input.value);
    return make("label", { className: "dsim-filter" }, "Filter", input);
}

/** A choice of one of `options`, which are [value, text]; `onChoice(value)` hears of another one. */
export function choiceBox(name, options, chosen, onChoice) {
    const select = make("select", { onchange: () => onChoice(select.value) });
    for (const [value, text] of options) {
        select.append(make("option", { value: String(value), textContent: text, selected: value === chosen }));
    }
    return make("label", {}, name, select);
}

/** A switch between a few `options`, side by side; `onChoice(option)` hears of another one. */
export function switchBox(name, options, chosen, onChoice) {
    const element = make("span", { className: "dsim-switch", role: "group" });
    element.setAttribute("aria-label", name);
    const buttons = options.map((option) => {
        const button = make("button", { type: "button", textContent: option, onclick: () => choose(option) });
        element.append(button);
        return button;
    });
    const mark = (option) => {
        buttons.forEach((button, number) => button.setAttribute("aria-pressed", String(options[number] === option)));
    };
    const choose = (option) => {
        mark(option);
        onChoice(option);
    };
    mark(chosen);
    return element;
}
