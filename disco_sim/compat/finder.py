"""Makes `import disco.X` give the module `disco_sim.compat.disco.X` itself, the very same object under both names."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Iterable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any

from disco_sim.compat import missing

FACE = "disco"
OWN = f"{__name__.rpartition('.')[0]}.{FACE}"
SCHEME = ".schemes.scheme_"


class SameModule(Loader):
    """Loads a module by handing out one that is loaded already, and leaves it as it was."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module itself."""
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing runs a second time; but the import system has given the module its new spec, which is taken back.

        With its own spec it can be reloaded, and is found in its own package.
        """
        module.__spec__ = self._spec


class Finder(MetaPathFinder):
    """Finds `disco` and all below it in disco_sim, and a user's own schemes where a user of Disco puts them.

    `disco.schemes.scheme_NAME` may be in `disco.schemes.__path__`, which can be extended, or in a folder
    disco/schemes/ of any entry of sys.path.
    """

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        """The spec of a module of the face, or of a user's scheme under the face's own name; None for any other.

        Raises:
            ModuleNotFoundError: If the face has no such module; the message tells what it has.
        """
        if fullname == FACE or fullname.startswith(FACE + "."):
            module = _module(OWN + fullname[len(FACE) :], fullname)
            missing.tell(module, fullname)
            return spec_from_loader(fullname, SameModule(module), is_package=hasattr(module, "__path__"))
        if fullname.startswith(OWN + SCHEME):
            placed = sys.modules.get(FACE + fullname[len(OWN) :])
            if placed is not None:
                return spec_from_loader(fullname, SameModule(placed))
            return scheme_spec(fullname, path or (), target=target)
        return None


def _module(own_name: str, fullname: str) -> ModuleType:
    try:
        return importlib.import_module(own_name)
    except ModuleNotFoundError as error:
        if error.name is None or not (own_name + ".").startswith(error.name + "."):
            raise  # something that the module itself imports is missing
        parent = fullname.rpartition(".")[0]
        raise ModuleNotFoundError(
            f"No module named {fullname!r}; disco_sim's {parent} has {', '.join(_names_in(parent)) or 'no modules'}",
            name=fullname,
        ) from None


def _names_in(package: str) -> list[str]:
    """The modules of a package of the face, sorted; private ones are left out."""
    module = sys.modules.get(OWN + package[len(FACE) :])
    path = getattr(module, "__path__", ())
    return sorted(info.name for info in pkgutil.iter_modules(path) if not info.name.startswith("_"))


def scheme_spec(fullname: str, path: Iterable[str], folder: str = "", target: Any = None) -> ModuleSpec | None:
    """The spec of a user's scheme: in `path`, or in disco/schemes/ of an entry of sys.path, or of `folder`."""
    folders = [
        os.path.join(entry or os.curdir, FACE, "schemes") for entry in [*sys.path, *([folder] if folder else [])]
    ]
    return PathFinder.find_spec(fullname, [*path, *folders], target)


def find_other() -> str | None:
    """Where a `disco` package that is not ours can be imported from, None if there is none.

    A plain folder of that name, without an `__init__.py`, is no package: it may hold a user's schemes.
    """
    for finder in sys.meta_path:
        if isinstance(finder, Finder) or not hasattr(finder, "find_spec"):
            continue
        spec = finder.find_spec(FACE, None)
        if spec is not None and spec.origin is not None:
            return spec.origin
        if spec is not None and spec.loader is not None and spec.submodule_search_locations is None:
            return repr(spec.loader)
    return None
