"""A Disco script of many inputs, a map task each, run by `disco-sim run`, against the same job in the default dialect.

The two sides take turns, each in a process of its own, whose CPU and wall seconds and peak memory are measured whole,
with the start of Python. The answers are compared.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

SCRIPT = """
import sys
from disco.core import Disco, result_iterator

def fun_map(entry, params):
    yield entry[-1:], 1

def fun_reduce(iter, params):
    from disco.util import kvgroup
    for key, values in kvgroup(sorted(iter)):
        yield key, sum(values)

job = Disco("disco://localhost").new_job(
    name="many", input=["raw://%d" % number for number in range(int(sys.argv[1]))], map=fun_map, reduce=fun_reduce)
print(sorted(result_iterator(job.wait())))
"""
N_WANTED = {5_000: "6 s", 50_000: "60 s, 1500 MB"}


class Cost(NamedTuple):
    """What a whole process took."""

    wall_s: float
    cpu_s: float
    megabytes: float


def run(script: Path, n_inputs: int, dialect: str) -> tuple[Cost, str]:
    """What it takes to run the script, and what it prints."""
    command = [sys.executable, "-m", "disco_sim", "run", "--dialect", dialect, str(script), str(n_inputs)]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        answer = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the script failed with status {process.returncode}")
    return Cost(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=3, help="how often each is measured")
    parser.add_argument("--inputs", type=int, nargs="+", default=list(N_WANTED), help="how many: 5000 and 50000")
    arguments = parser.parse_args()
    print(f"many raw:// inputs, one map task each, {arguments.turns} turns, medians")
    print(f"  {'inputs':>6}  {'wall':>8}  {'CPU':>8}  {'memory':>8}  {'to documented':>13}  wanted")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "many.py"
        script.write_text(SCRIPT, encoding="utf-8")
        for n_inputs in arguments.inputs:
            wanted = f"under {N_WANTED[n_inputs]}" if n_inputs in N_WANTED else ""
            old: list[Cost] = []
            ratios: list[float] = []
            for _ in range(arguments.turns):
                ours, answer = run(script, n_inputs, "0.5")
                documented, other = run(script, n_inputs, "documented")
                if answer != other:
                    raise SystemExit("the two answers differ, so their times mean nothing")
                old.append(ours)
                ratios.append(ours.cpu_s / documented.cpu_s)
            wall_s, cpu_s, megabytes = (statistics.median(column) for column in zip(*old, strict=True))
            ratio = statistics.median(ratios)
            figures = f"{wall_s:6.2f} s  {cpu_s:6.2f} s  {megabytes:5.0f} MB  {ratio:13.2f}"
            print(f"  {n_inputs:>6}  {figures}  {wanted}".rstrip())


if __name__ == "__main__":
    main()
