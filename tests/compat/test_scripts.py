"""Whole old scripts, of both generations of Disco, run by `disco-sim run` as they are.

Beside each NAME.py stands NAME.out, all that it prints; and if it is to fail, NAME.err, lines that stand in this order
in what Python says of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from disco_sim import cli, compat
from disco_sim.client.registry import open_discos

SCRIPTS = Path(__file__).parent / "scripts"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))


@pytest.fixture(autouse=True)
def _no_module_is_left() -> Iterator[None]:
    """A script that imports itself leaves a module behind, in this process."""
    before = set(sys.modules)
    yield
    for name in NAMES:
        if name not in before:
            sys.modules.pop(name, None)


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What `disco-sim run` does in a process of its own, in `folder`, with nothing of Disco in the environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DISCO", "DDFS"))}
    root = str(Path(__file__).parents[2])
    environment |= {"PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "error"}
    return subprocess.run(
        [sys.executable, "-m", "disco_sim", "run", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env=environment,
    )


def in_order(text: str, lines: list[str]) -> bool:
    """Whether all `lines` are in `text`, each behind the one before."""
    place = 0
    for line in lines:
        place = text.find(line, place) + len(line)
        if place < len(line):
            return False
    return True


@pytest.mark.parametrize("name", NAMES)
def test_an_old_script_runs_as_it_is(name: str, tmp_path: Path) -> None:
    """It prints exactly what is right, and ends with 0; or it fails at the line at which Python 3 makes it fail."""
    result = run(str(SCRIPTS / f"{name}.py"), folder=tmp_path)
    complaint = SCRIPTS / f"{name}.err"
    assert result.stdout == (SCRIPTS / f"{name}.out").read_text(encoding="utf-8"), result.stderr
    assert result.returncode == complaint.exists(), result.stderr
    if complaint.exists():
        lines = complaint.read_text(encoding="utf-8").splitlines()
        assert in_order(result.stderr, lines), result.stderr


def run_here(script: Path) -> Result:
    """What `disco-sim run` does in this process."""
    return CliRunner().invoke(cli.main, ["run", str(script)])


@pytest.mark.parametrize(("name", "status"), [("wordcount", 0), ("py2_iteritems", 1), ("py2_print", 1)])
def test_the_face_is_there_while_the_script_runs(name: str, status: int) -> None:
    """However the script ends, `disco` is as unknown afterwards as before, and no master of its stays open."""
    for _ in range(2):
        assert run_here(SCRIPTS / f"{name}.py").exit_code == status
        assert not compat.installed()
        assert "disco" not in sys.modules
        assert not list(open_discos())


def test_a_face_that_was_installed_stays() -> None:
    """Who has installed it before has it afterwards, with the modules that were imported."""
    compat.install()
    try:
        assert run_here(SCRIPTS / "wordcount.py").exit_code == 0
        assert compat.installed()
        assert "disco.core" in sys.modules
    finally:
        compat.uninstall()


def test_a_script_may_install_the_face_itself(tmp_path: Path) -> None:
    """It says what cluster its jobs run on, and nothing of that is left when it is over."""
    script = tmp_path / "script.py"
    script.write_text(
        "from disco_sim import compat\n"
        "compat.install(nodes=3, slots=1)\n"
        "from disco.core import Disco\n"
        "print(sorted(Disco().nodeinfo()))\n",
        encoding="utf-8",
    )
    result = run_here(script)
    assert (result.exit_code, result.output) == (0, "['node01', 'node02', 'node03']\n")
    assert not compat.installed()


def test_every_expectation_belongs_to_a_script() -> None:
    """No file of what is expected is left over from a script that is gone."""
    assert {path.stem for path in SCRIPTS.iterdir() if path.suffix in (".out", ".err")} == set(NAMES)


def test_the_jobs_of_an_old_script_are_looked_into(tmp_path: Path) -> None:
    """--oob, --partitions, --events and --report see the jobs of a script that knows Disco alone."""
    page = tmp_path / "page.html"
    options = ["--oob", "--partitions", "--events", "--report", str(page)]
    result = run(*options, str(SCRIPTS / "pipeline_count.py"), folder=tmp_path)
    assert result.returncode == 0, result.stderr
    told = result.stdout + result.stderr
    for expected in ("Partitions of Count@", "Out-of-band results of Count@", "label:1", "READY: Job done in"):
        assert expected in told, told
    assert "Count@" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("is_package", [True, False])
def test_a_real_disco_is_left_to_the_script(tmp_path: Path, is_package: bool) -> None:
    """Where another package named disco can be imported the script gets that one, and stderr says so."""
    (tmp_path / "disco").mkdir()
    other = tmp_path / "disco" / "__init__.py" if is_package else tmp_path / "disco.py"
    other.write_text("name = 'the other one'\n", encoding="utf-8")
    if not is_package:
        (tmp_path / "disco").rmdir()
    script = tmp_path / "script.py"
    script.write_text("import disco\nprint(disco.name)\n", encoding="utf-8")
    result = run(str(script), folder=tmp_path)
    assert (result.returncode, result.stdout) == (0, "the other one\n")
    assert "is not the simulated one" in result.stderr
    assert str(other) in result.stderr
    script.write_text("print('no import')\n", encoding="utf-8")
    assert run(str(script), folder=tmp_path).stderr == ""
