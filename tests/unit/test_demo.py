"""The demonstration."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from disco_sim.demo import TEXT, Demo, demo_disco


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """The word count, run once."""
    with demo_disco() as disco:
        yield Demo(disco)


def test_counts_equal_counter(demo: Demo) -> None:
    """The job counts every word of the text as often as collections.Counter does."""
    assert demo.is_right
    assert demo.verdict == f"All {len(demo.counts):,} words have the counts that collections.Counter gives them."


def test_the_comparison_is_computed() -> None:
    """A single wrong count is found and named."""
    with demo_disco() as disco:
        demo = Demo(disco)
        demo.counts["hamlet"] += 1
        assert not demo.is_right
        assert demo.verdict == "WRONG: 1 words differ from collections.Counter, such as hamlet."


def test_out_of_band_results_agree_with_the_text(demo: Demo) -> None:
    """What the map tasks counted on the side adds up to the lines and words of the whole text."""
    with open(TEXT, encoding="utf-8") as text:
        n_lines = len(text.readlines())
    oob = demo.job.oob
    assert sum(int(oob[f"lines:{task}"]) for task in range(8)) == n_lines
    total = sum(int(oob[f"words:{task}"]) for task in range(8))
    assert total == sum(demo.expected.values())
    shares = [str(oob[f"share:{partition}"]).split(" of ") for partition in range(4)]
    assert sum(int(part) for part, _ in shares) == total
    assert {rest for _, rest in shares} == {f"{total} words"}


def test_text_shows_answer_partitions_and_oob_in_80_columns(demo: Demo) -> None:
    """The terminal shows the ten words, four partitions a stage and twenty OOB results; tables fit in 90 columns."""
    text = demo.text()
    assert "the     1,142" in text
    assert [text.count(f"\n  {stage} ") for stage in ("map", "reduce")] == [4, 4]
    assert text.count("committed") == 20
    assert max(map(len, text.splitlines())) <= 90


def test_page_loads_nothing_and_shows_timeline_and_partitions(demo: Demo) -> None:
    """The page is one file with the drawing, both tables of partitions, and the functions that ran."""
    page = demo.html()
    assert page.count('class="dsim-place"') == 1 and page.count("data:image/svg+xml") == 1
    assert "Partitions of the output of reduce" in page
    assert "def fun_reduce" in page
    for outside in ("http://", "https://", 'src="http', "<link"):
        assert outside not in page.replace("http://www.w3.org/2000/svg", "")


def test_two_demos_are_equal(demo: Demo) -> None:
    """The same cluster gives the same text and page, to the byte."""
    with demo_disco() as disco:
        again = Demo(disco)
        names = demo.job.name, again.job.name
        assert again.text() == demo.text()
        assert _readable(again).replace(names[1], names[0]) == _readable(demo)


def test_the_demo_needs_no_pandas() -> None:
    """The terminal's tables are made without DataFrames."""
    code = (
        "import sys; from disco_sim.demo import *\nwith demo_disco() as disco: Demo(disco).text()\n"
        "print('pandas' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "False\n"


def _readable(demo: Demo) -> str:
    """The page without what is packed or a picture, in which the job's name cannot be replaced."""
    return re.sub(r"(octet-stream\">|base64,)[\w+/=]+", r"\1", demo.html())
