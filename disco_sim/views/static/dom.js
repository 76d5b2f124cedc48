/** Elements of a page, and the colours that hold there. */

/** An element with properties, and what is in it: elements and texts. `className` and `onclick` are properties, too. */
export function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (name in element && name !== "list" && name !== "style") {
            element[name] = value;
        } else {
            element.setAttribute(name, value);
        }
    }
    element.append(...children);
    return element;
}

/** A button with a name. */
export function makeButton(text, onclick, properties = {}) {
    return make("button", { type: "button", textContent: text, onclick, ...properties });
}

/** The colours of the theme as they are now, for what is drawn on a canvas. */
export function paletteOf(element) {
    const style = getComputedStyle(element);
    const colour = (name) => style.getPropertyValue(`--dsim-${name}`).trim();
    const palette = { stages: [0, 1, 2, 3, 4, 5].map((number) => colour(`stage-${number}`)), font: style.fontFamily };
    for (const name of ["ink", "soft", "ground", "band", "line", "accent", "good", "busy", "bad", "odd"]) {
        palette[name] = colour(name);
    }
    return palette;
}

/** The colour of the stage with a number, from a palette. */
export function stageColour(palette, stage) {
    return palette.stages[stage % palette.stages.length];
}

/** A canvas of `width` x `height` CSS pixels, cleared and ready to be drawn on at the screen's own resolution. */
export function clearedCanvas(canvas, width, height) {
    const ratio = globalThis.devicePixelRatio || 1;
    const size = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    if (canvas.width !== size[0] || canvas.height !== size[1]) {
        [canvas.width, canvas.height] = size;
        canvas.style.height = `${height}px`;
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    return pen;
}

const STATE_CLASSES = {
    ready: "good", done: "good", committed: "good", alive: "good", READY: "good",
    active: "busy", running: "busy",
    dead: "bad", failed: "bad", ERROR: "bad",
    lost: "odd", blacklisted: "odd", slow: "odd", WARN: "odd",
    waiting: "soft", dropped: "soft",
};

/** The class that gives a state its colour; "" for what is no state. */
export function stateClass(word) {
    return Object.hasOwn(STATE_CLASSES, word) ? `dsim-is-${STATE_CLASSES[word]}` : "";
}

/** Virtual seconds as they are shown everywhere. */
export function secondsText(time) {
    return Number.isNaN(time) ? "–" : time.toFixed(3);
}

/** A whole number in groups of three digits; a dash for what is not known (-1). */
export function amountText(number) {
    return number < 0 ? "–" : number.toLocaleString("en-US");
}
