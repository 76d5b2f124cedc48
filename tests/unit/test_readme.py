"""What the documents say of the project is so: links, targets, options, the picture, layers, long modules."""

from __future__ import annotations

import ast
import re
import struct
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from click.testing import CliRunner

from disco_sim import func
from disco_sim.cli import main
from disco_sim.client.arguments import defaults
from disco_sim.node import worker

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
MOST_LINES = 350


def rows_of_layers() -> list[list[str]]:
    """The modules in each row of the table of layers, from the top down."""
    rows = re.search(r"## Layers\n(.*?)\n\n`sim`", ARCHITECTURE, re.DOTALL)[1].splitlines()
    return [re.findall(r"`(\w+)`", row.split("|")[1]) for row in rows if row.startswith("| `")]


def strings_in(path: Path) -> Iterator[tuple[int, str]]:
    """The (line, text) of every string in a module that is not documentation."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link of a document names a file or folder that is there."""
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_make_targets_exist(document: Path) -> None:
    """Every `make` command that a document names is a target of the Makefile."""
    text = document.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^    )make ([a-z-]+)", text, re.MULTILINE))
    assert named <= targets


def test_commands_and_options_exist() -> None:
    """Every `disco-sim` command and option that the README shows is one."""
    for command, rest in re.findall(r"^    disco-sim (\S+)([^#\n]*)", README, re.MULTILINE):
        told = CliRunner().invoke(main, [command, "--help"])
        assert told.exit_code == 0, told.output
        for option in re.findall(r"--\w+", rest):
            assert option in told.output


def test_jobs_page_has_every_parameter_and_name() -> None:
    """docs/jobs.md has a row for each job parameter with its default, and for each of the worker's own functions."""
    page = (ROOT / "docs" / "jobs.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    told = {name: row[2].strip() for row in rows for name in re.findall(r"`(\w+)[`(]", row[1])}
    own_names = {name for name in worker.__all__ if name not in func.__all__}
    assert set(told) == {"name", *defaults(), *own_names, "kvgroup"}
    wrong = {
        name: told[name]
        for name, default in defaults().items()
        if isinstance(default, (bool, int)) and told[name] not in ("", f"`{default}`")
    }
    assert wrong == {}


def test_picture_is_there_and_small() -> None:
    """The picture of the result is a PNG of a readable size and under 200 kB."""
    data = (ROOT / "docs" / "wordcount.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", data[16:20])[0] >= 900
    assert len(data) < 200_000


def test_layers_are_those_of_the_build() -> None:
    """The table of layers in ARCHITECTURE.md has the rows of pyproject.toml, in their order."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = [sorted(layer.split(" | ")) for layer in contracts[0]["layers"]]
    assert [sorted(names) for names in rows_of_layers()] == layers


def test_no_string_names_a_module_above() -> None:
    """Below `compat`, no string names a module of a layer above or beside its own: import-linter sees only imports."""
    rank = {name: number for number, names in enumerate(rows_of_layers()) for name in names}
    upward = []
    for path in sorted((ROOT / "disco_sim").rglob("*.py")):
        place = path.relative_to(ROOT / "disco_sim")
        own = place.parts[0].removesuffix(".py")
        if own in rank and rank[own] > rank["compat"]:
            for line, text in strings_in(path):
                named = set(re.findall(r"\bdisco_sim\.(\w+)", text)) - {own}
                upward += [f"{place}:{line} {name}" for name in named if name in rank and rank[name] <= rank[own]]
    assert upward == []


def test_long_modules_have_a_reason() -> None:
    """A module of more than 350 lines stands in ARCHITECTURE.md with the reason."""
    package = ROOT / "disco_sim"
    for module in package.rglob("*.py"):
        if len(module.read_text(encoding="utf-8").splitlines()) > MOST_LINES:
            assert f"| `{module.relative_to(package).as_posix()}` |" in ARCHITECTURE


def test_every_dependency_has_a_reason() -> None:
    """Each package that pyproject.toml asks for has a line in ARCHITECTURE.md that says why."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    reasons = ARCHITECTURE.split("## Dependencies")[1]
    missing = [name for name in (re.match(r"[\w-]+", line)[0] for line in wanted) if name not in reasons]
    assert missing == []


def test_a_word_stands_once_in_the_glossary() -> None:
    """One meaning for each word: no word has two lines."""
    words = re.findall(r"\*\*([^*]+)\*\*", (ROOT / "GLOSSARY.md").read_text(encoding="utf-8"))
    assert sorted(set(words)) == sorted(words)
