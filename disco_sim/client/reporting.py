"""The report of a job, written to a file. Knows files and what may go wrong with them; the views make the page."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from disco_sim.error import DiscoError

if TYPE_CHECKING:
    from disco_sim.views.playback import JobData


def write_report(data: JobData, path: str | os.PathLike[str], title: str) -> str:
    """Write the page of a job; the path of its file.

    Raises:
        DiscoError: If the path is none, or the file cannot be written.
    """
    from disco_sim.views.report import job_part, report_page

    if not isinstance(path, (str, os.PathLike)):
        raise DiscoError(
            f"report({path!r}) was called; what is given first is the path of a file: job.report('job.html')"
        )
    text = report_page(title, "", [job_part(data)])
    try:
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        raise DiscoError(
            f"the report of job {data.job!r} cannot be written to {os.fspath(path)!r}: "
            f"{getattr(error, 'strerror', None) or error}; "
            "name a file in a folder that is there and that you may write to"
        ) from error
    return os.fspath(path)
