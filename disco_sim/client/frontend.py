"""Whether somebody may be looking: a notebook's page, or whatever else a Jupyter kernel serves."""

from __future__ import annotations

import sys

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
"""The kind of output that a front end shows as a widget."""


def has_front_end() -> bool:
    """Whether this runs in a Jupyter kernel, so that widgets may be seen."""
    # Where IPython was never imported there is no kernel; importing it here would only cost time.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None
