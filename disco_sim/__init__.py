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

from typing import Any

from disco_sim.core import Disco, Job, Params, result_iterator
from disco_sim.engine.processes import Processes
from disco_sim.error import DataError, DiscoError, JobError
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


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext disco_sim`: `breakpoint()` stops in job functions, and `%%disco_job` runs a cell as a job."""
    from disco_sim import extension

    extension.load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext disco_sim`: everything is as it was before."""
    from disco_sim import extension

    extension.unload(shell)
