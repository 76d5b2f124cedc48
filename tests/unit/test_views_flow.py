"""The flow of a job over a stage boundary: its facts, counted by hand, and what is shown of them."""

from __future__ import annotations

import re
from base64 import b64decode
from math import isnan
from xml.etree import ElementTree

import pytest

from disco_sim import Disco
from disco_sim.client.flow import Flow
from disco_sim.error import DiscoError
from disco_sim.model.plan import Stage
from disco_sim.views import cards, flow
from disco_sim.views.flow import Boundary, Part, boundary_of, flow_card, flow_section, flow_table
from disco_sim.views.heatmap import Bins, Grid, heat_map, heat_svg
from disco_sim.views.state import JobState
from tests.unit import logs
from tests.unit.sanitizer import checked


def _flow(scribe: logs.Scribe, by: str = "records", stage: str | None = None, until_s: float | None = None) -> Flow:
    return Flow(JobState.of(scribe.log, scribe.job, until_s), scribe.read, by, stage)


def _boundary(*amounts: int, n_tasks: int = 1) -> Boundary:
    """Partitions that each hold so many records, all of them from the first task."""
    parts = tuple(Part(number, "node01", amount, 10 * amount) for number, amount in enumerate(amounts))
    pieces = {(0, number): amount for number, amount in enumerate(amounts)}
    return Boundary("job", "map", "reduce", "records", parts, ("node01",) * n_tasks, pieces)


def _mapping(records: int) -> logs.Scribe:
    """A job with two map tasks, the first of which is done and has stored `records` records of ten bytes each."""
    scribe = logs.Scribe()
    scribe.submit()
    scribe.start(0.0, "map", 0, "node01")
    if records:
        scribe.store(0.5, "map", 0, "node01", 1, logs.pairs(*[("a", 1)] * records))
    scribe.finish(0.5, "map", 0, "node01")
    return scribe


def test_the_facts_of_a_flow() -> None:
    """Partitions with their hosts, sizes and shares, empty ones too; the imbalance; who sent what; the largest keys."""
    found = _flow(logs.ready())
    assert (found.stage, found.reader, found.by, found.job) == ("map", "reduce", "records", logs.JOB)
    # 4, 0 and 1 records: the mean is 5 / 3, and 4 is 2.4 times that.
    assert found.imbalance == pytest.approx(2.4)
    assert found.top_keys == [("the", 3), ("a", 1)]
    frame = found.frame()
    assert frame.partition.tolist() == [0, 1, 2] and frame.host.tolist() == ["node01", "node02", "node03"]
    assert frame.records.tolist() == [4, 0, 1] and frame.bytes.tolist() == [40, 0, 10]
    assert frame.share.tolist() == pytest.approx([0.8, 0.0, 0.2])
    assert frame.times_mean.tolist() == pytest.approx([2.4, 0.0, 0.6])
    matrix = found.matrix()
    assert matrix.to_numpy().tolist() == [[3, 0, 1], [1, 0, 0]]
    assert (matrix.index.name, matrix.columns.name) == ("from_task", "partition")


def test_a_flow_by_bytes() -> None:
    """Counted by bytes, shares, the imbalance and the pieces are of bytes."""
    found = _flow(logs.ready(), by="bytes")
    assert found.matrix().to_numpy().tolist() == [[30, 0, 10], [10, 0, 0]]
    assert found.frame().share.tolist() == pytest.approx([0.8, 0.0, 0.2])
    assert repr(found) == f"Flow({logs.JOB}, map to reduce, bytes, imbalance 2.40)"


def test_the_text_of_a_flow() -> None:
    """The text twin has a line per partition, a word where one is skewed, and the largest keys."""
    assert _flow(logs.ready())._repr_mimebundle_()["text/plain"] == "\n".join(
        [
            "Flow map to reduce, by records",
            f"  job: {logs.JOB}",
            "  sent: 5 records by 2 map tasks",
            "  partitions: 3, 1 of them empty",
            "  mean: 1.7 records",
            "  imbalance: 2.40 (the largest, partition 0, as times the mean)",
            "  skewed: partition 0 has 2.40x the mean",
            "Partitions (3)",
            "  partition  host    records  bytes  share  against the mean",
            "          0  node01        4     40  80.0%  2.40x the mean, skewed",
            "          1  node02        0      0   0.0%  0.00x",
            "          2  node03        1     10  20.0%  0.60x",
            "Largest keys of partition 0",
            "  key  records  share",
            "  the        3  75.0%",
            "  a          1  25.0%",
        ]
    )


def test_a_flow_as_html_survives_without_trust() -> None:
    """Everything in the HTML is kept in an untrusted notebook, it is the same each time, and skew is told in words."""
    html = _flow(logs.ready())._repr_mimebundle_()["text/html"]
    assert html == _flow(logs.ready())._repr_mimebundle_()["text/html"]
    seen = checked(html)
    assert "2.40x the mean, skewed" in seen and "The upright line is the mean, 1.7 records" in seen
    assert "map:1node01" in seen and "1empty" in seen, "heads of the heat map"


def test_hostile_keys_are_shown_not_run() -> None:
    """A key that looks like a tag is escaped in HTML, and is as it was in text."""
    bundle = _flow(logs.ready(), stage="reduce")._repr_mimebundle_()
    boundary = boundary_of(JobState.of(logs.ready().log, logs.JOB))
    card = flow_card(boundary, [("<script>alert(1)</script>", 3)])
    for html in (bundle["text/html"], card.html()):
        assert "<script" not in html
    assert "<script>alert(1)</script>" in checked(card.html()) and "<script>alert(1)</script>" in card.text()


def test_the_last_stage_has_no_matrix() -> None:
    """What the last stage wrote has partitions, but goes nowhere."""
    found = _flow(logs.ready(), stage="reduce")
    assert (found.stage, found.reader) == ("reduce", "")
    assert found.frame().records.tolist() == [2, 0, 1]
    bundle = found._repr_mimebundle_()
    assert bundle["text/plain"].startswith("Flow output of reduce, by records\n")
    assert "written: 3 records by 3 reduce tasks" in bundle["text/plain"]
    assert "From task to partition" not in bundle["text/html"]


def test_a_job_without_data_says_so() -> None:
    """Before anything is stored the flow says that there is nothing, and why; the card of the job has none."""
    found = _flow(_mapping(0))
    assert isnan(found.imbalance) and found.top_keys == []
    assert repr(found) == f"Flow({logs.JOB}, map to reduce, records, no data)"
    assert "data: none; no task of map has stored anything" in found._repr_mimebundle_()["text/plain"]
    assert flow_section(JobState.of(_mapping(0).log, logs.JOB)) is None


def test_a_job_of_no_stages() -> None:
    """A state that knows of no stages has a flow of nothing."""
    boundary = boundary_of(JobState("job"))
    assert flow_table(boundary).rows == [] and boundary.between == ""
    assert "data: none; the job has no stages" in flow_card(boundary).text()


def test_a_job_that_is_under_way() -> None:
    """Of an active job the flow is that of the tasks which are done; the others are there, and have sent nothing."""
    assert _flow(_mapping(3)).matrix().to_numpy().tolist() == [[0, 3, 0], [0, 0, 0]]


def test_bytes_without_records() -> None:
    """Where outputs have bytes but no records, counting by records says to count by bytes."""
    scribe = _mapping(0)
    scribe.store(0.5, "map", 0, "node01", 0, logs.Blob("bytes", b"abc", 0, 3))
    assert "data: none by records; ask for by='bytes'" in _flow(scribe)._repr_mimebundle_()["text/plain"]
    by_bytes = _flow(scribe, by="bytes")
    assert by_bytes.matrix().to_numpy().sum() == 3 and by_bytes.top_keys == []
    section = flow_section(JobState.of(scribe.log, scribe.job))
    assert section is not None and "Bytes that each map task sent" in section.html


def test_keys_that_are_gone_are_left_out() -> None:
    """Without what was stored there are no keys, and everything else is as before."""
    scribe = logs.ready()
    scribe.blobs.clear()
    found = _flow(scribe)
    assert found.top_keys == [] and found.imbalance == pytest.approx(2.4)
    assert "Largest keys" not in found._repr_mimebundle_()["text/plain"]


def test_the_first_stage_with_data_is_chosen() -> None:
    """Of several boundaries the first one that anything passed is shown; `stage` picks another."""
    plan = (Stage("a", "split"), Stage("b", "group_label"), Stage("c", "group_all"))
    scribe = logs.Scribe(plan=plan)
    scribe.submit(1)
    scribe.start(0.0, "a", 0, "node01")
    scribe.store(0.5, "a", 0, "node01", 7, logs.pairs(("k", 1)))
    scribe.finish(0.5, "a", 0, "node01")
    assert (_flow(scribe).stage, _flow(scribe).reader) == ("a", "b")
    assert _flow(scribe).frame().partition.tolist() == [7]
    assert (_flow(scribe, stage="b").stage, _flow(scribe, stage="b").reader) == ("b", "c")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"by": "keys"}, "flow(by='keys') was asked for; a flow is counted by='records' or by='bytes'"),
        ({"stage": "mop"}, "flow(stage='mop') was asked for; the stages of job 'wordcount@1a:2b:3c' are: map, reduce"),
    ],
)
def test_what_cannot_be_asked_for(options: dict[str, str], said: str) -> None:
    """A wrong unit and an unknown stage are told with the ways out."""
    with pytest.raises(DiscoError, match=re.escape(said)):
        _flow(logs.ready(), **options)


def test_skew_is_more_than_twice_the_mean() -> None:
    """Exactly twice the mean is not skewed yet; of many that are, the largest four are named."""
    assert _boundary(2, 0).skewed == [] and _boundary(2, 0).imbalance == 2.0
    assert [part.partition for part in _boundary(1, 11, 0, 0, 12, 0).skewed] == [4, 1]
    many = _boundary(*[10] * 6, *[0] * 14)
    assert "partition 3 has 3.33x the mean, and 2 more" in flow_card(many).text()
    assert "6 of 20" not in flow_card(many).text() and "20, 14 of them empty" in flow_card(many).text()


def test_of_many_partitions_the_largest_are_shown() -> None:
    """Above sixty partitions the table has the twenty largest, in order, and says so."""
    text = flow_card(_boundary(*range(61))).text()
    shown = re.findall(r"^ +(\d+)  node01", text, re.MULTILINE)
    assert shown == [str(number) for number in range(60, 40, -1)]
    assert "Partitions (61, the 20 largest)" in text
    assert "Partitions (60)" in flow_card(_boundary(*range(60))).text()


def test_a_small_heat_map_has_numbers() -> None:
    """Squares have their amounts, the strongest colour is that of the largest, and an empty one is empty."""
    grid = Grid(
        [("map:0", ""), ("map:1", "")], [("0", ""), ("1", "")], {(0, 0): 2000, (1, 1): 500}, "t", "p", "records"
    )
    html = heat_map(grid, "Caption <b>")
    squares = re.findall(r'<td style="[^"]*background-color:([^"]*)">([^<]*)</td>', html)
    empty = ("rgba(128, 128, 128, 0.06)", "")
    assert squares == [("rgba(47, 116, 181, 0.6)", "2,000"), empty, empty, ("rgba(47, 116, 181, 0.15)", "500")]
    assert "Caption <b>" in checked(html)


def _large(n_rows: int, n_columns: int, *odd: tuple[int, int, int]) -> Grid:
    amounts = {(row, column): 2 for row in range(n_rows) for column in range(n_columns)}
    amounts |= {(row, column): amount for row, column, amount in odd}
    rows = [(f"map:{row}", "node01") for row in range(n_rows)]
    return Grid(rows, [(str(column), "") for column in range(n_columns)], amounts, "task", "partition", "records")


def test_a_large_heat_map_is_a_drawing() -> None:
    """It is an image with its facts as alternative text and under it, and survives where a notebook is not trusted."""
    html = heat_map(_large(30, 5, (17, 4, 60)), "Caption")
    said = "ecords from 30 tasks to 5 partitions; most, 60, from map:17 to partition 4"
    assert f'<img alt="Heat map: r{said}"' in html and f"R{said}." in checked(html)
    assert "Each square" not in html
    drawn = re.search(r"base64,([^\"]+)", html)
    assert drawn is not None
    ElementTree.fromstring(b64decode(drawn[1]))


def test_large_heat_maps_are_binned() -> None:
    """No side has more than sixty squares; each shows the largest amount of its neighbours, and the caption says so."""
    grid = _large(61, 181, (60, 180, 9))
    bins = Bins(grid)
    assert (bins.n_rows, bins.n_columns, bins.row_step, bins.column_step) == (31, 46, 2, 4)
    assert bins.amounts[30, 45] == 9 and set(bins.amounts.values()) == {2, 9}
    seen = checked(heat_map(grid, ""))
    assert "Each square stands for 2 tasks by 4 partitions, and shows the largest amount of them." in seen
    assert Bins(_large(60, 60)).note(_large(60, 60)) == ""


def test_squares_of_one_colour_are_drawn_together() -> None:
    """Neighbours in a row are one box, and an empty square is not drawn: the drawing is small."""
    grid = _large(30, 30, (3, 7, 4), (5, 5, 0))
    paths = re.findall(r'<path d="([^"]*)" fill="[^"]*" fill-opacity="([\d.]+)"', heat_svg(grid, Bins(grid)))
    # 28 whole rows and two that are cut in two; one square with the largest amount.
    assert [(path.count("M"), opacity) for path, opacity in paths] == [(32, "0.57"), (1, "1.00")]


def test_names_in_a_drawing_are_escaped() -> None:
    """A stage with markup in its name is shown, and the drawing stays well-formed."""
    rows = [(f"<b>&{row}", "") for row in range(30)]
    grid = Grid(rows, [("0", "")], {(0, 0): 1}, "<i>", "p", "records")
    svg = heat_svg(grid, Bins(grid))
    assert "<b>" not in svg
    assert any("<b>&0" in (text.text or "") for text in ElementTree.fromstring(svg).iter())


def test_the_card_of_a_job_has_its_flow() -> None:
    """The heat map stands, closed, after the partitions; the card's text is without it."""
    scribe = logs.ready()
    card = cards.job_card(scribe.log, scribe.job, read=scribe.read)
    titles = [section.title for section in card.sections]
    assert titles[2:4] == ["Partitions (6)", "Flow (map to reduce)"]
    section = card.sections[3]
    assert not section.is_open and section.text == "" and "map:0" in checked(section.html)
    assert "Flow" not in [section.title for section in cards.job_card(scribe.log, scribe.job, until_s=0.25).sections]


def test_the_card_of_a_large_job_does_not_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    """With very many pieces the card only says how to see them."""
    monkeypatch.setattr(flow, "_MOST_PIECES_OF_A_CARD", 5)
    section = flow_section(JobState.of(logs.ready().log, logs.JOB))
    assert section is not None and section.html == "6 pieces are too many to be drawn here; job.flow() draws them."


def test_flow_agrees_with_the_shuffle_of_a_job() -> None:
    """What a real job's flow counts is what its frames say: pieces as in `shuffle`, partitions as in `partitions`."""

    def by_letter(word, params):
        yield word[0], word

    def kept(pairs, params):
        yield from pairs

    with Disco(nodes=3) as disco:
        job = disco.new_job(
            name="flow", input=disco.split(["apple", "ant", "bee", "cat"], 2), map=by_letter, reduce=kept, partitions=4
        )
        before = job.flow()
        job.wait()
        found = job.flow()
        shuffle = job.shuffle
        matrix = found.matrix()
        assert {(row.from_task, row.partition): row.records for row in shuffle.itertuples()} == {
            (task, label): matrix.loc[task, label]
            for task in matrix.index
            for label in matrix.columns
            if matrix.loc[task, label]
        }
        partitions = job.partitions
        columns = ["partition", "host", "records", "bytes", "share"]
        expected = partitions[partitions.stage == "map"][columns].reset_index(drop=True)
        assert found.frame()[columns].equals(expected)
        assert found.top_keys[0] == ("a", 2)
        assert repr(before).endswith("no data)"), "a flow is as of when it was asked for"


def test_a_map_only_job() -> None:
    """Without a reduce stage there is no matrix, but the partitions of the output."""

    def double(number, params):
        yield number, 2 * number

    with Disco(nodes=2) as disco:
        job = disco.new_job(name="maponly", input=disco.split(range(10), 2), map=double)
        job.wait()
        found = job.flow()
        assert (found.stage, found.reader) == ("map", "") and found.frame().records.sum() == 10
        assert found._card().sections[0].title == "Partitions (1)"
        assert "Flow" not in job._repr_mimebundle_()["text/html"]
