"""What several unit tests begin with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from disco_sim import Disco


@pytest.fixture
def disco() -> Iterator[Disco]:
    """A cluster of two nodes."""
    with Disco(nodes=2) as one:
        yield one
