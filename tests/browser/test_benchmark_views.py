"""The benchmark of views runs from end to end, with little to do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
SIZES = ["--turns=1", "--tasks=40", "--results=1000", "--large-tasks=60", "--played-ms=500"]
TABS = ("Cluster", "Timeline", "Flow", "OOB", "Log")
WANTED = [
    "40 tasks: view opens, against a bare widget +N ms / N ms = N ",
    "40 tasks: view is made and opens, against a bare widget +N ms / N ms = N ",
    *(f"40 tasks: {tab} plays +N frames/s" for tab in TABS),
    "1,000 results: OOB opens +N ms",
    "1,000 results: OOB filters, slowest of five +N ms",
    "60 tasks: bytes sent +N",
    "60 tasks: view opens +N s",
    *(f"60 tasks: {tab} plays +N frames/s" for tab in TABS),
]


def test_views_runs():
    """Every figure is there: of views that open, panes that play, results that are filtered and bytes that are sent."""
    command = [sys.executable, "-m", "benchmarks.views", *SIZES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    _, *rows = done.stdout.splitlines()
    assert len(rows) == len(WANTED), done.stdout
    for row, pattern in zip(rows, WANTED, strict=True):
        assert re.match(re.sub(r"\bN\b", r"[\\d,]+(\\.\\d+)?", pattern), row), done.stdout
