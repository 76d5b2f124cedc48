"""A widget works in a real JupyterLab: it is shown, a click reaches the kernel, and the answer reaches the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

BUTTON = """
import ipywidgets

button, label = ipywidgets.Button(description="Ping"), ipywidgets.Label("pings 0")
button.on_click(lambda _: setattr(label, "value", f"pings {int(label.value.split()[1]) + 1}"))
ipywidgets.HBox([button, label])
"""


def test_a_click_reaches_the_kernel_and_comes_back(open_notebook):
    """Clicking a button twice counts twice, in the page."""
    lab = open_notebook(BUTTON)
    assert lab.run_all()
    label = lab.page.locator(".jupyter-widgets.widget-label")
    expect(label).to_have_text("pings 0")
    for _ in range(2):
        lab.page.get_by_role("button", name="Ping", exact=True).click()
    expect(label).to_have_text("pings 2")


def test_a_failing_cell_is_seen(open_notebook):
    """Running a cell says whether it failed, and its outputs can be read."""
    lab = open_notebook("print('to be')", "1 / 0")
    assert lab.run_cell(0)
    assert lab.outputs(0) == [{"output_type": "stream", "name": "stdout", "text": "to be\n"}]
    assert not lab.run_cell(1)
    assert lab.outputs(1)[0]["ename"] == "ZeroDivisionError"


def test_a_request_that_leaves_the_machine_is_seen(open_notebook):
    """The check that ends every browser test would find a page that loads something from outside."""
    lab = open_notebook("1")
    assert lab.outside_requests() == []
    lab.page.route("https://cdn.example.org/**", lambda route: route.fulfill(body=""))
    lab.page.evaluate("() => fetch('https://cdn.example.org/x.js', {mode: 'no-cors'}).then(() => null)")
    assert lab.outside_requests() == ["https://cdn.example.org/x.js"]
    lab.requests.clear()
