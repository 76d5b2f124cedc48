"""tools/notebooks.py makes alike what differs from run to run, and nothing else."""

from __future__ import annotations

import copy

import nbformat
import pytest
from nbformat import NotebookNode

from tools import notebooks
from tools.notebooks import WIDGET_VIEW, normalise


def notebook_of(*outputs: NotebookNode, **metadata: object) -> NotebookNode:
    """A notebook of one executed cell with these outputs."""
    cell = nbformat.v4.new_code_cell("f()", execution_count=1, outputs=list(outputs))
    return nbformat.v4.new_notebook(cells=[cell], metadata=metadata)


def view_of(model_id: str) -> NotebookNode:
    """The output that a widget leaves."""
    data = {"text/plain": "View(wordcount)", WIDGET_VIEW: {"model_id": model_id, "version_major": 2}}
    return nbformat.v4.new_output("display_data", data=data)


def test_two_runs_become_one_text():
    """Runs that differ only in ids, times and widget state give the same bytes."""
    runs = []
    for model_id in ("6a" * 16, "b0" * 16):
        run = notebook_of(view_of(model_id), widgets={"state": {model_id: {}}})
        run.cells[0].metadata["execution"] = {"shell.execute_reply": model_id}
        runs.append(nbformat.writes(normalise(run)))
    assert runs[0] == runs[1]


def test_normalising_twice_changes_nothing_more():
    """A normalised notebook is its own normal form."""
    once = normalise(notebook_of(view_of("6a" * 16), nbformat.v4.new_output("stream", text="12\n")))
    assert normalise(copy.deepcopy(once)) == once


def test_widgets_keep_their_identity():
    """Two views of one widget share an id, another widget has another one, in the order they appear."""
    made = normalise(notebook_of(view_of("cc" * 16), view_of("aa" * 16), view_of("cc" * 16)))
    ids = [int(output["data"][WIDGET_VIEW]["model_id"], 16) for output in made.cells[0].outputs]
    assert ids == [1, 2, 1]


def test_what_a_reader_sees_stays():
    """Text, tags and sources come through as they are; only frames of files leave a traceback."""
    error = nbformat.v4.new_output(
        "error",
        ename="ValueError",
        evalue="key 'to'",
        traceback=[
            "\x1b[31mValueError\x1b[39m  Traceback (most recent call last)",
            "\x1b[36mCell\x1b[39m In[1], line 1",
            "\x1b[36mFile \x1b[39m\x1b[32m/usr/lib/python3/json/decoder.py:337\x1b[39m, in decode",
            "ValueError: key 'to'",
        ],
    )
    notebook = notebook_of(nbformat.v4.new_output("stream", text="12 ms\n"), error)
    notebook.cells[0].metadata["tags"] = ["raises-exception"]
    cell = normalise(notebook).cells[0]
    assert cell.outputs[0].text == "12 ms\n"
    assert [part.rpartition("\x1b[39m")[2] for part in cell.outputs[1].traceback] == [
        "  Traceback (most recent call last)",
        " In[1], line 1",
        "ValueError: key 'to'",
    ]
    assert (cell.source, cell.metadata, cell.execution_count) == ("f()", {"tags": ["raises-exception"]}, 1)


def test_the_result_is_a_valid_notebook_for_the_usual_kernel():
    """Whatever kernel wrote the notebook, it opens with python3."""
    kernel = {"name": "my-env", "display_name": "Mine"}
    made = normalise(notebook_of(kernelspec=kernel, language_info={"name": "python", "version": "3.11.2"}))
    nbformat.validate(made)
    assert made.metadata.kernelspec.name == "python3"
    assert made.metadata.language_info == {"name": "python"}


def test_check_says_what_differs_and_writes_nothing(tmp_path, monkeypatch, capsys):
    """--check compares bytes with a fresh run, fails on a difference, and leaves the file alone."""
    path = tmp_path / "lesson.ipynb"
    path.write_text("old\n", encoding="utf-8")
    monkeypatch.setattr(notebooks, "executed", lambda path: "new\n")
    assert notebooks.main(["--check", str(path)]) == 1
    assert "lesson.ipynb: differs from a fresh run" in capsys.readouterr().out
    assert path.read_text(encoding="utf-8") == "old\n"
    assert notebooks.main([str(path)]) == 0
    assert path.read_bytes() == b"new\n"
    assert notebooks.main(["--check", str(path)]) == 0


def test_nothing_to_run_is_an_error(tmp_path, monkeypatch):
    """An empty notebooks/ folder is not taken for success."""
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path)
    with pytest.raises(SystemExit, match="2"):
        notebooks.main([])
