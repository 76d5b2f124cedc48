"""How people name a task before there is one: its stage, a colon and its number from 0."""

from __future__ import annotations

import re
from typing import Any

from disco_sim.error import DiscoError

_TASK = re.compile(r"(.+):([0-9]{1,12})", re.DOTALL)

USUAL_TASKS = (*(("map", number) for number in range(8)), *(("reduce", number) for number in range(4)))
"""Tasks that many jobs have, for those who plan for jobs that do not exist yet."""


def task_named(call: str, task: Any) -> tuple[str, int]:
    """Stage and number of the task that a method named `call` was given.

    >>> task_named("crash", "map:3")
    ('map', 3)

    Raises:
        DiscoError: If that is no name of a task.
    """
    found = _TASK.fullmatch(task) if isinstance(task, str) else None
    if found is None:
        raise DiscoError(
            f"{call}(task={task!r}) was given; a task is the name of its stage and its number from 0, as text: 'map:3'",
            task=task,
        )
    return found[1], int(found[2])
