"""`https://`: pages of a server, as `http://` has them."""

from disco_sim.compat.disco.schemes.scheme_http import input_stream, open

__all__ = ["input_stream", "open"]
