"""The view of a job in JupyterLab, in a real Chromium: how soon it is there, how smoothly it plays, how much is sent.

A bare anywidget is opened in the same notebook by turns with the view, and the medians are compared. Frames are counted
while the view plays: drawing is done between frames, so that slow drawing means few of them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

from tests.browser.labdrive import LabPage, running_browser, running_lab

PLAYED_MS = 3000
TURNS = 5

BARE = '''
import anywidget
class Bare(anywidget.AnyWidget):
    _esm = """
    export default {
        render({ el }) {
            el.append(Object.assign(document.createElement("p"), { className: "bare", textContent: "x" }));
        }
    }"""
Bare()
'''

JOBS = """
from disco_sim import Disco
from disco_sim.func import sum_reduce

def fun_map(line, params):
    for word in line.split():
        yield word, 1

def putting(line, params):
    for number in range(1000):
        put(f"key:{this_partition()}:{number}", "value %d" % number)
    yield line, 1

def job_of(n, nodes, function=fun_map):
    disco = Disco(nodes=nodes, slots=4)
    inputs = [f"raw://a{i} b{i % 7} the" for i in range(n)]
    job = disco.new_job(name="big", input=inputs, map=function, reduce=sum_reduce, partitions=20)
    job.wait(show=False)
    return job
"""


class Row(NamedTuple):
    """A line of the table."""

    what: str
    measured: str
    wanted: str


@contextmanager
def lab(cells: list[str]) -> Iterator[LabPage]:
    """A notebook of `cells` in JupyterLab, open in a browser; no cell has been run."""
    with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as home:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
        nbformat.write(notebook, Path(root) / "views.ipynb")
        with running_lab(Path(root), Path(home)) as address, running_browser() as browser:
            page = LabPage(browser.new_context(viewport={"width": 1400, "height": 3000}).new_page(), address)
            page.page.set_default_timeout(600_000)
            page.open("views.ipynb")
            yield page
            page.close()


def opened_ms(page: LabPage, cell: int, selector: str) -> float:
    """Milliseconds from the running of a cell to the second frame after its output has what is looked for."""
    taken: float = page.page.evaluate(
        """async ([cell, selector]) => {
            const content = window.jupyterapp.shell.currentWidget.content;
            await window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs');
            content.activeCellIndex = cell;
            const place = content.widgets[cell].node;
            const start = performance.now();
            window.jupyterapp.commands.execute('notebook:run-cell');
            while (!place.querySelector(selector)) await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            return performance.now() - start;
        }""",
        [cell, selector],
    )
    return taken


def frames_a_second(page: LabPage, tab: str) -> float:
    """Frames a second while a pane plays from the beginning."""
    view = page.page.locator(".dsim-job").last
    view.get_by_role("tab", name=tab, exact=True).click()
    view.get_by_label("Virtual time").press("Home")
    view.get_by_role("button", name="Play", exact=True).click()
    number: int = page.page.evaluate(
        """async limit => {
            let frames = 0;
            const start = performance.now();
            while (performance.now() - start < limit) { await new Promise(requestAnimationFrame); frames++; }
            return frames;
        }""",
        PLAYED_MS,
    )
    view.get_by_role("button", name="Pause", exact=True).click()
    assert "0.000 /" not in view.locator(".dsim-now").inner_text(), "it did not play"
    view.get_by_label("Virtual time").press("End")
    return number * 1000 / PLAYED_MS


def views(page: LabPage, turns: int) -> Iterator[Row]:
    """A job of 5,000 tasks against a bare widget."""
    assert page.run_cell(0) and page.run_cell(1)
    page.page.wait_for_selector(".bare")
    assert page.run_cell(2)
    bare: list[float] = []
    ours: dict[str, list[float]] = {"view opens": [], "view is made and opens": []}
    for _ in range(turns):
        bare.append(opened_ms(page, 1, ".bare"))
        for cell, taken in enumerate(ours.values(), 3):
            taken.append(opened_ms(page, cell, ".dsim-job canvas"))
    for what, taken in ours.items():
        ratio = statistics.median(one / other for one, other in zip(taken, bare, strict=True))
        yield Row(
            f"5,000 tasks: {what}, against a bare widget",
            f"{statistics.median(taken):.0f} ms / {statistics.median(bare):.0f} ms = {ratio:.1f}",
            "at most 3",
        )
    for tab in ("Cluster", "Timeline", "Flow", "OOB", "Log"):
        yield Row(f"5,000 tasks: {tab} plays", f"{frames_a_second(page, tab):.0f} frames/s", "30")


def results(page: LabPage) -> Iterator[Row]:
    """100,000 out-of-band results."""
    assert page.run_cell(5)
    opened_ms(page, 6, ".dsim-job canvas")
    taken: dict[str, Any] = page.page.evaluate(
        """async () => {
            const view = document.querySelector('.dsim-job');
            const frame = () => new Promise(requestAnimationFrame);
            const tab = Array.from(view.querySelectorAll('[role=tab]')).find(tab => tab.textContent === 'OOB');
            let start = performance.now();
            tab.click();
            const rows = () => view.querySelectorAll('.dsim-pane:not([hidden]) tbody tr:not(.dsim-gap)').length;
            while (!rows()) await frame();
            await frame();
            const opened = performance.now() - start;
            const box = view.querySelector('.dsim-pane:not([hidden]) input');
            const times = [];
            for (const text of ['k', 'ke', 'key:7', 'key:77:9', '']) {
                start = performance.now();
                box.value = text;
                box.dispatchEvent(new Event('input', { bubbles: true }));
                await frame();
                await frame();
                times.push(performance.now() - start);
            }
            return { opened, filtered: Math.max(...times) };
        }"""
    )
    yield Row("100,000 results: OOB opens", f"{taken['opened']:.0f} ms", "under 1,000 ms")
    yield Row("100,000 results: OOB filters, slowest of five", f"{taken['filtered']:.0f} ms", "under 100 ms")


def large(page: LabPage) -> Iterator[Row]:
    """A log of 100,000 tasks."""
    assert page.run_cell(7)
    page.run_cell(8)
    n_bytes = int("".join(output.get("text", "") for output in page.outputs(8)))
    yield Row("100,000 tasks: bytes sent", f"{n_bytes:,}", "under 10,000,000")
    yield Row("100,000 tasks: view opens", f"{opened_ms(page, 9, '.dsim-job canvas') / 1000:.1f} s", "")
    for tab in ("Cluster", "Timeline", "Flow", "OOB", "Log"):
        yield Row(f"100,000 tasks: {tab} plays", f"{frames_a_second(page, tab):.0f} frames/s", "")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--quick", action="store_true", help="leave out the log of 100,000 tasks, which takes minutes")
    arguments = parser.parse_args()
    cells = [
        JOBS,
        BARE,
        "job = job_of(5000, 100); view = job.view()",
        "view",
        # A new widget each time: what is measured is the making of it, too.
        "job._view = None; job.view()",
        "many = job_of(100, 10, putting)",
        "many.view()",
        "large = job_of(100_000, 1000)",
        "print(len(large.view().playback))",
        "large.view()",
    ]
    print(f"{'what':<52} {'measured':<28} wanted")
    with lab(cells) as page:
        for rows in (views(page, arguments.turns), results(page), *([] if arguments.quick else [large(page)])):
            for row in rows:
                print(f"{row.what:<52} {row.measured:<28} {row.wanted}", flush=True)
        assert not page.outside_requests() and not page.problems, (page.outside_requests(), page.problems)


if __name__ == "__main__":
    main()
