"""Where a pair goes: the user's partition function, called and checked by the rule of a dialect."""

from __future__ import annotations

from collections.abc import Callable
from operator import index
from typing import Any

from disco_sim.error import PartitionError
from disco_sim.func import default_partition
from disco_sim.runtime.context import shown
from disco_sim.runtime.pairs import name_of

_LABELS_END = 10**600  # Python may be told to write as text no number of more than 640 digits


def checked_partition(partition: Callable[..., Any], n: int, params: Any) -> Callable[[Any, Any], int]:
    """A function (key, value) -> partition number that calls the user's `partition` once and checks what it says."""
    if partition is default_partition:
        return lambda key, value: default_partition(key, n, params)  # which is never wrong
    name = name_of(partition)

    def place(key: Any, value: Any) -> int:
        answer = partition(key, n, params)
        try:
            number = index(answer)
        except TypeError:
            number = -1
        if not 0 <= number < n:
            raise PartitionError(
                f"partition function {name!r} gave {shown(answer)} for the pair ({shown(key)}, {shown(value)}); "
                f"it must give a whole number from 0 to {n - 1}, for there are {n} partitions: use % nr_partitions",
                function=name,
                key=key,
                value=value,
                answer=answer,
            )
        return number

    return place


def any_partition(partition: Callable[..., Any], n: int, params: Any) -> Callable[[Any, Any], int]:
    """A function (key, value) -> label that calls the user's `partition` once; int() of what it says is the label.

    The function raises PartitionError where int() refuses what `partition` says, or the label would be enormous.
    """
    name = name_of(partition)

    def place(key: Any, value: Any) -> int:
        answer = partition(key, n, params)
        try:
            number = int(answer)
        except (TypeError, ValueError, OverflowError) as error:
            problem = str(error)
        else:
            if is_label(number):
                return number
            problem = "it is too large for a label"
        raise PartitionError(
            f"partition function {name!r} gave {shown(answer)} for key {shown(key)}; that is no label: {problem}; "
            "it must give what int() makes a whole number of, such as one from 0 to nr_partitions - 1",
            function=name,
            key=key,
            value=value,
            answer=answer,
        )

    return place


def is_label(number: int) -> bool:
    """Whether a whole number can be a label: it stands in names of outputs, so it has at most 600 digits."""
    return -_LABELS_END < number < _LABELS_END
