"""What JupyterLab keeps of HTML in a notebook that is not trusted, for tests of everything that shows itself."""

from __future__ import annotations

import re
from html.parser import HTMLParser

TAGS = {
    "div",
    "span",
    "strong",
    "code",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "details",
    "summary",
    "pre",
    "img",
}
ATTRIBUTES = {"class", "title", "style", "open", "scope", "colspan", "alt", "src"}
# What JupyterLab keeps of styles in a notebook that is not trusted, as far as it is used here.
STYLES = {
    "background-color",
    "background-image",
    "border",
    "border-bottom",
    "border-collapse",
    "border-radius",
    "caption-side",
    "color",
    "cursor",
    "display",
    "font-size",
    "font-weight",
    "height",
    "line-height",
    "margin",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-width",
    "min-width",
    "opacity",
    "overflow",
    "overflow-x",
    "padding",
    "padding-left",
    "text-align",
    "vertical-align",
    "white-space",
    "width",
}


class Checker(HTMLParser):
    """Asserts that all of a page survives the sanitizer, and that tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check one tag."""
        assert tag in TAGS
        self.open += [tag] if tag != "img" else []
        for name, value in attrs:
            assert name in ATTRIBUTES
            if name == "style":
                for rule in (value or "").split(";"):
                    key, _, setting = rule.partition(":")
                    assert key in STYLES
                    assert "var(" not in setting
                    assert re.fullmatch(r"[a-z0-9#%., ()\-]+", setting)

    def handle_endtag(self, tag: str) -> None:
        """Check that a tag closes the one that is open."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep what a reader sees."""
        self.seen += data


def checked(html: str) -> str:
    """The text of a piece of HTML that survives the sanitizer."""
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    return checker.seen
