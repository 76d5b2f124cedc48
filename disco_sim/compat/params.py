"""`Params` as Disco 0.5 has it."""

from __future__ import annotations

from typing import Any

from disco_sim.client.arguments import Params as NativeParams


class Params(NativeParams):
    """A container for what job functions share: `Params(stop={"the"})` is read as `params.stop`.

    Every task run gets its own copy. Names that begin with _ travel too, unlike in Disco 0.3.
    """

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)
