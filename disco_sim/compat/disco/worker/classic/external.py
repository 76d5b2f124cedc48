"""External programs as map and reduce, where Disco 0.5 has them: `map=external(["program", "its data"])`."""

from disco_sim.runtime.external import ExternalMap, ExternalReduce
from disco_sim.util import external

__all__ = ["ExternalMap", "ExternalReduce", "external"]
