"""Which modules job functions use, where Disco 0.5's classic worker has it; see `disco.modutil`."""

from disco_sim.compat.disco.worker.modutil import *  # noqa: F403
from disco_sim.compat.disco.worker.modutil import __all__ as __all__
