/** Which keys belong to a view, and which to the notebook that it stands in. */

/** Whether a key is one that a view may have: no shortcut with Ctrl, Alt or Meta, no Shift+Enter, and no Escape. */
export function isViewKey(event) {
    const isShortcut = event.ctrlKey || event.metaKey || event.altKey;
    return !isShortcut && event.key !== "Escape" && !(event.shiftKey && event.key === "Enter");
}

/** Whether what has the focus takes letters or arrows itself; a slider and a box to tick do not. */
export function isTypedInto(target) {
    return target.matches("input:not([type=range], [type=checkbox]), select, textarea");
}

/**
 * Keep the keys of a view from the notebook, in which a d and another d would delete its cell; gives what undoes it.
 * JupyterLab looks for its shortcuts before anything in the page hears of a key, but leaves alone what is marked so.
 */
export function keepKeys(element) {
    const mark = "data-lm-suppress-shortcuts";
    const decide = (event) => {
        if (!element.contains(event.target)) {
            return;
        }
        // What has the focus has to have the mark itself: JupyterLab looks there first.
        if (isViewKey(event)) {
            event.target.setAttribute(mark, "true");
        } else {
            event.target.removeAttribute(mark);
        }
    };
    window.addEventListener("keydown", decide, true);
    return () => window.removeEventListener("keydown", decide, true);
}
