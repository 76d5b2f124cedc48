"""The simple worker: a map and a reduce, and nothing else to be given.

Of Disco's module of this name no facts are left but the name, so what it holds is ours.
"""

from __future__ import annotations

from typing import Any, ClassVar

from disco_sim.compat.disco.worker.classic import worker as classic
from disco_sim.compat.params import Params
from disco_sim.error import DiscoError, nearest

__all__ = ["Params", "Worker"]


class Worker(classic.Worker):
    """A classic worker that takes `map`, `reduce`, `partitions`, `params` and `input` alone; the rest stays as it is.

    >>> Worker(reduce=None, partitions=2)["partitions"]
    2

    Raises:
        DiscoError: For any other parameter.
    """

    bin: ClassVar[str] = "lib/disco/worker/simple.py"
    taken: ClassVar[tuple[str, ...]] = ("input", "map", "params", "partitions", "reduce")

    def __init__(self, **parameters: Any) -> None:
        for name in sorted(set(parameters) - set(self.taken)):
            near = nearest(name, self.taken, most=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise DiscoError(
                f"{name}={parameters[name]!r} was given to a simple worker; {hint}it takes {', '.join(self.taken)}: "
                "disco.worker.classic.worker.Worker takes all parameters",
                argument=name,
            )
        super().__init__(**parameters)
