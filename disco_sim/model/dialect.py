"""Where Disco's documentation and its code differ, a dialect says which one a job follows.

Each field is one small choice, read in one place. `DOCUMENTED` is what the documentation promises.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """The choices of one dialect."""

    name: str
    unknown_arguments_are_errors: bool = True
    max_failures: int = 3
    force_flags_need_truth: bool = True


DOCUMENTED = Dialect("documented")
