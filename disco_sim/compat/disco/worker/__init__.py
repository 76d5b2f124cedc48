"""Workers: what a kind of job can be given, and the defaults; `classic` maps and reduces, `pipeline` has any stages.

`active_task` is the running task, or None; `Input` is what the functions of a pipeline's stages read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import FunctionType
from typing import Any, ClassVar, NoReturn

from disco_sim.compat.disco import task
from disco_sim.compat.params import Params
from disco_sim.error import DiscoError
from disco_sim.runtime.program import is_installed
from disco_sim.runtime.staging import Input
from disco_sim.util import flatten, isiterable

__all__ = ["Input", "Params", "Worker"]

_NOTHING: Any = object()


class Worker(dict[str, Any]):
    """The parameters of a kind of job: a dict of every parameter it knows, with values given here over the defaults.

    What a job gets for a parameter is the argument of its `run`, else the attribute of the Job, else what its worker
    holds. Subclasses give `defaults()`.

    >>> Worker(save_results=True).getitem("save_results", None, {})
    True
    >>> Worker(save_results=True).getitem("save_results", None, {"save_results": False})
    False
    """

    bin: ClassVar[str] = "lib/disco/worker/__init__.py"
    """Where the worker is on a node, as `jobinfo` and `jobdict` tell it."""

    def __init__(self, **parameters: Any) -> None:
        super().__init__(self.defaults())
        self.update(parameters)

    def defaults(self) -> dict[str, Any]:
        """A fresh dict of all parameters and their defaults."""
        return {
            "input": [],
            "name": "",
            "owner": os.environ.get("DISCO_JOB_OWNER", ""),
            "params": Params(),
            "profile": False,
            "required_files": {},
            "required_modules": None,
            "save_results": False,
            "save_info": "ddfs",
            "scheduler": {},
        }

    def getitem(self, key: str, job: Any, jobargs: Mapping[str, Any], default: Any = None) -> Any:
        """The value of the parameter `key`: of `jobargs`, else of `job`, else of this worker, else `default`."""
        if key in jobargs:
            return jobargs[key]
        own = _own(job, key)
        return self.get(key, default) if own is _NOTHING else own

    def jobdict(self, job: Any, **jobargs: Any) -> dict[str, Any]:
        """What the master is told of a job.

        Raises:
            DiscoError: If the input is not a list.
        """
        inputs = self.getitem("input", job, jobargs, [])
        if not isiterable(inputs) or isinstance(inputs, str):
            raise DiscoError(
                f"Job 'input' is not a list of input locations, or a list of such lists: {inputs}; write [{inputs!r}]",
                input=inputs,
            )
        return {
            "prefix": str(self.getitem("name", job, jobargs) or type(job).__name__).partition("@")[0],
            "save_results": bool(self.getitem("save_results", job, jobargs) or self.getitem("save", job, jobargs)),
            "save_info": self.getitem("save_info", job, jobargs),
            "scheduler": self.getitem("scheduler", job, jobargs),
            "owner": self.getitem("owner", job, jobargs),
            "input": list(inputs),
            "worker": self.bin,
        }

    def jobenvs(self, job: Any, **jobargs: Any) -> dict[str, str]:
        """The environment variables that a task of the job has: where required files and modules are found."""
        return {"LD_LIBRARY_PATH": "lib", "PYTHONPATH": "lib"}

    def get_modules(self, job: Any, **jobargs: Any) -> list[Any]:
        """The modules that the job's functions need, each with its path if it has to be shipped.

        What `required_modules` lists, else what the functions are found to use.
        """
        from disco_sim.compat.disco.modutil import find_modules

        wanted = self.getitem("required_modules", job, jobargs)
        if wanted is not None:
            return list(wanted)
        values = flatten(self.getitem(key, job, jobargs) for key in sorted({*self, *jobargs}) if key != "input")
        # What Disco and Python bring along is on every node already.
        functions = [value for value in values if isinstance(value, FunctionType) and not is_installed(value)]
        return list(find_modules(functions))

    @classmethod
    def main(cls) -> NoReturn:
        """What makes a file a worker's program, that a node starts for each task; there is no such program here.

        Raises:
            DiscoError: Always.
        """
        raise DiscoError(
            f"{cls.__name__}.main() was called; a node of a Disco cluster starts a worker's file as a program of its "
            "own, which talks to the node. Here tasks are computed in this process: run a Job with "
            f"worker={cls.__name__}() instead"
        )


def _own(job: Any, key: str) -> Any:
    """The parameter that a Job carries as an attribute, of its own or of its class."""
    if job is None:
        return _NOTHING
    if key in vars(job):
        return vars(job)[key]
    # Job classes keep parameters apart from what a Job shows under the same name, such as its table of partitions.
    parameters = getattr(type(job), "_parameters", None)
    if parameters is None:
        return getattr(job, key, _NOTHING)
    return parameters.get(key, _NOTHING)


def __getattr__(name: str) -> Any:
    # Asked anew each time: the running task is another one a moment later.
    if name == "active_task":
        return task.active()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
