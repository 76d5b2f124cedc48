"""Make docs/wordcount.png, the picture in README.md, from the page of the demonstration.

    python -m tools.picture

Needs Chromium and Playwright. The picture is cut below the partitions; fonts differ from machine to machine, so it is
made by hand when the looks change, and no test compares it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page

from disco_sim.demo import Demo, demo_disco
from tests.browser.labdrive import running_browser

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "wordcount.png"
WIDTH = 960
# Whatever comes after the partitions would only make the picture smaller.
SHORTEN = """() => {
    for (const section of document.querySelectorAll("details")) {
        const title = section.querySelector("summary").textContent;
        if (!/^(Timeline|Partitions)/.test(title)) section.remove();
    }
    for (const part of document.querySelectorAll(".dsim-card ~ *")) part.remove();
    document.querySelector("main").style.padding = "1.2rem 1.25rem 0.8rem";
}"""


def draw(page: Page, html: str, path: Path) -> None:
    """Save what `page` shows of `html` as an image."""
    page.set_content(html)
    page.evaluate(SHORTEN)
    page.locator("main").screenshot(path=path)


def main() -> int:
    """Draw the picture and say where it is."""
    with demo_disco() as disco:
        html = Demo(disco).html()
    PICTURE.parent.mkdir(exist_ok=True)
    with running_browser() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": 900}, device_scale_factor=1.4, color_scheme="light")
        draw(page, html, PICTURE)
    print(
        f"{PICTURE.relative_to(Path.cwd()) if PICTURE.is_relative_to(Path.cwd()) else PICTURE}: "
        f"{PICTURE.stat().st_size:,} bytes"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
