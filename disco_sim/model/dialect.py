"""Where Disco's documentation and its code differ, a dialect says which one a job follows.

Each field is one small choice, read in one place, by the client alone: clusters, stores and views never see it.
`DOCUMENTED` is what the documentation promises.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """The choices of one dialect.

    `unknown_arguments_are_errors`: else they are ignored. `max_failures`: failed runs of a task that are forgiven.
    `force_flags_need_truth`: else a scheduler's force_local or force_remote is on by being there, even as False.
    """

    name: str
    unknown_arguments_are_errors: bool = True
    max_failures: int = 3
    force_flags_need_truth: bool = True


DOCUMENTED = Dialect("documented")
