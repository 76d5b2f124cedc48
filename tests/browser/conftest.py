"""One JupyterLab and one Chromium for all browser tests; a page of its own, and a check of it, for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.labdrive import LabPage, running_browser, running_lab

VIEWPORT: ViewportSize = {"width": 1400, "height": 2000}

OpenNotebook = Callable[..., LabPage]

# JupyterLab draws cells one by one when it has time, and a busy machine takes longer than Playwright's five seconds.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def lab_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose notebooks JupyterLab serves."""
    return tmp_path_factory.mktemp("lab-root")


@pytest.fixture(scope="session")
def lab_address(lab_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running JupyterLab."""
    with running_lab(lab_root, tmp_path_factory.mktemp("lab-home")) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A running Chromium."""
    with running_browser() as browser:
        yield browser


@pytest.fixture
def lab_page(browser: Browser, lab_address: str) -> Iterator[LabPage]:
    """A fresh page; after the test it must have stayed on this machine, and nothing may have gone wrong in it."""
    page = LabPage(browser.new_context(viewport=VIEWPORT).new_page(), lab_address)
    yield page
    outside, problems = page.outside_requests(), list(page.problems)
    page.close()
    assert outside == []
    assert problems == []


@pytest.fixture
def open_notebook(lab_page: LabPage, lab_root: Path, request: pytest.FixtureRequest) -> OpenNotebook:
    """`open_notebook("code of cell 0", "code of cell 1")`: a new notebook of these cells, opened with a kernel."""

    def build_and_open(*cells: str) -> LabPage:
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(code) for code in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}},
        )
        name = f"{request.node.name}.ipynb"
        nbformat.write(notebook, lab_root / name)
        lab_page.open(name)
        return lab_page

    return build_and_open
