/** The stepper in a notebook: the kernel has sent all steps, and is not asked again. */
import { stepper } from "./stepper.js";

function render({ model, el }) {
    let shown = null;
    const show = () => {
        shown?.destroy();
        shown = stepper(JSON.parse(model.get("steps")));
        el.replaceChildren(shown.element);
    };
    model.on("change:steps", show);
    show();
    return () => {
        model.off("change:steps", show);
        shown.destroy();
    };
}

export default { render };
