"""Make the pictures in docs: the views of a job, light and dark, from a page as `job.report()` writes it.

    python -m tools.picture

Needs Chromium and Playwright. Fonts differ from machine to machine, so the pictures are made by hand when the looks
change, and no test compares them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser

from disco_sim import Disco, Faults
from disco_sim.demo import Demo, demo_disco
from disco_sim.func import sum_reduce
from disco_sim.views.report import job_part, report_page
from tests.browser.jobpage import JobPage
from tests.browser.labdrive import running_browser

DOCS = Path(__file__).resolve().parent.parent / "docs"
WIDTH = 1000
_STEPS = 19
"""How far the stepper is gone through before it asks."""


class Picture(NamedTuple):
    """A pane of a job's view at a share of its time, in a light or dark page."""

    name: str
    page: str
    pane: str
    share: float
    scheme: Any


PICTURES = (
    Picture("wordcount", "demo", "Timeline", 1.0, "light"),
    Picture("cluster-light", "trouble", "Cluster", 0.058, "light"),
    Picture("timeline-dark", "trouble", "Timeline", 0.8, "dark"),
    Picture("flow-light", "trouble", "Flow", 0.093, "light"),
    Picture("stepper-dark", "trouble", "Stepper", 1.0, "dark"),
)


def slow_words(line: str, params: Any) -> Any:
    """A pair for each word, at a leisurely pace."""
    import time

    for word in line.split():
        time.sleep(0.02)
        yield word, 1


def pages() -> Iterator[tuple[str, str]]:
    """The pages that pictures are taken of, by name."""
    with demo_disco() as disco:
        yield "demo", Demo(disco).html()
    faults = Faults().kill("node02", at=1.2).restore("node02", at=2.2).slow("node04", 3.0, at=0.6).crash("map:6")
    with Disco(nodes=5, faults=faults) as disco:
        lines = [f"raw://to be or not to be that is the question {number}" for number in range(36)]
        job = disco.new_job(name="trouble", input=lines, map=slow_words, reduce=sum_reduce, partitions=4)
        job.wait(show=False)
        yield "trouble", report_page(job.name, "", [job_part(job.data())])


def draw(browser: Browser, html: str, picture: Picture) -> Path:
    """Save what a page shows of one pane as an image; its path."""
    page = browser.new_page(
        viewport={"width": WIDTH, "height": 1200}, device_scale_factor=1.4, color_scheme=picture.scheme
    )
    page.set_content(html)
    view = JobPage(page.locator(".dsim-job"))
    pane = view.choose(picture.pane)
    if picture.pane == "Stepper":
        for _ in range(_STEPS):
            pane.get_by_role("button", name="Next", exact=True).click()
        pane.get_by_label("Predict").check()
        pane.get_by_role("button", name="Next", exact=True).click()
        page.wait_for_timeout(500)
    else:
        view.seek(picture.share)
    path = DOCS / f"{picture.name}.png"
    view.root.screenshot(path=path)
    page.close()
    return path


def main() -> int:
    """Draw the pictures and say where they are."""
    found = dict(pages())
    with running_browser() as browser:
        for picture in PICTURES:
            path = draw(browser, found[picture.page], picture)
            print(f"docs/{path.name}: {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
