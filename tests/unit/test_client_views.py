"""The views of a Job, asked of the Job itself: its widget, its report, and what it shows with and without a kernel."""

from __future__ import annotations

import base64
import gc
import re
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from disco_sim import Disco, DiscoError, Job
from disco_sim.client.frontend import WIDGET_VIEW, has_front_end
from disco_sim.client.registry import open_discos
from tests.unit.functions import words


def counted(disco: Disco, lines: list[str], **parameters: Any) -> Job:
    """A job that is over."""
    job = disco.new_job(name="count", input=[f"raw://{line}" for line in lines], map=words, **parameters)
    job.wait()
    return job


def packed(path: Path) -> bytes:
    """What a report has for its script."""
    (data,) = re.findall(r'octet-stream">([\w+/=]+)<', path.read_text(encoding="utf-8"))
    return zlib.decompress(base64.b64decode(data))


def test_a_report_is_written_where_it_is_asked_for(disco: Disco, tmp_path: Path) -> None:
    """The file is there, under the title; what is given back is its path."""
    job = counted(disco, ["to be", "or not"])
    path = tmp_path / "count.html"
    assert job.report(path, title="Words & more") == str(path)
    assert "<title>Words &amp; more</title>" in path.read_text(encoding="utf-8")
    assert b'"name":"map"' in packed(path)


def test_a_report_has_the_steps_of_a_small_job_only(disco: Disco, tmp_path: Path) -> None:
    """Up to 500 records the stepper goes along; larger jobs have a report without it."""
    small, large = tmp_path / "small.html", tmp_path / "large.html"
    counted(disco, ["to be", "or not"]).report(small)
    counted(disco, ["word " * 501]).report(large)
    assert b"steps.told" in packed(small)
    assert b"steps.told" not in packed(large)


def test_a_report_that_cannot_be_written_is_told(disco: Disco, tmp_path: Path) -> None:
    """A folder that is not there is an error that names the file; the job stays as it is."""
    job = counted(disco, ["to be"])
    with pytest.raises(DiscoError, match=r"cannot be written to .*nowhere/x.html.*: No such file or directory"):
        job.report(tmp_path / "nowhere" / "x.html")
    assert job.status == "ready"


def test_a_view_is_one_widget_until_something_happens(disco: Disco) -> None:
    """Asked twice, a view is the same widget; of a job that goes on there is a new one for each moment."""
    job = disco.new_job(name="count", input=["raw://a", "raw://b"], map=words)
    first = job.view()
    assert job.view() is first
    disco.step(run=True)
    second = job.view()
    assert second is not first
    job.wait()
    assert repr(job.view()).endswith("ready at 0.500 s, map 2/2)")


def test_a_job_brings_its_widget_where_a_kernel_is(disco: Disco, monkeypatch: pytest.MonkeyPatch) -> None:
    """Displayed in a kernel, a job has its card and the widget of view(); elsewhere the card alone."""
    job = counted(disco, ["to be"])
    assert set(job._repr_mimebundle_()) == {"text/plain", "text/html"}
    assert not has_front_end()
    shell = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", shell)  # type: ignore[arg-type]
    assert has_front_end()
    assert job._repr_mimebundle_()[WIDGET_VIEW]["model_id"] == job.view().model_id


def test_a_forgotten_job_shows_its_name_only(disco: Disco) -> None:
    """A job that was purged has no views any more, and says so in one line."""
    job = counted(disco, ["to be"])
    job.purge()
    assert set(job._repr_mimebundle_()) == {"text/plain"}


def test_a_view_does_not_keep_its_disco_open() -> None:
    """A Disco that nobody holds any more gives its port back, though widgets of its jobs are still on some page."""
    job = counted(Disco(nodes=1), ["to be"])
    master, view = job.disco.master, job.view()
    del job
    gc.collect()
    assert master not in [disco.master for disco in open_discos()]
    assert "Job count@" in view._repr_mimebundle_()[0]["text/plain"]


@pytest.mark.parametrize("path", [1, None, 5.5])
def test_a_report_goes_to_a_path_only(disco: Disco, path: Any) -> None:
    """What is no path, such as the number of an open file, is refused in words, and nothing is written or closed."""
    with pytest.raises(DiscoError, match="what is given first is the path of a file"):
        counted(disco, ["to be"]).report(path)
