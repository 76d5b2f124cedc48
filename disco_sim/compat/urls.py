"""URLs of results as Disco 0.5.4 gives them, and the way back."""

from disco_sim.client.urls import native, observed, observed_all

__all__ = ["native", "observed", "observed_all"]
