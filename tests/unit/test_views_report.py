"""A job as a page of its own."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib

from disco_sim.views.report import job_part, report_page
from tests.unit import logs
from tests.unit.test_views_widgets import _data


def test_a_page_may_load_nothing() -> None:
    """A page's policy allows its own styles, images and the one script, by its hash, and it names no other place."""
    html = report_page("Word <count>", "It <counts>.", [job_part(_data(logs.ready()))])
    (code,) = re.findall(r'<script type="module">(.*?)</script>', html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    assert f'content="{policy}"' in html
    assert "<title>Word &lt;count&gt;</title>" in html and "<p>It &lt;counts&gt;.</p>" in html
    assert set(re.findall(r"https?://[^\s\"']+", html)) <= {"http://www.w3.org/2000/svg"}


def test_a_job_is_in_a_page_as_data_and_as_a_card() -> None:
    """The playback stands in the page, where the script finds it, and the card under it for where no script runs."""
    part = job_part(_data(logs.ready()))
    (packed,) = re.findall(r'<script type="application/octet-stream">([\w+/=]+)</script>', part)
    assert b'"job":"wordcount@1a:2b:3c"' in zlib.decompress(base64.b64decode(packed))
    assert "Partitions of the output of reduce" in part


def test_a_page_is_the_same_every_time() -> None:
    """The same job gives the same page."""
    assert report_page("x", "", [job_part(_data(logs.ready()))]) == report_page(
        "x", "", [job_part(_data(logs.ready()))]
    )
