"""Live progress in a real JupyterLab: it moves while the cell runs, its end stays, and Interrupt ends the job."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SLOW = """
import time
from disco_sim import Disco

def fun_map(line, params):
    # Real seconds, not virtual ones: sleep() would take none.
    import time
    end = time.perf_counter() + {seconds}
    while time.perf_counter() < end:
        pass
    yield line, 1

job = Disco(nodes=3).new_job(name="slow", input=["raw://x"] * 40, map=fun_map)
"""

WATCH = """() => {
    window.seen = [];
    const look = () => {
        const text = document.querySelector('.jp-OutputArea-output .dsim-progress')?.innerText ?? '';
        if (text && text !== window.seen.at(-1)?.text) window.seen.push({ text, at: performance.now() });
        window.watching = requestAnimationFrame(look);
    };
    look();
}"""


def test_progress_moves_while_the_cell_runs(open_notebook):
    """The numbers change while the kernel is busy, not more than ten times a second, and the last state stays."""
    lab = open_notebook(SLOW.format(seconds=0.05), "urls = job.wait()")
    assert lab.run_cell(0)
    lab.page.evaluate(WATCH)
    assert lab.run_cell(1)
    expect(lab.page.locator(".dsim-progress")).to_have_count(1)
    expect(lab.page.locator(".dsim-progress")).to_contain_text("ready")
    expect(lab.page.locator(".dsim-progress")).to_contain_text("40 done")
    seen = lab.page.evaluate("() => { cancelAnimationFrame(window.watching); return window.seen; }")
    assert len(seen) >= 6, "two seconds of work show several states"
    assert len(seen) <= (seen[-1]["at"] - seen[0]["at"]) / 100 + 4
    kinds = [output["output_type"] for output in lab.outputs(1)]
    assert kinds == ["display_data", "display_data"]
    assert "40 done" in lab.outputs(1)[-1]["data"]["text/plain"]


def test_the_interrupt_button_ends_the_job(open_notebook):
    """Interrupted, the job is dead, its last state is shown, and the notebook goes on."""
    lab = open_notebook(SLOW.format(seconds=0.3), "urls = job.wait()", "print(job.status, job.error.reason)")
    assert lab.run_cell(0)
    lab.page.evaluate(
        """() => {
            window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1;
            window.done = window.jupyterapp.commands.execute('notebook:run-cell');
        }"""
    )
    expect(lab.page.locator(".dsim-progress")).to_contain_text(re.compile(r"[1-9]\d* done"), timeout=20_000)
    lab.command("notebook:interrupt-kernel")
    begun = time.monotonic()
    lab.page.evaluate("() => window.done.then(() => null)")
    assert time.monotonic() - begun < 5
    assert lab.outputs(1)[-1]["ename"] == "KeyboardInterrupt"
    expect(lab.page.locator(".dsim-progress")).to_contain_text("dead")
    assert lab.run_cell(2)
    assert lab.outputs(2)[0]["text"].startswith("dead")
