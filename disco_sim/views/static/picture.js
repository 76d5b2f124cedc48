/** What the drawn panes share: a canvas that scrolls by itself, hints, legends and hatching. */
import { clearedCanvas, make } from "./dom.js";

const PICTURE_MOST_HEIGHT = 420;
const HINT_AWAY = 14;

/**
 * A place for a picture of any height. `begin(height)` clears it and gives a pen with the width, the height in sight
 * and how far it is scrolled; only what is in sight need be drawn. `onScroll()` hears when that has changed.
 */
export function makePicture(name, onScroll) {
    const canvas = make("canvas", { role: "img" });
    const whole = make("div", { className: "dsim-picture-whole" }, canvas);
    const box = make("div", { className: "dsim-picture-box" }, whole);
    const element = make("div", { className: "dsim-picture" }, box);
    const hint = makeHint(element);
    box.onscroll = onScroll;
    let size = "";

    function begin(height) {
        const inSight = Math.min(height, PICTURE_MOST_HEIGHT);
        if (size !== `${height}`) {
            size = `${height}`;
            whole.style.height = `${height}px`;
            box.style.height = `${inSight}px`;
            const doesScroll = height > inSight;
            box.tabIndex = doesScroll ? 0 : -1;
            if (doesScroll) {
                box.setAttribute("role", "region");
                box.setAttribute("aria-label", `${name}, scrolls`);
            } else {
                box.removeAttribute("role");
                box.removeAttribute("aria-label");
            }
        }
        const width = box.clientWidth;
        return { pen: clearedCanvas(canvas, width, inSight), width, height: inSight, top: box.scrollTop };
    }

    function bringInSight(top, height, margin) {
        const most = box.clientHeight - margin;
        if (top < box.scrollTop || top + height > box.scrollTop + most) {
            box.scrollTop = Math.max(0, top + height / 2 - most / 2);
        }
    }

    return { element, canvas, box, hint, begin, bringInSight };
}

/** Where a pointer is on an element, in CSS pixels. */
export function pointOf(event, element) {
    const place = element.getBoundingClientRect();
    return { x: event.clientX - place.left, y: event.clientY - place.top };
}

/** Where a hint stands that belongs to a point: beside and under it, but inside of `room` where that can be. */
export function hintPlace(point, size, room) {
    const isRight = point.x + HINT_AWAY + size.width <= room.width;
    const left = isRight ? point.x + HINT_AWAY : point.x - HINT_AWAY - size.width;
    const isBelow = point.y + HINT_AWAY + size.height <= room.height || point.y < size.height + HINT_AWAY;
    const top = isBelow ? point.y + HINT_AWAY : point.y - HINT_AWAY - size.height;
    return { left: Math.max(0, Math.min(left, room.width - size.width)), top };
}

/**
 * A hint in a place. `show({title, facts}, point, isChosen)` shows facts as pairs of a name and a text; one that was
 * chosen is also read out.
 */
export function makeHint(place) {
    const element = make("div", { className: "dsim-hint dsim-picture-hint", hidden: true });
    place.append(element);
    let shown = "";

    function show({ title, facts }, point, isChosen) {
        const text = JSON.stringify([title, facts]);
        element.setAttribute("aria-live", isChosen ? "polite" : "off");
        if (text !== shown) {
            shown = text;
            element.replaceChildren(make("strong", { textContent: title }));
            for (const [name, fact] of facts) {
                element.append("\n", make("span", { className: "dsim-soft", textContent: name }), " ");
                element.append(make("span", { textContent: fact }));
            }
        }
        element.hidden = false;
        const size = { width: element.offsetWidth, height: element.offsetHeight };
        const { left, top } = hintPlace(point, size, { width: place.clientWidth, height: place.clientHeight });
        element.style.left = `${left}px`;
        element.style.top = `${top}px`;
    }

    return { element, show, hide: () => (element.hidden = true) };
}

/** A line that says what is drawn how. `show(entries)` takes [looks, text] pairs; looks name samples of the style. */
export function makeLegend() {
    const element = make("div", { className: "dsim-legend" });
    let shown = "";

    function show(entries) {
        const text = JSON.stringify(entries);
        if (text !== shown) {
            shown = text;
            element.replaceChildren(
                ...entries.map(([looks, words]) =>
                    make("span", {}, make("i", { className: `dsim-sample dsim-sample-${looks}` }), words),
                ),
            );
        }
    }

    return { element, show };
}

/** Slanting lines that fill a box, each [x, y, x, y] and cut at the edges of the box. */
export function hatchLines(x, y, width, height, step) {
    const lines = [];
    for (let start = step / 2 - height; start < width; start += step) {
        const left = Math.max(start, 0);
        const right = Math.min(start + height, width);
        lines.push([x + left, y + height - (left - start), x + right, y + height - (right - start)]);
    }
    return lines;
}

/** Hatch a box in a colour. */
export function hatchBox(pen, x, y, width, height, colour, step = 6, thickness = 1) {
    pen.beginPath();
    for (const [fromX, fromY, toX, toY] of hatchLines(x, y, width, height, step)) {
        pen.moveTo(fromX, fromY);
        pen.lineTo(toX, toY);
    }
    pen.strokeStyle = colour;
    pen.lineWidth = thickness;
    pen.stroke();
}

/** A frame just inside the edges of a box; `dashes` as a canvas takes them. */
export function frameBox(pen, x, y, width, height, colour, thickness = 1, dashes = []) {
    pen.strokeStyle = colour;
    pen.lineWidth = thickness;
    pen.setLineDash(dashes);
    const [inside, across] = [width - thickness, height - thickness].map((size) => Math.max(0, size));
    pen.strokeRect(x + thickness / 2, y + thickness / 2, inside, across);
    pen.setLineDash([]);
}

/** A text, cut so that it fits into so many letters; "" where nothing of it would be left. */
export function cutText(text, nLetters) {
    if (text.length <= nLetters) {
        return text;
    }
    return nLetters < 3 ? "" : `${text.slice(0, nLetters - 1)}…`;
}

/**
 * Calls `show` at once when little is shown, else at most four times a second, but in the end always. `cancel()` when
 * the pane is gone.
 */
export function calmly(show) {
    let timer = 0;
    const cancel = () => {
        clearTimeout(timer);
        timer = 0;
    };
    return {
        call(isMuch) {
            if (!isMuch) {
                cancel();
                show();
            } else {
                timer ||= setTimeout(() => {
                    timer = 0;
                    show();
                }, 250);
            }
        },
        cancel,
    };
}
