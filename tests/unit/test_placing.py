"""Where pairs go: what a partition function may say."""

from __future__ import annotations

import pickle
from functools import partial
from typing import Any

import pytest

from disco_sim.error import PartitionError
from disco_sim.runtime.placing import checked_partition


@pytest.mark.parametrize("wrong", [-1, 2, 1.0, "1", None])
def test_partitions_out_of_range(wrong: Any) -> None:
    """What is no whole number in range is an error with function, key, value, answer and rule."""

    def mine(key: Any, n: int, params: Any) -> Any:
        return wrong

    with pytest.raises(
        PartitionError, match=r"function 'mine' gave .* from 0 to 1, for there are 2 .* % nr_partitions"
    ) as caught:
        checked_partition(partial(mine), 2, None)("k", "v")
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.function, error.key, error.value, error.answer) == ("mine", "k", "v", wrong)


def test_partitions_in_range() -> None:
    """Everything that is a whole number will do; the function gets key, number and params."""
    place = checked_partition(lambda key, n, params: key > params, 2, 5)
    assert (place(4, None), place(6, None)) == (0, 1)
