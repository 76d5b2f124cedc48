/** Which keys a view has. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { isViewKey } from "../../disco_sim/views/static/keyboard.js";

const key = (name, more = {}) => ({ key: name, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });

test("letters, digits, arrows and space belong to the view, so that a notebook's cell is not deleted", () => {
    for (const name of ["d", "m", "4", " ", "ArrowDown", "Home", "Enter", "Tab"]) {
        assert.equal(isViewKey(key(name)), true, name);
    }
});

test("shortcuts stay with the notebook: save, run a cell, leave", () => {
    assert.equal(isViewKey(key("s", { ctrlKey: true })), false);
    assert.equal(isViewKey(key("s", { metaKey: true })), false);
    assert.equal(isViewKey(key("Enter", { shiftKey: true })), false);
    assert.equal(isViewKey(key("Enter", { altKey: true })), false);
    assert.equal(isViewKey(key("Escape")), false);
});
