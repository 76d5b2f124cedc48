"""What `%load_ext disco_sim` brings to a notebook: `breakpoint()` that stops, and the cell magic `%%disco_job`."""

from __future__ import annotations

import dis
import sys
from types import CodeType, ModuleType
from typing import Any

from disco_sim.client.arguments import defaults
from disco_sim.client.registry import open_discos
from disco_sim.core import Disco, Job
from disco_sim.error import DiscoError

MAGIC = "disco_job"

_hooks: list[Any] = []
"""The breakpoint hook that was there before the extension was loaded."""


def load(shell: Any) -> None:
    """Give `shell`, an IPython shell, the magic, and its kernel Python's own `breakpoint()`.

    In a kernel `breakpoint()` does nothing unless JupyterLab's debugger is attached; from now on it is pdb, which asks
    for its commands under the cell.
    """

    def disco_job(line: str, cell: str) -> Job:
        """%%disco_job NAME [DISCO]

        Run the cell's variables and functions as a job: `input`, `map`, `reduce`, `partitions` and all other job
        parameters. The job is there as NAME, too. DISCO is the variable of a Disco; without it the newest open one
        runs the job, or a new one. In plain Python: job = disco.new_job(name=NAME, input=..., map=...); job.wait().
        """
        return run_cell(shell, line, cell)

    shell.register_magic_function(disco_job, "cell", MAGIC)
    if not _hooks:
        _hooks.append(sys.breakpointhook)
    sys.breakpointhook = sys.__breakpointhook__


def unload(shell: Any) -> None:
    """Take away what `load` brought."""
    shell.magics_manager.magics["cell"].pop(MAGIC, None)
    if _hooks:
        sys.breakpointhook = _hooks.pop()


def run_cell(shell: Any, line: str, cell: str) -> Job:
    """The job of a cell, waited for. The cell sees the notebook's variables, and leaves none of its own but the job.

    What the cell gives a value is a parameter of the job, but for modules, names that begin with _, and functions and
    classes that are no parameter.

    Raises:
        DiscoError: If the line names no job, or no Disco.
        JobError: If the job dies.
    """
    name, _, place = line.strip().partition(" ")
    if not name.isidentifier():
        raise DiscoError(
            f"%%{MAGIC} {line} was called; behind %%{MAGIC} stands the job's name, a Python name, and perhaps the "
            f"variable of a Disco: %%{MAGIC} wordcount, or %%{MAGIC} wordcount disco"
        )
    disco = _disco(shell, place.strip())
    variables: dict[str, Any] = dict(shell.user_ns)
    # Under the name that the shell gives it, tracebacks and job.error find the lines of the cell.
    code = compile(cell, shell.compile.cache(cell), "exec", flags=shell.compile.flags, dont_inherit=True)
    exec(code, variables)
    known = defaults()
    parameters = {
        variable: variables[variable]
        for variable in _assigned(code)
        if variable in variables and (variable in known or not _is_helper(variable, variables[variable]))
    }
    job: Job = disco.new_job(name=name, **parameters)
    shell.user_ns[name] = job
    job.wait()
    return job


def _assigned(code: CodeType) -> list[str]:
    """The names that a cell gives a value, in order, whatever they were before."""
    stores = ("STORE_NAME", "STORE_GLOBAL")
    return list(dict.fromkeys(step.argval for step in dis.get_instructions(code) if step.opname in stores))


def _is_helper(name: str, value: Any) -> bool:
    """Whether a variable of a cell is there for the cell itself: private, a module, a function or a class."""
    return name.startswith("_") or isinstance(value, ModuleType) or callable(value)


def _disco(shell: Any, name: str) -> Any:
    """The Disco of a variable, or a connection of old code to one; without a variable the newest one that is open."""
    if not name:
        return next(iter(open_discos()), None) or Disco()
    disco = shell.user_ns.get(name)
    if not isinstance(disco, Disco) and not isinstance(getattr(disco, "native", None), Disco):
        raise DiscoError(f"%%{MAGIC} ... {name} was called, but the variable {name!r} is no Disco: {name} = Disco()")
    return disco
