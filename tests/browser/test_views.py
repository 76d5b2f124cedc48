"""What users look at, in a real JupyterLab: the live view of a job, the cards, and a notebook nobody has run yet."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.labdrive import LabPage

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "01_word_count.ipynb"

JOB = """
from disco_sim import Disco

def fun_map(line, params):
    put(f"length:{this_partition()}", str(len(line)))
    for word in line.split():
        yield word, 1

def fun_reduce(pairs, params):
    for word, counts in kvgroup(sorted(pairs)):
        yield word, sum(counts)

disco = Disco()
job = disco.new_job(
    name="count", input=["raw://to be or", "raw://not to be"], map=fun_map, reduce=fun_reduce, partitions=2
)
urls = job.wait(show=False)
"""


CARD = """
from IPython.display import HTML
# What the job shows where no widget can be.
HTML(job._repr_mimebundle_()["text/html"])
"""


def cards(lab: LabPage) -> Locator:
    """The static cards on the page."""
    return lab.page.locator(".jp-OutputArea-output .dsim-card")


def pictures_are_drawn(lab: LabPage) -> bool:
    """Whether there are pictures among the outputs, and each has been decoded and has a size."""
    sizes: list[int] = lab.page.evaluate(
        "() => Array.from(document.querySelectorAll('.jp-OutputArea-output img'), image => image.naturalWidth)"
    )
    return bool(sizes) and all(sizes)


def test_a_displayed_job_shows_its_card(open_notebook):
    """Where no widget can be, a job is a card with its state, its tables and its timeline; so are cluster and error."""
    lab = open_notebook(JOB, CARD, "disco", "job.story('map:0')", "job.oob")
    assert lab.run_all()
    expect(cards(lab)).to_have_count(4)
    job, cluster, story, results = (cards(lab).nth(number) for number in range(4))
    expect(job).to_contain_text("ready")
    expect(job.get_by_role("table", name="Partitions of the output of map")).to_be_visible()
    expect(job.get_by_role("img", name="Timeline of count@")).to_be_visible()
    assert pictures_are_drawn(lab)
    expect(cluster).to_contain_text("node04")
    expect(story).to_contain_text("assigned to node01")
    expect(results).to_contain_text("length:0")


def test_a_displayed_job_is_its_view(open_notebook):
    """A job at the end of a cell is the widget that job.view() gives, the same one each time."""
    lab = open_notebook(JOB, "job", "job.view()")
    assert lab.run_all()
    expect(lab.page.locator(".dsim-job")).to_have_count(2)
    kind = "application/vnd.jupyter.widget-view+json"
    shown, asked = (lab.outputs(cell)[0]["data"] for cell in (1, 2))
    assert shown[kind]["model_id"] == asked[kind]["model_id"]
    assert "text/html" in shown and "text/html" in asked


def test_a_section_of_a_card_opens_on_a_click(open_notebook):
    """What is folded away at first, such as the log, is one click away."""
    lab = open_notebook(JOB, CARD)
    assert lab.run_all()
    line = cards(lab).get_by_text("Job initialized")
    expect(line).to_be_hidden()
    cards(lab).get_by_text("Log (", exact=False).click()
    expect(line).to_be_visible()


def test_a_notebook_that_was_not_run_is_readable(lab_page, lab_root):
    """Opened for the first time, so not trusted, and not run, the tutorial shows its tables and pictures."""
    shutil.copy(NOTEBOOK, lab_root / "fresh.ipynb")
    lab_page.open("fresh.ipynb")
    is_trusted = lab_page.page.evaluate(
        "() => Array.from(window.jupyterapp.shell.currentWidget.content.model.cells).some(cell => cell.trusted)"
    )
    assert not is_trusted
    lab_page.page.set_viewport_size({"width": 1400, "height": 12000})
    expect(cards(lab_page)).to_have_count(6)
    for card in cards(lab_page).all():
        expect(card.locator("table, pre").first).to_be_visible()
    expect(lab_page.page.get_by_role("table", name="Partitions of the output of map")).to_have_count(2)
    assert pictures_are_drawn(lab_page)
