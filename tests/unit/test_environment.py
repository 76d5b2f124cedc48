"""The conda environment and the package ask for the same things."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENVIRONMENT: dict[str, Any] = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def bounds_of(requirements: list[str]) -> dict[str, SpecifierSet]:
    """Package name to version bounds, as pip reads them."""
    return {canonicalize_name(found.name): found.specifier for found in map(Requirement, requirements)}


def conda_bounds() -> dict[str, SpecifierSet]:
    """Package name to version bounds, as conda reads them: a single `=` means "starts with"."""
    bounds = {}
    for line in ENVIRONMENT["dependencies"]:
        if isinstance(line, str):
            name, spec = re.fullmatch(r"([A-Za-z0-9_.\-]+)\s*(.*)", line).groups()
            fuzzy = re.match(r"=[^=]", spec)
            bounds[canonicalize_name(name)] = SpecifierSet(f"=={spec[1:]}.*" if fuzzy else spec)
    return bounds


def wanted_bounds() -> dict[str, SpecifierSet]:
    """What the package needs, what JupyterLab needs, and nbval, which runs the notebooks as tests."""
    extras = PROJECT["optional-dependencies"]
    nbval = [line for line in extras["test"] if line.startswith("nbval")]
    return bounds_of([*PROJECT["dependencies"], *extras["lab"], *nbval])


def test_environment_asks_for_what_the_package_asks_for():
    """environment.yml has the names and bounds of pyproject.toml, neither more nor less."""
    assert {name: spec for name, spec in conda_bounds().items() if name not in ("python", "pip")} == wanted_bounds()


def test_extras_for_users_are_used():
    """Each package of an extra, except those for the tests, is imported or run in disco_sim."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "disco_sim").rglob("*.py"))
    extras = [lines for name, lines in PROJECT["optional-dependencies"].items() if name != "test"]
    for name in bounds_of([*chain(*extras)]):
        assert re.search(rf"^ *(import|from) {name}\b|run_module\(\"{name}\"", code, re.MULTILINE), name


def test_environment_asks_for_the_same_python():
    """environment.yml and pyproject.toml agree on the versions of Python."""
    assert conda_bounds()["python"] == SpecifierSet(PROJECT["requires-python"])


def test_environment_installs_the_package_itself_through_pip():
    """Only the package in this folder comes through pip, and only conda-forge is asked for the rest."""
    assert [line["pip"] for line in ENVIRONMENT["dependencies"] if isinstance(line, dict)] == [["-e ."]]
    assert ENVIRONMENT["channels"] == ["conda-forge", "nodefaults"]


def test_installed_versions_satisfy_the_bounds():
    """What these tests run with is what the bounds promise to work."""
    for name, spec in wanted_bounds().items():
        assert spec.contains(version(name)), (name, version(name), str(spec))


def test_an_extra_that_stands_twice_has_one_bound():
    """JupyterLab stands in two extras, with the same bound."""
    extras = {name: bounds_of(lines) for name, lines in PROJECT["optional-dependencies"].items()}
    assert extras["test"]["jupyterlab"] == extras["lab"]["jupyterlab"]
