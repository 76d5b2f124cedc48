"""The view of a job in a real JupyterLab: it shows what the frames show, plays, filters, and asks the kernel."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.jobpage import PANES, JobPage, shown
from tests.browser.labdrive import LabPage

pytestmark = pytest.mark.browser

JOB = """
from disco_sim import Disco, Faults

def fun_map(line, params):
    import time
    put(f"length:{this_partition()}", str(len(line)))
    for word in line.split():
        time.sleep(0.05)
        yield word, 1
    if this_partition() == 3 and this_host() == "node01":
        raise OSError("a bad disk")

def fun_reduce(pairs, params):
    for word, counts in kvgroup(sorted(pairs)):
        yield word, sum(counts)

faults = Faults().crash("map:4").corrupt("map:2", runs=1).kill("node03", at=1.0).restore("node03", at=1.6)
disco = Disco(nodes=3, faults=faults)
lines = ["raw://to be or not to be", "raw://that is the question"] * 4
job = disco.new_job(name="count", input=lines, map=fun_map, reduce=fun_reduce, partitions=3)
urls = job.wait(show=False)
"""

FRAMES = """
import json

def rows(frame):
    return json.loads(frame.to_json(orient="records", double_precision=15))

def facts(share):
    # The page rounds to microseconds, which matters at the very end only.
    duration_s = job.data().state.duration_s
    time_s = duration_s if share == 1.0 else share * round(duration_s, 6)
    past, cluster = job.at(time_s), disco.at(time_s)
    return {
        "tasks": rows(past.tasks), "partitions": rows(past.partitions), "oob": rows(past.oob), "log": rows(past.log),
        "nodes": rows(cluster.nodes), "status": past.status,
    }

print(json.dumps([facts(share) for share in (0.0, 0.3, 0.55, 0.8, 1.0)]))
"""

SHARES = (0.0, 0.3, 0.55, 0.8, 1.0)


def opened(lab: LabPage) -> JobPage:
    """The view that a cell shows."""
    return JobPage(lab.page.locator(".dsim-job").last)


def printed(lab: LabPage, cell: int) -> Any:
    """The JSON that a cell printed."""
    return json.loads("".join(output["text"] for output in lab.outputs(cell)))


def compare(found: list[dict[str, str]], expected: list[dict[str, Any]], columns: str) -> None:
    """A table of the view has these columns of a frame, row by row."""
    names = columns.split()
    assert [{name: row[name] for name in names} for row in found] == [
        {name: shown(row[name], name) for name in names} for row in expected
    ]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_every_pane_shows_what_the_frames_show(open_notebook, theme):
    """At any time of the playback, the tables of the panes are those of job.at(t) and disco.at(t)."""
    lab = open_notebook(JOB, FRAMES, "job.view()")
    lab.command("apputils:change-theme", theme=theme)
    assert lab.run_all()
    view = opened(lab)
    expect(view.root.get_by_role("tab")).to_have_text(PANES)
    for share, facts in zip(SHARES, printed(lab, 1), strict=True):
        view.seek(share)
        expect(view.root.locator(".dsim-head .dsim-word")).to_have_text(facts["status"])
        compare(view.rows(view.choose("Cluster")), facts["nodes"], "host slots busy done failed data_errors status")
        found = view.rows(view.choose("Timeline"))
        key = ("stage", "task", "run")
        expected = sorted(facts["tasks"], key=lambda row: [str(row[name]) for name in key])
        found.sort(key=lambda row: [row[name] for name in key])
        columns = "stage task partition host run status records_in records_out bytes_in bytes_out start_s end_s"
        compare(found, expected, columns)
        compare(view.rows(view.choose("OOB")), facts["oob"], "key size run host put_s state")
        compare(view.rows(view.choose("Log"))[-20:], facts["log"][-20:], "time_s host level message")
        parts = [row for row in facts["partitions"] if row["stage"] == "map"]
        compare(view.rows(view.choose("Flow")), parts, "partition host records bytes")


def test_playback_reaches_the_last_event(open_notebook):
    """Played from the beginning, all panes come to the end without the kernel, and stop there."""
    lab = open_notebook(JOB, "job.view()")
    assert lab.run_all()
    view = opened(lab)
    lab.command("kernelmenu:shutdown")
    log = view.choose("Log")
    view.seek(0.0)
    assert "Job finished" not in log.inner_text() and view.now.startswith("0.000 / ")
    view.root.get_by_label("Speed").select_option("8")
    view.root.get_by_role("button", name="Play", exact=True).click()
    expect(view.root.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    expect(view.root.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=15_000)
    before, after = view.now.removesuffix(" s").split(" / ")
    assert before == after
    expect(log).to_contain_text("Job finished in")
    expect(view.root.locator(".dsim-head")).to_contain_text("ready")


def test_keys_play_and_step(open_notebook):
    """In the view, space plays and pauses, arrows step from change to change, Home and End go to the ends."""
    lab = open_notebook(JOB, "job.view()")
    assert lab.run_all()
    view = opened(lab)
    tab = view.root.get_by_role("tab", name="Cluster", exact=True)
    view.root.locator(".dsim-stages").click()
    end = view.now
    lab.page.keyboard.press("Home")
    assert view.now.startswith("0.000 /")
    view.root.get_by_role("button", name="Step", exact=True).click()
    first = view.now
    assert first not in (end, "0.000")
    view.root.get_by_role("button", name="Back", exact=True).click()
    assert view.now.startswith("0.000 /")
    view.root.evaluate("view => view.focus()")
    lab.page.keyboard.press("ArrowRight")
    assert view.now == first
    lab.page.keyboard.press("End")
    assert view.now == end
    lab.page.keyboard.press("Home")
    lab.page.keyboard.press("Space")
    expect(view.root.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    lab.page.keyboard.press("Space")
    expect(view.root.get_by_role("button", name="Play", exact=True)).to_be_visible()
    tab.click()
    lab.page.keyboard.press("ArrowRight")
    expect(view.root.get_by_role("tab", name="Timeline", exact=True)).to_be_focused()


KEYS = """
import json
print(json.dumps(job.oob.frame().key.tolist()))
"""


def test_a_key_filter_finds_results(open_notebook):
    """In the OOB pane a filter leaves the results whose key, value or task has the text; dropped ones are told."""
    lab = open_notebook(
        JOB, "job.view()", "print(json.dumps(job.oob.frame().key.tolist()))".replace("json.", "__import__('json').")
    )
    assert lab.run_all()
    view = opened(lab)
    pane = view.choose("OOB")
    keys = printed(lab, 2)
    assert sorted(row["key"] for row in view.rows(pane)) == sorted(keys)
    pane.get_by_label("Filter").fill("length:3")
    view.settle()
    found = view.rows(pane)
    assert [row["key"] for row in found] == [key for key in keys if "length:3" in key]
    assert "dropped" in [row["state"] for row in found]
    pane.get_by_label("Filter").fill("no such key")
    view.settle()
    assert view.rows(pane) == []


HOSTILE = """
from disco_sim import Disco

def fun_map(line, params):
    put("key:%d" % this_partition(), "<img src=x onerror='window.hacked = 1'>")
    msg("<script>window.hacked = 2</script>")
    yield "<script>window.hacked = 3</script>", "<img src=x onerror='window.hacked = 4'>"

job = Disco(nodes=1).new_job(name="odd", input=["raw://x"], map=fun_map, partitions=1)
urls = job.wait(show=False)
"""


def test_what_users_write_is_shown_and_not_run(open_notebook):
    """Keys, values and messages that are HTML stand on the page as they are."""
    lab = open_notebook(HOSTILE, "job")
    assert lab.run_all()
    view = opened(lab)
    expect(view.choose("OOB")).to_contain_text("<img src=x")
    expect(view.choose("Log")).to_contain_text("<script>window.hacked = 2</script>")
    for pane in PANES:
        view.choose(pane)
    assert lab.page.evaluate("() => window.hacked") is None


REPORT = """
path = job.report("report.html")
print('"%s"' % path)
"""


def test_a_report_plays_without_notebook_and_network(open_notebook, lab_root, browser):
    """The page of job.report() plays from a file, in the dark too; its policy blocks nothing of its own."""
    lab = open_notebook(JOB, REPORT)
    assert lab.run_all()
    page = browser.new_context(viewport={"width": 1200, "height": 1600}, color_scheme="dark").new_page()
    problems: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto((lab_root / printed(lab, 1)).as_uri())
    view = JobPage(page.locator(".dsim-job"))
    view.seek(0.0)
    view.root.get_by_label("Speed").select_option("8")
    view.root.get_by_role("button", name="Play", exact=True).click()
    expect(view.root.locator(".dsim-head")).to_contain_text("ready", timeout=15_000)
    for pane in PANES:
        view.choose(pane)
    page.context.close()
    assert problems == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in requests), requests


def test_reduced_motion_plays_in_steps(open_notebook):
    """Who wants no motion sees the playback in steps, two a second."""
    lab = open_notebook(JOB, "job.view()")
    lab.page.emulate_media(reduced_motion="reduce")
    assert lab.run_all()
    view = opened(lab)
    view.seek(0.0)
    view.root.get_by_label("Speed").select_option("8")
    view.root.get_by_role("button", name="Play", exact=True).click()
    times = {view.now for _ in range(60) if not view.settle()}
    assert 1 <= len(times) <= 8
    expect(view.root.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=15_000)


MANY = """
from disco_sim import Disco
from disco_sim.func import sum_reduce

def fun_map(line, params):
    for number in range(700):
        yield "%s %d" % (line, number), number

inputs = [f"raw://line {number}" for number in range(80)]
job = Disco().new_job(name="many", input=inputs, map=fun_map, reduce=sum_reduce, partitions=2)
urls = job.wait(show=False)
"""


def test_what_was_not_sent_is_asked_of_the_kernel(open_notebook):
    """Records and keys of a large job are not in the page; chosen, a piece and a partition show them all the same."""
    lab = open_notebook(MANY, "job.view()")
    assert lab.run_all()
    view = opened(lab)
    pane = view.choose("Flow")
    pane.locator(".dsim-facts tbody tr:not(.dsim-gap)").first.click()
    expect(pane.get_by_text("keys at the end of the job")).to_be_visible()
    expect(pane).to_contain_text("'line ")
    pane.locator(".dsim-facts", has_text="pieces in partition").locator("tbody tr:not(.dsim-gap)").first.click()
    expect(pane.get_by_text("records", exact=False).last).to_be_visible()
    expect(pane).to_contain_text("'line 0 ")


def test_a_view_keeps_its_keys_from_the_notebook(open_notebook):
    """Keys pressed in a view neither delete nor change cells; on the slider and in a choice they do what they say."""
    lab = open_notebook(JOB, "job.view()", "job.stepper()", "1")
    assert lab.run_all()
    view = opened(lab)
    cells = "() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.type)"
    before = lab.page.evaluate(cells)
    stepper = lab.page.locator(".dsim-stepper")
    speed = view.root.get_by_label("Speed")
    for place in (speed, view.root.get_by_role("button", name="Play", exact=True), stepper):
        place.focus()
        for key in ("d", "d", "m", "x", "a", "ArrowDown"):
            lab.page.keyboard.press(key)
        expect(place).to_be_focused()
    assert lab.page.evaluate(cells) == before
    expect(speed).to_have_value("2")
    slider = view.root.get_by_label("Virtual time")
    slider.press("Home")
    assert view.now.startswith("0.000 /")
    slider.press("ArrowRight")
    first = view.now
    assert not first.startswith("0.000 /")
    slider.press("ArrowLeft")
    assert view.now.startswith("0.000 /")
    slider.press("End")
    view.root.get_by_role("button", name="Back", exact=True).click()
    view.root.get_by_role("button", name="Step", exact=True).press("Enter")
    # At the end there is no next step; the keys go on working.
    lab.page.keyboard.press("Home")
    assert view.now.startswith("0.000 /")
