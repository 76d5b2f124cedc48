"""A notebook gives the same bytes whatever Python's hash seed is: nothing shown depends on the order of a set."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.notebooks

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("**/*.ipynb"))


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_fresh_run_gives_the_same_bytes(path: Path, seed: str):
    """Running the notebook again, with this hash seed, reproduces the file."""
    check = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "notebooks.py"), "--check", str(path)],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
    )
    assert check.returncode == 0, check.stdout + check.stderr
