"""Jobs whose logs, tables and pages are pinned: the demo, notebooks, old scripts, engines, spilling, random faults."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from functools import partial
from pathlib import Path
from typing import Any

import disco_sim.demo
from disco_sim import Disco, Faults, JobError, Processes, result_iterator
from disco_sim.cli import recorded_discos
from disco_sim.func import sum_reduce
from disco_sim.script import Script
from tests.chaos.jobs import JOBS as CHAOS_JOBS
from tests.chaos.test_chaos import play
from tests.contract.test_same_answers import JOBS as CONTRACT_JOBS
from tests.contract.test_same_answers import TEXT, words

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "tests" / "compat" / "scripts"
N_FAULT_PLANS = 20
IN_PROCESSES = ("words", "out of band", "of another job", "too many failures", "a pipeline", "faults and hosts")
SPILLED = ("words", "sorted", "combined", "a pipeline")
NOT_PINNED = ("profiled", "served", "served_main")
"""Scripts that put how long something really took, ask a server at any free port, or end their process."""


def demo() -> None:
    """`make demo`, page included."""
    with disco_sim.demo.demo_disco() as disco:
        disco_sim.demo.Demo(disco).html()


def notebook(path: Path) -> None:
    """Every code cell of a notebook, in an IPython shell without a front end."""
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(user_ns={})
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            shell.run_cell("".join(cell["source"]))


def old_script(path: Path) -> None:
    """A script that imports `disco`, as `disco-sim run` runs it."""
    from disco_sim import compat

    compat.install()
    try:
        with Script(str(path)) as running:
            running.run()
            running.end()
    finally:
        compat.uninstall()


def contract_job(name: str, **options: Any) -> None:
    """The jobs of the contract suite under one name, one after the other."""
    own, *jobs = CONTRACT_JOBS[name]
    with Disco(**{"nodes": 3, "seed": 5, **own, **options}) as disco:
        for number, given in enumerate(jobs):
            job = disco.new_job(name=f"job{number}", **{"input": [f"raw://{line}" for line in TEXT], **given})
            with suppress(JobError):
                list(result_iterator(job.wait(show=False)))


def in_processes(name: str) -> None:
    """The same, computed by worker processes."""
    with Processes(workers=2) as engine:
        contract_job(name, engine=engine)


def fault_plan(seed: int) -> None:
    """A job struck by a random plan of faults."""
    job = CHAOS_JOBS[seed % len(CHAOS_JOBS)]
    play(job, Faults.random(seed, until=45.0, n=3 + seed % 8), seed)


def large_and_spilled() -> None:
    """A job of which most pairs go to disk."""
    with Disco(memory_limit=200_000) as disco:
        inputs = disco.split([f"{number % 977} {number % 13}" for number in range(6000)], 6)
        list(result_iterator(disco.new_job("spilled", input=inputs, map=words, reduce=sum_reduce, sort=True).wait()))


def scenarios() -> Mapping[str, Callable[[], None]]:
    """All of them by name."""
    found: dict[str, Callable[[], None]] = {"demo": demo, "large and spilled": large_and_spilled}
    for path in sorted((ROOT / "notebooks").glob("**/*.ipynb")):
        found[f"notebook {path.stem}"] = partial(notebook, path)
    for path in sorted(SCRIPTS.glob("*.py")):
        if path.stem not in NOT_PINNED and not path.with_suffix(".err").exists():
            found[f"script {path.stem}"] = partial(old_script, path)
    found |= {f"job {name}": partial(contract_job, name) for name in CONTRACT_JOBS}
    found |= {f"processes {name}": partial(in_processes, name) for name in IN_PROCESSES}
    found |= {f"spilled {name}": partial(contract_job, name, memory_limit=200) for name in SPILLED}
    found |= {f"faults {seed}": partial(fault_plan, seed) for seed in range(N_FAULT_PLANS)}
    return found


@contextmanager
def played(name: str) -> Iterator[list[Disco]]:
    """The Discos that a scenario made, in a folder of its own; what it prints is not shown."""
    folder = os.getcwd()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        try:
            with recorded_discos() as made:
                with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                    scenarios()[name]()
                yield made
                for disco in made:
                    disco.close()
        finally:
            os.chdir(folder)
