"""URLs of results as Disco 0.5.4 gives them, and the way back."""

from __future__ import annotations

from disco_sim.client.registry import FIRST_PORT, open_discos
from disco_sim.client.urls import native, observed, observed_all
from disco_sim.compat.masters import is_observed
from disco_sim.util import netloc, schemesplit

__all__ = ["native", "observed", "observed_all", "told"]


def told(url: str) -> str:
    """A URL as old code is told it: as Disco 0.5.4 would, where the Disco that it is of speaks that dialect."""
    scheme, rest = schemesplit(url)
    if scheme not in ("dir", "disco"):
        return url
    port = netloc.parse(rest.partition("/")[0]).port or str(FIRST_PORT)
    for disco in open_discos():
        if disco.master.rpartition(":")[2] == port:
            return observed(url, disco.cluster) if is_observed(disco) else url
    return url
