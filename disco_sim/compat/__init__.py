"""The `disco` package for old scripts: made importable by `install()`, or by `disco-sim run`.

>>> from disco_sim import compat
>>> compat.install()
>>> import disco.util
>>> disco.util.schemesplit("tag://words")
('tag', 'words')
>>> compat.uninstall()
"""

from __future__ import annotations

import sys
from typing import Any

from disco_sim.compat import finder
from disco_sim.error import DiscoError

__all__ = ["install", "installed", "uninstall"]

_FINDER = finder.Finder()


def install(disco: Any = None, **options: Any) -> None:
    """Make `import disco` give Disco 0.5's package on a simulated cluster; the same call again changes nothing.

    `disco` is the disco_sim.Disco that jobs run on; or `options` are what one is made with, such as nodes=8, seed=7.
    Without either, the first job makes a cluster of its own.

    Raises:
        DiscoError: If another package named disco is imported already, or could be: which of the two a script
            means must not depend on luck. Or if old code has run jobs on another cluster already: uninstall() first.
    """
    _refuse_other()
    if disco is not None or options:
        from disco_sim.compat import masters

        masters.choose(disco, options)
    if not installed():
        sys.meta_path.insert(0, _FINDER)


def uninstall() -> None:
    """Let `disco` be as unknown as before: what has been imported of it is forgotten under that name.

    The modules themselves stay, as disco_sim.compat.disco and below. Clusters that were made for old code are closed,
    so their results cannot be read any more; those that you made stay open.
    """
    masters = sys.modules.get(f"{__name__}.masters")
    if masters is not None:
        masters.forget()
    if installed():
        sys.meta_path.remove(_FINDER)
        for name in [name for name in sys.modules if name.partition(".")[0] == finder.FACE]:
            del sys.modules[name]


def installed() -> bool:
    """Whether `import disco` gives the simulated one."""
    return _FINDER in sys.meta_path


def _refuse_other() -> None:
    loaded = sys.modules.get(finder.FACE)
    if loaded is not None and loaded is not sys.modules.get(finder.OWN):
        raise DiscoError(
            f"disco_sim.compat cannot be installed: a module named 'disco' is imported already, {_place(loaded)}; the "
            "names of two packages would be mixed: start Python anew and call install() before the first 'import disco'"
        )
    other = None if installed() else finder.find_other()
    if other is not None:
        raise DiscoError(
            f"disco_sim.compat cannot be installed: another package named 'disco' can be imported, from {other!r}, and "
            "install() never hides one: remove it from sys.path or uninstall it, or use the simulated one by its own "
            "name, 'from disco_sim.compat.disco.core import Job'",
            path=other,
        )


def _place(module: Any) -> str:
    file = getattr(module, "__file__", None)
    return f"from {file!r}" if file else "which is no file"
