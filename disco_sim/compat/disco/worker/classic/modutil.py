"""Which modules job functions use, where Disco 0.5 has it; see `disco.modutil`."""

from disco_sim.compat.disco.modutil import (
    ModUtilImportError,
    find_modules,
    locate_modules,
    parse_function,
    recurse_module,
    user_paths,
)

__all__ = ["ModUtilImportError", "find_modules", "locate_modules", "parse_function", "recurse_module", "user_paths"]
