"""Claims about finding the modules that job functions use."""

from __future__ import annotations

import math
import os
import random as dice
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from disco_sim.compat.disco import modutil
from disco_sim.compat.disco.worker import modutil as newer
from disco_sim.compat.disco.worker.classic import modutil as classic
from disco_sim.error import ModUtilImportError

CONSTANT = "no module"


def fun_map(entry: Any, params: Any) -> Any:
    """Uses modules in several places."""
    yield CONSTANT.upper(), [math.pi for _ in entry], (lambda: os.sep), dice.random, len(entry)
    yield words_of_mine.split(entry), put.name, Task.id  # type: ignore[name-defined]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a module that imports another one of the user's."""
    (tmp_path / "words_of_mine.py").write_text("import json\nfrom helpers_of_mine import split\n")
    (tmp_path / "helpers_of_mine.py").write_text("import words_of_mine\nimport re\nsplit = re.split\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return tmp_path


def test_parse_function() -> None:
    """Modules by their own names, in nested functions too; a constant with a method, or a builtin, is none."""
    assert modutil.parse_function(fun_map) == ["random", "words_of_mine", "put", "Task", "math", "os"]
    assert modutil.parse_function(partial(fun_map, 1)) == modutil.parse_function(fun_map)
    assert modutil.parse_function(len) == []


def test_find_modules(folder: Path) -> None:
    """System modules by name, the user's with their paths and what those import; a worker's names are none."""
    own = [("words_of_mine", str(folder / "words_of_mine.py")), ("helpers_of_mine", str(folder / "helpers_of_mine.py"))]
    assert modutil.find_modules([fun_map]) == ["random", *own, "math", "os"]
    assert modutil.find_modules([fun_map], recurse=False) == ["random", own[0], "math", "os"]
    names = ["random", "words_of_mine", "helpers_of_mine", "math", "os"]
    assert modutil.find_modules([fun_map, fun_map], send_modules=False) == names
    assert modutil.locate_modules(["words_of_mine", "math"]) == own
    assert modutil.recurse_module("words_of_mine", str(folder / "words_of_mine.py")) == own[1:]


def test_the_folders_of_the_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of PYTHONPATH, then the current one; a package counts by its __init__."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["lib", ""]))
    assert modutil.user_paths() == [str(folder / "lib"), str(folder)]
    package = folder / "lib" / "pack"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("")
    assert modutil.locate_modules(["pack", "pack.part"]) == [
        ("pack", str(package / "__init__.py")),
        ("pack.part", str(package / "part.py")),
    ]


def test_a_job_path_counts_too(tmp_path: Path) -> None:
    """Modules beside the job's file are the user's, wherever that is."""
    (tmp_path / "words_of_mine.py").write_text("")
    assert ("words_of_mine", str(tmp_path / "words_of_mine.py")) in modutil.find_modules(
        [fun_map], job_path=str(tmp_path)
    )


def test_what_cannot_be_found_is_told(folder: Path) -> None:
    """The error names the module; a module whose file cannot be parsed is told with its path."""
    with pytest.raises(ModUtilImportError, match="uses 'no_such_one' like a module"):
        modutil.locate_modules(["no_such_one"])
    (folder / "wrong.py").write_text("def :\n")
    with pytest.raises(ModUtilImportError, match=r"wrong\.py' cannot be read"):
        modutil.locate_modules(["wrong"])


def test_what_is_found_runs(folder: Path, disco: Any) -> None:
    """find_modules gives what required_modules takes: a job that needs a user's module gets it."""
    (folder / "words_of_mine.py").write_text("def split(text):\n    return text.split()\n")

    def fun(entry: Any, params: Any) -> Any:
        return [(word, 1) for word in words_of_mine.split(entry)]  # type: ignore[name-defined]

    job = disco.new_job(name="modules", input=["raw://the cat"], map=fun, required_modules=modutil.find_modules([fun]))
    assert sorted(disco.result_iterator(job.wait())) == [("cat", 1), ("the", 1)]


def test_all_places_are_one() -> None:
    """Both generations' modules have the same functions."""
    for name in modutil.__all__:
        assert getattr(newer, name) is getattr(classic, name) is getattr(modutil, name)
