"""The stepper in a real JupyterLab: forward, back, to a key, and predictions that are scored."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.labdrive import LabPage

pytestmark = pytest.mark.browser

JOB = """
import json
from disco_sim import Disco

def fun_map(line, params):
    for word in line.split():
        yield word, 1

def fun_reduce(pairs, params):
    for word, counts in kvgroup(pairs):
        yield word, sum(counts)

lines = ["raw://to be or not to be", "raw://<script>window.hacked=1</script> that is"]
disco = Disco(nodes=2)
job = disco.new_job(name="steps", input=lines, map=fun_map, reduce=fun_reduce, partitions=3, sort=True)
urls = job.wait(show=False)
"""

WORDS = """
words = ["to", "be", "or", "not", "<script>window.hacked=1</script>", "that", "is"]
print(json.dumps({word: job.explain(word).partition for word in words}))
"""


def opened(lab: LabPage) -> Locator:
    """The stepper that a cell shows."""
    stepper = lab.page.locator(".dsim-stepper").last
    expect(stepper).to_be_visible()
    return stepper


def test_forward_back_and_to_a_key(open_notebook):
    """Next, Back, End and Jump go to steps; the line says what happens; what users wrote is shown and not run."""
    lab = open_notebook(JOB, "job.stepper()")
    assert lab.run_all()
    stepper = opened(lab)
    expect(stepper).to_contain_text("step 1 of ")
    stepper.get_by_role("button", name="Next", exact=True).click()
    expect(stepper).to_contain_text("step 2 of ")
    expect(stepper).to_contain_text("to be or not to be")
    stepper.get_by_role("button", name="Back", exact=True).click()
    expect(stepper).to_contain_text("step 1 of ")
    stepper.get_by_label("Jump to key").fill("not")
    stepper.get_by_role("button", name="Jump", exact=True).click()
    expect(stepper.get_by_role("status")).to_contain_text("not")
    stepper.focus()
    lab.page.keyboard.press("End")
    last = stepper.inner_text().split("step ")[1].split()
    assert last[0] == last[2]
    expect(stepper).to_contain_text("<script>")
    assert lab.page.evaluate("() => window.hacked") is None


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_predictions_are_scored(open_notebook, theme):
    """With Predict, each pair's partition is asked for; right and wrong answers are told, and counted."""
    lab = open_notebook(JOB, WORDS, "job.stepper()")
    lab.command("apputils:change-theme", theme=theme)
    assert lab.run_all()
    partitions = json.loads(lab.outputs(1)[0]["text"])
    stepper = opened(lab)
    stepper.get_by_label("Predict").check()
    n_asked = n_right = 0
    while n_asked < 6:
        stepper.get_by_role("button", name="Next", exact=True).click()
        question = stepper.get_by_text("Which partition does")
        if not question.is_visible():
            continue
        word = question.inner_text().split("'")[1]
        # Every third answer is wrong.
        answer = partitions[word] if n_asked % 3 else (partitions[word] + 1) % 3
        stepper.get_by_role("button", name=f"partition {answer}", exact=True).click()
        n_right += answer == partitions[word]
        n_asked += 1
        expect(stepper).to_contain_text(f"{n_right} of {n_asked} right")
    assert (n_right, n_asked) == (4, 6)


def test_it_goes_on_without_a_kernel(open_notebook):
    """All steps are in the page."""
    lab = open_notebook(JOB, "job.stepper()")
    assert lab.run_all()
    stepper = opened(lab)
    lab.command("kernelmenu:shutdown")
    stepper.get_by_role("button", name="End", exact=True).click()
    stepper.get_by_role("button", name="Back", exact=True).click()
    expect(stepper.get_by_role("button", name="Back", exact=True)).to_be_enabled()
