"""Disco's distributed file system, simulated: `DDFS`, and `Chunker`, which packs records into chunks."""

from disco_sim.ddfs.chunker import Chunker
from disco_sim.ddfs.system import DDFS

__all__ = ["DDFS", "Chunker"]
