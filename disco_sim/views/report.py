"""Jobs as one HTML file, to be kept, sent or opened without a notebook: the views of each, and its card."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from disco_sim.tables import html
from disco_sim.views.contents import Contents
from disco_sim.views.playback import JobData, playback
from disco_sim.views.scripts import script, style

_STYLES = ("style.css", "job.css", "pictures.css", "results.css", "stepper.css", "page.css")


def job_part(data: JobData) -> str:
    """A job for a page: a place that the page's script fills with the views, and the card under it.

    Where no script runs, the card is all there is.
    """
    packed = base64.b64encode(playback(data, Contents(data.read), has_steps=True)).decode()
    return (
        f'<section class="dsim-part"><div class="dsim-place"><script type="application/octet-stream">{packed}</script>'
        f"</div><h2>The same without a script</h2>{data.card().html()}</section>"
    )


def report_page(title: str, lead: str, parts: Iterable[str]) -> str:
    """A page of `parts`, which are HTML, under a title and a sentence that says what it is.

    The page loads nothing: its policy allows no request, and no script but its own.
    """
    code = script("report_page.js")
    allowed = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{allowed}'"
    body = "\n".join([f"<p>{html(lead)}</p>" if lead else "", *parts])
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html(title)}</title>
<style>{style(*_STYLES)}</style>
</head>
<body class="dsim-page">
<main>
<h1>{html(title)}</h1>
{body}
</main>
<script type="module">{code}</script>
</body>
</html>
"""
