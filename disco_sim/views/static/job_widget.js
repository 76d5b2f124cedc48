/** The view of a job in a notebook: the playback comes from the kernel, which also answers what the page asks. */
import { unpack } from "./columns.js";
import { make } from "./dom.js";
import { jobView } from "./job_view.js";
import { Playback } from "./playback.js";

const WIDGET_PATIENCE = 20_000;

/** Questions to the kernel: each is answered, or after a while given up; then the answer is null. */
function questionsTo(model) {
    const waiting = new Map();
    let nAsked = 0;
    const take = (message) => {
        waiting.get(message.answer)?.(message.content ?? null);
        waiting.delete(message.answer);
    };
    model.on("msg:custom", take);
    return {
        ask: (question) =>
            new Promise((resolve) => {
                const number = (nAsked += 1);
                waiting.set(number, resolve);
                setTimeout(() => take({ answer: number }), WIDGET_PATIENCE);
                model.send({ ask: number, ...question });
            }),
        destroy: () => model.off("msg:custom", take),
    };
}

function render({ model, el }) {
    const questions = questionsTo(model);
    let view = null;
    let isGone = false;
    async function show() {
        const play = new Playback(await unpack(model.get("playback")));
        view?.destroy();
        if (!isGone) {
            view = jobView(play, questions.ask);
            el.replaceChildren(view.element);
        }
    }
    const tryToShow = () =>
        show().catch((error) => {
            el.replaceChildren(make("pre", { textContent: `This job cannot be shown here. ${error}` }));
        });
    model.on("change:playback", tryToShow);
    tryToShow();
    return () => {
        isGone = true;
        model.off("change:playback", tryToShow);
        questions.destroy();
        view?.destroy();
    };
}

export default { render };
