"""The widget of a job: what it shows at each time, without a front end."""

from __future__ import annotations

from typing import Any

import pytest

from disco_sim.error import DiscoError
from disco_sim.model.work import Blob
from disco_sim.views.widgets import JobView, job_view, step_of
from tests.unit import logs


def _view(scribe: logs.Scribe) -> Any:
    return job_view(scribe.log, scribe.job, scribe.read, logs.OOB_VALUES)


def _pages(view: Any) -> dict[str, str]:
    tabs = view.children[2]
    return {title: page.value for title, page in zip(tabs.titles, tabs.children, strict=True)}


def test_a_view_begins_at_the_end() -> None:
    """A new view shows everything that happened, under a slider that is labelled and reaches the end."""
    view = _view(logs.ready())
    assert isinstance(view, JobView)
    assert (view.time.value, view.time.max, view.time.description) == (4.26, 4.26, "Virtual time (s)")
    pages = _pages(view)
    assert list(pages) == ["Partitions", "OOB", "Log"]
    assert "Partitions of the output of reduce" in pages["Partitions"]
    assert "lines:1" in pages["OOB"] and "Job finished" in pages["Log"]
    assert ">ready</span> at 4.250 s" in view.children[0].value


def test_all_tabs_follow_the_slider() -> None:
    """Moved back, the slider shows partitions, out-of-band results and log as they were then."""
    view = _view(logs.ready())
    view.time.value = 0.5
    pages = _pages(view)
    assert "output of reduce" not in pages["Partitions"] and "output of map" in pages["Partitions"]
    assert "lines:0" in pages["OOB"] and "lines:1" not in pages["OOB"]
    assert "bad line" not in pages["Log"] and "hello" in pages["Log"]
    assert ">active</span> at 0.500 s" in view.children[0].value


def test_an_error_in_a_handler_is_shown_in_the_view() -> None:
    """A handler that cannot draw says so in the view, and the next good drawing takes the message away."""
    scribe = logs.ready()
    is_broken = False

    def read(url: str) -> Blob:
        if is_broken:
            raise OSError("disk <gone>")
        return scribe.read(url)

    view = job_view(scribe.log, scribe.job, read)
    is_broken = True
    view.time.value = 1.0
    assert "OSError: disk &lt;gone&gt;" in view.children[3].value
    is_broken = False
    view.time.value = 2.0
    assert view.children[3].value == ""


def test_refresh_takes_in_what_happened_since() -> None:
    """A view of a job that goes on follows it when refreshed."""
    scribe = logs.Scribe()
    scribe.submit()
    view = _view(scribe)
    scribe.start(1.0, "map", 0, "node01")
    scribe.finish(2.0, "map", 0, "node01")
    view.refresh()
    assert view.time.value == 2.0
    assert "Task finished" in _pages(view)["Log"]


def test_a_view_prints_as_one_line() -> None:
    """The text of a view says what it shows and is the same every time."""
    assert repr(_view(logs.ready())) == "JobView('wordcount@1a:2b:3c', at 4.250 s of 4.250 s)"


def test_a_view_has_html_for_where_no_kernel_is() -> None:
    """Displayed, a view brings a static card with the same tables, which stays when the widget cannot be shown."""
    bundle = _view(logs.ready())._repr_mimebundle_()
    assert bundle["text/plain"].startswith("JobView(")
    assert "application/vnd.jupyter.widget-view+json" in bundle
    for shown in ("Partitions of the output of reduce", "lines:1", "Job finished", ">ready</span>"):
        assert shown in bundle["text/html"]


def test_an_unknown_job_has_no_view() -> None:
    """A view of a job that is not there is an error at once."""
    with pytest.raises(DiscoError, match="no job 'nope'"):
        job_view(logs.ready().log, "nope")


@pytest.mark.parametrize("duration_s", [0.0, 0.001, 0.3999, 1.0, 4.25, 59.9, 1e4, 123456.789])
def test_a_slider_has_some_hundred_round_steps(duration_s: float) -> None:
    """Whatever a job takes, its slider has at most 400 steps and none under a millisecond."""
    step = step_of(duration_s)
    assert step >= 0.001
    assert duration_s / step <= 400 * (1 + 1e-9)
