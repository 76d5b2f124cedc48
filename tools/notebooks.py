"""Run the notebooks and write them in a form that running them again reproduces byte for byte.

    python tools/notebooks.py                  run and rewrite every notebook of notebooks/
    python tools/notebooks.py --check          run them and compare; nothing is written
    PYTHONHASHSEED=4242 python tools/notebooks.py --check notebooks/01_word_count.ipynb

What differs from run to run or from machine to machine and teaches nobody is made alike: ids of cells and widgets,
kernel details, times of execution, the frames of library files in tracebacks (those of cells stay). Everything else
has to come out the same.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def normalise(notebook: NotebookNode) -> NotebookNode:
    """The same notebook with ids, metadata and tracebacks made alike; changes and returns `notebook`.

    Widgets keep their identity: two views of one widget still share a model id.

    >>> cell = nbformat.v4.new_code_cell("1", id="0f3a", metadata={"execution": {"iopub.status.busy": "12:00"}})
    >>> made = normalise(nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {"state": {}}}))
    >>> made.cells[0].id, made.cells[0].metadata, sorted(made.metadata)
    ('c00', {}, ['kernelspec', 'language_info'])
    """
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata.pop("widgets", None)
    notebook.metadata["kernelspec"] = NotebookNode(KERNELSPEC)
    notebook.metadata["language_info"] = NotebookNode(name="python")
    widgets: dict[str, str] = {}
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"c{number:02d}"
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            view = output.get("data", {}).get(WIDGET_VIEW)
            if view is not None:
                view["model_id"] = widgets.setdefault(view["model_id"], f"{len(widgets) + 1:032x}")
            if output.output_type == "error":
                output["traceback"] = [part for part in output["traceback"] if not _is_library_frame(part)]
    return notebook


def _is_library_frame(part: str) -> bool:
    """Whether a part of a traceback is a frame of a file, not of a cell: it names folders and lines that change."""
    return COLOUR.sub("", part).startswith("File ")


def executed(path: Path, timeout_s: int = 300) -> str:
    """The text of the notebook at `path` after a run in a fresh kernel, normalised. The file is left alone."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell["outputs"], cell["execution_count"] = [], None
    client: Any = NotebookClient(
        notebook,
        timeout=timeout_s,
        kernel_name="python3",
        extra_arguments=["--log-level=40"],
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    with tempfile.TemporaryDirectory() as home:
        # A profile of the user's own must not change what a notebook shows.
        client.execute(env={**os.environ, "IPYTHONDIR": home})
    normalise(notebook)
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def differences(path: Path) -> Iterator[str]:
    """Run the notebook at `path` and give the lines by which the file differs from the run; none when it is current."""
    yield from difflib.unified_diff(
        path.read_text(encoding="utf-8").splitlines(), executed(path).splitlines(), f"{path}", f"{path} (run)", n=2
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and rewrite notebooks, or check them; 1 when a check finds a difference."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every notebook of notebooks/")
    parser.add_argument("--check", action="store_true", help="run and compare; write nothing")
    options = parser.parse_args(arguments)
    paths = options.notebooks or sorted(NOTEBOOKS.glob("*.ipynb"))
    if not paths:
        parser.error(f"there is no notebook in {NOTEBOOKS}; name one")
    stale = 0
    for path in paths:
        found = list(differences(path)) if options.check else []
        if not options.check:
            path.write_text(executed(path), encoding="utf-8", newline="\n")
        stale += bool(found)
        print(f"{path.name}: {'differs from a fresh run' if found else 'current' if options.check else 'written'}")
        print(*found[:60], sep="\n", end="\n" if found else "")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
