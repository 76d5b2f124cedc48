"""A Python environment for each program that is compared, with the versions in `requirements/`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / ".environments"
REQUIREMENTS = Path(__file__).parent / "requirements"


class NotInstalled(Exception):
    """The environment cannot be made; the message is what pip said last."""


@cache
def python_of(environment: str) -> Path:
    """The interpreter of an environment, which is made on first use, and again when its requirements change.

    Raises:
        NotInstalled: pip could not install it.
    """
    wanted = f"{sys.version}\n{(REQUIREMENTS / f'{environment}.txt').read_text(encoding='utf-8')}"
    folder = FOLDER / environment
    python, stamp = folder / "bin" / "python", folder / "installed.txt"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        print(f"installing {environment}", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        requirements = REQUIREMENTS / f"{environment}.txt"
        install = [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
            str(requirements),
        ]
        done = subprocess.run(install, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise NotInstalled(f"not installed: {(done.stderr.strip().splitlines() or ['pip failed'])[-1]}")
        stamp.write_text(wanted, encoding="utf-8")
    return python
