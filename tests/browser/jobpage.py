"""The view of a job on a page, as a test works it: panes, tables, the playback bar."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, expect

GRAINS = 10_000
PANES = ("Cluster", "Timeline", "Flow", "OOB", "Log")


class JobPage:
    """One view; `root` is its element."""

    def __init__(self, root: Locator) -> None:
        self.root = root
        expect(root).to_be_visible()

    def choose(self, pane: str) -> Locator:
        """Choose a pane by its tab, and give it."""
        tab = self.root.get_by_role("tab", name=pane, exact=True)
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        self.settle()
        return self.root.locator(".dsim-pane:not([hidden])")

    def seek(self, share: float) -> None:
        """Drag the slider to a share of the job's time, and wait for the picture."""
        self.root.get_by_label("Virtual time").evaluate(
            "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input', { bubbles: true })); }",
            str(round(share * GRAINS)),
        )
        self.settle()

    def settle(self) -> None:
        """Wait until what was asked for is drawn."""
        self.root.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    @property
    def now(self) -> str:
        """What the bar says of the time, such as 1.000 / 2.000 s."""
        return self.root.locator(".dsim-now").inner_text()

    def rows(self, pane: Locator, number: int = 0) -> list[dict[str, str]]:
        """The rows of a pane's table as they are shown, each by the names of the columns."""
        found: list[dict[str, str]] = (
            pane.locator(".dsim-facts")
            .nth(number)
            .evaluate(
                """box => {
                const names = Array.from(box.querySelectorAll('thead button'), one => one.childNodes[0].textContent);
                const rows = Array.from(box.querySelectorAll('tbody tr:not(.dsim-gap)'));
                return rows.map(row =>
                    Object.fromEntries(Array.from(row.cells, (cell, place) => [names[place], cell.textContent])));
            }"""
            )
        )
        return found


def shown(value: Any, column: str) -> str:
    """How a value of a frame stands in a table of the view."""
    if value is None or value != value:
        return "–"  # noqa: RUF001 - a dash for what is not known
    if column.endswith("_s"):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) and column not in ("task", "run", "partition") else str(value)
