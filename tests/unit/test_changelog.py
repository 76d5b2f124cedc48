"""The changelog, the package and pyproject.toml agree on the version."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import disco_sim

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
VERSIONS = re.findall(r"^## \[([^\]]+)\]", CHANGELOG, re.MULTILINE)


def test_the_package_has_the_version_of_pyproject():
    """`disco_sim.__version__` is the version that is built."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert disco_sim.__version__ == project["version"]


def test_the_version_has_an_entry():
    """Users find what this version brings, under Unreleased or its own heading."""
    assert disco_sim.__version__ in VERSIONS


def test_unreleased_stands_on_top_and_nothing_stands_twice():
    """New lines have one place to go: Unreleased, the first heading."""
    assert VERSIONS[0] == "Unreleased"
    assert len(VERSIONS) == len(set(VERSIONS))
