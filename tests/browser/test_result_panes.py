"""The flow, OOB and log panes and their tables on a page without a kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from disco_sim import Disco, Faults, Job
from disco_sim.func import sum_reduce
from disco_sim.views.report import job_part, report_page
from tests.browser.conftest import OpenNotebook
from tests.browser.jobpage import JobPage

pytestmark = pytest.mark.browser

CANVAS = ".dsim-flow-picture canvas"


def words(line: str, params: Any) -> Any:
    import time

    for number in range(4):
        put(f"item:{this_partition()}:{number}", f"value of {this_partition()}")
    for word in line.split():
        time.sleep(0.02)
        yield word, 1


def favour(key: str, n: int, params: Any) -> int:
    return 2 if key == "the" else len(key) % n


def skewed() -> Job:
    """A job of 60 tasks whose partition 2 has most records; a node dies in it."""
    faults = Faults().kill("node02", at=1.0).restore("node02", at=1.3)
    disco = Disco(nodes=4, oob_limit=5, faults=faults)
    lines = [f"raw://the the the line {number}" for number in range(60)]
    job = disco.new_job(name="skewed", input=lines, map=words, reduce=sum_reduce, partitions=3, partition=favour)
    job.wait(show=False)
    return job


def large() -> Job:
    """A job whose records are too many to go along with a page."""
    lines = [f"raw://{' '.join(f'word{number * place % 701}' for place in range(160))}" for number in range(400)]
    job = Disco(nodes=4).new_job(name="large", input=lines, map=plain_words, reduce=sum_reduce, partitions=7)
    job.wait(show=False)
    return job


def plain_words(line: str, params: Any) -> Any:
    for word in line.split():
        yield word, 1


OpenPage = Callable[..., JobPage]


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[OpenPage]:
    """`open_page(job)`: the page of a job; nothing may go wrong in it."""
    problems: list[str] = []
    contexts: list[Any] = []

    def open_page(job: Job, **options: Any) -> JobPage:
        path = tmp_path / "page.html"
        path.write_text(report_page(job.name, "", [job_part(job.data())]), encoding="utf-8")
        contexts.append(browser.new_context(viewport={"width": 1100, "height": 1400}, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(path.as_uri())
        return JobPage(page.locator(".dsim-job"))

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture(scope="module")
def job() -> Job:
    """The skewed job, made once."""
    return skewed()


def table(pane: Locator, number: int = 0) -> Locator:
    return pane.locator(".dsim-facts:visible").nth(number)


def captions(pane: Locator) -> list[str]:
    return pane.locator(".dsim-facts:visible caption").all_inner_texts()


def point(pane: Locator, row: int, column: int) -> dict[str, float]:
    """About the middle of a square of the picture; row -1 is the bin under a column."""
    return {"x": 138 + 116 * column + 50, "y": 8 + 5 * row + 2 if row >= 0 else 8 + 300 + 22 + 90}


def test_the_flow_tells_the_skew_and_what_makes_it(open_page: OpenPage, job: Job) -> None:
    """The largest partition is told in words, and its largest keys stand beside the picture."""
    pane = open_page(job).choose("Flow")
    shares = job.partitions[job.partitions.stage == "map"].share
    told = f"Partition 2 holds {100 * shares.max():.0f} %, {shares.max() * 3:.1f} times the mean: skewed."
    expect(pane.locator(".dsim-flow-skew")).to_have_text(told)
    assert captions(pane)[1:] == ["The largest 20 of 51 keys at the end of the job", "60 pieces in partition 2"]
    row = table(pane, 1).locator("tbody tr:not(.dsim-gap)").first
    assert row.locator("td").all_inner_texts() == ["'the'", "180", "78 %"]
    assert "partition" in (pane.locator(CANVAS).get_attribute("aria-label") or "")


def test_a_square_shows_its_records_and_a_bin_its_keys(open_page: OpenPage, job: Job) -> None:
    """A click on a square gives the records of that piece, one on a bin the keys of the partition."""
    view = open_page(job)
    pane = view.choose("Flow")
    pane.locator(CANVAS).hover(position=point(pane, 4, 2))
    host = job.tasks.query("stage == 'map' and task == 4 and status == 'done'").host.iloc[-1]
    expect(pane.locator(".dsim-hint")).to_contain_text("map:4 → partition 2")
    expect(pane.locator(".dsim-hint")).to_contain_text(f"from {host}")
    pane.locator(CANVAS).click(position=point(pane, 4, 2))
    expect(pane.locator(".dsim-details-head")).to_contain_text("map:4 to partition 2")
    assert captions(pane)[1:] == ["3 records", "60 pieces in partition 2"]
    cells = table(pane, 1).locator("tbody tr:not(.dsim-gap) td").all_inner_texts()
    assert cells == ["'the'", "1"] * 3
    assert table(pane, 2).locator("tr[aria-selected=true] td").first.inner_text() == "map:4"
    pane.locator(CANVAS).click(position=point(pane, -1, 1))
    expect(pane.locator(".dsim-details-head strong")).to_have_text("Partition 1")
    assert captions(pane)[1].endswith("keys at the end of the job")


def test_what_a_page_does_not_have_is_said(open_page: OpenPage) -> None:
    """Of a job with many records, the page says that records and keys are to be had in a notebook."""
    pane = open_page(large()).choose("Flow")
    expect(pane.locator(".dsim-details")).to_contain_text("Choose a partition for its keys")
    for row, what in ((40, "records"), (-1, "keys")):
        pane.locator(CANVAS).click(position={"x": 110, "y": 8 + 3 * row if row >= 0 else 420})
        expect(pane.locator(".dsim-details")).to_contain_text(f"These {what} are not in this page")
    expect(pane.locator(".dsim-told")).to_have_text("each row is 4 tasks")


def test_arrow_keys_go_from_row_to_row(open_page: OpenPage, job: Job) -> None:
    """In a table whose rows can be chosen, arrows choose the next one and keep it in sight."""
    view = open_page(job)
    pane = view.choose("Flow")
    pieces = table(pane, 2)
    now = view.now
    grid = pieces.locator("table")
    grid.focus()
    for _ in range(30):
        view.root.page.keyboard.press("ArrowDown")
    view.settle()
    chosen = pieces.locator("tr[aria-selected=true]")
    expect(chosen.locator("td").first).to_have_text("map:29")
    assert grid.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    box, frame = chosen.bounding_box(), pieces.bounding_box()
    assert box and frame and frame["y"] < box["y"] and box["y"] + box["height"] <= frame["y"] + frame["height"] + 1
    view.root.page.keyboard.press("Home")
    expect(pieces.locator("tr[aria-selected=true] td").first).to_have_text("map:0")
    assert view.now == now


def test_the_log_follows_until_somebody_scrolls(open_page: OpenPage, job: Job) -> None:
    """The newest line stays in sight as time goes on, unless the reader has scrolled up; a button leads back."""
    view = open_page(job)
    pane = view.choose("Log")
    lines = job.log
    expect(table(pane).locator("tbody tr:not(.dsim-gap)").last).to_contain_text(lines.message.iloc[-1])
    view.seek(0.5)
    time_s = float(view.now.split(" / ")[0])
    so_far = lines[lines.time_s <= time_s + 5e-4]
    assert view.rows(pane)[-1]["message"] == so_far.message.iloc[-1]
    newest = pane.get_by_role("button", name="To the newest line")
    expect(newest).to_be_hidden()
    table(pane).evaluate("box => { box.scrollTop = 0; }")
    expect(newest).to_be_visible()
    view.seek(1.0)
    assert view.rows(pane)[0]["message"] == lines.message.iloc[0]
    newest.click()
    assert view.rows(pane)[-1]["message"] == lines.message.iloc[-1]
    expect(newest).to_be_hidden()


def test_the_log_is_filtered_by_node_and_level(open_page: OpenPage, job: Job) -> None:
    """Filters leave the lines of a node and a level, at any time, and say of how many."""
    view = open_page(job)
    pane = view.choose("Log")
    pane.get_by_label("Node").select_option("master")
    pane.get_by_label("Level").select_option("WARN")
    view.settle()
    lines = job.log.query("host == 'master' and level == 'WARN'")
    assert [row["message"] for row in view.rows(pane)] == lines.message.to_list() != []
    expect(pane.locator(".dsim-told")).to_have_text(f"{len(lines)} of {len(job.log):,} lines")
    view.seek(0.0)
    assert view.rows(pane) == []


def test_results_of_one_task_are_shown(open_page: OpenPage, job: Job) -> None:
    """A task chosen beside the results leaves its own; dropped ones are struck out, and the limit is told."""
    view = open_page(job)
    pane = view.choose("OOB")
    results = job.oob.frame()
    expect(pane.locator(".dsim-sentence")).to_contain_text("has put 4 of 5.")
    dropped = results[results.state == "dropped"]
    assert len(dropped) > 0
    task = int(dropped.task.iloc[0])
    table(pane, 1).locator("tr", has=view.root.page.get_by_text(f"map:{task}", exact=True)).click()
    view.settle()
    rows = view.rows(pane)
    assert [row["state"] for row in rows] == results[results.task == task].state.to_list()
    struck = table(pane).locator("tr.dsim-struck")
    assert struck.count() == sum(row["state"] == "dropped" for row in rows) > 0
    assert "line-through" in struck.first.locator("td").first.evaluate("cell => getComputedStyle(cell).textDecoration")
    pane.get_by_role("button", name="All tasks").click()
    expect(pane.locator(".dsim-told")).to_have_text(f"{len(results)} results")


def test_a_sorted_table_stays_sorted_while_time_goes_on(open_page: OpenPage, job: Job) -> None:
    """A click on a head sorts what is there at any time; a third one gives the order of time again."""
    view = open_page(job)
    pane = view.choose("OOB")
    head = table(pane).get_by_role("button", name="task", exact=True)
    head.click()
    head.click()
    for share in (0.3, 1.0, 0.6):
        view.seek(share)
        tasks = [int(row["task"].removeprefix("map:")) for row in view.rows(pane)]
        assert tasks == sorted(tasks, reverse=True) != []
    table(pane).get_by_role("button", name="task").click()
    times = [row["put_s"] for row in view.rows(pane)]
    assert times == sorted(times, key=float)


def dots(view: JobPage, share: float) -> bool:
    """Whether the picture at a time has anything between the squares and the bins."""
    view.seek(share)
    return bool(
        view.root.locator(CANVAS).evaluate(
            """canvas => {
            const pen = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
            pen.drawImage(canvas, 0, 0);
            const ratio = canvas.width / canvas.clientWidth;
            const strip = pen.getImageData(140 * ratio, 310 * ratio, 300 * ratio, 10 * ratio);
            return strip.data.some((value, place) => place % 4 === 3 && value > 0);
        }"""
        )
    )


def test_records_move_but_not_for_who_wants_no_motion(open_page: OpenPage, job: Job) -> None:
    """In the moments after runs have ended, dots fall from squares into bins; with reduced motion there are none."""
    shares = [number / 200 for number in range(4, 200)]
    view = open_page(job)
    view.choose("Flow")
    assert any(dots(view, share) for share in shares)
    still = open_page(job, reduced_motion="reduce")
    still.choose("Flow")
    assert not any(dots(still, share) for share in shares)


LARGE = """
from disco_sim import Disco
from disco_sim.func import sum_reduce

def fun_map(line, params):
    for word in line.split():
        yield word, 1

lines = [f"raw://{' '.join(f'word{number * place % 701}' for place in range(160))}" for number in range(400)]
job = Disco(nodes=4).new_job(name="large", input=lines, map=fun_map, reduce=sum_reduce, partitions=7)
urls = job.wait(show=False)
"""


def test_a_kernel_tells_what_does_not_come_along(open_notebook: OpenNotebook) -> None:
    """In a notebook, records and keys that were too many to be sent are asked for, and shown when they come."""
    lab = open_notebook(LARGE, "job.view()")
    assert lab.run_all()
    pane = JobPage(lab.page.locator(".dsim-job").last).choose("Flow")
    pane.locator(CANVAS).click(position={"x": 110, "y": 8 + 3 * 40})
    expect(pane.locator(".dsim-details caption").nth(1)).to_contain_text("records")
    records = table(pane, 1).locator("tbody tr:not(.dsim-gap)")
    expect(records.first.locator("td").first).to_contain_text("'word")
    pane.locator(CANVAS).click(position={"x": 110, "y": 420})
    expect(pane.locator(".dsim-details caption").first).to_contain_text("keys at the end of the job")
    expect(table(pane, 1).locator("tbody tr:not(.dsim-gap) td").first).to_contain_text("'word")
