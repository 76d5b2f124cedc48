"""The errors of Disco under their old names; they are those of disco_sim."""

from disco_sim.error import CommError, DataError, DiscoError, JobError, ModUtilImportError

__all__ = ["CommError", "DataError", "DiscoError", "JobError", "ModUtilImportError", "NetStringError"]


class NetStringError(DataError):
    """Text that should be netstrings and is not; the readers here raise a plain DataError with the byte's offset."""
