/** A job step by step: forward, back, to a key; and a question before each answer, if that is asked for. */
import { make, makeButton, stateClass } from "./dom.js";
import { isViewKey, keepKeys } from "./keyboard.js";
import { keysOf, questionBefore, scoreText, stepOfKey, verdictOf } from "./quiz.js";
import { stepperColumns } from "./stepper_columns.js";
import { pictureAt } from "./stepper_facts.js";

const STEPPER_KEYS = 300;
let nSteppers = 0;

/** A stepper for the steps of a job, at the first of them, or at the first that concerns `key`. */
export function stepper(told, { key = null } = {}) {
    const { steps } = told;
    const name = `dsim-stepper-${(nSteppers += 1)}`;
    const last = steps.length - 1;
    const answered = new Set();
    const score = { right: 0, asked: 0 };
    let at = 0;
    let question = null;
    let verdict = null;

    const element = make("div", { className: "dsim-view dsim-stepper", tabIndex: 0 });
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", `Job ${told.job} step by step`);
    const place = make("span", { className: "dsim-soft" });
    const picture = make("div", { className: "dsim-stepper-picture" });
    const say = make("div", { className: "dsim-stepper-say" });
    say.setAttribute("role", "status");
    const asking = make("div", { className: "dsim-stepper-question", hidden: true });
    asking.setAttribute("role", "group");
    const startButton = makeButton("Start", () => go(0), { title: "To the first step (Home)" });
    const backButton = makeButton("Back", back, { title: "One step back (left arrow)" });
    const nextButton = makeButton("Next", next, { className: "dsim-primary", title: "One step on (right arrow)" });
    const endButton = makeButton("End", () => go(last), { title: "To the last step (End)" });
    const keys = make("datalist", { id: `${name}-keys` });
    keys.append(...keysOf(steps, STEPPER_KEYS).map((text) => make("option", { value: text })));
    const keyInput = make("input", { type: "text", size: 12, list: keys.id, autocomplete: "off", spellcheck: false });
    const jumpButton = makeButton("Jump", jump, { title: "To the next step that concerns the key (Enter)" });
    const predict = make("input", { type: "checkbox", onchange: () => (ask(null), draw()) });
    const scored = make("span", { className: "dsim-stepper-score" });

    /** Show a step; what was asked is not asked any more. */
    function go(number, words = null) {
        at = Math.min(Math.max(number, 0), last);
        verdict = words;
        ask(null);
        draw();
    }

    function back() {
        go(question ? at : at - 1);
    }

    function next() {
        const isAsked = predict.checked && !question && !answered.has(at + 1);
        const found = isAsked ? questionBefore(told, at + 1) : null;
        if (!found) {
            go(at + 1);
            return;
        }
        verdict = null;
        ask(found);
        draw();
        asking.querySelector("button").focus({ preventScroll: true });
    }

    function ask(newQuestion) {
        const hadFocus = asking.contains(document.activeElement);
        question = newQuestion;
        asking.hidden = question === null;
        asking.replaceChildren();
        if (question) {
            const buttons = question.choices.map((choice) =>
                makeButton(choice.text, () => answer(choice), { className: "dsim-mono" }),
            );
            asking.setAttribute("aria-label", question.words);
            const choices = make("div", { className: "dsim-row" }, ...buttons);
            asking.append(make("strong", { textContent: question.words }), choices);
        } else if (hadFocus) {
            nextButton.focus({ preventScroll: true });
        }
    }

    function answer(choice) {
        const words = { text: verdictOf(question, choice), isRight: choice.isRight };
        answered.add(at + 1);
        score.asked += 1;
        score.right += choice.isRight ? 1 : 0;
        go(at + 1, words);
    }

    function jump() {
        const typed = keyInput.value;
        const found = typed === "" ? -1 : stepOfKey(steps, at, typed);
        if (found >= 0) {
            go(found);
        } else {
            say.textContent = typed === "" ? "Type a key to jump to." : `No step concerns the key ${typed}.`;
        }
    }

    function draw() {
        const asked = question ? steps[at + 1] : null;
        place.textContent = `step ${at + 1} of ${steps.length}`;
        picture.replaceChildren(...stepperColumns(told, pictureAt(told, at), asked, predict.checked));
        const here = picture.querySelector(".dsim-stepper-here");
        if (here) {
            // Many partitions do not fit: the one at hand is brought in sight, and nothing else moves.
            here.parentElement.scrollTop = here.offsetTop - here.parentElement.offsetTop - 60;
        }
        say.replaceChildren();
        if (verdict) {
            const look = `dsim-word ${verdict.isRight ? "dsim-is-good" : "dsim-is-bad"}`;
            say.append(make("span", { className: look, textContent: verdict.text }), " ");
        }
        say.append(question ? "Choose an answer, or go on with Next." : steps[at].say);
        scored.textContent = scoreText(score);
        enable(startButton, at > 0);
        enable(backButton, at > 0 || question !== null);
        enable(nextButton, at < last);
        enable(endButton, at < last);
    }

    /** A button that is turned off would lose the keys to nobody. */
    function enable(button, isOn) {
        const hadFocus = document.activeElement === button;
        button.disabled = !isOn;
        if (!isOn && hadFocus) {
            element.focus({ preventScroll: true });
        }
    }

    element.onkeydown = (event) => {
        const isTyping = event.target === keyInput;
        if (!isViewKey(event)) {
            return;
        }
        const actions = isTyping
            ? { Enter: jump }
            : { ArrowLeft: back, ArrowRight: next, Home: () => go(0), End: () => go(last) };
        if (event.key in actions) {
            actions[event.key]();
            event.preventDefault();
        }
    };
    const head = make(
        "div",
        { className: "dsim-row dsim-stepper-head" },
        make("strong", { textContent: "Step by step" }),
        make("code", { textContent: told.job }),
        make("span", { className: `dsim-word ${stateClass(told.status)}`, textContent: told.status }),
        place,
    );
    const notes = told.notes.map((note) => make("div", { className: "dsim-is-odd", textContent: `Note: ${note}.` }));
    const keyLabel = make("label", {}, "Jump to key", keyInput);
    const controls = make(
        "div",
        { className: "dsim-row dsim-stepper-controls" },
        make("div", { className: "dsim-row dsim-stepper-buttons" }, startButton, backButton, nextButton, endButton),
        make("label", {}, predict, "Predict"),
        scored,
        make("div", { className: "dsim-row dsim-stepper-jump" }, keyLabel, jumpButton, keys),
    );
    // What changes its height comes below the buttons, so that they stay under the pointer.
    element.append(head, ...notes, controls, say, asking, picture);
    go(key === null ? 0 : Math.max(0, stepOfKey(steps, last, key)));

    const letGo = keepKeys(element);
    return {
        element,
        destroy() {
            letGo();
            element.remove();
        },
    };
}
