"""An in-process simulator of the Disco MapReduce system, for notebooks.

>>> from disco_sim import Disco, result_iterator
>>> from disco_sim.func import sum_reduce
>>> disco = Disco(nodes=2)
>>> def fun_map(line, params):
...     for word in line.split():
...         yield word, 1
>>> job = disco.new_job(name="wordcount", input=["raw://to be", "raw://or not to be"], map=fun_map, reduce=sum_reduce)
>>> sorted(result_iterator(job.wait()))
[('be', 2), ('not', 1), ('or', 1), ('to', 2)]
>>> disco.close()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from disco_sim.error import DataError, DiscoError, JobError

if TYPE_CHECKING:
    from disco_sim.core import Disco, Job, Params, result_iterator
    from disco_sim.engine.processes import Processes
    from disco_sim.model.cluster import ClusterSpec, Node
    from disco_sim.sim.costs import Costs
    from disco_sim.sim.faults import Faults

__version__ = "0.1.0"

__all__ = [
    "ClusterSpec",
    "Costs",
    "DataError",
    "Disco",
    "DiscoError",
    "Faults",
    "Job",
    "JobError",
    "Node",
    "Params",
    "Processes",
    "__version__",
    "result_iterator",
]

_HOMES = {
    **dict.fromkeys(("Disco", "Job", "Params", "result_iterator"), "disco_sim.core"),
    **dict.fromkeys(("ClusterSpec", "Node"), "disco_sim.model.cluster"),
    "Costs": "disco_sim.sim.costs",
    "Faults": "disco_sim.sim.faults",
    "Processes": "disco_sim.engine.processes",
}
_ROOMS = {
    *("client", "cluster", "core", "ddfs", "engine", "formats", "func", "model", "node", "pipeline", "readers"),
    *("runtime", "sim", "store", "streams", "tables", "tracebacks", "util", "views"),
}


if not TYPE_CHECKING:  # a checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        """A name of the package that is asked for the first time, with the modules behind it.

        They are not loaded before, for whoever imports one module of the package alone does without the others.
        """
        if name in _HOMES:
            globals()[name] = value = getattr(import_module(_HOMES[name]), name)
            return value
        if name in _ROOMS:
            return import_module(f"disco_sim.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_ROOMS} - {"Any", "TYPE_CHECKING", "import_module"})


def _drawn(error: JobError) -> dict[str, str]:
    from disco_sim.views.cards import error_card

    return {"text/html": error_card(error).html()}


JobError.draw = _drawn


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext disco_sim`: `breakpoint()` stops in job functions, and `%%disco_job` runs a cell as a job."""
    from disco_sim import extension

    extension.load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext disco_sim`: everything is as it was before."""
    from disco_sim import extension

    extension.unload(shell)
