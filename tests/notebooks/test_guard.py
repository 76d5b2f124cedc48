"""What running a notebook cannot show: that it was run, in order, and can be read anywhere, offline.

nbval compares the outputs of a notebook with a fresh run, but a cell whose outputs were cleared passes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("**/*.ipynb"))

IGNORE_TAGS = {"nbval-ignore-output", "nbval-skip"}
IGNORE_COMMENT = re.compile(r"#\s*(NBVAL_IGNORE_OUTPUT|NBVAL_SKIP|PYTEST_VALIDATE_IGNORE_OUTPUT)", re.IGNORECASE)
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}")
FOLDER = re.compile(r"site-packages|ipykernel_\d+|/(?:home|root|tmp|Users)/\w+")
# A host with a dot lies outside; node01 and master:8989 are simulated, and the names of SVG and XML load nothing.
OUTSIDE = re.compile(r"\b(?:https?|wss?)://(?!127\.0\.0\.1\b|www\.w3\.org/)[\w\-]+(?:\.[\w\-]+)+")


def faults_of(notebook: NotebookNode) -> list[str]:
    """What is wrong with a notebook, one line for each fault; none if it can be published."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    faults = []
    counts = [cell.execution_count for cell in cells]
    if counts != list(range(1, len(cells) + 1)):
        faults.append(f"code cells were run in the order {counts}, not 1 to {len(cells)}")
    if not outputs:
        faults.append("no cell has an output")
    if "widgets" in notebook.metadata:
        faults.append("widget state is stored in metadata.widgets")
    kernel = notebook.metadata.get("kernelspec", {}).get("name")
    if kernel != "python3":
        faults.append(f"the kernel is {kernel!r}, not 'python3'")
    for number, cell in enumerate(notebook.cells):
        tags = set(cell.metadata.get("tags", ()))
        written = json.dumps([cell.source, cell.get("outputs", [])], ensure_ascii=False)
        if cell.cell_type == "code":
            if "raises-exception" not in tags and any(output.output_type == "error" for output in cell.outputs):
                faults.append(f"cell {number} ends in an error without the tag raises-exception")
            if tags & IGNORE_TAGS or IGNORE_COMMENT.search(cell.source):
                faults.append(f"cell {number} asks nbval not to compare it")
        faults.extend(f"cell {number} shows the address {found}" for found in ADDRESS.findall(written))
        faults.extend(f"cell {number} names the folder {found} of one machine" for found in FOLDER.findall(written))
        faults.extend(f"cell {number} refers to {found} outside" for found in OUTSIDE.findall(written))
    return faults


def good_notebook() -> NotebookNode:
    """A notebook without a fault: a title, a cell that prints, and one that is meant to go wrong."""
    v4 = nbformat.v4
    printing = v4.new_code_cell(
        "print(job)", execution_count=1, outputs=[v4.new_output("stream", text="disco://node01/a http://master:8989\n")]
    )
    failing = v4.new_code_cell(
        "1 / 0", execution_count=2, outputs=[v4.new_output("error", ename="E", evalue="", traceback=["E"])]
    )
    failing.metadata["tags"] = ["raises-exception"]
    return v4.new_notebook(
        cells=[v4.new_markdown_cell("# Word count"), printing, failing],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )


def test_there_are_notebooks():
    """A guard over nothing would always be content."""
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_can_be_published(path: Path):
    """The notebook was run from top to bottom, shows something, and needs nothing from outside."""
    assert faults_of(nbformat.read(path, as_version=4)) == []


def test_a_good_notebook_has_no_faults():
    """Simulated hosts, expected errors and prose are no faults."""
    assert faults_of(good_notebook()) == []


def clear_a_cell(notebook: NotebookNode) -> None:
    notebook.cells[1].update(outputs=[], execution_count=None)


def clear_every_output(notebook: NotebookNode) -> None:
    for cell in notebook.cells[1:]:
        cell.outputs = []


def run_out_of_order(notebook: NotebookNode) -> None:
    notebook.cells[1].execution_count, notebook.cells[2].execution_count = 2, 1


def start_late(notebook: NotebookNode) -> None:
    notebook.cells[1].execution_count, notebook.cells[2].execution_count = 7, 8


def fail_untagged(notebook: NotebookNode) -> None:
    notebook.cells[2].metadata["tags"] = []


def show_an_address(notebook: NotebookNode) -> None:
    notebook.cells[1].outputs[0].text = "<Job object at 0x7f21c0de88d0>"


def show_a_folder(notebook: NotebookNode) -> None:
    notebook.cells[2].outputs[0].evalue = "no such file: /home/ada/hamlet.txt"


def store_widgets(notebook: NotebookNode) -> None:
    notebook.metadata["widgets"] = {}


def use_another_kernel(notebook: NotebookNode) -> None:
    notebook.metadata["kernelspec"]["name"] = "my-env"


def have_no_kernel(notebook: NotebookNode) -> None:
    del notebook.metadata["kernelspec"]


def load_a_script(notebook: NotebookNode) -> None:
    notebook.cells[1].outputs.append(
        nbformat.v4.new_output("display_data", data={"text/html": '<script src="https://cdn.example.org/x.js">'})
    )


def link_outside(notebook: NotebookNode) -> None:
    notebook.cells[0].source = "[more](http://example.org/)"


def ignore_by_comment(notebook: NotebookNode) -> None:
    notebook.cells[1].source = "# NBVAL_IGNORE_OUTPUT\nprint(job)"


def ignore_by_tag(notebook: NotebookNode) -> None:
    notebook.cells[1].metadata["tags"] = ["nbval-skip"]


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (clear_a_cell, "order [None, 2], not 1 to 2"),
        (clear_every_output, "no cell has an output"),
        (run_out_of_order, "order [2, 1], not 1 to 2"),
        (start_late, "order [7, 8], not 1 to 2"),
        (fail_untagged, "cell 2 ends in an error without the tag"),
        (show_an_address, "cell 1 shows the address 0x7f21c0de88d0"),
        (show_a_folder, "cell 2 names the folder /home/ada of one machine"),
        (store_widgets, "metadata.widgets"),
        (use_another_kernel, "the kernel is 'my-env'"),
        (have_no_kernel, "the kernel is None"),
        (load_a_script, "cell 1 refers to https://cdn.example.org outside"),
        (link_outside, "cell 0 refers to http://example.org outside"),
        (ignore_by_comment, "cell 1 asks nbval not to compare it"),
        (ignore_by_tag, "cell 1 asks nbval not to compare it"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_bad_notebook_is_caught(spoil: Callable[[NotebookNode], None], fault: str):
    """Each fault alone is found, and named."""
    notebook = good_notebook()
    spoil(notebook)
    assert [line for line in faults_of(notebook) if fault in line]
