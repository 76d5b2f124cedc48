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


def frames_a_second(page: LabPage, tab: str, played_ms: int) -> float:
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
        played_ms,
    )
    view.get_by_role("button", name="Pause", exact=True).click()
    assert "0.000 /" not in view.locator(".dsim-now").inner_text(), "it did not play"
    view.get_by_label("Virtual time").press("End")
    return number * 1000 / played_ms


def views(page: LabPage, arguments: argparse.Namespace) -> Iterator[Row]:
    """A job of many tasks against a bare widget."""
    assert page.run_cell(0) and page.run_cell(1)
    page.page.wait_for_selector(".bare")
    assert page.run_cell(2)
    bare: list[float] = []
    ours: dict[str, list[float]] = {"view opens": [], "view is made and opens": []}
    for _ in range(arguments.turns):
        bare.append(opened_ms(page, 1, ".bare"))
        for cell, taken in enumerate(ours.values(), 3):
            taken.append(opened_ms(page, cell, ".dsim-job canvas"))
    for what, taken in ours.items():
        ratio = statistics.median(one / other for one, other in zip(taken, bare, strict=True))
        yield Row(
            f"{arguments.tasks:,} tasks: {what}, against a bare widget",
            f"{statistics.median(taken):.0f} ms / {statistics.median(bare):.0f} ms = {ratio:.1f}",
            "at most 3",
        )
    for tab in ("Cluster", "Timeline", "Flow", "OOB", "Log"):
        frames = frames_a_second(page, tab, arguments.played_ms)
        yield Row(f"{arguments.tasks:,} tasks: {tab} plays", f"{frames:.0f} frames/s", "30")


def results(page: LabPage, arguments: argparse.Namespace) -> Iterator[Row]:
    """Many out-of-band results."""
    what = f"{arguments.results:,} results"
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
    yield Row(f"{what}: OOB opens", f"{taken['opened']:.0f} ms", "under 1,000 ms")
    yield Row(f"{what}: OOB filters, slowest of five", f"{taken['filtered']:.0f} ms", "under 100 ms")


def large(page: LabPage, arguments: argparse.Namespace) -> Iterator[Row]:
    """A long log."""
    what = f"{arguments.large_tasks:,} tasks"
    assert page.run_cell(7)
    page.run_cell(8)
    n_bytes = int("".join(output.get("text", "") for output in page.outputs(8)))
    yield Row(f"{what}: bytes sent", f"{n_bytes:,}", "under 10,000,000")
    yield Row(f"{what}: view opens", f"{opened_ms(page, 9, '.dsim-job canvas') / 1000:.1f} s", "")
    for tab in ("Cluster", "Timeline", "Flow", "OOB", "Log"):
        yield Row(f"{what}: {tab} plays", f"{frames_a_second(page, tab, arguments.played_ms):.0f} frames/s", "")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--turns", type=int, default=5, help="how often each view is opened: 5")
    parser.add_argument("--tasks", type=int, default=5_000, help="tasks of the usual job: 5,000")
    parser.add_argument("--results", type=int, default=100_000, help="out-of-band results, 1,000 a task: 100,000")
    parser.add_argument("--large-tasks", type=int, default=100_000, help="tasks of the long log: 100,000")
    parser.add_argument("--played-ms", type=int, default=3_000, help="how long each pane plays: 3,000")
    parser.add_argument("--quick", action="store_true", help="leave out the long log, which takes minutes")
    arguments = parser.parse_args()
    cells = [
        JOBS,
        BARE,
        f"job = job_of({arguments.tasks}, 100); view = job.view()",
        "view",
        # A new widget each time: what is measured is the making of it, too.
        "job._view = None; job.view()",
        f"many = job_of({arguments.results // 1000}, 10, putting)",
        "many.view()",
        f"large = job_of({arguments.large_tasks}, 1000)",
        "print(len(large.view().playback))",
        "large.view()",
    ]
    print(f"{'what':<52} {'measured':<28} wanted")
    with lab(cells) as page:
        for measure in (views, results) if arguments.quick else (views, results, large):
            for row in measure(page, arguments):
                print(f"{row.what:<52} {row.measured:<28} {row.wanted}", flush=True)
        assert not page.outside_requests() and not page.problems, (page.outside_requests(), page.problems)


if __name__ == "__main__":
    main()
